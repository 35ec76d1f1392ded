//! `StringMatcher`
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/string.proto>).

use crate::document::Node;

/// A condition on a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringMatch<'d> {
    /// What it must be.
    pub kind: StringMatchKind<'d>,
    /// Whether ASCII letters match in either case; expressions do not heed it.
    pub ignores_case: bool,
}

/// The kinds of [`StringMatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringMatchKind<'d> {
    /// It is this.
    Exact(&'d str),
    /// It starts with this.
    Prefix(&'d str),
    /// It ends with this.
    Suffix(&'d str),
    /// It holds this.
    Contains(&'d str),
    /// All of it matches this expression.
    Regex(&'d str),
}

impl<'d> StringMatch<'d> {
    /// Reads a `StringMatcher`; nothing for a custom one.
    pub fn of(node: Node<'d>) -> Option<Self> {
        let ignores_case = node.field("ignore_case").and_then(Node::as_bool) == Some(true);
        for (key, value) in node.entries().filter(|(_, value)| !value.is_null()) {
            let text = value.text().unwrap_or_default();
            let kind = match key.text {
                "exact" => StringMatchKind::Exact(text),
                "prefix" => StringMatchKind::Prefix(text),
                "suffix" => StringMatchKind::Suffix(text),
                "contains" => StringMatchKind::Contains(text),
                "regex" => StringMatchKind::Regex(text),
                "safe_regex" | "safeRegex" => {
                    StringMatchKind::Regex(value.get("regex").and_then(Node::text).unwrap_or_default())
                }
                "ignore_case" | "ignoreCase" => continue,
                _ => return None,
            };
            return Some(Self { kind, ignores_case });
        }
        // An empty exact text is a default value, which some printers leave out.
        Some(Self { kind: StringMatchKind::Exact(""), ignores_case })
    }

    /// It is `text`.
    pub fn exact(text: &'d str) -> Self {
        Self { kind: StringMatchKind::Exact(text), ignores_case: false }
    }

    /// It starts with `text`.
    pub fn prefix(text: &'d str) -> Self {
        Self { kind: StringMatchKind::Prefix(text), ignores_case: false }
    }

    /// It ends with `text`.
    pub fn suffix(text: &'d str) -> Self {
        Self { kind: StringMatchKind::Suffix(text), ignores_case: false }
    }

    /// It holds `text`.
    pub fn contains(text: &'d str) -> Self {
        Self { kind: StringMatchKind::Contains(text), ignores_case: false }
    }

    /// All of it matches `expression`.
    pub fn regex(expression: &'d str) -> Self {
        Self { kind: StringMatchKind::Regex(expression), ignores_case: false }
    }
}
