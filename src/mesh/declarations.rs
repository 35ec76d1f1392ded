//! Several declarations of one host: which of them a client has, and what becomes of their ports
//! (`selectServices` and `collectImportedServices` in `pilot/pkg/model/sidecar.go`, istio/istio).

use super::scope::{EgressListener, Scope, may_come_from};
use super::service::{Port, Service, Source};
use super::virtual_services::{MESH_GATEWAY, PreparedVirtualService};

/// What a client has of a host.
#[derive(Clone, Debug)]
pub(super) struct Declared<'m, 'd> {
    /// The declaration that counts.
    pub(super) service: &'m Service<'d>,
    /// Its ports and those that others add to them, as far as the client has them.
    ports: Vec<&'m Port<'d>>,
}

/// The ports of a destination that routes ask for.
#[derive(Debug, Default)]
struct Asked {
    /// The numbers that they name.
    named: Vec<u64>,
    /// Whether some route names none, which asks for all.
    is_any: bool,
}

impl<'m, 'd> Declared<'m, 'd> {
    fn of(service: &'m Service<'d>, takes: &impl Fn(&Port<'d>) -> bool) -> Option<Self> {
        let ports: Vec<_> = service.ports.iter().filter(|p| takes(p)).collect();
        (service.ports.is_empty() || !ports.is_empty()).then_some(Self { service, ports })
    }

    /// The port with this number.
    pub(super) fn port(&self, number: u16) -> Option<&'m Port<'d>> {
        self.ports.iter().find(|port| port.number == number && !port.is_udp()).copied()
    }

    /// The only port, if there is just one.
    pub(super) fn only_port(&self) -> Option<u16> {
        match &self.ports[..] {
            [port] => Some(port.number),
            _ => None,
        }
    }

    /// Whether a declaration has nothing to add.
    fn has_all_of(&self, service: &Service<'d>) -> bool {
        let has = |port: &Port<'d>| self.ports.iter().any(|own| own.number == port.number);
        std::ptr::eq(self.service, service) && service.ports.iter().all(has)
    }

    /// Adds another declaration of the host (`appendSidecarServices`): a Kubernetes service takes the
    /// place of a ServiceEntry, and of two alike in all but their ports one is made.
    fn add(&mut self, other: Self) {
        if other.service.is_kubernetes() && !self.service.is_kubernetes() {
            *self = other;
            return;
        }
        if !can_merge(self.service, other.service) {
            return;
        }
        for port in other.ports {
            if self.ports.iter().all(|own| own.number != port.number) {
                self.ports.push(port);
            }
        }
    }
}

impl Asked {
    fn includes(&self, port: &Port<'_>) -> bool {
        self.is_any || self.named.contains(&u64::from(port.number))
    }
}

impl<'m, 'd> Scope<'m, 'd> {
    /// What the client has of `host`. Of ServiceEntries that are equally old, istiod takes any for the
    /// first: each is the first in one of the answers.
    pub(super) fn declared(&self, host: &str) -> Vec<Declared<'m, 'd>> {
        let mut all: Vec<_> = self.mesh.services_of(host).collect();
        let rounds = if has_peers(&all) { all.len() } else { 1 };
        let mut answers = Vec::new();
        for round in 0..rounds {
            answers.extend(self.declared_by(&all, round));
            turn(&mut all);
        }
        answers
    }

    fn declared_by(&self, all: &[&'m Service<'d>], round: usize) -> Option<Declared<'m, 'd>> {
        let mut found = None;
        if self.client.is_gateway {
            let visible = narrowest_first(all.iter().copied().filter(|s| self.sees(s)));
            for service in visible {
                take(&mut found, Declared::of(service, &|_| true));
            }
            return found;
        }
        for listener in &self.listeners {
            let is_on_listener = |port: &Port<'d>| listener.only_port().is_none_or(|number| port.number == number);
            for service in self.selected_by(listener, all) {
                take(&mut found, Declared::of(service, &is_on_listener));
            }
            let Some(target) = self.picked_for_routes(all, round) else { continue };
            if found.as_ref().is_some_and(|found| found.has_all_of(target)) {
                continue;
            }
            let Some(asked) = self.asked_by_routes(listener, &target.host) else { continue };
            let more = match listener.only_port() {
                Some(_) => Declared::of(target, &is_on_listener),
                None => Declared::of(target, &|port| asked.includes(port)),
            };
            take(&mut found, more);
        }
        found
    }

    /// The declarations of a host that an egress listener has: all of one namespace, be it the
    /// client's own, that of a Kubernetes service, or that of the first.
    fn selected_by(&self, listener: &EgressListener<'d>, all: &[&'m Service<'d>]) -> Vec<&'m Service<'d>> {
        let has = |s: &&'m Service<'d>| self.sees(s) && listener.imports_service(s);
        if let [only] = all {
            return std::iter::once(*only).filter(has).collect();
        }
        let mut selected = match listener.names_all_hosts() {
            true => leaders(all).into_iter().filter(has).collect(),
            false => narrowest_first(all.iter().copied().filter(has)),
        };
        let own = || selected.iter().find(|s| s.namespace == self.client.namespace);
        let kubernetes = || selected.iter().find(|s| s.is_kubernetes());
        let home = own().or_else(kubernetes).or(selected.first()).map(|s| s.namespace);
        selected.retain(|s| Some(s.namespace) == home);
        selected
    }

