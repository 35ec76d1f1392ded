//! A route leads to a subset that no DestinationRule declares.
//!
//! ## What it finds
//! A destination whose subset is not among those of the DestinationRule that a client uses for the
//! host. Which rule that is depends on the client: the first namespace of the client's own, the
//! service's and the root namespace that has any rule for the host wins as a whole, and within it
//! the most specific host. And a declared subset of a ServiceEntry with names as endpoints
//! (`resolution: DNS`) of which no endpoint has the labels: istiod makes no cluster for it.
//!
//! ## Why it matters
//! The route's cluster does not exist: requests end in `503` with the flag `NC`
//! (`cluster_not_found`).
//!
//! ## Example
//! ```yaml
//! kind: DestinationRule
//! spec:
//!   host: catalog
//!   subsets:
//!   - name: v1
//! ---
//! kind: VirtualService
//! spec:
//!   http:
//!   - route:
//!     - destination:
//!         host: catalog
//!         subset: v3
//! ```
//!
//! ## Use instead
//! A subset that the rule declares, or declare this one.
//!
//! ## When to ignore it
//! When the DestinationRule lies elsewhere and is not among the inputs.
//!
//! ## Inputs
//! The Service of the host and the DestinationRules for it.

use super::prelude::*;
use crate::istio::DestinationRule;
use crate::mesh::{
    Cluster, CompleteKind, DestinationUse, MergedRule, PreparedVirtualService, Service, may_be_placeholder,
};
use crate::similar::similar;

const META: Meta = Meta {
    id: "unknown-subset",
    family: Family::Reference,
    severity: Severity::Error,
    aliases: &["IST0101", "KIA1107"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    check_empty(context, service, findings);
    let is_unknown = |u: &DestinationUse<'_, '_>| matches!(u.cluster, Cluster::UnknownSubset { .. });
    for outcome in context.effects(service).outcomes(is_unknown) {
        let use_ = outcome.example;
        let Cluster::UnknownSubset { service: target, rule } = use_.cluster else {
            continue;
        };
        let Some(subset) = use_.destination.subset else {
            continue;
        };
        if may_be_placeholder(subset.value) {
            findings.skip("subset", "of a template", "render the template");
            continue;
        }
        let is_open =
            || is_partial(context, target, use_) || !use_.client.is_known() && !knows_rules(context, target, use_);
        if rule.is_none() && is_open() {
            findings.skip(
                "subset",
                format!(
                    "of hosts in namespace `{0}` {1}",
                    target.namespace,
                    context.mesh.why_unknown("DestinationRule", target.namespace)
                ),
                format!("pass its DestinationRules, or say --complete destinationrules:{}", target.namespace),
            );
            continue;
        }
        let host = context.brief(use_.host);
        let clients = describe::clients(&outcome.clients);
        let others = rules_with(context, target, subset.value);
        let message = match others.is_empty() {
            true => format!("no DestinationRule gives {host} a subset `{}`", subset.value),
            false => format!("the subset `{}` of {host} does not exist for {clients}", subset.value),
        };
        let mut draft =
            Draft::new(subset, message).label("no such subset").note(describe::no_cluster(service, use_, &clients));
        if let Some((node, words)) = condition_of(service, use_) {
            draft = draft.related(node, words);
        }
        draft = explain(draft, rule, others.first(), subset.value);
        findings.push(draft);
    }
}

/// Subsets that are declared, and that istiod leaves out because nothing would be in them.
fn check_empty<'m, 'd>(
    context: &Context<'m, 'd>,
    service: &'m PreparedVirtualService<'d>,
    findings: &mut Findings<'d>,
) {
    for outcome in context.effects(service).outcomes(|u| matches!(u.cluster, Cluster::EmptySubset { .. })) {
        let use_ = outcome.example;
        let (Cluster::EmptySubset { service: target, rule }, Some(subset)) = (use_.cluster, use_.destination.subset)
        else {
            continue;
        };
        let clients = describe::clients(&outcome.clients);
        let host = context.brief(use_.host);
        let message = format!("no endpoint of {host} has the labels of the subset `{}`", subset.value);
        let mut draft = Draft::new(subset, message)
            .label("istiod makes no cluster for it")
            .related(target.host_node, "the endpoints are listed here, and Envoy resolves their names")
            .note(describe::no_cluster(service, use_, &clients));
        if let Some(declared) = rule.and_then(|rule| rule.subset(subset.value)) {
            draft = draft.related(declared.name, "the subset");
        }
        findings.push(draft);
    }
}

/// Whether one of the namespaces that count is known to have more rules than are among the inputs, or may have.
fn is_partial(context: &Context<'_, '_>, target: &Service<'_>, use_: &DestinationUse<'_, '_>) -> bool {
    let mesh = context.mesh;
    let may_have_more = |home: &str| mesh.is_partial(home) && !mesh.is_complete(CompleteKind::DestinationRules, home);
    may_have_more(use_.client.namespace) || may_have_more(target.namespace)
}

/// Whether the inputs would hold the rule for a host, if there were one: some rule of the namespaces
/// that count is among them.
fn knows_rules(context: &Context<'_, '_>, target: &Service<'_>, use_: &DestinationUse<'_, '_>) -> bool {
    let mesh = context.mesh;
    let namespaces = [use_.client.namespace, target.namespace];
    let declared = |namespace: &str| mesh.is_complete(CompleteKind::DestinationRules, namespace);
    let has_some = |namespace: &str| mesh.destination_rules.has_any_in(namespace) && !mesh.is_partial(namespace);
    namespaces.into_iter().any(|namespace| has_some(namespace) || declared(namespace))
}

/// The condition under which requests take the route of a destination.
fn condition_of<'d>(
    service: &PreparedVirtualService<'d>,
    use_: &DestinationUse<'_, 'd>,
) -> Option<(crate::document::Node<'d>, String)> {
    let holds = |route: &&crate::mesh::PreparedRoute<'d>| {
        let mut all = route.route.destinations().chain(route.route.mirrors());
        all.any(|d| d.node == use_.destination.node)
    };
    describe::condition(service.routes.iter().find(holds)?)
}

