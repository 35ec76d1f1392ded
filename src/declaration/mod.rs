//! Declarative rules: a YAML file with queries instead of a source file with code.
//!
//! The rules that ship this way lie in the top-level `rules/`; users' own have the same format,
//! and nothing else tells them apart. `docs/writing-rules.md` is the manual of the format.

mod examples;
mod judge;
mod keys;
mod kind;
mod read;
mod resources;
mod template;
mod version;

use std::sync::OnceLock;

use crate::document::{Document, Span};
use crate::finding::{Confidence, Meta};
use crate::query::{Condition, Query};

pub use examples::Failure;
pub use keys::schema;
pub use kind::Kind;
pub use read::{read, read_head};
pub(crate) use version::is_version;

use template::Template;
use version::VersionRange;

/// A rule as a file declares it.
#[derive(Debug)]
pub struct Declaration {
    /// What identifies it.
    pub meta: Meta,
    /// Where its `id` stands in the file.
    pub id_span: Span,
    kinds: Vec<Kind>,
    home: Option<Home>,
    file: &'static Document,
    /// Most runs ask for hardly any of the rules, and queries take their time to be read.
    body: OnceLock<Body>,
}

/// What is needed only where there is something that the rule looks at.
#[derive(Debug)]
struct Body {
    manual: String,
    examples: Vec<Example>,
    confidence: Confidence,
    versions: Option<VersionRange>,
    find: Query,
    condition: Option<Condition>,
    at: Option<Query>,
    message: Template,
    label: Option<Template>,
    notes: Vec<Template>,
    help: Option<Template>,
    related: Vec<(Query, Template)>,
    /// What the words of the templates stand for, by their place.
    values: Vec<Query>,
}

impl Declaration {
    /// Its manual, in Markdown.
    pub fn manual(&self) -> &str {
        &self.body().manual
    }

    /// Texts in which it finds something, and texts in which it does not.
    pub fn examples(&self) -> &[Example] {
        &self.body().examples
    }

    fn body(&self) -> &Body {
        self.body.get_or_init(|| match read(self.file).map(|read| read.body.into_inner()) {
            Ok(Some(body)) => body,
            other => unreachable!("{} is tested and broken: {other:?}", self.file.name()),
        })
    }
}

/// A text that a rule is tried on.
#[derive(Clone, Debug)]
pub struct Example {
    /// Whether the rule finds something in it.
    pub is_bad: bool,
    /// The text.
    pub text: String,
    /// Where it stands in the file.
    pub span: Span,
}

/// Where a resource is, as far as a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    /// In the root namespace, from where it holds for the whole mesh.
    Root,
    /// In another one.
    Other,
}
