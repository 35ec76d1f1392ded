//! Everything that makes pods: the template of their labels and containers.

use super::{Labels, Object};
use crate::document::Node;

/// The pods that a resource makes or is.
#[derive(Clone, Copy, Debug)]
pub struct PodTemplate<'d> {
    /// The resource: a Deployment, a Pod, ….
    pub owner: Object<'d>,
    /// The pod or its template: has `metadata` and `spec`.
    pub node: Node<'d>,
}

/// A port that a container declares.
#[derive(Clone, Copy, Debug)]
pub struct ContainerPort<'d> {
    /// Name, if it has one.
    pub name: Option<&'d str>,
    /// Number.
    pub number: u16,
}

impl<'d> PodTemplate<'d> {
    /// The pods of `owner`, if it is of a kind that has pods.
    pub fn of(owner: Object<'d>) -> Option<Self> {
        let spec = owner.spec();
        let node = match (owner.group(), owner.kind()) {
            ("", "Pod") => Some(owner.node()),
            ("" | "apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("", "ReplicationController")
            | ("batch", "Job")
            | ("argoproj.io", "Rollout")
            | ("apps.openshift.io", "DeploymentConfig") => spec?.get("template"),
            ("batch", "CronJob") => spec?.at(["jobTemplate", "spec", "template"]),
            _ => None,
        }?;
        Some(Self { owner, node })
    }

    /// The pods' labels. A ReplicaSet's and Deployment's pods have those of the template.
    pub fn labels(self) -> Labels<'d> {
        Labels::of(self.node.at(["metadata", "labels"]))
    }

    /// An annotation of the pods.
    pub fn annotation(self, key: &str) -> Option<&'d str> {
        self.node.at(["metadata", "annotations"])?.text_at(key).map(|v| v.value)
    }

    /// The containers and init containers.
    pub fn containers(self) -> impl Iterator<Item = Node<'d>> {
        let of = |name| self.node.at(["spec", name]).into_iter().flat_map(Node::items);
        of("containers").chain(of("initContainers"))
    }

    /// The ports that the containers declare. Kubernetes does not require them to be declared.
    pub fn ports(self) -> impl Iterator<Item = ContainerPort<'d>> {
        let ports = self.containers().filter_map(|c| c.get("ports")).flat_map(Node::items);
        ports.filter_map(|port| {
            let number = u16::try_from(port.get("containerPort")?.as_u64()?).ok()?;
            let name = port.text_at("name").map(|n| n.value);
            Some(ContainerPort { name, number })
        })
    }

    /// Whether nodes lead one of their own ports to one of these (`hostPort`).
    pub fn has_host_port(self) -> bool {
        let mut ports = self.containers().filter_map(|c| c.get("ports")).flat_map(Node::items);
        ports.any(|port| port.get("hostPort").and_then(Node::as_u64).is_some_and(|number| number != 0))
    }

    /// `spec.serviceAccountName`, or `default`.
    pub fn service_account(self) -> &'d str {
        self.named_account().unwrap_or("default")
    }

    /// `spec.serviceAccountName`.
    pub fn named_account(self) -> Option<&'d str> {
        self.node.at(["spec", "serviceAccountName"]).and_then(Node::text)
    }

    /// `spec.hostNetwork`: such pods get no sidecar.
    pub fn is_on_host_network(self) -> bool {
        self.node.at(["spec", "hostNetwork"]).and_then(Node::as_bool) == Some(true)
    }
}
