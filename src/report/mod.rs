//! Printing an analysis.

mod concise;
mod full;
mod json;
mod printable;
mod summary;

use std::io::{self, Write};

use crate::engine::Analysis;

pub use json::schema;
pub use summary::write_summary;

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// With the source and labels, for people.
    #[default]
    Full,
    /// One line each, for grep and editors.
    Concise,
    /// All that is known, for programs; its schema is stable.
    Json,
}

/// How a report looks on a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Colours and other attributes.
    pub color: bool,
    /// Links from rule names to their manuals.
    pub hyperlinks: bool,
    /// Columns.
    pub width: usize,
}

impl Format {
    /// Whether a program reads it, so that nothing else may be on the same stream.
    pub fn is_for_programs(self) -> bool {
        self == Self::Json
    }
}

/// Prints an analysis.
///
/// # Errors
/// Those of the output.
pub fn write(analysis: &Analysis, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Full => full::write(analysis, style, out),
        Format::Concise => concise::write(analysis, out),
        Format::Json => json::write(analysis, out),
    }
}
