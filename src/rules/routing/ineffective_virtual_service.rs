//! A VirtualService has no effect on any proxy, or none on some for which it is meant.
//!
//! ## What it finds
//! A VirtualService whose routes no sidecar and no gateway gets, where no other rule says why: it is
//! not exported to the pods that would use it, no Sidecar imports it, none of its routes is for the
//! ports of its hosts, the conditions of its delegates exclude its own, or no proxy listens for its
//! host.
//!
//! If it has only `tls` and `tcp` routes: the service's ports, or the Gateway's servers, are ones for
//! which proxies do not ask such routes, none has the port that is asked for, the service is one for
//! which sidecars do not listen, or an earlier VirtualService takes all of its connections. Proxies
//! ask `tls` routes for ports that are declared to speak TLS and at servers that pass TLS on, `tcp`
//! routes for other ports that do not speak HTTP and at servers without TLS or where it ends.
//!
//! A part of a VirtualService that has an effect otherwise: one of the Gateways that it is bound to, or
//! the sidecars, of which none gets a route, or its `http` routes, or its `tls` and `tcp` routes, if
//! no proxy gets one of them.
//!
//! ## Why it matters
//! Nothing that it says happens, or not where it should: sidecars treat requests as if it were not
//! there, gateways answer them with 404 NR or close the connection.
//!
//! ## Example
//! ```yaml
//! spec:
//!   exportTo: ["."]                 # namespace shop
//!   gateways: [istio-system/public] # whose pods run in istio-system
//! ```
//!
//! ## Use instead
//! Export it to the namespace of the gateway's pods. For `tls` and `tcp` routes, let the name of the
//! service's port (or its `appProtocol`) say what it speaks:
//! <https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/>.
//!
//! ## When to ignore it
//! When it is for clients that are not among the inputs.
//!
//! ## Inputs
//! The Services, Gateways and Sidecars that it depends on.

use super::super::Effects;
use super::prelude::*;
use crate::document::Node;
use crate::mesh::{
    Client, GatewayRef, Layer4Kind, MESH_GATEWAY, Mesh, NoEffect, NoGatewayEffect, PreparedGateway,
    PreparedVirtualService, Scope, SidecarEffect,
};

const META: Meta =
    Meta { id: "ineffective-virtual-service", family: Family::Routing, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

/// Why there is no effect: the first reason that holds, where to point, what to do.
struct Reason<'d> {
    place: Option<Node<'d>>,
    label: String,
    help: String,
    related: Option<(Node<'d>, String)>,
}

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let effects = context.effects(service);
    if effects.has_any() {
        halves::check(context, service, findings);
        return;
    }
    let name = full_name(service);
    findings.extend_with(why(context, service, effects, &service.gateways).map(|reason| {
        draft(service, reason, format!("VirtualService {name} has no effect")).note("no proxy has any of its routes")
    }));
}

/// Why nobody who comes through `gateways` gets any route, unless another rule says so.
fn why<'m, 'd>(
    context: &Context<'m, 'd>,
    service: &'m PreparedVirtualService<'d>,
    effects: &Effects<'m, 'd>,
    gateways: &[GatewayRef<'d>],
) -> Option<Reason<'d>> {
    let is_judged = !effects.sidecars.is_empty() || !effects.gateways.is_empty();
    match service.view.http().next() {
        _ if !is_judged => None,
        None => layer4::reason(context, service, effects, gateways),
        Some(_) => http_reason(context, service, effects, gateways),
    }
}

/// Why nobody who comes through `gateways` gets any `http` route.
fn http_reason<'m, 'd>(
    context: &Context<'m, 'd>,
    service: &'m PreparedVirtualService<'d>,
    effects: &Effects<'m, 'd>,
    gateways: &[GatewayRef<'d>],
) -> Option<Reason<'d>> {
    let has_routes = !service.routes.is_empty();
    if has_routes && is_explained(context, service, effects, gateways) {
        return None;
    }
    let has_proxy = |e: &SidecarEffect<'m, 'd>| Scope::of(context.mesh, e.client).has_http_proxy();
    if effects.sidecars.iter().any(has_proxy) {
        return None; // which may take it for requests on any port
    }
    match has_routes {
        true => reason(context, service, effects),
        false => excluded_delegates(context, service),
    }
}

