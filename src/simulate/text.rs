//! Conditions on texts, compiled.

use crate::envoy::{StringMatch, StringMatchKind};

use crate::routing::Expression;

/// A compiled `StringMatcher`.
#[derive(Clone, Debug)]
pub(super) struct TextTest<'d> {
    kind: TextKind<'d>,
    ignores_case: bool,
}

#[derive(Clone, Debug)]
enum TextKind<'d> {
    Exact(&'d str),
    Prefix(&'d str),
    Suffix(&'d str),
    Contains(&'d str),
    Regex(Expression),
}

impl<'d> TextTest<'d> {
    /// Compiles a matcher.
    pub(super) fn of(matcher: StringMatch<'d>) -> Self {
        let kind = match matcher.kind {
            StringMatchKind::Exact(text) => TextKind::Exact(text),
            StringMatchKind::Prefix(text) => TextKind::Prefix(text),
            StringMatchKind::Suffix(text) => TextKind::Suffix(text),
            StringMatchKind::Contains(text) => TextKind::Contains(text),
            StringMatchKind::Regex(text) => TextKind::Regex(Expression::new(text)),
        };
        Self { kind, ignores_case: matcher.ignores_case }
    }

    /// Whether a value meets it. Nothing for an expression that cannot be read.
    pub(super) fn takes(&self, value: &str) -> Option<bool> {
        let fold = self.ignores_case;
        Some(match &self.kind {
            TextKind::Exact(text) => equal(value, text, fold),
            TextKind::Prefix(text) => starts_with(value, text, fold),
            TextKind::Suffix(text) => ends_with(value, text, fold),
            TextKind::Contains(text) if fold => value.to_ascii_lowercase().contains(&text.to_ascii_lowercase()),
            TextKind::Contains(text) => value.contains(text),
            TextKind::Regex(expression) => return expression.matches(value),
        })
    }
}

/// Whether two texts are the same, perhaps up to the case of ASCII letters.
pub(super) fn equal(value: &str, text: &str, fold: bool) -> bool {
    if fold { value.eq_ignore_ascii_case(text) } else { value == text }
}

/// Whether `value` starts with `text`, perhaps up to the case of ASCII letters.
pub(super) fn starts_with(value: &str, text: &str, fold: bool) -> bool {
    let head = value.as_bytes().get(..text.len());
    head.is_some_and(|head| if fold { head.eq_ignore_ascii_case(text.as_bytes()) } else { head == text.as_bytes() })
}

/// Whether `value` ends with `text`, perhaps up to the case of ASCII letters.
fn ends_with(value: &str, text: &str, fold: bool) -> bool {
    let start = value.len().checked_sub(text.len());
    let tail = start.and_then(|start| value.as_bytes().get(start..));
    tail.is_some_and(|tail| if fold { tail.eq_ignore_ascii_case(text.as_bytes()) } else { tail == text.as_bytes() })
}
