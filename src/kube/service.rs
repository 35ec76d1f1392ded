//! `Service`: <https://kubernetes.io/docs/concepts/services-networking/service/>.

use super::{Labels, Object};
use crate::document::{Node, Spanned};

/// A `Service`.
#[derive(Clone, Copy, Debug)]
pub struct Service<'d> {
    /// The resource.
    pub object: Object<'d>,
}

/// A port of a `Service`.
#[derive(Clone, Copy, Debug)]
pub struct ServicePort<'d> {
    /// The entry of `spec.ports`.
    pub node: Node<'d>,
    /// The number that clients use.
    pub number: u16,
}

/// The port of the pods that a service port leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetPort<'d> {
    /// A number.
    Number(u16),
    /// The name of a container port.
    Name(&'d str),
}

impl<'d> Service<'d> {
    /// The service that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is("", "Service").then_some(Self { object })
    }

    fn spec(self) -> Option<Node<'d>> {
        self.object.spec()
    }

    /// The ports. Entries without a usable number are left out.
    pub fn ports(self) -> impl Iterator<Item = ServicePort<'d>> {
        let ports = self.spec().and_then(|s| s.get("ports"));
        ports.into_iter().flat_map(Node::items).filter_map(|node| {
            let number = u16::try_from(node.get("port")?.as_u64()?).ok()?;
            Some(ServicePort { node, number })
        })
    }

    /// `spec.selector`.
    pub fn selector(self) -> Option<Node<'d>> {
        self.spec()?.get("selector").filter(|s| s.is_object())
    }

    /// The labels that `spec.selector` asks for.
    pub fn selector_labels(self) -> Labels<'d> {
        Labels::of(self.selector())
    }

    /// `spec.externalName` of a service of that type.
    pub fn external_name(self) -> Option<Spanned<'d, &'d str>> {
        let spec = self.spec()?;
        let is_external = spec.text_at("type").is_some_and(|t| *t == "ExternalName");
        if is_external { spec.text_at("externalName") } else { None }
    }
}

impl<'d> ServicePort<'d> {
    /// The name; empty where the port has none.
    pub fn name(self) -> &'d str {
        self.node.text_at("name").map_or("", |n| n.value)
    }

    /// `appProtocol`.
    pub fn app_protocol(self) -> Option<&'d str> {
        self.node.text_at("appProtocol").map(|p| p.value)
    }

    /// `protocol`: TCP unless it says otherwise.
    pub fn transport(self) -> &'d str {
        self.node.text_at("protocol").map_or("TCP", |p| p.value)
    }

    /// `targetPort`: the port's own number unless it says otherwise.
    pub fn target(self) -> TargetPort<'d> {
        let Some(node) = self.node.get("targetPort") else {
            return TargetPort::Number(self.number);
        };
        match node.as_u64().and_then(|n| u16::try_from(n).ok()) {
            Some(number) => TargetPort::Number(number),
            None => TargetPort::Name(node.text().unwrap_or("")),
        }
    }
}
