//! Leaving out what somebody has decided to live with: by comment, by annotation, by configuration.
//!
//! Suppressions are read while the documents are at hand and applied when everything is found, so
//! that those which suppress nothing can be told.

mod annotations;
mod apply;
mod comments;

use std::path::{Path, PathBuf};

use globset::GlobSet;

use crate::document::{Document, Span};
use crate::finding::{Finding, Pinned, Subject, Suppression};

use super::selection::expand;

pub(super) use apply::apply;

/// The most suppressions that are read of one file.
const MOST: usize = 10_000;

/// A suppression with what it is for.
#[derive(Clone, Debug)]
pub struct Directive {
    /// What is suppressed.
    pub what: Suppression,
    /// Where.
    pub scope: Scope,
    /// Whether it is a fault that it suppresses nothing. What is written for other tools may well be
    /// of use to them, and what is written for a whole repository is of no use to one file of it.
    pub must_be_used: bool,
}

/// The part of the inputs that a [`Directive`] is for.
#[derive(Clone, Debug)]
pub enum Scope {
    /// A whole file.
    File(String),
    /// What lies in or reaches into a range of a file.
    Range {
        /// The file.
        file: String,
        /// The range.
        span: Span,
    },
    /// Files and namespaces that match.
    Matching {
        /// The folder that paths are relative to.
        root: PathBuf,
        /// Paths; all if there are none.
        paths: Option<GlobSet>,
        /// Namespaces; all if there are none.
        namespaces: Option<GlobSet>,
    },
    /// Nothing.
    Nowhere,
}

/// A suppression before its place is made to outlive the document.
struct Written<'d> {
    name: &'d str,
    rules: Result<Vec<&'static str>, String>,
    reason: Option<String>,
    place: crate::finding::Place<'d>,
    scope: Scope,
    must_be_used: bool,
}

/// The suppressions that a document holds.
pub(crate) fn read(document: &Document) -> Vec<Directive> {
    let mut written = comments::read(document);
    written.extend(annotations::read(document));
    written.truncate(MOST);
    let places = Pinned::all(written.iter().map(|one| one.place));
    let finish = |(one, place): (Written<'_>, Pinned)| Directive {
        what: Suppression { name: one.name.to_owned(), rules: one.rules, reason: one.reason, place: Some(place) },
        scope: one.scope,
        must_be_used: one.must_be_used,
    };
    written.into_iter().zip(places).map(finish).collect()
}

impl Directive {
    /// Whether it is about this finding.
    fn covers(&self, finding: &Finding) -> bool {
        self.what.rules.as_ref().is_ok_and(|rules| rules.contains(&finding.rule.id)) && self.scope.holds(finding)
    }
}

impl Scope {
    fn holds(&self, finding: &Finding) -> bool {
        let places = || std::iter::once(&finding.location).chain(finding.cause.as_ref().map(|cause| &cause.location));
        match self {
            Self::Nowhere => false,
            Self::File(name) => places().any(|place| place.file == *name),
            Self::Range { file, span } => places().any(|place| place.file == *file && overlaps(*span, place.span)),
            Self::Matching { root, paths, namespaces } => {
                let is_path = |set: &GlobSet| places().any(|place| set.is_match(relative(&place.file, root)));
                paths.as_ref().is_none_or(is_path)
                    && namespaces.as_ref().is_none_or(|set| namespaces_of(finding).any(|name| set.is_match(name)))
            }
        }
    }

    /// The file whose findings it is about, if that is one.
    fn file(&self) -> Option<&str> {
        match self {
            Self::File(file) | Self::Range { file, .. } => Some(file),
            Self::Matching { .. } | Self::Nowhere => None,
        }
    }
}

fn overlaps(range: Span, place: Span) -> bool {
    range.start <= place.start && place.start < range.end || place.start < range.start && range.start < place.end
}

/// The namespaces that a finding is about.
fn namespaces_of(finding: &Finding) -> impl Iterator<Item = &str> {
    let own = match &finding.subject {
        Subject::Object(id) => Some(id.namespace.as_str()),
        // A proxy is called `pod.namespace`.
        Subject::Proxy { proxy, .. } => proxy.rsplit_once('.').map(|(_, namespace)| namespace),
        Subject::File => None,
    };
    own.into_iter().chain(finding.cause.as_ref().map(|cause| cause.object.namespace.as_str()))
}

/// A path as it is seen from `root`; unchanged if it does not lie there.
pub fn relative(file: &str, root: &Path) -> PathBuf {
    let path = Path::new(file);
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut clean = PathBuf::new();
    for part in absolute.components() {
        match part {
            std::path::Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean.strip_prefix(root).map_or_else(|_| path.to_owned(), Path::to_owned)
}

/// The rules that a name stands for.
///
/// # Errors
/// That it stands for none, with the nearest that does.
pub fn rules_of(name: &str) -> Result<Vec<&'static str>, String> {
    if name == "*" { expand("all") } else { expand(name) }
}
