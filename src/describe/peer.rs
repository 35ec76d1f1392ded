//! The block on PeerAuthentications.

use std::collections::BTreeMap;

use crate::istio::PeerAuthentication;
use crate::kube::{Labels, PodTemplate};

use super::world::World;

/// Prints which mTLS a pod demands, and by which policies.
pub(super) fn print(world: &World<'_>, pod: PodTemplate<'_>, out: &mut String) {
    let labels = pod.labels();
    let selects = |policy: &PeerAuthentication<'_>| Labels::of(policy.selector()).is_subset_of(&labels);
    let of = |namespace: &str| -> Vec<PeerAuthentication<'_>> {
        let policies = world.of_kind("PeerAuthentication").filter(|object| object.namespace() == namespace);
        policies.filter_map(PeerAuthentication::of).filter(selects).collect()
    };
    let mut applied = of(&world.root_namespace);
    if pod.owner.namespace() != world.root_namespace {
        applied.extend(of(pod.owner.namespace()));
    }
    let (mode, ports) = effective(world, &applied);
    out.push_str("--------------------\nEffective PeerAuthentication:\n");
    out.push_str(&format!("   Workload mTLS mode: {mode}\n"));
    if !ports.is_empty() {
        out.push_str("   Port Level mTLS mode:\n");
    }
    for (port, mode) in ports {
        out.push_str(&format!("      {port}: {mode}\n"));
    }
    if !applied.is_empty() {
        let names: Vec<String> =
            applied.iter().map(|policy| format!("{}.{}", policy.object.name(), policy.object.namespace())).collect();
        out.push_str(&format!("Applied PeerAuthentication:\n   {}\n", names.join(", ")));
    }
}

/// The mode of the workload and of its ports: the oldest policy of each level, the inner before
/// the outer.
fn effective<'d>(world: &World<'_>, applied: &[PeerAuthentication<'d>]) -> (&'d str, BTreeMap<u16, &'d str>) {
    let oldest = |level: &dyn Fn(&PeerAuthentication<'_>) -> bool| {
        let key = |policy: &&PeerAuthentication<'d>| (policy.object.created(), policy.object.name());
        applied.iter().filter(|policy| level(policy)).min_by_key(key).copied()
    };
    let in_root = |policy: &PeerAuthentication<'_>| policy.object.namespace() == world.root_namespace;
    let mesh = oldest(&|policy| in_root(policy) && policy.selector().is_none());
    let namespace = oldest(&|policy| !in_root(policy) && policy.selector().is_none());
    let workload = oldest(&|policy| !in_root(policy) && policy.selector().is_some());
    let mut mode = "PERMISSIVE";
    for policy in [mesh, namespace, workload].into_iter().flatten() {
        mode = policy.mode().map(|m| m.value).filter(|m| *m != "UNSET").unwrap_or(mode);
    }
    let ports = workload.into_iter().flat_map(|policy| policy.port_modes().collect::<Vec<_>>());
    let ports = ports.map(|(port, own)| (port, if own.value == "UNSET" { mode } else { own.value })).collect();
    (mode, ports)
}
