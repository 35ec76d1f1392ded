//! Markdown for summaries of jobs and comments on merge requests.

use std::io::{self, Write};

use crate::engine::Analysis;
use crate::finding::{Finding, Severity};

use super::remarks::{manual_url, remarks, subject};
use super::summary::{subjects, totals};

/// GitHub takes no comment of more than 65,536 characters.
const SHOWN: usize = 100;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## meshlint: {}\n", totals(analysis))?;
    writeln!(out, "{} checked with {} rules.", subjects(analysis), analysis.rules.len())?;
    for (file, reason) in &analysis.unreadable {
        writeln!(out, "\n> Cannot read {}: {}", code(file), text(reason))?;
    }
    if !analysis.findings.is_empty() {
        writeln!(out, "\n| | rule | where | what |\n|---|---|---|---|")?;
    }
    let mut worst_first: Vec<&Finding> = analysis.findings.iter().collect();
    worst_first.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in worst_first.iter().take(SHOWN) {
        writeln!(out, "{}", row(finding))?;
    }
    if let Some(more) = worst_first.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        writeln!(out, "\n… and {more} more.")?;
    }
    open(analysis, out)
}

fn row(finding: &Finding) -> String {
    let sign = match finding.severity {
        Severity::Error => "❌ error",
        Severity::Warning => "⚠️ warning",
        Severity::Info => "ℹ️ note",
    };
    let place = format!("{}:{}", finding.location.file, finding.location.start.line);
    let mut what = format!("**{}**", text(&finding.message));
    for (kind, remark) in remarks(finding).into_iter().filter(|(kind, _)| *kind != "in") {
        what.extend(["<br>", kind, ": ", &text(&remark)]);
    }
    let id = finding.rule.id;
    let rule = manual_url(id).map_or_else(|| id.to_owned(), |url| format!("[{id}]({url})"));
    format!("| {sign} | {rule} | {}<br>{} | {what} |", code(&place), text(&subject(finding)))
}

fn open(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    if analysis.not_evaluated.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n<details><summary>Not evaluated</summary>\n")?;
    for open in analysis.not_evaluated.iter().take(SHOWN) {
        writeln!(out, "- {}: {} × {} {}", open.rule, open.count, open.what, text(&open.why))?;
    }
    writeln!(out, "\n</details>")
}

/// A text in which nothing is markup, except that what stands between backticks stays code.
fn text(raw: &str) -> String {
    if !raw.matches('`').count().is_multiple_of(2) {
        return escaped(raw);
    }
    let mut out = String::new();
    for (place, part) in raw.split('`').enumerate() {
        out += &if place % 2 == 1 { code(part) } else { escaped(part) };
    }
    out
}

fn escaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Nobody is to be notified because a host looks like a name.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text as code, in a cell of a table.
fn code(raw: &str) -> String {
    if raw.is_empty() {
        return "` `".to_owned();
    }
    let clean = raw.replace(|c: char| c.is_control(), " ").replace('|', "\\|");
    if clean.contains('`') { format!("`` {clean} ``") } else { format!("`{clean}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup_but_code() {
        assert_eq!(text("did you mean `a_b|c`? *<b>*"), "did you mean `a_b\\|c`? \\*&lt;b&gt;\\*");
        assert_eq!(text("a ` b\n|"), "a \\` b \\|");
        assert_eq!(escaped("@team [x](y)"), "&#64;team \\[x\\](y)");
    }
}