fn full_name(service: &PreparedVirtualService<'_>) -> String {
    format!("{}/{}", service.namespace, service.view.object.name())
}

fn draft<'d>(service: &PreparedVirtualService<'d>, reason: Reason<'d>, message: String) -> Draft<'d> {
    let place = reason.place.unwrap_or_else(|| service.view.object.name_node());
    let mut draft = Draft::new(place, message).label(reason.label).help(reason.help);
    if let Some((node, label)) = reason.related {
        draft = draft.related(node, label);
    }
    draft
}

/// A VirtualService that has an effect, but not for all that it is meant for.
mod halves {
    use super::{
        Context, Draft, Findings, GatewayRef, Layer4Kind, MESH_GATEWAY, PreparedVirtualService, draft, full_name,
        http_reason, layer4, why,
    };

    pub(super) fn check<'m, 'd>(
        context: &Context<'m, 'd>,
        service: &'m PreparedVirtualService<'d>,
        findings: &mut Findings<'d>,
    ) {
        let named = named_once(&service.gateways);
        if named.len() > 1 {
            named.into_iter().for_each(|gateway| findings.extend_with(dead_through(context, service, gateway)));
        }
        findings.extend_with(dead_list(context, service));
    }

    fn named_once<'g, 'd>(gateways: &'g [GatewayRef<'d>]) -> Vec<&'g GatewayRef<'d>> {
        let mut once: Vec<&GatewayRef<'d>> = Vec::new();
        for gateway in gateways {
            if once.iter().all(|other| other.name != gateway.name) {
                once.push(gateway);
            }
        }
        once
    }

    /// None of the routes is there for what comes through one of the gateways.
    fn dead_through<'m, 'd>(
        context: &Context<'m, 'd>,
        service: &'m PreparedVirtualService<'d>,
        gateway: &GatewayRef<'d>,
    ) -> Option<Draft<'d>> {
        let effects = context.effects(service).only_through(context.mesh, service, gateway);
        if effects.has_any() {
            return None;
        }
        let reason = why(context, service, &effects, std::slice::from_ref(gateway))?;
        let name = full_name(service);
        let (message, note) = match gateway.name.as_str() {
            MESH_GATEWAY => (
                format!("VirtualService {name} has no effect in sidecars"),
                "for requests from within the mesh, it is as if it were not there",
            ),
            gateway => (
                format!("VirtualService {name} has no effect at Gateway {gateway}"),
                "what no other VirtualService takes there gets 404 NR, or its connection is closed",
            ),
        };
        let draft = draft(service, reason, message).note(note);
        Some(match gateway.node {
            Some(node) => draft.related(node, "bound to this"),
            None => draft,
        })
    }

    /// Of `http` routes on the one hand and `tls` and `tcp` routes on the other, no proxy has any of
    /// one hand.
    fn dead_list<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>) -> Option<Draft<'d>> {
        let effects = context.effects(service);
        let has_layer4 = service.layer4.iter().any(|route| route.has_route);
        if !has_layer4 || service.view.http().next().is_none() || effects.has_http() == effects.layer4.has_any {
            return None;
        }
        let others = match (service.has_layer4(Layer4Kind::Tls), service.has_layer4(Layer4Kind::Tcp)) {
            (true, true) => "`tls` and `tcp`",
            (true, false) => "`tls`",
            (false, _) => "`tcp`",
        };
        let (reason, list, other) = match effects.has_http() {
            true => (layer4::reason(context, service, effects, &service.gateways)?, others, "`http`"),
            false => (http_reason(context, service, effects, &service.gateways)?, "`http`", others),
        };
        let message = format!("the {list} routes of VirtualService {} have no effect", full_name(service));
        Some(draft(service, reason, message).note(format!("proxies have its {other} routes only")))
    }
}

