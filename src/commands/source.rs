//! Reading the files that a command names, and writing what it prints.

use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::document::Document;
use crate::input::{self, discover};

use super::Outcome;

/// Reads a file; the inner error is that it cannot be read.
pub(super) fn read(path: &Path) -> Result<Result<Document, String>, String> {
    if path.is_dir() {
        return Err(format!("{} is a folder; name a file", path.display()));
    }
    let found = discover(&[path.to_path_buf()]);
    if let Some((name, reason)) = found.unreadable.first() {
        return Ok(Err(format!("cannot read {name}: {reason}")));
    }
    let [candidate] = &found.candidates[..] else {
        return Err(format!("{} is no file", path.display()));
    };
    let text = input::open(candidate).map_err(|reason| format!("cannot read {}: {reason}", candidate.name));
    Ok(text.map(|text| Document::read(candidate.name.as_str(), text)))
}

/// Prints a result.
pub(super) fn write(text: &str) -> Result<Outcome, String> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}")),
        _ => Ok(Outcome::Clean),
    }
}

/// Says in a line why there is nothing to print.
#[allow(clippy::unnecessary_wraps)] // as the other ways out
pub(super) fn say(message: &str, outcome: Outcome) -> Result<Outcome, String> {
    anstream::eprintln!("meshlint: {message}");
    Ok(outcome)
}

/// Reads a time of the command line.
pub(super) fn parse_time(text: &str) -> Result<i64, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| error.to_string())?;
    Ok(time.unix_timestamp())
}

/// Seconds since 1970.
pub(super) fn today() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}
