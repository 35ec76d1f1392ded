//! `file:line:column: severity[rule] message`.

use std::io::{self, Write};

use crate::engine::Analysis;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for finding in &analysis.findings {
        let start = finding.location.start;
        writeln!(
            out,
            "{}:{}:{}: {}[{}] {}",
            finding.location.file, start.line, start.column, finding.severity, finding.rule.id, finding.message
        )?;
    }
    Ok(())
}
