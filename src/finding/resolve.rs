//! From drafts to findings: positions, paths, excerpts, fingerprints.

use rustc_hash::FxHashMap;

use crate::document::{Document, Node, Position, Span, Trail};
use crate::envoy::Origin;
use crate::kube::{Object, shown};

use super::excerpt::{Excerpt, Placed, excerpts};
use super::fingerprint::fingerprint;
use super::redact::Redaction;
use super::{Cause, Confidence, Draft, Meta, Place, Seen, Severity, Subject, Symptom};

/// A finding that stands on its own: no document is needed to print it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Meta,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What is wrong, in one line.
    pub message: String,
    /// What happens to traffic.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// What it is about.
    pub subject: Subject,
    /// JSON pointer to the value: within its resource in a manifest, within the file in a dump.
    pub path: String,
    /// Where it is.
    pub location: Location,
    /// What the thing there is.
    pub label: String,
    /// Other places.
    pub related: Vec<Related>,
    /// The manifest object behind a proxy's resource, by istiod's note.
    pub origin: Option<Origin>,
    /// What it shows of a fault in the manifests.
    pub symptom: Option<Symptom>,
    /// The manifest object behind it, where the inputs hold that.
    pub cause: Option<Cause>,
    /// Whether it touches a line that was changed, if that was asked.
    pub touches_change: Option<bool>,
    /// The proxies that show it, if they were brought together here.
    pub seen_in: Vec<Seen>,
    /// Identity across runs.
    pub fingerprint: String,
    /// The source around the places.
    pub excerpts: Vec<Excerpt>,
}

/// A range in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file, as the user named it.
    pub file: String,
    /// The first character.
    pub start: Position,
    /// The character behind the last.
    pub end: Position,
    /// The same in bytes.
    pub span: Span,
}

/// A place that explains a finding.
#[derive(Clone, Debug)]
pub struct Related {
    /// Where it is.
    pub location: Location,
    /// What the thing there is.
    pub label: String,
}

/// Turns the drafts of a rule run into findings, with one pass over each text that is pointed at.
pub fn resolve(drafts: Vec<(&'static Meta, Draft<'_>)>) -> Vec<Finding> {
    let located = Positions::of(drafts.iter().map(|(_, draft)| draft));
    let mut redaction = Redaction::default();
    let mut trail = Trail::default();
    let finish = |(rule, draft)| finish(rule, draft, &located, &mut redaction, &mut trail);
    drafts.into_iter().map(finish).collect()
}

fn finish<'d>(
    rule: &'static Meta,
    draft: Draft<'d>,
    located: &Positions,
    redaction: &mut Redaction,
    trail: &mut Trail<'d>,
) -> Finding {
    let (holder, path) = draft.primary.node.map(|node| address(node, trail)).unwrap_or_default();
    let subject = draft.subject.clone().unwrap_or_else(|| match holder {
        Some(object) => Subject::Object(object.id().shown()),
        None => Subject::File,
    });
    let location = located.location(&draft.primary);
    let related = draft
        .related
        .iter()
        .map(|(place, label)| Related { location: located.location(place), label: shown(label).into_owned() });
    let mut related: Vec<Related> = related.collect();
    let mut excerpts = all_excerpts(&draft, located, redaction);
    for (place, label) in &draft.pinned {
        let (place, source) = place.related(&shown(label));
        related.push(place);
        excerpts.extend(source);
    }
    let say = |text: String| shown(&text).into_owned();
    Finding {
        rule,
        severity: draft.severity.unwrap_or(rule.severity),
        confidence: draft.confidence,
        fingerprint: fingerprint(rule.id, &subject, &location.file, &path),
        excerpts,
        related,
        subject,
        path,
        location,
        message: say(draft.message),
        label: say(draft.label),
        notes: draft.notes.into_iter().map(say).collect(),
        help: draft.help.map(say),
        origin: draft.origin,
        symptom: draft.symptom,
        cause: None,
        touches_change: None,
        seen_in: Vec::new(),
    }
}

/// The innermost resource that holds a node, and the way from there, or from the root.
fn address<'d>(node: Node<'d>, trail: &mut Trail<'d>) -> (Option<Object<'d>>, String) {
    trail.lead_to(node);
    match Object::on(trail) {
        Some(object) => (Some(object), trail.pointer_from(object.node())),
        None => (None, trail.pointer()),
    }
}

/// The windows of all places: the primary's file first, the others in the order of their labels.
fn all_excerpts(draft: &Draft<'_>, located: &Positions, redaction: &mut Redaction) -> Vec<Excerpt> {
    let mut files: Vec<(&Document, Vec<Placed>)> = Vec::new();
    let primary = (&draft.primary, &draft.label, true);
    let related = draft.related.iter().map(|(place, label)| (place, label, false));
    for (place, label, is_primary) in std::iter::once(primary).chain(related) {
        let placed = Placed {
            span: place.span,
            position: located.position(place.document, place.span.start),
            label: shown(label).into_owned(),
            is_primary,
        };
        match files.iter_mut().find(|(document, _)| std::ptr::eq(*document, place.document)) {
            Some((_, places)) => places.push(placed),
            None => files.push((place.document, vec![placed])),
        }
    }
    let mut all = Vec::new();
    for (document, mut places) in files {
        places.sort_by_key(|p| p.span);
        let redact = |offset: usize, piece: &mut [u8]| redaction.apply(document, offset, piece);
        let mut windows = excerpts(document.name(), document.bytes(), &places, redact);
        windows.sort_by_key(|window| !window.marks.iter().any(|m| m.is_primary));
        all.extend(windows);
    }
    all
}

/// Lines and columns of every offset that some draft needs.
struct Positions {
    found: FxHashMap<(usize, u32), Position>,
}

impl Positions {
    fn of<'a, 'd: 'a>(drafts: impl Iterator<Item = &'a Draft<'d>>) -> Self {
        let mut wanted: FxHashMap<usize, (&Document, Vec<u32>)> = FxHashMap::default();
        for draft in drafts {
            for place in draft.places() {
                let (_, offsets) = wanted.entry(identity(place.document)).or_insert((place.document, Vec::new()));
                offsets.extend([place.span.start, place.span.end]);
            }
        }
        let mut found = FxHashMap::default();
        for (key, (document, mut offsets)) in wanted {
            offsets.sort_unstable();
            offsets.dedup();
            let positions = document.positions(&offsets);
            found.extend(offsets.into_iter().zip(positions).map(|(offset, position)| ((key, offset), position)));
        }
        Self { found }
    }

    fn position(&self, document: &Document, offset: u32) -> Position {
        let start = Position { line: 1, column: 1 };
        self.found.get(&(identity(document), offset)).copied().unwrap_or(start)
    }

    fn location(&self, place: &Place<'_>) -> Location {
        Location {
            file: place.document.name().to_owned(),
            start: self.position(place.document, place.span.start),
            end: self.position(place.document, place.span.end),
            span: place.span,
        }
    }
}

fn identity(document: &Document) -> usize {
    std::ptr::from_ref(document) as usize
}
