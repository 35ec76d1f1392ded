//! `proxy-config ecds`: filters that the control plane sends by themselves.

use crate::document::Node;

use super::go_sort;
use super::grid::Grid;
use super::sections::Entry;

/// The table.
pub(super) fn table<'d>(entries: &[Entry<'d>]) -> Grid<'d> {
    let mut rows: Vec<(&'d str, &'d str)> = entries.iter().map(|entry| row(entry.node)).collect();
    go_sort::sort(&mut rows, |a, b| a < b);
    let mut grid = Grid::new(5);
    grid.heading(&["ECDS NAME", "TYPE"]);
    for (kind, name) in rows {
        grid.row([name.into(), kind.into()]);
    }
    grid
}

fn row(entry: Node<'_>) -> (&str, &str) {
    let filter = entry.field("ecds_filter").unwrap_or(entry);
    let url = filter.field("typed_config").and_then(|config| config.text_at("@type")).map_or("", |url| url.value);
    let name = filter.text_at("name").map_or("", |name| name.value);
    (url.strip_prefix("type.googleapis.com/").unwrap_or(url), name)
}
