//! What rules about manifests work with: the mesh, and what becomes of every VirtualService.

use rayon::prelude::*;

use super::Proxy;
use crate::document::Node;
use crate::mesh::{
    Audience, Client, Cluster, DestinationUse, GatewayEffect, GatewayListeners, GatewayRef, MESH_GATEWAY, Mesh,
    NoEffect, NoGatewayEffect, NoLayer4Effect, PreparedGateway, PreparedRoute, PreparedVirtualService, Scope,
    SidecarEffect, VirtualHost,
};
use crate::routing::Condition;

/// The mesh with what was worked out about it once for all rules.
pub struct Context<'m, 'd> {
    /// The mesh.
    pub mesh: &'m Mesh<'d>,
    /// The proxies whose dumps are among the inputs.
    pub proxies: &'m [&'m Proxy],
    /// What each gateway proxy listens for.
    pub gateways: Vec<GatewayListeners<'m, 'd>>,
    effects: Vec<Effects<'m, 'd>>,
}

/// What becomes of one VirtualService.
#[derive(Debug)]
pub struct Effects<'m, 'd> {
    /// In each kind of sidecar, if it is for sidecars at all. The client of each stands for its
    /// [audience](Effects::all_of).
    pub sidecars: Vec<SidecarEffect<'m, 'd>>,
    audiences: Vec<Audience<'m, 'd>>,
    /// In each gateway that it is bound to.
    pub gateways: Vec<GatewayEffect<'m, 'd>>,
    /// What becomes of its `tls` and `tcp` routes.
    pub layer4: Layer4Effects<'m, 'd>,
    /// Where its routes lead, for each client that has them; those of one destination together.
    pub destinations: Vec<DestinationUse<'m, 'd>>,
    /// Destinations that take the port of the request, behind a host of which no port is known.
    pub open_ports: Vec<DestinationUse<'m, 'd>>,
    /// The alternatives of each of its routes.
    pub conditions: Vec<Vec<Condition>>,
}

/// What becomes of the `tls` and `tcp` routes of one VirtualService.
#[derive(Debug, Default)]
pub struct Layer4Effects<'m, 'd> {
    /// Whether a connection may meet one of them in some proxy.
    pub has_any: bool,
    /// Why none does, for each sidecar and, with its Gateway, each gateway proxy; whole only if none
    /// does.
    pub failures: Vec<(&'m Client<'d>, Option<&'m PreparedGateway<'d>>, NoLayer4Effect<'m, 'd>)>,
}

/// The clients that find the same at one destination.
#[derive(Debug)]
pub struct Outcome<'a, 'm, 'd> {
    /// One of the uses, which stands for all.
    pub example: &'a DestinationUse<'m, 'd>,
    /// The clients.
    pub clients: Vec<&'m Client<'d>>,
}

impl<'m, 'd> Context<'m, 'd> {
    /// Works out what becomes of every VirtualService.
    pub fn new(mesh: &'m Mesh<'d>, proxies: &'m [&'m Proxy]) -> Self {
        let gateways: Vec<_> = mesh.gateway_clients.par_iter().map(|client| mesh.listeners_of(client)).collect();
        let effects = mesh.virtual_services.par_iter().map(|service| Effects::of(mesh, &gateways, service)).collect();
        Self { mesh, proxies, gateways, effects }
    }

    /// What becomes of a VirtualService of this mesh.
    pub fn effects(&self, service: &PreparedVirtualService<'d>) -> &Effects<'m, 'd> {
        let first = self.mesh.virtual_services.as_ptr() as usize;
        let offset = std::ptr::from_ref(service) as usize - first;
        let place = offset / size_of::<PreparedVirtualService<'d>>();
        match self.effects.get(place) {
            Some(effects) => effects,
            None => unreachable!("a VirtualService of another mesh"),
        }
    }

    /// The VirtualServices bound to a Gateway that have no effect because of one of its servers, as
    /// `is_it` and, for `tls` and `tcp` routes, `is_it_too` tell.
    pub fn victims<'a>(
        &'a self,
        gateway: &'a PreparedGateway<'d>,
        is_it: impl Fn(&NoGatewayEffect<'m, 'd>) -> bool + 'a,
        is_it_too: impl Fn(&NoLayer4Effect<'m, 'd>) -> bool + 'a,
    ) -> impl Iterator<Item = &'m PreparedVirtualService<'d>> + 'a {
        let bound = self.mesh.virtual_services.iter().filter(|s| s.is_bound_to(&gateway.full_name));
        bound.filter(move |service| {
            let effects = self.effects(service);
            !effects.has_any()
                && (effects.gateways.iter().flat_map(|effect| &effect.failures).any(&is_it)
                    || effects.layer4.failures.iter().any(|(_, _, failure)| is_it_too(failure)))
        })
    }

    /// A host without the cluster's domain, for messages.
    pub fn brief<'h>(&self, host: &'h str) -> std::borrow::Cow<'h, str> {
        crate::mesh::brief(host, &self.mesh.options.cluster_domain)
    }
}

