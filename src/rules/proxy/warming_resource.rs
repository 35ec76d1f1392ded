//! A listener or a cluster waits and is not in use.
//!
//! ## What it finds
//! In a dump: listeners that only have a warming state, clusters in `dynamic_warming_clusters`, and
//! what they wait for: routes, secrets, or endpoints that have not come.
//!
//! ## Why it matters
//! A warming listener takes no connections, a warming cluster cannot be used: requests to it end in
//! `503`.
//!
//! ## Example
//! ```json
//! {"dynamic_warming_clusters": [{"cluster": {"name": "outbound|80||late.ns-1.svc.cluster.local", "type": "EDS"}}]}
//! ```
//!
//! ## Use instead
//! Find out at the control plane why what is awaited was not sent.
//!
//! ## When to ignore it
//! When the dump was taken while the proxy started.
//!
//! ## Inputs
//! A dump.

use super::prelude::*;
use crate::envoy::{Awaited, Cluster, ClusterKind, Dump, Listener, ListenerState, ResourceState};
use crate::finding::{Subject, Symptom};

const META: Meta = Meta { id: "warming-resource", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

/// This many are told one by one, the rest by number.
const SHOWN: usize = 3;

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let warming = dump.clusters.iter().filter(|entry| entry.state == ResourceState::Warming);
    for entry in warming.clone() {
        findings.push(of_cluster(dump, &entry.cluster));
    }
    let mut listeners = Vec::new();
    for entry in &dump.listeners {
        let state = |wanted| entry.versions.iter().find(|(state, _)| *state == wanted).map(|(_, l)| *l);
        if let Some(listener) = state(ListenerState::Warming) {
            listeners.push((
                entry.name,
                listener,
                state(ListenerState::Active).is_some(),
                Awaited::of_listener(dump, listener),
            ));
        }
    }
    // Those that wait for something of their own, then all that wait for the rest of the start.
    let (own, others): (Vec<_>, Vec<_>) = listeners.into_iter().partition(|(.., awaited)| !awaited.is_empty());
    for (name, listener, has_active, awaited) in &own {
        findings.push(of_listener(dump, name, *listener, *has_active, awaited));
    }
    if let Some((name, listener, has_active, _)) = others.first() {
        let mut draft = of_listener(dump, name, *listener, *has_active, &[]);
        if others.len() > 1 {
            let names: Vec<String> = others.iter().skip(1).map(|(name, ..)| (*name).to_owned()).collect();
            let verb = if names.len() == 1 { "does" } else { "do" };
            draft = draft.note(format!("so {verb} {}", describe::list(&names, SHOWN + 1)));
        }
        if !own.is_empty() && !takes_connections(dump) {
            draft = draft.note("nothing is missing for it: until all is ready, a starting Envoy opens no listener");
        }
        if let Some(cluster) = warming.clone().next() {
            draft = draft.related(
                cluster.cluster.name,
                "until every cluster is ready, Envoy starts no listener: this one is not",
            );
        }
        findings.push(draft);
    }
}

/// Whether any listener from the control plane is open: Envoy has started.
fn takes_connections(dump: &Dump<'_>) -> bool {
    let mut versions = dump.listeners.iter().flat_map(|entry| &entry.versions);
    versions.any(|(state, _)| *state == ListenerState::Active)
}

fn of_cluster<'d>(dump: &Dump<'d>, cluster: &Cluster<'d>) -> Draft<'d> {
    let name = cluster.name;
    let awaited = Awaited::of_cluster(dump, cluster);
    let by_nature = match cluster.kind {
        ClusterKind::Eds => Some("its endpoints (EDS)"),
        ClusterKind::Dns => Some("the resolution of its name"),
        _ => cluster.node.field("health_checks").map(|_| "its health checks"),
    };
    let (place, label) = match (by_nature, awaited.first()) {
        (Some(own), None) => (name, format!("waits for {own}")),
        (Some(own), Some(_)) => (name, format!("waits for {own}, or for its secrets")),
        (None, Some(first)) => (first.name, first.kind.label().to_owned()),
        (None, None) => (name, "waits for a secret of its TLS context".to_owned()),
    };
    let mut draft = Draft::new(place, format!("the cluster {} is warming: it cannot be used yet", name.value))
        .label(label)
        .note("requests that are routed to it get 503; while Envoy starts, its listeners wait for it as well")
        .help("see at the control plane why it was not sent")
        .subject(Subject::Proxy {
            proxy: dump.proxy().to_owned(),
            section: "clusters",
            resource: name.value.to_owned(),
        })
        .symptom(Symptom::EmptyCluster(name.value.to_owned()));
    for awaited in awaited.iter().filter(|awaited| awaited.name != place).take(SHOWN) {
        draft = draft.related(awaited.name, awaited.kind.label());
    }
    draft
}

fn of_listener<'d>(
    dump: &Dump<'d>,
    name: &str,
    listener: Listener<'d>,
    has_active: bool,
    awaited: &[Awaited<'d>],
) -> Draft<'d> {
    let place =
        awaited.first().map_or_else(|| listener.node.get("name").unwrap_or(listener.node), |first| first.name.node);
    let message = match has_active {
        true => format!("a new version of the listener {name} is warming: the old one is in use"),
        false => format!("the listener {name} is warming: it takes no connections"),
    };
    let mut draft = Draft::new(place, message)
        .label(awaited.first().map_or("waits", |first| first.kind.label()))
        .severity(if has_active { Severity::Warning } else { Severity::Error })
        .subject(Subject::Proxy { proxy: dump.proxy().to_owned(), section: "listeners", resource: name.to_owned() });
    for awaited in awaited.iter().skip(1).take(SHOWN) {
        draft = draft.related(awaited.name, awaited.kind.label());
    }
    draft.help("see at the control plane why what it waits for was not sent")
}
