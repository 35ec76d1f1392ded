//! Gateways: the pods that serve them, how their servers merge, and what VirtualServices give them
//! (`MergeGateways` in `pilot/pkg/model/gateway.go`, istio/istio).

use crate::document::{Node, Spanned};
use crate::istio::{Gateway, Server};
use crate::kube::{Labels, TargetPort};

use super::routes::{DestinationUse, VirtualHost};
use super::scope::{Client, Scope};
use super::virtual_services::PreparedVirtualService;
use super::{Mesh, Source, Workload, host};

/// The label of services whose ports gateways take as they are.
const UNTRANSLATED: &str = "experimental.istio.io/disable-gateway-port-translation";

/// A Gateway with its full name.
#[derive(Clone, Debug)]
pub struct PreparedGateway<'d> {
    /// The Gateway.
    pub view: Gateway<'d>,
    /// Its namespace.
    pub namespace: &'d str,
    /// `namespace/name`, as VirtualServices refer to it.
    pub full_name: String,
}

/// A host of a server: which VirtualServices it admits.
#[derive(Clone, Copy, Debug)]
pub struct ServerHost<'d> {
    /// The namespace of VirtualServices; nothing means any.
    pub namespace: Option<&'d str>,
    /// The host.
    pub host: &'d str,
    /// Where it stands.
    pub node: Node<'d>,
}

/// A server that istiod leaves out because another one is in its way.
#[derive(Clone, Copy, Debug)]
pub struct RejectedServer<'m, 'd> {
    /// The Gateway that loses.
    pub gateway: &'m PreparedGateway<'d>,
    /// Its server.
    pub server: Server<'d>,
    /// The Gateway that wins.
    pub winner: &'m PreparedGateway<'d>,
    /// Its server.
    pub winner_server: Server<'d>,
    /// Why both cannot be.
    pub reason: Rejection,
}

/// Why a server is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// One speaks HTTP, the other TLS or TCP on the same port.
    Protocols,
    /// Both end or pass on TLS for the same host on the same port.
    TlsHost,
}

/// The servers of one gateway proxy.
#[derive(Clone, Debug, Default)]
pub struct MergedServers<'m, 'd> {
    /// Those that are in effect, oldest Gateway first.
    pub accepted: Vec<(&'m PreparedGateway<'d>, Server<'d>)>,
    /// Those that are not.
    pub rejected: Vec<RejectedServer<'m, 'd>>,
}

/// Why a VirtualService gives a gateway nothing.
#[derive(Clone, Debug)]
pub enum NoGatewayEffect<'m, 'd> {
    /// It is not exported to the namespace of the gateway's pods.
    NotExported,
    /// No server of the Gateway has one of its hosts.
    NoHost,
    /// A server has its host, but only for VirtualServices of other namespaces.
    OtherNamespace(ServerHost<'d>),
    /// The server with its host is left out.
    Rejected(RejectedServer<'m, 'd>),
    /// The server with its host does not speak HTTP that ends here.
    NotHttp(Server<'d>),
    /// None of its routes is for this gateway or port.
    NoRoute,
}

/// What a VirtualService does in one gateway.
#[derive(Clone, Debug)]
pub struct GatewayEffect<'m, 'd> {
    /// The gateway's pods.
    pub client: &'m Client<'d>,
    /// The Gateway that binds them.
    pub gateway: &'m PreparedGateway<'d>,
    /// The virtual hosts it gives.
    pub virtual_hosts: Vec<VirtualHost<'m, 'd>>,
    /// Why there are not more.
    pub failures: Vec<NoGatewayEffect<'m, 'd>>,
}

impl<'d> PreparedGateway<'d> {
    /// The hosts of one of its servers.
    pub fn hosts(&self, server: Server<'d>) -> impl Iterator<Item = ServerHost<'d>> + use<'d> {
        let home = self.namespace;
        server.hosts().map(move |written| {
            let (namespace, host) = match written.value.split_once('/') {
                Some(("*", host)) => (None, host),
                Some((".", host)) => (Some(home), host),
                Some((namespace, host)) => (Some(namespace), host),
                None => (None, written.value),
            };
            ServerHost { namespace, host, node: written.node }
        })
    }
}

impl ServerHost<'_> {
    /// Whether VirtualServices of `namespace` are admitted.
    pub fn admits(&self, namespace: &str) -> bool {
        self.namespace.is_none_or(|n| n == namespace)
    }
}

/// The proxies that a Gateway configures.
pub fn selects(gateway: &PreparedGateway<'_>, labels: &Labels<'_>) -> bool {
    gateway.view.selector_labels().is_subset_of(labels)
}

impl<'d> Mesh<'d> {
    /// The Gateway of this full name.
    pub fn gateway(&self, full_name: &str) -> Option<&PreparedGateway<'d>> {
        self.gateways.get(*self.gateways_by_name.get(full_name)? as usize)
    }

