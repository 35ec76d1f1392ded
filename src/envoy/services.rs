//! The clusters that filters, logs and tracers of a listener call, and those of proxies for other
//! protocols than HTTP and TCP.

use crate::document::{Node, Spanned};

use super::listener::{FilterChain, Listener};
use super::route::{ClusterReference, ReferenceKind};
use super::xds_any::{type_name, typed_config};

/// What a cluster is called for, other than by routes and TCP proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// It says which requests are allowed.
    Authorization,
    /// It says which connections are allowed.
    ConnectionAuthorization,
    /// It counts requests or connections.
    RateLimit,
    /// It sees requests and may change them.
    Processing,
    /// It has the keys that tokens are verified with.
    Keys,
    /// It gives tokens to those who sign in.
    Tokens,
    /// It takes log entries.
    Log,
    /// It takes spans.
    Traces,
    /// It takes Redis' commands.
    Redis,
    /// It takes copies of Redis' commands.
    RedisCopies,
    /// It takes calls by Dubbo or Thrift.
    Calls,
    /// It takes datagrams.
    Datagrams,
}

impl Service {
    /// What calls it, for people.
    pub fn caller(self) -> &'static str {
        match self {
            Self::Authorization | Self::ConnectionAuthorization => "the external authorization",
            Self::RateLimit => "the rate limit",
            Self::Processing => "the external processing",
            Self::Keys => "the verification of tokens (JWT)",
            Self::Tokens => "the sign-in (OAuth2)",
            Self::Log => "an access log",
            Self::Traces => "the tracing",
            Self::Redis | Self::RedisCopies => "the Redis proxy",
            Self::Calls => "the Dubbo or Thrift proxy",
            Self::Datagrams => "the UDP proxy",
        }
    }

    /// What happens if it does not answer. `is_open` says that what waits for it goes on without it.
    pub fn outcome(self, is_open: bool) -> &'static str {
        match self {
            Self::Authorization | Self::ConnectionAuthorization if is_open => "nothing is checked",
            Self::Authorization => "requests are denied (UAEX)",
            Self::ConnectionAuthorization => "connections are closed (UAEX)",
            Self::RateLimit if is_open => "nothing is limited",
            Self::RateLimit => "everything that is to be counted is refused",
            Self::Processing if is_open => "requests go on without it",
            Self::Processing => "requests get 500",
            Self::Keys => "requests with a token get 401, where one is required",
            Self::Tokens => "nobody can sign in",
            Self::Log => "its entries are lost",
            Self::Traces => "spans are lost",
            Self::Redis => "commands get an error",
            Self::RedisCopies => "copies are dropped",
            Self::Calls => "calls end with an exception",
            Self::Datagrams => "datagrams are dropped",
        }
    }

    /// Whether traffic goes on without it.
    pub fn is_dispensable(self, is_open: bool) -> bool {
        is_open || matches!(self, Self::Log | Self::Traces | Self::RedisCopies)
    }
}

/// What takes the references that are found.
pub(super) type Found<'a, 'd> = &'a mut dyn FnMut(ClusterReference<'d>);

/// Hands over what a listener calls outside its filter chains: its logs, and a UDP proxy.
pub(super) fn of_listener<'d>(listener: Listener<'d>, found: Found<'_, 'd>) {
    logs(listener.node, found);
    for config in configs(listener.node.field("listener_filters")) {
        if type_name(config) != Some("UdpProxyConfig") {
            continue;
        }
        let matched = config.get("matcher").map(actions).unwrap_or_default();
        for route in matched.into_iter().chain([config]) {
            one(route.get("cluster"), Service::Datagrams, false, found);
        }
    }
}

/// Hands over what the filters of a chain call.
pub(super) fn of_chain<'d>(chain: FilterChain<'d>, found: Found<'_, 'd>) {
    for config in configs(chain.node.get("filters")) {
        match type_name(config) {
            Some("HttpConnectionManager") => of_manager(config, found),
            Some("TcpProxy") => logs(config, found),
            Some("ExtAuthz") => {
                let is_open = flag(config, "failure_mode_allow");
                each(services(config), Service::ConnectionAuthorization, is_open, found);
            }
            Some("RateLimit") => rate_limit(config, found),
            Some("RedisProxy") => redis(config, found),
            Some("DubboProxy") => {
                let tables = config.field("route_config").into_iter().flat_map(Node::items);
                tables.for_each(|table| calls(table, found));
            }
            Some("ThriftProxy") => config.field("route_config").into_iter().for_each(|table| calls(table, found)),
            _ => {}
        }
    }
}

