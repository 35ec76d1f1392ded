//! What a resource that is warming waits for
//! (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/operations/init>).

use crate::document::{Node, Spanned};

use super::cluster::Cluster;
use super::dump::{Dump, ResourceState};
use super::listener::{ConnectionManager, FilterChain, Listener, RouteSource};

/// Something that is asked for and that the dump does not have.
#[derive(Clone, Copy, Debug)]
pub struct Awaited<'d> {
    /// Its name, where it is asked for.
    pub name: Spanned<'d, &'d str>,
    /// What it is.
    pub kind: AwaitedKind,
}

/// What can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwaitedKind {
    /// A route configuration.
    Routes,
    /// The scopes that choose a route configuration.
    Scopes,
    /// The configuration of a filter.
    Filter,
    /// A secret.
    Secret,
}

impl AwaitedKind {
    /// For people, with the service that would bring it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Routes => "waits for these routes (RDS)",
            Self::Scopes => "waits for these scopes (SRDS)",
            Self::Filter => "waits for the configuration of this filter (ECDS)",
            Self::Secret => "waits for this secret (SDS)",
        }
    }
}

impl<'d> Awaited<'d> {
    /// What a listener waits for.
    pub fn of_listener(dump: &Dump<'d>, listener: Listener<'d>) -> Vec<Self> {
        let mut awaited = filters(dump, listener.node.field("listener_filters"));
        for chain in listener.filter_chains() {
            awaited.extend(of_chain(dump, chain));
        }
        awaited.dedup_by(|one, before| one.name.value == before.name.value);
        awaited
    }

    /// What a cluster waits for besides its endpoints.
    pub fn of_cluster(dump: &Dump<'d>, cluster: &Cluster<'d>) -> Vec<Self> {
        secrets(dump, cluster.secrets())
    }
}

fn of_chain<'d>(dump: &Dump<'d>, chain: FilterChain<'d>) -> Vec<Awaited<'d>> {
    let mut awaited = filters(dump, chain.node.get("filters"));
    if let Some(manager) = chain.connection_manager() {
        awaited.extend(filters(dump, manager.node.field("http_filters")));
        awaited.extend(routes(dump, manager));
    }
    awaited.extend(secrets(dump, chain.secrets()));
    awaited
}

fn routes<'d>(dump: &Dump<'d>, manager: ConnectionManager<'d>) -> Option<Awaited<'d>> {
    match manager.routes()? {
        RouteSource::Inline(_) => None,
        RouteSource::Rds(name) => {
            let arrived = dump.route_configs.iter().any(|entry| entry.config.name() == name.value);
            (dump.has_section("routes") && !arrived).then_some(Awaited { name, kind: AwaitedKind::Routes })
        }
        RouteSource::Scoped => {
            let scopes = manager.node.field("scoped_routes")?;
            let name = scopes.text_at("name").filter(|_| scopes.field("scoped_rds").is_some())?;
            let arrived = dump.discovered_scopes.contains(&name.value);
            (dump.has_section("scoped routes") && !arrived).then_some(Awaited { name, kind: AwaitedKind::Scopes })
        }
    }
}

/// The filters of a list that come by discovery and have not come.
fn filters<'d>(dump: &Dump<'d>, list: Option<Node<'d>>) -> Vec<Awaited<'d>> {
    // A dump that is whole leaves out the section if it has none.
    if dump.bootstrap.is_none() || dump.document.loses_content() {
        return Vec::new();
    }
    let is_awaited = |filter: &Node<'d>| {
        filter.field("config_discovery").is_some_and(|discovery| {
            let without_warming = discovery.field("apply_default_config_without_warming").and_then(Node::as_bool);
            without_warming != Some(true)
        })
    };
    let wanted = list.into_iter().flat_map(Node::items).filter(is_awaited).filter_map(|filter| filter.text_at("name"));
    let missing = wanted.filter(|name| !dump.discovered_filters.contains(&name.value));
    missing.map(|name| Awaited { name, kind: AwaitedKind::Filter }).collect()
}

/// Those of some secrets that have not come.
fn secrets<'d>(dump: &Dump<'d>, wanted: Vec<Spanned<'d, &'d str>>) -> Vec<Awaited<'d>> {
    if !dump.has_section("secrets") {
        return Vec::new();
    }
    let arrived = |name: &str| dump.secrets.iter().any(|s| s.name.value == name && s.state != ResourceState::Warming);
    let missing = wanted.into_iter().filter(|name| !arrived(name.value));
    missing.map(|name| Awaited { name, kind: AwaitedKind::Secret }).collect()
}
