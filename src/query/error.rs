//! What is wrong with a query, and where.

use jsonpath_rust::parser::errors::JsonPathError;
use pest::error::InputLocation;

/// A query that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The byte at which it goes wrong; nothing if it is wrong as a whole.
    pub at: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// What the grammar calls its parts, and people.
const PARTS: [(&str, &str); 13] = [
    ("bracketed_selection", "`[…]`"),
    ("member_name_shorthand", "a name"),
    ("wildcard_selector", "`*`"),
    ("child_segment", "`.name`"),
    ("descendant_segment", "`..name`"),
    ("segment", "`.name` or `[…]`"),
    ("comp_op", "a comparison"),
    ("EOI", "the end"),
    (" or ALPHA", ", or a name that goes on"),
    ("jp_query", "a query"),
    ("logical_expr", "a condition"),
    ("atom_expr", "a condition"),
    ("selector", "a name in quotes, an index, `*` or `?`"),
];

/// The functions of the RFC.
pub(super) const FUNCTIONS: &str = "there are length, count, value, match and search";

impl QueryError {
    /// What a query as a whole, or the part of it that reads like this, cannot be.
    pub(super) fn of_part(text: &str, part: &str, message: impl Into<String>) -> Self {
        Self { at: text.find(part), message: message.into(), help: None }
    }

    pub(super) fn of_parser(text: &str, error: &JsonPathError) -> Self {
        let JsonPathError::PestError(error) = error else {
            return Self { at: None, message: format!("this is no JSONPath: {error}"), help: None };
        };
        if let Some((at, message)) = unbalanced(text) {
            return Self { at: Some(at), message, help: None };
        }
        let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
        let wanted = error.variant.message().into_owned();
        let wanted = PARTS.iter().fold(wanted, |said, (part, words)| said.replace(part, words));
        let message = format!("this is no JSONPath: {}", wanted.replace('_', " "));
        Self { at: Some(at), message, help: advice(text, at).map(str::to_owned) }
    }

    /// The same in a text that has so many bytes in front of it.
    pub(super) fn moved(self, by: usize) -> Self {
        Self { at: self.at.map(|at| at.saturating_sub(by)), ..self }
    }
}

/// A bracket or a quote that is opened and not closed, or closed and not opened.
fn unbalanced(text: &str) -> Option<(usize, String)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' | '"' => {
                let mut inside = letters.by_ref().map(|(_, inner)| inner);
                let is_closed = loop {
                    match inside.next() {
                        None => break false,
                        Some('\\') => drop(inside.next()),
                        Some(inner) if inner == letter => break true,
                        Some(_) => {}
                    }
                };
                if !is_closed {
                    return Some((at, format!("this {letter} is never closed")));
                }
            }
            '[' | '(' => open.push((at, letter)),
            ']' | ')' => {
                let wanted = if letter == ']' { '[' } else { '(' };
                if open.pop_if(|(_, last)| *last == wanted).is_none() {
                    return Some((at, format!("this `{letter}` closes nothing")));
                }
            }
            _ => {}
        }
    }
    open.pop().map(|(at, letter)| (at, format!("this `{letter}` is never closed")))
}

/// What people write who have not read the RFC.
fn advice(text: &str, at: usize) -> Option<&'static str> {
    let rest = text.get(at..)?;
    let before = text.get(..at)?.trim_end();
    if rest.starts_with('-') {
        return Some("a name with a dash stands in brackets: `['my-name']`");
    }
    if rest.starts_with(['"', '\'']) && before.ends_with('.') {
        return Some("a name in quotes stands in brackets: `['my name']`");
    }
    if rest.starts_with('=') && !rest.starts_with("==") {
        return Some("`==` compares");
    }
    let name = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if name.len() < rest.len() && name.starts_with('(') {
        return Some(FUNCTIONS);
    }
    if at == 0 {
        return Some("a query starts with `$` (the resource) or `@` (what was found)");
    }
    None
}
