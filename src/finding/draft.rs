//! Findings while the documents are at hand.

use std::fmt;

use crate::document::{Document, Node, Span, Spanned};
use crate::envoy::Origin;
use crate::kube::{Object, ObjectId};

use super::{Confidence, Finding, Meta, Pinned, Severity, Symptom};

/// A range in a document.
#[derive(Clone, Copy, Debug)]
pub struct Place<'d> {
    /// The document.
    pub document: &'d Document,
    /// The range.
    pub span: Span,
    /// The value that stands there, which gives the finding its path.
    pub node: Option<Node<'d>>,
}

impl<'d> Place<'d> {
    /// A range that is no value, such as a broken piece of text.
    pub fn of_span(document: &'d Document, span: Span) -> Self {
        Self { document, span, node: None }
    }

    /// A value's key.
    pub fn of_key(node: Node<'d>) -> Self {
        Self {
            document: node.document(),
            span: node.key().map_or_else(|| node.anchor(), |key| key.span),
            node: Some(node),
        }
    }
}

impl<'d> From<Node<'d>> for Place<'d> {
    fn from(node: Node<'d>) -> Self {
        Self { document: node.document(), span: node.anchor(), node: Some(node) }
    }
}

impl<'d, T> From<Spanned<'d, T>> for Place<'d> {
    fn from(value: Spanned<'d, T>) -> Self {
        value.node.into()
    }
}

impl<'d, T> From<&Spanned<'d, T>> for Place<'d> {
    fn from(value: &Spanned<'d, T>) -> Self {
        value.node.into()
    }
}

impl<'d> From<Object<'d>> for Place<'d> {
    fn from(object: Object<'d>) -> Self {
        object.name_node().into()
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A resource of a manifest.
    Object(ObjectId),
    /// Something in a proxy's configuration.
    Proxy {
        /// The proxy: its node id, or the file if the dump does not say.
        proxy: String,
        /// Where in the dump: `clusters`, `listeners`, `routes`, ….
        section: &'static str,
        /// The name of the resource; empty if it is the section itself.
        resource: String,
    },
    /// The text of a file.
    File,
}

/// A finding that a rule has just made.
#[derive(Clone, Debug)]
pub struct Draft<'d> {
    pub(super) primary: Place<'d>,
    pub(super) label: String,
    pub(super) message: String,
    pub(super) severity: Option<Severity>,
    pub(super) confidence: Confidence,
    pub(super) related: Vec<(Place<'d>, String)>,
    pub(super) notes: Vec<String>,
    pub(super) help: Option<String>,
    pub(super) subject: Option<Subject>,
    pub(super) origin: Option<Origin>,
    pub(super) symptom: Option<Symptom>,
    pub(super) pinned: Vec<(Pinned, String)>,
}

impl<'d> Draft<'d> {
    /// A finding at `place`. The message's first words must suffice to know what breaks.
    pub fn new(place: impl Into<Place<'d>>, message: impl Into<String>) -> Self {
        Self {
            primary: place.into(),
            label: String::new(),
            message: message.into(),
            severity: None,
            confidence: Confidence::High,
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            subject: None,
            origin: None,
            symptom: None,
            pinned: Vec::new(),
        }
    }

    /// Every place in a document that it points at, its own first.
    pub fn places(&self) -> impl Iterator<Item = &Place<'d>> {
        std::iter::once(&self.primary).chain(self.related.iter().map(|(place, _)| place))
    }

    /// What the thing at the place is.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Another place that the finding needs to be understood.
    pub fn related(mut self, place: impl Into<Place<'d>>, label: impl Into<String>) -> Self {
        self.related.push((place.into(), label.into()));
        self
    }

    /// What happens to traffic.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// What to change.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A severity other than the rule's.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// How sure the finding is.
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// What it is about, where that is not the resource that holds the place.
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// What it shows of a fault in the manifests, by which its cause is found there.
    pub fn symptom(mut self, symptom: Symptom) -> Self {
        self.symptom = Some(symptom);
        self
    }

    /// Another place, in a document that is no longer in memory.
    pub fn pinned(mut self, place: &Pinned, label: impl Into<String>) -> Self {
        self.pinned.push((place.clone(), label.into()));
        self
    }

    /// The manifest object that the proxy's resource was made of.
    pub fn origin(mut self, origin: Option<Origin>) -> Self {
        self.origin = origin;
        self
    }
}

impl<'d> Draft<'d> {
    /// Where it is.
    pub fn place(&self) -> &Place<'d> {
        &self.primary
    }

    /// How bad it is; `rule` is the one that made it.
    pub fn severity_under(&self, rule: &Meta) -> Severity {
        self.severity.unwrap_or(rule.severity)
    }
}

/// Something that a rule could not judge, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skip {
    /// What was not judged, in the singular: "host", "subset".
    pub what: &'static str,
    /// Why, as the end of a sentence: "of namespace `billing` (no Service of it among the
    /// inputs)".
    pub why: String,
    /// What the user can do about it.
    pub remedy: String,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.why)
    }
}

/// Takes what the check of one rule finds.
#[derive(Debug, Default)]
pub struct Findings<'d> {
    /// Findings.
    pub drafts: Vec<Draft<'d>>,
    /// Findings in documents that are no longer in memory.
    pub finished: Vec<Finding>,
    /// What was not judged, once per case.
    pub skips: Vec<Skip>,
}

impl<'d> Findings<'d> {
    /// Reports a finding.
    pub fn push(&mut self, draft: Draft<'d>) {
        self.drafts.push(draft);
    }

    /// Notes something that could not be judged.
    pub fn skip(&mut self, what: &'static str, why: impl Into<String>, remedy: impl Into<String>) {
        self.skips.push(Skip { what, why: why.into(), remedy: remedy.into() });
    }
}

impl<'d> Findings<'d> {
    /// Reports a finding, if there is one.
    pub fn extend_with(&mut self, draft: Option<Draft<'d>>) {
        self.drafts.extend(draft);
    }
}