fn of_manager<'d>(manager: Node<'d>, found: Found<'_, 'd>) {
    logs(manager, found);
    let provider = manager.get("tracing").and_then(|tracing| tracing.get("provider")).and_then(typed_config);
    each(provider.map(services).unwrap_or_default(), Service::Traces, false, found);
    for config in configs(manager.field("http_filters")) {
        match type_name(config) {
            Some("ExtAuthz") if !is_never_asked(config) => {
                each(services(config), Service::Authorization, flag(config, "failure_mode_allow"), found);
            }
            Some("ExternalProcessor") => {
                each(services(config), Service::Processing, flag(config, "failure_mode_allow"), found);
            }
            Some("RateLimit") => rate_limit(config, found),
            Some("JwtAuthentication") => {
                for provider in config.get("providers").into_iter().flat_map(Node::values) {
                    let keys = provider.field("remote_jwks").and_then(|keys| keys.field("http_uri"));
                    one(keys.and_then(|uri| uri.get("cluster")), Service::Keys, false, found);
                }
            }
            Some("OAuth2") => {
                let endpoint = config.get("config").and_then(|config| config.field("token_endpoint"));
                one(endpoint.and_then(|uri| uri.get("cluster")), Service::Tokens, false, found);
            }
            _ => {}
        }
    }
}

/// The configurations of those of a list of filters that are not switched off.
fn configs(list: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    let filters = list.into_iter().flat_map(Node::items);
    filters.filter(|filter| !flag(*filter, "disabled")).filter_map(typed_config)
}

fn flag(node: Node<'_>, name: &str) -> bool {
    node.field(name).and_then(Node::as_bool) == Some(true)
}

/// Whether the share of requests that are to be checked is none.
fn is_never_asked(config: Node<'_>) -> bool {
    config.field("filter_enabled").is_some_and(|enabled| {
        let share = enabled.field("default_value").and_then(|share| share.get("numerator"));
        share.and_then(Node::as_u64).unwrap_or(0) == 0
    })
}

/// The clusters of the services that a message names, by gRPC or by HTTP.
fn services(config: Node<'_>) -> Vec<Spanned<'_, &str>> {
    let common = config.field("common_config");
    let holders = || [Some(config), common].into_iter().flatten();
    let by_grpc = holders().filter_map(|h| h.field("grpc_service")?.field("envoy_grpc")?.field("cluster_name"));
    let by_http = holders().filter_map(|h| {
        let service = h.field("http_service")?;
        service.field("server_uri").or_else(|| service.field("http_uri"))?.get("cluster")
    });
    by_grpc.chain(by_http).chain(config.field("collector_cluster")).filter_map(Node::spanned_text).collect()
}

fn logs<'d>(holder: Node<'d>, found: Found<'_, 'd>) {
    for config in configs(holder.field("access_log")) {
        each(services(config), Service::Log, false, found);
    }
}

fn rate_limit<'d>(config: Node<'d>, found: Found<'_, 'd>) {
    let service = config.field("rate_limit_service");
    each(service.map(services).unwrap_or_default(), Service::RateLimit, !flag(config, "failure_mode_deny"), found);
}

fn redis<'d>(config: Node<'d>, found: Found<'_, 'd>) {
    let Some(routes) = config.field("prefix_routes") else { return };
    let listed = routes.get("routes").into_iter().flat_map(Node::items);
    for route in listed.chain(routes.field("catch_all_route")) {
        one(route.get("cluster"), Service::Redis, false, found);
        for copies in route.field("request_mirror_policy").into_iter().flat_map(Node::items) {
            one(copies.get("cluster"), Service::RedisCopies, false, found);
        }
    }
}

/// The routes of Dubbo's and Thrift's proxies.
fn calls<'d>(table: Node<'d>, found: Found<'_, 'd>) {
    for action in table.get("routes").into_iter().flat_map(Node::items).filter_map(|route| route.get("route")) {
        one(action.get("cluster"), Service::Calls, false, found);
        let shares = action.field("weighted_clusters").and_then(|weighted| weighted.get("clusters"));
        for share in shares.into_iter().flat_map(Node::items) {
            one(share.get("name"), Service::Calls, false, found);
        }
    }
}

fn each<'d>(names: Vec<Spanned<'d, &'d str>>, service: Service, is_open: bool, found: Found<'_, 'd>) {
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        found(ClusterReference { name, kind: ReferenceKind::Service { service, is_open } });
    }
}

fn one<'d>(name: Option<Node<'d>>, service: Service, is_open: bool, found: Found<'_, 'd>) {
    each(name.and_then(Node::spanned_text).into_iter().collect(), service, is_open, found);
}

/// What the actions of a tree of matchers say, in its order.
pub(super) fn actions(matcher: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    collect_actions(matcher, &mut found);
    found
}

fn collect_actions<'d>(node: Node<'d>, found: &mut Vec<Node<'d>>) {
    match node.get("action").and_then(typed_config) {
        Some(action) => found.push(action),
        None => node.items().chain(node.values()).for_each(|child| collect_actions(child, found)),
    }
}
