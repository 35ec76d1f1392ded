//! What is known: the resources, and the dumps of some pods.

use crate::document::{Document, Node};
use crate::kube::{Labels, Object, PodTemplate, objects};

/// Resources and dumps.
pub struct World<'d> {
    /// The resources.
    pub(super) objects: Vec<Object<'d>>,
    /// Dumps by pod: `NAME` or `NAME.NAMESPACE`.
    dumps: Vec<(String, &'d Document)>,
    /// The namespace that is asked about, whose resources are called by their names alone.
    pub(super) namespace: String,
    /// The namespace whose policies hold for the whole mesh.
    pub(super) root_namespace: String,
    /// The domain of services.
    pub(super) domain: String,
}

impl<'d> World<'d> {
    /// Reads the resources of documents.
    pub fn new(documents: &'d [Document], dumps: Vec<(String, &'d Document)>, namespace: &str) -> Self {
        let objects = documents.iter().flat_map(|document| objects(document).0).collect();
        Self {
            objects,
            dumps,
            namespace: namespace.to_owned(),
            root_namespace: "istio-system".to_owned(),
            domain: "cluster.local".to_owned(),
        }
    }

    /// Says which namespace holds policies for the whole mesh.
    pub fn with_root_namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.root_namespace);
        self
    }

    /// The resource of a kind by its name.
    pub(super) fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Object<'d>> {
        self.of_kind(kind).find(|object| object.namespace() == namespace && object.name() == name)
    }

    /// The resources of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = Object<'d>> {
        let found: Vec<Object<'d>> = self.objects.iter().filter(|object| object.kind() == kind).copied().collect();
        found.into_iter()
    }

    /// The dump of a pod, or of one of the pods that a workload makes.
    pub(super) fn dump(&self, pod: PodTemplate<'_>) -> Option<&'d Document> {
        let (name, namespace) = (pod.owner.name(), pod.owner.namespace());
        let full = format!("{name}.{namespace}");
        let find = |is_it: &dyn Fn(&str) -> bool| self.dumps.iter().find(|(own, _)| is_it(own)).map(|(_, dump)| *dump);
        let made = |own: &str| {
            let (own, own_namespace) = own.rsplit_once('.').unwrap_or((own, namespace));
            own.starts_with(&format!("{name}-")) && own_namespace == namespace
        };
        let exact = find(&|own| own == full).or_else(|| find(&|own| own == name));
        exact.or_else(|| if pod.owner.kind() == "Pod" { None } else { find(&made) })
    }

    /// The pods that pass a test; where the files hold no such pods, the workloads that make them.
    pub(super) fn pods(&self, passes: impl Fn(&PodTemplate<'d>) -> bool) -> Vec<PodTemplate<'d>> {
        let mut found: Vec<PodTemplate<'d>> =
            self.objects.iter().filter_map(|object| PodTemplate::of(*object)).filter(passes).collect();
        let is_pod = |pod: &PodTemplate<'_>| pod.owner.kind() == "Pod";
        if found.iter().any(is_pod) {
            found.retain(is_pod);
        }
        found
    }

    /// A resource as people of the namespace call it.
    pub(super) fn called(&self, name: &str, namespace: &str) -> String {
        if namespace == self.namespace { name.to_owned() } else { format!("{name}.{namespace}") }
    }

    /// The pods that a Service selects.
    pub(super) fn pods_of(&self, service: Object<'d>) -> Vec<PodTemplate<'d>> {
        let selector = Labels::of(service.spec().and_then(|spec| spec.get("selector")));
        self.pods(|pod| {
            pod.owner.namespace() == service.namespace() && !selector.is_empty() && selector.is_subset_of(&pod.labels())
        })
    }
}

/// The text of a field.
pub(super) fn text<'d>(node: Option<Node<'d>>, path: &[&str]) -> Option<&'d str> {
    path.iter().try_fold(node?, |node, name| node.get(name))?.text()
}

/// The states of the containers of a pod.
pub(super) fn statuses<'d>(pod: PodTemplate<'d>, list: &str) -> Vec<(&'d str, bool)> {
    let list = pod.owner.node().get("status").and_then(|status| status.get(list));
    let items = list.into_iter().flat_map(Node::items);
    items
        .filter_map(|item| Some((item.text_at("name")?.value, item.get("ready").and_then(Node::as_bool) == Some(true))))
        .collect()
}

/// Where a pod is in its life: `Running`, unless it says otherwise.
pub(super) fn phase(pod: PodTemplate<'_>) -> &str {
    text(pod.owner.node().get("status"), &["phase"]).unwrap_or("Running")
}
