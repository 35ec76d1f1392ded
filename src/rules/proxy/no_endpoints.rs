//! A route of a proxy leads to a cluster without endpoints.
//!
//! ## What it finds
//! In a dump with endpoints: a cluster that a route or a TCP proxy leads to and for which EDS, DNS or
//! the cluster itself lists no endpoint. By default Envoy uses unhealthy endpoints where too few are
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

use super::missing_cluster::{callers, doubt, origin};
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
    let has_endpoints: Vec<Option<bool>> = clusters.collect();
    let mut empty: BTreeMap<&str, Vec<Reference<'d>>> = BTreeMap::new();
    let mut is_unknown = false;
    for lead in dump.references() {
        match lead.target().and_then(|place| has_endpoints.get(place)) {
            Some(Some(false)) => {
                if let Some(reference) =
                    lead.reference().filter(|reference| callers(dump, reference) != Callers::Nobody)
                {
                    empty.entry(reference.cluster.name.value).or_default().push(reference);
                }
            }
            Some(None) => is_unknown = true,
            _ => {}
        }
    }
    if is_unknown && !dump.has_section("endpoints") {
        findings.skip("proxy", "(the dump has no endpoints)", "take the dump with /config_dump?include_eds");
    }
    let is_by_hand = |name: &str, references: &[Reference<'d>]| {
        ClusterName::parse(name).is_none() || references.iter().any(|r| origin(r).is_some())
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
    match cluster.kind {
        ClusterKind::OriginalDestination | ClusterKind::Custom => None,
        ClusterKind::Eds => assigned,
        ClusterKind::Dns => assigned.filter(|found| *found || !cluster.lists_hosts()).or(Some(true)),
        ClusterKind::Static => Some(assigned.unwrap_or(false) || cluster.lists_hosts()),
    }
}

fn draft<'d>(
    dump: &Dump<'d>,
    assignments: &Assignments<'_, 'd>,
    name: &str,
    references: &[Reference<'d>],
) -> Option<Draft<'d>> {
    // A route that somebody wrote tells more than one that istiod makes for every service.
    let first = references.iter().min_by_key(|r| (callers(dump, r), origin(r).is_none()))?;
    let are_all = |kind| references.iter().all(|r| r.cluster.kind == kind);
    let is_mirror = are_all(ReferenceKind::Mirror);
    let (outcome, explained) = match are_all(ReferenceKind::TcpProxy) {
        true => ("connections are closed", "connections that are sent there are closed"),
        false if is_mirror => {
            ("copies are dropped", "copies that are sent there get no answer, which nobody waits for")
        }
        false => ("503 UH", "requests that are sent there get 503 UH (no_healthy_upstream)"),
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
        draft = draft.note(format!("{} routes lead to this cluster", references.len()));
    }
    if let ReferenceKind::Weighted { weight, total } = first.cluster.kind {
        draft = draft.note(format!("{weight} of {total} requests go there"));
    }
    draft = draft.note(match without_subset_has(dump, name).filter(|_| unhealthy == 0) {
        Some(true) => "the service itself has endpoints: the labels of the subset are the cause",
        Some(false) => "the service itself has none either",
        None => explained,
    });
    if is_mirror {
        draft = draft.severity(Severity::Warning);
    }
    Some(match callers(dump, first) {
        Callers::Unknown => doubt(draft, first),
        _ => draft,
    })
}

/// For a subset's cluster: whether the cluster of the whole service has endpoints.
fn without_subset_has(dump: &Dump<'_>, name: &str) -> Option<bool> {
    let parts = ClusterName::parse(name).filter(|parts| !parts.subset.is_empty())?;
    let whole = format!("{}|{}||{}", parts.direction, parts.port, parts.host);
    let assignment = dump.endpoints.iter().find(|a| a.cluster_name == whole)?;
    Some(assignment.endpoints().next().is_some())
}
