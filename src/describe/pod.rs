//! `describe pod`.

use crate::document::Node;
use crate::kube::{Labels, Object, PodTemplate};

use super::world::{World, phase, statuses, text};
use super::{ingress, peer, service};

/// The user as which the sidecar runs, so that its own traffic is not caught.
const SIDECAR_USER: u64 = 1337;
const REQUIREMENTS: &str = "https://istio.io/docs/setup/kubernetes/additional-setup/requirements/";
const LABELS: &str = "https://istio.io/latest/docs/ops/deployment/application-requirements/";

/// Describes a pod.
///
/// # Errors
/// There is none of this name.
pub fn describe_pod(world: &World<'_>, name: &str) -> Result<String, String> {
    let (name, namespace) = name.split_once('.').unwrap_or((name, &world.namespace));
    let found = world.pods(|pod| pod.owner.namespace() == namespace && pod.owner.name() == name);
    let pod = found.first().copied().ok_or_else(|| format!("there is no Pod {namespace}/{name}"))?;
    let mut out = String::new();
    if !print_pod(world, pod, &mut out) {
        return Ok(out);
    }
    let services: Vec<Object<'_>> = world.of_kind("Service").filter(|service| selects(*service, pod)).collect();
    if services.is_empty() {
        let name = world.called(name, namespace);
        out.push_str(&format!("Warning: No Kubernetes Services select pod {name} (see {REQUIREMENTS} )\n"));
        return Ok(out);
    }
    for service in &services {
        out.push_str("--------------------\n");
        service::print(world, *service, &[pod], &mut out);
    }
    peer::print(world, pod, &mut out);
    for service in services {
        ingress::print(world, service, &[pod], &mut out);
    }
    Ok(out)
}

fn selects(service: Object<'_>, pod: PodTemplate<'_>) -> bool {
    let selector = Labels::of(service.spec().and_then(|spec| spec.get("selector")));
    service.namespace() == pod.owner.namespace() && !selector.is_empty() && selector.is_subset_of(&pod.labels())
}

/// The part on the pod itself; whether there is more to say.
fn print_pod(world: &World<'_>, pod: PodTemplate<'_>, out: &mut String) -> bool {
    let runs_as = |node: Option<Node<'_>>| {
        let user = node.and_then(|node| node.get("securityContext")).and_then(|c| c.get("runAsUser"));
        user.and_then(Node::as_u64) == Some(SIDECAR_USER)
    };
    let container_name = |node: &Node<'_>| node.text_at("name").map_or(String::new(), |n| n.value.to_owned());
    for container in pod.containers() {
        let own = matches!(container_name(&container).as_str(), "istio-proxy" | "istio-operator");
        if !own && runs_as(Some(container)) {
            out.push_str("WARNING: User ID (UID) 1337 is reserved for the sidecar proxy.\n");
        }
    }
    let name = world.called(pod.owner.name(), pod.owner.namespace());
    out.push_str(&format!("Pod: {name}\n   Pod Revision: {}\n", revision(pod)));
    let ports: Vec<String> = pod.containers().flat_map(|c| ports(c)).collect();
    match ports.is_empty() {
        true => out.push_str("   Pod does not expose ports\n"),
        false => out.push_str(&format!("   Pod Ports: {}\n", ports.join(", "))),
    }
    if phase(pod) != "Running" {
        out.push_str(&format!("   Pod is not Running ({})\n", phase(pod)));
        return false;
    }
    for (list, kind) in [("containerStatuses", "Container"), ("initContainerStatuses", "Init Container")] {
        for (container, _) in statuses(pod, list).iter().filter(|(_, ready)| !ready) {
            out.push_str(&format!("WARNING: Pod {name} {kind} {container} NOT READY\n"));
        }
    }
    if pod.owner.kind() == "Pod" && !pod.containers().any(|container| container_name(&container) == "istio-proxy") {
        out.push_str(&format!("WARNING: {name} is not part of mesh; no Istio sidecar\n"));
        return false;
    }
    if runs_as(pod.node.get("spec")) {
        out.push_str("   WARNING: User ID (UID) 1337 is reserved for the sidecar proxy.\n");
    }
    suggest_labels(pod, out);
    true
}

fn revision(pod: PodTemplate<'_>) -> String {
    if let Some(revision) = pod.labels().get("istio.io/rev") {
        return revision.to_owned();
    }
    let status = pod.annotation("sidecar.istio.io/status").unwrap_or_default();
    let status: Option<serde_json::Value> = serde_json::from_str(status).ok();
    let revision = status.as_ref().and_then(|status| status.get("revision")).and_then(|revision| revision.as_str());
    revision.unwrap_or_default().to_owned()
}

fn ports(container: Node<'_>) -> Vec<String> {
    let name = container.text_at("name").map_or("", |name| name.value);
    let ports = container.get("ports").into_iter().flat_map(Node::items);
    ports
        .filter_map(|port| {
            let number = port.get("containerPort")?.as_u64()?;
            let protocol = text(Some(port), &["protocol"]).filter(|protocol| *protocol != "TCP");
            Some(format!("{number}{} ({name})", protocol.map(|p| format!("/{p}")).unwrap_or_default()))
        })
        .collect()
}

fn suggest_labels(pod: PodTemplate<'_>, out: &mut String) {
    let labels = pod.labels();
    let has = |names: [&str; 3]| names.iter().any(|name| labels.get(name).is_some());
    if !has(["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"]) {
        out.push_str(&format!("Suggestion: add required service name label for Istio telemetry. See {LABELS}.\n"));
    }
    if !has(["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"]) {
        out.push_str(&format!("Suggestion: add required service revision label for Istio telemetry. See {LABELS}.\n"));
    }
}
