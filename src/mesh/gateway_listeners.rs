//! What one gateway proxy listens for: how the servers of its Gateways merge (`mergeGateways` in
//! `pilot/pkg/model/gateway.go`, istio/istio).

use rustc_hash::FxHashMap;

use crate::istio::Server;

use super::gateway_chains::Chains;
use super::scope::Client;
use super::{Mesh, PreparedGateway, selects};

/// The first port that every process may listen on.
const FIRST_UNPRIVILEGED_PORT: u64 = 1024;

/// The servers of one gateway proxy, and the connections that they take.
#[derive(Debug)]
pub struct GatewayListeners<'m, 'd> {
    /// The proxy.
    pub client: &'m Client<'d>,
    /// The servers that are in effect, oldest Gateway first.
    pub accepted: Vec<AcceptedServer<'m, 'd>>,
    /// Those that are not.
    pub rejected: Vec<RejectedServer<'m, 'd>>,
    pub(super) chains: Chains<'m, 'd>,
}

/// A server that is in effect.
#[derive(Clone, Copy, Debug)]
pub struct AcceptedServer<'m, 'd> {
    /// Its Gateway.
    pub gateway: &'m PreparedGateway<'d>,
    /// The server.
    pub server: Server<'d>,
    /// The port that the proxy listens on.
    pub port: u64,
    /// Which of the listener's parts it belongs to. Istiod fills them in this order.
    pub(super) part: usize,
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

impl<'m, 'd> GatewayListeners<'m, 'd> {
    /// What `server` of a Gateway is in this proxy, if it is in effect.
    pub fn accepted(&self, server: Server<'d>) -> Option<&AcceptedServer<'m, 'd>> {
        self.accepted.iter().find(|accepted| accepted.server == server)
    }

    /// Why `server` of a Gateway is not in effect.
    pub fn rejected(&self, server: Server<'d>) -> Option<&RejectedServer<'m, 'd>> {
        self.rejected.iter().find(|rejected| rejected.server == server)
    }
}

impl<'d> AcceptedServer<'_, 'd> {
    /// Whether both have one listener and, being plain HTTP, one table of routes.
    pub fn shares_routes_with(&self, other: &Self) -> bool {
        let is_plain = |s: &Self| s.server.is_plain_http();
        self.port == other.port && self.server.bind() == other.server.bind() && is_plain(self) && is_plain(other)
    }

    /// Whether `client` is not allowed to listen on its port, so that nothing does. The port in front
    /// of the pods is another matter, and may not be known.
    pub fn is_privileged(&self, client: &Client<'d>) -> bool {
        client.is_unprivileged && self.port < FIRST_UNPRIVILEGED_PORT
    }
}

impl<'d> Mesh<'d> {
    /// What a gateway proxy listens for.
    pub fn listeners_of<'m>(&'m self, client: &'m Client<'d>) -> GatewayListeners<'m, 'd> {
        let labels = client.labels.clone().unwrap_or_default();
        let mut merge = Merge {
            client,
            accepted: Vec::new(),
            rejected: Vec::new(),
            parts: Vec::new(),
            ports: FxHashMap::default(),
        };
        for gateway in self.gateways.iter().filter(|g| selects(g, &labels)) {
            for server in gateway.view.servers() {
                merge.add(gateway, server);
            }
        }
        let Merge { accepted, rejected, .. } = merge;
        let mut listeners = GatewayListeners { client, accepted, rejected, chains: Chains::default() };
        listeners.chains = Chains::of(self, &listeners);
        listeners
    }
}

/// The servers so far.
struct Merge<'m, 'd> {
    client: &'m Client<'d>,
    accepted: Vec<AcceptedServer<'m, 'd>>,
    rejected: Vec<RejectedServer<'m, 'd>>,
    parts: Vec<PartKey<'d>>,
    ports: FxHashMap<u64, PortState<'m, 'd>>,
}

/// Servers of one port, protocol and address are one part of a listener.
#[derive(Clone, PartialEq, Eq)]
struct PartKey<'d> {
    port: u64,
    protocol: String,
    bind: &'d str,
}

/// A server that has a host.
type Holder<'m, 'd> = (&'m PreparedGateway<'d>, Server<'d>);

/// What one port has already.
#[derive(Default)]
struct PortState<'m, 'd> {
    /// The hosts of servers with TLS settings, with the namespace that they are for, and the last
    /// server of each.
    tls_hosts: FxHashMap<(Option<&'d str>, &'d str), Holder<'m, 'd>>,
    /// The server in plain text to which others are compared, as a place among those accepted.
    plain: Option<usize>,
}

impl<'m, 'd> Merge<'m, 'd> {
    fn add(&mut self, gateway: &'m PreparedGateway<'d>, server: Server<'d>) {
        let Some(number) = server.port() else { return };
        let port = self.client.target_port(number.value);
        if server.tls().is_some()
            && let Some(holder) = self.claim_hosts(gateway, server, port)
        {
            return self.reject(gateway, server, holder, Rejection::TlsHost);
        }
        let plain = self.ports.entry(port).or_default().plain;
        let rival = plain.and_then(|place| self.accepted.get(place)).copied();
        let part = match rival.filter(|rival| rival.server.bind() == server.bind()) {
            Some(rival) if server.is_plain_http() && rival.server.is_plain_http() => rival.part,
            Some(rival) => return self.reject(gateway, server, (rival.gateway, rival.server), Rejection::Protocols),
            None => self.part_of(server, port),
        };
        self.accepted.push(AcceptedServer { gateway, server, port, part });
    }

    /// Notes the hosts of a server with TLS settings, be they only a redirect to HTTPS: a host may
    /// have just one at each address. The server that has one of them, if there is one, even if it is
    /// left out itself since.
    fn claim_hosts(
        &mut self,
        gateway: &'m PreparedGateway<'d>,
        server: Server<'d>,
        port: u64,
    ) -> Option<Holder<'m, 'd>> {
        let known = &mut self.ports.entry(port).or_default().tls_hosts;
        let claims = || gateway.hosts(server).map(|host| (host.namespace, host.host));
        let mut holders = claims().filter_map(|claim| known.get(&claim).copied());
        if let Some(holder) = holders.find(|(_, holder)| holder.bind() == server.bind()) {
            return Some(holder);
        }
        known.extend(claims().map(|claim| (claim, (gateway, server))));
        None
    }

    /// The part that a server goes to which has no server in plain text at its address. One in plain
    /// text is what the next ones are compared to, if it opens a part.
    fn part_of(&mut self, server: Server<'d>, port: u64) -> usize {
        let key = PartKey { port, protocol: server.protocol(), bind: server.bind() };
        if let Some(part) = self.parts.iter().position(|part| *part == key) {
            return part;
        }
        self.parts.push(key);
        if !server.is_tls() {
            self.ports.entry(port).or_default().plain = Some(self.accepted.len());
        }
        self.parts.len() - 1
    }

    fn reject(
        &mut self,
        gateway: &'m PreparedGateway<'d>,
        server: Server<'d>,
        (winner, winner_server): Holder<'m, 'd>,
        reason: Rejection,
    ) {
        self.rejected.push(RejectedServer { gateway, server, winner, winner_server, reason });
    }
}
