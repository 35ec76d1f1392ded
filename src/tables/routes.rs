//! `proxy-config routes`.

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use crate::document::Node;

use super::filter::Filter;
use super::go_sort;
use super::grid::Grid;
use super::sections::{Entry, State};
use super::{management, route_match};

/// Where traffic goes that no other host takes; istioctl does not show it.
const PASSTHROUGH: &str = "PassthroughCluster";

/// The tables that pass the filter, in the order of the printed table.
pub(super) fn select<'d>(entries: &[Entry<'d>], filter: &Filter) -> Vec<Node<'d>> {
    let mut rows = in_order(entries);
    rows.retain(|node| filter.name.is_empty() || name(*node) == filter.name);
    // Only names that are numbers are compared; that is no order, and its result depends on the steps.
    go_sort::sort(&mut rows, |a, b| match (name(*a).parse::<i64>(), name(*b).parse::<i64>()) {
        (Ok(a), Ok(b)) => a < b,
        _ => false,
    });
    rows
}

/// The tables that came by RDS, then those of listeners.
pub(super) fn in_order<'d>(entries: &[Entry<'d>]) -> Vec<Node<'d>> {
    let of_state = |state: State| entries.iter().filter(move |entry| entry.state == state).map(|entry| entry.node);
    of_state(State::Active).chain(of_state(State::Static)).collect()
}

fn name(config: Node<'_>) -> &str {
    config.text_at("name").map_or("", |name| name.value)
}

/// The table; `prefixed` names start with the kind of resource.
pub(super) fn table<'d>(configs: &[Node<'d>], filter: &Filter, prefixed: bool) -> Grid<'d> {
    let mut grid = Grid::new(5);
    let shown = |config: Node<'d>| -> Cow<'d, str> {
        if prefixed { format!("route/{}", name(config)).into() } else { name(config).into() }
    };
    if !filter.verbose {
        grid.heading(&["NAME", "VIRTUAL HOSTS"]);
        for config in configs {
            let hosts = route_match::virtual_hosts(*config).count();
            grid.row([shown(*config), hosts.to_string().into()]);
            grid.about(Some(config.span()), None);
        }
        return grid;
    }
    grid.heading(&["NAME", "VHOST NAME", "DOMAINS", "MATCH", "VIRTUAL SERVICE"]);
    for config in configs {
        for host in route_match::virtual_hosts(*config) {
            add_host(&mut grid, shown(*config), host);
        }
    }
    grid
}

fn add_host<'d>(grid: &mut Grid<'d>, config: Cow<'d, str>, host: Node<'d>) {
    let host_name = name(host);
    let mut domains: Option<String> = None;
    let mut routes = host.get("routes").into_iter().flat_map(Node::items).peekable();
    if routes.peek().is_none() {
        let domains = describe_domains(host);
        grid.row([config, host_name.into(), domains.into(), "/*".into(), "404".into()]);
        grid.about(Some(host.span()), None);
        return;
    }
    for route in routes.filter(|route| route_match::cluster(*route) != Some(PASSTHROUGH)) {
        let domains = domains.get_or_insert_with(|| describe_domains(host)).clone();
        let owner = management::owner(route);
        grid.row([config.clone(), host_name.into(), domains.into(), route_match::describe(route).into(), owner.into()]);
        grid.about(Some(route.span()), Some(host.span()));
    }
}

/// The first domains of a virtual host, without those that are other spellings of one.
fn describe_domains(host: Node<'_>) -> String {
    let domains: Vec<&str> = host.texts_at("domains").map(|domain| domain.value).collect();
    describe_domain_names(&domains)
}

/// The text of the DOMAINS column.
pub fn describe_domain_names(domains: &[&str]) -> String {
    if let [only] = domains {
        return (*only).to_owned();
    }
    let is_plain_v6 = |domain: &str| domain.matches(':').count() > 2 && domain.ends_with(']');
    let plain: Vec<&str> = domains.iter().copied().filter(|d| !d.contains(':') || is_plain_v6(d)).collect();
    let known: FxHashSet<&str> = plain.iter().copied().collect();
    let is_longer = |domain: &str| {
        [".svc.cluster.local", ".svc"].iter().any(|end| domain.strip_suffix(end).is_some_and(|d| known.contains(d)))
    };
    let kept: Vec<&str> = plain.iter().copied().filter(|domain| !is_longer(domain)).collect();
    match kept[..] {
        [] => String::new(),
        [only] => only.to_owned(),
        [first, second] => format!("{first}, {second}"),
        [first, second, ..] => format!("{first}, {second} + {} more...", kept.len() - 2),
    }
}
