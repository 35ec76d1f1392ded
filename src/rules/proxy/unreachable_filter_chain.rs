//! A filter chain gets no connection.
//!
//! ## What it finds
//! In a dump: a chain that asks for server names or TLS on a listener that does not look at TLS (no
//! `tls_inspector`), one that asks for another destination port than the listener's own although no
//! listener filter changes it, and one that the listener's matcher never names.
//!
//! ## Why it matters
//! What the chain is for is served by another one, or not at all.
//!
//! ## Example
//! ```yaml
//! listener_filters: []
//! filter_chains:
//! - filter_chain_match: {server_names: [shop.example.com]}
//! ```
//!
//! ## Use instead
//! The listener filter `envoy.filters.listener.tls_inspector`.
//!
//! ## When to ignore it
//! Never.
//!
//! ## Inputs
//! A dump with its listeners, or a listener.

use super::prelude::*;
use crate::document::Node;
use crate::envoy::{Dump, FilterChain, Listener};
use crate::finding::Subject;

const META: Meta =
    Meta { id: "unreachable-filter-chain", family: Family::Proxy, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    for (entry, listener) in dump.current_listeners() {
        for chain in listener.filter_chains().filter(|chain| !chain.is_default) {
            let Some((node, label, help)) = obstacle(listener, chain) else {
                continue;
            };
            let name = if chain.name().is_empty() {
                "a filter chain".to_owned()
            } else {
                format!("filter chain {}", chain.name())
            };
            let draft = Draft::new(node, format!("{name} of listener {} gets no connection", entry.name))
                .label(label)
                .note("its connections go to another chain, or are closed (NR filter_chain_not_found)")
                .help(help)
                .subject(Subject::Proxy {
                    proxy: dump.proxy().to_owned(),
                    section: "listeners",
                    resource: entry.name.to_owned(),
                });
            findings.push(draft);
        }
    }
}

/// What keeps every connection from a chain: where, why, what to do.
fn obstacle<'d>(listener: Listener<'d>, chain: FilterChain<'d>) -> Option<(Node<'d>, &'static str, &'static str)> {
    if let Some(matcher) = listener.matcher() {
        let name = chain.name();
        let node = chain.node.get("name").unwrap_or(chain.node);
        let is_named = name.is_empty() || names(matcher, name);
        return (!is_named).then_some((
            node,
            "the listener's matcher never names it",
            "name it in the matcher, or remove it",
        ));
    }
    let conditions = chain.conditions()?;
    if is_udp(listener) || has_unknown_listener_filter(listener) {
        return None;
    }
    let tls = conditions
        .field("server_names")
        .or_else(|| conditions.field("transport_protocol").filter(|protocol| protocol.text() == Some("tls")));
    if let Some(node) = tls.filter(|_| !sees_tls(listener)) {
        return Some((
            node,
            "this listener does not look at TLS: every connection counts as plain",
            "add the listener filter envoy.filters.listener.tls_inspector",
        ));
    }
    let wanted = conditions.field("destination_port").filter(|_| keeps_destination(listener))?;
    let (_, own) = listener.socket()?;
    (wanted.as_u64() != Some(u64::from(own)) && own != 0).then_some((
        wanted,
        "not the port of this listener, and nothing restores another destination",
        "use the listener's own port, or the listener filter original_dst",
    ))
}

/// Whether a matcher tree has an action that names the chain.
fn names(matcher: Node<'_>, chain: &str) -> bool {
    if matcher.get("value").and_then(Node::text) == Some(chain) || matcher.text() == Some(chain) {
        return true;
    }
    matcher.items().chain(matcher.values()).any(|child| names(child, chain))
}

fn is_udp(listener: Listener<'_>) -> bool {
    let socket = listener.node.get("address").and_then(|a| a.field("socket_address"));
    listener.node.field("udp_listener_config").is_some()
        || socket.and_then(|s| s.text_at("protocol")).is_some_and(|p| *p == "UDP")
}

fn sees_tls(listener: Listener<'_>) -> bool {
    listener
        .has_listener_filter("TlsInspector", &["envoy.filters.listener.tls_inspector", "envoy.listener.tls_inspector"])
}

/// Filters of others may set anything.
fn has_unknown_listener_filter(listener: Listener<'_>) -> bool {
    let known =
        ["tls_inspector", "http_inspector", "original_dst", "original_src", "proxy_protocol", "local_ratelimit"];
    let filters = listener.node.field("listener_filters").into_iter().flat_map(Node::items);
    filters.into_iter().any(|filter| {
        let name = filter.get("name").and_then(Node::text).unwrap_or_default();
        !known.iter().any(|k| name.ends_with(k))
    })
}

/// Whether connections arrive with the listener's own port as their destination.
fn keeps_destination(listener: Listener<'_>) -> bool {
    let names = ["envoy.filters.listener.original_dst", "envoy.listener.original_dst"];
    let proxy = ["envoy.filters.listener.proxy_protocol", "envoy.listener.proxy_protocol"];
    let flag = |name: &str| listener.node.field(name).and_then(Node::as_bool) == Some(true);
    let unbound =
        |node: Option<Node<'_>>| node.and_then(|n| n.field("bind_to_port")).and_then(Node::as_bool) == Some(false);
    !listener.has_listener_filter("OriginalDst", &names)
        && !listener.has_listener_filter("ProxyProtocol", &proxy)
        && !flag("use_original_dst")
        && !unbound(Some(listener.node))
        && !unbound(listener.node.field("deprecated_v1"))
        && listener.node.field("additional_addresses").is_none()
        && listener.node.field("internal_listener").is_none()
}
