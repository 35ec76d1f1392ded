//! `proxy-config eds`: the endpoints of a dump.

use crate::document::Node;

use super::address::{address_of, internal, port_of};
use super::clusters::NameParts;
use super::filter::{self, Filter};
use super::go_sort;
use super::grid::Grid;
use super::sections::{Entry, State};

/// The endpoints of one cluster.
pub(super) struct Assignment<'d> {
    pub(super) node: Node<'d>,
    pub(super) cluster: &'d str,
    endpoints: Vec<Endpoint<'d>>,
}

struct Endpoint<'d> {
    locality: Option<Node<'d>>,
    addresses: Vec<Node<'d>>,
    status: &'d str,
}

/// The assignments that have an endpoint that passes the filter, in the order of the table. All
/// their endpoints are kept for JSON.
pub(super) fn select<'d>(entries: &[Entry<'d>], filter: &Filter) -> Vec<Assignment<'d>> {
    let of_state = |state: State| entries.iter().filter(move |entry| entry.state == state);
    let mut found: Vec<Assignment<'d>> = of_state(State::Active)
        .chain(of_state(State::Static))
        .map(|entry| Assignment::of(entry.node, filter))
        .filter(|assignment| !assignment.endpoints.is_empty())
        .collect();
    go_sort::sort(&mut found, |a, b| NameParts::of(a.cluster).key() < NameParts::of(b.cluster).key());
    found
}

impl<'d> Assignment<'d> {
    fn of(node: Node<'d>, filter: &Filter) -> Self {
        let cluster = node.field("cluster_name").and_then(Node::text).unwrap_or_default();
        let mut endpoints = Vec::new();
        if filter::is(&filter.cluster, cluster) {
            for locality in node.get("endpoints").into_iter().flat_map(Node::items) {
                let lb = locality.field("lb_endpoints").into_iter().flat_map(Node::items);
                endpoints.extend(lb.map(|lb| Endpoint::of(lb, locality)).filter(|e| e.passes(filter)));
            }
        }
        Self { node, cluster, endpoints }
    }
}

impl<'d> Endpoint<'d> {
    fn of(lb: Node<'d>, locality: Node<'d>) -> Self {
        let endpoint = lb.get("endpoint");
        let first = endpoint.and_then(|e| e.get("address"));
        let more = endpoint.and_then(|e| e.field("additional_addresses")).into_iter().flat_map(Node::items);
        let addresses = first.into_iter().chain(more.filter_map(|a| a.get("address"))).collect();
        Self { locality: locality.get("locality"), addresses, status: health(lb.field("health_status")) }
    }

    fn passes(&self, filter: &Filter) -> bool {
        let is_there = || self.addresses.iter().any(|a| filter::is(&filter.address, &describe(*a)));
        let has_port = || self.addresses.iter().any(|a| port_of(Some(*a)) == filter.port);
        (filter.address.is_empty() || is_there())
            && (filter.port == 0 || has_port())
            && filter::is(&filter.status, self.status)
    }
}

/// The table; `prefixed` names start with the kind of resource.
pub(super) fn table<'d>(assignments: &[Assignment<'d>], prefixed: bool) -> Grid<'d> {
    let mut grid = Grid::new(5);
    grid.heading(&["NAME", "STATUS", "LOCALITY", "CLUSTER"]);
    for assignment in assignments {
        for endpoint in &assignment.endpoints {
            let name = names(endpoint);
            let name = if prefixed { format!("endpoint/{name}") } else { name };
            let locality = locality(endpoint.locality);
            grid.row([name.into(), endpoint.status.into(), locality.into(), assignment.cluster.into()]);
            grid.about(None, Some(assignment.node.span()));
        }
    }
    grid
}

/// The same endpoints under the headings of `proxy-config endpoints`. A dump does not tell which
/// of them are ejected.
pub(super) fn as_endpoints<'d>(assignments: &[Assignment<'d>]) -> Grid<'d> {
    let mut grid = Grid::new(5);
    grid.heading(&["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"]);
    for assignment in assignments {
        for endpoint in &assignment.endpoints {
            grid.row([names(endpoint).into(), endpoint.status.into(), "-".into(), assignment.cluster.into()]);
            grid.about(None, Some(assignment.node.span()));
        }
    }
    grid
}

fn names(endpoint: &Endpoint<'_>) -> String {
    let names: Vec<String> = endpoint.addresses.iter().map(|address| describe(*address)).collect();
    if names.is_empty() { "unknown".to_owned() } else { names.join(",") }
}

fn describe(address: Node<'_>) -> String {
    if address.field("socket_address").is_some() {
        return format!("{}:{}", address_of(Some(address)), port_of(Some(address)));
    }
    let pipe = address.get("pipe").and_then(|pipe| pipe.get("path")).and_then(Node::text);
    pipe.map(str::to_owned).or_else(|| internal(address)).unwrap_or_else(|| "unknown".to_owned())
}

fn locality(locality: Option<Node<'_>>) -> String {
    let part = |name: &str| locality.and_then(|l| l.field(name)).and_then(Node::text).filter(|t| !t.is_empty());
    let mut text = part("region").unwrap_or_default().to_owned();
    for name in ["zone", "sub_zone"] {
        let Some(part) = part(name) else { break };
        text.push('/');
        text.push_str(part);
    }
    text
}

/// A health as Envoy's API calls it.
pub(super) fn health(status: Option<Node<'_>>) -> &str {
    match status.and_then(Node::text).unwrap_or_default() {
        "" | "0" => "UNKNOWN",
        "1" => "HEALTHY",
        "2" => "UNHEALTHY",
        "3" => "DRAINING",
        "4" => "TIMEOUT",
        "5" => "DEGRADED",
        name => name,
    }
}
