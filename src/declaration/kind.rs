//! What a rule looks at.

use std::fmt;

use crate::kube::{GATEWAY_API, kinds_of_group, known_group, known_kind, known_kinds};
use crate::similar::similar;

/// A kind of thing that a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Resources of manifests: `Gateway.networking.istio.io`, `Service`.
    Object {
        /// API group; empty for the core group.
        group: String,
        /// Kind.
        kind: String,
    },
    /// Parts of a proxy's configuration.
    Resource(ResourceKind),
}

/// A kind of message in Envoy's configuration
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/api>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// `Bootstrap`.
    Bootstrap,
    /// `Cluster`.
    Cluster,
    /// `ClusterLoadAssignment`.
    Endpoints,
    /// `Listener`.
    Listener,
    /// `FilterChain`.
    FilterChain,
    /// `HttpConnectionManager`.
    ConnectionManager,
    /// `RouteConfiguration`.
    RouteConfiguration,
    /// `VirtualHost`.
    VirtualHost,
    /// `Route`.
    Route,
    /// `Secret`.
    Secret,
}

impl ResourceKind {
    /// Their names in rules.
    pub const NAMES: [(&str, Self); 10] = [
        ("bootstrap", Self::Bootstrap),
        ("cluster", Self::Cluster),
        ("endpoints", Self::Endpoints),
        ("filter-chain", Self::FilterChain),
        ("http-connection-manager", Self::ConnectionManager),
        ("listener", Self::Listener),
        ("route", Self::Route),
        ("route-configuration", Self::RouteConfiguration),
        ("secret", Self::Secret),
        ("virtual-host", Self::VirtualHost),
    ];

    /// Its name in rules.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// The section of a dump that holds it.
    pub fn section(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Cluster => "clusters",
            Self::Endpoints => "endpoints",
            Self::Listener | Self::FilterChain | Self::ConnectionManager => "listeners",
            Self::RouteConfiguration | Self::VirtualHost | Self::Route => "routes",
            Self::Secret => "secrets",
        }
    }
}

impl Kind {
    /// Reads `Kind.group` or the name of a part of a dump.
    ///
    /// # Errors
    /// What was probably meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, kind)) = ResourceKind::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Resource(*kind));
        }
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        let is_name =
            kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.chars().all(|c| c.is_ascii_alphanumeric());
        let is_known = known_kind(group, kind).is_some() || group.is_empty() && OTHER_CORE_KINDS.contains(&kind);
        // Not all groups are known, and of most that are, not all kinds; but a name that is nearly
        // that of a known kind is misspelt.
        let is_open = !group.is_empty() && !known_group(group) && group != GATEWAY_API;
        let same_kind = || known_kinds().iter().filter(|known| known.kind == kind).map(|known| known.group);
        let is_misspelt = || {
            similar(kind, kinds_of_group(group).map(|known| known.kind)).is_some()
                || similar(group, same_kind()).is_some()
        };
        let is_foreign = is_name && is_open && !is_misspelt();
        if is_known || is_foreign {
            return Ok(Self::Object { group: group.to_owned(), kind: kind.to_owned() });
        }
        Err(meant(text, kind))
    }
}

/// Kinds of the core group that meshlint itself has no use for.
const OTHER_CORE_KINDS: [&str; 5] =
    ["Event", "LimitRange", "PersistentVolumeClaim", "ReplicationController", "ResourceQuota"];

/// What somebody meant who wrote `text`.
fn meant(text: &str, kind: &str) -> String {
    let names: Vec<String> = known_kinds().iter().map(|known| full_name(known.group, known.kind)).collect();
    let of_kind = |kind: &str| {
        let same = known_kinds().iter().zip(&names).filter(|(known, _)| known.kind == kind);
        same.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("` or `")
    };
    let parts = ResourceKind::NAMES.map(|(name, _)| name);
    let all = parts.into_iter().chain(names.iter().map(String::as_str));
    let of_near_kind = || similar(kind, known_kinds().iter().map(|known| known.kind)).map(of_kind);
    let meant = Some(of_kind(kind)).filter(|names| !names.is_empty());
    match meant.or_else(|| similar(text, all).map(str::to_owned)).or_else(of_near_kind) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "it is `Kind.group` (such as Gateway.networking.istio.io) or a part of a dump: {}",
            parts.join(", ")
        ),
    }
}

fn full_name(group: &str, kind: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { group, kind } => f.write_str(&full_name(group, kind)),
            Self::Resource(kind) => f.write_str(kind.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_or_foreign_or_misspelt() {
        for name in ["route", "Service", "LimitRange", "Gateway.networking.istio.io", "Deployment.apps"] {
            assert_eq!(Kind::parse(name).map(|kind| kind.to_string()).as_deref(), Ok(name));
        }
        for name in ["PodDisruptionBudget.policy", "Role.rbac.authorization.k8s.io", "Kafka.kafka.strimzi.io"] {
            assert!(Kind::parse(name).is_ok(), "{name} is somebody's");
        }
        for (name, meant) in [
            ("Deploymnt.apps", "`Deployment.apps`"),
            ("VirtualService", "`VirtualService.networking.istio.io`"),
            ("Gateway.networking.istio", "`Gateway.networking.istio.io`"),
            ("VirtualServices.networking.istio.io", "`VirtualService.networking.istio.io`"),
            ("HTTPRoutes.gateway.networking.k8s.io", "`HTTPRoute.gateway.networking.k8s.io`"),
            ("Serivce", "`Service`"),
            ("routes", "`route`"),
            ("deployment", "`Deployment.apps`"),
            ("what", "bootstrap, cluster"),
        ] {
            let said = Kind::parse(name).err().unwrap_or_default();
            assert!(said.contains(meant), "{name}: {said}");
        }
    }
}
