//! Places in documents that are no longer in memory.

use super::excerpt::Excerpt;
use super::fingerprint::fingerprint;
use super::{Confidence, Draft, Family, Finding, Location, Meta, Place, Related, Severity, Subject, resolve};

/// A place with the source around it, which needs its document no more.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// Where it is.
    pub location: Location,
    /// JSON pointer to it.
    pub path: String,
    subject: Subject,
    excerpts: Vec<Excerpt>,
}

/// Stands in where only the place of a finding is wanted.
static NO_RULE: Meta = Meta { id: "", family: Family::Input, severity: Severity::Info, aliases: &[] };

impl From<Finding> for Pinned {
    fn from(finding: Finding) -> Self {
        let Finding { location, path, subject, excerpts, .. } = finding;
        Self { location, path, subject, excerpts }
    }
}

impl Pinned {
    /// Keeps the primary place of `draft`.
    pub fn of(draft: Draft<'_>) -> Option<Self> {
        resolve(vec![(&NO_RULE, draft)]).pop().map(Self::from)
    }

    /// Keeps many places, with one pass over each text.
    pub fn all<'d>(places: impl Iterator<Item = Place<'d>>) -> Vec<Self> {
        let drafts = places.map(|place| (&NO_RULE, Draft::new(place, ""))).collect();
        resolve(drafts).into_iter().map(Self::from).collect()
    }

    /// A finding with this as its primary place.
    pub fn finding(&self, rule: &'static Meta, message: String, label: &str) -> Finding {
        Finding {
            rule,
            severity: rule.severity,
            confidence: Confidence::High,
            message,
            notes: Vec::new(),
            help: None,
            subject: self.subject.clone(),
            path: self.path.clone(),
            location: self.location.clone(),
            label: label.to_owned(),
            related: Vec::new(),
            origin: None,
            symptom: None,
            cause: None,
            touches_change: None,
            seen_in: Vec::new(),
            fingerprint: fingerprint(rule.id, &self.subject, &self.location.file, &self.path),
            excerpts: self.labelled(label, true),
        }
    }

    /// This as a related place, with what shows it.
    pub fn related(&self, label: &str) -> (Related, Vec<Excerpt>) {
        (Related { location: self.location.clone(), label: label.to_owned() }, self.labelled(label, false))
    }

    fn labelled(&self, label: &str, is_primary: bool) -> Vec<Excerpt> {
        let mut excerpts = self.excerpts.clone();
        for mark in excerpts.iter_mut().flat_map(|excerpt| &mut excerpt.marks) {
            label.clone_into(&mut mark.label);
            mark.is_primary = is_primary;
        }
        excerpts
    }
}
