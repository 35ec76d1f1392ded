//! Conditions on a string.

use regex::Regex;

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

/// Whether all of a text matches an RE2 expression. Nothing where this crate's syntax differs from
/// RE2's so that the expression cannot be read.
pub(super) fn matches_fully(expression: &str, text: &str) -> Option<bool> {
    let anchored = format!("^(?:{expression})$");
    let regex = regex::RegexBuilder::new(&anchored).unicode(true).size_limit(1 << 20).build();
    regex.ok().map(|regex: Regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::TextCondition::*;

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
