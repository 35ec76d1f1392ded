//! What a proxy knows of the hosts of a mesh, and who may call the virtual hosts that istiod makes
//! for them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::dump::{ClusterEntry, Dump};
use super::origin::IstioMetadata;
use super::references::ClusterName;
use super::route::{RouteConfiguration, VirtualHost};

/// Who may call a virtual host. For each host of a VirtualService istiod makes one on port 80 and on
/// other ports for HTTP, also where the host's service has no such port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Callers {
    /// Requests may come.
    Any,
    /// It is for a service of the mesh that the proxy does not know. Whether that has the port, the
    /// dump does not tell; and what is not exported to a namespace is not meant to be called there.
    Unknown,
    /// The service does not have the port: its clusters need not exist.
    Nobody,
}

/// The outbound clusters of each host, by istiod's names.
#[derive(Debug, Default)]
pub struct HostClusters<'d> {
    /// The place of the first cluster of each host.
    first: FxHashMap<&'d str, u32>,
    /// For each cluster of the dump its port, and the place of the next one of its host.
    clusters: Vec<(u16, u32)>,
    /// What the names of the mesh's services end with: `.svc.cluster.local`.
    suffix: Option<&'d str>,
}

impl<'d> HostClusters<'d> {
    pub(super) fn read(dump: &Dump<'d>) -> Self {
        let outbound = |entry: &ClusterEntry<'d>| {
            ClusterName::parse(entry.cluster.name.value).filter(|name| name.direction == "outbound")
        };
        let mut all = Self { clusters: vec![(0, u32::MAX); dump.clusters.len()], ..Self::default() };
        all.first.reserve(dump.clusters.len());
        let names = dump.clusters.iter().zip(&mut all.clusters).enumerate();
        // The last ones first, so that each finds the one behind it.
        for (place, (entry, (port, next))) in names.rev() {
            let Some(name) = outbound(entry) else { continue };
            *port = name.port;
            *next = all.first.insert(name.host, place as u32).unwrap_or(u32::MAX);
        }
        let mut hosts = dump.clusters.iter().filter_map(outbound).map(|name| name.host);
        all.suffix = hosts.find_map(|host| host.get(host.find(".svc.")?..));
        all
    }

    /// Whether the host has any cluster.
    pub fn has(&self, host: &str) -> bool {
        self.first.contains_key(host)
    }

    /// The clusters of a host, as places in the dump.
    pub(super) fn places(&self, host: &str) -> impl Iterator<Item = usize> {
        let first = self.first.get(host).map(|place| *place as usize);
        std::iter::successors(first, |place| Some(self.clusters.get(*place)?.1 as usize))
            .take_while(|place| *place < self.clusters.len())
    }

    /// The service of the mesh that a name like `reviews.shop` or `reviews.shop.svc` is short for, if
    /// the proxy knows that service, and not the name.
    pub fn full_name(&self, host: &str) -> Option<String> {
        let suffix = self.suffix.filter(|_| !self.has(host))?;
        let bare = host.strip_suffix(".svc").unwrap_or(host);
        Some(format!("{bare}{suffix}")).filter(|name| self.has(name))
    }

    /// Whether the host has a cluster with this port. Nothing where it has none at all.
    fn has_port(&self, host: &str, port: u16) -> Option<bool> {
        let mut ports =
            self.places(host).filter_map(|place| self.clusters.get(place)).map(|(port, _)| *port).peekable();
        ports.peek()?;
        Some(ports.any(|other| other == port))
    }
}

impl Dump<'_> {
    /// Who may call a virtual host of a table.
    pub fn callers(&self, config: RouteConfiguration<'_>, virtual_host: VirtualHost<'_>) -> Callers {
        let clusters = self.host_clusters();
        // A gateway takes requests on the ports of its servers, whatever ports the service has. And
        // without clusters, nothing is known of any.
        if config.is_of_gateway() || clusters.first.is_empty() {
            return Callers::Any;
        }
        let Some((host, port)) = virtual_host.address() else {
            return Callers::Any;
        };
        let full_name = clusters.full_name(host);
        match clusters.has_port(full_name.as_deref().unwrap_or(host), port) {
            Some(false) => Callers::Nobody,
            // Nobody says on which port it is called. It is that of HTTP, if istiod serves that.
            None if port != 80 && self.hosts_on_port_80().contains(host) => Callers::Nobody,
            None if host.contains(".svc.") && is_of_virtual_service(virtual_host) => Callers::Unknown,
            Some(true) | None => Callers::Any,
        }
    }
}

/// The hosts that have a virtual host on port 80.
pub(super) fn on_port_80<'d>(dump: &Dump<'d>) -> FxHashSet<&'d str> {
    let virtual_hosts = dump.route_configurations().iter().flat_map(|config| config.virtual_hosts());
    let addresses = virtual_hosts.filter_map(VirtualHost::address);
    addresses.filter(|(_, port)| *port == 80).map(|(host, _)| host).collect()
}

/// Whether its routes are those of a VirtualService. The others istiod makes for ports of services
/// that the proxy may call.
fn is_of_virtual_service(virtual_host: VirtualHost<'_>) -> bool {
    virtual_host.routes().any(|route| IstioMetadata::of(route.node).and_then(IstioMetadata::origin).is_some())
}
