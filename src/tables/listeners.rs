//! `proxy-config listeners`.

use std::borrow::Cow;

use crate::document::{Node, Span};

use super::address::{address_of, port_of};
use super::filter::{self, Filter};
use super::go_sort;
use super::grid::Grid;
use super::route_match;
use super::sections::{Entry, State};

/// Connections that end here are refused.
const BLACK_HOLE: &[u8] = b"BlackHoleCluster";
/// How the applications of a chain are called that istiod configures.
const APPLICATIONS: [(&str, &[&str]); 4] = [
    ("App: HTTP TLS", &["http/1.0", "http/1.1", "h2c", "istio-http/1.0", "istio-http/1.1", "istio-h2"]),
    ("App: Istio HTTP Plain", &["istio", "istio-http/1.0", "istio-http/1.1", "istio-h2"]),
    ("App: TCP TLS", &["istio-peer-exchange", "istio"]),
    ("App: HTTP", &["http/1.0", "http/1.1", "h2c"]),
];

/// A listener with what it is sorted by.
pub(super) struct Row<'d> {
    pub(super) node: Node<'d>,
    port: u64,
    address: &'d str,
    kind: &'static str,
}

/// The listeners in use that pass the filter, in the order of the file: JSON is printed so.
pub(super) fn select<'d>(entries: &[Entry<'d>], filter: &Filter) -> Vec<Row<'d>> {
    let of_state = |state: State| entries.iter().filter(move |entry| entry.state == state);
    let in_use = of_state(State::Active).chain(of_state(State::Static));
    let row = |entry: &Entry<'d>| {
        let address = entry.node.get("address");
        Row { node: entry.node, port: port_of(address), address: address_of(address), kind: kind(entry.node) }
    };
    in_use.map(row).filter(|row| passes(row, filter)).collect()
}

fn passes(row: &Row<'_>, filter: &Filter) -> bool {
    let is_there =
        || filter::is(&filter.address, row.address) || more_addresses(row.node).any(|a| filter::is(&filter.address, a));
    is_there() && (filter.port == 0 || filter.port == row.port) && filter::is(&filter.kind, row.kind)
}

fn more_addresses(listener: Node<'_>) -> impl Iterator<Item = &str> {
    let more = listener.field("additional_addresses").into_iter().flat_map(Node::items);
    more.map(|address| address_of(address.get("address")))
}

/// The table; `prefixed` rows start with the kind and name of the resource.
pub(super) fn table<'d>(rows: &mut [Row<'d>], filter: &Filter, prefixed: bool) -> Grid<'d> {
    go_sort::sort(rows, |a, b| (a.port, a.address, a.kind) < (b.port, b.address, b.kind));
    let mut grid = Grid::new(1);
    let headings: &[&str] = match filter.verbose {
        true => &["NAME", "ADDRESSES", "PORT", "MATCH", "DESTINATION"],
        false => &["NAME", "ADDRESSES", "PORT", "TYPE"],
    };
    grid.heading(headings.get(usize::from(!prefixed)..).unwrap_or_default());
    for row in rows {
        let mut start: Vec<Cow<'d, str>> = Vec::new();
        if prefixed {
            let name = row.node.text_at("name").map_or("", |name| name.value);
            start.push(format!("listener/{name}").into());
        }
        start.push(addresses(row));
        start.push(row.port.to_string().into());
        if !filter.verbose {
            start.push(row.kind.into());
            grid.push(start);
            grid.about(Some(row.node.span()), None);
            continue;
        }
        let mut chains: Vec<(Span, Chain)> = chains(row.node).map(|chain| (chain.span(), Chain::of(chain))).collect();
        go_sort::sort(&mut chains, |(_, a), (_, b)| a.destination > b.destination);
        for (span, chain) in chains {
            let cells = start.iter().cloned().chain([chain.condition.into(), chain.destination.into()]);
            grid.push(cells.collect());
            grid.about(Some(span), Some(row.node.span()));
        }
    }
    grid
}

fn addresses<'d>(row: &Row<'d>) -> Cow<'d, str> {
    let more: Vec<&str> = more_addresses(row.node).collect();
    if more.is_empty() {
        return row.address.into();
    }
    format!("{},{}", row.address, more.join(",")).into()
}

/// A filter chain as the table shows it.
pub(super) struct Chain {
    pub(super) condition: String,
    pub(super) destination: String,
}

impl Chain {
    pub(super) fn of(chain: Node<'_>) -> Self {
        Self { condition: condition(chain), destination: destination(chain) }
    }
}