impl<'m, 'd> Effects<'m, 'd> {
    fn of(mesh: &'m Mesh<'d>, listeners: &[GatewayListeners<'m, 'd>], service: &'m PreparedVirtualService<'d>) -> Self {
        let mut effects = Self {
            sidecars: Vec::new(),
            audiences: Vec::new(),
            gateways: Vec::new(),
            layer4: Layer4Effects::of(mesh, listeners, service, &service.gateways),
            destinations: Vec::new(),
            open_ports: Vec::new(),
            conditions: service.routes.iter().map(alternatives).collect(),
        };
        if service.is_bound_to(MESH_GATEWAY) {
            effects.audiences = mesh.audiences(service);
            for client in effects.audiences.clone().iter().filter_map(|audience| audience.first().copied()) {
                let scope = Scope::of(mesh, client);
                let effect = scope.effect_of(mesh, service);
                // What lies behind a misspelt host is not what anybody meant.
                let meant = |v: &&VirtualHost<'_, '_>| mesh.half_qualified(&v.host).is_none();
                for virtual_host in effect.virtual_hosts.iter().filter(meant) {
                    effects.add(mesh, service, virtual_host, scope.destinations(mesh, virtual_host));
                }
                if !effect.virtual_hosts.is_empty() || (service.routes.is_empty() && is_visible(&effect)) {
                    effects.destinations.extend(scope.layer4_destinations(mesh, service));
                }
                effects.sidecars.push(effect);
            }
        }
        for reference in service.gateways.iter().filter(|g| g.name != MESH_GATEWAY) {
            let gateway = mesh.gateway(&reference.name);
            let is_served = gateway.is_some_and(|gateway| mesh.is_served(gateway));
            let (home, name) = reference.name.split_once('/').unwrap_or_default();
            if !is_served && (gateway.is_some() || !mesh.knows_gateway(home, name)) {
                // Somebody else's gateway, or somebody else's pods: what would it find?
                let scope = Scope::of(mesh, &mesh.some_gateway);
                effects.destinations.extend(scope.assumed_destinations(mesh, service));
                effects.destinations.extend(scope.layer4_destinations(mesh, service));
            }
            let Some(gateway) = gateway else { continue };
            for proxy in serving(listeners, gateway) {
                let scope = Scope::of(mesh, proxy.client);
                let effect = proxy.effect_of(service, gateway);
                for virtual_host in &effect.virtual_hosts {
                    effects.destinations.extend(scope.destinations(mesh, virtual_host));
                }
                effects.destinations.extend(scope.layer4_destinations(mesh, service));
                effects.gateways.push(effect);
            }
        }
        effects.destinations.sort_by_key(|use_| identity(use_.destination.node));
        effects
    }

