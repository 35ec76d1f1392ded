//! A policy denies the gateway that routes to the workload.
//!
//! ## What it finds
//! A workload that a gateway routes to by a VirtualService and that enforces ALLOW policies, none of
//! whose rules can match a request of the gateway: every rule asks for a source namespace, service
//! account or principal that is not the gateway's, or excludes the gateway's. And a DENY policy with a
//! rule for sources alone that matches the gateway.
//!
//! ## Why it matters
//! As soon as one ALLOW policy applies to a workload, everything that no rule allows is denied:
//! every request through the gateway ends in `403` (`RBAC: access denied`). A DENY rule has the last
//! word before any ALLOW rule.
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
//! When the route is to be closed, or a policy that lets the gateway in is not among the inputs.
//!
//! ## Inputs
//! AuthorizationPolicies, the Gateway and its VirtualServices, the Service and its workloads.

use super::prelude::*;
use crate::document::{Node, Spanned};
use crate::istio::{AuthorizationPolicy, SECURITY};
use crate::kube::PodTemplate;
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
            let gateway = Identity::of(mesh, use_.client);
            if let Some(denial) = denied_by(mesh, workload, gateway)
                && !reported.contains(&denial.node)
            {
                reported.push(denial.node);
                findings.push(draft(&denial, gateway, use_.client, workload, use_.destination.host));
            }
        }
    }
}

/// Who the gateway is to the server.
#[derive(Clone, Copy)]
struct Identity<'d> {
    namespace: &'d str,
    /// Its service account, where its pods are among the inputs and name it.
    account: Option<&'d str>,
}

impl<'d> Identity<'d> {
    fn of(mesh: &Mesh<'d>, client: &Client<'d>) -> Self {
        let name = client.workload.unwrap_or_default();
        let pods = mesh.workloads_of(client.namespace).find(|w| w.object.name() == name).and_then(|w| w.template);
        Self { namespace: client.namespace, account: pods.and_then(PodTemplate::named_account) }
    }

    /// Whether a pattern is for its namespace.
    fn is_in(self, pattern: &str) -> bool {
        matches_pattern(pattern, self.namespace)
    }

    /// Whether a pattern for principals may be for it, whatever the trust domain and what is not
    /// known of the account.
    fn may_be(self, pattern: &str) -> bool {
        let Some(account) = self.account else { return principal_may_match(pattern, self.namespace) };
        let own = format!("/ns/{}/sa/{account}", self.namespace);
        match pattern.strip_suffix('*') {
            Some(_) if pattern.starts_with('*') => principal_may_match(pattern, self.namespace),
            Some(prefix) => prefix.find("/ns/").is_none_or(|at| own.starts_with(prefix.get(at..).unwrap_or_default())),
            None => {
                let fixed = pattern.strip_prefix('*').unwrap_or(pattern);
                fixed.ends_with(&own) || (fixed.len() < pattern.len() && own.ends_with(fixed))
            }
        }
    }
}

/// What keeps the gateway out.
struct Denial<'d> {
    policy: AuthorizationPolicy<'d>,
    /// The words that do.
    node: Node<'d>,
    reason: Reason,
}

enum Reason {
    /// No rule allows it, since each asks for others.
    AsksForOthers,
    /// A rule denies it.
    Denied,
}

fn denied_by<'d>(mesh: &Mesh<'d>, workload: &Workload<'d>, gateway: Identity<'d>) -> Option<Denial<'d>> {
    let policies = mesh.policies_of(workload);
    let with_action = |action: &'static str| policies.iter().copied().filter(move |p| p.action() == action);
    let denies = |policy: AuthorizationPolicy<'d>| policy.rules().find_map(|rule| denied_source(rule, gateway));
    if let Some((policy, node)) = with_action("DENY").find_map(|policy| Some((policy, denies(policy)?))) {
        return Some(Denial { policy, node, reason: Reason::Denied });
    }
    let mut excluded = None;
    for policy in with_action("ALLOW") {
        for rule in policy.rules() {
            let node = excludes(rule, gateway)?; // a rule that may match ends the search
            excluded = excluded.or(Some(Denial { policy, node, reason: Reason::AsksForOthers }));
        }
    }
    // Policies without rules deny everything: the ground for others, which may be elsewhere.
    excluded
}

fn sources(rule: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    rule.get("from").into_iter().flat_map(Node::items).filter_map(|from| from.get("source"))
}

/// What in an ALLOW rule excludes every request of the gateway; nothing if it may match one.
fn excludes<'d>(rule: Node<'d>, gateway: Identity<'d>) -> Option<Node<'d>> {
    let mut first = None;
    for source in sources(rule) {
        let node = none_of(source, "namespaces", |n| gateway.is_in(n))
            .or_else(|| none_of(source, "principals", |p| gateway.may_be(p)))
            .or_else(|| one_of(source, "notNamespaces", |n| gateway.is_in(n)))?;
        first = first.or(Some(node));
    }
    first
}

/// What in a DENY rule matches every request of the gateway: a condition on the namespace alone.
fn denied_source<'d>(rule: Node<'d>, gateway: Identity<'d>) -> Option<Node<'d>> {
    if rule.get("to").is_some() || rule.get("when").is_some() {
        return None;
    }
    let by_namespace =
        |source: &Node<'d>| source.entries().all(|(key, _)| matches!(key.text, "namespaces" | "notNamespaces"));
    sources(rule).filter(by_namespace).find_map(|source| {
        let named = one_of(source, "namespaces", |n| gateway.is_in(n));
        let spared = none_of(source, "notNamespaces", |n| gateway.is_in(n));
        match (source.get("namespaces"), source.get("notNamespaces")) {
            (Some(_), Some(_)) => named.filter(|_| spared.is_some()),
            _ => named.or(spared),
        }
    })
}

/// The first entry of a list none of whose entries match.
fn none_of<'d>(source: Node<'d>, name: &str, matches: impl Fn(&str) -> bool) -> Option<Node<'d>> {
    let entries: Vec<Spanned<'d, &'d str>> = source.texts_at(name).collect();
    let is_none = !entries.is_empty() && !entries.iter().any(|entry| matches(entry.value));
    entries.first().filter(|_| is_none).map(|entry| entry.node)
}

/// The first entry of a list that matches.
fn one_of<'d>(source: Node<'d>, name: &str, matches: impl Fn(&str) -> bool) -> Option<Node<'d>> {
    source.texts_at(name).find(|entry| matches(entry.value)).map(|entry| entry.node)
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
    denial: &Denial<'d>,
    gateway: Identity<'d>,
    client: &Client<'d>,
    workload: &Workload<'d>,
    route: Spanned<'d, &'d str>,
) -> Draft<'d> {
    let policy = denial.policy.object.id();
    let name = client.describe();
    let draft = Draft::new(denial.node, format!("{policy} denies requests of the gateway {name}"))
        .related(route, format!("the gateway routes to {} here", workload.object.id()))
        .confidence(Confidence::Medium);
    let home = gateway.namespace;
    let identity = match gateway.account {
        Some(account) => format!("the gateway runs in {home} as {account}"),
        None => format!("the gateway runs in {home}"),
    };
    let (cause, change) = match denial.reason {
        Reason::AsksForOthers => ("what no ALLOW rule allows", format!("allow sources of namespace `{home}`")),
        Reason::Denied => ("what a DENY rule matches", format!("let the rule spare namespace `{home}`")),
    };
    draft
        .label(identity)
        .note(format!("{cause} is denied: requests through the gateway get 403 RBAC: access denied"))
        .help(format!("{change}, if the gateway is to be let in"))
}
