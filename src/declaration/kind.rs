//! What a rule looks at.

use std::fmt;

use crate::kube::{kinds_of_group, known_group, known_kind, known_kinds};
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
        let is_known = known_kind(group, kind).is_some();
        // Whoever extends Kubernetes has groups of their own; Istio's and the core are known.
        let is_foreign = is_name && !group.is_empty() && !known_group(group) && kinds_of_group(group).next().is_none();
        if is_known || is_foreign {
            return Ok(Self::Object { group: group.to_owned(), kind: kind.to_owned() });
        }
        Err(meant(text, kind))
    }
}

/// What somebody meant who wrote `text`.
fn meant(text: &str, kind: &str) -> String {
    let names: Vec<String> = known_kinds().iter().map(|known| full_name(known.group, known.kind)).collect();
    let of_kind: Vec<&str> = known_kinds()
        .iter()
        .zip(&names)
        .filter(|(known, _)| known.kind == kind)
        .map(|(_, name)| name.as_str())
        .collect();
    if !of_kind.is_empty() {
        return format!("did you mean `{}`?", of_kind.join("` or `"));
    }
    let parts = ResourceKind::NAMES.iter().map(|(name, _)| *name);
    let all = parts.clone().chain(names.iter().map(String::as_str));
    match similar(text, all).or_else(|| similar(kind, known_kinds().iter().map(|known| known.kind))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "it is `Kind.group` (such as Gateway.networking.istio.io) or a part of a dump: {}",
            parts.collect::<Vec<_>>().join(", ")
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
