//! Nothing reaches the port of a Gateway's server.
//!
//! ## What it finds
//! A server of a Gateway whose pods do not listen on its port, or to whose port none of their
//! Services leads. Istiod takes the port of a server for one of the Service, and opens the one of
//! the pods behind it; a port that no Service of the pods has is opened as it is.
//!
//! - The port is below 1024, and the pods say that they may not listen there
//!   (`ISTIO_META_UNPRIVILEGED_POD`).
//! - No port of the Services leads to it.
//! - The Service has the port, and an earlier port of it that speaks the same leads to the same port
//!   of the pods: istiod knows the earlier one only.
//!
//! ## Why it matters
//! Connections to the hosts of the server are refused, or end at another server.
//!
//! ## Example
//! ```yaml
//! kind: Service
//! spec:
//!   ports:
//!   - {name: http2, port: 80, targetPort: 8080}
//! ---
//! kind: Gateway
//! spec:
//!   servers:
//!   - port: {number: 8443, name: https, protocol: HTTPS}   # not 8080, and not one of the Service
//! ```
//!
//! ## Use instead
//! A port of the Service in front of the gateway's pods, one that leads to a port of the pods from
//! 1024 on.
//!
//! ## When to ignore it
//! When the pods are called by their own addresses, or through a Service that is not among the inputs.
//!
//! ## Inputs
//! The Gateway, the gateway's pods and the Services in front of them. Without any of those Services
//! the rule is not evaluated.

use super::prelude::*;
use crate::istio::Server;
use crate::mesh::{AcceptedServer, CompleteKind, Front, GatewayListeners, NoGatewayEffect, NoLayer4Effect};

const META: Meta = Meta {
    id: "unreachable-gateway-port",
    family: Family::Gateway,
    severity: Severity::Warning,
    aliases: &["IST0162"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mut known = Vec::new();
    for proxy in context.gateways.iter().filter(|proxy| !proxy.accepted.is_empty()) {
        known.extend(fronts_of(context, proxy, findings).map(|fronts| (proxy, fronts)));
    }
    let mut reported: Vec<Server<'d>> = Vec::new();
    for judge in [unopened, uncalled] {
        for (proxy, fronts) in &known {
            for accepted in &proxy.accepted {
                if !reported.contains(&accepted.server)
                    && let Some(draft) = judge(context, proxy, accepted, fronts)
                {
                    reported.push(accepted.server);
                    findings.push(draft);
                }
            }
        }
    }
}

/// What leads to the pods of a gateway, if that is known.
fn fronts_of<'d>(
    context: &Context<'_, 'd>,
    proxy: &GatewayListeners<'_, 'd>,
    findings: &mut Findings<'d>,
) -> Option<Vec<Front<'d>>> {
    let mesh = context.mesh;
    let workload = mesh.gateway_workload(proxy.client)?;
    if workload.is_called_through_nodes() {
        return None;
    }
    let fronts = mesh.fronts_of(workload);
    let namespace = proxy.client.namespace;
    if fronts.is_empty() && !mesh.is_complete(CompleteKind::Services, namespace) {
        findings.skip(
            "gateway's pods",
            format!("in namespace `{namespace}` (no Service in front of them among the inputs)"),
            format!("pass its Services, or say --complete services:{namespace}"),
        );
        return None;
    }
    Some(fronts)
}

/// A port that the pods may not listen on.
fn unopened<'d>(
    context: &Context<'_, 'd>,
    proxy: &GatewayListeners<'_, 'd>,
    accepted: &AcceptedServer<'_, 'd>,
    _: &[Front<'d>],
) -> Option<Draft<'d>> {
    let number = accepted.server.port().filter(|_| accepted.is_privileged(proxy.client))?;
    let (gateway, port, pods) = (&accepted.gateway.full_name, accepted.port, proxy.client.describe());
    let message = format!("the pods {pods} may not listen on port {port} for Gateway {gateway}");
    let draft = Draft::new(number, message)
        .label("opened by nobody")
        .note("istiod leaves out ports below 1024 for pods that say so by ISTIO_META_UNPRIVILEGED_POD")
        .help("let the Service in front of the pods lead from this port to one from 1024 on")
        .severity(Severity::Error);
    Some(with_victims(context, accepted, draft))
}

/// A port that nothing in front of the pods leads to.
fn uncalled<'d>(
    _: &Context<'_, 'd>,
    proxy: &GatewayListeners<'_, 'd>,
    accepted: &AcceptedServer<'_, 'd>,
    fronts: &[Front<'d>],
) -> Option<Draft<'d>> {
    let (gateway, port, pods) = (&accepted.gateway.full_name, accepted.port, proxy.client.describe());
    // Who binds a server to an address does not mean what Services lead to.
    let number = accepted.server.port().filter(|_| accepted.server.bind().is_empty())?;
    // A port by a name that the pods do not give away may be any.
    let leads_here = |front: &Front<'_>| front.target.is_none_or(|target| u64::from(target) == port);
    let first = fronts.first().filter(|_| !fronts.iter().any(leads_here))?;
    let draft = Draft::new(number, format!("no Service leads to port {port} of the pods {pods}"))
        .label(format!("opened by Gateway {gateway}, called by nobody"));
    let same_number = fronts.iter().find(|front| front.is_translated && u64::from(front.port.number) == number.value);
    Some(match same_number.and_then(|front| Some((front.port.node, front.target?))) {
        Some((node, target)) => draft
            .related(node, format!("leads to port {target}"))
            .note("of ports of one Service that lead to one port and speak the same, istiod knows the first only")
            .help("use the number of that first port here, or let this one lead to a port of its own"),
        None => draft
            .related(first.service, "a Service of these pods")
            .help(format!("add the port to the Service, or use one that it has: {}", numbers(fronts))),
    })
}

/// The VirtualServices that have no effect because nobody opens the port.
fn with_victims<'d>(context: &Context<'_, 'd>, accepted: &AcceptedServer<'_, 'd>, mut draft: Draft<'d>) -> Draft<'d> {
    let is_it = |f: &NoGatewayEffect<'_, 'd>| matches!(f, NoGatewayEffect::Privileged(s) if *s == accepted.server);
    let is_it_too = |f: &NoLayer4Effect<'_, 'd>| matches!(f, NoLayer4Effect::Privileged(s) if *s == accepted.server);
    for service in context.victims(accepted.gateway, is_it, is_it_too) {
        let id = service.view.object.id();
        draft = draft.related(service.view.object.name_node(), format!("{id} has no effect because of this"));
    }
    draft
}

fn numbers(fronts: &[Front<'_>]) -> String {
    let mut numbers: Vec<_> = fronts.iter().map(|front| front.port.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}
