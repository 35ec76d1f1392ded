//! Checkstyle's XML, which many review tools read.

use std::io::{self, Write};

use crate::engine::Analysis;
use crate::finding::Finding;

use super::xml::{Xml, document, element, parent};

/// The version of Checkstyle whose form this is; readers look for one.
const VERSION: &str = "4.3";

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    document(out, |xml| {
        parent(xml, "checkstyle", &[("version", VERSION)], |xml| {
            for findings in analysis.findings.chunk_by(|a, b| a.location.file == b.location.file) {
                file(xml, findings)?;
            }
            analysis.unreadable.iter().try_for_each(|(name, reason)| unread(xml, name, reason))
        })
    })
}

fn file(xml: &mut Xml<'_>, findings: &[Finding]) -> io::Result<()> {
    let name = findings.first().map_or("", |finding| &finding.location.file);
    parent(xml, "file", &[("name", name)], |xml| findings.iter().try_for_each(|finding| error(xml, finding)))
}

fn error(xml: &mut Xml<'_>, finding: &Finding) -> io::Result<()> {
    let start = finding.location.start;
    let attributes = [
        ("line", &*start.line.to_string()),
        ("column", &*start.column.to_string()),
        ("severity", &*finding.severity.to_string()),
        ("message", &*finding.message),
        ("source", &*format!("meshlint.{}", finding.rule.id)),
    ];
    element(xml, "error", &attributes, "")
}

fn unread(xml: &mut Xml<'_>, name: &str, reason: &str) -> io::Result<()> {
    let message = format!("cannot read it: {reason}");
    let attributes = [("line", "1"), ("severity", "error"), ("message", &*message), ("source", "meshlint")];
    parent(xml, "file", &[("name", name)], |xml| element(xml, "error", &attributes, ""))
}
