//! Printing an analysis.

mod checkstyle;
mod concise;
pub(crate) mod full;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod markdown;
pub(crate) mod printable;
mod remarks;
mod sarif;
mod summary;
pub(crate) mod xml;

use std::io::{self, Write};

use crate::engine::Analysis;

pub use gitlab::gitlab_schema;
pub use json::{lines_schema, schema};
pub use summary::{write_details, write_summary};

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
    /// The same as one JSON object a line: the findings, then the summary.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// JUnit's XML, for views of test results.
    Junit,
    /// Checkstyle's XML, for review tools.
    Checkstyle,
    /// Markdown, for summaries of jobs and comments.
    Markdown,
    /// One page that works by itself, for people.
    Html,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 11] = [
        Self::Full,
        Self::Concise,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Junit,
        Self::Checkstyle,
        Self::Markdown,
        Self::Html,
    ];
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

/// Prints an analysis.
///
/// # Errors
/// Those of the output.
pub fn write(analysis: &Analysis, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Full => full::write(analysis, style, out),
        Format::Concise => concise::write(analysis, out),
        Format::Json => json::write(analysis, out),
        Format::Jsonl => json::write_lines(analysis, out),
        Format::Sarif => sarif::write(analysis, out),
        Format::Github => github::write(analysis, out),
        Format::Gitlab => gitlab::write(analysis, out),
        Format::Junit => junit::write(analysis, out),
        Format::Checkstyle => checkstyle::write(analysis, out),
        Format::Markdown => markdown::write(analysis, out),
        Format::Html => html::write(analysis, out),
    }
}
