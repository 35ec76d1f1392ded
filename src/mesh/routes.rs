//! What becomes of a VirtualService in the proxies: which of them have its routes, for which hosts
//! and ports, and where those lead (`pilot/pkg/networking/core/route/route.go`, istio/istio).

use crate::document::Spanned;
use crate::istio::Destination;
use crate::kube::Labels;

use super::cluster::Cluster;
use super::scope::{Client, Scope};
use super::virtual_services::{
    PreparedDestination, PreparedRoute, PreparedVirtualService, RouteMatch, SourceCondition,
};
use super::{Mesh, Service, host};

/// A route as one client has it.
#[derive(Clone, Copy, Debug)]
pub struct GeneratedRoute<'m, 'd> {
    /// The route.
    pub route: &'m PreparedRoute<'d>,
    /// The alternative that it stands for; nothing for a route without `match`.
    pub condition: Option<&'m RouteMatch<'d>>,
}

/// Where a route leads for one client.
#[derive(Clone, Debug)]
pub struct DestinationUse<'m, 'd> {
    /// The destination as written.
    pub destination: Destination<'d>,
    /// Whether requests are only copied there.
    pub is_mirror: bool,
    /// The host, completed.
    pub host: &'m str,
    /// The port that the cluster is for.
    pub port: u16,
    /// The client.
    pub client: &'m Client<'d>,
    /// What it finds.
    pub cluster: Cluster<'m, 'd>,
}

impl<'d> PreparedVirtualService<'d> {
    /// The routes that a client gets for `port`, in order. `gateway` is where requests come in:
    /// `mesh` or a gateway's `namespace/name`. As istiod does, this stops behind a route that
    /// takes everything.
    pub fn routes_for<'m>(&'m self, client: &Client<'_>, gateway: &str, port: u16) -> Vec<GeneratedRoute<'m, 'd>> {
        let mut generated = Vec::new();
        for route in &self.routes {
            if route.matches.is_empty() {
                generated.push(GeneratedRoute { route, condition: None });
                return generated;
            }
            for condition in &route.matches {
                if !applies(condition, client, gateway, port) {
                    continue;
                }
                generated.push(GeneratedRoute { route, condition: Some(condition) });
                if condition.takes_everything {
                    return generated;
                }
            }
        }
        generated
    }
}

/// Whether the conditions on port, gateway and source let a route into the client's table.
fn applies(condition: &RouteMatch<'_>, client: &Client<'_>, gateway: &str, port: u16) -> bool {
    let is_from_there = |source: &SourceCondition<'_>| {
        source.port.is_none_or(|p| p == u64::from(port)) && comes_from(source, client, gateway)
    };
    condition.source.as_ref().is_none_or(is_from_there)
}

