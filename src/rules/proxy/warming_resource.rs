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
use crate::document::Spanned;
use crate::envoy::{Cluster, ClusterKind, Dump, FilterChain, Listener, ListenerState, ResourceState, RouteSource};
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
            listeners.push((entry.name, listener, state(ListenerState::Active).is_some(), awaited(dump, listener)));
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
            draft = draft.note(format!("so do {}", describe::list(&names, SHOWN + 1)));
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

fn of_cluster<'d>(dump: &Dump<'d>, cluster: &Cluster<'d>) -> Draft<'d> {
    let name = cluster.name;
    let waits_for = match cluster.kind {
        ClusterKind::Eds => "its endpoints (EDS), or a secret of its TLS context",
        ClusterKind::Dns => "the resolution of its name, or a secret of its TLS context",
        _ => "its health checks, or a secret of its TLS context",
    };
    Draft::new(name, format!("the cluster {} is warming: it cannot be used yet", name.value))
        .label(format!("waits for {waits_for}"))
        .note("requests that are routed to it get 503; while Envoy starts, its listeners wait for it as well")
        .help("see at the control plane why it was not sent")
        .subject(Subject::Proxy {
            proxy: dump.proxy().to_owned(),
            section: "clusters",
            resource: name.value.to_owned(),
        })
        .symptom(Symptom::EmptyCluster(name.value.to_owned()))
}

fn of_listener<'d>(
    dump: &Dump<'d>,
    name: &str,
    listener: Listener<'d>,
    has_active: bool,
    awaited: &[(Spanned<'d, &'d str>, &'static str)],
) -> Draft<'d> {
    let place =
        awaited.first().map_or_else(|| listener.node.get("name").unwrap_or(listener.node), |(what, _)| what.node);
    let message = match has_active {
        true => format!("a new version of the listener {name} is warming: the old one is in use"),
        false => format!("the listener {name} is warming: it takes no connections"),
    };
    let mut draft = Draft::new(place, message)
        .label(awaited.first().map_or("waits", |(_, what)| *what))
        .severity(if has_active { Severity::Warning } else { Severity::Error })
        .subject(Subject::Proxy { proxy: dump.proxy().to_owned(), section: "listeners", resource: name.to_owned() });
    for (what, label) in awaited.iter().skip(1).take(SHOWN) {
        draft = draft.related(*what, *label);
    }
    draft.help("see at the control plane why what it waits for was not sent")
}

/// What a listener asks for and the dump does not have.
fn awaited<'d>(dump: &Dump<'d>, listener: Listener<'d>) -> Vec<(Spanned<'d, &'d str>, &'static str)> {
    let mut missing = Vec::new();
    for chain in listener.filter_chains() {
        if let Some(RouteSource::Rds(name)) =
            chain.connection_manager().and_then(crate::envoy::ConnectionManager::routes)
            && dump.has_section("routes")
            && !dump.route_configs.iter().any(|r| r.config.name() == name.value)
        {
            missing.push((name, "waits for these routes (RDS)"));
        }
        missing.extend(secrets(dump, chain));
    }
    missing.dedup_by(|a, b| a.0.value == b.0.value);
    missing
}

fn secrets<'d>(dump: &Dump<'d>, chain: FilterChain<'d>) -> Vec<(Spanned<'d, &'d str>, &'static str)> {
    if !dump.has_section("secrets") {
        return Vec::new();
    }
    let arrived = |name: &str| dump.secrets.iter().any(|s| s.name.value == name && s.state != ResourceState::Warming);
    let wanted = chain.secrets().into_iter().filter(|name| !arrived(name.value));
    wanted.map(|name| (name, "waits for this secret (SDS)")).collect()
}
