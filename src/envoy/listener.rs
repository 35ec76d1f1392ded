//! `Listener`, filter chains and the two filters that lead somewhere.

use crate::document::{Node, Spanned};

use super::route::{ClusterReference, ReferenceKind, RouteConfiguration};
use super::xds_any::{is_extension, typed_config};

/// The filter that takes a connection's server name for its cluster.
const SNI_CLUSTER: [&str; 2] = ["envoy.filters.network.sni_cluster", "envoy.sni_cluster"];

/// A listener.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'d> {
    /// The message.
    pub node: Node<'d>,
}

/// A filter chain.
#[derive(Clone, Copy, Debug)]
pub struct FilterChain<'d> {
    /// The message.
    pub node: Node<'d>,
    /// Whether it is the `default_filter_chain`.
    pub is_default: bool,
}

/// An HTTP connection manager.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionManager<'d> {
    /// Its configuration.
    pub node: Node<'d>,
}

/// Where an HTTP connection manager has its routes from.
#[derive(Clone, Copy, Debug)]
pub enum RouteSource<'d> {
    /// They stand in it.
    Inline(RouteConfiguration<'d>),
    /// RDS gives them under this name.
    Rds(Spanned<'d, &'d str>),
    /// Each request chooses its table.
    Scoped,
}

/// A TCP proxy filter.
#[derive(Clone, Copy, Debug)]
pub struct TcpProxy<'d> {
    /// Its configuration.
    pub node: Node<'d>,
}

impl<'d> Listener<'d> {
    /// `name`; empty for many static ones.
    pub fn name(self) -> &'d str {
        self.node.text_at("name").map_or("", |n| n.value)
    }

    /// The socket's address and port.
    pub fn socket(self) -> Option<(&'d str, u16)> {
        let socket = self.node.get("address")?.field("socket_address")?;
        let address = socket.text_at("address").map_or("", |a| a.value);
        let port = socket.field("port_value").and_then(Node::as_u64).unwrap_or(0);
        Some((address, u16::try_from(port).ok()?))
    }

    /// Its filter chains, the default one last.
    pub fn filter_chains(self) -> impl Iterator<Item = FilterChain<'d>> {
        let chains = self.node.field("filter_chains").into_iter().flat_map(Node::items);
        let chains = chains.map(|node| FilterChain { node, is_default: false });
        let default = self.node.field("default_filter_chain").map(|node| FilterChain { node, is_default: true });
        chains.chain(default)
    }

    /// Whether a listener filter of this type is configured.
    pub fn has_listener_filter(self, message: &str, names: &[&str]) -> bool {
        let filters = self.node.field("listener_filters").into_iter().flat_map(Node::items);
        filters.into_iter().any(|f| is_extension(f, message, names))
    }

    /// `filter_chain_matcher`, which replaces the matches of the chains.
    pub fn matcher(self) -> Option<Node<'d>> {
        self.node.field("filter_chain_matcher")
    }
}

impl<'d> FilterChain<'d> {
    /// `name`.
    pub fn name(self) -> &'d str {
        self.node.text_at("name").map_or("", |n| n.value)
    }

    /// `filter_chain_match`.
    pub fn conditions(self) -> Option<Node<'d>> {
        self.node.field("filter_chain_match")
    }

    /// Its network filters.
    pub fn filters(self) -> impl Iterator<Item = Node<'d>> {
        self.node.get("filters").into_iter().flat_map(Node::items)
    }

    /// Its HTTP connection manager.
    pub fn connection_manager(self) -> Option<ConnectionManager<'d>> {
        let names = ["envoy.filters.network.http_connection_manager", "envoy.http_connection_manager"];
        let filter = self.filters().find(|f| is_extension(*f, "HttpConnectionManager", &names))?;
        typed_config(filter).map(|node| ConnectionManager { node })
    }

    /// Its TCP proxy.
    pub fn tcp_proxy(self) -> Option<TcpProxy<'d>> {
        let names = ["envoy.filters.network.tcp_proxy", "envoy.tcp_proxy"];
        let filter = self.filters().find(|f| is_extension(*f, "TcpProxy", &names))?;
        typed_config(filter).map(|node| TcpProxy { node })
    }

    /// Whether a filter before its TCP proxy may choose the cluster: by the server name, or by a value
    /// that the TCP proxy heeds. What the TCP proxy names is for the rest, if there is any.
    pub fn chooses_cluster(self) -> bool {
        let sets_cluster = |config: Node<'_>| {
            let values = config.field("on_new_connection").into_iter().flat_map(Node::items);
            values
                .filter_map(|value| value.field("object_key"))
                .any(|key| key.text() == Some("envoy.tcp_proxy.cluster"))
        };
        self.filters().any(|filter| {
            is_extension(filter, "SniCluster", &SNI_CLUSTER) || typed_config(filter).is_some_and(sets_cluster)
        })
    }

    /// The SDS secrets that its transport socket waits for.
    pub fn secrets(self) -> Vec<Spanned<'d, &'d str>> {
        let socket = self.node.field("transport_socket").and_then(typed_config);
        let context = socket.or_else(|| self.node.field("tls_context"));
        context.map(sds_secrets).unwrap_or_default()
    }
}

