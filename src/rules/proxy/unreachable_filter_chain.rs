//! A filter chain gets no connection.
//!
//! ## What it finds
//! In a dump: a chain that asks for server names or TLS on a listener that does not look at TLS (no
//! `tls_inspector`), for application protocols on one that does not look at those, for QUIC on TCP,
//! or for server names of plain connections; one that asks for another destination port or address
//! than the listener's own although nothing changes it; a default chain beside a single one without
//! conditions; and one that the listener's matcher never names.
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

use std::net::IpAddr;

use super::prelude::*;
use crate::document::Node;
use crate::envoy::{Dump, FilterChain, Listener, type_name};
use crate::finding::Subject;

const META: Meta =
    Meta { id: "unreachable-filter-chain", family: Family::Proxy, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    for (entry, listener) in dump.current_listeners() {
        for chain in listener.filter_chains() {
            let Some(Obstacle { node, label, help }) = obstacle(listener, chain) else {
                continue;
            };
            let name = match (chain.is_default, chain.name()) {
                (true, _) => "the default filter chain".to_owned(),
                (false, "") => "a filter chain".to_owned(),
                (false, name) => format!("filter chain {name}"),
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
struct Obstacle<'d> {
    node: Node<'d>,
    label: &'static str,
    help: &'static str,
}

fn obstacle<'d>(listener: Listener<'d>, chain: FilterChain<'d>) -> Option<Obstacle<'d>> {
    if let Some(matcher) = listener.matcher() {
        let is_named = chain.is_default || chain.name().is_empty() || names(matcher, chain.name());
        return (!is_named).then(|| Obstacle {
            node: name_of(chain),
            label: "the listener's matcher never names it",
            help: "name it in the matcher, or remove it",
        });
    }
    if is_udp(listener) {
        return None;
    }
    if chain.is_default {
        return takes_everything(listener).then(|| Obstacle {
            node: name_of(chain),
            label: "the only other filter chain has no conditions: it takes every connection",
            help: "give the other one its conditions (`filter_chain_match`), or remove this one",
        });
    }
    let conditions = chain.conditions()?;
    if has_unknown_listener_filter(listener) {
        return None;
    }
    by_protocol(listener, conditions).or_else(|| by_destination(listener, conditions))
}

fn name_of(chain: FilterChain<'_>) -> Node<'_> {
    chain.node.get("name").unwrap_or(chain.node)
}

/// Whether the listener has a single chain besides its default one, and that without conditions.
fn takes_everything(listener: Listener<'_>) -> bool {
    let mut others = listener.filter_chains().filter(|chain| !chain.is_default);
    let first = others.next().filter(|chain| chain.conditions().is_none_or(|c| c.values().next().is_none()));
    first.is_some() && others.next().is_none()
}

/// What a connection must be like on the wire, where nothing finds out or it contradicts itself.
fn by_protocol<'d>(listener: Listener<'d>, conditions: Node<'d>) -> Option<Obstacle<'d>> {
    let protocol = conditions.field("transport_protocol");
    let is = |wanted: &str| protocol.and_then(Node::text) == Some(wanted);
    let server_names = conditions.field("server_names");
    if let Some(node) = server_names.or(protocol.filter(|_| is("tls"))).filter(|_| !sees_tls(listener)) {
        return Some(Obstacle {
            node,
            label: "this listener does not look at TLS: every connection counts as plain",
            help: "add the listener filter envoy.filters.listener.tls_inspector",
        });
    }
    if let Some(node) = protocol.filter(|_| is("quic")) {
        return Some(Obstacle {
            node,
            label: "no connection by TCP is one of QUIC",
            help: "move the chain to a listener for UDP with `quic_options`, or remove it",
        });
    }
    if let Some(node) = server_names.filter(|_| is("raw_buffer")) {
        return Some(Obstacle {
            node,
            label: "plain connections have no server name",
            help: "ask for the transport protocol `tls`, or for no server names",
        });
    }
    let wanted = conditions.field("application_protocols").filter(|_| !sees_tls(listener))?;
    let is_seen = |name: &str| sees_http(listener) && SEEN_IN_PLAIN.contains(&name);
    (!wanted.items().filter_map(Node::text).any(is_seen)).then_some(Obstacle {
        node: wanted,
        label: "nothing in this listener finds out that a connection is of these protocols",
        help: "add the listener filter envoy.filters.listener.tls_inspector, or http_inspector for plain HTTP",
    })
}

/// What the `http_inspector` says of plain connections.
const SEEN_IN_PLAIN: [&str; 3] = ["http/1.0", "http/1.1", "h2c"];

/// Where a connection must go to, which is always the listener itself.
fn by_destination<'d>(listener: Listener<'d>, conditions: Node<'d>) -> Option<Obstacle<'d>> {
    if !keeps_destination(listener) {
        return None;
    }
    let (address, port) = listener.socket()?;
    let wanted = conditions.field("destination_port");
    if let Some(node) = wanted.filter(|wanted| wanted.as_u64() != Some(u64::from(port)) && port != 0) {
        return Some(Obstacle {
            node,
            label: "not the port of this listener, and nothing restores another destination",
            help: "use the listener's own port, or the listener filter original_dst",
        });
    }
    let own: IpAddr = address.parse().ok().filter(|own: &IpAddr| !own.is_unspecified())?;
    let ranges = conditions.field("prefix_ranges")?;
    let has_own: Option<Vec<bool>> = ranges.items().map(|range| contains(range, own)).collect();
    has_own.filter(|all| !all.is_empty() && !all.contains(&true)).map(|_| Obstacle {
        node: ranges,
        label: "the address of this listener is in none of them, and nothing restores another destination",
        help: "use the listener's own address, or the listener filter original_dst",
    })
}

/// Whether a `CidrRange` has an address in it, if it can be read.
fn contains(range: Node<'_>, address: IpAddr) -> Option<bool> {
    let prefix: IpAddr = range.field("address_prefix")?.text()?.parse().ok()?;
    let length = range.field("prefix_len").map_or(Some(0), Node::as_u64)?;
    let differs = match (prefix, address) {
        (IpAddr::V4(one), IpAddr::V4(other)) => u64::from((one.to_bits() ^ other.to_bits()).leading_zeros()),
        (IpAddr::V6(one), IpAddr::V6(other)) => u64::from((one.to_bits() ^ other.to_bits()).leading_zeros()),
        _ => return Some(false),
    };
    Some(differs >= length)
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

fn sees_http(listener: Listener<'_>) -> bool {
    listener.has_listener_filter(
        "HttpInspector",
        &["envoy.filters.listener.http_inspector", "envoy.listener.http_inspector"],
    )
}

/// Filters of others may set anything.
fn has_unknown_listener_filter(listener: Listener<'_>) -> bool {
    const KNOWN: [(&str, &str); 6] = [
        ("TlsInspector", "tls_inspector"),
        ("HttpInspector", "http_inspector"),
        ("OriginalDst", "original_dst"),
        ("OriginalSrc", "original_src"),
        ("ProxyProtocol", "proxy_protocol"),
        ("LocalRateLimit", "local_ratelimit"),
    ];
    let filters = listener.node.field("listener_filters").into_iter().flat_map(Node::items);
    filters.into_iter().any(|filter| {
        let name = filter.get("name").and_then(Node::text).unwrap_or_default();
        // The name is only a label, and decides where there is no type.
        match filter.field("typed_config").and_then(type_name) {
            Some(kind) => !KNOWN.iter().any(|(known, _)| *known == kind),
            None => !KNOWN.iter().any(|(_, known)| name.ends_with(known)),
        }
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
        && !flag("transparent")
        && !unbound(Some(listener.node))
        && !unbound(listener.node.field("deprecated_v1"))
        && listener.node.field("additional_addresses").is_none()
        && listener.node.field("internal_listener").is_none()
}
