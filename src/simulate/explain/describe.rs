//! Conditions in words.

use crate::document::Node;
use crate::envoy::{ClusterKind, ConditionKind, PathMatch, RouteMatch, StringMatch, StringMatchKind, ValueTest};

/// The conditions of a route: `prefix /api, header end-user is jason`.
pub fn route_match(conditions: &RouteMatch<'_>) -> String {
    let mut parts = vec![path(conditions.path)];
    parts.extend(conditions.conditions.iter().map(|c| kind_of(c.kind)));
    parts.join(", ")
}

fn path(path: PathMatch<'_>) -> String {
    match path {
        PathMatch::Prefix("") => "any path".to_owned(),
        PathMatch::Prefix(text) => format!("prefix {text}"),
        PathMatch::Exact(text) => format!("path {text}"),
        PathMatch::SeparatedPrefix(text) => format!("path {text} and below"),
        PathMatch::Regex(text) => format!("regex {text}"),
        PathMatch::Template(text) => format!("template {text}"),
        PathMatch::Connect => "CONNECT".to_owned(),
        PathMatch::Other => "a path matcher".to_owned(),
    }
}

fn kind_of(kind: ConditionKind<'_>) -> String {
    let inverted = |is: bool| if is { "not: " } else { "" };
    match kind {
        ConditionKind::Fraction(fraction) => {
            format!("{}/{} of requests", fraction.numerator, fraction.denominator)
        }
        ConditionKind::Grpc => "gRPC".to_owned(),
        ConditionKind::Header(header) => {
            format!("{}header {} {}", inverted(header.is_inverted), header.name, value(header.test))
        }
        ConditionKind::Query(name, test) => format!("query {name} {}", value(test)),
        ConditionKind::Cookie(name, test, is_inverted) => {
            format!("{}cookie {name} {}", inverted(is_inverted), value(test))
        }
        ConditionKind::Tls { presented, validated } => match (presented, validated) {
            (Some(false), _) => "no client certificate".to_owned(),
            (_, Some(true)) => "a valid client certificate".to_owned(),
            (_, Some(false)) => "no valid client certificate".to_owned(),
            _ => "a client certificate".to_owned(),
        },
        ConditionKind::Metadata(metadata) => format!("metadata of {}", metadata.filter),
        ConditionKind::Other(name) => name.to_owned(),
    }
}

fn value(test: ValueTest<'_>) -> String {
    match test {
        ValueTest::Present(true) | ValueTest::Any => "is there".to_owned(),
        ValueTest::Present(false) => "is absent".to_owned(),
        ValueTest::Text(text) => string(text),
        ValueTest::Range(start, end) => format!("from {start} to below {end}"),
        ValueTest::Unknown(_) => "meets a matcher".to_owned(),
    }
}

fn string(text: StringMatch<'_>) -> String {
    let case = if text.ignores_case { " in any case" } else { "" };
    let shown = match text.kind {
        StringMatchKind::Exact(text) => format!("is {text}"),
        StringMatchKind::Prefix(text) => format!("starts with {text}"),
        StringMatchKind::Suffix(text) => format!("ends with {text}"),
        StringMatchKind::Contains(text) => format!("contains {text}"),
        StringMatchKind::Regex(text) => format!("matches {text}"),
    };
    shown + case
}

/// One condition of a route, from its node alone.
pub(super) fn condition(node: Node<'_>) -> String {
    let trail = node.trail();
    for ancestor in trail.nodes().rev().filter(|n| n.is_object()) {
        if ancestor.key().is_some_and(|key| key.text == "match") {
            let read = RouteMatch::of(ancestor);
            if read.path_node == node {
                return path(read.path);
            }
            let found = read.conditions.iter().find(|c| c.node == node);
            return found.map_or_else(|| "its conditions".to_owned(), |c| kind_of(c.kind));
        }
    }
    "its conditions".to_owned()
}

/// Where the endpoints of a cluster are, if the dump does not list them.
pub(super) fn kind(kind: ClusterKind) -> &'static str {
    match kind {
        ClusterKind::Static => "its endpoints are not in the dump",
        ClusterKind::Dns => "its endpoints are what DNS says",
        ClusterKind::Eds => "its endpoints are not in the dump: take it with ?include_eds",
        ClusterKind::OriginalDestination => "goes where the connection was going",
        ClusterKind::Custom => "an extension finds its endpoints",
    }
}

/// The address of an endpoint.
pub(super) fn address(endpoint: Node<'_>) -> String {
    let address = endpoint.get("endpoint").and_then(|e| e.get("address"));
    let Some(address) = address else { return "(somewhere)".to_owned() };
    if let Some(socket) = address.field("socket_address") {
        let text = |field| socket.field(field).and_then(Node::text).unwrap_or_default();
        return format!("{}:{}", text("address"), text("port_value"));
    }
    let internal = address.field("envoy_internal_address").and_then(|a| a.field("server_listener_name"));
    let pipe = address.get("pipe").and_then(|pipe| pipe.get("path"));
    internal.or(pipe).and_then(Node::text).unwrap_or("(somewhere)").to_owned()
}