/// Rules that declare the subset and are not the one that counts, in a stable order.
fn rules_with<'d>(context: &Context<'_, 'd>, target: &Service<'d>, subset: &str) -> Vec<DestinationRule<'d>> {
    let rules = context.mesh.destination_rules.covering(&target.host);
    let mut rules: Vec<_> = rules.filter(|rule| rule.subset(subset).is_some()).map(MergedRule::first).collect();
    rules.sort_by_key(|rule| (rule.object.namespace(), rule.object.name()));
    rules
}

fn explain<'d>(
    mut draft: Draft<'d>,
    rule: Option<&MergedRule<'d>>,
    other: Option<&DestinationRule<'d>>,
    subset: &str,
) -> Draft<'d> {
    if let Some(rule) = rule {
        let name = rule.first().object.id();
        let names = rule.subsets.iter().map(|s| s.name.value);
        if let Some(near) = similar(subset, names) {
            draft = draft.help(format!("did you mean `{near}`?"));
        }
        for (place, declared) in rule.subsets.iter().take(3).enumerate() {
            draft = draft.related(declared.name, if place == 0 { format!("{name} has these") } else { String::new() });
        }
        if rule.subsets.is_empty() {
            draft = draft.related(rule.first().object, format!("{name} is the rule for this host; it has no subsets"));
        }
    }
    match other {
        Some(other) => {
            let id = other.object.id();
            let why = match rule {
                Some(_) => "but another rule takes its place for this client",
                None => "but these clients do not see it",
            };
            draft.related(other.object, format!("{id} has it, {why}"))
        }
        None if rule.is_none() => draft.label("no DestinationRule is for this host").confidence(Confidence::Medium),
        None => draft,
    }
}
