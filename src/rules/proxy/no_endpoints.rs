//! A route of a proxy leads to a cluster without endpoints.
//!
//! ## What it finds
//! In a dump with endpoints: a cluster that a route leads to, or that another proxy, a filter, a log
//! or a tracer calls, and for which EDS, DNS or the cluster itself lists no endpoint; also an
//! aggregate cluster of which no member has one. By default Envoy uses unhealthy endpoints where too few are
//! healthy; istiod forbids it (a `healthy_panic_threshold` of 0), and then unhealthy ones do not
//! count.
//!
//! ## Why it matters
//! Requests end in `503` with the flag `UH` (`no_healthy_upstream`), connections of a TCP proxy are
//! closed.
//!
//! ## Example
//! ```json
//! {"endpoint_config": {"cluster_name": "outbound|8080|v2|catalog.shop.svc.cluster.local", "policy": {}}}
//! ```
//!
//! ## Use instead
//! Pods that the Service selects, or labels of a subset that some of them carry. Where all are
//! unhealthy: fewer ejected at a time (`maxEjectionPercent`).
//!
//! ## When to ignore it
//! When the service is scaled down, or nobody calls it from this proxy: for routes that no
//! VirtualService made, the finding is a warning only.
//!
//! ## Inputs
//! A dump with its clusters, routes and endpoints (`/config_dump?include_eds`).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::missing_cluster::{callers, doubt, origin, others, way};
use super::prelude::*;
use crate::envoy::{
    BLACK_HOLE, Callers, ClusterEntry, ClusterKind, ClusterName, Dump, LoadAssignment, Reference, ReferenceKind,
    ResourceState,
};
use crate::finding::{Subject, Symptom};
use crate::simulate::takes_requests;

const META: Meta = Meta { id: "no-endpoints", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    if dump.document.loses_content() || dump.references().len() == 0 {
        return;
    }
    let assignments: Assignments<'_, 'd> = dump.endpoints.iter().map(|a| (a.cluster_name, a)).collect();
    let clusters = dump.clusters.iter().map(|entry| has_endpoints(entry, &assignments));
    let alone: Vec<Option<bool>> = clusters.collect();
    let has_endpoints: Vec<Option<bool>> =
        dump.clusters.iter().zip(&alone).map(|(entry, own)| own.or_else(|| of_members(dump, entry, &alone))).collect();
    let mut empty: BTreeMap<&str, Vec<Reference<'d>>> = BTreeMap::new();
    let mut is_unknown = false;
    // That one member of an aggregate cluster is empty is what the others are for.
    for lead in dump.references().filter(|lead| !lead.is_of_member()) {
        match lead.target().and_then(|place| has_endpoints.get(place)) {
            Some(Some(false)) => {
                if let Some(reference) =
                    lead.reference().filter(|reference| callers(dump, reference) != Callers::Nobody)
                {
                    empty.entry(reference.cluster.name.value).or_default().push(reference);
                }
            }
            Some(None) => is_unknown |= lead.cluster().is_some_and(has_endpoints_from_elsewhere),
            _ => {}
        }
    }
    if is_unknown && !dump.has_section("endpoints") {
        findings.skip("proxy", "(the dump has no endpoints)", "take the dump with /config_dump?include_eds");
    }
    let is_by_hand = |name: &str, references: &[Reference<'d>]| {
        let is_called = |r: &Reference<'d>| matches!(r.cluster.kind, ReferenceKind::Service { .. });
        ClusterName::parse(name).is_none() || references.iter().any(|r| origin(r).is_some() || is_called(r))
    };
    let (by_hand, by_default): (Vec<_>, Vec<_>) =
        empty.into_iter().partition(|(name, references)| is_by_hand(name, references));
    for (name, references) in by_hand {
        findings.extend_with(draft(dump, &assignments, name, &references));
    }
    if by_default.len() > FEW {
        findings.push(summary(dump, &assignments, &by_default));
    } else {
        for (name, references) in by_default {
            let draft = draft(dump, &assignments, name, &references);
            findings.extend_with(draft.map(|draft| draft.severity(Severity::Warning)));
        }
    }
}

/// The endpoints by the cluster that they are for.
type Assignments<'a, 'd> = FxHashMap<&'d str, &'a LoadAssignment<'d>>;

