//! `PeerAuthentication` and `AuthorizationPolicy`:
//! <https://istio.io/latest/docs/reference/config/security/>.

use crate::document::{Node, Spanned};
use crate::kube::{Labels, Object};

/// A `PeerAuthentication`.
#[derive(Clone, Copy, Debug)]
pub struct PeerAuthentication<'d> {
    /// The resource.
    pub object: Object<'d>,
}

/// An `AuthorizationPolicy`.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationPolicy<'d> {
    /// The resource.
    pub object: Object<'d>,
}

fn selector(object: Object<'_>) -> Option<Node<'_>> {
    object.spec()?.get("selector")?.get("matchLabels").filter(|l| l.entries().next().is_some())
}

impl<'d> PeerAuthentication<'d> {
    /// The PeerAuthentication that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::SECURITY, "PeerAuthentication").then_some(Self { object })
    }

    /// `selector.matchLabels`, where it asks for labels.
    pub fn selector(self) -> Option<Node<'d>> {
        selector(self.object)
    }

    /// `mtls.mode`.
    pub fn mode(self) -> Option<Spanned<'d, &'d str>> {
        self.object.spec()?.get("mtls")?.text_at("mode")
    }

    /// The modes of `portLevelMtls`, by workload port.
    pub fn port_modes(self) -> impl Iterator<Item = (u16, Spanned<'d, &'d str>)> {
        let ports = self.object.spec().and_then(|s| s.get("portLevelMtls")).into_iter().flat_map(Node::entries);
        ports.filter_map(|(key, value)| Some((key.text.parse().ok()?, value.text_at("mode")?)))
    }
}

impl<'d> AuthorizationPolicy<'d> {
    /// The AuthorizationPolicy that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::SECURITY, "AuthorizationPolicy").then_some(Self { object })
    }

    /// `selector.matchLabels`, where it asks for labels.
    pub fn selector(self) -> Option<Node<'d>> {
        selector(self.object)
    }

    /// The labels that `selector` asks for.
    pub fn selector_labels(self) -> Labels<'d> {
        Labels::of(self.selector())
    }

    /// Whether it is only tried out: what it would deny is counted and let through
    /// (<https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/>).
    pub fn is_dry_run(self) -> bool {
        let annotation = self.object.annotation("istio.io/dry-run");
        annotation.is_some_and(|value| matches!(value.value, "1" | "t" | "T" | "true" | "TRUE" | "True"))
    }

    /// Whether the policy is attached by `targetRef` or `targetRefs` instead of a selector.
    pub fn has_target_refs(self) -> bool {
        let spec = self.object.spec();
        spec.is_some_and(|s| s.get("targetRef").is_some() || s.get("targetRefs").is_some())
    }

    /// `action`; absent means ALLOW.
    pub fn action(self) -> &'d str {
        self.object.spec().and_then(|s| s.text_at("action")).map_or("ALLOW", |a| a.value)
    }

    /// `rules`, in order.
    pub fn rules(self) -> impl Iterator<Item = Node<'d>> {
        self.object.spec().and_then(|s| s.get("rules")).into_iter().flat_map(Node::items)
    }
}
