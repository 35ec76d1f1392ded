//! A VirtualService is bound to a Gateway that does not exist.
//!
//! ## What it finds
//! A name in `gateways` that no Gateway has. A name without a namespace means a Gateway in the
//! namespace of the VirtualService.
//!
//! ## Why it matters
//! Istiod ignores the binding: the routes are in no gateway, and requests that come in through the
//! one that was meant end in `404` with the flag `NR`.
//!
//! ## Example
//! ```yaml
//! gateways:
//! - shop-gatway
//! ```
//!
//! ## Use instead
//! The name of the Gateway, with its namespace if that is another: `istio-system/shop-gateway`.
//!
//! ## When to ignore it
//! When the Gateway lies elsewhere and is not among the inputs.
//!
//! ## Inputs
//! The Gateways of the namespace that the name means. Without any of them the rule is not
//! evaluated.

use super::prelude::*;
use crate::kube::{GATEWAY_API, may_be_same};
use crate::mesh::{MESH_GATEWAY, PreparedGateway, PreparedVirtualService};
use crate::similar::similar;

const META: Meta = Meta {
    id: "unknown-gateway",
    family: Family::Reference,
    severity: Severity::Error,
    aliases: &["IST0101", "KIA1102"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    for reference in service.gateways.iter().filter(|g| g.name != MESH_GATEWAY) {
        let Some(node) = reference.node else { continue };
        if mesh.gateway(&reference.name).is_some() || is_gateway_api(context, &reference.name) {
            continue;
        }
        let (namespace, name) = reference.name.split_once('/').unwrap_or(("", &reference.name));
        let elsewhere = mesh.gateways.iter().find(|g| g.view.object.name() == name);
        let is_known = mesh.knows_gateway(namespace, name);
        let may_be_it = |g: &PreparedGateway<'_>| !g.view.object.is_placed() || may_be_same(g.namespace, namespace);
        if !is_known && elsewhere.is_none_or(may_be_it) {
            let remedy = format!("pass its Gateways, or say --complete gateways:{namespace}");
            let (why, remedy) = match elsewhere.is_some() {
                true => ("(a Gateway of that name has no namespace)".to_owned(), "say --namespace".to_owned()),
                false => (mesh.why_unknown("Gateway", namespace), remedy),
            };
            findings.skip("gateway", format!("of namespace `{namespace}` {why}"), remedy);
            continue;
        }
        let mut draft = Draft::new(node, format!("there is no Gateway `{}`", reference.name))
            .label("does not exist")
            .note("the routes are not in the gateway that is meant: requests through it get 404 NR");
        let neighbours = mesh.gateways.iter().filter(|g| g.namespace == namespace).map(|g| g.view.object.name());
        if let Some(near) = similar(name, neighbours) {
            draft = draft.help(format!("did you mean `{near}`?"));
        } else if let Some(other) = elsewhere {
            draft = draft
                .related(other.view.object, "a Gateway of this name is in another namespace")
                .help(format!("did you mean `{}`?", other.full_name));
        }
        if !is_known {
            draft = draft.confidence(Confidence::Medium);
        }
        findings.push(draft);
    }
}

/// Whether a Gateway of the Kubernetes Gateway API has this name; binding to it is another matter.
fn is_gateway_api(context: &Context<'_, '_>, full_name: &str) -> bool {
    let mut gateways = context.mesh.all_of(GATEWAY_API, "Gateway").iter();
    gateways.any(|o| full_name.split_once('/') == Some((o.namespace(), o.name())))
}
