//! `ServiceEntry` and `WorkloadEntry`:
//! <https://istio.io/latest/docs/reference/config/networking/service-entry/>.

use crate::document::{Node, Spanned};
use crate::kube::{Labels, Object};

/// A `ServiceEntry`.
#[derive(Clone, Copy, Debug)]
pub struct ServiceEntry<'d> {
    /// The resource.
    pub object: Object<'d>,
}

/// An entry of a ServiceEntry's `ports`.
#[derive(Clone, Copy, Debug)]
pub struct EntryPort<'d> {
    /// The entry.
    pub node: Node<'d>,
    /// `number`.
    pub number: u16,
}

/// A `WorkloadEntry`: a workload outside Kubernetes.
#[derive(Clone, Copy, Debug)]
pub struct WorkloadEntry<'d> {
    /// The resource.
    pub object: Object<'d>,
}

impl<'d> ServiceEntry<'d> {
    /// The ServiceEntry that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::NETWORKING, "ServiceEntry").then_some(Self { object })
    }

    fn spec(self) -> Option<Node<'d>> {
        self.object.spec()
    }

    /// `hosts`.
    pub fn hosts(self) -> impl Iterator<Item = Spanned<'d, &'d str>> + Clone {
        self.spec().into_iter().flat_map(|s| s.texts_at("hosts"))
    }

    /// `ports` with a usable number.
    pub fn ports(self) -> impl Iterator<Item = EntryPort<'d>> {
        let ports = self.spec().and_then(|s| s.get("ports")).into_iter().flat_map(Node::items);
        ports.filter_map(|node| {
            let number = u16::try_from(node.get("number")?.as_u64()?).ok()?;
            Some(EntryPort { node, number })
        })
    }

    /// `exportTo`.
    pub fn export_to(self) -> Option<Node<'d>> {
        self.spec()?.get("exportTo")
    }

    /// The entries of `exportTo`, each once.
    pub fn exports(self) -> std::collections::BTreeSet<&'d str> {
        self.export_to().into_iter().flat_map(Node::items).filter_map(Node::text).collect()
    }

    /// `resolution`; absent means NONE.
    pub fn resolution(self) -> &'d str {
        self.spec().and_then(|s| s.text_at("resolution")).map_or("NONE", |r| r.value)
    }

    /// Whether `location` says that the service is outside the mesh, which is the default.
    pub fn is_external(self) -> bool {
        self.spec().and_then(|s| s.text_at("location")).is_none_or(|l| *l != "MESH_INTERNAL")
    }

    /// `endpoints`.
    pub fn endpoints(self) -> impl Iterator<Item = Node<'d>> {
        self.spec().and_then(|s| s.get("endpoints")).into_iter().flat_map(Node::items)
    }

    /// `workloadSelector`.
    pub fn workload_selector(self) -> Option<Labels<'d>> {
        let selector = self.spec()?.get("workloadSelector")?;
        Some(Labels::of(selector.get("labels")))
    }
}

impl<'d> EntryPort<'d> {
    /// `name`.
    pub fn name(self) -> &'d str {
        self.node.text_at("name").map_or("", |n| n.value)
    }

    /// `protocol`.
    pub fn protocol(self) -> &'d str {
        self.node.text_at("protocol").map_or("", |p| p.value)
    }
}

impl<'d> WorkloadEntry<'d> {
    /// The WorkloadEntry that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::NETWORKING, "WorkloadEntry").then_some(Self { object })
    }

    /// The labels of the workload: those of `spec`, and those of the resource where it has none.
    pub fn labels(self) -> Labels<'d> {
        match self.object.spec().and_then(|s| s.get("labels")) {
            Some(labels) => Labels::of(Some(labels)),
            None => self.object.labels(),
        }
    }
}