    /// The gateway proxies that a Gateway configures.
    pub fn proxies_of<'m>(&'m self, gateway: &'m PreparedGateway<'d>) -> impl Iterator<Item = &'m Client<'d>> {
        self.gateway_clients.iter().filter(|c| c.labels.as_ref().is_some_and(|l| selects(gateway, l)))
    }

    /// The ports of the services in front of a gateway's pods, each with that of the pods. Where
    /// several services have one port, istiod takes the first.
    pub(super) fn target_ports(
        &self,
        namespace: &str,
        labels: &Labels<'_>,
        workload: Option<&Workload<'d>>,
    ) -> Vec<(u16, u16)> {
        let mut ports = Vec::new();
        for service in self.services.iter().filter(|s| s.namespace == namespace && !s.selector.is_empty()) {
            let Source::Kubernetes(kubernetes) = service.source else { continue };
            let is_as_is = service.object().labels().get(UNTRANSLATED).is_some();
            if is_as_is || !service.selector.is_subset_of(labels) {
                continue;
            }
            ports.extend(kubernetes.ports().filter_map(|port| {
                let target = match port.target() {
                    TargetPort::Number(0) => port.number,
                    TargetPort::Number(number) => number,
                    named @ TargetPort::Name(_) => workload?.target_number(named)?,
                };
                Some((port.number, target))
            }));
        }
        ports
    }

    /// The servers that a gateway proxy has, and those that it would have if others were not there.
    pub fn servers_of(&self, client: &Client<'d>) -> MergedServers<'_, 'd> {
        let labels = client.labels.clone().unwrap_or_default();
        let mut merged = MergedServers::default();
        for gateway in self.gateways.iter().filter(|g| selects(g, &labels)) {
            for server in gateway.view.servers().filter(|s| s.port().is_some()) {
                match conflict(client, gateway, server, &merged.accepted) {
                    Some(rejected) => merged.rejected.push(rejected),
                    None => merged.accepted.push((gateway, server)),
                }
            }
        }
        merged
    }
}

