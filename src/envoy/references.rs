//! Who leads where: every reference from a route, a filter or a cluster to a cluster, and what
//! istiod's names say about them.

use crate::document::Node;

use super::cluster::Cluster;
use super::dump::{ClusterEntry, Dump};
use super::listener::FilterChain;
use super::route::{ClusterReference, ReferenceKind, Route, RouteConfiguration, VirtualHost, mirrors};
use super::services;

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
    /// In a filter of a listener.
    Listener {
        /// The listener's name.
        listener: &'d str,
        /// The filter chain; the listener itself for what stands outside of chains.
        chain: FilterChain<'d>,
    },
    /// In an aggregate cluster.
    Cluster {
        /// That cluster.
        cluster: Cluster<'d>,
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
        let Some((direction, rest)) = split_at_bar(name) else {
            return Self::of_parts(name.splitn(4, "_."));
        };
        let (port, rest) = split_at_bar(rest)?;
        let (subset, host) = split_at_bar(rest)?;
        Some(Self { direction, port: port.parse().ok()?, subset, host })
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

/// What stands before the first bar, and behind it. (A name is short: a search by many bytes at once
/// takes longer to set up.)
fn split_at_bar(name: &str) -> Option<(&str, &str)> {
    let bar = name.bytes().position(|byte| byte == b'|')?;
    Some((name.get(..bar)?, name.get(bar + 1..)?))
}

impl ReferencePlace<'_> {
    /// The section of the dump.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Route { .. } => "routes",
            Self::Listener { .. } => "listeners",
            Self::Cluster { .. } => "clusters",
        }
    }

    /// Whether the routing says that clusters may be asked for when they are needed (ODCDS).
    pub fn asks_for_clusters(&self) -> bool {
        let Self::Route { config, virtual_host, route, .. } = self else { return false };
        let holders = [config.node, virtual_host.node, route.node];
        let mut own = holders.into_iter().filter_map(|node| node.field("typed_per_filter_config"));
        own.any(|filters| filters.values().any(|filter| filter.get("odcds").is_some()))
    }

    /// The way to it, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Route { config, virtual_host, index, .. } => {
                format!("{} › {} › route {index}", config.name(), virtual_host.name())
            }
            Self::Listener { listener, chain } => match chain.name() {
                name if name.is_empty() || name == *listener => (*listener).to_owned(),
                name => format!("{listener} › {name}"),
            },
            Self::Cluster { cluster } => cluster.name.value.to_owned(),
        }
    }
}

/// A reference as it is kept: a dump has as many as routes, so they are small.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredReference {
    name: u32,
    kind: ReferenceKind,
    /// The place of the cluster in the dump; beyond all where it has none of this name.
    target: u32,
    place: StoredPlace,
}

#[derive(Clone, Copy, Debug)]
enum StoredPlace {
    Route { config: u32, virtual_host: u32, route: u32, index: u32 },
    Listener { entry: u32, chain: u32, is_default: bool },
    Cluster { place: u32 },
}

/// A reference that can be read in full.
#[derive(Clone, Copy)]
pub struct Lead<'a, 'd> {
    dump: &'a Dump<'d>,
    stored: StoredReference,
}

impl<'a, 'd> Lead<'a, 'd> {
    pub(super) fn new(dump: &'a Dump<'d>, stored: StoredReference) -> Self {
        Self { dump, stored }
    }

    /// Where the cluster stands among those of the dump, if it is there.
    pub fn target(self) -> Option<usize> {
        Some(self.stored.target as usize).filter(|place| *place < self.dump.clusters.len())
    }

    /// The cluster, if it is there.
    pub fn cluster(self) -> Option<&'a ClusterEntry<'d>> {
        self.dump.clusters.get(self.stored.target as usize)
    }

    /// Whether no request takes this way: a share of nothing.
    pub fn is_unused(self) -> bool {
        matches!(self.stored.kind, ReferenceKind::Weighted { weight: 0, .. })
    }

    /// Whether an aggregate cluster refers to it.
    pub fn is_of_member(self) -> bool {
        matches!(self.stored.kind, ReferenceKind::Member { .. })
    }

