//! A host, or a rule for it, is declared twice, and one declaration takes the other's place.
//!
//! ## What it finds
//! - A ServiceEntry with the host of a Kubernetes service, or of a ServiceEntry in another namespace.
//! - Two DestinationRules of one namespace for one host: they merge, and what both set is taken from
//!   the older one.
//! - A DestinationRule for a wildcard beside one for a host under it, and one in a client's namespace
//!   beside that of the service's owner: the nearer one replaces the other as a whole. Nothing is
//!   inherited. Both may be meant.
//!
//! ## Why it matters
//! Policies, subsets and endpoints that were written down are not in effect, for some clients or for
//! all.
//!
//! ## Example
//! ```yaml
//! kind: DestinationRule
//! spec:
//!   host: "*.shop.svc.cluster.local"
//!   trafficPolicy: {connectionPool: {tcp: {maxConnections: 100}}}
//! ---
//! kind: DestinationRule
//! spec:
//!   host: catalog        # has no connection limit
//!   subsets: […]
//! ```
//!
//! ## Use instead
//! One declaration per host; repeat the shared policy in the specific rule.
//!
//! ## When to ignore it
//! When replacing is what the second declaration is for.
//!
//! ## Inputs
//! The Services, ServiceEntries and DestinationRules.

use rustc_hash::FxHashMap;

use super::prelude::*;
use crate::istio::{DestinationRule, NETWORKING};
use crate::mesh::{Service, is_subset_of, is_wildcard, resolve};

const META: Meta = Meta {
    id: "shadowed-host",
    family: Family::Conflict,
    severity: Severity::Warning,
    aliases: &["KIA0201", "KIA1211", "KIA1212"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check_services), Check::Mesh(check_rules)] };

fn check_services<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    for entry in mesh.services.iter().filter(|s| !s.is_kubernetes()) {
        let earlier = mesh.services_of(&entry.host).take_while(|s| !std::ptr::eq(*s, entry));
        let kubernetes = mesh.services_of(&entry.host).find(|s| s.is_kubernetes());
        if let Some(service) = kubernetes {
            if is_seen_with(entry, service) {
                findings.push(over_service(entry, service));
            }
        } else if let Some(other) = earlier.into_iter().find(|other| competes(other, entry)) {
            findings.push(over_entry(entry, other));
        }
    }
}

/// Whether two entries of one host answer for the same port to the same client.
fn competes(a: &Service<'_>, b: &Service<'_>) -> bool {
    let both_seen = a.visibility.is_public
        || b.visibility.is_public
        || a.visibility.namespaces.iter().any(|n| b.visibility.includes(n));
    let same_object = a.object().node() == b.object().node();
    both_seen && !same_object && a.ports.iter().any(|p| b.port(p.number).is_some())
}

/// Whether whoever sees an entry sees the Service as well: one that is kept from others may be so for
/// the entry's sake.
fn is_seen_with(entry: &Service<'_>, service: &Service<'_>) -> bool {
    let sees_both = |namespace: &&str| service.visibility.includes(namespace);
    service.visibility.is_public || (!entry.visibility.is_public && entry.visibility.namespaces.iter().all(sees_both))
}

fn over_service<'d>(entry: &Service<'d>, service: &Service<'d>) -> Draft<'d> {
    let draft = Draft::new(entry.host_node, format!("a Kubernetes Service has the host {} already", entry.host))
        .label("the same host")
        .related(service.host_node, "declared by this Service");
    if entry.namespace == service.namespace {
        return draft
            .note("the Service is used, whatever the order of creation: the ServiceEntry has no effect for this host")
            .help("use another host, or add the endpoints to the Service");
    }
    draft
        .note(format!("clients in namespace {} get the ServiceEntry, all others the Service", entry.namespace))
        .help("use another host, unless that is the purpose")
}

fn over_entry<'d>(entry: &Service<'d>, other: &Service<'d>) -> Draft<'d> {
    Draft::new(
        entry.host_node,
        format!("another ServiceEntry has the host {} on the same port", entry.host),
    )
    .label("the same host")
    .related(other.host_node, "declared here first")
    .severity(Severity::Info)
    .note(
        "a client uses the one of its own namespace, else the older one; ports and resolution of the other are ignored",
    )
    .help("merge the two")
}

