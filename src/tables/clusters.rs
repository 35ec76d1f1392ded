//! `proxy-config clusters`.

use std::borrow::Cow;

use crate::document::Node;

use super::filter::Filter;
use super::go_sort;
use super::grid::Grid;
use super::management;
use super::sections::{Entry, State};

/// A cluster with what its name says.
pub(super) struct Row<'d> {
    pub(super) node: Node<'d>,
    pub(super) name: &'d str,
    pub(super) parts: NameParts<'d>,
}

/// `DIRECTION|PORT|SUBSET|HOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameParts<'d> {
    pub(super) host: &'d str,
    pub(super) subset: &'d str,
    pub(super) port: u64,
    pub(super) direction: &'d str,
    /// Whether the name has this form at all; if not, `host` is all of it.
    pub(super) is_istios: bool,
}

impl<'d> NameParts<'d> {
    pub(super) fn of(name: &'d str) -> Self {
        let pieces: Vec<&str> = name.splitn(4, '|').collect();
        match pieces[..] {
            [direction, port, subset, host] => {
                Self { host, subset, port: port.parse().unwrap_or(0), direction, is_istios: true }
            }
            _ => Self { host: name, subset: "", port: 0, direction: "", is_istios: false },
        }
    }

    /// The order of rows.
    pub(super) fn key(&self) -> (&'d str, &'d str, u64, &'d str) {
        (self.host, self.subset, self.port, self.direction)
    }
}

/// The clusters in use that pass the filter, in the order of the table.
pub(super) fn select<'d>(entries: &[Entry<'d>], filter: &Filter) -> Vec<Row<'d>> {
    let of_state = |state: State| entries.iter().filter(move |entry| entry.state == state);
    let in_use = of_state(State::Active).chain(of_state(State::Static));
    let mut rows: Vec<Row<'d>> = in_use
        .map(|entry| {
            let name = entry.node.text_at("name").map_or("", |name| name.value);
            Row { node: entry.node, name, parts: NameParts::of(name) }
        })
        .filter(|row| passes(row.name, filter))
        .collect();
    go_sort::sort(&mut rows, |a, b| a.parts.key() < b.parts.key());
    rows
}

fn passes(name: &str, filter: &Filter) -> bool {
    let port = || filter.port == 0 || name.contains(&format!("|{}|", filter.port));
    name.contains(&filter.fqdn) && name.contains(&filter.direction) && name.contains(&filter.subset) && port()
}

/// The table; `prefixed` rows start with the kind and name of the resource.
pub(super) fn table<'d>(rows: &[Row<'d>], prefixed: bool) -> Grid<'d> {
    let mut grid = Grid::new(5);
    let headings = ["NAME", "SERVICE FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "DESTINATION RULE"];
    grid.heading(headings.get(usize::from(!prefixed)..).unwrap_or_default());
    for row in rows {
        let mut cells: Vec<Cow<'d, str>> = Vec::with_capacity(7);
        if prefixed {
            cells.push(format!("cluster/{}", row.name).into());
        }
        let parts = row.parts;
        if parts.is_istios {
            let subset = if parts.subset.is_empty() { "-" } else { parts.subset };
            cells.extend([parts.host.into(), parts.port.to_string().into(), subset.into(), parts.direction.into()]);
        } else {
            let name = if prefixed { format!("cluster/{}", row.name).into() } else { row.name.into() };
            cells.extend([name, "-".into(), "-".into(), "-".into()]);
        }
        cells.push(discovery_type(row.node).into());
        cells.push(management::owner(row.node).into());
        grid.push(cells);
        grid.about(Some(row.node.span()), None);
    }
    grid
}

/// How the cluster finds its endpoints, as Envoy's API calls it.
pub(super) fn discovery_type(cluster: Node<'_>) -> &str {
    match cluster.get("type").and_then(Node::text).unwrap_or_default() {
        "" | "0" => "STATIC",
        "1" => "STRICT_DNS",
        "2" => "LOGICAL_DNS",
        "3" => "EDS",
        "4" => "ORIGINAL_DST",
        name => name,
    }
}