/// Whether a rule of its own says why.
fn is_explained(
    context: &Context<'_, '_>,
    service: &PreparedVirtualService<'_>,
    effects: &Effects<'_, '_>,
    gateways: &[GatewayRef<'_>],
) -> bool {
    let mesh = context.mesh;
    let conflict = effects.failures().any(|(_, (_, f))| match f {
        NoEffect::Conflict(_) => true,
        NoEffect::NotHttp(target) => !target.ports.iter().any(|p| p.protocol.is_http_or_sniffed()),
        _ => false,
    });
    let gateway = effects.gateways.iter().any(|e| {
        let is_reported =
            |f: &NoGatewayEffect<'_, '_>| matches!(f, NoGatewayEffect::NoHost | NoGatewayEffect::Rejected(_));
        // Another server may have the host and admit it.
        e.failures.iter().any(is_reported) || e.failures.iter().all(|f| matches!(f, NoGatewayEffect::OtherNamespace(_)))
    });
    let half = service.view.hosts().any(|h| mesh.half_qualified(h.value).is_some());
    conflict || gateway || half || names_unknown_gateway(mesh, gateways)
}

fn names_unknown_gateway(mesh: &Mesh<'_>, gateways: &[GatewayRef<'_>]) -> bool {
    let mut named = gateways.iter().filter(|g| g.node.is_some() && g.name != MESH_GATEWAY);
    named.any(|g| mesh.gateway(&g.name).is_none())
}

/// The delegates are there and visible, and the conditions of each exclude those under which it is
/// delegated to: istiod drops such routes.
fn excluded_delegates<'d>(context: &Context<'_, 'd>, service: &PreparedVirtualService<'d>) -> Option<Reason<'d>> {
    let mut delegates = Vec::new();
    for route in service.view.http() {
        let delegate = context.mesh.delegate(route.delegate()?, service.namespace)?;
        delegates.push((route.node, delegate.http().next()?.node));
    }
    let (root, inner) = delegates.first()?;
    Some(Reason {
        place: Some(*root),
        label: "the conditions of the delegate are not within these".to_owned(),
        help: "let the delegate repeat the conditions, or narrow a prefix".to_owned(),
        related: Some((*inner, "the delegate's routes".to_owned())),
    })
}

fn reason<'d>(
    context: &Context<'_, 'd>,
    service: &PreparedVirtualService<'d>,
    effects: &Effects<'_, 'd>,
) -> Option<Reason<'d>> {
    let kept_from =
        effects.gateways.iter().find(|e| e.failures.iter().any(|f| matches!(f, NoGatewayEffect::NotExported)));
    if let Some(effect) = kept_from {
        return Some(not_exported_to_gateway(service, effect.client, effect.gateway));
    }
    let mut at_gateways = effects.gateways.iter().flat_map(|e| &e.failures);
    let admitted = at_gateways.find(|f| !matches!(f, NoGatewayEffect::OtherNamespace(_)));
    if let Some(NoGatewayEffect::NotHttp(server)) = admitted {
        return Some(Reason {
            place: service.hosts.first().map(|h| h.node),
            label: "its server passes connections on and does not look at requests".to_owned(),
            help: "use `tls` or `tcp` routes, or let the Gateway end TLS".to_owned(),
            related: Some((server.node, "the server for this host".to_owned())),
        });
    }
    if effects.gateways.iter().flat_map(|e| &e.failures).any(|f| matches!(f, NoGatewayEffect::NoRoute)) {
        return Some(no_route(service));
    }
    let failures = || effects.failures().map(|(_, (named, failure))| (named, failure));
    if let Some((named, _)) = failures().find(|(_, f)| matches!(f, NoEffect::NoRoute)) {
        let mut reason = no_route(service);
        reason.related = Some((named.node, "for this host".to_owned()));
        return Some(reason);
    }
    // A client without any failure has the VirtualService and nothing to use it for.
    let all_fail = |wanted: fn(&NoEffect<'_, '_>) -> bool| {
        let fails = |e: &SidecarEffect<'_, '_>| !e.failures.is_empty() && e.failures.iter().all(|(_, f)| wanted(f));
        !effects.sidecars.is_empty() && effects.sidecars.iter().all(fails)
    };
    if all_fail(|f| matches!(f, NoEffect::NotExported)) {
        return Some(not_exported(service));
    }
    if failures().any(|(_, f)| matches!(f, NoEffect::NotImported))
        && all_fail(|f| matches!(f, NoEffect::NotImported | NoEffect::NotExported))
    {
        return Some(not_imported(service, effects));
    }
    no_listener(context, service)
}

