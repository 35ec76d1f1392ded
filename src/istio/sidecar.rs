//! `Sidecar`: <https://istio.io/latest/docs/reference/config/networking/sidecar/>.

use crate::document::{Node, Spanned};
use crate::kube::{Labels, Object};

/// A `Sidecar`.
#[derive(Clone, Copy, Debug)]
pub struct Sidecar<'d> {
    /// The resource.
    pub object: Object<'d>,
}

/// An entry of `egress`.
#[derive(Clone, Copy, Debug)]
pub struct Egress<'d> {
    /// The entry.
    pub node: Node<'d>,
}

impl<'d> Sidecar<'d> {
    /// The Sidecar that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::NETWORKING, "Sidecar").then_some(Self { object })
    }

    /// `workloadSelector`, where it asks for labels. An empty one is as good as none.
    pub fn workload_selector(self) -> Option<Labels<'d>> {
        let labels = Labels::of(self.object.spec()?.get("workloadSelector")?.get("labels"));
        (!labels.is_empty()).then_some(labels)
    }

    /// `egress`, in order. None mean what an absent Sidecar means.
    pub fn egress(self) -> impl Iterator<Item = Egress<'d>> {
        let egress = self.object.spec().and_then(|s| s.get("egress")).into_iter().flat_map(Node::items);
        egress.map(|node| Egress { node })
    }
}

impl<'d> Egress<'d> {
    /// `hosts`: `[~]namespace/dnsName`.
    pub fn hosts(self) -> impl Iterator<Item = Spanned<'d, &'d str>> + Clone {
        self.node.texts_at("hosts")
    }

    /// `port.number`, where the listener has one.
    pub fn port(self) -> Option<u16> {
        let number = self.node.get("port")?.get("number")?.as_u64()?;
        u16::try_from(number).ok().filter(|p| *p != 0)
    }

    /// Whether `bind` says where to listen.
    pub fn has_bind(self) -> bool {
        self.node.text_at("bind").is_some_and(|bind| !bind.is_empty())
    }

    /// Whether `bind` names a socket in the file system.
    pub fn is_socket(self) -> bool {
        self.node.text_at("bind").is_some_and(|bind| bind.starts_with("unix://"))
    }

    /// `port.protocol`.
    pub fn protocol(self) -> Option<&'d str> {
        self.node.get("port")?.text_at("protocol").map(|p| p.value)
    }
}
