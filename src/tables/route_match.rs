//! How a table describes what a route matches and where it leads.

use crate::document::Node;

/// The condition on the path. Headers, query parameters and the method are not shown.
pub(super) fn describe(route: Node<'_>) -> String {
    let Some(conditions) = route.get("match") else {
        return String::new();
    };
    let text = |name: &str| conditions.field(name).and_then(Node::text).filter(|text| !text.is_empty());
    let mut parts = Vec::new();
    parts.extend(text("prefix").map(|prefix| format!("{prefix}*")));
    parts.extend(text("path_separated_prefix").map(|prefix| format!("PathPrefix:{prefix}")));
    parts.extend(text("path").map(str::to_owned));
    let regex = conditions.field("safe_regex").and_then(|regex| regex.get("regex"));
    let regex = regex.and_then(Node::text).or_else(|| text("regex"));
    parts.extend(regex.map(|regex| format!("regex {regex}")));
    parts.join(" ")
}

/// The only cluster of a route's action.
pub(super) fn cluster(route: Node<'_>) -> Option<&str> {
    route.get("route")?.get("cluster")?.text()
}

/// The cell of a cluster that connections go to: istiod's own are shown by their names.
pub(super) fn destination(cluster: &str) -> String {
    if cluster.contains("Cluster") { cluster.to_owned() } else { format!("Cluster: {cluster}") }
}

/// The tables of a listener that stand in it: where they lead, or what they match.
pub(super) fn inline(config: Node<'_>) -> String {
    if let Some(cluster) = catch_all(config) {
        return destination(cluster);
    }
    let hosts: Vec<String> = virtual_hosts(config).map(describe_host).collect();
    format!("Inline Route: {}", hosts.join("; "))
}

/// The cluster to which everything goes.
fn catch_all(config: Node<'_>) -> Option<&str> {
    let mut hosts = virtual_hosts(config);
    let host = hosts.next().filter(|_| hosts.next().is_none())?;
    let mut domains = host.texts_at("domains");
    domains.next().filter(|domain| domain.value == "*" && domains.next().is_none())?;
    let mut routes = host.get("routes")?.items();
    let route = routes.next().filter(|_| routes.next().is_none())?;
    let prefix = route.get("match")?.get("prefix")?.text()?;
    cluster(route).filter(|_| prefix == "/")
}

fn describe_host(host: Node<'_>) -> String {
    let domains: Vec<&str> = host.texts_at("domains").map(|domain| domain.value).collect();
    let routes: Vec<String> = host.get("routes").into_iter().flat_map(Node::items).map(describe).collect();
    let routes = routes.join(", ");
    match domains[..] {
        ["*"] | [] => routes,
        _ => format!("{} {routes}", domains.join("/")),
    }
}

pub(super) fn virtual_hosts(config: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    config.field("virtual_hosts").into_iter().flat_map(Node::items)
}
