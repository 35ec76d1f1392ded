//! `meshlint logs`: a log cut to a range of time, as `istioctl bug-report` cuts them.

use std::path::PathBuf;

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::logs::cut;

use super::source::{read, write};
use super::{Outcome, Refusal};

/// Arguments of `logs`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The log of istiod, a proxy or a ztunnel, also compressed; - for standard input
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Only entries from this time on: 2026-11-20T17:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse)]
    since: Option<OffsetDateTime>,
    /// Only entries up to this time
    #[arg(long, value_name = "TIME", value_parser = parse)]
    until: Option<OffsetDateTime>,
}

fn parse(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| error.to_string())
}

/// Runs `logs`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let document = read(&arguments.path)?;
    write(&cut(&String::from_utf8_lossy(document.bytes()), arguments.since, arguments.until))
}
