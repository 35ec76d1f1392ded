//! Which policies hold for a workload.

use crate::document::Document;
use crate::istio::AuthorizationPolicy;
use crate::kube::{Labels, Object, PodTemplate, objects};

/// A workload with its policies.
pub struct Applicable<'d> {
    /// The policies of its namespace and of the root namespace that select it.
    pub policies: Vec<AuthorizationPolicy<'d>>,
    /// The resource that the labels were taken from.
    pub workload: Object<'d>,
}

/// The policies for a workload: `NAMESPACE/NAME` of a Deployment, a Pod, …, or of a Service that
/// selects it.
///
/// # Errors
/// There is no such workload.
pub fn applicable<'d>(
    documents: &'d [Document],
    workload: &str,
    root_namespace: &str,
) -> Result<Applicable<'d>, String> {
    let (namespace, name) = workload.split_once('/').ok_or("a workload is NAMESPACE/NAME")?;
    let all: Vec<Object<'d>> = documents.iter().flat_map(|document| objects(document).0).collect();
    let template = find(&all, namespace, name).ok_or_else(|| format!("there is no workload {workload}"))?;
    let labels = template.labels();
    let selects = |policy: &AuthorizationPolicy<'_>| {
        let own = policy.object.namespace();
        (own == namespace || own == root_namespace)
            && !policy.has_target_refs()
            && policy.selector_labels().is_subset_of(&labels)
    };
    let policies = all.iter().filter_map(|object| AuthorizationPolicy::of(*object)).filter(selects).collect();
    Ok(Applicable { policies, workload: template.owner })
}

fn find<'d>(all: &[Object<'d>], namespace: &str, name: &str) -> Option<PodTemplate<'d>> {
    let templates = || {
        let local = all.iter().filter(|object| object.namespace() == namespace);
        local.filter_map(|object| PodTemplate::of(*object))
    };
    if let Some(template) = templates().find(|template| template.owner.name() == name) {
        return Some(template);
    }
    let service = all.iter().find(|o| o.is("", "Service") && o.namespace() == namespace && o.name() == name)?;
    let selector = Labels::of(service.spec()?.get("selector"));
    templates().find(|template| !selector.is_empty() && selector.is_subset_of(&template.labels()))
}
