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
        match name.contains('|') {
            true => Self::of_parts(name.splitn(4, '|')),
            false => Self::of_parts(name.splitn(4, "_.")),
        }
    }

    fn of_parts(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        Some(Self {
            direction: parts.next()?,
            port: parts.next()?.parse().ok()?,
            subset: parts.next()?,
            host: parts.next()?,
        })
    }
}

impl ReferencePlace<'_> {
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

/// The outbound clusters of each host, by istiod's names.
#[derive(Debug, Default)]
pub struct HostClusters<'d> {
    by_host: FxHashMap<&'d str, Vec<ClusterName<'d>>>,
}

impl<'d> HostClusters<'d> {
    pub(super) fn of(dump: &Dump<'d>) -> Self {
        let mut by_host: FxHashMap<&'d str, Vec<ClusterName<'d>>> = FxHashMap::default();
        let names = dump.clusters.iter().filter_map(|entry| ClusterName::parse(entry.cluster.name.value));
        for name in names.filter(|name| name.direction == "outbound") {
            by_host.entry(name.host).or_default().push(name);
        }
        Self { by_host }
    }

    /// The clusters of a host.
    pub fn of_host(&self, host: &str) -> &[ClusterName<'d>] {
        self.by_host.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether istiod made a virtual host for a port that its service does not have. It does so for
    /// every host of a VirtualService on port 80; nobody calls them, and their clusters need not
    /// exist.
    pub fn is_on_foreign_port(&self, virtual_host: VirtualHost<'_>) -> bool {
        let Some((host, port)) = virtual_host.name().rsplit_once(':') else {
            return false;
        };
        let Ok(port) = port.parse::<u16>() else { return false };
        let clusters = self.of_host(host);
        !clusters.is_empty() && clusters.iter().all(|cluster| cluster.port != port)
    }
}

/// Every reference of a dump, in its order.
pub(super) fn collect<'d>(dump: &Dump<'d>) -> Vec<Reference<'d>> {
    let mut references = Vec::new();
    for &config in dump.route_configurations() {
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
