//! Conditions on a string.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::expression::Expression;

/// A condition on a header, a query parameter, a method, ….
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextCondition {
    /// It is there.
    Present,
    /// It is this.
    Exact(String),
    /// It starts with this.
    Prefix(String),
    /// It ends with this.
    Suffix(String),
    /// It holds this.
    Contains(String),
    /// All of it matches this expression.
    Regex(String),
    /// Something else, known only by how it is written.
    Other(String),
}

impl TextCondition {
    /// Whether every value that `other` takes is one that this takes.
    pub fn covers(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self, other) {
            (Self::Present, Self::Other(_)) => false,
            (Self::Present, _) => true,
            (
                Self::Regex(any),
                Self::Exact(_) | Self::Prefix(_) | Self::Suffix(_) | Self::Contains(_) | Self::Regex(_),
            ) if any == ".*" => true,
            (Self::Prefix(prefix), Self::Exact(text) | Self::Prefix(text)) => text.starts_with(prefix.as_str()),
            (Self::Suffix(suffix), Self::Exact(text) | Self::Suffix(text)) => text.ends_with(suffix.as_str()),
            (
                Self::Contains(part),
                Self::Exact(text) | Self::Prefix(text) | Self::Suffix(text) | Self::Contains(text),
            ) => text.contains(part.as_str()),
            (Self::Regex(expression), Self::Exact(text)) => matches_fully(expression, text) == Some(true),
            _ => false,
        }
    }

    /// Whether a value meets the condition. Nothing if that cannot be told.
    pub fn takes(&self, value: &str) -> Option<bool> {
        match self {
            Self::Present => Some(true),
            Self::Exact(text) => Some(value == text),
            Self::Prefix(prefix) => Some(value.starts_with(prefix.as_str())),
            Self::Suffix(suffix) => Some(value.ends_with(suffix.as_str())),
            Self::Contains(part) => Some(value.contains(part.as_str())),
            Self::Regex(expression) => matches_fully(expression, value),
            Self::Other(_) => None,
        }
    }
}

/// Whether all of a text matches an RE2 expression. Nothing for one that cannot be read.
pub(super) fn matches_fully(expression: &str, text: &str) -> Option<bool> {
    if !text.starts_with(literal_start(expression)) {
        return Some(false);
    }
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(regex) = compiled.get(expression) {
            return regex.matches(text);
        }
        if compiled.len() >= MOST_COMPILED {
            compiled.clear();
        }
        let compile = || Expression::within(expression, LARGEST_PROGRAM);
        compiled.entry(expression.into()).or_insert_with(compile).matches(text)
    })
}

/// The most expressions that a thread keeps.
const MOST_COMPILED: usize = 1000;

thread_local! {
    /// The same few expressions stand in hundreds of routes, and compiling one takes longer than
    /// all else that is done with it.
    static COMPILED: RefCell<FxHashMap<Box<str>, Expression>> = RefCell::default();
}

/// The largest program that an expression may become, in bytes. RE2 refuses such expressions long
/// before this; building the program of one takes milliseconds.
const LARGEST_PROGRAM: usize = 1 << 18;

/// The characters that everything that matches an expression starts with. They are often enough to
/// know that a text does not match, and compiling an expression costs more than all else here.
pub(crate) fn literal_start(expression: &str) -> &str {
    if expression.contains('|') {
        return "";
    }
    let expression = expression.strip_prefix('^').unwrap_or(expression);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_~,:;=@%&!'\"<># ".contains(c);
    let end = expression.find(|c| !is_plain(c)).unwrap_or(expression.len());
    let (literal, rest) = expression.split_at_checked(end).unwrap_or_default();
    match rest.chars().next() {
        // What stands before may be absent.
        Some('?' | '*' | '{') => literal.get(..literal.len().saturating_sub(1)).unwrap_or_default(),
        _ => literal,
    }
}

#[cfg(test)]
mod tests {
    use super::TextCondition::*;
    use super::literal_start;

    #[test]
    fn the_literal_start_is_what_every_match_starts_with() {
        for (expression, start) in [
            ("/api/v[0-9]+", "/api/v"),
            ("/ab?", "/a"),
            ("/a|/b", ""),
            (".*", ""),
            ("/x+", "/x"),
            ("/a{0,2}", "/"),
            ("(?i)/a", ""),
            ("^/a", "/a"),
        ] {
            assert_eq!(literal_start(expression), start, "{expression}");
        }
    }

    #[test]
    fn wider_conditions_cover_narrower_ones() {
        let text = |s: &str| s.to_owned();
        assert!(Present.covers(&Exact(text("a"))));
        assert!(Prefix(text("ab")).covers(&Exact(text("abc"))));
        assert!(Prefix(text("ab")).covers(&Prefix(text("abc"))));
        assert!(!Prefix(text("abc")).covers(&Prefix(text("ab"))));
        assert!(Regex(text("a.*")).covers(&Exact(text("abc"))));
        assert!(!Regex(text("a.*")).covers(&Prefix(text("a"))), "not proved here");
        assert!(Regex(text(".*")).covers(&Prefix(text("a"))));
        assert!(!Exact(text("a")).covers(&Present));
        assert!(!Present.covers(&Other(text("x"))));
    }
}
