//! What one proxy sees: istiod's `SidecarScope` (`pilot/pkg/model/sidecar.go`, istio/istio).

use crate::istio::Sidecar;
use crate::kube::Labels;

use super::declarations::are_peers;
use super::destination_rules::MergedRule;
use super::protocol::Protocol;
use super::virtual_services::{MESH_GATEWAY, PreparedRoute, PreparedVirtualService};
use super::{Mesh, Service, host};

/// A proxy, or a kind of proxies that all see the same.
#[derive(Clone, Debug)]
pub struct Client<'d> {
    /// Its namespace.
    pub namespace: &'d str,
    /// The labels of its workload. Nothing where no workload is known, only its namespace.
    pub labels: Option<Labels<'d>>,
    /// The name of a workload of this kind.
    pub workload: Option<&'d str>,
    /// Whether every sidecar of the namespace is of this kind.
    pub is_whole_namespace: bool,
    /// The Sidecar that restricts it.
    pub sidecar: Option<Sidecar<'d>>,
    /// Whether it is a gateway, which no Sidecar restricts.
    pub is_gateway: bool,
    /// Of a gateway, the ports of the services in front of it, each with that of the pods behind.
    pub target_ports: Vec<(u16, u16)>,
    /// Of a gateway, whether istiod is told that it may not listen on low ports.
    pub is_unprivileged: bool,
}

impl Client<'_> {
    /// Whether a workload among the inputs is such a proxy.
    pub fn is_known(&self) -> bool {
        self.workload.is_some()
    }

    /// The port on which a gateway listens for what a Gateway wants to have on port `number`.
    pub(super) fn target_port(&self, number: u64) -> u64 {
        let known = self.target_ports.iter().find(|(port, _)| u64::from(*port) == number);
        known.map_or(number, |(_, target)| u64::from(*target))
    }

    /// For people: `shop/frontend`, or `shop/*` for every sidecar of a namespace.
    pub fn describe(&self) -> String {
        let workload = self.workload.filter(|_| !self.is_whole_namespace);
        format!("{}/{}", self.namespace, workload.unwrap_or("*"))
    }
}

/// What a client sees.
pub struct Scope<'m, 'd> {
    pub(super) mesh: &'m Mesh<'d>,
    /// Whose scope it is.
    pub client: &'m Client<'d>,
    pub(super) listeners: Vec<EgressListener<'d>>,
}

/// An entry of a Sidecar's `egress`, or the one that stands for everything.
#[derive(Debug)]
pub(super) struct EgressListener<'d> {
    pub(super) port: Option<u16>,
    /// What a listener with a port speaks, whatever the services on that port do.
    pub(super) protocol: Option<Protocol>,
    /// Whether it listens on an address of its own, next to the listeners of services.
    has_bind: bool,
    /// Whether it is a socket in the file system instead of a port.
    pub(super) is_socket: bool,
    is_http_proxy: bool,
    hosts: Vec<EgressHost<'d>>,
}

/// One of its hosts.
#[derive(Debug)]
struct EgressHost<'d> {
    /// Nothing means any namespace.
    namespace: Option<&'d str>,
    host: &'d str,
    /// `~namespace/host`, or `~/host` for every namespace: what is not imported after all.
    is_excluded: bool,
}

impl<'d> EgressHost<'d> {
    fn parse(text: &'d str, client_namespace: &'d str) -> Self {
        let (is_excluded, text) = text.strip_prefix('~').map_or((false, text), |rest| (true, rest));
        let (namespace, host) = text.split_once('/').unwrap_or(("*", text));
        let namespace = match namespace {
            "*" | "" => None,
            "." => Some(client_namespace),
            other => Some(other),
        };
        Self { namespace, host, is_excluded }
    }

    fn is_for(&self, namespace: &str) -> bool {
        self.namespace.is_none_or(|n| n == namespace)
    }
}

impl<'d> EgressListener<'d> {
    fn everything() -> Self {
        Self {
            port: None,
            protocol: None,
            has_bind: false,
            is_socket: false,
            is_http_proxy: false,
            hosts: vec![EgressHost { namespace: None, host: "*", is_excluded: false }],
        }
    }

    /// Whether it stands for all ports that no other listener has.
    fn is_catch_all(&self) -> bool {
        self.port.is_none() && !self.is_socket
    }

    /// Whether it routes requests for all ports of its services: it acts as an HTTP proxy, or is a
    /// socket that speaks HTTP.
    pub(super) fn routes_all_ports(&self) -> bool {
        self.is_http_proxy || (self.is_socket && self.protocol == Some(Protocol::Http))
    }

