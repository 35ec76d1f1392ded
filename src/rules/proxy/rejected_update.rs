//! Envoy refused an update.
//!
//! ## What it finds
//! In a dump: an `error_state`, the note that Envoy keeps of the last update of a resource that it
//! refused. Envoy's own dumps have it for listeners only.
//!
//! ## Why it matters
//! The version before stays in use and gets older; a listener that never had one does not exist at
//! all.
//!
//! ## Example
//! ```json
//! {"name": "virtualInbound", "error_state": {"details": "Proto constraint validation failed (…)"}}
//! ```
//!
//! ## Use instead
//! Correct what the reason names. With Istio that is most often an EnvoyFilter.
//!
//! ## When to ignore it
//! Never.
//!
//! ## Inputs
//! A dump.

use super::prelude::*;
use crate::envoy::{Dump, ErrorState, Refusal};
use crate::finding::Subject;

const META: Meta = Meta { id: "rejected-update", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let mut reported: Vec<(&str, &str)> = Vec::new();
    for entry in &dump.listeners {
        let Some(error) = entry.error.as_deref().copied() else { continue };
        // Envoy notes the same refusal twice, once without a name.
        let key = (entry.name, error.details.map_or("", |d| d.value));
        if reported.contains(&key) {
            continue;
        }
        reported.push(key);
        let consequence = match entry.versions.is_empty() {
            true => "the listener does not exist: nothing accepts its connections",
            false => "the version before stays in use",
        };
        findings.push(draft(dump, error, "listener", entry.name, consequence));
    }
    for error in &dump.errors {
        findings.push(draft(dump, *error, noun(error.section), error.name, "the version before, if any, stays in use"));
    }
}

/// What one of a section's resources is called.
fn noun(section: &str) -> &'static str {
    match section {
        "clusters" => "cluster",
        "routes" => "route configuration",
        "endpoints" => "endpoints of",
        "secrets" => "secret",
        _ => "resource",
    }
}

fn draft<'d>(dump: &Dump<'d>, error: ErrorState<'d>, what: &str, name: &str, consequence: &str) -> Draft<'d> {
    let details = error.details.map_or("", |d| d.value);
    let Refusal { reason, advice } = Refusal::of(details);
    let is_cut = error.details.is_none() && dump.document.loses_content();
    let reason = if is_cut { "the text ends before the reason".to_owned() } else { reason };
    let place = error.details.map_or(error.node, |d| d.node);
    let mut draft = Draft::new(place, format!("Envoy refused the {what} {name}: {reason}"))
        .label("Envoy's reason")
        .note(consequence)
        .subject(Subject::Proxy { proxy: dump.proxy().to_owned(), section: error.section, resource: name.to_owned() });
    if let Some(when) = error.node.field("last_update_attempt") {
        draft = draft.related(when, "when");
    }
    draft.help(advice)
}