    /// Istiod takes a host that no service has to be called on port 80. If the inputs do not hold
    /// every service, it may be that of a service with other ports. Whose routes lead to the host itself
    /// relies on such a service, and its absence is another rule's.
    fn add(
        &mut self,
        mesh: &Mesh<'d>,
        service: &PreparedVirtualService<'d>,
        virtual_host: &VirtualHost<'_, 'd>,
        uses: impl IntoIterator<Item = DestinationUse<'m, 'd>>,
    ) {
        let host = &virtual_host.host;
        let is_relied_on = || service.destinations().any(|(_, destination)| destination.host == *host);
        let is_open = || {
            mesh.services_within(host).next().is_none() && (is_relied_on() || !mesh.knows_host(host, service.namespace))
        };
        for use_ in uses {
            let depends = use_.destination.port.is_none() && matches!(use_.cluster, Cluster::UnknownPort { .. });
            match depends && is_open() {
                true => self.open_ports.push(use_),
                false => self.destinations.push(use_),
            }
        }
    }

    /// Whether any client has any of its routes.
    pub fn has_any(&self) -> bool {
        self.has_http() || self.layer4.has_any
    }

    /// The destinations at which some client finds what `wanted` asks for, each with those clients.
    ///
    /// Clients that no workload is known of count only where nobody is known to have the route, and
    /// then only if all of them agree: which of them there are is anybody's guess.
    pub fn outcomes(&self, wanted: impl Fn(&DestinationUse<'m, 'd>) -> bool) -> Vec<Outcome<'_, 'm, 'd>> {
        let by_destination = self.destinations.chunk_by(|a, b| a.destination.node == b.destination.node);
        let found = by_destination.filter_map(|uses| outcome(uses, &wanted));
        found.map(|outcome| Outcome { clients: self.all_of(&outcome.clients), ..outcome }).collect()
    }

    /// All clients that find what these find.
    pub fn all_of(&self, clients: &[&'m Client<'d>]) -> Vec<&'m Client<'d>> {
        let mut all = Vec::new();
        for client in clients {
            let stands_for =
                |audience: &&Audience<'m, 'd>| audience.first().is_some_and(|first| std::ptr::eq(*first, *client));
            match self.audiences.iter().find(stands_for) {
                Some(audience) => all.extend(audience.iter().copied()),
                None => all.push(*client),
            }
        }
        all
    }

    /// What becomes of the VirtualService through one of the gateways that it names; `mesh` stands for
    /// sidecars. Where its routes lead is left out.
    pub fn only_through(
        &self,
        context: &Context<'m, 'd>,
        service: &'m PreparedVirtualService<'d>,
        gateway: &GatewayRef<'d>,
    ) -> Self {
        let is_mesh = gateway.name == MESH_GATEWAY;
        let is_meant = |effect: &&GatewayEffect<'m, 'd>| effect.gateway.full_name == gateway.name;
        Self {
            sidecars: if is_mesh { self.sidecars.clone() } else { Vec::new() },
            audiences: Vec::new(),
            gateways: self.gateways.iter().filter(is_meant).cloned().collect(),
            layer4: Layer4Effects::of(context.mesh, &context.gateways, service, std::slice::from_ref(gateway)),
            destinations: Vec::new(),
            open_ports: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Whether any client has any of its `http` routes.
    pub fn has_http(&self) -> bool {
        self.sidecars.iter().any(|e| !e.virtual_hosts.is_empty() || !e.proxied.is_empty())
            || self.gateways.iter().any(|e| !e.virtual_hosts.is_empty())
    }

    /// The failures of all sidecars, with the clients that they are for.
    pub fn failures(
        &self,
    ) -> impl Iterator<Item = (&'m Client<'d>, &(crate::document::Spanned<'d, String>, NoEffect<'m, 'd>))> {
        self.sidecars.iter().flat_map(|effect| effect.failures.iter().map(move |failure| (effect.client, failure)))
    }

    /// The effects in the proxies of one gateway.
    pub fn through<'s>(&'s self, gateway: &'s PreparedGateway<'d>) -> impl Iterator<Item = &'s GatewayEffect<'m, 'd>> {
        self.gateways.iter().filter(move |effect| effect.gateway.full_name == gateway.full_name)
    }
}

