//! Which clients find the same when they use a VirtualService.
//!
//! Most namespaces of a mesh are alike in the eyes of a VirtualService: nothing that it touches is
//! private, selects clients or is declared by them. Such namespaces are judged once.

use std::sync::Arc;

use super::{Client, Mesh, PreparedVirtualService, Service};

/// Clients that all find the same. The first stands for the others.
pub type Audience<'m, 'd> = Arc<[&'m Client<'d>]>;

impl<'d> Mesh<'d> {
    /// The sidecars of the mesh, in groups that find the same in `service`. Never too few groups:
    /// where it is not plain that two clients are alike, they are apart.
    pub fn audiences(&self, service: &PreparedVirtualService<'d>) -> Vec<Audience<'_, 'd>> {
        if self.tells_clients_apart(service) {
            return self.clients.iter().map(|client| Arc::from([client])).collect();
        }
        let mut groups: Vec<Audience<'_, 'd>> = Vec::new();
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for client in &self.clients {
            if client.sidecar.is_some() || self.has_own_rules(client.namespace, service) {
                groups.push(Arc::from([client]));
            } else if client.is_known() {
                known.push(client);
            } else {
                unknown.push(client);
            }
        }
        groups.extend([known, unknown].into_iter().filter(|group| !group.is_empty()).map(Arc::from));
        groups
    }

    /// Whether something that the VirtualService touches may look different to two clients that
    /// have neither a Sidecar nor DestinationRules of their own.
    fn tells_clients_apart(&self, service: &PreparedVirtualService<'d>) -> bool {
        if !is_plain(service) {
            return true;
        }
        for host in &service.hosts {
            let is_wildcard = super::is_wildcard(&host.value);
            if is_wildcard && !self.virtual_services_are_plain {
                return true;
            }
            let full = self.half_qualified(&host.value).unwrap_or_default();
            let mut rivals = self.virtual_services_for(&host.value).chain(self.virtual_services_for(&full));
            if rivals.any(|rival| !is_plain(rival) || self.is_routed_apart(rival)) {
                return true;
            }
            let mut services = self.services_within(&host.value);
            if services.any(|s| !self.is_same_for_all(s)) {
                return true;
            }
        }
        if self.private_http_ports.contains(&80) {
            return true;
        }
        let http = service.routes.iter().flat_map(|route| &route.destinations);
        let destinations = http.chain(service.layer4.iter().flat_map(|route| &route.destinations));
        destinations.into_iter().any(|destination| {
            self.services_of(&destination.host).any(|s| !self.is_same_for_all(s))
                || self.destination_rules.tell_clients_apart(&destination.host)
        })
    }

    /// Whether the ports on which a VirtualService is in effect depend on the client.
    fn is_routed_apart(&self, service: &PreparedVirtualService<'d>) -> bool {
        let mut hosts = service.hosts.iter();
        hosts.any(|host| self.services_within(&host.value).any(|s| !self.is_same_for_all(s)))
    }

    fn is_same_for_all(&self, service: &Service<'d>) -> bool {
        service.visibility.is_public
            && self.services_of(&service.host).nth(1).is_none()
            && service.ports.iter().all(|port| !self.private_http_ports.contains(&port.number))
    }

    fn has_own_rules(&self, namespace: &str, service: &PreparedVirtualService<'d>) -> bool {
        let http = service.routes.iter().flat_map(|route| &route.destinations);
        let mut destinations = http.chain(service.layer4.iter().flat_map(|route| &route.destinations));
        namespace == self.options.root_namespace
            || destinations.any(|destination| self.destination_rules.has_local(namespace, &destination.host))
    }
}

/// Whether it is the same for every client.
pub(super) fn is_plain(service: &PreparedVirtualService<'_>) -> bool {
    service.visibility.is_public && !asks_for_clients(service)
}

fn asks_for_clients(service: &PreparedVirtualService<'_>) -> bool {
    let conditions = service.routes.iter().flat_map(|route| &route.matches);
    let mut sources = conditions.filter_map(|condition| condition.source.as_ref());
    sources.any(|source| !source.labels.is_empty() || source.namespace.is_some())
}
