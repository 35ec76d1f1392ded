//! What a proxy's configuration says of where it came from.

use crate::document::{Document, Node};
use crate::tables::{Sections, State, proxies};

/// `NAMESPACE`, `NAME` of the resource that a piece of configuration was made of.
pub(super) type Source = (String, String);

fn sections(dump: &Document) -> Sections<'_> {
    proxies(dump).pop().map(|(_, sections)| sections).unwrap_or_default()
}

fn path_of(message: Node<'_>) -> Option<&str> {
    message.get("metadata")?.field("filter_metadata")?.get("istio")?.get("config")?.text()
}

/// `/apis/GROUP/VERSION/namespaces/NAMESPACE/KIND/NAME`.
fn source(path: &str, kind: &str) -> Option<Source> {
    match path.split('/').collect::<Vec<_>>()[..] {
        [_, "apis", "networking" | "networking.istio.io", _, "namespaces", namespace, found, name] if found == kind => {
            Some((namespace.to_owned(), name.to_owned()))
        }
        _ => None,
    }
}

/// The DestinationRule of a host's port.
pub(super) fn destination_rule(dump: &Document, host: &str, port: u64) -> Option<Source> {
    let sections = sections(dump);
    let port = format!("|{port}|");
    let is_it = |node: &Node<'_>| {
        let name = node.text_at("name").map_or("", |name| name.value);
        name.contains(host) && name.contains("outbound") && name.contains(&port) && node.get("metadata").is_some()
    };
    let active = sections.clusters.iter().flatten().filter(|entry| entry.state == State::Active);
    source(path_of(active.map(|entry| entry.node).find(is_it)?)?, "destination-rule")
}

/// The path of the VirtualService that routes to a host's port.
pub fn virtual_service_path<'d>(dump: &'d Document, name: &str, namespace: &str, port: u64) -> Option<&'d str> {
    let sections = sections(dump);
    let active = sections.routes.iter().flatten().filter(|entry| entry.state == State::Active);
    let config_name = |node: &Node<'d>| node.text_at("name").map_or("", |name| name.value);
    let number = port.to_string();
    let is_relevant = |node: &Node<'d>| {
        let own = config_name(node);
        own == number || own.starts_with("http.") || own.starts_with("https.")
    };
    let mut configs: Vec<Node<'d>> = active.map(|entry| entry.node).filter(is_relevant).collect();
    configs.sort_by_key(config_name);
    let host = format!("{name}.{namespace}.svc.cluster.local");
    for virtual_host in configs.iter().filter_map(|config| config.field("virtual_hosts")).flat_map(Node::items) {
        let is_own = virtual_host.texts_at("domains").any(|domain| domain.value.ends_with(&host));
        for route in virtual_host.get("routes").into_iter().flat_map(Node::items) {
            if is_own || leads_to(route, &host, port) {
                return path_of(route);
            }
        }
    }
    None
}

/// The VirtualService that routes to a host's port.
pub(super) fn virtual_service(dump: &Document, name: &str, namespace: &str, port: u64) -> Option<Source> {
    source(virtual_service_path(dump, name, namespace, port)?, "virtual-service")
}

/// Whether a route's cluster, or the first of its clusters, is one of the host's port.
fn leads_to(route: Node<'_>, host: &str, port: u64) -> bool {
    let action = route.get("route");
    let weighted = action.and_then(|a| a.field("weighted_clusters")).and_then(|w| w.get("clusters"));
    let first = weighted.and_then(|list| list.items().next()).and_then(|cluster| cluster.get("name"));
    let cluster = action.and_then(|a| a.get("cluster")).or(first).and_then(Node::text).unwrap_or_default();
    match cluster.splitn(4, '|').collect::<Vec<_>>()[..] {
        ["outbound", own_port, _, own_host] => own_port == port.to_string() && own_host == host,
        _ => false,
    }
}

/// The authorization policies of the chain for a port, by their keys.
pub(super) fn authorization(dump: &Document) -> Vec<String> {
    let sections = sections(dump);
    let active = sections.listeners.iter().flatten().filter(|entry| entry.state == State::Active);
    let inbound =
        active.map(|entry| entry.node).find(|node| node.text_at("name").is_some_and(|n| n.value == "virtualInbound"));
    let chains = inbound.and_then(|node| node.field("filter_chains")).into_iter().flat_map(Node::items);
    let mut filters = chains.filter_map(|chain| chain.get("filters")).flat_map(Node::items);
    let manager = filters.find_map(|filter| filter.field("typed_config")?.field("http_filters"));
    let is_rbac = |filter: &Node<'_>| filter.text_at("name").is_some_and(|n| n.value == "envoy.filters.http.rbac");
    let mut names: Vec<String> = Vec::new();
    for filter in manager.into_iter().flat_map(Node::items).filter(is_rbac) {
        let rules = filter.field("typed_config").and_then(|config| config.get("rules"));
        for (key, _) in rules.and_then(|rules| rules.get("policies")).into_iter().flat_map(Node::entries) {
            names.push(key.text.to_owned());
        }
    }
    names.sort();
    names
}
