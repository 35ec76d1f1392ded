//! `file:line:column: severity[rule] message`.

use std::io::{self, Write};

use crate::engine::Analysis;

use super::printable::printable;

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for finding in &analysis.findings {
        let start = finding.location.start;
        let proxies = match finding.proxy_count() {
            0 => String::new(),
            1 => " (seen in 1 proxy)".to_owned(),
            count => format!(" (seen in {count} proxies)"),
        };
        writeln!(
            out,
            "{}:{}:{}: {}[{}] {}{proxies}",
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