    /// What an egress listener has of `host`.
    pub(super) fn listed(&self, listener: &EgressListener<'d>, host: &str) -> Vec<&'m Service<'d>> {
        let all: Vec<_> = self.mesh.services_of(host).collect();
        self.selected_by(listener, &all)
    }

    /// The declaration that routes lead to which no egress host names. In the client's own namespace
    /// istiod does not look at exportTo. Of namespaces whose declarations are equally old it takes any:
    /// each in its round.
    pub(super) fn picked_for_routes(&self, all: &[&'m Service<'d>], round: usize) -> Option<&'m Service<'d>> {
        if let [only] = all {
            return Some(*only).filter(|s| s.namespace == self.client.namespace || self.sees(s));
        }
        let mut leaders = leaders(all);
        if let Some(own) = leaders.iter().find(|s| s.namespace == self.client.namespace) {
            return Some(own);
        }
        leaders.retain(|s| self.sees(s));
        if let Some(kubernetes) = leaders.iter().find(|s| s.is_kubernetes()) {
            return Some(kubernetes);
        }
        let oldest = leaders.iter().map(|s| super::birth(s.object())).min()?;
        leaders.retain(|s| super::birth(s.object()) == oldest);
        leaders.get(round % leaders.len()).copied()
    }

    /// Of all that `namespace` declares for a host, what counts there.
    pub(super) fn leader_of(&self, host: &str, namespace: &str) -> Option<&'m Service<'d>> {
        let all: Vec<_> = self.mesh.services_of(host).filter(|s| s.namespace == namespace).collect();
        leaders(&all).first().copied()
    }

    /// The ports that the routes of an egress listener ask for of `host`; nothing if none leads there.
    fn asked_by_routes(&self, listener: &EgressListener<'d>, host: &str) -> Option<Asked> {
        let mut asked: Option<Asked> = None;
        let leading = self.mesh.virtual_services_to(host).filter(|leading| {
            leading.visibility.includes(self.client.namespace)
                && leading.is_bound_to(MESH_GATEWAY)
                && listener.imports_virtual_service(leading)
        });
        for (route, destination) in leading.flat_map(PreparedVirtualService::destinations) {
            if destination.host != host || route.is_some_and(|r| !may_come_from(r, self.client.namespace)) {
                continue;
            }
            let asked = asked.get_or_insert_default();
            match destination.written.port {
                Some(port) => asked.named.push(port.value),
                None => asked.is_any = true,
            }
        }
        asked
    }
}

fn take<'m, 'd>(found: &mut Option<Declared<'m, 'd>>, more: Option<Declared<'m, 'd>>) {
    match (found.as_mut(), more) {
        (Some(found), Some(more)) => found.add(more),
        (None, more) => *found = more,
        (_, None) => {}
    }
}

/// Those that are exported to some namespaces only, then the others.
fn narrowest_first<'m, 'd>(services: impl Iterator<Item = &'m Service<'d>>) -> Vec<&'m Service<'d>> {
    let mut services: Vec<_> = services.collect();
    services.sort_by_key(|s| s.visibility.is_public);
    services
}

/// Of each namespace the Kubernetes service, or else the oldest.
fn leaders<'m, 'd>(all: &[&'m Service<'d>]) -> Vec<&'m Service<'d>> {
    let mut leaders: Vec<&'m Service<'d>> = Vec::new();
    for service in all {
        match leaders.iter_mut().find(|s| s.namespace == service.namespace) {
            Some(leader) if service.is_kubernetes() && !leader.is_kubernetes() => *leader = service,
            Some(_) => {}
            None => leaders.push(service),
        }
    }
    leaders
}

/// Whether nothing says which of two declarations of one host is the older.
pub(super) fn are_peers(one: &Service<'_>, other: &Service<'_>) -> bool {
    !one.is_kubernetes() && !other.is_kubernetes() && super::birth(one.object()) == super::birth(other.object())
}

fn has_peers(all: &[&Service<'_>]) -> bool {
    all.windows(2).any(|pair| matches!(pair, [a, b] if are_peers(a, b)))
}

/// Lets the next of a namespace's declarations that are equally old be the first of them.
fn turn(all: &mut [&Service<'_>]) {
    let peers = all.chunk_by_mut(|a, b| are_peers(a, b) && a.namespace == b.namespace);
    peers.for_each(|peers| peers.rotate_left(1));
}

/// Whether istiod makes one service of two declarations of a host (`canMergeServices`).
fn can_merge(one: &Service<'_>, other: &Service<'_>) -> bool {
    if std::ptr::eq(one, other) {
        return true;
    }
    let (Source::Entry(own), Source::Entry(others)) = (one.source, other.source) else {
        return false;
    };
    one.namespace == other.namespace
        && own.resolution() == others.resolution()
        && own.object.labels().is_same_as(&others.object.labels())
        && one.selector.is_same_as(&other.selector)
        && own.exports() == others.exports()
}
