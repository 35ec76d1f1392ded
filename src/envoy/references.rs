//! Who leads where: every reference from a route or a TCP proxy to a cluster, and what istiod's
//! names say about them.

use rustc_hash::FxHashMap;

use super::dump::{Dump, ListenerEntry};
use super::listener::FilterChain;
use super::route::{ClusterReference, Route, RouteConfiguration, VirtualHost};

/// A reference to a cluster, with the way that leads to it.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'d> {
    /// The cluster and how it is referred to.
    pub cluster: ClusterReference<'d>,
    /// Where it stands.
    pub place: ReferencePlace<'d>,
}

/// Where a reference stands.
#[derive(Clone, Copy, Debug)]
pub enum ReferencePlace<'d> {
    /// In a route.
    Route {
        /// The table.
        config: RouteConfiguration<'d>,
        /// The virtual host.
        virtual_host: VirtualHost<'d>,
        /// The route.
        route: Route<'d>,
        /// Its place in the virtual host.
        index: u32,
    },
    /// In a TCP proxy of a listener.
    Listener {
        /// The listener's name.
        listener: &'d str,
        /// The filter chain.
        chain: FilterChain<'d>,
    },
}

/// The parts of istiod's cluster names: `outbound|9080|v1|reviews.default.svc.cluster.local`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterName<'a> {
    /// `outbound` or `inbound`.
    pub direction: &'a str,
    /// The port.
    pub port: u16,
    /// The subset; empty if none.
    pub subset: &'a str,
    /// The host; empty for inbound clusters.
    pub host: &'a str,
}

impl<'a> ClusterName<'a> {
    /// Reads a name, if it has istiod's form.
    pub fn parse(name: &'a str) -> Option<Self> {
        let separator = if name.contains('|') { "|" } else { "_." };
        let mut parts = name.splitn(4, separator);
        Some(Self {
            direction: parts.next()?,
            port: parts.next()?.parse().ok()?,
            subset: parts.next()?,
            host: parts.next()?,
        })
    }
}

impl<'d> ReferencePlace<'d> {
    /// The section of the dump.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Route { .. } => "routes",
            Self::Listener { .. } => "listeners",
        }
    }

    /// The way to it, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Route { config, virtual_host, index, .. } => {
                format!("{} › {} › route {index}", config.name(), virtual_host.name())
            }
            Self::Listener { listener, chain } => match chain.name() {
                "" => (*listener).to_owned(),
                name => format!("{listener} › {name}"),
            },
        }
    }
}

/// The ports that the clusters of each host have, by istiod's names.
#[derive(Debug, Default)]
pub struct HostPorts<'d> {
    ports: FxHashMap<&'d str, Vec<u16>>,
}

impl<'d> HostPorts<'d> {
    pub(super) fn of(dump: &Dump<'d>) -> Self {
        let mut ports: FxHashMap<&'d str, Vec<u16>> = FxHashMap::default();
        let names = dump.clusters.iter().filter_map(|entry| ClusterName::parse(entry.cluster.name.value));
        for name in names.filter(|name| name.direction == "outbound") {
            let known = ports.entry(name.host).or_default();
            if !known.contains(&name.port) {
                known.push(name.port);
            }
        }
        Self { ports }
    }

    /// Whether istiod made a virtual host for a port that its service does not have. It does so for
    /// every host of a VirtualService on port 80; nobody calls them, and their clusters need not
    /// exist.
    pub fn is_on_foreign_port(&self, virtual_host: VirtualHost<'_>) -> bool {
        let Some((host, port)) = virtual_host.name().rsplit_once(':') else {
            return false;
        };
        let Ok(port) = port.parse() else { return false };
        self.ports.get(host).is_some_and(|ports: &Vec<u16>| !ports.contains(&port))
    }
}

/// Every reference of a dump, in its order.
pub(super) fn collect<'d>(dump: &Dump<'d>) -> Vec<Reference<'d>> {
    let mut references = Vec::new();
    for config in dump.route_configurations() {
        for virtual_host in config.virtual_hosts() {
            for (index, route) in virtual_host.routes().enumerate() {
                let place = ReferencePlace::Route { config, virtual_host, route, index: index as u32 };
                references.extend(route.clusters().into_iter().map(|cluster| Reference { cluster, place }));
            }
        }
    }
    for (entry, listener) in dump.current_listeners() {
        for chain in listener.filter_chains() {
            references.extend(of_chain(entry, chain));
        }
    }
    references
}

fn of_chain<'d>(entry: &ListenerEntry<'d>, chain: FilterChain<'d>) -> impl Iterator<Item = Reference<'d>> + use<'d> {
    let listener = entry.name;
    let clusters = chain.tcp_proxy().map(super::TcpProxy::clusters).unwrap_or_default();
    clusters.into_iter().map(move |cluster| Reference { cluster, place: ReferencePlace::Listener { listener, chain } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let name = ClusterName::parse("outbound|9080|v1|reviews.default.svc.cluster.local");
        assert_eq!(name.map(|n| (n.port, n.subset, n.host)), Some((9080, "v1", "reviews.default.svc.cluster.local")));
        let sni = ClusterName::parse("outbound_.80_._.a.b");
        assert_eq!(sni.map(|n| (n.port, n.subset, n.host)), Some((80, "", "a.b")));
        let inbound = ClusterName::parse("inbound|9080||");
        assert_eq!(inbound.map(|n| (n.direction, n.host)), Some(("inbound", "")));
        assert_eq!(ClusterName::parse("PassthroughCluster"), None);
    }
}
