//! `Cluster` and `ClusterLoadAssignment`.

use crate::document::{Node, Spanned};

use super::listener::sds_secrets;
use super::xds_any::{is_extension, typed_config};

/// The extension that tries one cluster after the other.
const AGGREGATE: &str = "envoy.clusters.aggregate";

/// A cluster.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'d> {
    /// The message.
    pub node: Node<'d>,
    /// `name`.
    pub name: Spanned<'d, &'d str>,
    /// How it finds its endpoints.
    pub kind: ClusterKind,
    /// The name under which EDS knows its endpoints, if that is not its own.
    pub service_name: Option<&'d str>,
}

/// How a cluster finds its endpoints (`type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClusterKind {
    /// They are listed in it.
    Static,
    /// By DNS.
    Dns,
    /// From the control plane.
    Eds,
    /// Wherever the connection was going.
    OriginalDestination,
    /// An extension decides.
    Custom,
}

/// The endpoints of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct LoadAssignment<'d> {
    /// The message.
    pub node: Node<'d>,
    /// `cluster_name`: the EDS service name if the cluster has one.
    pub cluster_name: &'d str,
}

impl<'d> Cluster<'d> {
    /// Reads a cluster, if it has a name.
    pub fn of(node: Node<'d>) -> Option<Self> {
        let name = node.text_at("name")?;
        let eds = node.field("eds_cluster_config");
        let listed = node.get("type").and_then(Node::text_bytes).map_or(ClusterKind::Static, ClusterKind::parse);
        let kind = match listed {
            _ if node.field("cluster_type").is_some() => ClusterKind::Custom,
            // The default is not printed, and some tools leave out `type` altogether.
            ClusterKind::Static if eds.is_some() => ClusterKind::Eds,
            kind => kind,
        };
        let service_name = eds.and_then(|eds| eds.field("service_name")).and_then(Node::text);
        Some(Self { node, name, kind, service_name: service_name.filter(|name| !name.is_empty()) })
    }

    /// The endpoints that stand in the cluster itself.
    pub fn load_assignment(&self) -> Option<LoadAssignment<'d>> {
        LoadAssignment::of(self.node.field("load_assignment")?, self.name.value)
    }

    /// The clusters that an aggregate cluster tries, in order.
    pub fn members(&self) -> Vec<Spanned<'d, &'d str>> {
        if self.kind != ClusterKind::Custom {
            return Vec::new();
        }
        let config = self
            .node
            .field("cluster_type")
            .filter(|c| is_extension(*c, "ClusterConfig", &[AGGREGATE]))
            .and_then(typed_config);
        // Several extensions call their message ClusterConfig; only this one lists names.
        config.into_iter().flat_map(|config| config.texts_at("clusters")).collect()
    }

    /// The SDS secrets that its transport sockets need.
    pub fn secrets(&self) -> Vec<Spanned<'d, &'d str>> {
        let matches = self.node.field("transport_socket_matches").into_iter().flat_map(Node::items);
        let sockets = matches.chain([self.node]).filter_map(|holder| holder.field("transport_socket"));
        let contexts = sockets.filter_map(typed_config).chain(self.node.field("tls_context"));
        contexts.flat_map(sds_secrets).collect()
    }

    /// Whether it lists hosts: `load_assignment`, or `hosts` before v3.
    pub fn lists_hosts(&self) -> bool {
        let hosts = self.node.get("hosts").is_some_and(|h| h.items().next().is_some());
        hosts || self.load_assignment().is_some_and(|a| a.endpoints().next().is_some())
    }
}

impl ClusterKind {
    fn parse(name: &[u8]) -> Self {
        match name {
            b"STRICT_DNS" | b"LOGICAL_DNS" | b"1" | b"2" => Self::Dns,
            b"EDS" | b"3" => Self::Eds,
            b"ORIGINAL_DST" | b"4" => Self::OriginalDestination,
            _ => Self::Static,
        }
    }
}

impl<'d> LoadAssignment<'d> {
    /// Reads the endpoints of the cluster `name`, unless the message names another.
    pub fn of(node: Node<'d>, name: &'d str) -> Option<Self> {
        let cluster_name = node.field("cluster_name").and_then(Node::text).unwrap_or(name);
        Some(Self { node, cluster_name })
    }

    /// The endpoints of every locality.
    pub fn endpoints(&self) -> impl Iterator<Item = Node<'d>> {
        let localities = self.node.get("endpoints").into_iter().flat_map(Node::items);
        localities.filter_map(|l| l.field("lb_endpoints")).flat_map(Node::items)
    }
}