fn not_exported<'d>(service: &PreparedVirtualService<'d>) -> Reason<'d> {
    Reason {
        place: service.view.export_to(),
        label: "exported to namespaces in which there is no sidecar".to_owned(),
        help: "add the namespaces of its clients to exportTo".to_owned(),
        related: None,
    }
}

fn not_exported_to_gateway<'d>(
    service: &PreparedVirtualService<'d>,
    client: &Client<'d>,
    gateway: &PreparedGateway<'d>,
) -> Reason<'d> {
    let namespace = client.namespace;
    let bound = service.gateways.iter().find(|g| g.name == gateway.full_name).and_then(|g| g.node);
    Reason {
        place: service.view.export_to(),
        label: format!("not exported to {namespace}, where the pods of Gateway {} run", gateway.full_name),
        help: format!("add `{namespace}` to exportTo"),
        related: bound.map(|node| (node, "bound to this gateway".to_owned())),
    }
}

fn not_imported<'d>(service: &PreparedVirtualService<'d>, effects: &Effects<'_, 'd>) -> Reason<'d> {
    let sidecar = effects.sidecars.iter().find_map(|e| e.client.sidecar);
    Reason {
        place: service.hosts.first().map(|h| h.node),
        label: format!("no Sidecar imports hosts of namespace {}", service.namespace),
        help: format!(
            "egress hosts are compared with the namespace of the VirtualService: add `{}/*`, or move it to the namespace of the service",
            service.namespace
        ),
        related: sidecar.map(|s| (s.object.name_node(), "this Sidecar, for one, does not import it".to_owned())),
    }
}

fn no_route<'d>(service: &PreparedVirtualService<'d>) -> Reason<'d> {
    let conditions = service.routes.iter().flat_map(|r| &r.matches).flat_map(crate::mesh::RouteMatch::parts);
    let port = conditions.filter_map(crate::istio::HttpMatch::port).map(|p| p.node).next();
    Reason {
        place: port.or_else(|| service.routes.first().map(|r| r.route.node)),
        label: "no request that comes in here meets its port, gateway or source".to_owned(),
        help: "use a port of the service (or of the Gateway's server), or leave the condition out".to_owned(),
        related: None,
    }
}

fn no_listener<'d>(context: &Context<'_, 'd>, service: &PreparedVirtualService<'d>) -> Option<Reason<'d>> {
    let unknown = service.hosts.iter().find(|h| {
        !context.mesh.knows_host(&h.value, service.namespace) && context.mesh.services_of(&h.value).next().is_none()
    });
    if unknown.is_some() {
        return None; // the service may be somewhere else
    }
    let host = service.hosts.first()?;
    let declared = context.mesh.services_within(&host.value).next();
    let (label, related) = match declared {
        Some(declared) => (
            "no client that has the VirtualService sees a service of this host".to_owned(),
            Some((declared.host_node, "declared here".to_owned())),
        ),
        None => ("no service has this host, and no client listens on port 80 for others".to_owned(), None),
    };
    Some(Reason {
        place: Some(host.node),
        label,
        help: "name the host of a service, or declare it by a ServiceEntry".to_owned(),
        related,
    })
}

/// Why no connection meets the `tls` and `tcp` routes of a VirtualService that has no others
/// (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#TLSRoute>).
mod layer4 {
    use super::{Effects, GatewayRef, Reason};
    use crate::document::Node;
    use crate::istio::Server;
    use crate::mesh::{
        CompleteKind, Layer4Kind, MESH_GATEWAY, Mesh, NoLayer4Effect, Port, PreparedVirtualService, Protocol, Service,
        fqdn, is_subset_of, is_wildcard, kubernetes_parts,
    };
    use crate::rules::Context;

