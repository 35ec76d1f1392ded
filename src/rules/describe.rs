//! Words that several rules use.

use crate::document::Spanned;
use crate::istio::HttpMatch;
use crate::mesh::{Client, DestinationUse, PreparedRoute, PreparedVirtualService, Service};

/// What becomes of what takes a way to a cluster that is not there.
pub(crate) fn no_cluster(service: &PreparedVirtualService<'_>, use_: &DestinationUse<'_, '_>, clients: &str) -> String {
    let mut of_connections = service.layer4.iter().flat_map(|route| &route.destinations);
    if of_connections.any(|destination| destination.written.node == use_.destination.node) {
        return format!("connections that take this route are closed (cluster_not_found) in {clients}");
    }
    let requests = if use_.is_mirror { "copies of requests" } else { "requests that take this route" };
    format!("{requests} get 503 NC (cluster_not_found) in {clients}")
}

/// Clients by name: all of up to three, else two and how many more.
pub(crate) fn clients(clients: &[&Client<'_>]) -> String {
    let mut names: Vec<String> = clients.iter().map(|c| c.describe()).collect();
    names.sort();
    names.dedup();
    if clients.iter().all(|c| !c.is_known()) {
        return "every client".to_owned();
    }
    list(&names, 3)
}

/// `a`, `a and b`, `a, b and 3 more`.
pub(crate) fn list(names: &[String], most: usize) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [rest @ .., last] if names.len() <= most => format!("{} and {last}", rest.join(", ")),
        _ => {
            let shown = names.get(..most - 1).unwrap_or_default();
            format!("{} and {} more", shown.join(", "), names.len() - shown.len())
        }
    }
}

/// The numbers of a service's ports.
pub(crate) fn ports(service: &Service<'_>) -> String {
    let mut numbers: Vec<String> = service.ports.iter().map(|p| p.number.to_string()).collect();
    numbers.dedup();
    list(&numbers, 5)
}

/// The first condition of a route that not every request meets, with words for it.
pub(crate) fn condition<'d>(route: &PreparedRoute<'d>) -> Option<(crate::document::Node<'d>, String)> {
    let first = route.matches.first()?;
    first.parts().find_map(condition_of_match)
}

fn condition_of_match(part: HttpMatch<'_>) -> Option<(crate::document::Node<'_>, String)> {
    for map in ["headers", "withoutHeaders", "queryParams"] {
        if let Some(node) = part.node.get(map).and_then(|m| m.values().next()) {
            let what = match map {
                "headers" => "requests with this header …",
                "withoutHeaders" => "requests without this header …",
                _ => "requests with this query parameter …",
            };
            return Some((node, what.to_owned()));
        }
    }
    let uri = part.uri().filter(|uri| !matches!(*uri.text, "/"))?;
    Some((uri.text.node, "requests for this path …".to_owned()))
}

/// A text in backticks.
pub(crate) fn quoted(text: &Spanned<'_, &str>) -> String {
    format!("`{}`", text.value)
}
