//! Gateways whose pods are in no manifest: their installation, or a controller, makes them.

use crate::kube::{GATEWAY_API, Labels, Object};
use crate::mesh::{Mesh, Workload, are_of_gateway};

/// What only pods are labelled with that a controller makes for a Gateway of the Gateway API
/// (<https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment>).
const OF_GATEWAYS: [&str; 4] = [
    "gateway.networking.k8s.io/gateway-name",
    "gateway.networking.k8s.io/gateway-class-name",
    "gateway.istio.io/managed",
    "istio.io/gateway-name",
];
/// What it gives them as others have it too.
const GIVEN: [&str; 2] = ["service.istio.io/canonical-name", "service.istio.io/canonical-revision"];

/// Whether the pods of a gateway that the inputs do not show may have these labels: of one that Istio's
/// charts install, or of one that a controller makes.
pub(super) fn may_be_of_gateway(mesh: &Mesh<'_>, namespace: &str, labels: &Labels<'_>) -> bool {
    let is_installed = are_of_gateway(labels) && !mesh.workloads_of(namespace).any(Workload::is_gateway);
    is_installed || may_be_made(mesh, namespace, labels)
}

/// Whether pods that a controller makes may have these labels: those, and what the Gateway itself says.
fn may_be_made(mesh: &Mesh<'_>, namespace: &str, labels: &Labels<'_>) -> bool {
    if labels.iter().any(|(key, _)| OF_GATEWAYS.contains(&key)) {
        return true;
    }
    let gateways = mesh.all_of(GATEWAY_API, "Gateway").iter();
    let mut gateways = gateways.filter(|gateway| gateway.namespace() == namespace);
    gateways.any(|gateway| {
        let given = Labels::of(gateway.spec().and_then(|spec| spec.at(["infrastructure", "labels"])));
        let own = gateway.labels();
        let has = |key: &str, value: &str| given.get(key) == Some(value) || own.get(key) == Some(value);
        labels.iter().all(|(key, value)| GIVEN.contains(&key) || has(key, value))
    })
}

/// Whether a Gateway fits none of the gateways that the inputs hold.
pub(super) fn misses_gateways(mesh: &Mesh<'_>, object: Object<'_>, labels: &Labels<'_>) -> bool {
    object.kind() == "Gateway"
        && mesh.workloads.iter().any(Workload::is_gateway)
        && !mesh.is_partial(object.namespace())
        && !asks_for_absent_gateway(mesh, labels)
}

/// Whether the selector asks for a gateway of Istio's installation that none given is.
fn asks_for_absent_gateway(mesh: &Mesh<'_>, labels: &Labels<'_>) -> bool {
    let asked = labels.get("istio").filter(|name| is_istios_gateway(name));
    asked.is_some_and(|name| !mesh.workloads.iter().any(|w| w.labels.get("istio") == Some(name)))
}

/// The gateways that Istio's installation knows, which is hardly ever among the inputs.
pub(super) fn is_istios_gateway(label: &str) -> bool {
    matches!(label, "ingressgateway" | "egressgateway" | "eastwestgateway")
}
