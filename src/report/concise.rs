//! `file:line:column: severity[rule] message`.

use std::io::{self, Write};

use crate::engine::Analysis;

use super::printable::printable;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for finding in &analysis.findings {
        let start = finding.location.start;
        writeln!(
            out,
            "{}:{}:{}: {}[{}] {}",
            printable(&finding.location.file),
            start.line,
            start.column,
            finding.severity,
            finding.rule.id,
            printable(&finding.message)
        )?;
    }
    Ok(())
}