    pub(super) fn imports_service(&self, service: &Service<'d>) -> bool {
        let matches = |h: &&EgressHost<'_>| h.is_for(service.namespace) && host::is_subset_of(&service.host, h.host);
        let mut covering = self.hosts.iter().filter(matches).peekable();
        if covering.peek().is_none() || covering.any(|h| h.is_excluded) {
            return false;
        }
        self.only_port().is_none_or(|number| service.ports.iter().any(|p| p.number == number))
    }

    /// The port that services must have to be listed; then they have only it.
    pub(super) fn only_port(&self) -> Option<u16> {
        self.port.filter(|_| !self.is_http_proxy)
    }

    /// Whether each of its hosts is one name in one namespace, which istiod looks up instead of going
    /// through all services.
    pub(super) fn names_all_hosts(&self) -> bool {
        let mut imported = self.hosts.iter().filter(|h| !h.is_excluded);
        imported.all(|h| h.namespace.is_some() && !host::is_wildcard(h.host))
    }

    /// The namespace of an egress host is compared with the VirtualService's, not with that of the
    /// services it is for.
    pub(super) fn imports_virtual_service(&self, service: &PreparedVirtualService<'d>) -> bool {
        let relevant = || self.hosts.iter().filter(|h| h.is_for(service.namespace));
        let is_excluded = |own: &str| relevant().any(|h| h.is_excluded && host::is_subset_of(own, h.host));
        let is_imported = |own: &str| relevant().any(|h| !h.is_excluded && host::overlaps(own, h.host));
        service.hosts.iter().any(|own| is_imported(&own.value) && !is_excluded(&own.value))
    }
}

impl<'m, 'd> Scope<'m, 'd> {
    /// The scope of a client.
    pub fn of(mesh: &'m Mesh<'d>, client: &'m Client<'d>) -> Self {
        let egress = client.sidecar.into_iter().flat_map(Sidecar::egress);
        let mut listeners: Vec<_> = egress
            .map(|entry| EgressListener {
                port: entry.port(),
                protocol: entry.protocol().filter(|_| entry.port().is_some() || entry.is_socket()).map(Protocol::parse),
                has_bind: entry.has_bind(),
                is_socket: entry.is_socket(),
                is_http_proxy: entry.protocol().is_some_and(|p| p.eq_ignore_ascii_case("HTTP_PROXY")),
                hosts: entry.hosts().map(|h| EgressHost::parse(h.value, client.namespace)).collect(),
            })
            .collect();
        if listeners.is_empty() {
            listeners.push(EgressListener::everything());
        }
        Self { mesh, client, listeners }
    }

