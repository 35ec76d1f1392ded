//! What a VirtualService does behind listeners of a Sidecar that take requests for any port: those
//! that act as HTTP proxies, and sockets that speak HTTP (`BuildSidecarOutboundVirtualHosts` in
//! `pilot/pkg/networking/core/httproute.go`, istio/istio, where the port is 0).

use super::routes::{NoEffect, SidecarEffect, VirtualHost, best_fit};
use super::scope::{EgressListener, Scope};
use super::virtual_services::{MESH_GATEWAY, PreparedVirtualService};
use super::{Mesh, Service, host};

/// The port that routes are made for: no condition on one fits it.
const ANY_PORT: u16 = 0;

/// Adds what `service`, which the listener imports, gives for requests that come in at it.
pub(super) fn add<'m, 'd>(
    scope: &Scope<'m, 'd>,
    mesh: &'m Mesh<'d>,
    listener: &EgressListener<'d>,
    service: &'m PreparedVirtualService<'d>,
    effect: &mut SidecarEffect<'m, 'd>,
) {
    let routes = service.routes_for(scope.client, MESH_GATEWAY, ANY_PORT);
    for named in &service.hosts {
        let listed = mesh.services_within(&named.value).filter(|target| scope.lists(listener, target));
        for target in listed {
            let mut ports = target.ports.iter().filter(|port| port.protocol.is_http_or_sniffed()).peekable();
            if ports.peek().is_none() {
                effect.failures.push((named.clone(), NoEffect::NotHttp(target)));
            } else if routes.is_empty() {
                effect.failures.push((named.clone(), NoEffect::NoRoute));
            } else if let Some(winner) = winner(scope, mesh, listener, target, &named.value, service) {
                effect.failures.push((named.clone(), NoEffect::Conflict(winner)));
            } else {
                effect.proxied.extend(ports.map(|port| VirtualHost {
                    host: target.host.clone(),
                    named: named.clone(),
                    port: port.number,
                    routes: routes.clone(),
                }));
            }
        }
    }
}

/// The VirtualService that has a service instead of `service`.
fn winner<'m, 'd>(
    scope: &Scope<'m, 'd>,
    mesh: &'m Mesh<'d>,
    listener: &EgressListener<'d>,
    target: &Service<'d>,
    named: &str,
    service: &'m PreparedVirtualService<'d>,
) -> Option<&'m PreparedVirtualService<'d>> {
    let is_imported = |s: &&PreparedVirtualService<'d>| {
        s.visibility.includes(scope.client.namespace)
            && s.is_bound_to(MESH_GATEWAY)
            && listener.imports_virtual_service(s)
    };
    let is_used = |s: &&PreparedVirtualService<'d>| !s.routes_for(scope.client, MESH_GATEWAY, ANY_PORT).is_empty();
    if host::is_wildcard(named) {
        let mut imported: Vec<_> = mesh.virtual_services.iter().filter(is_imported).collect();
        imported.sort_by_key(|s| scope.precedence(s));
        return best_fit(imported, &target.host).filter(|winner| !std::ptr::eq(*winner, service));
    }
    let own = scope.precedence(service);
    let mut rivals = mesh.virtual_services_for(&target.host).filter(is_imported).filter(is_used);
    rivals.find(|rival| scope.precedence(rival) < own)
}
