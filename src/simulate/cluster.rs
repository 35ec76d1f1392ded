//! What is behind a cluster
//! (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold>).

use rustc_hash::FxHashMap;

use crate::document::Node;
use crate::envoy::{Cluster, ClusterKind, Dump, Fraction, LoadAssignment, ResourceState};

use super::version::Rules;

/// What happens to a request that is sent to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterState {
    /// It has endpoints, or finds them when it is asked.
    Ok,
    /// There is no such cluster.
    Missing,
    /// No endpoint can be chosen.
    NoEndpoints,
    /// Its own configuration refuses requests: with this flag and these details.
    Refuses(&'static str, &'static str),
    /// The input does not tell.
    Unknown,
}

impl ClusterState {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok | Self::Unknown | Self::Refuses(..) => "ok",
            Self::Missing => "missing",
            Self::NoEndpoints => "no-endpoints",
        }
    }
}

/// The clusters of a dump with their endpoints.
#[derive(Debug)]
pub(super) struct Clusters<'d> {
    states: FxHashMap<&'d str, ClusterState>,
    views: FxHashMap<&'d str, Cluster<'d>>,
    assignments: FxHashMap<&'d str, LoadAssignment<'d>>,
    is_known: bool,
}

impl<'d> Clusters<'d> {
    /// Reads the clusters of a dump.
    pub(super) fn of(dump: &Dump<'d>, rules: &Rules<'_>) -> Self {
        let assignments: FxHashMap<_, _> = dump.endpoints.iter().map(|a| (a.cluster_name, *a)).collect();
        let mut states = FxHashMap::default();
        let mut views = FxHashMap::default();
        for entry in &dump.clusters {
            let state = match entry.state {
                ResourceState::Warming if states.contains_key(entry.cluster.name.value) => continue,
                ResourceState::Warming => ClusterState::Missing,
                _ if is_in_maintenance(&entry.cluster, rules) => ClusterState::Refuses("UO", "maintenance_mode"),
                _ => state(&entry.cluster, &assignments, dump),
            };
            states.insert(entry.cluster.name.value, state);
            views.insert(entry.cluster.name.value, entry.cluster);
        }
        Self { states, views, assignments, is_known: dump.knows_clusters() }
    }

    /// The cluster of this name.
    pub(super) fn get(&self, name: &str) -> Option<Cluster<'d>> {
        self.views.get(name).copied()
    }

    /// The state of a cluster.
    pub(super) fn state(&self, name: &str) -> ClusterState {
        match self.states.get(name) {
            Some(state) => *state,
            None if self.is_known => ClusterState::Missing,
            None => ClusterState::Unknown,
        }
    }

    /// The endpoints of a cluster, where the dump shows them.
    pub(super) fn endpoints(&self, cluster: &Cluster<'d>) -> Vec<Node<'d>> {
        let name = cluster.service_name.unwrap_or(cluster.name.value);
        let assigned = self.assignments.get(name).copied().or_else(|| cluster.load_assignment());
        assigned.iter().flat_map(LoadAssignment::endpoints).collect()
    }
}

/// `upstream.maintenance_mode.<cluster>` of the runtime, in percent.
fn is_in_maintenance(cluster: &Cluster<'_>, rules: &Rules<'_>) -> bool {
    let key = format!("upstream.maintenance_mode.{}", cluster.name.value);
    rules.runtime.number(&key).is_some_and(|percent| percent >= 100)
}

/// Whether a limit of 0 turns every request away
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/circuit_breaker.proto>).
fn is_cut_off(cluster: &Cluster<'_>) -> bool {
    let breakers = cluster.node.field("circuit_breakers").and_then(|b| b.get("thresholds"));
    let mut normal = breakers
        .into_iter()
        .flat_map(Node::items)
        .filter(|threshold| matches!(threshold.get("priority").and_then(Node::text), None | Some("DEFAULT" | "0")));
    let limits = ["max_requests", "max_pending_requests", "max_connections"];
    let is_zero = |threshold: Node<'_>| limits.iter().any(|l| threshold.field(l).and_then(Node::as_u64) == Some(0));
    normal.any(is_zero)
}

fn state<'d>(
    cluster: &Cluster<'d>,
    assignments: &FxHashMap<&'d str, LoadAssignment<'d>>,
    dump: &Dump<'d>,
) -> ClusterState {
    let name = cluster.service_name.unwrap_or(cluster.name.value);
    let assigned = assignments.get(name);
    let own = cluster.load_assignment();
    match cluster.kind {
        ClusterKind::OriginalDestination | ClusterKind::Custom => ClusterState::Ok,
        ClusterKind::Eds => match assigned {
            Some(assigned) => of_endpoints(assigned, cluster),
            None if dump.has_section("endpoints") => ClusterState::NoEndpoints,
            None => ClusterState::Unknown,
        },
        // What DNS answered stands in the dump's endpoints, or nowhere.
        ClusterKind::Dns if own.is_some_and(|own| own.endpoints().next().is_some()) => ClusterState::Ok,
        ClusterKind::Dns | ClusterKind::Static => match own.as_ref().or(assigned) {
            Some(list) => of_endpoints(list, cluster),
            None if cluster.lists_hosts() => ClusterState::Ok,
            None => ClusterState::NoEndpoints,
        },
    }
}

fn of_endpoints(list: &LoadAssignment<'_>, cluster: &Cluster<'_>) -> ClusterState {
    if drops_everything(list) {
        return ClusterState::Refuses("UDO", "unconditional_drop_overload");
    }
    match takes_requests(list, cluster) {
        true if is_cut_off(cluster) => ClusterState::Refuses("UO", "upstream_reset_before_response_started{overflow}"),
        true => ClusterState::Ok,
        false => ClusterState::NoEndpoints,
    }
}

/// Whether any of these endpoints of a cluster takes requests. In panic, unhealthy ones are used too; a
/// threshold of 0 forbids it.
pub fn takes_requests(list: &LoadAssignment<'_>, cluster: &Cluster<'_>) -> bool {
    let panics = || list.endpoints().next().is_some() && panic_threshold(cluster) > 0.0;
    list.endpoints().any(is_usable) || panics()
}

fn drops_everything(list: &LoadAssignment<'_>) -> bool {
    let drops = list.node.get("policy").and_then(|policy| policy.field("drop_overloads"));
    let shares = drops.into_iter().flat_map(Node::items).filter_map(|drop| drop.field("drop_percentage"));
    shares.into_iter().any(|share| Fraction::of(share).percent() >= 100.0)
}

/// Whether the health of an endpoint lets it take requests.
pub(super) fn is_usable(endpoint: Node<'_>) -> bool {
    let status = endpoint.field("health_status").and_then(Node::text_bytes);
    !matches!(status, Some(b"UNHEALTHY" | b"DRAINING" | b"TIMEOUT" | b"2" | b"3" | b"4"))
}

/// From which share of unhealthy endpoints on all are used, in percent.
fn panic_threshold(cluster: &Cluster<'_>) -> f64 {
    let common = cluster.node.field("common_lb_config");
    let threshold = common.and_then(|c| c.field("healthy_panic_threshold"));
    match threshold {
        Some(threshold) => threshold.get("value").and_then(Node::as_f64).unwrap_or(0.0),
        None => 50.0,
    }
}
