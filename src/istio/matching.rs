//! `StringMatch`: exact, prefix or regex.

use crate::document::{Node, Spanned};

/// How a string is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StringMatchKind {
    /// The whole string.
    Exact,
    /// Its beginning.
    Prefix,
    /// All of it, by an RE2 expression.
    Regex,
}

/// A condition on a string.
#[derive(Clone, Copy, Debug)]
pub struct StringMatch<'d> {
    /// How.
    pub kind: StringMatchKind,
    /// With what.
    pub text: Spanned<'d, &'d str>,
}

impl<'d> StringMatch<'d> {
    /// The condition that `node` holds, if it holds one.
    pub fn of(node: Node<'d>) -> Option<Self> {
        let kinds =
            [("exact", StringMatchKind::Exact), ("prefix", StringMatchKind::Prefix), ("regex", StringMatchKind::Regex)];
        kinds.into_iter().find_map(|(name, kind)| Some(Self { kind, text: node.text_at(name)? }))
    }
}
