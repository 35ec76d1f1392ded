//! A key stands twice in one object.
//!
//! ## What it finds
//! Two members of the same name in one mapping of YAML or one object of JSON.
//!
//! ## Why it matters
//! Kubernetes takes the last one and drops the others without a word, so that half of what was
//! written is not there.
//!
//! ## Example
//! ```yaml
//! spec:
//!   hosts: [shop.example.com]
//!   http: …
//!   hosts: [www.shop.example.com]   # the only one that counts
//! ```
//!
//! ## Use instead
//! One key, with both values.
//!
//! ## When to ignore it
//! Never.
//!
//! ## Inputs
//! Any.

use super::prelude::*;
use crate::document::{Document, ProblemKind};
use crate::finding::Place;

const META: Meta = Meta { id: "duplicate-key", family: Family::Input, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Document(check)] };

fn check<'d>(document: &'d Document, findings: &mut Findings<'d>) {
    for problem in document.problems() {
        let ProblemKind::DuplicateKey(key) = &problem.kind else {
            continue;
        };
        let mut draft =
            Draft::new(Place::of_span(document, problem.span), format!("the key `{key}` stands twice in one object"))
                .label("this one counts")
                .note("Kubernetes takes the last one and drops the others without a word");
        if let Some(first) = problem.related {
            draft = draft.related(Place::of_span(document, first), "this one is dropped");
        }
        findings.push(draft);
    }
}
