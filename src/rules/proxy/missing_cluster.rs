//! A route of a proxy leads to a cluster that the proxy does not have.
//!
//! ## What it finds
//! In a dump: the cluster of a route, of a share of a weighted route, of a mirror, of a proxy for
//! TCP, UDP, Redis, Dubbo or Thrift that is not among the proxy's clusters; likewise of what a filter
//! calls (external authorization, rate limit, external processing, keys of tokens, sign-in), of an
//! access log, of tracing, and of an aggregate cluster. Virtual hosts that istiod makes in sidecars
//! for a port their service does not have are left out: nobody calls them. Where the proxy does not
//! know the service, the finding is for information only.
//!
//! ## Why it matters
//! Requests that take the route end in `503` with the flag `NC` (`cluster_not_found`), connections
//! of a TCP proxy are closed. Copies for a mirror are dropped. A filter that does not reach its
//! service refuses requests, or does nothing, as it is configured; logs and spans are lost.
//!
//! ## Example
//! ```json
//! {"match": {"prefix": "/"}, "route": {"cluster": "outbound|8080|v3|catalog.shop.svc.cluster.local"}}
//! ```
//!
//! ## Use instead
//! For a cluster of Istio's: a DestinationRule that declares the subset, a Service with the port,
//! and both visible to the proxy.
//!
//! ## When to ignore it
//! Never: where clusters come on demand (ODCDS), nothing is said.
//!
//! ## Inputs
//! A dump with its clusters and routes.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::envoy::{
    Callers, ClusterName, Dump, IstioMetadata, Lead, Reference, ReferenceKind, ReferencePlace, ResourceState,
};
use crate::finding::{Subject, Symptom};
use crate::similar::similar;

const META: Meta = Meta { id: "missing-cluster", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

/// Where more clusters than this are missing, nobody misspelt them.
const MOST_SLIPS: usize = 100;

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    if !dump.knows_clusters() {
        if dump.references().len() > 0 {
            findings.skip("proxy", "(its clusters are not, or not all, in the dump)", "take the whole dump");
        }
        return;
    }
    // One cluster may be missing from many routes: one finding with all of them.
    let mut missing: BTreeMap<(&str, bool), Vec<Reference<'d>>> = BTreeMap::new();
    let nowhere = dump.references().filter(|lead| lead.cluster().is_none() && !lead.is_unused());
    for reference in nowhere.filter_map(Lead::reference).filter(|one| callers(dump, one) != Callers::Nobody) {
        let kind = reference.cluster.kind;
        missing.entry((reference.cluster.name.value, kind.is_dispensable())).or_default().push(reference);
    }
    missing.retain(|_, references| {
        !references.iter().all(|one| comes_on_demand(dump, one) || may_be_of_bootstrap(dump, one))
    });
    let may_be_slips = missing.len() <= MOST_SLIPS;
    for ((name, is_dispensable), references) in missing {
        let draft = draft(dump, name, is_dispensable, &references);
        findings.extend_with(draft.map(|draft| draft.help(help(dump, name, may_be_slips))));
    }
}

/// Whether the proxy asks for the cluster when a request needs it.
fn comes_on_demand(dump: &Dump<'_>, reference: &Reference<'_>) -> bool {
    let is_of_route = matches!(reference.place, ReferencePlace::Route { .. });
    is_of_route && (reference.place.asks_for_clusters() || dump.asks_for_clusters())
}

/// Whether what a filter or log calls may be one of the bootstrap's clusters, which istiod's own
/// account of a proxy leaves out.
fn may_be_of_bootstrap(dump: &Dump<'_>, reference: &Reference<'_>) -> bool {
    let is_service = matches!(reference.cluster.kind, ReferenceKind::Service { .. });
    let knows_bootstrap =
        || dump.bootstrap.is_some() || dump.clusters.iter().any(|one| one.state == ResourceState::Static);
    is_service && ClusterName::parse(reference.cluster.name.value).is_none() && !knows_bootstrap()
}

/// Who may take the way that a reference is.
pub(super) fn callers(dump: &Dump<'_>, reference: &Reference<'_>) -> Callers {
    match reference.place {
        ReferencePlace::Route { config, virtual_host, .. } => dump.callers(config, virtual_host),
        ReferencePlace::Listener { .. } | ReferencePlace::Cluster { .. } => Callers::Any,
    }
}

/// What is said of a way of which nobody knows whether it is taken.
pub(super) fn doubt<'d>(draft: Draft<'d>, reference: &Reference<'d>) -> Draft<'d> {
    let ReferencePlace::Route { virtual_host, .. } = reference.place else { return draft };
    let (host, port) = virtual_host.address().unwrap_or_default();
    draft
        .severity(Severity::Info)
        .confidence(Confidence::Medium)
        .note(format!("this proxy does not know {host}: there are such requests only if it has a port {port}"))
}

/// What refers to a cluster, and how that is said: `listener 0.0.0.0_80 leads to`.
pub(super) fn way(reference: &Reference<'_>) -> String {
    match (reference.place, reference.cluster.kind) {
        (ReferencePlace::Route { virtual_host, .. }, _) => format!("a route of {} leads to", virtual_host.name()),
        (ReferencePlace::Listener { listener, .. }, ReferenceKind::Service { service, .. }) => {
            format!("{} of listener {listener} calls", service.caller())
        }
        (ReferencePlace::Listener { listener, .. }, _) => format!("listener {listener} leads to"),
        (ReferencePlace::Cluster { cluster }, _) => format!("the aggregate cluster {} has", cluster.name.value),
    }
}

