//! The parts of a dump that rules look at.

use crate::document::Node;
use crate::envoy::{Dump, FilterChain, IstioMetadata, Origin};
use crate::finding::Subject;

use super::kind::ResourceKind;

/// A part of a dump, with the names that lead to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource<'d> {
    pub(super) node: Node<'d>,
    pub(super) kind: ResourceKind,
    /// Of what it is in, and its own.
    names: [&'d str; 3],
}

impl<'d> Resource<'d> {
    fn new(kind: ResourceKind, node: Node<'d>, names: [&'d str; 3]) -> Self {
        Self { node, kind, names }
    }

    /// Its name, and where that is empty, that of what it is in.
    pub(super) fn name(&self) -> String {
        let names: Vec<&str> = self.names.into_iter().filter(|name| !name.is_empty()).collect();
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
    let mut found = |node: Node<'d>, names: [&'d str; 3]| visit(Resource::new(kind, node, names));
    match kind {
        ResourceKind::Bootstrap => dump.bootstrap.into_iter().for_each(|node| found(node, ["", "", ""])),
        ResourceKind::Cluster => {
            dump.clusters.iter().for_each(|entry| found(entry.cluster.node, [entry.cluster.name.value, "", ""]));
        }
        ResourceKind::Endpoints => {
            dump.endpoints.iter().for_each(|endpoints| found(endpoints.node, [endpoints.cluster_name, "", ""]));
        }
        ResourceKind::Secret => {
            let known = dump.secrets.iter().filter_map(|entry| entry.secret);
            known.for_each(|secret| found(secret.node, [secret.name.value, "", ""]));
        }
        ResourceKind::Listener => {
            dump.current_listeners().for_each(|(entry, listener)| found(listener.node, [entry.name, "", ""]));
        }
        ResourceKind::FilterChain => each_chain(dump, &mut |name, chain| found(chain.node, [name, chain.name(), ""])),
        ResourceKind::ConnectionManager => each_chain(dump, &mut |name, chain| {
            if let Some(manager) = chain.connection_manager() {
                found(manager.node, [name, chain.name(), ""]);
            }
        }),
        ResourceKind::RouteConfiguration => {
            dump.route_configurations().iter().for_each(|config| found(config.node, [config.name(), "", ""]));
        }
        ResourceKind::VirtualHost => {
            for config in dump.route_configurations() {
                config.virtual_hosts().for_each(|host| found(host.node, [config.name(), host.name(), ""]));
            }
        }
        ResourceKind::Route => {
            for config in dump.route_configurations() {
                for host in config.virtual_hosts() {
                    host.routes().for_each(|route| found(route.node, [config.name(), host.name(), route.name()]));
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
