//! What a route does with a request
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routeaction>).

use crate::document::Node;
use crate::envoy::{Route, RouteAction};

use super::cluster::{ClusterState, Clusters};
use super::conditions::Subject;
use super::request::Chance;
use super::version::Rules;

/// A cluster that a request may go to.
#[derive(Clone, Debug)]
pub struct ClusterShare<'d> {
    /// Its name.
    pub name: String,
    /// Where it is named.
    pub node: Node<'d>,
    /// Of all requests so many parts.
    pub weight: u64,
    /// What is behind it.
    pub state: ClusterState,
}

/// The clusters of a forwarding route. Nothing where only an extension knows them.
pub(super) fn clusters<'d>(
    action: Node<'d>,
    subject: &Subject<'_>,
    rules: &Rules<'_>,
    known: &Clusters<'d>,
) -> Option<Vec<ClusterShare<'d>>> {
    let share = |name: &str, node: Node<'d>, weight: u64| ClusterShare {
        name: name.to_owned(),
        node,
        weight,
        state: if name.is_empty() { ClusterState::Missing } else { known.state(name) },
    };
    if let Some(header) = action.field("cluster_header") {
        let name = header.text().unwrap_or_default().to_ascii_lowercase();
        return Some(vec![share(subject.headers.first(&name).unwrap_or_default(), header, 1)]);
    }
    if let Some(weighted) = action.field("weighted_clusters") {
        return Some(weighted_clusters(weighted, subject, rules, &share));
    }
    if action.field("cluster_specifier_plugin").or_else(|| action.field("inline_cluster_specifier_plugin")).is_some() {
        return None;
    }
    let cluster = action.get("cluster");
    Some(vec![share(cluster.and_then(Node::text).unwrap_or_default(), cluster.unwrap_or(action), 1)])
}

fn weighted_clusters<'d>(
    weighted: Node<'d>,
    subject: &Subject<'_>,
    rules: &Rules<'_>,
    share: &impl Fn(&str, Node<'d>, u64) -> ClusterShare<'d>,
) -> Vec<ClusterShare<'d>> {
    let prefix = weighted.field("runtime_key_prefix").and_then(Node::text).unwrap_or_default();
    let mut shares = Vec::new();
    for cluster in weighted.get("clusters").into_iter().flat_map(Node::items) {
        let fixed = cluster.get("name").and_then(Node::text).unwrap_or_default();
        let header = cluster.field("cluster_header").and_then(Node::text).map(str::to_ascii_lowercase);
        let by_header = header.as_deref().and_then(|header| subject.headers.first(header));
        let name = if fixed.is_empty() { by_header.unwrap_or_default() } else { fixed };
        let runtime = rules.runtime.number(&format!("{prefix}.{fixed}")).filter(|_| !prefix.is_empty());
        let weight = runtime.or_else(|| cluster.get("weight").and_then(Node::as_u64)).unwrap_or(0);
        shares.push(share(name, cluster.get("name").unwrap_or(cluster), weight));
    }
    let total: u64 = shares.iter().map(|share| share.weight).sum();
    let by_header = weighted.field("header_name").and_then(Node::text).map(str::to_ascii_lowercase);
    let by_header = by_header.as_deref().and_then(|name| subject.headers.joined(name)).and_then(|v| v.parse().ok());
    let number = match &subject.request.chance {
        Chance::Number(number) | Chance::Key(_, number) => Some(*number),
        Chance::Likely | Chance::Decided(_) => by_header,
    };
    if let Some(place) = subject.request.chance.decision(weighted).filter(|place| *place < shares.len()) {
        return vec![shares.swap_remove(place)];
    }
    let Some(mut rest) = number.filter(|_| total > 0).map(|number| number % total) else {
        return shares;
    };
    let chosen = shares.iter().position(|share| {
        let is_chosen = rest < share.weight;
        rest = rest.saturating_sub(share.weight);
        is_chosen
    });
    chosen.map(|place| vec![shares.swap_remove(place)]).unwrap_or_default()
}

/// The status of a request whose cluster does not exist.
pub(super) fn missing_cluster_status(action: Node<'_>) -> u16 {
    match action.field("cluster_not_found_response_code").and_then(Node::text) {
        Some("NOT_FOUND" | "1") => 404,
        Some("INTERNAL_SERVER_ERROR" | "2") => 500,
        _ => 503,
    }
}

/// The status of a redirect.
pub(super) fn redirect_status(redirect: Node<'_>) -> u16 {
    match redirect.field("response_code").and_then(Node::text) {
        Some("FOUND" | "1") => 302,
        Some("SEE_OTHER" | "2") => 303,
        Some("TEMPORARY_REDIRECT" | "3") => 307,
        Some("PERMANENT_REDIRECT" | "4") => 308,
        _ => 301,
    }
}

/// The name of a route's action: that of its field.
pub fn action_name(route: Route<'_>) -> &'static str {
    match route.action() {
        RouteAction::Forward(_) => "route",
        RouteAction::Redirect(_) => "redirect",
        RouteAction::DirectResponse(_) => "direct_response",
        RouteAction::Other if route.node.field("non_forwarding_action").is_some() => "non_forwarding_action",
        RouteAction::Other => "filter_action",
    }
}
