//! The block on a VirtualService.

use crate::document::Node;
use crate::istio::{DestinationRule, VirtualService};
use crate::mesh;

use super::destination_rule::Subsets;
use super::world::World;

/// The service that routes are compared with.
pub(super) struct Destination<'a, 'd> {
    pub(super) host: &'a str,
    pub(super) subsets: &'a Subsets,
    pub(super) rule: Option<DestinationRule<'d>>,
}

/// Prints the block, `indent` deep.
pub(super) fn print(
    world: &World<'_>,
    service: VirtualService<'_>,
    destination: &Destination<'_, '_>,
    indent: &str,
    out: &mut String,
) {
    let namespace = service.object.namespace();
    out.push_str(&format!("{indent}VirtualService: {}\n", world.called(service.object.name(), namespace)));
    let list = |name: &str| -> Vec<Node<'_>> {
        service.object.spec().and_then(|spec| spec.get(name)).into_iter().flat_map(Node::items).collect()
    };
    let (http, tls, tcp) = (list("http"), list("tls"), list("tcp"));
    let (mut matches, mut facts, mut notes) = (0, 0, Vec::new());
    for route in http.iter().chain(&tcp) {
        let is_http = http.contains(route);
        match compare(world, *route, namespace, destination, is_http) {
            Ok(found) => {
                matches += 1;
                facts += found.len();
                for fact in found {
                    out.push_str(&format!("{indent}   {fact}\n"));
                }
            }
            Err(found) => notes.extend(found),
        }
    }
    let print_notes = |out: &mut String| notes.iter().for_each(|note| out.push_str(&format!("{indent}      {note}\n")));
    if matches == 0 {
        for (routes, kind) in [(&http, "HTTP"), (&tcp, "TCP")].into_iter().filter(|(routes, _)| !routes.is_empty()) {
            let count = routes.len();
            out.push_str(&format!(
                "{indent}   WARNING: No destinations match pod subsets (checked {count} {kind} routes)\n"
            ));
        }
        print_notes(out);
        return;
    }
    let possible = http.len() + tls.len() + tcp.len();
    if matches < possible {
        let rest = possible - matches;
        out.push_str(&format!("{indent}   {rest} additional destination(s) that will not reach this pod\n"));
        if facts == 0 {
            print_notes(out);
        }
        return;
    }
    if facts == 0 {
        for (routes, kind) in [(&http, "HTTP"), (&tcp, "TCP")].into_iter().filter(|(routes, _)| !routes.is_empty()) {
            out.push_str(&format!("{indent}   {} {kind} route(s)\n", routes.len()));
        }
    }
}

/// What a route does for the service: facts if it leads there, else notes on why it does not.
fn compare(
    world: &World<'_>,
    route: Node<'_>,
    namespace: &str,
    destination: &Destination<'_, '_>,
    is_http: bool,
) -> Result<Vec<String>, Vec<String>> {
    let (mut facts, mut notes, mut is_match) = (Vec::new(), Vec::new(), false);
    for target in route.get("route").into_iter().flat_map(Node::items) {
        let text = |name: &str| target.get("destination").and_then(|d| d.text_at(name)).map_or("", |t| t.value);
        let (name, subset) = (text("host"), text("subset"));
        let weight = target.get("weight").and_then(Node::as_u64).unwrap_or(0);
        if mesh::resolve(name, namespace, &world.domain) != destination.host {
            facts.push(match subset.is_empty() {
                true => format!("Route to host \"{name}\" with weight {weight}%"),
                false => format!("Route to {name} with invalid config"),
            });
            continue;
        }
        if let Some(note) = mismatch(subset, route, destination) {
            notes.push(note);
            continue;
        }
        is_match = true;
        if weight > 0 {
            let subset = if subset.is_empty() { String::new() } else { format!(" subset \"{subset}\"") };
            facts.push(format!("Route to host \"{name}\"{subset} with weight {weight}%"));
        }
    }
    if !is_match {
        return Err(notes);
    }
    if is_http {
        facts.extend(conditions(route));
    }
    Ok(facts)
}

/// Why a subset of the service is none of the pods.
fn mismatch(subset: &str, route: Node<'_>, destination: &Destination<'_, '_>) -> Option<String> {
    let has = |list: &[String]| list.iter().any(|known| known == subset);
    if subset.is_empty() || has(&destination.subsets.matching) {
        return None;
    }
    if has(&destination.subsets.other) {
        let matches: Vec<String> = matches(route).map(describe_match).collect();
        let when = if matches.is_empty() { "everything".to_owned() } else { matches.join(", ") };
        return Some(format!("Route to non-matching subset {subset} for ({when})"));
    }
    Some(match destination.rule {
        None => format!("Warning: Route to subset {subset} but NO DESTINATION RULE defining subsets!"),
        Some(rule) => {
            format!("Warning: Route to UNKNOWN subset {subset}; check DestinationRule {}", rule.object.name())
        }
    })
}

fn matches(route: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    route.get("match").into_iter().flat_map(Node::items)
}

/// Fault and conditions in one line.
fn conditions(route: Node<'_>) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(route.get("fault").map(|fault| format!("Fault injection {}", fault.to_json())));
    parts.extend(matches(route).map(|node| format!("Match: {}", describe_match(node))));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn describe_match(node: Node<'_>) -> String {
    let mut text = node.get("uri").map(describe_string).unwrap_or_default();
    if node.get("ignoreUriCase").and_then(Node::as_bool) == Some(true) {
        text.push_str(" uncased");
    }
    let headers: Vec<String> = node
        .get("headers")
        .into_iter()
        .flat_map(|headers| headers.entries().collect::<Vec<_>>())
        .map(|(key, value)| format!("{}={}", key.text, describe_string(value)))
        .collect();
    if !headers.is_empty() {
        text.push_str(&format!(" when headers are {}", headers.join("; ")));
    }
    text.trim_start().to_owned()
}

fn describe_string(node: Node<'_>) -> String {
    let text = |name: &str| node.text_at(name).map(|text| text.value);
    text("exact")
        .map(str::to_owned)
        .or_else(|| text("prefix").map(|prefix| format!("{prefix}*")))
        .or_else(|| text("regex").map(|regex| format!("regex:\"{regex}\"")))
        .unwrap_or_default()
}
