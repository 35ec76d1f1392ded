//! Tables for a terminal: as wide as it is, bad states in colour, and what `check` found beneath
//! the rows that it concerns. In a pipe there is nothing of this.

use std::borrow::Cow;

use crate::document::Span;

use super::grid::Row;

/// The narrowest that a column is made.
const NARROW: usize = 8;
/// The space between columns where there is little.
const GAP: usize = 2;

/// How a table looks. Plain by default.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The width of the terminal.
    pub width: Option<usize>,
    /// Whether states are coloured.
    pub color: bool,
    /// What is known of places in the document.
    pub hints: Vec<Hint>,
}

/// Something that was found at a place.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The place.
    pub span: Span,
    /// What it is, in a line.
    pub text: String,
}

impl Look {
    /// Whether a table looks as it does in a pipe.
    pub(super) fn is_plain(&self) -> bool {
        self.width.is_none() && !self.color && self.hints.is_empty()
    }

    /// The widths of columns, the last one included, and the space between them.
    pub(super) fn fit(&self, mut widths: Vec<usize>, padding: usize) -> (Vec<usize>, usize) {
        let Some(limit) = self.width else { return (widths, padding) };
        let gaps = widths.len().saturating_sub(1);
        let total = |widths: &[usize], padding: usize| widths.iter().sum::<usize>() + gaps * padding;
        if total(&widths, padding) <= limit {
            return (widths, padding);
        }
        let padding = padding.min(GAP);
        // The widest column gives most, and none gives everything.
        while total(&widths, padding) > limit {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROW => *widest -= 1,
                _ => break,
            }
        }
        (widths, padding)
    }

    /// A cell cut to its column.
    pub(super) fn cut<'c>(&self, cell: &'c str, width: usize) -> Cow<'c, str> {
        if self.width.is_none() || cell.chars().count() <= width {
            return Cow::Borrowed(cell);
        }
        Cow::Owned(cell.chars().take(width.saturating_sub(1)).chain(['…']).collect())
    }

    /// A cell in the colour of its state; `cell` is what it says in full.
    pub(super) fn paint<'c>(&self, cell: &str, shown: Cow<'c, str>) -> Cow<'c, str> {
        match state(cell).filter(|_| self.color) {
            Some(State::Bad) => Cow::Owned(format!("\x1b[31m{shown}\x1b[0m")),
            Some(State::Doubtful) => Cow::Owned(format!("\x1b[33m{shown}\x1b[0m")),
            None => shown,
        }
    }

    /// The lines beneath each row: a hint stands once, at the row that it is about, or else at the
    /// first row of what holds it.
    pub(super) fn beneath(&self, rows: &[Row<'_>]) -> Vec<(usize, String)> {
        let at = |hint: &Hint| {
            let holds = |span: Option<Span>| span.is_some_and(|span| span.contains(hint.span));
            rows.iter().position(|row| holds(row.own)).or_else(|| rows.iter().position(|row| holds(row.holder)))
        };
        let line = |text: &str| match self.color {
            true => format!("  \x1b[33m└ {text}\x1b[0m"),
            false => format!("  └ {text}"),
        };
        let mut lines: Vec<(usize, String)> =
            self.hints.iter().filter_map(|hint| Some((at(hint)?, line(&hint.text)))).collect();
        lines.sort_by_key(|(row, _)| *row);
        lines.dedup();
        lines
    }
}

#[derive(Clone, Copy)]
enum State {
    Bad,
    Doubtful,
}

/// The state that a cell tells, if it is one to look at.
fn state(cell: &str) -> Option<State> {
    match cell.split(" (").next().unwrap_or(cell) {
        "UNHEALTHY" | "FAILED" | "ERROR" | "TIMEOUT" | "false" | "(none)" | "not connected" | "Unavailable" => {
            Some(State::Bad)
        }
        "STALE" | "NOT SENT" | "DRAINING" | "DEGRADED" | "WARMING" => Some(State::Doubtful),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::Grid;
    use super::*;

    fn shown(look: &Look) -> String {
        let mut grid = Grid::new(5);
        grid.heading(&["NAME", "STATUS"]);
        grid.row(["outbound|9080||reviews.default.svc.cluster.local".into(), "UNHEALTHY".into()]);
        grid.about(Some(Span::new(10, 20)), Some(Span::new(5, 90)));
        grid.row(["short".into(), "HEALTHY".into()]);
        grid.about(Some(Span::new(20, 30)), Some(Span::new(5, 90)));
        let mut out = String::new();
        grid.show(look, &mut out);
        out
    }

    #[test]
    fn columns_fit_the_width_of_the_terminal() {
        let look = Look { width: Some(31), ..Look::default() };
        let text = shown(&look);
        assert_eq!(
            text,
            "NAME                  STATUS\noutbound|9080||revi…  UNHEALTHY\nshort                 HEALTHY\n"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 31));
        assert_eq!(shown(&Look { width: Some(200), ..Look::default() }), shown(&Look::default()));
    }

    #[test]
    fn bad_states_have_a_colour() {
        let text = shown(&Look { color: true, ..Look::default() });
        assert!(text.contains("\x1b[31mUNHEALTHY\x1b[0m\n") && text.contains(" HEALTHY\n"), "{text:?}");
    }

    #[test]
    fn hints_stand_once_beneath_the_row_that_they_are_about() {
        let hint = |from, to, text: &str| Hint { span: Span::new(from, to), text: text.to_owned() };
        let hints = vec![hint(21, 25, "of the row"), hint(6, 95, "of nobody"), hint(40, 50, "of the holder")];
        let text = shown(&Look { hints, ..Look::default() });
        let beneath: Vec<(usize, &str)> = text.lines().enumerate().filter(|(_, line)| line.contains('└')).collect();
        assert_eq!(beneath, [(2, "  └ of the holder"), (4, "  └ of the row")], "{text}");
    }
}
