//! The block on a DestinationRule.

use crate::document::Node;
use crate::istio::DestinationRule;
use crate::kube::Labels;

use super::world::World;

/// The subsets of a rule, by whether a pod is in them.
#[derive(Default)]
pub(super) struct Subsets {
    pub(super) matching: Vec<String>,
    pub(super) other: Vec<String>,
}

impl Subsets {
    pub(super) fn of(rule: DestinationRule<'_>, pods: &[Labels<'_>]) -> Self {
        let mut subsets = Self::default();
        for subset in rule.subsets() {
            let name = subset.name.value.to_owned();
            let matches = pods.iter().any(|labels| subset.labels().is_subset_of(labels));
            if matches { subsets.matching.push(name) } else { subsets.other.push(name) }
        }
        subsets
    }
}

/// Prints the block, `indent` deep.
pub(super) fn print(world: &World<'_>, rule: DestinationRule<'_>, subsets: &Subsets, indent: &str, out: &mut String) {
    let name = world.called(rule.object.name(), rule.object.namespace());
    let host = rule.host().map_or("", |host| host.value);
    out.push_str(&format!("{indent}DestinationRule: {name} for \"{host}\"\n"));
    let (matching, other) = (subsets.matching.join(","), subsets.other.join(","));
    if !matching.is_empty() || !other.is_empty() {
        if matching.is_empty() {
            out.push_str(&format!(
                "{indent}   WARNING POD DOES NOT MATCH ANY SUBSETS.  (Non matching subsets {other})\n"
            ));
        }
        out.push_str(&format!("{indent}   Matching subsets: {matching}\n"));
        if !other.is_empty() {
            out.push_str(&format!("{indent}      (Non-matching subsets {other})\n"));
        }
    }
    let Some(policy) = rule.traffic_policy() else {
        out.push_str(&format!("{indent}   No Traffic Policy\n"));
        return;
    };
    if let Some(mode) = tls_mode(policy) {
        out.push_str(&format!("{indent}   Traffic Policy TLS Mode: {mode}\n"));
    }
    if let Some(policies) = policies(policy) {
        out.push_str(&format!("{indent}   Policies: {policies}\n"));
    }
    let mut ports = policy.get("portLevelSettings").into_iter().flat_map(Node::items).peekable();
    if ports.peek().is_some() {
        out.push_str(&format!("{indent}   Port Level Settings:\n"));
    }
    for port in ports {
        let number = port.get("port").and_then(|port| port.get("number")).and_then(Node::as_u64).unwrap_or(0);
        out.push_str(&format!("{indent}    {number}:\n"));
        if let Some(mode) = tls_mode(port) {
            out.push_str(&format!("{indent}      TLS Mode: {mode}\n"));
        }
        if let Some(policies) = self::policies(port) {
            out.push_str(&format!("{indent}      Policies: {policies}\n"));
        }
    }
}

fn tls_mode(policy: Node<'_>) -> Option<&str> {
    Some(policy.get("tls")?.text_at("mode").map_or("DISABLE", |mode| mode.value))
}

fn policies(policy: Node<'_>) -> Option<String> {
    let known = [
        ("loadBalancer", "load balancer"),
        ("connectionPool", "connection pool"),
        ("outlierDetection", "outlier detection"),
    ];
    let names: Vec<&str> =
        known.iter().filter(|(field, _)| policy.get(field).is_some()).map(|(_, name)| *name).collect();
    (!names.is_empty()).then(|| names.join("/"))
}
