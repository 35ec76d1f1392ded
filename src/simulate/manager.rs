//! The HTTP connection manager's options, read once
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto>).

use std::net::IpAddr;

use crate::document::Node;
use crate::envoy::{ConnectionManager, RouteSource};

use super::address::Range;
use super::request::Connection;
use super::version::Rules;

/// What an HTTP connection manager does to requests.
#[derive(Clone, Debug)]
pub(super) struct Manager<'d> {
    /// Its message; nothing for a route configuration that stands alone.
    pub(super) node: Option<Node<'d>>,
    pub(super) routes: Option<RouteSource<'d>>,
    pub(super) normalizes_path: bool,
    pub(super) merges_slashes: bool,
    pub(super) escaped_slashes: EscapedSlashes,
    pub(super) strips_any_port: bool,
    pub(super) strips_matching_port: bool,
    pub(super) strips_trailing_dot: bool,
    pub(super) use_remote_address: bool,
    pub(super) appends_forwarded_for: bool,
    pub(super) trusted_hops: usize,
    pub(super) generates_request_id: bool,
    pub(super) upgrades: Vec<&'d str>,
    client_certificates: ClientCertificates,
    internal_ranges: Option<Vec<Range>>,
    trusts_private_networks: bool,
}

/// `path_with_escaped_slashes_action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EscapedSlashes {
    Keep,
    Reject,
    Redirect,
    Forward,
}

/// `forward_client_cert_details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientCertificates {
    Sanitize,
    IfMutual,
    Always,
}

impl<'d> Manager<'d> {
    /// The defaults of Envoy, for a route configuration without a listener.
    pub(super) fn standing_alone(rules: &Rules<'d>) -> Self {
        Self {
            node: None,
            routes: None,
            normalizes_path: false,
            merges_slashes: false,
            escaped_slashes: EscapedSlashes::Keep,
            strips_any_port: false,
            strips_matching_port: false,
            strips_trailing_dot: false,
            use_remote_address: false,
            appends_forwarded_for: false,
            trusted_hops: 0,
            generates_request_id: true,
            upgrades: vec!["CONNECT"],
            client_certificates: ClientCertificates::Sanitize,
            internal_ranges: None,
            trusts_private_networks: rules.trusts_private_networks,
        }
    }

    /// Reads a connection manager.
    pub(super) fn of(manager: ConnectionManager<'d>, rules: &Rules<'d>) -> Self {
        let node = manager.node;
        let flag = |name| node.field(name).and_then(Node::as_bool);
        let runtime = |name: &str| rules.runtime.boolean(&format!("http_connection_manager.{name}"));
        let ranges = node.field("internal_address_config").map(|c| Range::list(c, "cidr_ranges"));
        Self {
            node: Some(node),
            routes: manager.routes(),
            normalizes_path: flag("normalize_path").or_else(|| runtime("normalize_path")) == Some(true),
            merges_slashes: flag("merge_slashes") == Some(true),
            escaped_slashes: escaped_slashes(node, rules),
            strips_any_port: manager.strips_any_port(),
            strips_matching_port: flag("strip_matching_host_port") == Some(true),
            strips_trailing_dot: flag("strip_trailing_host_dot") == Some(true),
            use_remote_address: flag("use_remote_address") == Some(true),
            appends_forwarded_for: flag("use_remote_address") == Some(true) && flag("skip_xff_append") != Some(true),
            trusted_hops: node.field("xff_num_trusted_hops").and_then(Node::as_u64).unwrap_or(0) as usize,
            generates_request_id: flag("generate_request_id") != Some(false),
            upgrades: upgrades(node),
            client_certificates: client_certificates(node),
            internal_ranges: ranges.filter(|ranges| !ranges.is_empty()),
            trusts_private_networks: rules.trusts_private_networks,
        }
    }

    /// Whether an address counts as one inside the mesh.
    pub(super) fn is_internal(&self, address: Option<IpAddr>) -> bool {
        let Some(address) = address else { return false };
        match &self.internal_ranges {
            Some(ranges) => ranges.iter().any(|range| range.holds(address)),
            None if !self.trusts_private_networks => false,
            None => match address {
                IpAddr::V4(v4) => v4.is_private() || v4.is_loopback(),
                IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
            },
        }
    }

    /// Whether `x-forwarded-client-cert` of the client is kept.
    pub(super) fn keeps_client_certificate(&self, connection: &Connection) -> bool {
        match self.client_certificates {
            ClientCertificates::Sanitize => false,
            ClientCertificates::Always => true,
            ClientCertificates::IfMutual => connection.tls.as_ref().is_some_and(|tls| tls.certificate.is_some()),
        }
    }

    /// The filters of HTTP, in order.
    pub(super) fn filters(&self) -> impl Iterator<Item = Node<'d>> {
        self.node.and_then(|node| node.field("http_filters")).into_iter().flat_map(Node::items)
    }
}

fn escaped_slashes(node: Node<'_>, rules: &Rules<'_>) -> EscapedSlashes {
    let action = |name: &str| match name {
        "KEEP_UNCHANGED" | "1" => Some(EscapedSlashes::Keep),
        "REJECT_REQUEST" | "2" => Some(EscapedSlashes::Reject),
        "UNESCAPE_AND_REDIRECT" | "3" => Some(EscapedSlashes::Redirect),
        "UNESCAPE_AND_FORWARD" | "4" => Some(EscapedSlashes::Forward),
        _ => None, // IMPLEMENTATION_SPECIFIC_DEFAULT
    };
    let configured = node.field("path_with_escaped_slashes_action").and_then(Node::text).and_then(action);
    let runtime = || rules.runtime.get("http_connection_manager.path_with_escaped_slashes_action");
    configured.or_else(|| runtime().and_then(Node::text).and_then(action)).unwrap_or(EscapedSlashes::Keep)
}

fn client_certificates(node: Node<'_>) -> ClientCertificates {
    match node.field("forward_client_cert_details").and_then(Node::text) {
        Some("FORWARD_ONLY" | "APPEND_FORWARD" | "1" | "2") => ClientCertificates::IfMutual,
        Some("ALWAYS_FORWARD_ONLY" | "4") => ClientCertificates::Always,
        _ => ClientCertificates::Sanitize, // and SANITIZE_SET, which sets its own
    }
}

fn upgrades(node: Node<'_>) -> Vec<&str> {
    let configs = node.field("upgrade_configs").into_iter().flat_map(Node::items);
    let enabled = configs.filter(|config| config.get("enabled").and_then(Node::as_bool) != Some(false));
    enabled.filter_map(|config| config.field("upgrade_type").and_then(Node::text)).collect()
}
