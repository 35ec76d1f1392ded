//! The last lines of a report: how many, of what, how much was left open.

use std::io::{self, Write};
use std::time::Duration;

use crate::engine::{Analysis, InputKind, Suppressed};

use super::printable::printable;

/// Prints the totals and what could not be judged.
///
/// # Errors
/// Those of the output.
pub fn write_summary(analysis: &Analysis, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
    for (name, reason) in &analysis.unreadable {
        writeln!(out, "cannot read {}: {}", printable(name), printable(reason))?;
    }
    let others: Vec<_> = analysis.inputs.iter().filter(|i| i.kind == InputKind::Other).collect();
    if analysis.is_empty() {
        return writeln!(out, "{}", nothing_found(analysis));
    }
    writeln!(out, "{} in {} · {} ms", totals(analysis), subjects(analysis), elapsed.as_millis())?;
    write_left_out(analysis, out)?;
    if let [only] = &others[..]
        && analysis.inputs.len() <= 3
    {
        writeln!(out, "{}: holds nothing that meshlint reads", printable(&only.name))?;
    }
    if !analysis.variants.is_empty() {
        writeln!(out, "{}", variants(analysis))?;
    }
    let patches = analysis.inputs.iter().filter(|input| input.kind == InputKind::Patch).count();
    if patches > 0 {
        let s = if patches == 1 { "" } else { "es" };
        writeln!(out, "left out {patches} kustomize patch{s}; nothing is said of what would be patched")?;
        writeln!(out, "  name what `kustomize build` prints to have the result judged")?;
    }
    not_evaluated(analysis, out)
}

/// What is not reported, so that silence is no riddle.
fn write_left_out(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let asked = analysis.findings.iter().any(|finding| finding.touches_change.is_some());
    if asked {
        let touched = analysis.findings.iter().filter(|finding| finding.touches_change == Some(true)).count();
        writeln!(out, "{touched} of {} touch changed lines", counted(analysis.findings.len(), "finding"))?;
    }
    let parts = [(analysis.suppressed.len(), "suppressed"), (analysis.known, "in the baseline")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let parts: Vec<_> = parts.collect();
    if !parts.is_empty() {
        writeln!(out, "not reported: {}", parts.join(", "))?;
    }
    match analysis.gone {
        0 => Ok(()),
        1 => writeln!(out, "1 finding of the baseline is gone; --write-baseline takes it out"),
        gone => writeln!(out, "{gone} findings of the baseline are gone; --write-baseline takes them out"),
    }
}

/// Prints what was read and what was suppressed, one line each.
///
/// # Errors
/// Those of the output.
pub fn write_details(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for input in &analysis.inputs {
        let what = match &input.kind {
            InputKind::Manifests(objects) => counted(*objects, "object"),
            InputKind::Patch => "patch of a kustomization, left out".to_owned(),
            InputKind::Dump(proxies) => format!("dump of {}", proxies.join(", ")),
            InputKind::Recorded(what) => format!("{what}, recorded"),
            InputKind::Other => "nothing that meshlint reads".to_owned(),
        };
        writeln!(out, "read {}: {}", printable(&input.name), printable(&what))?;
    }
    if analysis.skipped > 0 {
        writeln!(out, "passed over {}", counted(analysis.skipped, "other file"))?;
    }
    for Suppressed { finding, reason } in &analysis.suppressed {
        let start = finding.location.start;
        let reason = reason.as_deref().unwrap_or("no reason given");
        let place = format!("{}:{}:{}", finding.location.file, start.line, start.column);
        let (place, reason) = (printable(&place), printable(reason));
        writeln!(out, "suppressed {place}: {}[{}] ({reason})", finding.severity, finding.rule.id)?;
    }
    Ok(())
}

fn variants(analysis: &Analysis) -> String {
    let shown: Vec<_> = analysis.variants.iter().take(4).map(String::as_str).collect();
    let more = match analysis.variants.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "judged as {} meshes, because their folders declare the same resources differently: {}{more}\n  name the files of one mesh, or say --complete all, to have them judged together",
        analysis.variants.len(),
        printable(&shown.join(", "))
    )
}

fn nothing_found(analysis: &Analysis) -> String {
    match analysis.inputs.len() + analysis.skipped {
        0 if !analysis.unreadable.is_empty() => "nothing was analysed".to_owned(),
        0 => "nothing to analyse: no files".to_owned(),
        files => format!(
            "nothing to analyse: no Kubernetes or Istio resource and no Envoy configuration in {}",
            counted(files, "file")
        ),
    }
}

pub(super) fn totals(analysis: &Analysis) -> String {
    let counts = analysis.counts();
    let parts = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "note")];
    let parts: Vec<_> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| counted(n, what)).collect();
    match parts.is_empty() {
        true => "✔ no findings".to_owned(),
        false => format!("✖ {}", parts.join(", ")),
    }
}

pub(super) fn subjects(analysis: &Analysis) -> String {
    let is_manifest = |kind: &InputKind| matches!(kind, InputKind::Manifests(_));
    let files = analysis.inputs.iter().filter(|input| is_manifest(&input.kind)).count();
    let objects = analysis.object_count();
    let proxies = analysis.proxy_count();
    let mut parts = Vec::new();
    if objects > 0 || proxies == 0 {
        parts.push(format!("{} ({})", counted(objects, "object"), counted(files, "file")));
    }
    if proxies > 0 {
        parts.push(format!("{} of {}", counted(proxies, "dump"), "Envoy"));
    }
    parts.join(" and ")
}

/// How many reasons of one rule, and how many remedies, are shown.
const SHOWN: usize = 3;

fn not_evaluated(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let mut lead = "not evaluated: ";
    let mut left_out = 0;
    for reasons in analysis.not_evaluated.chunk_by(|a, b| a.rule == b.rule) {
        for open in reasons.iter().take(SHOWN) {
            writeln!(out, "{lead}{} for {} {}", open.rule, counted(open.count, open.what), printable(&open.why))?;
            lead = "               ";
        }
        let rest = reasons.get(SHOWN..).unwrap_or_default();
        if let Some(first) = rest.first() {
            let cases = rest.iter().filter(|open| open.what == first.what).map(|open| open.count).sum();
            writeln!(out, "{lead}{} for {} more, likewise", first.rule, counted(cases, first.what))?;
        }
        left_out += rest.len();
    }
    let mut remedies: Vec<&str> = Vec::new();
    for remedy in analysis.not_evaluated.iter().map(|open| open.remedy.as_str()).filter(|r| !r.is_empty()) {
        if !remedies.contains(&remedy) && remedies.len() <= SHOWN {
            remedies.push(remedy);
        }
    }
    let more = if remedies.len() > SHOWN { "; …" } else { "" };
    remedies.truncate(SHOWN);
    if !remedies.is_empty() {
        writeln!(out, "  to have them judged: {}{more}", printable(&remedies.join("; ")))?;
    }
    if left_out > 0 {
        writeln!(out, "  --format json lists all of them")?;
    }
    Ok(())
}

/// `1 host`, `2 hosts`, `3 policies`.
fn counted(count: usize, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o']) => format!("{count} {stem}ies"),
        _ => format!("{count} {what}s"),
    }
}
