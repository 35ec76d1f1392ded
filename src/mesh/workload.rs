//! Workloads: everything that has labels which a selector can ask for.

use crate::document::Node;
use crate::istio::WorkloadEntry;
use crate::kube::{Labels, Object, PodTemplate, TargetPort, is_of_place};

/// Pods of one owner, or a machine outside Kubernetes.
#[derive(Clone, Debug)]
pub struct Workload<'d> {
    /// The Deployment, Pod, WorkloadEntry, ….
    pub object: Object<'d>,
    /// Its namespace.
    pub namespace: &'d str,
    /// The labels of its pods.
    pub labels: Labels<'d>,
    /// The pods; nothing for a machine outside Kubernetes.
    pub template: Option<PodTemplate<'d>>,
}

impl<'d> Workload<'d> {
    /// The workload that `object` is or makes.
    pub fn of(object: Object<'d>) -> Option<Self> {
        let namespace = object.namespace();
        if let Some(entry) = WorkloadEntry::of(object) {
            return Some(Self { object, namespace, labels: entry.labels(), template: None });
        }
        let template = PodTemplate::of(object)?;
        Some(Self { object, namespace, labels: template.labels(), template: Some(template) })
    }

    /// Whether a selector may select its pods: what a template does not say, they may be given.
    pub fn may_have(&self, labels: &Labels<'_>) -> bool {
        labels.may_be_in(&self.labels, |key, value| self.may_be_given(key, value))
    }

    /// Whether a subset of endpoints may hold its own: those have labels of the place where they are, too.
    pub fn may_be_in(&self, subset: &Labels<'_>) -> bool {
        subset.may_be_in(&self.labels, |key, value| is_of_place(key, value) || self.may_be_given(key, value))
    }

    fn may_be_given(&self, key: &str, value: &str) -> bool {
        self.template.is_some_and(|template| template.may_be_given(key, value))
    }

    /// Whether this is a gateway: a proxy without an application, which takes no Sidecar and
    /// serves Gateways instead.
    pub fn is_gateway(&self) -> bool {
        let injected = self.template.and_then(|t| t.annotation("inject.istio.io/templates"));
        if injected.is_some_and(|templates| templates.split(',').any(|t| t.trim() == "gateway")) {
            return true;
        }
        let runs_router = self.template.is_some_and(|template| {
            template.containers().any(|container| {
                let args = container.get("args").into_iter().flat_map(Node::items);
                args.filter_map(Node::text).any(|arg| arg == "router")
            })
        });
        runs_router || are_of_gateway(&self.labels)
    }

    /// Whether its proxy says that it may not listen on low ports.
    pub fn is_unprivileged(&self) -> bool {
        let containers = self.template.into_iter().flat_map(PodTemplate::containers);
        let mut variables = containers.filter_map(|c| c.get("env")).flat_map(Node::items);
        variables.any(|variable| {
            let is_it = variable.text_at("name").is_some_and(|name| *name == "ISTIO_META_UNPRIVILEGED_POD");
            is_it
                && variable
                    .text_at("value")
                    .is_some_and(|value| matches!(*value, "1" | "t" | "T" | "true" | "TRUE" | "True"))
        })
    }

    /// Whether its pods are called through their nodes, too, without any Service.
    pub fn is_called_through_nodes(&self) -> bool {
        self.template.is_some_and(|template| template.is_on_host_network() || template.has_host_port())
    }

    /// Whether its pods have the network of their nodes.
    pub fn is_on_host_network(&self) -> bool {
        self.template.is_some_and(PodTemplate::is_on_host_network)
    }

    /// Whether it declares a port of this name.
    pub fn has_port_named(&self, name: &str) -> bool {
        self.template.is_none_or(|template| template.ports().any(|port| port.name == Some(name)))
    }

    /// The number of the port that a service leads to; nothing if it is named, and not known here.
    pub fn target_number(&self, target: TargetPort<'_>) -> Option<u16> {
        match target {
            TargetPort::Number(number) => Some(number),
            TargetPort::Name(name) => self.template?.ports().find(|p| p.name == Some(name)).map(|p| p.number),
        }
    }

    /// Whether sidecars of pods could exist here at all: jobs run them too, machines their own.
    pub fn can_be_client(&self) -> bool {
        !self.is_gateway() && !self.is_on_host_network()
    }
}

/// Whether labels are those that Istio's own charts and profiles give their gateways.
pub fn are_of_gateway(labels: &Labels<'_>) -> bool {
    let named = |label: &str| labels.get(label).filter(|name| is_gateway_name(name));
    named("istio").is_some() || named("app").is_some_and(|name| name.starts_with("istio-"))
}

fn is_gateway_name(value: &str) -> bool {
    let value = value.strip_prefix("istio-").unwrap_or(value);
    matches!(value, "ingressgateway" | "egressgateway" | "eastwestgateway" | "ingress" | "egress")
        || value.ends_with("-ingressgateway")
        || value.ends_with("-egressgateway")
        || value.ends_with("-gateway")
        || value == "gateway"
}
