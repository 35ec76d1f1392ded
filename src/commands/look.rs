//! How tables look on a terminal.

use std::io::IsTerminal;

use clap::Args;

use crate::document::Document;
use crate::engine::findings_of;
use crate::finding::Finding;
use crate::tables::{Hint, Look};

use super::ColorChoice;
use super::check::style;

/// Options on looks.
#[derive(Debug, Args)]
pub(super) struct Looks {
    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,
}

impl Looks {
    /// A table without a document to judge.
    pub(super) fn of_terminal(&self) -> Look {
        let style = style(self.color);
        Look { width: std::io::stdout().is_terminal().then_some(style.width), color: style.color, hints: Vec::new() }
    }

    /// A table of a document. Only a terminal gets hints: a pipe gets the table, and nobody waits
    /// for what it does not get.
    pub(super) fn of(&self, document: &Document) -> Look {
        let look = self.of_terminal();
        let hints = if look.width.is_some() { findings_of(document).iter().map(hint).collect() } else { Vec::new() };
        Look { hints, ..look }
    }
}

fn hint(finding: &Finding) -> Hint {
    let text = format!("{} {}: {}", finding.severity, finding.rule.id, finding.message);
    Hint { span: finding.location.span, text: text.replace(char::is_control, " ") }
}