/// The filter chains, the one for everything else last.
pub(super) fn chains(listener: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let chains = listener.field("filter_chains").into_iter().flat_map(Node::items);
    chains.chain(listener.field("default_filter_chain"))
}

fn filters(chain: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    chain.get("filters").into_iter().flat_map(Node::items)
}

/// What a filter is to the table.
enum Filtering<'d> {
    Http(Option<Node<'d>>),
    Tcp(Node<'d>),
    Other,
}

fn filtering(filter: Node<'_>) -> Filtering<'_> {
    let config = filter.field("typed_config").or_else(|| filter.get("config"));
    match filter.text_at("name").map_or("", |name| name.value) {
        "envoy.filters.network.http_connection_manager" | "envoy.http_connection_manager" => Filtering::Http(config),
        "envoy.filters.network.tcp_proxy" | "envoy.tcp_proxy" => match config {
            Some(config) if !mentions(config, BLACK_HOLE) => Filtering::Tcp(config),
            Some(_) => Filtering::Other,
            None => Filtering::Tcp(filter),
        },
        _ => Filtering::Other,
    }
}

fn mentions(node: Node<'_>, word: &[u8]) -> bool {
    let text = node.document().bytes().get(node.span().range()).unwrap_or_default();
    memchr::memmem::find(text, word).is_some()
}

/// What a listener speaks.
fn kind(listener: Node<'_>) -> &'static str {
    let (mut http, mut tcp) = (false, false);
    for filter in chains(listener).flat_map(filters) {
        match filtering(filter) {
            Filtering::Http(_) => http = true,
            Filtering::Tcp(_) => tcp = true,
            Filtering::Other => {}
        }
    }
    match (http, tcp) {
        (true, true) => "HTTP+TCP",
        (true, false) => "HTTP",
        (false, true) => "TCP",
        (false, false) => "UNKNOWN",
    }
}

/// What a connection must be like to come here.
fn condition(chain: Node<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(conditions) = chain.field("filter_chain_match") {
        let texts = |name: &str| -> Vec<&str> {
            conditions.field(name).into_iter().flat_map(Node::items).filter_map(Node::text).collect()
        };
        let names = texts("server_names");
        if !names.is_empty() {
            parts.push(format!("SNI: {}", names.join(",")));
        }
        let transport = conditions.field("transport_protocol").and_then(Node::text).filter(|t| !t.is_empty());
        parts.extend(transport.map(|transport| format!("Trans: {transport}")));
        parts.extend(applications(&texts("application_protocols")));
        parts.extend(destination_address(conditions));
    }
    if parts.is_empty() { "ALL".to_owned() } else { parts.join("; ") }
}

fn applications(protocols: &[&str]) -> Option<String> {
    if protocols.is_empty() {
        return None;
    }
    let known = APPLICATIONS.iter().find(|(_, list)| *list == protocols);
    Some(known.map_or_else(|| format!("App: {}", protocols.join(",")), |(name, _)| (*name).to_owned()))
}

fn destination_address(conditions: Node<'_>) -> Option<String> {
    let port = conditions.field("destination_port").and_then(Node::as_u64).map(|port| format!(":{port}"));
    let range = |range: Node<'_>| {
        let address = range.field("address_prefix").and_then(Node::text).unwrap_or_default();
        let length = range.field("prefix_len").and_then(Node::as_u64).unwrap_or(0);
        format!("{address}/{length}")
    };
    let ranges: Vec<String> = conditions.field("prefix_ranges").into_iter().flat_map(Node::items).map(range).collect();
    match (ranges.is_empty(), port) {
        (true, None) => None,
        (true, Some(port)) => Some(format!("Addr: *{port}")),
        (false, port) => Some(format!("Addr: {}{}", ranges.join(","), port.unwrap_or_default())),
    }
}

/// Where a connection goes: the first filter that decides.
fn destination(chain: Node<'_>) -> String {
    for filter in filters(chain) {
        match filtering(filter) {
            Filtering::Http(config) => return config.map_or_else(|| "HTTP".to_owned(), of_manager),
            Filtering::Tcp(config) => {
                return route_match::destination(config.get("cluster").and_then(Node::text).unwrap_or_default());
            }
            Filtering::Other => {}
        }
    }
    "Non-HTTP/Non-TCP".to_owned()
}

fn of_manager(config: Node<'_>) -> String {
    if let Some(routes) = config.field("route_config") {
        return route_match::inline(routes);
    }
    let name = config.get("rds").and_then(|rds| rds.field("route_config_name")).and_then(Node::text);
    name.filter(|name| !name.is_empty()).map_or_else(|| "HTTP".to_owned(), |name| format!("Route: {name}"))
}
