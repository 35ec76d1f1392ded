//! The hop of the filter chain: what was seen of the connection, and why other chains lost.

use crate::document::Node;
use crate::envoy::FilterChain;

use super::super::answer::Answer;
use super::super::filter_chain::Criterion;
use super::super::request::Request;
use super::{FEW, Hop};

/// The hop.
pub(super) fn hop<'d>(answer: &Answer<'d>, request: &Request) -> Option<Hop<'d>> {
    let (listener, _) = answer.listener?;
    let chains: Vec<FilterChain<'d>> = listener.filter_chains().filter(|chain| !chain.is_default).collect();
    let hop = match answer.filter_chain {
        Some((chain, place)) => {
            let label = label(chain, place);
            let conditions = chain.conditions().map(|c| criteria(c).join(", ")).unwrap_or_default();
            let by = if conditions.is_empty() { String::new() } else { format!(" by {conditions}") };
            Hop::new("filter chain", format!("{label}{by}"), Some(chain.conditions().unwrap_or(chain.node)))
        }
        None => Hop::new("filter chain", "none takes the connection", listener.node.field("filter_chains")),
    };
    let hop = hop.aside(format!("seen: {}", seen(request)), None);
    // Those that fell out last were nearest.
    let mut lost = answer.lost_chains.clone();
    lost.sort_by_key(|(place, criterion)| (std::cmp::Reverse(*criterion), *place));
    let left = lost.len().saturating_sub(FEW);
    let hop = lost.into_iter().take(FEW).fold(hop, |hop, (place, criterion)| match chains.get(place) {
        Some(chain) => hop.aside(
            format!("not {}: {}", self::label(*chain, Some(place)), reason(*chain, criterion)),
            chain.conditions().and_then(|c| c.field(criterion.field())).or(Some(chain.node)),
        ),
        None => hop,
    });
    Some(if left > 0 { hop.aside(format!("nor {left} other chains"), None) } else { hop })
}

fn label(chain: FilterChain<'_>, place: Option<usize>) -> String {
    match (chain.name(), place) {
        ("", Some(place)) => format!("#{place}"),
        (name, Some(place)) => format!("#{place} {name}"),
        ("", None) => "the default chain".to_owned(),
        (name, None) => format!("the default chain {name}"),
    }
}

fn seen(request: &Request) -> String {
    let connection = &request.connection;
    let mut parts = Vec::new();
    if let Some(port) = connection.port {
        let address = connection.destination.map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
        parts.push(format!("to {address} port {port}"));
    }
    match &connection.tls {
        Some(tls) => {
            let sni = tls.sni.as_deref().map_or_else(|| " without server name".to_owned(), |sni| format!(" for {sni}"));
            let alpn = if tls.alpn.is_empty() { String::new() } else { format!(" with ALPN {}", tls.alpn.join(", ")) };
            parts.push(format!("TLS{sni}{alpn}"));
        }
        None => parts.push(format!("plaintext {}", connection.plain_protocol.unwrap_or("TCP"))),
    }
    if let Some(source) = connection.source {
        parts.push(format!("from {source}"));
    }
    parts.join(", ")
}

/// What a chain asks, in words.
fn criteria(conditions: Node<'_>) -> Vec<String> {
    conditions.entries().map(|(key, value)| format!("{} {}", key.text, short(value))).collect()
}

fn reason(chain: FilterChain<'_>, criterion: Criterion) -> String {
    let field = criterion.field();
    match chain.conditions().and_then(|conditions| conditions.field(field)) {
        Some(value) => format!("{field} {}", short(value)),
        None => format!("another chain names the {field}"),
    }
}

fn short(value: Node<'_>) -> String {
    let item = |node: Node<'_>| match node.field("address_prefix").and_then(Node::text) {
        Some(prefix) => format!("{prefix}/{}", node.field("prefix_len").and_then(Node::text).unwrap_or("0")),
        None => node.text().unwrap_or("…").to_owned(),
    };
    if !value.is_array() {
        return item(value);
    }
    let items: Vec<String> = value.items().map(item).collect();
    match items.len() {
        0..=2 => items.join(", "),
        more => format!("{}, … ({more})", items.first().map(String::as_str).unwrap_or_default()),
    }
}
