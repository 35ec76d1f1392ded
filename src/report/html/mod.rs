//! One page that works from a file: everything is in it, nothing is loaded.
//!
//! Findings stand under the object that causes them, so that forty proxies with one fault are one
//! section. All texts go through the template, which escapes them: what a bundle holds is nobody's
//! markup.

mod groups;
mod source;

use std::io::{self, Write};

use askama::Template;

use crate::engine::{Analysis, Counts, NotEvaluated};
use crate::finding::Severity;

use super::summary::{subjects, totals};
use groups::Group;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    style: &'static str,
    script: &'static str,
    version: &'static str,
    totals: String,
    subjects: String,
    counts: Counts,
    groups: Vec<Group<'a>>,
    rules: Vec<&'static str>,
    namespaces: Vec<String>,
    unreadable: &'a [(String, String)],
    not_evaluated: &'a [NotEvaluated],
    variants: &'a [String],
    rules_run: usize,
}

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let groups = groups::of(&analysis.findings);
    let cards = || groups.iter().flat_map(|group| &group.cards);
    let page = Page {
        style: include_str!("report.css"),
        script: include_str!("report.js"),
        version: env!("CARGO_PKG_VERSION"),
        totals: totals(analysis),
        subjects: subjects(analysis),
        counts: analysis.counts(),
        rules: sorted(cards().map(|card| card.rule)),
        namespaces: sorted(cards().flat_map(|card| card.namespaces.iter().cloned())),
        groups,
        unreadable: &analysis.unreadable,
        not_evaluated: &analysis.not_evaluated,
        variants: &analysis.variants,
        rules_run: analysis.rules.len(),
    };
    let text = page.render().map_err(io::Error::other)?;
    // No reader of HTML knows control characters, not even escaped.
    let text = text.replace('\t', " ").replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    out.write_all(text.as_bytes())
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let set: std::collections::BTreeSet<T> = all.collect();
    set.into_iter().collect()
}

/// How a severity is called in the page's classes.
fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}
