//! `proxy-config listeners --waypoint`: the chains of a waypoint, which a tree of matchers chooses.

use rustc_hash::FxHashMap;

use crate::document::Node;

use super::address::{address_of, port_of};
use super::grid::Grid;
use super::listeners::{Chain, Row, chains};

/// The table.
pub(super) fn table<'d>(rows: &[Row<'d>]) -> Grid<'d> {
    let mut grid = Grid::new(1);
    grid.heading(&["LISTENER", "CHAIN", "MATCH", "DESTINATION"]);
    for row in rows {
        let listener = listener(row.node);
        let matches = matches(row.node);
        for node in chains(row.node) {
            let name = node.text_at("name").map_or("", |name| name.value);
            let chain = Chain::of(node);
            let condition = matches.get(name).cloned().unwrap_or(chain.condition);
            grid.row([listener.clone().into(), name.into(), condition.into(), chain.destination.into()]);
        }
    }
    grid
}

/// The address, or the name of a listener within Envoy.
fn listener(node: Node<'_>) -> String {
    let address = node.get("address");
    if node.field("internal_listener").is_some() || address.is_none() {
        return format!("envoy://{}", node.text_at("name").map_or("internal", |name| name.value));
    }
    format!("{}:{}", address_of(address), port_of(address))
}

/// What the tree of matchers asks for each chain.
fn matches(listener: Node<'_>) -> FxHashMap<String, String> {
    let mut found = FxHashMap::default();
    if let Some(matcher) = listener.field("filter_chain_matcher") {
        walk(matcher, &[], &mut found);
    }
    found
}

fn walk(matcher: Node<'_>, path: &[String], found: &mut FxHashMap<String, String>) {
    if let Some(tree) = matcher.field("matcher_tree") {
        let input = tree.get("input").map_or_else(String::new, input_name);
        for map in ["exact_match_map", "prefix_match_map"] {
            let entries = tree.field(map).and_then(|map| map.get("map"));
            for (key, on_match) in entries.into_iter().flat_map(|map| map.entries().collect::<Vec<_>>()) {
                step(on_match, path, format!("{input}={}", key.text), found);
            }
        }
        let ranges = tree.field("custom_match").and_then(|custom| custom.field("typed_config"));
        for range in ranges.and_then(|config| config.field("range_matchers")).into_iter().flat_map(Node::items) {
            if let Some(on_match) = range.field("on_match") {
                step(on_match, path, format!("{input}={}", range_names(range)), found);
            }
        }
    }
    if let Some(otherwise) = matcher.field("on_no_match") {
        step(otherwise, path, "UNMATCHED".to_owned(), found);
    }
}

fn step(on_match: Node<'_>, path: &[String], condition: String, found: &mut FxHashMap<String, String>) {
    let mut path = path.to_vec();
    path.push(condition);
    if let Some(matcher) = on_match.get("matcher") {
        walk(matcher, &path, found);
    }
    let chain = on_match.get("action").and_then(|action| action.field("typed_config")?.text_at("value"));
    if let Some(chain) = chain {
        let text = path.join(" -> ");
        let known = found.entry(chain.value.to_owned()).or_default();
        if !known.is_empty() {
            known.push_str("; ");
        }
        known.push_str(&text);
    }
}

/// The last word of an input's type: `DestinationPort`.
fn input_name(input: Node<'_>) -> String {
    let url = input.field("typed_config").and_then(|config| config.text_at("@type")).map_or("", |url| url.value);
    let name = url.rsplit('.').next().unwrap_or_default();
    let name = name.strip_suffix("Input").unwrap_or(name);
    match name {
        "DestinationIP" => "ip".to_owned(),
        "DestinationPort" => "port".to_owned(),
        "TransportProtocol" => "transport".to_owned(),
        "ApplicationProtocol" => "app".to_owned(),
        other => other.to_owned(),
    }
}

fn range_names(range: Node<'_>) -> String {
    let of = |range: Node<'_>| {
        let length = range.field("prefix_len").and_then(Node::as_u64).unwrap_or(0);
        format!("{}/{length}", range.field("address_prefix").and_then(Node::text).unwrap_or_default())
    };
    range.get("ranges").into_iter().flat_map(Node::items).map(of).collect::<Vec<_>>().join(",")
}
