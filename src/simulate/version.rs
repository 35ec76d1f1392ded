//! What differs between Envoy's versions, and the runtime that may turn it back
//! (<https://www.envoyproxy.io/docs/envoy/latest/version_history/version_history>).

use rustc_hash::FxHashMap;

use crate::document::Node;
use crate::envoy::Dump;

/// A version of Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnvoyVersion {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
}

impl EnvoyVersion {
    /// What is assumed where a dump names no version.
    pub const LATEST: Self = Self { major: 1, minor: 40, patch: 0 };

    /// Reads `1.36` or `1.36.4`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let text = text.split_once(['-', '+']).map_or(text, |(numbers, _)| numbers);
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        Some(Self { major, minor, patch: numbers.next().unwrap_or(Some(0))? })
    }

    /// The version that a dump's bootstrap names.
    pub fn of(dump: &Dump<'_>) -> Option<Self> {
        let node = dump.bootstrap?.get("node")?;
        let build = node.field("user_agent_build_version").and_then(|build| build.get("version"));
        if let Some(version) = build {
            let number = |name| version.field(name).and_then(Node::as_u64);
            let patch = number("patch").unwrap_or(0);
            return Some(Self { major: number("major_number")?, minor: number("minor_number").unwrap_or(0), patch });
        }
        let old = node.field("build_version").and_then(Node::text)?; // hash/1.14.0/Clean/RELEASE/BoringSSL
        old.split('/').nth(1).and_then(Self::parse)
    }

    fn is_from(self, minor: u64) -> bool {
        (self.major, self.minor) >= (1, minor)
    }
}

impl std::fmt::Display for EnvoyVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The rules that hold for a proxy: its version's, changed by the runtime of its bootstrap.
#[derive(Clone, Debug)]
pub struct Rules<'d> {
    /// The version.
    pub version: EnvoyVersion,
    /// Whether a header that is sent several times is matched value by value; joined with commas before.
    pub headers_individually: bool,
    /// The same for RBAC.
    pub rbac_headers_individually: bool,
    /// Whether path parameters are cut from each segment; all from the first `;` before.
    pub parameters_by_segment: bool,
    /// Whether RBAC's `url_path` leaves out path parameters too.
    pub rbac_strips_parameters: bool,
    /// Whether addresses of private networks count as internal where nothing is configured.
    pub trusts_private_networks: bool,
    /// `http_connection_manager.normalize_path` and the like.
    pub runtime: Runtime<'d>,
}

impl<'d> Rules<'d> {
    /// The rules of a version without runtime overrides.
    pub fn of_version(version: EnvoyVersion) -> Self {
        Self::with_runtime(version, Runtime::default())
    }

    /// The rules for a dump; `version` overrides what the dump says.
    pub fn of(dump: &Dump<'d>, version: Option<EnvoyVersion>) -> Self {
        let version = version.or_else(|| EnvoyVersion::of(dump)).unwrap_or(EnvoyVersion::LATEST);
        Self::with_runtime(version, Runtime::of(dump))
    }

    fn with_runtime(version: EnvoyVersion, runtime: Runtime<'d>) -> Self {
        let guard = |name: &str, default: bool| {
            runtime.boolean(&format!("envoy.reloadable_features.{name}")).unwrap_or(default)
        };
        Self {
            version,
            headers_individually: guard("match_headers_individually", version.is_from(39)),
            rbac_headers_individually: guard("rbac_match_headers_individually", version.is_from(38)),
            parameters_by_segment: guard("strip_path_parameters_per_segment", version.is_from(39)),
            rbac_strips_parameters: guard("rbac_respect_ignore_path_parameters", version.is_from(39)),
            trusts_private_networks: !guard("explicit_internal_address_config", version.is_from(33)),
            runtime,
        }
    }
}

/// The runtime layers that a dump shows
/// (<https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/runtime>).
#[derive(Clone, Debug, Default)]
pub struct Runtime<'d> {
    values: FxHashMap<String, Node<'d>>,
}

impl<'d> Runtime<'d> {
    /// The static layers of a bootstrap.
    pub fn of(dump: &Dump<'d>) -> Self {
        let mut runtime = Self::default();
        let layers = dump.bootstrap.and_then(|b| b.field("layered_runtime")).and_then(|r| r.get("layers"));
        for layer in layers.into_iter().flat_map(Node::items).filter_map(|layer| layer.field("static_layer")) {
            runtime.read("", layer);
        }
        runtime
    }

    fn read(&mut self, prefix: &str, layer: Node<'d>) {
        for (key, value) in layer.entries() {
            let name = if prefix.is_empty() { key.text.to_owned() } else { format!("{prefix}.{}", key.text) };
            if value.is_object() && value.get("numerator").is_none() {
                self.read(&name, value);
            }
            self.values.insert(name, value);
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Node<'d>> {
        self.values.get(key).copied()
    }

    /// The value of a boolean.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        value.as_bool().or_else(|| value.text()?.parse().ok())
    }

    /// The value of a whole number.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.as_u64()
    }
}