    /// The whole reference.
    pub fn reference(self) -> Option<Reference<'d>> {
        let node = |index: u32| self.dump.document.node(index);
        let name = node(self.stored.name)?.spanned_text()?;
        let place = match self.stored.place {
            StoredPlace::Route { config, virtual_host, route, index } => ReferencePlace::Route {
                config: RouteConfiguration { node: node(config)? },
                virtual_host: VirtualHost { node: node(virtual_host)? },
                route: Route { node: node(route)? },
                index,
            },
            StoredPlace::Listener { entry, chain, is_default } => ReferencePlace::Listener {
                listener: self.dump.listeners.iter().find(|listener| listener.node.index() == entry)?.name,
                chain: FilterChain { node: node(chain)?, is_default },
            },
            StoredPlace::Cluster { place } => {
                ReferencePlace::Cluster { cluster: self.dump.clusters.get(place as usize)?.cluster }
            }
        };
        Some(Reference { cluster: ClusterReference { name, kind: self.stored.kind }, place })
    }
}

/// Every reference of a dump, in its order.
pub(super) fn collect(dump: &Dump<'_>) -> Vec<StoredReference> {
    // Mostly there are about as many.
    let mut references = Vec::with_capacity(dump.clusters.len());
    for config in dump.route_configurations() {
        let copies = copied_by(config.node);
        for virtual_host in config.virtual_hosts() {
            of_virtual_host(dump, *config, copies, virtual_host, &mut references);
        }
    }
    of_listeners(dump, &mut references);
    for (place, entry) in dump.clusters.iter().enumerate() {
        let members = entry.cluster.members();
        let is_there = |member: &str| dump.cluster_place(member).is_some();
        let has_others = members.iter().any(|member| is_there(member.value));
        let references_of = members.into_iter().map(|name| {
            let cluster = ClusterReference { name, kind: ReferenceKind::Member { has_others } };
            stored(dump, cluster, StoredPlace::Cluster { place: place as u32 })
        });
        references.extend(references_of);
    }
    references
}

/// A virtual host or a table, if it says where its requests are copied to.
fn copied_by(holder: Node<'_>) -> Option<Node<'_>> {
    Some(holder).filter(|holder| mirrors(*holder).next().is_some())
}

fn of_virtual_host<'d>(
    dump: &Dump<'d>,
    config: RouteConfiguration<'d>,
    copies: Option<Node<'d>>,
    virtual_host: VirtualHost<'d>,
    references: &mut Vec<StoredReference>,
) {
    let place = |index: usize, route: Route<'d>| StoredPlace::Route {
        config: config.node.index(),
        virtual_host: virtual_host.node.index(),
        route: route.node.index(),
        index: index as u32,
    };
    let mut first_inheriting = None;
    let inherited = copied_by(virtual_host.node).or(copies);
    for (index, route) in virtual_host.routes().chain(virtual_host.matcher_routes()).enumerate() {
        route.each_cluster(|cluster| references.push(stored(dump, cluster, place(index, route))));
        if inherited.is_some() && first_inheriting.is_none() && route.inherits_mirrors() {
            first_inheriting = Some(place(index, route));
        }
    }
    if let (Some(holder), Some(place)) = (inherited, first_inheriting) {
        references.extend(mirrors(holder).map(|cluster| stored(dump, cluster, place)));
    }
}

fn of_listeners(dump: &Dump<'_>, references: &mut Vec<StoredReference>) {
    for (entry, listener) in dump.current_listeners() {
        let entry = entry.node.index();
        let whole = StoredPlace::Listener { entry, chain: listener.node.index(), is_default: false };
        services::of_listener(listener, &mut |cluster| references.push(stored(dump, cluster, whole)));
        for chain in listener.filter_chains() {
            let place = StoredPlace::Listener { entry, chain: chain.node.index(), is_default: chain.is_default };
            services::of_chain(chain, &mut |cluster| references.push(stored(dump, cluster, place)));
            let proxy = chain.tcp_proxy().filter(|proxy| !chain.chooses_cluster() && !proxy.asks_for_clusters());
            let clusters = proxy.map(super::TcpProxy::clusters).unwrap_or_default();
            references.extend(clusters.into_iter().map(|cluster| stored(dump, cluster, place)));
        }
    }
}

fn stored(dump: &Dump<'_>, cluster: ClusterReference<'_>, place: StoredPlace) -> StoredReference {
    let target = dump.cluster_place(cluster.name.value).unwrap_or(u32::MAX);
    StoredReference { name: cluster.name.node.index(), kind: cluster.kind, target, place }
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
