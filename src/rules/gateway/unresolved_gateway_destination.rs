//! A gateway leads to a host that nobody resolves.
//!
//! ## What it finds
//! A route of a gateway whose destination is a ServiceEntry with `resolution: NONE` (the default) and
//! without endpoints.
//!
//! ## Why it matters
//! Without resolution, requests go on to the address that the client wanted. A sidecar knows it; at a
//! gateway the client wanted the gateway. Istiod gives the gateway a cluster without endpoints:
//! requests end in `503` with the flag `UH` (`no_healthy_upstream`).
//!
//! ## Example
//! ```yaml
//! kind: ServiceEntry
//! spec:
//!   hosts: [api.bank.example.com]
//!   resolution: NONE
//! ---
//! kind: VirtualService
//! spec:
//!   hosts: [api.bank.example.com]
//!   gateways: [egress]
//!   http:
//!   - route:
//!     - destination: {host: api.bank.example.com}
//! ```
//!
//! ## Use instead
//! `resolution: DNS`, or `STATIC` with endpoints.
//!
//! ## When to ignore it
//! Never, once it is evaluated.
//!
//! ## Inputs
//! The VirtualServices and ServiceEntries.

use super::prelude::*;
use crate::mesh::{Cluster, DestinationUse, PreparedVirtualService, Source};

const META: Meta =
    Meta { id: "unresolved-gateway-destination", family: Family::Gateway, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let is_unresolved = |u: &DestinationUse<'_, '_>| {
        u.client.is_gateway && matches!(u.cluster, Cluster::WithoutEndpoints { service, .. } if service.is_passed_on())
    };
    for outcome in context.effects(service).outcomes(is_unresolved) {
        let use_ = outcome.example;
        let Cluster::WithoutEndpoints { service: target, .. } = use_.cluster else {
            continue;
        };
        let Source::Entry(entry) = target.source else {
            continue;
        };
        let is_declaration = |o: &&crate::kube::Object<'_>| o.id() == entry.object.id();
        if context.mesh.written.iter().filter(is_declaration).nth(1).is_some() {
            continue; // which of its declarations counts is the first question
        }
        let written = entry.object.spec().and_then(|spec| spec.get("resolution"));
        let host = context.brief(use_.host);
        let clients = describe::clients(&outcome.clients);
        let draft = Draft::new(use_.destination.host, format!("nobody resolves {host} for {clients}"))
            .label("a gateway does not know an address for it")
            .related(written.unwrap_or(target.host_node), "without resolution, and without endpoints")
            .note(format!("requests that take this route get 503 UH (no_healthy_upstream) in {clients}"))
            .help("`resolution: DNS` in the ServiceEntry");
        findings.push(draft);
    }
}
