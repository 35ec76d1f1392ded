//! `meshlint diff`: two dumps compared by meaning, or the proxies of two bundles.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::diff::{Bundles, Counts, Differences, Group, diff, diff_bundles};
use crate::input::archive_kind;

use super::source::{read, write};
use super::{Outcome, Refusal};

/// Names that are listed of a difference.
const LISTED: usize = 5;

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The first dump or bundle
    #[arg(value_name = "A")]
    old: PathBuf,
    /// The second dump or bundle
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
    /// The same for programs
    Json,
}

/// Runs `diff`. Differences are findings.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    match (is_bundle(&arguments.old), is_bundle(&arguments.new)) {
        (true, true) => of_bundles(arguments),
        (false, false) => of_dumps(arguments),
        _ => Err("compare two dumps or two bundles".into()),
    }
}

fn is_bundle(path: &Path) -> bool {
    path.is_dir() || (path.as_os_str() != "-" && archive_kind(path).is_some())
}

fn of_dumps(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let found = diff(&old, &new, arguments.volatile).map_err(Refusal::nothing)?;
    let text = match arguments.format {
        Format::Text if found.is_empty() => "The dumps say the same.\n".to_owned(),
        Format::Text => in_words(&found),
        Format::Json => format!("{:#}\n", in_json(&found)),
    };
    write(&text)?;
    Ok(if found.is_empty() { Outcome::Clean } else { Outcome::Findings })
}

fn of_bundles(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let found = diff_bundles(&arguments.old, &arguments.new, arguments.volatile).map_err(Refusal::nothing)?;
    let text = match arguments.format {
        Format::Text => bundles_in_words(&found),
        Format::Json => format!("{:#}\n", bundles_in_json(&found)),
    };
    write(&text)?;
    found.unreadable.iter().for_each(|(file, reason)| anstream::eprintln!("meshlint: cannot read {file}: {reason}"));
    Ok(
        match (
            found.groups.is_empty() && found.added.is_empty() && found.removed.is_empty(),
            found.unreadable.is_empty(),
        ) {
            (false, _) => Outcome::Findings,
            (true, false) => Outcome::Unreadable,
            (true, true) => Outcome::Clean,
        },
    )
}

fn bundles_in_words(found: &Bundles) -> String {
    let different: usize = found.groups.iter().map(|group| group.proxies.len()).sum();
    let mut out = match different {
        0 => format!("{} {} the same.\n", proxies(found.same), if found.same == 1 { "says" } else { "say" }),
        _ => format!("{different} of {} proxies differ\n", different + found.same),
    };
    for group in &found.groups {
        let names: Vec<String> = group.proxies.iter().map(pair).collect();
        out.push_str(&format!("\n{}: {}\n    {}\n", proxies(names.len()), in_numbers(group), list(&names)));
        in_words(&group.differences).lines().for_each(|line| out.push_str(&format!("  {line}\n")));
    }
    for (names, which) in [(&found.removed, "first"), (&found.added, "second")] {
        if !names.is_empty() {
            out.push_str(&format!("\n{} only in the {which}\n    {}\n", proxies(names.len()), list(names)));
        }
    }
    out
}

fn proxies(count: usize) -> String {
    if count == 1 { "1 proxy".to_owned() } else { format!("{count} proxies") }
}

/// A proxy, or what it was and is called where a rollout has renamed it.
fn pair((old, new): &(String, String)) -> String {
    if old == new { old.clone() } else { format!("{old} -> {new}") }
}

/// `clusters 1 added, 2 changed; routes 1 changed`.
fn in_numbers(group: &Group) -> String {
    let of_kind = |(kind, counts): (&&str, &Counts)| {
        let parts = [(counts.added, "added"), (counts.removed, "removed"), (counts.changed, "changed")];
        let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        format!("{kind} {}", parts.collect::<Vec<_>>().join(", "))
    };
    group.counts.iter().map(of_kind).collect::<Vec<_>>().join("; ")
}

fn bundles_in_json(found: &Bundles) -> Value {
    let group = |group: &Group| {
        let count = |(kind, counts): (&&'static str, &Counts)| {
            let counts = json!({"added": counts.added, "removed": counts.removed, "changed": counts.changed});
            ((*kind).to_owned(), counts)
        };
        json!({
            "proxies": group.proxies.iter().map(|(old, new)| json!({"old": old, "new": new})).collect::<Vec<_>>(),
            "resources": group.counts.iter().map(count).collect::<serde_json::Map<_, _>>(),
            "differences": in_json(&group.differences),
        })
    };
    let unreadable = |(file, reason): &(String, String)| json!({"file": file, "reason": reason});
    json!({
        "same": found.same, "removed": found.removed, "added": found.added,
        "changed": found.groups.iter().map(group).collect::<Vec<_>>(),
        "unreadable": found.unreadable.iter().map(unreadable).collect::<Vec<_>>(),
    })
}

fn in_words(found: &Differences) -> String {
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

fn in_json(found: &Differences) -> Value {
    let one = |(difference, resources): (&crate::diff::Difference, &Vec<String>)| {
        json!({
            "kind": difference.kind, "path": difference.path, "old": difference.old, "new": difference.new,
            "resources": resources,
        })
    };
    found.iter().map(one).collect()
}