fn check_rules<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    let rules: Vec<_> = mesh
        .all_of(NETWORKING, "DestinationRule")
        .iter()
        .filter_map(|o| DestinationRule::of(*o))
        .filter_map(|rule| named(context, rule))
        .collect();
    let mut alike: FxHashMap<(&str, &str), Vec<DestinationRule<'d>>> = FxHashMap::default();
    for (rule, namespace, host) in &rules {
        let earlier = alike.entry((namespace, host)).or_default();
        if let Some(first) = earlier.iter().find(|other| merges(**other, *rule)) {
            findings.extend_with(overlap(*first, *rule, host));
        }
        earlier.push(*rule);
        if is_wildcard(host) {
            let replaced = rules.iter().find(|(other, home, h)| {
                home == namespace && h != host && is_subset_of(h, host) && other.workload_selector().is_none()
            });
            if let (Some((specific, ..)), Some(_)) = (replaced, rule.traffic_policy()) {
                findings.push(replaced_wildcard(*rule, *specific, host));
            }
            continue;
        }
        let owner = mesh.services_of(host).next().map(|s| s.namespace).filter(|owner| owner != namespace);
        let owners = rules.iter().find(|(_, home, h)| Some(*home) == owner && is_subset_of(host, h));
        let is_root = *namespace == mesh.options.root_namespace;
        if let Some((owners, ..)) = owners.filter(|_| !is_root) {
            findings.push(replaced_owner(*rule, *owners, namespace));
        }
    }
}

fn named<'d>(context: &Context<'_, 'd>, rule: DestinationRule<'d>) -> Option<(DestinationRule<'d>, &'d str, String)> {
    let options = context.mesh.options;
    let namespace = rule.object.namespace();
    let host = resolve(rule.host()?.value, namespace, &options.cluster_domain).into_owned();
    Some((rule, namespace, host))
}

/// Rules merge if they are for the same clients and exported alike.
fn merges(a: DestinationRule<'_>, b: DestinationRule<'_>) -> bool {
    let export = |r: DestinationRule<'_>| r.export_to().map(crate::document::Node::to_json);
    a.workload_selector().is_none() && b.workload_selector().is_none() && export(a) == export(b)
}

/// What the later of two merging rules loses.
fn overlap<'d>(first: DestinationRule<'d>, second: DestinationRule<'d>, host: &str) -> Option<Draft<'d>> {
    let same = |a: crate::document::Node<'_>, b: crate::document::Node<'_>| a.to_json() == b.to_json();
    if let (Some(used), Some(lost)) = (first.traffic_policy(), second.traffic_policy())
        && !same(used, lost)
    {
        let place = crate::finding::Place::of_key(lost);
        return Some(
            Draft::new(
                place,
                format!("another DestinationRule has a traffic policy for {host} already"),
            )
            .label("has no effect")
            .related(crate::finding::Place::of_key(used), "this one is used")
            .note("rules of one namespace for one host merge: subsets are added, the policy is that of the older rule")
            .help("put both into one rule"),
        );
    }
    let twin = second.subsets().find_map(|subset| {
        let other = first.subsets().find(|s| s.name.value == subset.name.value)?;
        (!same(other.node, subset.node)).then_some((other, subset))
    });
    let (used, lost) = twin?;
    Some(
        Draft::new(
            lost.name,
            format!("another DestinationRule declares a subset `{}` of {host} already", lost.name.value),
        )
        .label("has no effect")
        .related(used.name, "this one is used")
        .note("rules of one namespace for one host merge; of two subsets with one name the older rule's counts")
        .help("put both into one rule, or give the subset another name"),
    )
}

fn replaced_wildcard<'d>(wildcard: DestinationRule<'d>, specific: DestinationRule<'d>, host: &str) -> Draft<'d> {
    let place = wildcard.traffic_policy().map(crate::finding::Place::of_key);
    let place = place.unwrap_or_else(|| wildcard.object.into());
    let mut draft = Draft::new(place, format!("the policy for `{host}` is not that of every host under it"))
        .label("not inherited by the more specific rule")
        .severity(Severity::Info)
        .note("a rule for a more specific host replaces this one as a whole: nothing is inherited")
        .help("repeat what is to hold for both");
    if let Some(host) = specific.host() {
        draft = draft.related(host, "this rule takes its place for this host");
    }
    draft
}

fn replaced_owner<'d>(rule: DestinationRule<'d>, owners: DestinationRule<'d>, namespace: &str) -> Draft<'d> {
    let mut draft =
        Draft::new(rule.object, format!("clients in namespace {namespace} do not use the owner's DestinationRule"))
            .label("takes its place for them")
            .severity(Severity::Info)
            .note(
                "a rule in the client's namespace replaces the owner's as a whole, subsets and TLS settings included",
            );
    if let Some(host) = owners.host() {
        draft = draft.related(host, "the owner's rule for this host");
    }
    draft.help("repeat what is to hold, or leave the rule to the owner")
}
