//! Excerpts of sources, cut into lines and marked pieces.

use crate::finding::{Excerpt, Mark};

/// Lines that are shown on both sides of a marked one.
const NEAR: usize = 3;
/// What stands for lines that are left out.
const GAP: &str = "┆";

/// An excerpt as it is shown.
pub(super) struct Window {
    pub(super) place: String,
    pub(super) lines: Vec<Line>,
}

/// A line of it.
pub(super) struct Line {
    pub(super) number: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) labels: Vec<Label>,
}

/// What is said of a mark, and where that starts.
pub(super) struct Label {
    pub(super) class: &'static str,
    pub(super) column: usize,
    pub(super) text: String,
}

/// A text with how it is marked.
pub(super) struct Piece {
    /// `primary`, `context`, or nothing.
    pub(super) class: &'static str,
    pub(super) text: String,
}

impl Line {
    fn is_marked(&self) -> bool {
        self.pieces.iter().any(|piece| !piece.class.is_empty())
    }
}

/// All excerpts of a finding.
pub(super) fn windows(excerpts: &[Excerpt]) -> Vec<Window> {
    excerpts.iter().map(window).collect()
}

fn window(excerpt: &Excerpt) -> Window {
    let mut marks: Vec<&Mark> = excerpt.marks.iter().collect();
    marks.sort_by_key(|mark| mark.start);
    let mut lines: Vec<Line> = Vec::new();
    let mut start = 0;
    for (number, text) in (excerpt.first_line..).zip(excerpt.text.split('\n')) {
        let end = start + text.len();
        let own: Vec<&Mark> = marks.iter().copied().filter(|mark| (start..=end).contains(&mark.start)).collect();
        let number = if excerpt.is_clipped { "…".to_owned() } else { number.to_string() };
        lines.push(Line { number, pieces: pieces(text, start, &own), labels: labels(text, start, &own) });
        start = end + 1;
    }
    let position = excerpt.position;
    Window { place: format!("{}:{}:{}", excerpt.file, position.line, position.column), lines: shortened(lines) }
}

/// Leaves out lines that are far from any mark.
fn shortened(lines: Vec<Line>) -> Vec<Line> {
    let marked: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| line.is_marked()).map(|(at, _)| at).collect();
    let is_near = |at: usize| marked.iter().any(|mark| mark.abs_diff(at) <= NEAR);
    let mut kept: Vec<Line> = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        if is_near(at) {
            kept.push(line);
        } else if kept.last().is_some_and(|last| last.number != GAP) {
            kept.push(Line { number: GAP.to_owned(), pieces: Vec::new(), labels: Vec::new() });
        }
    }
    kept
}

fn class(mark: &Mark) -> &'static str {
    if mark.is_primary { "primary" } else { "context" }
}

fn labels(text: &str, offset: usize, marks: &[&Mark]) -> Vec<Label> {
    let column = |mark: &Mark| text.get(..mark.start.saturating_sub(offset)).unwrap_or(text).chars().count();
    let said = marks.iter().filter(|mark| !mark.label.is_empty());
    said.map(|mark| Label { class: class(mark), column: column(mark), text: mark.label.clone() }).collect()
}

/// The line in pieces. Of marks that overlap, the first is shown whole.
fn pieces(text: &str, offset: usize, marks: &[&Mark]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for mark in marks {
        let start = mark.start.saturating_sub(offset).max(at);
        let end = mark.end.saturating_sub(offset).min(text.len());
        let (Some(before), Some(marked)) = (text.get(at..start), text.get(start..end)) else {
            continue;
        };
        pieces.push(Piece { class: "", text: before.to_owned() });
        pieces.push(Piece { class: class(mark), text: marked.to_owned() });
        at = end;
    }
    pieces.push(Piece { class: "", text: text.get(at..).unwrap_or_default().trim_end_matches('\r').to_owned() });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(start: usize, end: usize, is_primary: bool) -> Mark {
        Mark { start, end, label: String::new(), is_primary }
    }

    #[test]
    fn marks_cut_a_line_and_lose_nothing() {
        let (first, second, overlapping) = (mark(12, 14, false), mark(16, 99, true), mark(13, 15, true));
        let cut = pieces("a: bc, d\r", 10, &[&first, &overlapping, &second]);
        let shown: Vec<_> = cut.iter().map(|piece| (piece.class, piece.text.as_str())).collect();
        assert_eq!(shown, [("", "a:"), ("context", " b"), ("primary", "c"), ("", ","), ("primary", " d\r")]);
    }
}
