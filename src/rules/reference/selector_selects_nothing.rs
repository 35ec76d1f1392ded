//! A selector matches no workload.
//!
//! ## What it finds
//! The selector of a Service, a Gateway, a Sidecar, or a policy (AuthorizationPolicy,
//! PeerAuthentication, RequestAuthentication, Telemetry, WasmPlugin, EnvoyFilter, ServiceEntry)
//! that no workload of its namespace meets; for a Gateway, and for what lies in the root namespace,
//! no workload of any. And the named target port of a Service that no container of its pods has.
//!
//! ## Why it matters
//! A Service without pods answers `503 UH`. A Gateway without pods opens no port. A policy without
//! workloads protects nothing, and nobody is told.
//!
//! ## Example
//! ```yaml
//! kind: Service
//! spec:
//!   selector:
//!     app: payment   # the pods carry app: payments
//! ```
//!
//! ## Use instead
//! The labels of the pod template.
//!
//! ## When to ignore it
//! When an operator creates the pods. Where a namespace has custom resources that may do so, only a
//! near miss is reported; nothing where they may be those of a Gateway of the Gateway API. When the pods of a Gateway are not among the inputs, but those of another
//! gateway are.
//!
//! ## Inputs
//! The workloads (Deployments, Pods, …) of the namespace; for a Gateway, those of gateways, or one
//! whose labels are nearly right.

#[path = "selector_selects_nothing/gateways.rs"]
mod gateways;

use super::prelude::*;
use crate::document::Node;
use crate::kube::{Labels, Object};
use crate::mesh::{CompleteKind, Mesh, Workload};
use crate::similar::similar;

use gateways::{is_istios_gateway, may_be_of_gateway, misses_gateways};

const META: Meta = Meta {
    id: "selector-selects-nothing",
    family: Family::Reference,
    severity: Severity::Warning,
    aliases: &["IST0101", "IST0127", "KIA0004", "KIA0302", "KIA0701"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

/// A selector and what depends on it.
struct Selector<'d> {
    node: Node<'d>,
    severity: Severity,
    note: &'static str,
    /// Workloads of every namespace are asked.
    is_global: bool,
}

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    for object in &mesh.objects {
        let Some(selector) = selector_of(mesh, *object) else {
            continue;
        };
        let namespace = object.namespace();
        let labels = Labels::of(Some(selector.node));
        if labels.is_empty() || selects_any(mesh, namespace, &labels, selector.is_global) {
            continue;
        }
        let near = near_miss(mesh, namespace, &labels, selector.is_global);
        let is_known = is_known(mesh, namespace, &selector, &labels, near.is_some());
        if !is_known && !misses_gateways(mesh, *object, &labels) {
            skip(context.mesh, namespace, &selector, findings);
            continue;
        }
        let mut draft = with_virtual_services(mesh, *object, draft(mesh, *object, &selector, &labels, near));
        if !is_known {
            // The gateway that is meant may be one that is not given.
            draft = with_gateways(mesh, draft).severity(Severity::Warning).confidence(Confidence::Medium);
        }
        findings.push(draft);
    }
    check_target_ports(context, findings);
}

/// VirtualServices that are bound to a Gateway which no pod serves have no effect there.
fn with_virtual_services<'d>(mesh: &Mesh<'d>, object: Object<'d>, mut draft: Draft<'d>) -> Draft<'d> {
    if object.kind() != "Gateway" {
        return draft;
    }
    let full_name = format!("{}/{}", object.namespace(), object.name());
    for service in &mesh.virtual_services {
        let bound = service.gateways.iter().filter(|g| g.name == full_name).find_map(|g| g.node);
        if let Some(node) = bound {
            draft = draft.related(node, format!("{} is bound to it", service.view.object.id()));
        }
    }
    draft
}

/// What the selector could have meant.
fn with_gateways<'d>(mesh: &Mesh<'d>, draft: Draft<'d>) -> Draft<'d> {
    mesh.workloads.iter().filter(|w| w.is_gateway()).fold(draft, |draft, gateway| {
        let labels = gateway.template.and_then(|t| t.node.at(["metadata", "labels"]));
        let place = labels.unwrap_or_else(|| gateway.object.name_node());
        draft.related(place, format!("the gateway {} carries {}", gateway.object.id(), gateway.labels))
    })
}

