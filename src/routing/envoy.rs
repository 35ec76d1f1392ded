//! From Envoy's `RouteMatch` to conditions
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto>).

use crate::document::Node;
use crate::envoy::{PathMatch, Route};

use super::path::PathKind;
use super::{Atom, Condition, Dimension, TextCondition};

impl Condition {
    /// The condition of a route of Envoy's.
    pub fn of_envoy(route: Route<'_>) -> Self {
        let mut condition = Self::any();
        let Some(conditions) = route.conditions() else {
            return condition;
        };
        for (key, value) in conditions.entries() {
            match key.text {
                "headers" => condition.atoms.extend(value.items().map(header)),
                "query_parameters" | "queryParameters" => condition.atoms.extend(value.items().map(query)),
                "case_sensitive" | "caseSensitive" => condition.path.ignores_case = value.as_bool() == Some(false),
                "runtime_fraction" | "runtimeFraction" | "runtime" => condition.is_partial = true,
                "prefix"
                | "path"
                | "safe_regex"
                | "safeRegex"
                | "regex"
                | "path_separated_prefix"
                | "pathSeparatedPrefix"
                | "connect_matcher"
                | "connectMatcher" => {}
                other => condition.atoms.push(unknown(other, value)),
            }
        }
        if let Some((path, _)) = route.path() {
            condition.path.kind = path_kind(path, conditions);
        }
        // A plugin may decline a request after all, and the next route is asked.
        condition.is_partial |= route.chooses_cluster_by_request();
        condition
    }
}

fn path_kind(path: PathMatch<'_>, conditions: Node<'_>) -> PathKind {
    match path {
        PathMatch::Prefix(text) => PathKind::Prefix(text.to_owned()),
        PathMatch::Exact(text) => PathKind::Exact(text.to_owned()),
        PathMatch::SeparatedPrefix(text) => PathKind::SeparatedPrefix(text.to_owned()),
        PathMatch::Regex(text) => PathKind::Regex(text.to_owned()),
        PathMatch::Connect => PathKind::Connect,
        PathMatch::Other => PathKind::Other(conditions.to_json()),
    }
}

/// A condition that is only known by how it is written: it implies itself and nothing else.
fn unknown(name: &str, value: Node<'_>) -> Atom {
    Atom::new(Dimension::Other("condition"), TextCondition::Exact(format!("{name}={}", value.to_json())))
}

fn header(matcher: Node<'_>) -> Atom {
    let name = matcher.get("name").and_then(Node::text).unwrap_or_default().to_ascii_lowercase();
    let name = if name == "host" { ":authority".to_owned() } else { name };
    let flag = |field: &str| matcher.field(field).and_then(Node::as_bool) == Some(true);
    let presence = matcher.field("present_match").and_then(Node::as_bool);
    let absent_is_empty = flag("treat_missing_header_as_empty");
    let text = match (absent_is_empty, text_of(matcher)) {
        (true, TextCondition::Present) => TextCondition::Other(matcher.to_json()), // always there, then
        (_, text) => text,
    };
    let atom = Atom::new(Dimension::Header(name), text);
    let atom = if absent_is_empty { atom.or_absent() } else { atom };
    if flag("invert_match") == (presence == Some(false)) { atom } else { atom.inverted() }
}

fn query(matcher: Node<'_>) -> Atom {
    let name = matcher.get("name").and_then(Node::text).unwrap_or_default();
    let presence = matcher.field("present_match").and_then(Node::as_bool);
    let atom = Atom::new(Dimension::Query(name.to_owned()), text_of(matcher));
    if presence == Some(false) { atom.inverted() } else { atom }
}

/// The condition on a header's or a parameter's value, in today's or yesterday's spelling.
fn text_of(matcher: Node<'_>) -> TextCondition {
    for (key, value) in matcher.entries() {
        let text = || value.text().unwrap_or_default().to_owned();
        return match key.text {
            "string_match" | "stringMatch" => string_match(value),
            "exact_match" | "exactMatch" => TextCondition::Exact(text()),
            "prefix_match" | "prefixMatch" => TextCondition::Prefix(text()),
            "suffix_match" | "suffixMatch" => TextCondition::Suffix(text()),
            "contains_match" | "containsMatch" => TextCondition::Contains(text()),
            "safe_regex_match" | "safeRegexMatch" => {
                TextCondition::Regex(value.get("regex").and_then(Node::text).unwrap_or_default().to_owned())
            }
            "regex_match" | "regexMatch" => TextCondition::Regex(text()),
            "range_match" | "rangeMatch" | "value" | "regex" => TextCondition::Other(matcher.to_json()),
            _ => continue,
        };
    }
    TextCondition::Present
}

fn string_match(matcher: Node<'_>) -> TextCondition {
    if matcher.field("ignore_case").and_then(Node::as_bool) == Some(true) {
        return TextCondition::Other(matcher.to_json());
    }
    if let Some((key, value)) = matcher.entries().next() {
        let text = || value.text().unwrap_or_default().to_owned();
        return match key.text {
            "exact" => TextCondition::Exact(text()),
            "prefix" => TextCondition::Prefix(text()),
            "suffix" => TextCondition::Suffix(text()),
            "contains" => TextCondition::Contains(text()),
            "safe_regex" | "safeRegex" => {
                TextCondition::Regex(value.get("regex").and_then(Node::text).unwrap_or_default().to_owned())
            }
            _ => TextCondition::Other(matcher.to_json()),
        };
    }
    TextCondition::Other(matcher.to_json())
}