    /// The reason that is nearest to an effect, of all proxies.
    pub(super) fn reason<'d>(
        context: &Context<'_, 'd>,
        service: &PreparedVirtualService<'d>,
        effects: &Effects<'_, 'd>,
        gateways: &[GatewayRef<'_>],
    ) -> Option<Reason<'d>> {
        let mesh = context.mesh;
        if is_explained(mesh, service, effects, gateways) || is_open(mesh, service, effects) {
            return None;
        }
        let nearest = effects.layer4.failures.iter().rev().max_by_key(|(_, _, failure)| failure.rank());
        let (client, gateway, failure) = nearest?;
        Some(match failure {
            NoLayer4Effect::NotExported => match gateway {
                Some(gateway) => super::not_exported_to_gateway(service, client, gateway),
                None => super::not_exported(service),
            },
            NoLayer4Effect::NotImported => super::not_imported(service, effects),
            NoLayer4Effect::NoService => no_service(mesh, service)?,
            NoLayer4Effect::NoServer => return None,
            NoLayer4Effect::Alias(target) => alias(service, target),
            NoLayer4Effect::OtherProtocol(target, port) => other_protocol(context, service, target, port),
            NoLayer4Effect::OtherServer(server) => other_server(service, *server),
            NoLayer4Effect::NoMatch(target, port) => {
                let what = format!("port {} of {}", port.number, context.brief(&target.host));
                no_match(service, port.node, &what)
            }
            NoLayer4Effect::NoMatchAtServer(server) => {
                let what = format!("port {} of this server", server.port().map_or(0, |p| p.value));
                no_match(service, server.node, &what)
            }
            NoLayer4Effect::Taken(winner) => taken(service, winner),
        })
    }

    /// Whether a rule of its own says why, or pods that nobody knows may use it.
    fn is_explained(
        mesh: &Mesh<'_>,
        service: &PreparedVirtualService<'_>,
        effects: &Effects<'_, '_>,
        gateways: &[GatewayRef<'_>],
    ) -> bool {
        let mut gateways = gateways.iter().filter(|g| g.name != MESH_GATEWAY);
        gateways.any(|g| mesh.gateway(&g.name).is_none_or(|gateway| mesh.proxies_of(gateway).next().is_none()))
            || effects.layer4.failures.iter().any(|(_, _, failure)| matches!(failure, NoLayer4Effect::NoServer))
            || service.view.hosts().any(|h| mesh.half_qualified(h.value).is_some())
    }

    /// Whether a service that is not among the inputs may have one of the hosts: sidecars that have
    /// the VirtualService would listen for it.
    fn is_open(mesh: &Mesh<'_>, service: &PreparedVirtualService<'_>, effects: &Effects<'_, '_>) -> bool {
        let has_it = |failure: &NoLayer4Effect<'_, '_>| {
            !matches!(failure, NoLayer4Effect::NotExported | NoLayer4Effect::NotImported)
        };
        let mut failures = effects.layer4.failures.iter();
        if !failures.any(|(_, gateway, failure)| gateway.is_none() && has_it(failure)) {
            return false;
        }
        let is_known = |host: &str| match is_wildcard(host) {
            false => mesh.services_of(host).next().is_some() || mesh.knows_host(host, service.namespace),
            true => knows_all_within(mesh, host, service.namespace),
        };
        !service.hosts.iter().all(|h| is_known(&h.value))
    }

    fn knows_all_within(mesh: &Mesh<'_>, wildcard: &str, namespace: &str) -> bool {
        let options = mesh.options;
        let ingress = fqdn("istio-ingressgateway", &options.root_namespace, &options.cluster_domain);
        if mesh.assumes_ingress_gateway() && is_subset_of(&ingress, wildcard) {
            return false; // its service has ports of many kinds
        }
        let is_in_one_namespace = kubernetes_parts(wildcard, &options.cluster_domain).is_some();
        options.complete.covers_all(CompleteKind::Services)
            || (is_in_one_namespace && mesh.knows_host(wildcard, namespace))
    }

    fn first_entry<'d>(service: &PreparedVirtualService<'d>) -> Option<Node<'d>> {
        service.layer4.first().map(|route| route.node)
    }

    fn no_service<'d>(mesh: &Mesh<'d>, service: &PreparedVirtualService<'d>) -> Option<Reason<'d>> {
        let host = service.hosts.first()?;
        let declared = mesh.services_within(&host.value).next();
        let label = match declared {
            Some(_) => "no client that has the VirtualService sees a service of this host",
            None => "no service has this host, and sidecars listen for connections to services only",
        };
        Some(Reason {
            place: Some(host.node),
            label: label.to_owned(),
            help: "name the host of a service, or declare it by a ServiceEntry".to_owned(),
            related: declared.map(|declared| (declared.host_node, "declared here".to_owned())),
        })
    }

    fn alias<'d>(service: &PreparedVirtualService<'d>, target: &Service<'d>) -> Reason<'d> {
        Reason {
            place: service.hosts.first().map(|h| h.node),
            label: "sidecars do not listen for a service that stands for another host".to_owned(),
            help: format!("name `{}`, and declare it by a ServiceEntry", target.alias_of.unwrap_or_default()),
            related: Some((target.host_node, "of type ExternalName".to_owned())),
        }
    }

    fn other_protocol<'d>(
        context: &Context<'_, 'd>,
        service: &PreparedVirtualService<'d>,
        target: &Service<'d>,
        port: &Port<'d>,
    ) -> Reason<'d> {
        let place = format!("port {} of {}", port.number, context.brief(&target.host));
        let (asked, help) = match port.protocol {
            Protocol::Http => {
                ("http", "write `http` routes, or, if it does not speak HTTP, let the port's name say so")
            }
            Protocol::Tls => {
                ("tls", "write `tls` routes with `sniHosts`, or, if it does not speak TLS, let the port's name say so")
            }
            Protocol::Tcp | Protocol::Sniffed => {
                ("tcp", "write `tcp` routes, or, if it speaks TLS, let the port's name start with `tls-` or `https-`")
            }
            Protocol::Udp => return udp(service, port),
        };
        Reason {
            place: first_entry(service),
            label: format!("for {place}, sidecars ask `{asked}` routes only"),
            help: help.to_owned(),
            related: Some((port.node, "declared here".to_owned())),
        }
    }

    fn udp<'d>(service: &PreparedVirtualService<'d>, port: &Port<'d>) -> Reason<'d> {
        Reason {
            place: service.hosts.first().map(|h| h.node),
            label: "sidecars leave UDP alone".to_owned(),
            help: "leave the VirtualService out".to_owned(),
            related: Some((port.node, "speaks UDP".to_owned())),
        }
    }

    fn other_server<'d>(service: &PreparedVirtualService<'d>, server: Server<'d>) -> Reason<'d> {
        let (label, help) = match server.tls() {
            _ if server.is_http_routed() => ("its server ends connections and looks at requests", "use `http` routes"),
            Some(tls) if tls.is_auto_passthrough() => {
                ("its server goes by the names of clusters, and asks no routes", "let the server's mode be PASSTHROUGH")
            }
            Some(tls) if tls.is_passthrough() => {
                ("its server passes TLS on, by `tls` routes only", "use `tls` routes with `sniHosts`")
            }
            Some(_) => {
                ("its server ends TLS, and asks `tcp` routes then", "use `tcp` routes, or let the server pass TLS on")
            }
            None => (
                "its server does not look for TLS, and asks `tcp` routes only",
                "use `tcp` routes, or let the server pass TLS on",
            ),
        };
        Reason {
            place: first_entry(service),
            label: label.to_owned(),
            help: help.to_owned(),
            related: Some((server.node, "the server for this host".to_owned())),
        }
    }

    fn no_match<'d>(service: &PreparedVirtualService<'d>, place: Node<'d>, what: &str) -> Reason<'d> {
        let mut conditions = service.layer4.iter().flat_map(|route| &route.matches);
        let condition = conditions.next().map(|m| m.node.get("port").unwrap_or(m.node));
        Reason {
            place: condition.or_else(|| first_entry(service)),
            label: "no connection that comes in here meets its port or gateway".to_owned(),
            help: "use a port of the service (or of the Gateway's server), or leave the condition out".to_owned(),
            related: Some((place, format!("{what} is one for which these routes are asked"))),
        }
    }

    fn taken<'d>(service: &PreparedVirtualService<'d>, winner: &PreparedVirtualService<'d>) -> Reason<'d> {
        let kind = if winner.has_layer4(Layer4Kind::Tcp) { "connections" } else { "server names" };
        Reason {
            place: service.hosts.first().map(|h| h.node),
            label: format!(
                "{} takes all its {kind}: it is exported more narrowly, older, or first by name",
                winner.view.object.id()
            ),
            help: "move the routes into one VirtualService".to_owned(),
            related: Some((winner.view.object.name_node(), "this one is used".to_owned())),
        }
    }
}
