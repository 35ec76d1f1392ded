//! A policy denies the gateway that routes to the workload.
//!
//! ## What it finds
//! A workload that a gateway routes to by a VirtualService and that enforces ALLOW policies, none of
//! whose rules can match a request of the gateway: every rule asks for a source namespace or
//! principal that is not the gateway's.
//!
//! ## Why it matters
//! As soon as one ALLOW policy applies to a workload, everything that no rule allows is denied:
//! every request through the gateway ends in `403` (`RBAC: access denied`).
//!
//! ## Example
//! ```yaml
//! kind: AuthorizationPolicy
//! spec:
//!   selector: {matchLabels: {app: frontend}}
//!   rules:
//!   - from:
//!     - source:
//!         namespaces: [shop]      # the gateway runs in istio-system
//! ```
//!
//! ## Use instead
//! Add the gateway's namespace, or its principal
//! `cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account`.
//!
//! ## When to ignore it
//! When the route is to be closed.
//!
//! ## Inputs
//! AuthorizationPolicies, the Gateway and its VirtualServices, the Service and its workloads.

use super::prelude::*;
use crate::document::{Node, Spanned};
use crate::istio::{AuthorizationPolicy, SECURITY};
use crate::mesh::{Client, Cluster, Mesh, Workload};

const META: Meta =
    Meta { id: "policy-denies-gateway", family: Family::Authorization, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    if mesh.all_of(SECURITY, "AuthorizationPolicy").is_empty() {
        return;
    }
    let mut reported: Vec<Node<'_>> = Vec::new();
    for use_ in mesh.virtual_services.iter().flat_map(|service| &context.effects(service).destinations) {
        let Cluster::Present { service } = use_.cluster else {
            continue;
        };
        if !use_.client.is_gateway || !use_.client.is_known() || !service.is_kubernetes() {
            continue;
        }
        for workload in mesh.workloads_behind(service) {
            if mesh.has_sidecar(workload) != Some(true) {
                continue;
            }
            if let Some((policy, source)) = denied_by(mesh, workload, use_.client)
                && !reported.contains(&source)
            {
                reported.push(source);
                findings.push(draft(policy, source, use_.client, workload, use_.destination.host));
            }
        }
    }
}

/// The policy that keeps the gateway out, with the words that do.
fn denied_by<'d>(
    mesh: &Mesh<'d>,
    workload: &Workload<'d>,
    gateway: &Client<'d>,
) -> Option<(AuthorizationPolicy<'d>, Node<'d>)> {
    let allowing: Vec<_> = mesh.policies_of(workload).into_iter().filter(|p| p.action() == "ALLOW").collect();
    let mut excluded = None;
    for policy in &allowing {
        for rule in policy.rules() {
            let source = excludes(rule, gateway)?; // a rule that may match ends the search
            excluded = excluded.or(Some((*policy, source)));
        }
    }
    // Policies without rules deny everything; whoever writes one means it.
    excluded
}

/// What in a rule excludes every request of the gateway; nothing if it may match one.
fn excludes<'d>(rule: Node<'d>, gateway: &Client<'_>) -> Option<Node<'d>> {
    let sources = rule.get("from")?.items().filter_map(|from| from.get("source"));
    let mut first = None;
    for source in sources {
        let by_namespace = list_excludes(source, "namespaces", |n| matches_pattern(n, gateway.namespace));
        let by_principal = list_excludes(source, "principals", |p| principal_may_match(p, gateway.namespace));
        let node = by_namespace.or(by_principal)?;
        first = first.or(Some(node));
    }
    first
}

/// The first entry of a list none of whose entries may match.
fn list_excludes<'d>(source: Node<'d>, name: &str, may_match: impl Fn(&str) -> bool) -> Option<Node<'d>> {
    let entries: Vec<Spanned<'d, &'d str>> = source.texts_at(name).collect();
    let is_excluded = !entries.is_empty() && !entries.iter().any(|entry| may_match(entry.value));
    entries.first().filter(|_| is_excluded).map(|entry| entry.node)
}

/// `*`, `prefix*`, `*suffix` or the whole.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => !text.is_empty(),
        (Some(suffix), _) => text.ends_with(suffix),
        (_, Some(prefix)) => text.starts_with(prefix),
        _ => pattern == text,
    }
}

/// Whether a pattern may be for a principal of this namespace, whatever the account.
fn principal_may_match(pattern: &str, namespace: &str) -> bool {
    if pattern.starts_with('*') || pattern.ends_with('*') {
        let fixed = pattern.trim_matches('*');
        return match fixed.split_once("/ns/") {
            Some((_, rest)) => {
                let named = rest.split('/').next().unwrap_or_default();
                named == namespace || (!rest.contains('/') && namespace.starts_with(named))
            }
            None => true,
        };
    }
    pattern.contains(&format!("/ns/{namespace}/"))
}

fn draft<'d>(
    policy: AuthorizationPolicy<'d>,
    source: Node<'d>,
    gateway: &Client<'d>,
    workload: &Workload<'d>,
    route: Spanned<'d, &'d str>,
) -> Draft<'d> {
    let policy = policy.object.id();
    let name = gateway.describe();
    Draft::new(source, format!("{policy} denies requests of the gateway {name}"))
        .label(format!("the gateway runs in {}", gateway.namespace))
        .related(route, format!("the gateway routes to {} here", workload.object.id()))
        .note("what no ALLOW rule allows is denied: requests through the gateway get 403 RBAC: access denied")
        .help(format!("add `{}` to the namespaces, if the gateway is to be let in", gateway.namespace))
        .confidence(Confidence::Medium)
}
