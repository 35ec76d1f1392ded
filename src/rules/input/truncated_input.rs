//! A text ends in the middle of a value.
//!
//! ## What it finds
//! A dump, or a manifest in JSON, whose last object, list or string is never closed. In YAML such a
//! document cannot be read at all, which `unparsable-input` says.
//!
//! ## Why it matters
//! Bug reports and `kubectl exec … curl` sessions are cut off at limits of size and time. What lies
//! behind the cut is missing, so meshlint judges what is there and leaves open whatever would need
//! the rest: a cluster that is not in half a dump may be in the other half.
//!
//! ## Example
//! ```json
//! {"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "static_clus
//! ```
//!
//! ## Use instead
//! Take the dump again, to a file: `istioctl proxy-config all POD -o json > dump.json`.
//!
//! ## When to ignore it
//! When no other copy can be had: everything before the cut is still analysed.
//!
//! ## Inputs
//! Any.

use super::prelude::*;
use crate::document::{Document, ProblemKind};
use crate::finding::Place;

const META: Meta = Meta { id: "truncated-input", family: Family::Input, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Document(check)] };

fn check<'d>(document: &'d Document, findings: &mut Findings<'d>) {
    for problem in document.problems() {
        let ProblemKind::Truncated { open } = problem.kind else {
            continue;
        };
        let mut draft = Draft::new(Place::of_span(document, problem.span), "the file ends in the middle of a value")
            .label(match open {
                0 => "the text ends here".to_owned(),
                1 => "the text ends here, with one object or list still open".to_owned(),
                _ => format!("the text ends here, with {open} objects and lists still open"),
            })
            .note("what is here was analysed; rules that need the rest were not evaluated")
            .help("take the dump or copy the file again");
        if let Some(opened) = problem.related {
            draft = draft.related(Place::of_span(document, opened), "the innermost of them opens here");
        }
        findings.push(draft);
    }
}