/// The names of the secrets that a TLS context has from SDS.
pub(super) fn sds_secrets(context: Node<'_>) -> Vec<Spanned<'_, &str>> {
    let Some(common) = context.field("common_tls_context") else {
        return Vec::new();
    };
    let certificates = common.field("tls_certificate_sds_secret_configs").into_iter().flat_map(Node::items);
    let validation = common.field("validation_context_sds_secret_config");
    let combined = common.field("combined_validation_context");
    let combined = combined.and_then(|c| c.field("validation_context_sds_secret_config"));
    let configs = certificates.chain(validation).chain(combined);
    // Without `sds_config` the secret is one of the bootstrap's own.
    configs.filter(|c| c.field("sds_config").is_some()).filter_map(|c| c.text_at("name")).collect()
}

impl<'d> ConnectionManager<'d> {
    /// Where its routes come from.
    pub fn routes(self) -> Option<RouteSource<'d>> {
        if let Some(inline) = self.node.field("route_config") {
            return Some(RouteSource::Inline(RouteConfiguration { node: inline }));
        }
        if let Some(rds) = self.node.get("rds") {
            return rds.field("route_config_name")?.spanned_text().map(RouteSource::Rds);
        }
        self.node.field("scoped_routes").map(|_| RouteSource::Scoped)
    }

    /// The SDS secrets that its filters need: those of a sign-in (OAuth2).
    pub fn secrets(self) -> Vec<Spanned<'d, &'d str>> {
        let filters = self.node.field("http_filters").into_iter().flat_map(Node::items);
        let sign_ins = filters.filter(|filter| is_extension(*filter, "OAuth2", &["envoy.filters.http.oauth2"]));
        let credentials = sign_ins.filter_map(|filter| typed_config(filter)?.get("config")?.get("credentials"));
        let configs = credentials.flat_map(|all| ["token_secret", "hmac_secret"].map(|name| all.field(name)));
        let from_sds = configs.flatten().filter(|config| config.field("sds_config").is_some());
        from_sds.filter_map(|config| config.text_at("name")).collect()
    }

    /// The tables that stand in its scopes.
    pub fn scoped_tables(self) -> impl Iterator<Item = RouteConfiguration<'d>> {
        let list = self.node.field("scoped_routes").and_then(|scopes| scopes.field("scoped_route_configurations_list"));
        let scopes = list.and_then(|list| list.field("scoped_route_configurations")).into_iter().flat_map(Node::items);
        scopes.filter_map(|scope| Some(RouteConfiguration { node: scope.field("route_configuration")? }))
    }

    /// Whether it asks the control plane for clusters of routes that are not there (ODCDS).
    pub fn asks_for_clusters(self) -> bool {
        let mut filters = self.node.field("http_filters").into_iter().flat_map(Node::items);
        filters.any(|filter| {
            is_extension(filter, "OnDemand", &["envoy.filters.http.on_demand"])
                && typed_config(filter).is_some_and(|config| config.get("odcds").is_some())
        })
    }

    /// Whether requests whose host has any port are routed as if it had none.
    pub fn strips_any_port(self) -> bool {
        self.node.field("strip_any_host_port").and_then(Node::as_bool) == Some(true)
    }
}

impl<'d> TcpProxy<'d> {
    /// Whether it asks the control plane for clusters that are not there (ODCDS).
    pub fn asks_for_clusters(self) -> bool {
        self.node.field("on_demand").is_some_and(|on_demand| on_demand.field("odcds_config").is_some())
    }

    /// The clusters it leads to.
    pub fn clusters(self) -> Vec<ClusterReference<'d>> {
        let single = self.node.text_at("cluster").map(|name| ClusterReference { name, kind: ReferenceKind::TcpProxy });
        let weighted = self.node.field("weighted_clusters").and_then(|w| w.get("clusters"));
        let weighted = weighted.into_iter().flat_map(Node::items).filter_map(|c| c.text_at("name"));
        let weighted = weighted.map(|name| ClusterReference { name, kind: ReferenceKind::TcpProxy });
        single.into_iter().chain(weighted).collect()
    }
}
