//! A text, or a part of it, cannot be read.
//!
//! ## What it finds
//! Broken YAML or JSON, bytes that are not UTF-8, control characters in strings, numbers that no
//! 64-bit type holds, nesting and aliases beyond all measure, text around a dump.
//!
//! ## Why it matters
//! What cannot be read is not analysed. In a stream of YAML documents only the broken one is lost,
//! in JSON only the innermost object or list; the rest is analysed as if nothing had happened.
//!
//! ## Example
//! ```yaml
//! hosts:
//! - *.example.com    # an alias, not a wildcard
//! ```
//!
//! ## Use instead
//! ```yaml
//! hosts:
//! - "*.example.com"
//! ```
//!
//! ## When to ignore it
//! When the file is not meant for a mesh at all.
//!
//! ## Inputs
//! Any.

use super::prelude::*;
use crate::document::{Document, Problem, ProblemKind};
use crate::finding::Place;

const META: Meta =
    Meta { id: "unparsable-input", family: Family::Input, severity: Severity::Error, aliases: &["IST0106"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Document(check)] };

fn check<'d>(document: &'d Document, findings: &mut Findings<'d>) {
    for problem in document.problems() {
        let Some((severity, message, help)) = words(problem) else {
            continue;
        };
        let mut draft =
            Draft::new(Place::of_span(document, problem.span), message).severity(severity).label(label(&problem.kind));
        if let Some(related) = problem.related {
            draft = draft.related(Place::of_span(document, related), "in what opens here");
        }
        if let Some(note) = consequence(&problem.kind) {
            draft = draft.note(note);
        }
        findings.push(match help {
            Some(help) => draft.help(help),
            None => draft,
        });
    }
}

/// What is at the place; never the text itself, which may be a secret.
fn label(kind: &ProblemKind) -> String {
    match kind {
        ProblemKind::UnknownAlias(_) => "no anchor has this name".to_owned(),
        other => other.to_string(),
    }
}

fn words(problem: &Problem) -> Option<(Severity, String, Option<String>)> {
    let help = |help: &str| Some(help.to_owned());
    let quote = || help("quote a text that starts with `*`: it is read as an alias");
    Some(match &problem.kind {
        // Rules of their own.
        ProblemKind::Truncated { .. } | ProblemKind::DuplicateKey(_) | ProblemKind::Template => return None,
        ProblemKind::Syntax(message) => (Severity::Error, format!("cannot be read: {message}"), None),
        ProblemKind::UnknownAlias(name) => {
            // Of a wildcard the name helps; anything else may be a password that starts with `*`.
            let what = if name.starts_with('.') { format!("`*{name}`") } else { "this".to_owned() };
            (Severity::Error, format!("{what} is an alias without an anchor"), quote())
        }
        ProblemKind::TooDeep => (
            Severity::Error,
            "nested too deeply to be read".to_owned(),
            help("look at what made it: neither Kubernetes nor Envoy writes anything of that depth"),
        ),
        ProblemKind::TooLarge => (Severity::Error, "too large to be read".to_owned(), help("split the file")),
        ProblemKind::AliasBudget => (
            Severity::Error,
            "the aliases expand beyond all measure".to_owned(),
            help("write the values out: Kubernetes refuses such a document, too"),
        ),
        ProblemKind::Utf16 => (
            Severity::Error,
            "the file is UTF-16".to_owned(),
            Some("write it as UTF-8: in PowerShell, `… | Out-File -Encoding utf8 FILE` instead of `>`".to_owned()),
        ),
        ProblemKind::InvalidUtf8 => {
            (Severity::Warning, "these bytes are not UTF-8".to_owned(), help("save the file as UTF-8"))
        }
        ProblemKind::ControlCharacter => (
            Severity::Warning,
            "a control character inside a string".to_owned(),
            help("take it out, or write it as `\\u` with four digits"),
        ),
        ProblemKind::Number => (
            Severity::Warning,
            "not a number that JSON and a 64-bit type know".to_owned(),
            help("write a number in range, or quotes around it if it is a text"),
        ),
        ProblemKind::Damaged(_) => (
            Severity::Warning,
            "the compressed data is damaged: some of the text may be missing or wrong".to_owned(),
            help("copy or pack the file again; `gzip --test` checks it"),
        ),
        ProblemKind::LeadingText => (Severity::Info, "text before the configuration was skipped".to_owned(), None),
        ProblemKind::TrailingText => (Severity::Info, "text behind the configuration was skipped".to_owned(), None),
    })
}

fn consequence(kind: &ProblemKind) -> Option<&'static str> {
    match kind {
        ProblemKind::Syntax(_) | ProblemKind::UnknownAlias(_) | ProblemKind::TooDeep | ProblemKind::AliasBudget => {
            Some("this document (of JSON: this object or list) was not analysed; the rest of the file was")
        }
        _ => None,
    }
}
