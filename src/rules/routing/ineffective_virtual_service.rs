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

#[path = "ineffective_virtual_service/halves.rs"]
mod halves;
#[path = "ineffective_virtual_service/layer4.rs"]
mod layer4;

use super::super::Effects;
use super::prelude::*;
use crate::document::Node;
use crate::mesh::{
    Client, GatewayRef, MESH_GATEWAY, Mesh, NoEffect, NoGatewayEffect, PreparedGateway, PreparedVirtualService,
    SidecarEffect,
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
        _ if !is_judged || names_unserved_gateway(context.mesh, gateways) => None,
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
        let is_reported = |f: &NoGatewayEffect<'_, '_>| {
            matches!(f, NoGatewayEffect::NoHost | NoGatewayEffect::Rejected(_) | NoGatewayEffect::Privileged(_))
        };
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

/// Whether the pods of a gateway are not among the inputs: its routes may have an effect there.
fn names_unserved_gateway(mesh: &Mesh<'_>, gateways: &[GatewayRef<'_>]) -> bool {
    gateways.iter().filter_map(|g| mesh.gateway(&g.name)).any(|gateway| !mesh.is_served(gateway))
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
