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
use crate::envoy::{Dump, ErrorState};
use crate::finding::Subject;

const META: Meta = Meta { id: "rejected-update", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let mut reported: Vec<(&str, &str)> = Vec::new();
    for entry in &dump.listeners {
        let Some(error) = entry.error else { continue };
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
    let (reason, help) = decode(details);
    let place = error.details.map_or(error.node, |d| d.node);
    let mut draft = Draft::new(place, format!("Envoy refused the {what} {name}: {reason}"))
        .label("Envoy's reason")
        .note(consequence)
        .subject(Subject::Proxy { proxy: dump.proxy().to_owned(), section: error.section, resource: name.to_owned() });
    if let Some(when) = error.node.field("last_update_attempt") {
        draft = draft.related(when, "when");
    }
    draft.help(help)
}

/// What a reason means, and what to do about it. Texts of Envoy's own, by their stable parts.
fn decode(details: &str) -> (String, String) {
    let help = |text: &str| text.to_owned();
    if let Some(message) = between(details, "Proto constraint validation failed (", ")") {
        return (
            format!("a field is missing or out of range ({})", brief(message)),
            help("correct the field; in Istio, look for an EnvoyFilter that adds this configuration"),
        );
    }
    if details.contains("has the same matching rules defined as") {
        let first = between(details, "filter chain '", "'").unwrap_or_default();
        let second = between(details, "defined as '", "'").unwrap_or_default();
        let names = match (first, second) {
            ("", "") => "two filter chains match the same connections".to_owned(),
            _ => format!("the filter chains `{first}` and `{second}` match the same connections"),
        };
        return (names, help("give them different matches, or remove one"));
    }
    if details.contains("overlapping matching rules") {
        return (
            "two filter chains match some of the same connections".to_owned(),
            help("split them so that no server name or port is in both"),
        );
    }
    if details.contains("Only unique values for domains are permitted") {
        let domain = between(details, "Duplicate entry of domain ", " ").unwrap_or("a domain");
        return (format!("{domain} is in two virtual hosts"), help("leave the domain to one of them"));
    }
    if details.contains("Only a single wildcard domain is permitted") {
        return ("two virtual hosts have the domain `*`".to_owned(), help("leave `*` to one of them"));
    }
    if details.contains("Address already in use") {
        return ("its port is in use".to_owned(), help("another listener or process has the port; use another one"));
    }
    if details.contains("Permission denied") && details.contains("bind") {
        return (
            "it may not bind its port".to_owned(),
            help("ports below 1024 need a capability; use a higher target port"),
        );
    }
    if let Some(name) = between(details, "Didn't find a registered implementation for '", "'")
        .or_else(|| between(details, "Didn't find a registered implementation for name: '", "'"))
    {
        return (
            format!("this Envoy has no extension `{name}`"),
            help("use an extension that this version has; names changed over time (envoy.filters.http.…)"),
        );
    }
    if details.contains("no such field")
        || details.contains("Cannot find field")
        || details.contains("has unknown fields")
    {
        return (
            format!("it has a field that this Envoy does not know ({})", brief(details)),
            help("use the fields of this version of the API"),
        );
    }
    if let Some(name) = between(details, "unknown cluster '", "'") {
        return (format!("it refers to the cluster `{name}`, which does not exist"), help("declare the cluster first"));
    }
    if details.contains("no filter chains specified") {
        return ("it has no filter chain".to_owned(), help("give it a filter chain"));
    }
    if details.contains("script load error") || details.contains("lua") {
        return (format!("its Lua script does not load ({})", brief(details)), help("correct the script"));
    }
    if details.contains("certificate") || details.contains("private key") {
        return (
            format!("its certificate cannot be used ({})", brief(details)),
            help("check that certificate and key belong together"),
        );
    }
    match details.is_empty() {
        true => ("no reason is given".to_owned(), help("see Envoy's log at the time of the update")),
        false => (brief(details), help("correct what the reason names")),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    rest.split_once(after).map(|(inside, _)| inside)
}

/// One line of at most some hundred characters.
fn brief(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
