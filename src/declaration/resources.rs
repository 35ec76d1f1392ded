//! The parts of a dump that rules look at.

use crate::document::Node;
use crate::envoy::{Dump, FilterChain, IstioMetadata, Origin};
use crate::finding::Subject;

use super::kind::ResourceKind;

/// A part of a dump, with what leads to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource<'d> {
    pub(super) node: Node<'d>,
    pub(super) kind: ResourceKind,
    /// What it is in, and itself. Hardly any part is ever named, so that names are read on demand.
    way: [Label<'d>; 3],
}

/// What has a name.
#[derive(Clone, Copy, Debug)]
enum Label<'d> {
    None,
    Name(&'d str),
    Node(Node<'d>),
}

impl<'d> Label<'d> {
    fn name(self) -> &'d str {
        match self {
            Self::None => "",
            Self::Name(name) => name,
            Self::Node(node) => node.text_at("name").map_or("", |name| name.value),
        }
    }
}

impl Resource<'_> {
    /// Its name, after the names of what it is in.
    pub(super) fn name(&self) -> String {
        let names: Vec<&str> = self.way.iter().map(|label| label.name()).filter(|name| !name.is_empty()).collect();
        names.join(" › ")
    }

    pub(super) fn subject(&self, dump: &Dump<'_>) -> Subject {
        Subject::Proxy { proxy: dump.proxy().to_owned(), section: self.kind.section(), resource: self.name() }
    }

    /// What istiod made it of, by its own note.
    pub(super) fn origin(&self) -> Option<Origin> {
        IstioMetadata::of(self.node)?.origin()
    }
}

/// Visits every part of a kind, in the order of the dump.
pub(super) fn each<'d>(kind: ResourceKind, dump: &Dump<'d>, visit: &mut dyn FnMut(Resource<'d>)) {
    let mut found = |node: Node<'d>, way: [Label<'d>; 3]| visit(Resource { node, kind, way });
    let alone = |name: &'d str| [Label::Name(name), Label::None, Label::None];
    match kind {
        ResourceKind::Bootstrap => dump.bootstrap.into_iter().for_each(|node| found(node, alone(""))),
        ResourceKind::Cluster => {
            dump.clusters.iter().for_each(|entry| found(entry.cluster.node, alone(entry.cluster.name.value)));
        }
        ResourceKind::Endpoints => {
            dump.endpoints.iter().for_each(|endpoints| found(endpoints.node, alone(endpoints.cluster_name)));
        }
        ResourceKind::Secret => {
            let known = dump.secrets.iter().filter_map(|entry| entry.secret);
            known.for_each(|secret| found(secret.node, alone(secret.name.value)));
        }
        ResourceKind::Listener => {
            dump.current_listeners().for_each(|(entry, listener)| found(listener.node, alone(entry.name)));
        }
        ResourceKind::FilterChain => each_chain(dump, &mut |name, chain| {
            found(chain.node, [Label::Name(name), Label::Node(chain.node), Label::None]);
        }),
        ResourceKind::ConnectionManager => each_chain(dump, &mut |name, chain| {
            if let Some(manager) = chain.connection_manager() {
                found(manager.node, [Label::Name(name), Label::Node(chain.node), Label::None]);
            }
        }),
        ResourceKind::RouteConfiguration => {
            dump.route_configurations().iter().for_each(|config| found(config.node, alone(config.name())));
        }
        ResourceKind::VirtualHost => {
            for config in dump.route_configurations() {
                let within = Label::Node(config.node);
                config.virtual_hosts().for_each(|host| found(host.node, [within, Label::Node(host.node), Label::None]));
            }
        }
        ResourceKind::Route => {
            for config in dump.route_configurations() {
                for host in config.virtual_hosts() {
                    let way = |node| [Label::Node(config.node), Label::Node(host.node), Label::Node(node)];
                    host.routes().for_each(|route| found(route.node, way(route.node)));
                }
            }
        }
    }
}

fn each_chain<'d>(dump: &Dump<'d>, visit: &mut dyn FnMut(&'d str, FilterChain<'d>)) {
    for (entry, listener) in dump.current_listeners() {
        listener.filter_chains().for_each(|chain| visit(entry.name, chain));
    }
}
