//! Rows of cells with aligned columns, as Go's `text/tabwriter` lays them out.

use std::borrow::Cow;

use crate::document::Span;

use super::look::Look;

/// A table: every column as wide as its widest cell plus a padding.
#[derive(Debug)]
pub struct Grid<'d> {
    padding: usize,
    rows: Vec<Row<'d>>,
}

/// A row, and what of the document it shows.
#[derive(Debug)]
pub(super) struct Row<'d> {
    cells: Vec<Cow<'d, str>>,
    /// What the row itself is about.
    pub(super) own: Option<Span>,
    /// What that belongs to.
    pub(super) holder: Option<Span>,
}

impl<'d> Grid<'d> {
    /// An empty table whose columns are `padding` apart.
    pub fn new(padding: usize) -> Self {
        Self { padding, rows: Vec::new() }
    }

    /// Adds the line of headings.
    pub fn heading(&mut self, cells: &[&'d str]) {
        self.push(cells.iter().map(|cell| Cow::Borrowed(*cell)).collect());
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [Cow<'d, str>; N]) {
        self.push(cells.into());
    }

    /// Adds a row whose length is not known beforehand.
    pub fn push(&mut self, cells: Vec<Cow<'d, str>>) {
        self.rows.push(Row { cells, own: None, holder: None });
    }

    /// Says what of the document the last row shows, and what that belongs to.
    pub fn about(&mut self, own: Option<Span>, holder: Option<Span>) {
        if let Some(row) = self.rows.last_mut() {
            (row.own, row.holder) = (own, holder);
        }
    }

    /// Number of rows, that of headings included.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table. The last cell of a row is not padded, so a row may end in spaces of the
    /// cell before it.
    pub fn write(&self, out: &mut String) {
        let widths = self.widths();
        for Row { cells, .. } in &self.rows {
            let last = cells.len().saturating_sub(1);
            for (column, cell) in cells.iter().enumerate() {
                push_cell(out, cell);
                if column < last {
                    let width = widths.get(column).copied().unwrap_or(0) + self.padding;
                    let used = cell.chars().count();
                    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
                }
            }
            out.push('\n');
        }
    }

    /// Writes the table as it is to look.
    pub fn show(&self, look: &Look, out: &mut String) {
        if look.is_plain() {
            return self.write(out);
        }
        let mut widths = self.widths();
        let last = self.rows.iter().filter_map(|row| row.cells.get(widths.len())).map(|cell| cell.chars().count());
        widths.extend(last.max());
        let (widths, padding) = look.fit(widths, self.padding);
        let mut beneath = look.beneath(&self.rows).into_iter().peekable();
        for (place, Row { cells, .. }) in self.rows.iter().enumerate() {
            let last = cells.len().saturating_sub(1);
            for (column, cell) in cells.iter().enumerate() {
                let width = widths.get(column).copied().unwrap_or(0);
                let mut shown = String::new();
                push_cell(&mut shown, &look.cut(cell, width));
                let used = shown.chars().count();
                out.push_str(&look.paint(cell, shown.into()));
                if column < last {
                    out.extend(std::iter::repeat_n(' ', (width + padding).saturating_sub(used)));
                }
            }
            out.push('\n');
            while let Some((_, line)) = beneath.next_if(|(row, _)| *row == place) {
                push_line(out, &line);
            }
        }
    }

    /// The widest cell of every column; the last cell of a row belongs to no column.
    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for Row { cells, .. } in &self.rows {
            let columns = cells.len().saturating_sub(1);
            if widths.len() < columns {
                widths.resize(columns, 0);
            }
            for (width, cell) in widths.iter_mut().zip(cells.iter().take(columns)) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

/// A cell stays on its line, and cannot steer a terminal, whatever a dump says.
fn push_cell(out: &mut String, cell: &str) {
    if cell.bytes().all(|byte| byte >= b' ' && byte != 0x7f) {
        out.push_str(cell);
        return;
    }
    out.extend(cell.chars().map(|c| if c.is_control() { ' ' } else { c }));
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut grid = Grid::new(2);
        grid.heading(&["NAME", "PORT"]);
        grid.row(["é".into(), "80".into()]);
        grid.row(["longer".into(), "".into()]);
        let mut out = String::new();
        grid.write(&mut out);
        assert_eq!(out, "NAME    PORT\né       80\nlonger  \n");
    }
}