impl<'m, 'd> Layer4Effects<'m, 'd> {
    fn of(
        mesh: &'m Mesh<'d>,
        listeners: &[GatewayListeners<'m, 'd>],
        service: &'m PreparedVirtualService<'d>,
        gateways: &[GatewayRef<'d>],
    ) -> Self {
        let mut effects = Self::default();
        if !service.layer4.iter().any(|route| route.has_route) {
            return effects;
        }
        for reference in gateways {
            let is_through = match reference.name == MESH_GATEWAY {
                true => effects.add_sidecars(mesh, service),
                false => mesh.gateway(&reference.name).is_some_and(|g| effects.add_gateway(listeners, service, g)),
            };
            if is_through {
                effects.has_any = true;
                return effects;
            }
        }
        effects
    }

    /// Whether a sidecar has one of the routes.
    fn add_sidecars(&mut self, mesh: &'m Mesh<'d>, service: &'m PreparedVirtualService<'d>) -> bool {
        let mut clients = mesh.clients.iter();
        clients.any(|client| self.is_met(client, None, Scope::of(mesh, client).no_layer4_effect(mesh, service)))
    }

    /// Whether a proxy of a Gateway has one of the routes.
    fn add_gateway(
        &mut self,
        listeners: &[GatewayListeners<'m, 'd>],
        service: &'m PreparedVirtualService<'d>,
        gateway: &'m PreparedGateway<'d>,
    ) -> bool {
        serving(listeners, gateway)
            .any(|proxy| self.is_met(proxy.client, Some(gateway), proxy.no_layer4_effect(service, gateway)))
    }

    /// Whether connections may meet a route in a proxy; if not, why is noted.
    fn is_met(
        &mut self,
        client: &'m Client<'d>,
        gateway: Option<&'m PreparedGateway<'d>>,
        failure: Option<NoLayer4Effect<'m, 'd>>,
    ) -> bool {
        let is_met = failure.is_none();
        self.failures.extend(failure.map(|failure| (client, gateway, failure)));
        is_met
    }
}

/// The proxies that serve a Gateway.
fn serving<'a, 'm, 'd>(
    listeners: &'a [GatewayListeners<'m, 'd>],
    gateway: &'a PreparedGateway<'d>,
) -> impl Iterator<Item = &'a GatewayListeners<'m, 'd>> {
    listeners.iter().filter(|proxy| gateway.configures(proxy.client))
}

/// Whether the client sees the VirtualService, whatever it finds in it.
fn is_visible(effect: &SidecarEffect<'_, '_>) -> bool {
    !effect.failures.iter().any(|(_, why)| matches!(why, NoEffect::NotExported | NoEffect::NotImported))
}

/// The alternatives of a route as conditions.
fn alternatives(route: &PreparedRoute<'_>) -> Vec<Condition> {
    if route.matches.is_empty() {
        return vec![Condition::any()];
    }
    route.matches.iter().map(Condition::of_virtual_service).collect()
}

fn outcome<'a, 'm, 'd>(
    uses: &'a [DestinationUse<'m, 'd>],
    wanted: &impl Fn(&DestinationUse<'m, 'd>) -> bool,
) -> Option<Outcome<'a, 'm, 'd>> {
    if !uses.iter().any(wanted) {
        return None;
    }
    let known_exist = uses.iter().any(|u| u.client.is_known());
    let relevant: Vec<_> = uses.iter().filter(|u| u.client.is_known() == known_exist).collect();
    let hits: Vec<_> = relevant.iter().copied().filter(|u| wanted(u)).collect();
    if hits.is_empty() || (!known_exist && hits.len() < relevant.len()) {
        return None;
    }
    let mut clients: Vec<&Client<'d>> = hits.iter().map(|u| u.client).collect();
    clients.dedup_by(|a, b| std::ptr::eq(*a, *b));
    let example = hits.first()?;
    Some(Outcome { example, clients })
}

fn identity(node: Node<'_>) -> (usize, u32) {
    (std::ptr::from_ref(node.document()) as usize, node.index())
}
