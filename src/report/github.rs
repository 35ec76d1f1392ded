//! Annotations of GitHub Actions: workflow commands, one line each.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::engine::Analysis;
use crate::finding::{Finding, Severity};

use super::printable::printable;
use super::remarks::paragraph;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for finding in &analysis.findings {
        writeln!(out, "{}", command(finding))?;
    }
    for (file, reason) in &analysis.unreadable {
        writeln!(out, "::error file={},title=meshlint::cannot read it: {}", property(file), data(reason))?;
    }
    Ok(())
}

fn command(finding: &Finding) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let location = &finding.location;
    let mut line = format!("::{name} file={},line={}", property(&location.file), location.start.line);
    let _ = write!(line, ",endLine={}", location.end.line);
    // GitHub takes columns only for a place within one line.
    if location.start.line == location.end.line {
        let _ = write!(line, ",col={},endColumn={}", location.start.column, location.end.column);
    }
    let _ = write!(line, ",title={}::{}", property(finding.rule.id), data(&paragraph(finding)));
    line
}

/// A text behind `::`.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| printable(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    printable(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_the_command() {
        assert_eq!(property("a:b,c\n::error::x%"), "a%3Ab%2Cc\\n%3A%3Aerror%3A%3Ax%25");
        assert_eq!(data("50 %\r\n::stop\u{1b}[m"), "50 %25%0A::stop\\u{1b}[m");
    }
}