    /// The listener that routes of `port` belong to.
    fn listener(&self, port: u16) -> Option<&EgressListener<'d>> {
        self.listeners.iter().find(|l| l.is_catch_all() || l.port == Some(port))
    }

    /// Whether the routes of `port` are those of a listener that takes requests for any port.
    pub(super) fn is_proxied(&self, port: u16) -> bool {
        self.listener(port).is_some_and(EgressListener::routes_all_ports)
    }

    /// The service that `host` is on `port`, as the listener of that port sees it: the last that has
    /// the port. Of several that are equally old and so in any order, one that speaks HTTP.
    pub fn routed_service(&self, host: &str, port: u16) -> Option<&'m Service<'d>> {
        let listed = self.listed(self.listener(port)?, host);
        let on_port = || listed.iter().filter(|s| s.port(port).is_some());
        let last = on_port().next_back()?;
        let is_peer = |s: &&&Service<'d>| are_peers(s, last);
        let speaks_http = |s: &&&Service<'d>| s.port(port).is_some_and(|p| p.protocol.is_http_or_sniffed());
        on_port().filter(is_peer).rfind(speaks_http).or(Some(last)).copied()
    }

    /// Whether some service on `port` is declared to speak HTTP, so that the proxy listens there
    /// for every host. Where the Sidecar declares the port, its word counts instead, as soon as
    /// there is a service on it.
    pub fn has_http_listener(&self, port: u16) -> bool {
        let Some(listener) = self.listener(port) else {
            return false;
        };
        let visible = |s: &&Service<'d>| self.lists(listener, s);
        if let Some(protocol) = listener.protocol {
            // The listener for all other ports has one on the wildcard address next to it.
            let is_open = |l: &EgressListener<'d>| {
                self.mesh.http_services_on(port).any(|s| self.lists(l, s)) || self.assumes_ingress_gateway(l, port)
            };
            let is_own = protocol == Protocol::Http
                && (self.mesh.services_on(port).any(|s| visible(&s)) || self.assumes_ingress_gateway(listener, port));
            return is_own || self.listeners.iter().filter(|l| l.is_catch_all()).any(is_open);
        }
        self.mesh.http_services_on(port).any(|s| visible(&s)) || self.assumes_ingress_gateway(listener, port)
    }

    /// Whether requests for `service` on `port` meet HTTP routes. A sniffed port has a listener of
    /// the service's own address, unless it stands for another host.
    pub(super) fn has_routes_for(&self, service: &Service<'d>, port: u16) -> bool {
        let is_elsewhere = || self.listeners.iter().any(|l| l.is_catch_all() && self.lists(l, service));
        let is_open = |l: &EgressListener<'d>| l.protocol.is_none() || (l.has_bind && is_elsewhere());
        let has_own = service.alias_of.is_none() && self.listener(port).is_some_and(is_open);
        let is_routed = service.port(port).is_some_and(|p| p.protocol.is_http_or_sniffed());
        is_routed && (has_own || self.has_http_listener(port))
    }

    /// Istio's own ingress gateway has a service with an HTTP port 80. Manifests hardly ever hold
    /// it, and every default installation has it.
    fn assumes_ingress_gateway(&self, listener: &EgressListener<'d>, port: u16) -> bool {
        let root = &self.mesh.options.root_namespace;
        let mut covering = listener.hosts.iter().filter(|h| h.is_for(root) && h.host == "*").peekable();
        let is_covered = covering.peek().is_some() && !covering.any(|h| h.is_excluded);
        port == 80 && self.mesh.assumes_ingress_gateway() && is_covered
    }

    /// The service that a cluster of `host` would be for. Destinations of VirtualServices count
    /// as imported.
    pub fn destination_service(&self, host: &str) -> Option<&'m Service<'d>> {
        let declared = self.declared(host).first().map(|declared| declared.service);
        if declared.is_some() || self.client.is_gateway {
            return declared;
        }
        let all: Vec<_> = self.mesh.services_of(host).collect();
        self.picked_for_routes(&all, 0)
    }

    /// The only port of the service that a cluster of `host` would be for, if there is just one.
    pub(super) fn only_port_of(&self, host: &str) -> Option<u16> {
        self.declared(host).first()?.only_port()
    }

    /// Whether a service is exported to the client's namespace.
    pub(super) fn sees(&self, service: &Service<'_>) -> bool {
        service.visibility.includes(self.client.namespace)
    }

    /// Whether the client can call `service` by itself, without a VirtualService that leads there.
    pub fn imports(&self, service: &Service<'d>) -> bool {
        self.listeners.iter().any(|listener| self.lists(listener, service))
    }

    /// Whether an egress listener has a service. Of those with one host it has one namespace's.
    pub(super) fn lists(&self, listener: &EgressListener<'d>, service: &Service<'d>) -> bool {
        let is_only = || self.mesh.services_of(&service.host).nth(1).is_none();
        self.sees(service)
            && listener.imports_service(service)
            && (is_only() || self.listed(listener, &service.host).iter().any(|s| std::ptr::eq(*s, service)))
    }

    /// The DestinationRule that the client uses for `service`.
    pub fn destination_rule(&self, service: &Service<'d>) -> Option<&'m MergedRule<'d>> {
        let labels = self.client.labels.as_ref();
        self.mesh.destination_rules.for_client(service, self.client.namespace, labels, self.mesh.options)
    }

    /// Where istiod has a VirtualService among all that the client sees: those that are exported more
    /// narrowly first, then the older ones. They are in one list, so of two the older has the lower
    /// address.
    pub(super) fn precedence(&self, service: &PreparedVirtualService<'d>) -> impl Ord + use<'d> {
        let rank = service.visibility.rank(service.namespace, self.client.namespace);
        (rank, std::ptr::from_ref(service) as usize)
    }

    /// Whether routes of `port` take `service` into account.
    pub fn imports_virtual_service(&self, service: &PreparedVirtualService<'d>, port: u16) -> bool {
        service.visibility.includes(self.client.namespace)
            && service.is_bound_to(MESH_GATEWAY)
            && self.listener(port).is_some_and(|l| l.imports_virtual_service(service))
    }

    /// The ports of all services that the client imports and that `hosts` stand for.
    pub fn ports_of_hosts<'h>(&self, hosts: impl Iterator<Item = &'h str>) -> Vec<u16> {
        let mut ports = vec![80];
        for host in hosts {
            for service in self.mesh.services_within(host) {
                let visible = self.sees(service);
                let relevant = service.ports.iter().filter(|p| visible && !p.is_udp());
                ports.extend(relevant.map(|p| p.number));
            }
        }
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

/// Whether istiod looks at what a route leads to for the clients of `namespace`. It goes through the
/// conditions in order: the last one that asks for a namespace counts, unless one asks for this.
pub(super) fn may_come_from(route: &PreparedRoute<'_>, namespace: &str) -> bool {
    let asked = || route.matches.iter().filter_map(|m| m.source.as_ref().and_then(|source| source.namespace));
    asked().next().is_none() || asked().any(|asked| asked == namespace)
}