/// A port of a Service leads to the container port of a name; without such a port in any of its
/// pods, it has no endpoints.
fn check_target_ports<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    for service in &mesh.services {
        for port in &service.ports {
            let Some(name) = port.target_name else {
                continue;
            };
            let Some(workload) = mesh.workloads_behind(service).next() else {
                continue;
            };
            if mesh.has_endpoints(service, port, None) != Some(false) {
                continue;
            }
            let host = context.brief(&service.host);
            let place = port.node.get("targetPort").unwrap_or(port.node);
            let message = format!("no pod of {host} has a container port named `{name}`");
            let draft = Draft::new(place, message)
                .severity(Severity::Error)
                .label("nothing listens under this name")
                .related(workload.object.name_node(), format!("{} is behind it", workload.object.id()))
                .note(format!("requests to port {} get 503 UH (no_healthy_upstream)", port.number))
                .help("name a port of the container, or give its number");
            findings.push(draft);
        }
    }
}

fn selector_of<'d>(mesh: &Mesh<'d>, object: Object<'d>) -> Option<Selector<'d>> {
    let spec = object.spec()?;
    let namespace = object.namespace();
    let is_root = namespace == mesh.options.root_namespace;
    let policy = |node: Option<Node<'d>>| {
        node.map(|node| Selector {
            node,
            severity: Severity::Warning,
            note: "it applies to nothing",
            is_global: is_root,
        })
    };
    match (object.group(), object.kind()) {
        ("", "Service") if object.name() != "kubernetes" => spec.get("selector").map(|node| Selector {
            node,
            severity: Severity::Error,
            note: "requests to it get 503 UH (no_healthy_upstream)",
            is_global: false,
        }),
        ("networking.istio.io", "Gateway") => spec.get("selector").map(|node| Selector {
            node,
            severity: Severity::Error,
            note: "no pod opens its ports: connections are refused",
            is_global: true,
        }),
        ("networking.istio.io", "Sidecar" | "EnvoyFilter") => policy(spec.at(["workloadSelector", "labels"])),
        ("networking.istio.io", "ServiceEntry") => spec.at(["workloadSelector", "labels"]).map(|node| Selector {
            node,
            severity: Severity::Error,
            note: "requests to its hosts get 503 UH (no_healthy_upstream)",
            is_global: false,
        }),
        ("security.istio.io" | "telemetry.istio.io" | "extensions.istio.io", _) => {
            policy(spec.at(["selector", "matchLabels"]))
        }
        _ => None,
    }
}

fn selects_any(mesh: &Mesh<'_>, namespace: &str, labels: &Labels<'_>, is_global: bool) -> bool {
    if is_global {
        let gateways = mesh.gateway_clients.iter().filter_map(|c| c.labels.as_ref());
        return mesh.workloads.iter().any(|w| w.may_have(labels))
            || gateways.into_iter().any(|g| labels.is_subset_of(g));
    }
    mesh.workloads_of(namespace).any(|w| w.may_have(labels))
}

/// Whether the inputs hold the workloads that could be meant. A namespace with custom resources may
/// get pods that no manifest shows; there, only what is nearly right counts.
fn is_known(mesh: &Mesh<'_>, namespace: &str, selector: &Selector<'_>, labels: &Labels<'_>, is_near: bool) -> bool {
    if selector.is_global {
        // The pods of a gateway, or of what the root namespace governs, may be anywhere.
        return mesh.options.complete.covers_all(CompleteKind::Workloads) || is_near;
    }
    if mesh.is_complete(CompleteKind::Workloads, namespace) {
        return true;
    }
    let may_be_made = labels.iter().any(|(_, value)| mesh.may_be_label_of_custom(value, namespace));
    if may_be_made || mesh.may_have_workload(namespace, labels) || may_be_of_gateway(mesh, namespace, labels) {
        return false;
    }
    mesh.knows_workloads_of(namespace) && (is_near || !mesh.has_custom_resources(namespace))
}

