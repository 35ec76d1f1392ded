//! `filter_chain_matcher`: a matcher tree in place of the chains' own conditions
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener.proto>).

use crate::document::Node;
use crate::envoy::{type_name, typed_config};

use super::address::Range;
use super::filter_chain::Facts;
use super::matcher_tree;

/// The name of the chain that a matcher chooses.
pub(super) fn find<'d>(matcher: Node<'d>, facts: &Facts<'_>) -> Option<&'d str> {
    let action = matcher_tree::walk(matcher, &|holder| input(holder, facts), &|tree| custom(tree, facts))?;
    typed_config(action)?.get("value")?.text()
}

fn input(input: Node<'_>, facts: &Facts<'_>) -> Option<String> {
    let config = typed_config(input)?;
    match type_name(config)? {
        "DestinationIPInput" => facts.destination.map(|ip| ip.to_string()),
        "DestinationPortInput" => facts.port.map(|port| port.to_string()),
        "SourceIPInput" => facts.source.map(|ip| ip.to_string()),
        "DirectSourceIPInput" => facts.direct_source.map(|ip| ip.to_string()),
        "SourcePortInput" => facts.source_port.map(|port| port.to_string()),
        "SourceTypeInput" => facts.is_local.then(|| "local".to_owned()),
        "ServerNameInput" => Some(facts.sni.clone()).filter(|sni| !sni.is_empty()),
        "TransportProtocolInput" => Some(facts.transport.to_owned()),
        "ApplicationProtocolInput" => {
            let quoted: Vec<String> = facts.protocols.iter().map(|protocol| format!("'{protocol}'")).collect();
            (!quoted.is_empty()).then(|| quoted.join(","))
        }
        _ => None,
    }
}

/// `IPMatcher`: the `on_match` with the longest range that holds the address.
fn custom<'d>(tree: Node<'d>, facts: &Facts<'_>) -> Option<Node<'d>> {
    let address = input(tree.get("input")?, facts)?.parse().ok()?;
    let matcher = tree.field("custom_match").and_then(typed_config)?;
    let matchers = matcher.field("range_matchers").into_iter().flat_map(Node::items);
    let length = |matcher: Node<'d>| {
        let ranges = Range::list(matcher, "ranges");
        ranges.into_iter().filter(|range| range.holds(address)).map(|range| range.length).max()
    };
    let fitting = matchers.filter_map(|matcher| Some((length(matcher)?, matcher)));
    fitting.max_by_key(|(length, _)| *length)?.1.field("on_match")
}
