//! What can be wrong with the text of a document itself.

use std::fmt;

use super::Span;

/// A defect of the text, with its place. Reading goes on after it wherever that is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Where.
    pub span: Span,
    /// A second place that explains the first: the earlier of two equal keys, the container that
    /// is never closed.
    pub related: Option<Span>,
}

/// The kinds of [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The text ends inside a value.
    Truncated {
        /// How many objects and arrays are still open at the end.
        open: usize,
    },
    /// The text breaks the grammar; the enclosing value is given up, reading goes on behind it.
    Syntax(String),
    /// Text before the first value (the greeting of a tool, HTTP headers) was skipped.
    LeadingText,
    /// Text behind the last value was skipped.
    TrailingText,
    /// A key stands twice in one object. The later one wins, as in Kubernetes.
    DuplicateKey(String),
    /// Nested deeper than [`super::MAX_DEPTH`]; what lies deeper was skipped.
    TooDeep,
    /// More text or more values than a document can hold.
    TooLarge,
    /// Aliases multiply the content beyond all measure (an "alias bomb").
    AliasBudget,
    /// An alias without its anchor.
    UnknownAlias(String),
    /// Bytes that are not UTF-8. They are read as U+FFFD.
    InvalidUtf8,
    /// The text is UTF-16, as `>` writes it in Windows PowerShell.
    Utf16,
    /// A control character in a string.
    ControlCharacter,
    /// A number that JSON does not know, or that no 64-bit type can hold.
    Number,
    /// A template (Helm, Jinja, …) that nobody has rendered.
    Template,
    /// The compressed data that the text is from is broken: what the library says of it.
    Damaged(String),
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { open } => {
                write!(f, "the text ends here, with {open} objects and arrays still open")
            }
            Self::Syntax(message) => f.write_str(message),
            Self::LeadingText => f.write_str("text before the first value was skipped"),
            Self::TrailingText => f.write_str("text behind the last value was skipped"),
            Self::DuplicateKey(key) => write!(f, "the key `{key}` stands here twice"),
            Self::TooDeep => {
                write!(f, "nested deeper than {} levels; the rest of this value was skipped", super::MAX_DEPTH)
            }
            Self::TooLarge => f.write_str("too large to be read: over 4 GiB or 134 million values"),
            Self::AliasBudget => f.write_str("the aliases of this document expand to far more than its text"),
            Self::UnknownAlias(name) => write!(f, "the alias `*{name}` has no anchor `&{name}`"),
            Self::InvalidUtf8 => f.write_str("these bytes are not UTF-8"),
            Self::Utf16 => f.write_str("the text is UTF-16, not UTF-8"),
            Self::ControlCharacter => f.write_str("a control character inside a string"),
            Self::Number => f.write_str("not a number that a 64-bit type can hold"),
            Self::Template => f.write_str("a template that has not been rendered"),
            Self::Damaged(reason) => write!(f, "the compressed data is damaged: {reason}"),
        }
    }
}

impl ProblemKind {
    /// Whether values are missing from the document because of it, so that the absence of
    /// something proves nothing.
    pub fn loses_content(&self) -> bool {
        matches!(
            self,
            Self::Truncated { .. }
                | Self::Syntax(_)
                | Self::TooDeep
                | Self::TooLarge
                | Self::AliasBudget
                | Self::UnknownAlias(_)
                | Self::Utf16
                | Self::Template
                | Self::Damaged(_)
        )
    }
}
