//! What becomes of the `tls` and `tcp` routes of a VirtualService, which proxies ask for connections
//! instead of requests (`pilot/pkg/networking/core/tls.go` and `gateway.go`, istio/istio).
//!
//! Where the inputs do not decide, the routes are taken to be in effect: what a client's labels and
//! namespace must be counts as given, and the listeners of sidecars are not held against one another.

use crate::istio::Server;

use super::routes::DestinationUse;
use super::scope::{EgressListener, Scope};
use super::virtual_services::{Layer4Kind, Layer4Match, Layer4Route, PreparedVirtualService};
use super::{MESH_GATEWAY, Mesh, Port, Protocol, Service};

/// Why no connection meets the routes in one proxy. A later reason is nearer to an effect.
#[derive(Clone, Debug)]
pub enum NoLayer4Effect<'m, 'd> {
    /// It is not exported to the proxy's namespace.
    NotExported,
    /// The proxy's Sidecar does not import it.
    NotImported,
    /// The proxy sees no service that a host of it stands for.
    NoService,
    /// No server of the Gateway that is in effect has one of its hosts.
    NoServer,
    /// The service stands for another host and has no listener of its own.
    Alias(&'m Service<'d>),
    /// What the port speaks has no routes here.
    OtherProtocol(&'m Service<'d>, Port<'d>),
    /// What comes in at the Gateway's server has no routes here.
    OtherServer(Server<'d>),
    /// There are routes for what the port speaks, with conditions that it does not meet.
    NoMatch(&'m Service<'d>, Port<'d>),
    /// The same at a Gateway's server.
    NoMatchAtServer(Server<'d>),
    /// The Gateway's server has a port on which its pods may not listen.
    Privileged(Server<'d>),
    /// An earlier VirtualService takes the connections.
    Taken(&'m PreparedVirtualService<'d>),
}

impl NoLayer4Effect<'_, '_> {
    /// How near to an effect it is.
    pub fn rank(&self) -> u8 {
        match self {
            Self::NotExported => 0,
            Self::NotImported => 1,
            Self::NoService | Self::NoServer => 2,
            Self::Alias(_) | Self::Privileged(_) => 3,
            Self::OtherProtocol(_, port) if port.is_udp() => 3,
            Self::OtherProtocol(..) | Self::OtherServer(_) => 4,
            Self::NoMatch(..) | Self::NoMatchAtServer(_) => 5,
            Self::Taken(_) => 6,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

/// Where connections come in.
#[derive(Clone, Copy)]
pub(super) struct Entrance<'a> {
    pub(super) kind: Layer4Kind,
    pub(super) port: u64,
    /// `mesh` or a gateway's `namespace/name`.
    pub(super) gateway: &'a str,
}

impl Entrance<'_> {
    /// The conditions of a VirtualService that this port and gateway meet; nothing for one that has
    /// none to meet.
    pub(super) fn conditions<'v, 'd>(
        self,
        service: &'v PreparedVirtualService<'d>,
    ) -> Vec<Option<&'v Layer4Match<'d>>> {
        let is_asked = |route: &&Layer4Route<'d>| route.kind == self.kind && route.has_route;
        let mut met = Vec::new();
        for route in service.layer4.iter().filter(is_asked) {
            // `tls` routes without conditions are not looked at.
            if route.matches.is_empty() && self.kind == Layer4Kind::Tcp {
                met.push(None);
            }
            met.extend(route.matches.iter().filter(|m| self.meets(m)).map(Some));
        }
        met
    }

    fn meets(self, condition: &Layer4Match<'_>) -> bool {
        let gateways = &condition.gateways;
        condition.port.is_none_or(|port| port == self.port)
            && (gateways.is_empty() || gateways.iter().any(|gateway| gateway == self.gateway))
    }

    /// Whether `earlier`, which is asked first by sidecars, leaves nothing for `service`. Of `tcp`
    /// routes, one without subnets ends the list; of `tls` routes, the first one for its server names
    /// counts.
    fn is_taken(self, earlier: &PreparedVirtualService<'_>, service: &PreparedVirtualService<'_>) -> bool {
        let holds_for_all = |m: Option<&Layer4Match<'_>>| m.is_none_or(|m| !m.asks_for_source);
        let mut theirs = self.conditions(earlier).into_iter().filter(|m| holds_for_all(*m));
        match self.kind {
            Layer4Kind::Tcp => theirs.any(|m| m.is_none_or(|m| m.subnets.is_empty())),
            Layer4Kind::Tls => {
                let theirs: Vec<_> = theirs.flatten().collect();
                let is_hidden =
                    |own: &Layer4Match<'_>| theirs.iter().any(|m| m.names == own.names && m.subnets == own.subnets);
                self.conditions(service).into_iter().flatten().all(is_hidden)
            }
        }
    }
}

impl<'d> Mesh<'d> {
    /// The services whose host shares a name with `host`: a wildcard is a service's own host, too.
    fn services_sharing<'m>(&'m self, host: &'m str) -> Vec<&'m Service<'d>> {
        let places = self.by_host.sharing(host).into_iter();
        places.filter_map(|place| self.services.get(place as usize)).collect()
    }
}

impl<'m, 'd> Scope<'m, 'd> {
    /// Where the TLS and TCP routes of `service` lead for this client.
    pub fn layer4_destinations(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
    ) -> Vec<DestinationUse<'m, 'd>> {
        let ports = self.layer4_ports(mesh, service);
        let mut uses = Vec::new();
        for route in &service.layer4 {
            for destination in &route.destinations {
                // Without a port of its own or of the condition, the listener's counts, which may
                // be any: take the service's first.
                let first =
                    || self.destination_service(&destination.host).and_then(|s| s.ports.first()).map(|p| p.number);
                match &ports {
                    Some(ports) => {
                        let meant = ports.iter().filter(|port| route.port.is_none_or(|wanted| wanted == **port));
                        uses.extend(meant.map(|port| self.layer4_use(mesh, destination, *port)));
                    }
                    None => uses.push(self.layer4_use(mesh, destination, route.port.or_else(first).unwrap_or(0))),
                }
            }
        }
        uses
    }

    /// The ports on which a sidecar asks the TLS and TCP routes of a VirtualService: those of the
    /// services that it is for which do not speak plain HTTP. Nothing where the inputs do not tell.
    fn layer4_ports(&self, mesh: &'m Mesh<'d>, service: &PreparedVirtualService<'d>) -> Option<Vec<u16>> {
        let mut services = service.hosts.iter().flat_map(|host| mesh.services_within(&host.value)).peekable();
        if self.client.is_gateway || services.peek().is_none() {
            return None;
        }
        let own = services.filter(|target| self.imports(target)).flat_map(|target| &target.ports);
        let asking = own.filter(|port| Layer4Kind::asked_by(port.protocol).is_some());
        let is_imported = |port: &u16| self.imports_virtual_service(service, *port);
        let mut ports: Vec<u16> = asking.map(|port| port.number).filter(is_imported).collect();
        ports.sort_unstable();
        ports.dedup();
        Some(ports)
    }

    /// Why no connection meets the `tls` and `tcp` routes of `service` in this client, which is a
    /// sidecar. Nothing if one may.
    pub fn no_layer4_effect(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
    ) -> Option<NoLayer4Effect<'m, 'd>> {
        if !service.visibility.includes(self.client.namespace) {
            return Some(NoLayer4Effect::NotExported);
        }
        let mut failure = NoLayer4Effect::NotImported;
        for listener in self.listeners.iter().filter(|l| l.imports_virtual_service(service)) {
            failure = failure.or(NoLayer4Effect::NoService);
            if listener.is_socket {
                if asks_at_socket(listener, service) {
                    return None; // it takes connections for all services, whatever their ports
                }
                continue;
            }
            for target in service.hosts.iter().flat_map(|host| mesh.services_sharing(&host.value)) {
                if self.sees(target) && listener.imports_service(target) {
                    failure = failure.or(self.no_effect_for(mesh, service, listener, target)?);
                }
            }
        }
        Some(failure)
    }

    fn no_effect_for(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
        listener: &EgressListener<'d>,
        target: &'m Service<'d>,
    ) -> Option<NoLayer4Effect<'m, 'd>> {
        if target.alias_of.is_some() {
            return Some(NoLayer4Effect::Alias(target));
        }
        let mut failure = NoLayer4Effect::NoService;
        for port in target.ports.iter().filter(|p| listener.port.is_none_or(|own| own == p.number)) {
            let port = Port { protocol: listener.protocol.unwrap_or(port.protocol), ..*port };
            let Some(kind) = Layer4Kind::asked_by(port.protocol).filter(|kind| service.has_layer4(*kind)) else {
                failure = failure.or(NoLayer4Effect::OtherProtocol(target, port));
                continue;
            };
            let entrance = Entrance { kind, port: u64::from(port.number), gateway: MESH_GATEWAY };
            if entrance.conditions(service).is_empty() {
                failure = failure.or(NoLayer4Effect::NoMatch(target, port));
                continue;
            }
            let mut earlier = self.earlier(mesh, service, &target.host, |s| {
                s.is_bound_to(MESH_GATEWAY) && listener.imports_virtual_service(s)
            });
            failure = failure.or(NoLayer4Effect::Taken(earlier.find(|s| entrance.is_taken(s, service))?));
        }
        Some(failure)
    }

    /// The VirtualServices with a host that shares names with `host` which istiod looks at before
    /// `service`.
    fn earlier(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
        host: &str,
        is_rival: impl Fn(&PreparedVirtualService<'d>) -> bool,
    ) -> impl Iterator<Item = &'m PreparedVirtualService<'d>> {
        let own = self.precedence(service);
        let places = mesh.virtual_services_by_host.sharing(host).into_iter();
        let rivals = places.filter_map(|place| mesh.virtual_services.get(place as usize));
        let mut rivals: Vec<_> = rivals
            .filter(|s| {
                !s.layer4.is_empty()
                    && s.visibility.includes(self.client.namespace)
                    && self.precedence(s) < own
                    && is_rival(s)
            })
            .collect();
        rivals.sort_by_key(|s| self.precedence(s));
        rivals.into_iter()
    }
}

/// Whether a socket may take connections to the routes of `service`: those of the kind that is asked
/// for what it speaks, and no port fits it.
fn asks_at_socket(listener: &EgressListener<'_>, service: &PreparedVirtualService<'_>) -> bool {
    let kind = Layer4Kind::asked_by(listener.protocol.unwrap_or(Protocol::Sniffed));
    let entrance = kind.map(|kind| Entrance { kind, port: 0, gateway: MESH_GATEWAY });
    entrance.is_some_and(|entrance| !entrance.conditions(service).is_empty())
}

impl PreparedVirtualService<'_> {
    /// Whether it has routes of this kind.
    pub fn has_layer4(&self, kind: Layer4Kind) -> bool {
        self.layer4.iter().any(|route| route.kind == kind && route.has_route)
    }
}

impl Layer4Kind {
    /// The routes that sidecars ask for connections to a port; none where requests are routed.
    fn asked_by(protocol: Protocol) -> Option<Self> {
        match protocol {
            Protocol::Tls => Some(Self::Tls),
            Protocol::Tcp | Protocol::Sniffed => Some(Self::Tcp),
            Protocol::Http | Protocol::Udp => None,
        }
    }

    /// The routes that a gateway asks for connections to a server.
    pub(super) fn asked_at(server: Server<'_>) -> Option<Self> {
        match server.tls() {
            _ if server.is_http_routed() => None,
            Some(tls) if tls.is_auto_passthrough() => None,
            Some(tls) if tls.is_passthrough() => Some(Self::Tls),
            _ => Some(Self::Tcp),
        }
    }
}