fn draft<'d>(dump: &Dump<'d>, name: &str, is_dispensable: bool, references: &[Reference<'d>]) -> Option<Draft<'d>> {
    let first = references.iter().min_by_key(|reference| callers(dump, reference))?;
    let outcome = match first.cluster.kind {
        ReferenceKind::Mirror => "copies are dropped",
        ReferenceKind::TcpProxy => "connections are closed",
        ReferenceKind::Service { service, is_open } => service.outcome(is_open),
        ReferenceKind::Member { has_others: true } => "it is passed over",
        ReferenceKind::Member { has_others: false } => "503 UH",
        ReferenceKind::Route | ReferenceKind::Weighted { .. } => "503 NC",
    };
    let place = first.cluster.name;
    let mut draft = Draft::new(place, format!("{} a cluster that is not there: {outcome}", way(first)))
        .label(format!("not among {}{}", all(dump), relatives(dump, name)))
        .subject(Subject::Proxy {
            proxy: dump.proxy().to_owned(),
            section: first.place.section(),
            resource: first.place.describe(),
        })
        .symptom(Symptom::MissingCluster(name.to_owned()))
        .origin(origin(first));
    if let ReferenceKind::Weighted { weight, total } = first.cluster.kind {
        draft = draft.note(format!("{weight} of {total} requests go there"));
    }
    if references.len() > 1 {
        draft = draft.note(others(references));
    }
    if is_dispensable {
        draft = draft.severity(Severity::Warning);
    }
    if callers(dump, first) == Callers::Unknown {
        draft = doubt(draft, first);
    }
    Some(draft)
}

/// The clusters of a proxy, for people.
fn all(dump: &Dump<'_>) -> String {
    match dump.clusters.len() {
        1 => "this proxy's clusters, of which there is one".to_owned(),
        several => format!("this proxy's {several} clusters"),
    }
}

/// How many refer to a cluster.
pub(super) fn others(references: &[Reference<'_>]) -> String {
    let are_routes = references.iter().all(|one| matches!(one.place, ReferencePlace::Route { .. }));
    match are_routes {
        true => format!("{} routes lead to this cluster", references.len()),
        false => format!("{} places in this proxy's configuration name this cluster", references.len()),
    }
}

pub(super) fn origin(reference: &Reference<'_>) -> Option<crate::envoy::Origin> {
    match reference.place {
        ReferencePlace::Route { route, .. } => IstioMetadata::of(route.node)?.origin(),
        ReferencePlace::Listener { chain, .. } => IstioMetadata::of(chain.node)?.origin(),
        ReferencePlace::Cluster { cluster } => IstioMetadata::of(cluster.node)?.origin(),
    }
}

/// Clusters of the same host and port, or of the same host, that are there.
fn relatives(dump: &Dump<'_>, name: &str) -> String {
    let Some(wanted) = ClusterName::parse(name) else {
        return String::new();
    };
    let all = || dump.clusters_of_host(wanted.host);
    let mut subsets: Vec<String> =
        all().filter(|n| n.port == wanted.port && !n.subset.is_empty()).map(|n| n.subset.to_owned()).collect();
    subsets.sort();
    subsets.dedup();
    if !subsets.is_empty() {
        return format!(" (of this host and port there are the subsets {})", describe::list(&subsets, 4));
    }
    let mut ports: Vec<u16> = all().map(|n| n.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    match ports.is_empty() {
        true => " (none is for this host)".to_owned(),
        false => format!(" (for this host there are ports {})", describe::list(&ports, 5)),
    }
}

fn help(dump: &Dump<'_>, name: &str, may_be_slip: bool) -> String {
    if let Some(help) = help_for_service(dump, name) {
        return help;
    }
    // Nobody writes the names that istiod makes: one with another port is another cluster.
    let may_be_slip = may_be_slip && ClusterName::parse(name).is_none();
    let known = dump.clusters.iter().map(|entry| entry.cluster.name.value);
    match similar(name, known.filter(|_| may_be_slip)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a cluster that is there, or see at the control plane (CDS) why this one is not".to_owned(),
    }
}

/// What to do where the cluster is one that istiod makes of a service.
fn help_for_service(dump: &Dump<'_>, name: &str) -> Option<String> {
    let wanted = ClusterName::parse(name).filter(|n| n.direction == "outbound")?;
    let host = wanted.host;
    if let Some(full_name) = dump.host_clusters().full_name(host) {
        return Some(format!("write `{full_name}`: a host with a dot is taken as it stands"));
    }
    if !dump.host_clusters().has(host) {
        return Some(format!("declare {host}, export it to this proxy's namespace, or import it in its Sidecar"));
    }
    let has_port = dump.clusters_of_host(host).any(|other| other.port == wanted.port);
    Some(match (has_port, wanted.subset) {
        (false, _) => format!("use a port that {host} has"),
        (true, "") => format!("use a subset that {host} has"),
        (true, subset) => {
            format!("declare the subset `{subset}` in the DestinationRule that this proxy uses for {host}")
        }
    })
}
