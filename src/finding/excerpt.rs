//! The pieces of source that a finding is printed with: small windows around its places.

use std::ops::Range;

use crate::document::{Position, Span, line_within};

/// Places of one file this many lines apart are shown in one window.
const SAME_WINDOW_LINES: u32 = 40;
/// A line that is longer than this is clipped around the place.
const LONG_LINE: usize = 400;
/// Bytes that are kept before and after the place in a clipped line.
const CLIP_BEFORE: usize = 80;
const CLIP_AFTER: usize = 120;
/// The longest part of a place that is shown.
const LONGEST_MARK: usize = 160;

/// A window of one file with marks in it.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The file.
    pub file: String,
    /// Position of the first mark.
    pub position: Position,
    /// Number of the window's first line.
    pub first_line: u32,
    /// The lines, or a part of one line.
    pub text: String,
    /// Whether `text` is a part of a line.
    pub is_clipped: bool,
    /// The places.
    pub marks: Vec<Mark>,
}

/// A marked range of an excerpt.
#[derive(Clone, Debug)]
pub struct Mark {
    /// First byte, in the excerpt's text.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
    /// What the thing there is.
    pub label: String,
    /// Whether this is the finding's primary place.
    pub is_primary: bool,
}

/// A place whose position is known.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) span: Span,
    pub(super) position: Position,
    pub(super) label: String,
    pub(super) is_primary: bool,
}

/// Cuts the windows that show `places`, all of one file and sorted by their offsets. `redact`
/// blackens what must not be shown.
pub(super) fn excerpts(
    file: &str,
    text: &[u8],
    places: &[Placed],
    mut redact: impl FnMut(usize, &mut [u8]),
) -> Vec<Excerpt> {
    let mut windows: Vec<Vec<&Placed>> = Vec::new();
    for place in places {
        let line_length = line_of(text, place).len();
        match windows.last_mut() {
            Some(window) if line_length <= LONG_LINE && window.last().is_some_and(|p| is_near(text, p, place)) => {
                window.push(place);
            }
            _ => windows.push(vec![place]),
        }
    }
    windows.iter().filter_map(|window| excerpt(file, text, window, &mut redact)).collect()
}

/// The line of a place, or so much of it around the place that it is known to be a long one.
fn line_of(text: &[u8], place: &Placed) -> Range<usize> {
    line_within(text, place.span.start as usize, LONG_LINE + 1)
}

fn is_near(text: &[u8], earlier: &Placed, later: &Placed) -> bool {
    later.position.line.saturating_sub(earlier.position.line) <= SAME_WINDOW_LINES
        && line_of(text, earlier).len() <= LONG_LINE
}

fn excerpt(file: &str, text: &[u8], places: &[&Placed], redact: &mut impl FnMut(usize, &mut [u8])) -> Option<Excerpt> {
    let first = places.first()?;
    let last = places.last()?;
    let line = line_of(text, first);
    let is_clipped = line.len() > LONG_LINE;
    let range = if is_clipped {
        let start = (first.span.start as usize).saturating_sub(CLIP_BEFORE).max(line.start);
        let mark_end = (first.span.end as usize).min(first.span.start as usize + LONGEST_MARK);
        char_boundaries(text, start, (mark_end + CLIP_AFTER).min(line.end))
    } else {
        line.start..line_of(text, last).end
    };
    let mut bytes = text.get(range.clone())?.to_vec();
    redact(range.start, &mut bytes);
    hide_controls(&mut bytes);
    let window = String::from_utf8_lossy(&bytes).into_owned();
    let same_length = window.len() == bytes.len();
    let marks = places.iter().map(|place| {
        let line_end = line_of(text, place).end;
        // Of a value over several lines only the first is marked.
        let start = place.span.start as usize - range.start;
        let end = (place.span.end as usize).min(line_end).min(range.end).max(place.span.start as usize) - range.start;
        let (start, end) = if same_length { trim_mark(&window, start, end) } else { (0, window.len()) };
        Mark { start, end, label: place.label.clone(), is_primary: place.is_primary }
    });
    Some(Excerpt {
        file: file.to_owned(),
        position: first.position,
        first_line: first.position.line,
        is_clipped,
        marks: marks.collect(),
        text: window,
    })
}

/// Puts a dot of the same length in the place of each control character from U+0080 on, which a
/// terminal may obey. Those of one byte are replaced when they are printed.
fn hide_controls(bytes: &mut [u8]) {
    for at in 1..bytes.len() {
        if let Some([0xc2, second @ 0x80..0xa0]) = bytes.get_mut(at - 1..=at) {
            *second = 0xb7;
        }
    }
}

/// Brings a mark onto character boundaries and off trailing blanks; an empty one gets one character.
fn trim_mark(window: &str, start: usize, end: usize) -> (usize, usize) {
    let start = (0..=start.min(window.len())).rev().find(|i| window.is_char_boundary(*i)).unwrap_or(0);
    let end =
        (end.min(start + LONGEST_MARK)..=window.len()).find(|i| window.is_char_boundary(*i)).unwrap_or(window.len());
    let marked = window.get(start..end).unwrap_or_default();
    let trimmed = start + marked.trim_end().len();
    if trimmed > start {
        return (start, trimmed);
    }
    let next = window.get(start..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n');
    (start, start + next.map_or(0, char::len_utf8))
}

fn char_boundaries(text: &[u8], start: usize, end: usize) -> Range<usize> {
    let continues = |at: usize| text.get(at).is_some_and(|b| (0x80..0xc0).contains(b));
    let mut start = start;
    let mut end = end;
    while continues(start) && start > 0 {
        start -= 1;
    }
    while continues(end) {
        end += 1;
    }
    start..end
}
