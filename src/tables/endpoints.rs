//! `proxy-config endpoints`: the answer of Envoy's `/clusters`, as JSON or as text.

use crate::document::Node;

use super::address::{address_of, internal, port_of};
use super::eds::health;
use super::filter::{self, Filter};
use super::go_sort;
use super::grid::Grid;

/// A host of a cluster.
pub(super) struct Host<'d> {
    shown: String,
    address: &'d str,
    port: u64,
    status: &'d str,
    is_ejected: bool,
    cluster: &'d str,
}

/// The clusters with a host that passes the filter, in the order of the file.
pub(super) fn select<'d>(statuses: &[Node<'d>], filter: &Filter) -> Vec<Node<'d>> {
    let passes = |status: &&Node<'d>| hosts(**status).any(|host| host.passes(filter));
    statuses.iter().filter(passes).copied().collect()
}

/// The table.
pub(super) fn table<'d>(statuses: &[Node<'d>], filter: &Filter) -> Grid<'d> {
    let mut rows: Vec<Host<'d>> =
        statuses.iter().flat_map(|status| hosts(*status)).filter(|host| host.passes(filter)).collect();
    go_sort::sort(&mut rows, |a, b| (a.address, a.port, a.cluster) < (b.address, b.port, b.cluster));
    let mut grid = Grid::new(5);
    grid.heading(&["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"]);
    for host in rows {
        let check = if host.is_ejected { "FAILED" } else { "OK" };
        grid.row([host.shown.into(), host.status.into(), check.into(), host.cluster.into()]);
    }
    grid
}

fn hosts(status: Node<'_>) -> impl Iterator<Item = Host<'_>> {
    let cluster = status.text_at("name").map_or("", |name| name.value);
    let hosts = status.field("host_statuses").into_iter().flat_map(Node::items);
    hosts.map(move |host| Host::of(host, cluster))
}

impl<'d> Host<'d> {
    fn of(host: Node<'d>, cluster: &'d str) -> Self {
        let address = host.get("address");
        let health_status = host.field("health_status");
        let ejected = health_status.and_then(|h| h.field("failed_outlier_check")).and_then(Node::as_bool);
        Self {
            shown: shown(address),
            address: address_of(address),
            port: port_of(address),
            status: health(health_status.and_then(|h| h.field("eds_health_status"))),
            is_ejected: ejected == Some(true),
            cluster,
        }
    }

    fn passes(&self, filter: &Filter) -> bool {
        filter::is(&filter.address, self.address)
            && (filter.port == 0 || filter.port == self.port)
            && filter::is(&filter.cluster, self.cluster)
            && filter::is(&filter.status, self.status)
    }
}

fn shown(address: Option<Node<'_>>) -> String {
    let Some(node) = address else { return "unknown".to_owned() };
    if let Some(path) = node.get("pipe").and_then(|pipe| pipe.get("path")).and_then(Node::text) {
        return format!("unix://{path}");
    }
    if let Some(internal) = internal(node) {
        return internal;
    }
    match (address_of(address), port_of(address)) {
        ("", 0) => "unknown".to_owned(),
        (ip, 0) => ip.to_owned(),
        (ip, port) => format!("{ip}:{port}"),
    }
}
