//! A VirtualService has no effect on any proxy.
//!
//! ## What it finds
//! A VirtualService whose routes no sidecar and no gateway gets, where no other rule says why: it is
//! not exported to the pods that would use it, no Sidecar imports it, none of its routes is for the
//! ports of its hosts, the conditions of its delegates exclude its own, or no proxy listens for its
//! host.
//!
//! ## Why it matters
//! Nothing that it says happens.
//!
//! ## Example
//! ```yaml
//! spec:
//!   exportTo: ["."]                 # namespace shop
//!   gateways: [istio-system/public] # whose pods run in istio-system
//! ```
//!
//! ## Use instead
//! Export it to the namespace of the gateway's pods.
//!
//! ## When to ignore it
//! When it is for clients that are not among the inputs.
//!
//! ## Inputs
//! The Services, Gateways and Sidecars that it depends on.

use super::super::Effects;
use super::prelude::*;
use crate::document::Node;
use crate::mesh::{NoEffect, NoGatewayEffect, PreparedVirtualService, Scope, SidecarEffect};

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
    let is_judged = !effects.sidecars.is_empty() || !effects.gateways.is_empty();
    let has_routes = !service.routes.is_empty();
    if effects.has_any() || !is_judged || (has_routes && is_explained(context, service, effects)) {
        return;
    }
    let has_proxy = |e: &SidecarEffect<'m, 'd>| Scope::of(context.mesh, e.client).has_http_proxy();
    if effects.sidecars.iter().any(has_proxy) {
        return; // which may take it for requests on any port
    }
    let reason = match has_routes {
        true => reason(context, service, effects),
        false => excluded_delegates(context, service),
    };
    let Some(reason) = reason else {
        return;
    };
    let place = reason.place.unwrap_or_else(|| service.view.object.name_node());
    let mut draft =
        Draft::new(place, format!("VirtualService {}/{} has no effect", service.namespace, service.view.object.name()))
            .label(reason.label)
            .note("no proxy has any of its routes")
            .help(reason.help);
    if let Some((node, label)) = reason.related {
        draft = draft.related(node, label);
    }
    findings.push(draft);
}

/// Whether a rule of its own says why.
fn is_explained(context: &Context<'_, '_>, service: &PreparedVirtualService<'_>, effects: &Effects<'_, '_>) -> bool {
    let mesh = context.mesh;
    let conflict = effects.failures().any(|(_, (_, f))| match f {
        NoEffect::Conflict(_) => true,
        NoEffect::NotHttp(target) => !target.ports.iter().any(|p| p.protocol.is_http_or_sniffed()),
        _ => false,
    });
    let gateway = effects.gateways.iter().flat_map(|e| &e.failures).any(|f| {
        matches!(f, NoGatewayEffect::NoHost | NoGatewayEffect::OtherNamespace(_) | NoGatewayEffect::Rejected(_))
    });
    let half = service.view.hosts().any(|h| mesh.half_qualified(h.value).is_some());
    let unknown = service
        .gateways
        .iter()
        .any(|g| g.node.is_some() && g.name != crate::mesh::MESH_GATEWAY && mesh.gateway(&g.name).is_none());
    conflict || gateway || half || unknown
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
    let not_exported =
        effects.gateways.iter().find(|e| e.failures.iter().any(|f| matches!(f, NoGatewayEffect::NotExported)));
    if let Some(effect) = not_exported {
        let namespace = effect.client.namespace;
        let bound = service.gateways.iter().find(|g| g.name == effect.gateway.full_name).and_then(|g| g.node);
        return Some(Reason {
            place: service.view.export_to(),
            label: format!("not exported to {namespace}, where the pods of Gateway {} run", effect.gateway.full_name),
            help: format!("add `{namespace}` to exportTo"),
            related: bound.map(|node| (node, "bound to this gateway".to_owned())),
        });
    }
    if let Some(NoGatewayEffect::NotHttp(server)) = effects.gateways.iter().flat_map(|e| &e.failures).next() {
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
        return Some(Reason {
            place: service.view.export_to(),
            label: "exported to namespaces in which there is no sidecar".to_owned(),
            help: "add the namespaces of its clients to exportTo".to_owned(),
            related: None,
        });
    }
    if failures().any(|(_, f)| matches!(f, NoEffect::NotImported))
        && all_fail(|f| matches!(f, NoEffect::NotImported | NoEffect::NotExported))
    {
        let sidecar = effects.sidecars.iter().find_map(|e| e.client.sidecar);
        return Some(Reason {
            place: service.hosts.first().map(|h| h.node),
            label: format!("no Sidecar imports hosts of namespace {}", service.namespace),
            help: format!(
                "egress hosts are compared with the namespace of the VirtualService: add `{}/*`, or move it to the namespace of the service",
                service.namespace
            ),
            related: sidecar.map(|s| (s.object.name_node(), "this Sidecar, for one, does not import it".to_owned())),
        });
    }
    no_listener(context, service)
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