fn comes_from(source: &SourceCondition<'_>, client: &Client<'_>, gateway: &str) -> bool {
    if !source.gateways.is_empty() {
        return source.gateways.iter().any(|g| g == gateway);
    }
    let labels = &source.labels;
    let right_labels = labels.is_empty() || client.labels.as_ref().is_none_or(|l: &Labels<'_>| labels.is_subset_of(l));
    right_labels && source.namespace.is_none_or(|namespace| namespace == client.namespace)
}

/// A virtual host that a VirtualService gives a client.
#[derive(Clone, Debug)]
pub struct VirtualHost<'m, 'd> {
    /// The host: of a service, or as the VirtualService names it.
    pub host: String,
    /// Where the VirtualService names the host that led here.
    pub named: Spanned<'d, String>,
    /// The port.
    pub port: u16,
    /// Its routes.
    pub routes: Vec<GeneratedRoute<'m, 'd>>,
}

/// Why a VirtualService gives a client nothing for one of its hosts.
#[derive(Clone, Debug)]
pub enum NoEffect<'m, 'd> {
    /// Another VirtualService has the host.
    Conflict(&'m PreparedVirtualService<'d>),
    /// The service has the port, and it does not speak HTTP.
    NotHttp(&'m Service<'d>),
    /// No service has the host, and the client does not listen on port 80 for unknown hosts.
    NoService,
    /// None of its routes is for the ports of the host, or for this client.
    NoRoute,
    /// The client's Sidecar does not import it.
    NotImported,
    /// It is not exported to the client's namespace.
    NotExported,
}

/// What a VirtualService does in one sidecar.
#[derive(Clone, Debug)]
pub struct SidecarEffect<'m, 'd> {
    /// The client.
    pub client: &'m Client<'d>,
    /// The virtual hosts it gives.
    pub virtual_hosts: Vec<VirtualHost<'m, 'd>>,
    /// Those that it gives for whatever port is asked for, behind a listener of the Sidecar that acts as
    /// an HTTP proxy. Where their routes lead without a port is not modelled.
    pub proxied: Vec<VirtualHost<'m, 'd>>,
    /// Why there are not more.
    pub failures: Vec<(Spanned<'d, String>, NoEffect<'m, 'd>)>,
}

impl<'m, 'd> Scope<'m, 'd> {
    /// What `service` does in this client, which is a sidecar.
    pub fn effect_of(&self, mesh: &'m Mesh<'d>, service: &'m PreparedVirtualService<'d>) -> SidecarEffect<'m, 'd> {
        let mut effect =
            SidecarEffect { client: self.client, virtual_hosts: Vec::new(), proxied: Vec::new(), failures: Vec::new() };
        if !service.visibility.includes(self.client.namespace) {
            effect.failures.extend(service.hosts.iter().map(|h| (h.clone(), NoEffect::NotExported)));
            return effect;
        }
        let ports = self.ports_of_hosts(service.hosts.iter().map(|h| h.value.as_str()));
        let mut imported = false;
        for port in ports {
            if !self.is_proxied(port) && self.imports_virtual_service(service, port) {
                imported = true;
                self.effect_on_port(mesh, service, port, &mut effect);
            }
        }
        for listener in self.listeners.iter().filter(|l| l.routes_all_ports() && l.imports_virtual_service(service)) {
            imported = true;
            super::proxied::add(self, mesh, listener, service, &mut effect);
        }
        if !imported {
            effect.failures.extend(service.hosts.iter().map(|h| (h.clone(), NoEffect::NotImported)));
        }
        effect
    }

    fn effect_on_port(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
        port: u16,
        effect: &mut SidecarEffect<'m, 'd>,
    ) {
        let routes = service.routes_for(self.client, super::MESH_GATEWAY, port);
        let mut own_services = Vec::new();
        let mut other_hosts = Vec::new();
        for named in &service.hosts {
            let services = self.services_for(mesh, service, &named.value, port, effect, named);
            match services {
                Some(services) => own_services.extend(services.into_iter().map(|s| (named, s))),
                None => other_hosts.push(named),
            }
        }
        let virtual_host = |host: &str, named: &Spanned<'d, String>| VirtualHost {
            host: host.to_owned(),
            named: named.clone(),
            port,
            routes: routes.clone(),
        };
        let listens = self.has_http_listener(port);
        let routed = own_services.iter().any(|(_, s)| s.port(port).is_some_and(|p| p.protocol.is_http_or_sniffed()));
        for (named, target) in own_services {
            match target.port(port) {
                Some(p) if !p.protocol.is_http_or_sniffed() => {
                    effect.failures.push((named.clone(), NoEffect::NotHttp(target)));
                }
                Some(_) if routes.is_empty() => effect.failures.push((named.clone(), NoEffect::NoRoute)),
                _ if !self.has_routes_for(target, port) => {
                    effect.failures.push((named.clone(), NoEffect::NoService));
                }
                _ => self.claim(mesh, service, virtual_host(&target.host, named), effect),
            }
        }
        for named in other_hosts {
            if is_on_foreign_port(mesh, &named.value, port) {
                continue;
            }
            if routes.is_empty() {
                effect.failures.push((named.clone(), NoEffect::NoRoute));
            } else if listens && (port == 80 || routed) {
                self.claim(mesh, service, virtual_host(&named.value, named), effect);
            } else if port == 80 {
                effect.failures.push((named.clone(), NoEffect::NoService));
            }
        }
    }

    /// The services on `port` that a host of a VirtualService stands for; nothing if it stands for
    /// none and so becomes a virtual host of its own.
    fn services_for(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
        name: &str,
        port: u16,
        effect: &mut SidecarEffect<'m, 'd>,
        named: &Spanned<'d, String>,
    ) -> Option<Vec<&'m Service<'d>>> {
        if !host::is_wildcard(name) {
            return self.routed_service(name, port).map(|s| vec![s]);
        }
        let mut found = false;
        let mut own: Vec<&Service<'d>> = Vec::new();
        for candidate in mesh.services_within(name) {
            let Some(target) = self.routed_service(&candidate.host, port) else {
                continue;
            };
            if own.iter().any(|s| std::ptr::eq(*s, target)) {
                continue;
            }
            found = true;
            match self.most_specific(mesh, &target.host, port) {
                Some(winner) if std::ptr::eq(winner, service) => own.push(target),
                Some(winner) => effect.failures.push((named.clone(), NoEffect::Conflict(winner))),
                None => {}
            }
        }
        found.then_some(own)
    }

    /// The VirtualService whose host fits a service best; the first of several.
    fn most_specific(
        &self,
        mesh: &'m Mesh<'d>,
        service_host: &str,
        port: u16,
    ) -> Option<&'m PreparedVirtualService<'d>> {
        best_fit(self.imported_virtual_services(mesh, port), service_host)
    }

    /// The VirtualServices that routes of `port` are made of, in istiod's order.
    fn imported_virtual_services(&self, mesh: &'m Mesh<'d>, port: u16) -> Vec<&'m PreparedVirtualService<'d>> {
        let mut imported: Vec<_> =
            mesh.virtual_services.iter().filter(|s| self.imports_virtual_service(s, port)).collect();
        imported.sort_by_key(|s| s.visibility.rank(s.namespace, self.client.namespace));
        imported
    }

    /// Takes a virtual host, unless an earlier VirtualService has it already.
    fn claim(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
        taken: VirtualHost<'m, 'd>,
        effect: &mut SidecarEffect<'m, 'd>,
    ) {
        let own = self.precedence(service);
        let precedes = |rival: &&PreparedVirtualService<'d>| {
            self.precedence(rival) < own
                && self.imports_virtual_service(rival, taken.port)
                && !rival.routes_for(self.client, super::MESH_GATEWAY, taken.port).is_empty()
        };
        // The virtual host of a service has its half-qualified names as well.
        let full = mesh.half_qualified(&taken.host).filter(|full| self.is_http_service(full, taken.port));
        let with_short_names = full.iter().flat_map(|full| mesh.virtual_services_for(full));
        let same = mesh.virtual_services_for(&taken.host).filter(|s| self.has_virtual_host(mesh, s, &taken));
        let earlier = same.chain(with_short_names).find(precedes);
        match earlier {
            Some(winner) => effect.failures.push((taken.named, NoEffect::Conflict(winner))),
            None => effect.virtual_hosts.push(taken),
        }
    }

    /// Whether a VirtualService that names the host of `wanted` makes a virtual host of it on that
    /// port: a host without a service is there on port 80, and wherever the VirtualService has one
    /// that is a service.
    fn has_virtual_host(
        &self,
        mesh: &'m Mesh<'d>,
        service: &PreparedVirtualService<'d>,
        wanted: &VirtualHost<'m, 'd>,
    ) -> bool {
        let port = wanted.port;
        let is_routed = |name: &str| match host::is_wildcard(name) {
            false => self.is_http_service(name, port),
            true => mesh.services_within(name).any(|candidate| {
                self.is_http_service(&candidate.host, port)
                    && self.most_specific(mesh, &candidate.host, port).is_some_and(|s| std::ptr::eq(s, service))
            }),
        };
        port == 80 || self.is_http_service(&wanted.host, port) || service.hosts.iter().any(|h| is_routed(&h.value))
    }

    fn is_http_service(&self, host: &str, port: u16) -> bool {
        self.routed_service(host, port)
            .and_then(|service| service.port(port))
            .is_some_and(|p| p.protocol.is_http_or_sniffed())
    }

    /// Where the routes of a virtual host lead for this client.
    pub fn destinations(&self, mesh: &'m Mesh<'d>, virtual_host: &VirtualHost<'m, 'd>) -> Vec<DestinationUse<'m, 'd>> {
        let mut uses = Vec::new();
        for generated in &virtual_host.routes {
            for destination in generated.route.destinations.iter().filter(|d| !d.is_idle) {
                uses.push(self.destination_use(mesh, destination, virtual_host.port));
            }
        }
        uses
    }

    /// Where one destination leads for an HTTP request on `request_port`. A sidecar looks among the
    /// services of that port for the one that is meant; where none is named, it takes the port of the
    /// request, even if the destination's only port is another.
    pub fn destination_use(
        &self,
        mesh: &'m Mesh<'d>,
        prepared: &'m PreparedDestination<'d>,
        request_port: u16,
    ) -> DestinationUse<'m, 'd> {
        if !self.client.is_gateway {
            let known = self.routed_service(&prepared.host, request_port);
            return self.use_of(mesh, prepared, request_port, known);
        }
        // A gateway takes the only port, if there is just one: of what the VirtualService's own
        // namespace declares, if it sees that.
        let near = self.leader_of(&prepared.host, prepared.home).filter(|near| self.sees(near));
        let known = near.or_else(|| self.destination_service(&prepared.host));
        let only = match near {
            Some(near) => near.only_port().map(|port| port.number),
            None => self.only_port_of(&prepared.host),
        };
        self.use_of(mesh, prepared, only.unwrap_or(request_port), known)
    }

    /// Where one destination of a TLS or TCP route leads: there, the only port of a service counts
    /// where none is named.
    pub(super) fn layer4_use(
        &self,
        mesh: &'m Mesh<'d>,
        prepared: &'m PreparedDestination<'d>,
        request_port: u16,
    ) -> DestinationUse<'m, 'd> {
        let known = self.destination_service(&prepared.host);
        let only = self.only_port_of(&prepared.host);
        self.use_of(mesh, prepared, only.unwrap_or(request_port), known)
    }

    /// Where a destination leads, `known` being the service that istiod takes it for. An
    /// `ExternalName` service gives way to the host that it stands for (`GetDestinationCluster`).
    fn use_of(
        &self,
        mesh: &'m Mesh<'d>,
        prepared: &'m PreparedDestination<'d>,
        default_port: u16,
        known: Option<&'m Service<'d>>,
    ) -> DestinationUse<'m, 'd> {
        let PreparedDestination { written: destination, host, is_mirror, .. } = prepared;
        let explicit = destination.port.and_then(|p| u16::try_from(p.value).ok());
        let subset = destination.subset.map(|s| s.value);
        let concrete = known.and_then(|service| service.alias_of);
        let host: &'m str = concrete.unwrap_or(host);
        let port = explicit.unwrap_or(default_port);
        let cluster = match concrete {
            // The route does not name it, so it is not there for the route's sake.
            Some(_) if !mesh.services_of(host).any(|service| self.imports(service)) => mesh.absent_host(host),
            _ => self.cluster(mesh, host, port, subset),
        };
        DestinationUse { destination: *destination, is_mirror: *is_mirror, host, port, client: self.client, cluster }
    }
}

/// Of VirtualServices, the first of those whose host fits that of a service best.
pub(super) fn best_fit<'m, 'd>(
    candidates: impl IntoIterator<Item = &'m PreparedVirtualService<'d>>,
    service_host: &str,
) -> Option<&'m PreparedVirtualService<'d>> {
    let mut best: Option<(&str, &PreparedVirtualService<'d>)> = None;
    for candidate in candidates {
        for own in candidate.hosts.iter().filter(|h| host::is_subset_of(service_host, &h.value)) {
            let rank = |h: &str| (!host::is_wildcard(h), h.len());
            if best.is_none_or(|(current, _)| rank(&own.value) > rank(current)) {
                best = Some((&own.value, candidate));
            }
        }
    }
    best.map(|(_, service)| service)
}

/// Whether a host has a service and the service does not have this port: istiod makes a virtual
/// host for it all the same, and nobody calls it. On the number of a port for UDP, somebody may.
fn is_on_foreign_port(mesh: &Mesh<'_>, host: &str, port: u16) -> bool {
    let mut services = mesh.services_of(host).peekable();
    let lacks = |s: &Service<'_>| s.ports.iter().all(|p| p.number != port);
    services.peek().is_some() && services.all(lacks)
}