/// A workload whose labels nearly match: the label that differs, and its value there.
fn near_miss<'d>(
    mesh: &Mesh<'d>,
    namespace: &str,
    labels: &Labels<'_>,
    is_global: bool,
) -> Option<(Object<'d>, &'d str, &'d str)> {
    let candidates = mesh.workloads.iter().filter(|w| is_global || w.namespace == namespace);
    candidates.into_iter().find_map(|workload| {
        let mut wrong = labels.iter().filter(|(key, value)| workload.labels.get(key) != Some(*value));
        let (key, wanted) = wrong.next()?;
        if wrong.next().is_some() {
            return None;
        }
        let (own_key, there) = workload.labels.iter().find(|(own, _)| *own == key)?;
        let is_near = is_spelt_alike(wanted, there) || !is_name(own_key) && labels.iter().count() > 1;
        is_near.then_some((workload.object, own_key, there))
    })
}

/// Whether a label says what application it is: another one is not meant.
fn is_name(key: &str) -> bool {
    matches!(key, "app" | "k8s-app" | "run" | "name" | "app.kubernetes.io/name" | "app.kubernetes.io/instance")
}

fn is_spelt_alike(wanted: &str, there: &str) -> bool {
    // One is not meant where the other is written, whatever their letters.
    if is_istios_gateway(wanted) && is_istios_gateway(there) {
        return false;
    }
    similar(wanted, std::iter::once(there)).is_some() || there.starts_with(wanted) || wanted.starts_with(there)
}

fn skip(mesh: &Mesh<'_>, namespace: &str, selector: &Selector<'_>, findings: &mut Findings<'_>) {
    if selector.is_global {
        findings.skip(
            "selector",
            "for workloads of any namespace (not all of them are among the inputs)",
            "pass the workloads, or say --complete workloads",
        );
        return;
    }
    findings.skip(
        "selector",
        format!("in namespace `{namespace}` {}", mesh.why_workloads_unknown(namespace)),
        format!("pass its Deployments, or say --complete workloads:{namespace}"),
    );
}

/// The only label that no workload carries, if there is one such.
fn unmet<'d>(mesh: &Mesh<'d>, namespace: &str, selector: &Selector<'d>, labels: &Labels<'_>) -> Option<Node<'d>> {
    let carries = |w: &Workload<'d>, key: &str, value: &str| {
        (selector.is_global || w.namespace == namespace) && w.labels.get(key) == Some(value)
    };
    let mut none = labels.iter().filter(|(key, value)| !mesh.workloads.iter().any(|w| carries(w, key, value)));
    let (key, _) = none.next()?;
    selector.node.get(key).filter(|_| none.next().is_none())
}

fn draft<'d>(
    mesh: &Mesh<'d>,
    object: Object<'d>,
    selector: &Selector<'d>,
    labels: &Labels<'_>,
    near: Option<(Object<'d>, &'d str, &'d str)>,
) -> Draft<'d> {
    let id = object.id();
    let first = selector.node.values().next().unwrap_or(selector.node);
    let alone = unmet(mesh, object.namespace(), selector, labels);
    let wrong = near.and_then(|(_, key, _)| selector.node.get(key)).or(alone).unwrap_or(first);
    let mut draft = Draft::new(wrong, format!("{id} selects no workload ({labels})"))
        .severity(selector.severity)
        .note(selector.note);
    if let Some((workload, key, there)) = near {
        let labelled = crate::kube::PodTemplate::of(workload).and_then(|t| t.node.at(["metadata", "labels", key]));
        let is_carried =
            labels.get(key).is_some_and(|value| mesh.workloads.iter().any(|w| w.labels.get(key) == Some(value)));
        let label = if is_carried { "no workload has it with the other labels" } else { "nothing has this label" };
        draft = draft.label(label).help(format!("{key}: {there}"));
        return draft.related(
            labelled.unwrap_or_else(|| workload.name_node()),
            format!("{} carries {key}={there}", workload.id()),
        );
    }
    draft.label(format!("no workload has {}", if alone.is_none() { "these labels together" } else { "this label" }))
}
