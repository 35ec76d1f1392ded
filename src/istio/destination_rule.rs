//! `DestinationRule`: <https://istio.io/latest/docs/reference/config/networking/destination-rule/>.

use crate::document::{Node, Spanned};
use crate::kube::{Labels, Object};

/// A `DestinationRule`.
#[derive(Clone, Copy, Debug)]
pub struct DestinationRule<'d> {
    /// The resource.
    pub object: Object<'d>,
}

/// An entry of `subsets`.
#[derive(Clone, Copy, Debug)]
pub struct Subset<'d> {
    /// The entry.
    pub node: Node<'d>,
    /// `name`.
    pub name: Spanned<'d, &'d str>,
}

/// `trafficPolicy.tls.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// Plaintext.
    Disable,
    /// TLS without a client certificate.
    Simple,
    /// TLS with a client certificate of the user's.
    Mutual,
    /// TLS with the workload's own certificate.
    IstioMutual,
}

impl<'d> DestinationRule<'d> {
    /// The DestinationRule that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::NETWORKING, "DestinationRule").then_some(Self { object })
    }

    /// `host`.
    pub fn host(self) -> Option<Spanned<'d, &'d str>> {
        self.object.spec()?.text_at("host")
    }

    /// `exportTo`.
    pub fn export_to(self) -> Option<Node<'d>> {
        self.object.spec()?.get("exportTo")
    }

    /// `subsets` that have a name.
    pub fn subsets(self) -> impl Iterator<Item = Subset<'d>> {
        let subsets = self.object.spec().and_then(|s| s.get("subsets")).into_iter().flat_map(Node::items);
        subsets.filter_map(|node| Some(Subset { node, name: node.text_at("name")? }))
    }

    /// `workloadSelector.matchLabels`: the clients that the rule is for.
    pub fn workload_selector(self) -> Option<Labels<'d>> {
        let selector = self.object.spec()?.get("workloadSelector")?;
        Some(Labels::of(selector.get("matchLabels")))
    }

    /// `trafficPolicy`.
    pub fn traffic_policy(self) -> Option<Node<'d>> {
        self.object.spec()?.get("trafficPolicy")
    }
}

impl<'d> Subset<'d> {
    /// `labels`. None select every endpoint of the host.
    pub fn labels(self) -> Labels<'d> {
        Labels::of(self.node.get("labels"))
    }

    /// `trafficPolicy`.
    pub fn traffic_policy(self) -> Option<Node<'d>> {
        self.node.get("trafficPolicy")
    }
}

impl TlsMode {
    /// The mode of a `tls` setting.
    pub fn of(tls: Node<'_>) -> Option<Self> {
        match tls.text_at("mode").map(|m| m.value) {
            None | Some("DISABLE") => Some(Self::Disable),
            Some("SIMPLE") => Some(Self::Simple),
            Some("MUTUAL") => Some(Self::Mutual),
            Some("ISTIO_MUTUAL") => Some(Self::IstioMutual),
            Some(_) => None,
        }
    }
}
