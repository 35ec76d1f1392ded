//! A VirtualService that has an effect, but not for all that it is meant for.

use super::{
    Context, Draft, Findings, GatewayRef, MESH_GATEWAY, PreparedVirtualService, draft, full_name, http_reason, layer4,
    why,
};
use crate::mesh::Layer4Kind;

pub(super) fn check<'m, 'd>(
    context: &Context<'m, 'd>,
    service: &'m PreparedVirtualService<'d>,
    findings: &mut Findings<'d>,
) {
    let named = named_once(&service.gateways);
    if named.len() > 1 {
        for gateway in named {
            findings.extend_with(dead_through(context, service, gateway));
        }
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
    let effects = context.effects(service).only_through(context, service, gateway);
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
