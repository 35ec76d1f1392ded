//! Which VirtualService takes the connections that a gateway proxy does not look into
//! (`createGatewayTCPFilterChainOpts` in `pilot/pkg/networking/core/gateway.go`, istio/istio).

use rustc_hash::FxHashMap;

use crate::istio::Server;

use super::gateway_listeners::{AcceptedServer, GatewayListeners};
use super::layer4::{Entrance, NoLayer4Effect};
use super::virtual_services::{Layer4Kind, PreparedVirtualService};
use super::{Mesh, PreparedGateway, Scope};

/// What the `tls` and `tcp` routes of VirtualServices give one gateway proxy.
#[derive(Debug, Default)]
pub(super) struct Chains<'m, 'd> {
    /// The VirtualServices that take connections at a server.
    taken: Vec<(Server<'d>, &'m PreparedVirtualService<'d>)>,
    /// Those that would if another did not.
    lost: Vec<Loss<'m, 'd>>,
}

#[derive(Debug)]
struct Loss<'m, 'd> {
    server: Server<'d>,
    service: &'m PreparedVirtualService<'d>,
    winner: &'m PreparedVirtualService<'d>,
}

/// Who has a server name: on a port of the proxy, at the address of the last that got it.
type Names<'m, 'd> = FxHashMap<(u64, &'d str), (&'d str, &'m PreparedVirtualService<'d>)>;

impl<'m, 'd> Chains<'m, 'd> {
    /// Goes through the servers as istiod does when it fills the listeners.
    pub(super) fn of(mesh: &'m Mesh<'d>, listeners: &GatewayListeners<'m, 'd>) -> Self {
        let mut chains = Self::default();
        let is_asking = |s: &&AcceptedServer<'m, 'd>| Layer4Kind::asked_at(s.server).is_some();
        let mut asking: Vec<_> = listeners.accepted.iter().filter(is_asking).collect();
        if asking.is_empty() || mesh.virtual_services.iter().all(|service| service.layer4.is_empty()) {
            return chains;
        }
        asking.sort_by_key(|accepted| accepted.part);
        let scope = Scope::of(mesh, listeners.client);
        let mut names = Names::default();
        for accepted in asking.into_iter().filter(|accepted| !accepted.is_privileged(listeners.client)) {
            let candidates = scope.bound_layer4(mesh, accepted);
            match Layer4Kind::asked_at(accepted.server) {
                Some(Layer4Kind::Tcp) => chains.add_tcp(accepted, &candidates),
                Some(Layer4Kind::Tls) => chains.add_tls(accepted, &candidates, &mut names),
                None => {}
            }
        }
        chains
    }

    /// The first VirtualService with a route takes all connections.
    fn add_tcp(&mut self, accepted: &AcceptedServer<'m, 'd>, candidates: &[&'m PreparedVirtualService<'d>]) {
        let server = accepted.server;
        let has_route = |s: &&&PreparedVirtualService<'d>| !accepted.entrance(Layer4Kind::Tcp).conditions(s).is_empty();
        let mut with_route = candidates.iter().filter(has_route);
        let Some(winner) = with_route.next() else { return };
        self.taken.push((server, winner));
        self.lost.extend(with_route.map(|service| Loss { server, service, winner }));
    }

    /// The first condition for a server name takes it, on whichever server of the port. One that asks
    /// for several names gets none if one of them is taken.
    fn add_tls(
        &mut self,
        accepted: &AcceptedServer<'m, 'd>,
        candidates: &[&'m PreparedVirtualService<'d>],
        known: &mut Names<'m, 'd>,
    ) {
        let (server, port) = (accepted.server, accepted.port);
        for service in candidates.iter().copied() {
            for condition in accepted.entrance(Layer4Kind::Tls).conditions(service).into_iter().flatten() {
                let mut holders = condition.names.iter().filter_map(|name| known.get(&(port, *name)));
                if let Some((_, winner)) = holders.find(|(bind, _)| *bind == server.bind()) {
                    self.lost.push(Loss { server, service, winner });
                    continue;
                }
                known.extend(condition.names.iter().map(|name| ((port, *name), (server.bind(), service))));
                self.taken.push((server, service));
            }
        }
    }

    fn takes_any(&self, server: Server<'d>, service: &PreparedVirtualService<'d>) -> bool {
        self.taken.iter().any(|(at, taker)| *at == server && std::ptr::eq(*taker, service))
    }

    fn winner(
        &self,
        server: Server<'d>,
        service: &PreparedVirtualService<'d>,
    ) -> Option<&'m PreparedVirtualService<'d>> {
        let is_it = |loss: &&Loss<'m, 'd>| loss.server == server && std::ptr::eq(loss.service, service);
        self.lost.iter().find(is_it).map(|loss| loss.winner)
    }
}

impl<'m> AcceptedServer<'m, '_> {
    fn entrance(&self, kind: Layer4Kind) -> Entrance<'m> {
        let port = self.server.port().map_or(0, |port| port.value);
        Entrance { kind, port, gateway: &self.gateway.full_name }
    }
}

impl<'m, 'd> Scope<'m, 'd> {
    /// The VirtualServices whose `tls` and `tcp` routes a server is for, in istiod's order.
    fn bound_layer4(
        &self,
        mesh: &'m Mesh<'d>,
        accepted: &AcceptedServer<'m, 'd>,
    ) -> Vec<&'m PreparedVirtualService<'d>> {
        let gateway = accepted.gateway;
        let is_bound = |s: &&PreparedVirtualService<'d>| {
            !s.layer4.is_empty()
                && s.is_bound_to(&gateway.full_name)
                && s.visibility.includes(self.client.namespace)
                && gateway.shares_host(accepted.server, s)
        };
        let mut bound: Vec<_> = mesh.virtual_services.iter().filter(is_bound).collect();
        bound.sort_by_key(|service| self.precedence(service));
        bound
    }
}

impl<'m, 'd> GatewayListeners<'m, 'd> {
    /// Why no connection meets the `tls` and `tcp` routes of `service` in this proxy through
    /// `gateway`. Nothing if one does.
    pub fn no_layer4_effect(
        &self,
        service: &'m PreparedVirtualService<'d>,
        gateway: &'m PreparedGateway<'d>,
    ) -> Option<NoLayer4Effect<'m, 'd>> {
        if !service.visibility.includes(self.client.namespace) {
            return Some(NoLayer4Effect::NotExported);
        }
        let mut failure = NoLayer4Effect::NoServer;
        for server in gateway.view.servers().filter(|server| gateway.shares_host(*server, service)) {
            if let Some(accepted) = self.accepted(server) {
                failure = failure.or(self.no_effect_at(service, accepted)?);
            }
        }
        Some(failure)
    }

    fn no_effect_at(
        &self,
        service: &'m PreparedVirtualService<'d>,
        accepted: &AcceptedServer<'m, 'd>,
    ) -> Option<NoLayer4Effect<'m, 'd>> {
        let server = accepted.server;
        if !Layer4Kind::asked_at(server).is_some_and(|kind| service.has_layer4(kind)) {
            return Some(NoLayer4Effect::OtherServer(server));
        }
        if accepted.is_privileged(self.client) {
            return Some(NoLayer4Effect::Privileged(server));
        }
        if self.chains.takes_any(server, service) {
            return None;
        }
        let taken = self.chains.winner(server, service).map(NoLayer4Effect::Taken);
        Some(taken.unwrap_or(NoLayer4Effect::NoMatchAtServer(server)))
    }
}
