//! Places in documents that are no longer in memory.

use super::excerpt::Excerpt;
use super::fingerprint::fingerprint;
use super::{Confidence, Draft, Family, Finding, Location, Meta, Related, Severity, Subject, resolve};

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

impl Pinned {
    /// Keeps the primary place of `draft`.
    pub fn of(draft: Draft<'_>) -> Option<Self> {
        let finding = resolve(vec![(&NO_RULE, draft)]).pop()?;
        let Finding { location, path, subject, excerpts, .. } = finding;
        Some(Self { location, path, subject, excerpts })
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
