//! What several formats say alike.

use crate::finding::{Finding, Severity, Subject};

use crate::rules::file_of;

use super::full::{MANUALS, cause_line, place_in_proxy};
use super::printable::printable;

/// Where the manual of a rule is. Users' own rules have no page anywhere.
pub(super) fn manual_url(rule: &str) -> Option<String> {
    file_of(rule).is_none().then(|| format!("{MANUALS}/{rule}.md"))
}

/// What a finding says besides its message, each with what it is: `cause`, `note`, `help`.
pub(super) fn remarks(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut remarks = Vec::new();
    remarks.extend(place_in_proxy(&finding.subject).map(|place| ("in", place)));
    if let Some(cause) = &finding.cause {
        remarks.push(("cause", cause_line(cause)));
    } else if let Some(origin) = &finding.origin {
        remarks.push(("made of", format!("{} {}/{}", origin.kind, origin.namespace, origin.name)));
    }
    remarks.extend(finding.notes.iter().map(|note| ("note", note.clone())));
    remarks.extend(finding.help.iter().map(|help| ("help", help.clone())));
    remarks
}

/// What a finding is about: a resource, a place in a proxy, or the file.
pub(super) fn subject(finding: &Finding) -> String {
    match &finding.subject {
        Subject::Object(id) => id.to_string(),
        Subject::Proxy { .. } => place_in_proxy(&finding.subject).unwrap_or_default(),
        Subject::File => finding.location.file.clone(),
    }
}

/// The message, then one line for each remark.
pub(super) fn paragraph(finding: &Finding) -> String {
    let mut text = printable(&finding.message).into_owned();
    for (what, remark) in remarks(finding) {
        text.extend(["\n", what, ": ", &printable(&remark)]);
    }
    text
}

/// What GitHub and SARIF call a severity.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
