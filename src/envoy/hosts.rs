//! What a proxy knows of the hosts of a mesh, and who may call the virtual hosts that istiod makes
//! for them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::dump::Dump;
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
    /// The port of each cluster, and its place in the dump.
    by_host: FxHashMap<&'d str, Vec<(u16, u32)>>,
    /// What the names of the mesh's services end with: `.svc.cluster.local`.
    suffix: Option<&'d str>,
    /// The hosts that have a virtual host on port 80.
    on_port_80: FxHashSet<&'d str>,
}

impl<'d> HostClusters<'d> {
    pub(super) fn read(dump: &Dump<'d>) -> Self {
        let mut all = Self::default();
        for (place, entry) in dump.clusters.iter().enumerate() {
            let name = ClusterName::parse(entry.cluster.name.value).filter(|name| name.direction == "outbound");
            let Some(name) = name else { continue };
            all.by_host.entry(name.host).or_default().push((name.port, place as u32));
            all.suffix = all.suffix.or_else(|| name.host.get(name.host.find(".svc.")?..));
        }
        let virtual_hosts = dump.route_configurations().iter().flat_map(|config| config.virtual_hosts());
        let addresses = virtual_hosts.filter_map(VirtualHost::address);
        all.on_port_80.extend(addresses.filter(|(_, port)| *port == 80).map(|(host, _)| host));
        all
    }

    fn of(&self, host: &str) -> &[(u16, u32)] {
        self.by_host.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the host has any cluster.
    pub fn has(&self, host: &str) -> bool {
        self.by_host.contains_key(host)
    }

    /// The clusters of a host, as places in the dump.
    pub(super) fn places(&self, host: &str) -> impl Iterator<Item = usize> {
        self.of(host).iter().map(|(_, place)| *place as usize)
    }

    /// The service of the mesh that a name like `reviews.shop` or `reviews.shop.svc` is short for, if
    /// the proxy knows that service, and not the name.
    pub fn full_name(&self, host: &str) -> Option<String> {
        let suffix = self.suffix.filter(|_| !self.has(host))?;
        let bare = host.strip_suffix(".svc").unwrap_or(host);
        Some(format!("{bare}{suffix}")).filter(|name| self.has(name))
    }

    /// Who may call a virtual host of a table.
    pub fn callers(&self, config: RouteConfiguration<'_>, virtual_host: VirtualHost<'_>) -> Callers {
        // A gateway takes requests on the ports of its servers, whatever ports the service has. And
        // without clusters, nothing is known of any.
        if config.is_of_gateway() || self.by_host.is_empty() {
            return Callers::Any;
        }
        let Some((host, port)) = virtual_host.address() else {
            return Callers::Any;
        };
        let full_name = self.full_name(host);
        let known = self.of(full_name.as_deref().unwrap_or(host));
        if !known.is_empty() {
            let has_port = known.iter().any(|(other, _)| *other == port);
            return if has_port { Callers::Any } else { Callers::Nobody };
        }
        // Nobody says on which port it is called. It is that of HTTP, if istiod serves that.
        if port != 80 && self.on_port_80.contains(host) {
            return Callers::Nobody;
        }
        if host.contains(".svc.") && is_of_virtual_service(virtual_host) { Callers::Unknown } else { Callers::Any }
    }
}

/// Whether its routes are those of a VirtualService. The others istiod makes for ports of services
/// that the proxy may call.
fn is_of_virtual_service(virtual_host: VirtualHost<'_>) -> bool {
    virtual_host.routes().any(|route| IstioMetadata::of(route.node).and_then(IstioMetadata::origin).is_some())
}
