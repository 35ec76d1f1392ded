//! Mutual TLS: what servers take, by their PeerAuthentications
//! (<https://istio.io/latest/docs/reference/config/security/peer_authentication/>).

use crate::document::{Node, Spanned};
use crate::istio::{AuthorizationPolicy, PeerAuthentication, SECURITY};
use crate::kube::Labels;

use super::{Mesh, Workload};

/// What a server takes on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerMode {
    /// Mutual TLS only.
    Strict,
    /// Mutual TLS and plaintext.
    Permissive,
    /// Plaintext only.
    Disable,
}

/// The mode of a port, with the setting that decides it.
#[derive(Clone, Copy, Debug)]
pub struct PortMode<'d> {
    /// The mode.
    pub mode: ServerMode,
    /// Where it is set; nothing for the default.
    pub node: Option<Node<'d>>,
}

impl<'d> Mesh<'d> {
    /// Whether the pods of a workload have a sidecar. Nothing where that is up to something that is
    /// not among the inputs.
    pub fn has_sidecar(&self, workload: &Workload<'d>) -> Option<bool> {
        let template = workload.template?;
        if template.is_on_host_network() {
            return Some(false);
        }
        let is_proxy = |container: Node<'_>| container.text_at("name").is_some_and(|n| *n == "istio-proxy");
        if template.containers().any(is_proxy) {
            return Some(true);
        }
        let own =
            workload.labels.get("sidecar.istio.io/inject").or_else(|| template.annotation("sidecar.istio.io/inject"));
        if let Some(own) = own {
            return Some(own == "true");
        }
        let namespace = self.all_of("", "Namespace").iter().find(|o| o.name() == workload.namespace)?;
        let labels = namespace.labels();
        match labels.get("istio-injection") {
            Some(injection) => Some(injection == "enabled"),
            None if labels.get("istio.io/rev").is_some() || workload.labels.get("istio.io/rev").is_some() => Some(true),
            None => Some(false),
        }
    }

    /// What a workload takes on one of its own ports: the workload's setting, else the namespace's,
    /// else the mesh's; of several at one level the oldest.
    pub fn server_mode(&self, workload: &Workload<'d>, port: u16) -> PortMode<'d> {
        let policies = || self.all_of(SECURITY, "PeerAuthentication").iter().filter_map(|o| PeerAuthentication::of(*o));
        let home = |p: &PeerAuthentication<'d>| p.object.namespace();
        let selects = |p: &PeerAuthentication<'d>| {
            p.selector().is_some_and(|s| Labels::of(Some(s)).is_subset_of(&workload.labels))
        };
        let own = policies().find(|p| home(p) == workload.namespace && selects(p));
        let namespace = policies().find(|p| home(p) == workload.namespace && p.selector().is_none());
        let mesh = policies().find(|p| home(p) == self.options.root_namespace && p.selector().is_none());
        let by_port = own.and_then(|p| p.port_modes().find(|(number, _)| *number == port)).map(|(_, mode)| mode);
        let levels = [
            by_port,
            own.and_then(PeerAuthentication::mode),
            namespace.and_then(PeerAuthentication::mode),
            mesh.and_then(PeerAuthentication::mode),
        ];
        let decided = levels.into_iter().flatten().find_map(|mode| Some((parse(mode)?, mode.node)));
        PortMode { mode: decided.map_or(ServerMode::Permissive, |(mode, _)| mode), node: decided.map(|(_, node)| node) }
    }

    /// The policies that a workload enforces.
    pub fn policies_of(&self, workload: &Workload<'d>) -> Vec<AuthorizationPolicy<'d>> {
        let applies = |policy: &AuthorizationPolicy<'d>| {
            let home = policy.object.namespace();
            let is_near = home == workload.namespace || home == self.options.root_namespace;
            let is_in_force = !policy.has_target_refs() && !policy.is_dry_run();
            is_near && is_in_force && policy.selector_labels().is_subset_of(&workload.labels)
        };
        let all = self.all_of(SECURITY, "AuthorizationPolicy").iter();
        all.filter_map(|object| AuthorizationPolicy::of(*object)).filter(applies).collect()
    }
}

/// A mode; nothing for UNSET, which inherits.
fn parse(mode: Spanned<'_, &str>) -> Option<ServerMode> {
    match mode.value {
        "STRICT" => Some(ServerMode::Strict),
        "PERMISSIVE" => Some(ServerMode::Permissive),
        "DISABLE" => Some(ServerMode::Disable),
        _ => None,
    }
}
