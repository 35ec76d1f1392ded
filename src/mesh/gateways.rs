//! Gateways: the pods that serve them, and what VirtualServices give them
//! (`buildGatewayHTTPRouteConfig` in `pilot/pkg/networking/core/gateway.go`, istio/istio).

use crate::document::{Node, Spanned};
use crate::istio::{Gateway, Server};
use crate::kube::{self, Labels, Object, ServicePort, TargetPort};

use super::gateway_listeners::{AcceptedServer, GatewayListeners, RejectedServer};
use super::protocol::declared_protocol;
use super::routes::{DestinationUse, GeneratedRoute, VirtualHost};
use super::scope::{Client, Scope};
use super::virtual_services::PreparedVirtualService;
use super::{Mesh, Service, Source, Workload, host};

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

/// A port of a Service in front of a gateway's pods.
#[derive(Clone, Copy, Debug)]
pub struct Front<'d> {
    /// The Service.
    pub service: Object<'d>,
    /// Its port.
    pub port: ServicePort<'d>,
    /// The port of the pods, unless it goes by a name that they do not give it.
    pub target: Option<u16>,
    /// Whether Gateways may mean the port of the pods by the one of the Service.
    pub is_translated: bool,
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
    /// The server with its host has a port on which the gateway's pods may not listen.
    Privileged(Server<'d>),
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

fn is_translated(service: kube::Service<'_>) -> bool {
    service.object.labels().get(UNTRANSLATED).is_none()
}

/// The port of the pods that a port of their service leads to.
fn target_of(port: ServicePort<'_>, workload: Option<&Workload<'_>>) -> Option<u16> {
    match port.target() {
        TargetPort::Number(0) => Some(port.number),
        TargetPort::Number(number) => Some(number),
        named @ TargetPort::Name(_) => workload?.target_number(named),
    }
}

/// The proxies that a Gateway configures.
pub fn selects(gateway: &PreparedGateway<'_>, labels: &Labels<'_>) -> bool {
    gateway.view.selector_labels().is_subset_of(labels)
}

impl PreparedGateway<'_> {
    /// Whether it configures a gateway proxy.
    pub fn configures(&self, proxy: &Client<'_>) -> bool {
        proxy.labels.as_ref().is_some_and(|labels| selects(self, labels))
    }
}

