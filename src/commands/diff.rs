//! `meshlint diff`: two dumps compared by meaning.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::diff::{Differences, diff};

use super::source::{read, write};
use super::{Outcome, Refusal};

/// Names that are listed of a difference.
const LISTED: usize = 5;

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The first dump
    #[arg(value_name = "A")]
    old: PathBuf,
    /// The second dump
    #[arg(value_name = "B")]
    new: PathBuf,
    /// Also what differs between any two pods: node, addresses, versions, times
    #[arg(long)]
    volatile: bool,
    /// How to print
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// A list of differences
    Json,
}

/// Runs `diff`. Different dumps are findings.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let found = diff(&old, &new, arguments.volatile).map_err(Refusal::nothing)?;
    let text = match arguments.format {
        Format::Text => in_words(&found),
        Format::Json => in_json(&found),
    };
    write(&text)?;
    Ok(if found.is_empty() { Outcome::Clean } else { Outcome::Findings })
}

fn in_words(found: &Differences) -> String {
    if found.is_empty() {
        return "The dumps say the same.\n".to_owned();
    }
    let mut out = String::new();
    let mut kind = "";
    for (difference, resources) in found {
        if difference.kind != kind {
            kind = difference.kind;
            out.push_str(&format!("{kind}\n"));
        }
        let what = match (difference.path.as_str(), &difference.old, &difference.new) {
            ("", Some(_), _) => "only in the first".to_owned(),
            ("", None, _) => "only in the second".to_owned(),
            (path, Some(old), Some(new)) => format!("{path}: {old} -> {new}"),
            (path, Some(old), None) => format!("{path}: only in the first: {old}"),
            (path, None, new) => format!("{path}: only in the second: {}", new.as_deref().unwrap_or_default()),
        };
        out.push_str(&format!("  {what}\n      {}\n", list(resources)));
    }
    out
}

fn list(resources: &[String]) -> String {
    let listed = resources.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match resources.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("{listed} and {more} more"),
        _ => listed,
    }
}

fn in_json(found: &Differences) -> String {
    let one = |(difference, resources): (&crate::diff::Difference, &Vec<String>)| {
        json!({
            "kind": difference.kind, "path": difference.path, "old": difference.old, "new": difference.new,
            "resources": resources,
        })
    };
    let list: Vec<Value> = found.iter().map(one).collect();
    format!("{:#}\n", Value::from(list))
}
