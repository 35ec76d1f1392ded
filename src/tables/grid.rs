//! Rows of cells with aligned columns, as Go's `text/tabwriter` lays them out.

use std::borrow::Cow;

/// A table: every column as wide as its widest cell plus a padding.
#[derive(Debug)]
pub struct Grid<'d> {
    padding: usize,
    rows: Vec<Vec<Cow<'d, str>>>,
}

impl<'d> Grid<'d> {
    /// An empty table whose columns are `padding` apart.
    pub fn new(padding: usize) -> Self {
        Self { padding, rows: Vec::new() }
    }

    /// Adds the line of headings.
    pub fn heading(&mut self, cells: &[&'d str]) {
        self.rows.push(cells.iter().map(|cell| Cow::Borrowed(*cell)).collect());
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [Cow<'d, str>; N]) {
        self.rows.push(cells.into());
    }

    /// Adds a row whose length is not known beforehand.
    pub fn push(&mut self, cells: Vec<Cow<'d, str>>) {
        self.rows.push(cells);
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
        for row in &self.rows {
            let last = row.len().saturating_sub(1);
            for (column, cell) in row.iter().enumerate() {
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

    /// The widest cell of every column; the last cell of a row belongs to no column.
    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            let columns = row.len().saturating_sub(1);
            if widths.len() < columns {
                widths.resize(columns, 0);
            }
            for (width, cell) in widths.iter_mut().zip(row.iter().take(columns)) {
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