impl<'d> Mesh<'d> {
    /// The Gateway of this full name.
    pub fn gateway(&self, full_name: &str) -> Option<&PreparedGateway<'d>> {
        self.gateways.get(*self.gateways_by_name.get(full_name)? as usize)
    }

    /// The gateway proxies that a Gateway configures.
    pub fn proxies_of<'m>(&'m self, gateway: &'m PreparedGateway<'d>) -> impl Iterator<Item = &'m Client<'d>> {
        self.gateway_clients.iter().filter(|client| gateway.configures(client))
    }

    /// Whether the inputs show a proxy that a Gateway configures.
    pub fn is_served(&self, gateway: &PreparedGateway<'d>) -> bool {
        self.proxies_of(gateway).next().is_some()
    }

    /// The ports of the services in front of a gateway's pods, each with that of the pods. Where
    /// several services have one port, istiod takes the first; where several ports of one service
    /// lead to one port of the pods and speak the same, it knows only the first of them.
    pub(super) fn target_ports(
        &self,
        namespace: &str,
        labels: &Labels<'_>,
        workload: Option<&Workload<'d>>,
    ) -> Vec<(u16, u16)> {
        let mut ports = Vec::new();
        let selecting = self.selecting(namespace, labels);
        for kubernetes in selecting.filter(|service| is_translated(*service)) {
            let mut led_to = Vec::new();
            for port in kubernetes.ports() {
                let Some(target) = target_of(port, workload) else { continue };
                let spoken = declared_protocol(port.number, port.name(), port.transport(), port.app_protocol());
                if !led_to.contains(&(target, spoken)) {
                    led_to.push((target, spoken));
                    ports.push((port.number, target));
                }
            }
        }
        ports
    }

    /// The Kubernetes services of a namespace that select pods with these labels.
    fn selecting<'m>(&'m self, namespace: &'m str, labels: &'m Labels<'_>) -> impl Iterator<Item = kube::Service<'d>> {
        let selecting = move |s: &&Service<'d>| {
            s.namespace == namespace && !s.selector.is_empty() && s.selector.is_subset_of(labels)
        };
        self.services.iter().filter(selecting).filter_map(|service| match service.source {
            Source::Kubernetes(kubernetes) => Some(kubernetes),
            Source::Entry(_) => None,
        })
    }

    /// The ports of all services in front of a workload.
    pub fn fronts_of(&self, workload: &Workload<'d>) -> Vec<Front<'d>> {
        let selecting = self.selecting(workload.namespace, &workload.labels);
        let fronts = selecting.flat_map(|kubernetes| {
            kubernetes.ports().map(move |port| Front {
                service: kubernetes.object,
                port,
                target: target_of(port, Some(workload)),
                is_translated: is_translated(kubernetes),
            })
        });
        fronts.collect()
    }

    /// The workload that a gateway proxy is of, if it is among the inputs.
    pub fn gateway_workload(&self, client: &Client<'d>) -> Option<&Workload<'d>> {
        let labels = client.labels.as_ref()?;
        self.workloads_of(client.namespace).find(|workload| workload.labels.is_same_as(labels))
    }
}

impl<'m, 'd> Scope<'m, 'd> {
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

impl<'m, 'd> GatewayListeners<'m, 'd> {
    /// What `service` does in this proxy through `gateway`.
    pub fn effect_of(
        &self,
        service: &'m PreparedVirtualService<'d>,
        gateway: &'m PreparedGateway<'d>,
    ) -> GatewayEffect<'m, 'd> {
        let mut effect =
            GatewayEffect { client: self.client, gateway, virtual_hosts: Vec::new(), failures: Vec::new() };
        if !service.visibility.includes(self.client.namespace) {
            effect.failures.push(NoGatewayEffect::NotExported);
            return effect;
        }
        for server in gateway.view.servers() {
            self.server_effect(service, server, &mut effect);
        }
        if effect.virtual_hosts.is_empty() && effect.failures.is_empty() {
            effect.failures.push(NoGatewayEffect::NoHost);
        }
        effect
    }

    fn server_effect(
        &self,
        service: &'m PreparedVirtualService<'d>,
        server: Server<'d>,
        effect: &mut GatewayEffect<'m, 'd>,
    ) {
        let Some(port) = server.port().and_then(|p| u16::try_from(p.value).ok()) else {
            return;
        };
        let shared = effect.gateway.shared_hosts(server, service, &mut effect.failures);
        if shared.is_empty() {
            return;
        }
        let Some(accepted) = self.accepted(server) else {
            effect.failures.extend(self.rejected(server).map(|rejected| NoGatewayEffect::Rejected(*rejected)));
            return;
        };
        if accepted.is_privileged(self.client) {
            effect.failures.push(NoGatewayEffect::Privileged(server));
            return;
        }
        if !server.is_http_routed() {
            if !service.routes.is_empty() {
                effect.failures.push(NoGatewayEffect::NotHttp(server));
            }
            return;
        }
        let routes = self.routes_at(accepted, service);
        if routes.is_empty() {
            effect.failures.push(NoGatewayEffect::NoRoute);
            return;
        }
        for (host, named) in shared {
            effect.virtual_hosts.push(VirtualHost { host, named, port, routes: routes.clone() });
        }
    }

    /// The routes of `service` behind a server. A table of routes has them once for each Gateway: of
    /// several servers, they are those for the port of the first one with any.
    fn routes_at(
        &self,
        accepted: &AcceptedServer<'m, 'd>,
        service: &'m PreparedVirtualService<'d>,
    ) -> Vec<GeneratedRoute<'m, 'd>> {
        let gateway = accepted.gateway;
        let is_before = |other: &&AcceptedServer<'m, 'd>| {
            std::ptr::eq(other.gateway, gateway)
                && other.shares_routes_with(accepted)
                && gateway.shares_host(other.server, service)
        };
        let own = std::iter::once(accepted);
        let servers = self.accepted.iter().take_while(|other| other.server != accepted.server).filter(is_before);
        let ports = servers.chain(own).filter_map(|s| s.server.port()).filter_map(|p| u16::try_from(p.value).ok());
        let routes = ports.map(|port| service.routes_for(self.client, &gateway.full_name, port));
        routes.into_iter().find(|routes| !routes.is_empty()).unwrap_or_default()
    }
}

impl<'d> PreparedGateway<'d> {
    /// The names that a server and a VirtualService have in common, if it is admitted.
    fn shared_hosts<'m>(
        &self,
        server: Server<'d>,
        service: &PreparedVirtualService<'d>,
        failures: &mut Vec<NoGatewayEffect<'m, 'd>>,
    ) -> Vec<(String, Spanned<'d, String>)> {
        let mut shared = Vec::new();
        for own in &service.hosts {
            for offered in self.hosts(server) {
                let Some(host) = host::intersection(&own.value, offered.host) else {
                    continue;
                };
                match offered.admits(service.namespace) {
                    true => shared.push((host.to_owned(), own.clone())),
                    false => failures.push(NoGatewayEffect::OtherNamespace(offered)),
                }
            }
        }
        shared
    }

    /// Whether a server has a host of `service` and admits its namespace.
    pub(super) fn shares_host(&self, server: Server<'d>, service: &PreparedVirtualService<'d>) -> bool {
        let mut offered = self.hosts(server).filter(|offer| offer.admits(service.namespace));
        offered.any(|offer| service.hosts.iter().any(|own| host::overlaps(&own.value, offer.host)))
    }
}