/// Up to this many services that only istiod's own routes lead to are told one by one.
const FEW: usize = 3;

/// One finding for all services without endpoints that no VirtualService leads to: proxies have
/// routes for every service of the mesh, called or not.
fn summary<'d>(dump: &Dump<'d>, assignments: &Assignments<'_, 'd>, empty: &[(&str, Vec<Reference<'d>>)]) -> Draft<'d> {
    let names: Vec<String> = empty
        .iter()
        .filter_map(|(name, _)| ClusterName::parse(name))
        .map(|n| format!("{}:{}", n.host, n.port))
        .collect();
    let places = empty.iter().filter_map(|(_, references)| references.first());
    let mut places = places.map(|reference| reference.cluster.name);
    let first = places.next();
    let nothing = match empty.iter().any(|(name, _)| unhealthy(dump, assignments, name) > 0) {
        true => "nothing, or nothing healthy,",
        false => "nothing",
    };
    let message = format!("{nothing} is behind {} services that this proxy has routes for: 503 UH", empty.len());
    let mut draft = match first {
        Some(first) => Draft::new(first, message),
        None => Draft::new(crate::finding::Place::of_span(dump.document, crate::document::Span::new(0, 0)), message),
    };
    draft = draft
        .label("one of them")
        .severity(Severity::Warning)
        .note(format!("they are {}", describe::list(&names, 12)))
        .note("requests for them get 503 UH (no_healthy_upstream); no VirtualService leads there")
        .subject(Subject::Proxy { proxy: dump.proxy().to_owned(), section: "routes", resource: String::new() });
    for place in places.take(2) {
        draft = draft.related(place, "another");
    }
    draft
}

/// How many endpoints a cluster has that takes no requests: all of them are unhealthy.
fn unhealthy(dump: &Dump<'_>, assignments: &Assignments<'_, '_>, name: &str) -> usize {
    let service_name = dump.cluster(name).and_then(|entry| entry.cluster.service_name).unwrap_or(name);
    assignments.get(service_name).map_or(0, |assignment| assignment.endpoints().count())
}

/// Whether a cluster has any endpoint for requests. Nothing where the dump does not tell.
fn has_endpoints(entry: &ClusterEntry<'_>, assignments: &Assignments<'_, '_>) -> Option<bool> {
    let cluster = &entry.cluster;
    if cluster.name.value == BLACK_HOLE {
        return Some(true); // it is meant to lead nowhere
    }
    if entry.state == ResourceState::Warming {
        return None; // another rule's
    }
    let name = cluster.service_name.unwrap_or(cluster.name.value);
    let assigned = assignments.get(name).map(|assignment| takes_requests(assignment, cluster));
    let own = || cluster.load_assignment().map(|assignment| takes_requests(&assignment, cluster));
    match cluster.kind {
        ClusterKind::OriginalDestination | ClusterKind::Custom => None,
        ClusterKind::Eds => assigned,
        ClusterKind::Dns => assigned.filter(|found| *found || !cluster.lists_hosts()).or(Some(true)),
        ClusterKind::Static => Some(assigned.or_else(own).unwrap_or_else(|| cluster.lists_hosts())),
    }
}

/// Whether endpoints in the dump would tell: of those that are wherever connections go, none does.
fn has_endpoints_from_elsewhere(entry: &ClusterEntry<'_>) -> bool {
    entry.cluster.kind == ClusterKind::Eds || !entry.cluster.members().is_empty()
}

/// Whether any of the clusters of an aggregate cluster has an endpoint for requests.
fn of_members(dump: &Dump<'_>, entry: &ClusterEntry<'_>, alone: &[Option<bool>]) -> Option<bool> {
    let members = entry.cluster.members();
    let of_one = |member: &str| match dump.cluster_place(member) {
        Some(place) => alone.get(place as usize).copied().flatten(),
        None => dump.knows_clusters().then_some(false),
    };
    let found: Vec<Option<bool>> = members.iter().map(|member| of_one(member.value)).collect();
    match found.contains(&Some(true)) {
        true => Some(true),
        false => (!found.is_empty() && !found.contains(&None)).then_some(false),
    }
}

fn draft<'d>(
    dump: &Dump<'d>,
    assignments: &Assignments<'_, 'd>,
    name: &str,
    references: &[Reference<'d>],
) -> Option<Draft<'d>> {
    // A route that somebody wrote tells more than one that istiod makes for every service.
    let first =
        references.iter().min_by_key(|r| (callers(dump, r), r.cluster.kind.is_dispensable(), origin(r).is_none()))?;
    let are_all = |kind| references.iter().all(|r| r.cluster.kind == kind);
    let is_mirror = are_all(ReferenceKind::Mirror);
    let (outcome, explained) = match first.cluster.kind {
        ReferenceKind::TcpProxy if are_all(ReferenceKind::TcpProxy) => {
            ("connections are closed", "connections that are sent there are closed".to_owned())
        }
        ReferenceKind::Service { service, is_open } => {
            (service.outcome(is_open), format!("{} this cluster", way(first)))
        }
        _ if is_mirror => {
            ("copies are dropped", "copies that are sent there get no answer, which nobody waits for".to_owned())
        }
        _ => ("503 UH", "requests that are sent there get 503 UH (no_healthy_upstream)".to_owned()),
    };
    let (target, label) = match ClusterName::parse(name) {
        Some(parts) if !parts.subset.is_empty() => (
            format!("subset {} of {}:{}", parts.subset, parts.host, parts.port),
            "no endpoint carries the labels of this subset",
        ),
        Some(parts) => (format!("{}:{}", parts.host, parts.port), "this cluster has no endpoint"),
        None => (name.to_owned(), "this cluster has no endpoint"),
    };
    let unhealthy = unhealthy(dump, assignments, name);
    let (nothing, label) = match unhealthy {
        0 => ("nothing", label.to_owned()),
        1 => ("nothing healthy", "its endpoint is unhealthy".to_owned()),
        several => ("nothing healthy", format!("its {several} endpoints are all unhealthy")),
    };
    let mut draft = Draft::new(first.cluster.name, format!("{nothing} is behind {target}: {outcome}"))
        .label(label)
        .subject(Subject::Proxy {
            proxy: dump.proxy().to_owned(),
            section: first.place.section(),
            resource: first.place.describe(),
        })
        .symptom(Symptom::EmptyCluster(name.to_owned()))
        .origin(origin(first));
    if references.len() > 1 {
        draft = draft.note(others(references));
    }
    if let ReferenceKind::Weighted { weight, total } = first.cluster.kind {
        draft = draft.note(format!("{weight} of {total} requests go there"));
    }
    let whole_has = without_subset_has(dump, name).filter(|_| unhealthy == 0);
    draft = draft.help(help(name, unhealthy > 0, whole_has == Some(true)));
    draft = draft.note(match whole_has {
        Some(true) => "the service itself has endpoints: the labels of the subset are the cause".to_owned(),
        Some(false) => "the service itself has none either".to_owned(),
        None => explained,
    });
    if references.iter().all(|r| r.cluster.kind.is_dispensable()) {
        draft = draft.severity(Severity::Warning);
    }
    Some(match callers(dump, first) {
        Callers::Unknown => doubt(draft, first),
        _ => draft,
    })
}

/// What to do about a cluster that takes no requests.
fn help(name: &str, has_unhealthy: bool, is_fault_of_subset: bool) -> &'static str {
    match ClusterName::parse(name) {
        _ if has_unhealthy => "see why they are unhealthy: their readiness, health checks or ejections",
        Some(_) if is_fault_of_subset => "give pods the labels of the subset, or correct them in the DestinationRule",
        Some(_) => "see which pods the Service selects, and whether they are ready",
        None => "see where it has its endpoints from: its `load_assignment`, DNS or the control plane (EDS)",
    }
}

/// For a subset's cluster: whether the cluster of the whole service has endpoints.
fn without_subset_has(dump: &Dump<'_>, name: &str) -> Option<bool> {
    let parts = ClusterName::parse(name).filter(|parts| !parts.subset.is_empty())?;
    let whole = format!("{}|{}||{}", parts.direction, parts.port, parts.host);
    let assignment = dump.endpoints.iter().find(|a| a.cluster_name == whole)?;
    Some(assignment.endpoints().next().is_some())
}
