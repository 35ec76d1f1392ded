//! A subset's labels are on no endpoint of its host.
//!
//! ## What it finds
//! A subset of a DestinationRule whose labels no workload of the service has, while the service
//! itself has workloads. For a ServiceEntry, its endpoints count.
//!
//! ## Why it matters
//! The subset's cluster has no endpoint: requests that are routed to it end in `503` with the flag
//! `UH` (`no_healthy_upstream`).
//!
//! ## Example
//! ```yaml
//! subsets:
//! - name: v2
//!   labels:
//!     version: "2"   # the pods carry version: v2
//! ```
//!
//! ## Use instead
//! The labels of the pods. A subset without labels selects all of them.
//!
//! ## When to ignore it
//! When the pods are yet to come and nothing is routed to the subset so far.
//!
//! ## Inputs
//! The Service and the workloads (Deployments, Pods, …) of its namespace.

use super::prelude::*;
use crate::document::Node;
use crate::istio::{DestinationRule, NETWORKING, Subset};
use crate::kube::Labels;
use crate::mesh::{Cluster, Mesh, Service, Source, is_wildcard, resolve};
use crate::similar::similar;

const META: Meta = Meta {
    id: "subset-selects-nothing",
    family: Family::Reference,
    severity: Severity::Warning,
    aliases: &["IST0173", "KIA0203"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    for rule in mesh.all_of(NETWORKING, "DestinationRule").iter().filter_map(|object| DestinationRule::of(*object)) {
        let Some(host) = rule.host() else { continue };
        let namespace = rule.object.namespace();
        let full = resolve(host.value, namespace, &mesh.options.cluster_domain);
        let services: Vec<&Service<'d>> = match is_wildcard(&full) {
            true => continue, // for which of its hosts the subset is meant, only a route says
            false => mesh.services_of(&full).collect(),
        };
        for subset in rule.subsets().filter(|subset| !subset.labels().is_empty()) {
            judge(context, &services, &subset, findings);
        }
    }
}

fn judge<'d>(context: &Context<'_, 'd>, services: &[&Service<'d>], subset: &Subset<'d>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    let mut empty = None;
    for service in services {
        let Some(port) = service.ports.first() else { return };
        match (mesh.has_endpoints(service, port, None), mesh.has_endpoints(service, port, Some(subset))) {
            (Some(true), Some(false)) => empty = Some(*service),
            (None, _) => {
                skip(mesh, service, findings);
                return;
            }
            _ => return, // it selects some, or the service as a whole has none
        }
    }
    let Some(service) = empty else { return };
    let host = context.brief(&service.host);
    let (node, label, help) = mismatch(mesh, service, subset);
    let mut draft =
        Draft::new(node, format!("subset `{}` of {host} selects no endpoint", subset.name.value)).label(label);
    let route = routed_here(context, subset);
    draft = match route {
        Some(route) => draft
            .severity(Severity::Error)
            .related(route, "requests are routed to it here")
            .note("they get 503 UH (no_healthy_upstream)"),
        None => draft
            .severity(Severity::Info)
            .note("no route among the inputs leads there; one that does would give 503 UH"),
    };
    if let Some(help) = help {
        draft = draft.help(help);
    }
    findings.push(draft);
}

fn skip(mesh: &Mesh<'_>, service: &Service<'_>, findings: &mut Findings<'_>) {
    if matches!(service.source, Source::Kubernetes(kubernetes) if kubernetes.selector().is_none()) {
        return; // its endpoints are managed by hand
    }
    findings.skip(
        "subset",
        format!("of services in namespace `{0}` {1}", service.namespace, mesh.why_workloads_unknown(service.namespace)),
        format!("pass its Deployments, or say --complete workloads:{}", service.namespace),
    );
}

/// A destination of some route that leads to the subset.
fn routed_here<'d>(context: &Context<'_, 'd>, subset: &Subset<'d>) -> Option<Node<'d>> {
    let services = &context.mesh.virtual_services;
    let uses = services.iter().flat_map(|service| &context.effects(service).destinations);
    let mut hits = uses.filter_map(|u| {
        let Cluster::WithoutEndpoints { rule: Some(rule), .. } = u.cluster else {
            return None;
        };
        let wanted = u.destination.subset?;
        let declared = rule.subset(wanted.value)?;
        (declared.node == subset.node).then_some(wanted.node)
    });
    hits.next()
}

/// The label that is wrong, with words for it and the value that was meant.
fn mismatch<'d>(mesh: &Mesh<'d>, service: &Service<'d>, subset: &Subset<'d>) -> (Node<'d>, String, Option<String>) {
    let labels = subset.node.get("labels");
    let pods = pods_of(mesh, service);
    for (key, value) in labels.into_iter().flat_map(Node::entries) {
        let wanted = value.text().unwrap_or_default();
        let mut there: Vec<&str> = pods.iter().filter_map(|pod| pod.get(key.text)).collect();
        there.sort_unstable();
        there.dedup();
        if there.contains(&wanted) {
            continue;
        }
        if there.is_empty() {
            return (value, format!("none of its workloads has a label `{}`", key.text), None);
        }
        let values: Vec<String> = there.iter().map(|v| (*v).to_owned()).collect();
        let near = similar(wanted, there.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        return (value, format!("its workloads carry {}={}", key.text, describe::list(&values, 4)), near);
    }
    let node = labels.unwrap_or(subset.node);
    (node, "no workload has all of these labels together".to_owned(), None)
}

fn pods_of<'d>(mesh: &Mesh<'d>, service: &Service<'d>) -> Vec<Labels<'d>> {
    match service.source {
        Source::Kubernetes(_) => mesh.workloads_behind(service).map(|w| w.labels.clone()).collect(),
        Source::Entry(entry) => entry.endpoints().map(|endpoint| Labels::of(endpoint.get("labels"))).collect(),
    }
}