/// The earlier server that keeps `server` out.
fn conflict<'m, 'd>(
    client: &Client<'d>,
    gateway: &'m PreparedGateway<'d>,
    server: Server<'d>,
    accepted: &[(&'m PreparedGateway<'d>, Server<'d>)],
) -> Option<RejectedServer<'m, 'd>> {
    let listens_on = |server: Server<'d>| server.port().map(|port| client.target_port(port.value));
    let same_port = |other: &Server<'d>| listens_on(*other) == listens_on(server) && other.bind() == server.bind();
    let rejected = |(winner, winner_server): (&'m PreparedGateway<'d>, Server<'d>), reason| RejectedServer {
        gateway,
        server,
        winner,
        winner_server,
        reason,
    };
    let rivals = || accepted.iter().copied().filter(|(_, other)| same_port(other));
    // Whatever has TLS settings, be it only a redirect to HTTPS, must be the only one for its hosts
    // and the namespaces that they are for.
    if server.tls().is_some() {
        let own: Vec<_> = gateway.hosts(server).map(|h| (h.namespace, h.host)).collect();
        let has_one = |(gateway, other): &(&'m PreparedGateway<'d>, Server<'d>)| {
            other.tls().is_some() && gateway.hosts(*other).any(|h| own.contains(&(h.namespace, h.host)))
        };
        if let Some(rival) = rivals().find(has_one) {
            return Some(rejected(rival, Rejection::TlsHost));
        }
    }
    // The first server in plain text keeps everything out that is not plain HTTP like itself. TLS
    // before it does not.
    let is_plain = |s: Server<'d>| !s.is_tls();
    let plain = rivals().find(|(_, other)| is_plain(*other))?;
    let merges = is_plain(server) && server.is_http_routed() && plain.1.is_http_routed();
    (!merges).then(|| rejected(plain, Rejection::Protocols))
}

impl<'m, 'd> Scope<'m, 'd> {
    /// What `service` does in this client, which is a gateway proxy, through `gateway`.
    pub fn gateway_effect(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
        gateway: &'m PreparedGateway<'d>,
    ) -> GatewayEffect<'m, 'd> {
        let mut effect =
            GatewayEffect { client: self.client, gateway, virtual_hosts: Vec::new(), failures: Vec::new() };
        if !service.visibility.includes(self.client.namespace) {
            effect.failures.push(NoGatewayEffect::NotExported);
            return effect;
        }
        let merged = mesh.servers_of(self.client);
        for server in gateway.view.servers() {
            let accepted = merged.accepted.iter().any(|(_, other)| *other == server);
            let rejected = merged.rejected.iter().find(|r| r.server == server);
            server_effect(service, gateway, server, self.client, if accepted { None } else { rejected }, &mut effect);
        }
        if effect.virtual_hosts.is_empty() && effect.failures.is_empty() {
            effect.failures.push(NoGatewayEffect::NoHost);
        }
        effect
    }

    /// Where the HTTP routes of `service` would lead from a gateway of which nothing is known, not
    /// even its ports.
    pub fn assumed_destinations(
        &self,
        mesh: &'m Mesh<'d>,
        service: &'m PreparedVirtualService<'d>,
    ) -> Vec<DestinationUse<'m, 'd>> {
        let mut uses = Vec::new();
        for destination in service.routes.iter().flat_map(|route| &route.destinations) {
            let first = self.destination_service(&destination.host).and_then(|s| s.ports.first()).map(|p| p.number);
            uses.push(self.destination_use(mesh, destination, first.unwrap_or(80)));
        }
        uses
    }
}

fn server_effect<'m, 'd>(
    service: &'m PreparedVirtualService<'d>,
    gateway: &'m PreparedGateway<'d>,
    server: Server<'d>,
    client: &Client<'d>,
    rejected: Option<&RejectedServer<'m, 'd>>,
    effect: &mut GatewayEffect<'m, 'd>,
) {
    let Some(port) = server.port().and_then(|p| u16::try_from(p.value).ok()) else {
        return;
    };
    let mut shared: Vec<(String, Spanned<'d, String>)> = Vec::new();
    for own in &service.hosts {
        for offered in gateway.hosts(server) {
            let Some(host) = host::intersection(&own.value, offered.host) else {
                continue;
            };
            if offered.admits(service.namespace) {
                shared.push((host.to_owned(), own.clone()));
            } else {
                effect.failures.push(NoGatewayEffect::OtherNamespace(offered));
            }
        }
    }
    if shared.is_empty() {
        return;
    }
    if let Some(rejected) = rejected {
        effect.failures.push(NoGatewayEffect::Rejected(*rejected));
        return;
    }
    if !server.is_http_routed() {
        if !service.routes.is_empty() {
            effect.failures.push(NoGatewayEffect::NotHttp(server));
        }
        return;
    }
    let routes = service.routes_for(client, &gateway.full_name, port);
    if routes.is_empty() {
        effect.failures.push(NoGatewayEffect::NoRoute);
        return;
    }
    for (host, named) in shared {
        effect.virtual_hosts.push(VirtualHost { host, named, port, routes: routes.clone() });
    }
}
