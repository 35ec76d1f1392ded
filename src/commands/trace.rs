//! `meshlint trace`.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use crate::document::Document;
use crate::envoy::dumps;
use crate::input::{discover, open};
use crate::simulate::{EnvoyVersion, Line, Simulator};

use super::Outcome;

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A config dump or a RouteConfiguration; - for standard input
    #[arg(value_name = "DUMP")]
    dump: PathBuf,

    /// Answer many requests: one JSON object per line; - for standard input
    #[arg(long, value_name = "FILE")]
    requests: PathBuf,

    /// How to print answers
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Envoy's version, where behaviour depends on it; the dump's own by default
    #[arg(long, value_name = "VERSION")]
    envoy_version: Option<String>,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object per line.
    #[default]
    Jsonl,
}

/// How many lines are answered at once.
const BATCH: usize = 4096;

/// Runs `trace`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let version = version(arguments.envoy_version.as_deref())?;
    let document = read(&arguments.dump)?;
    let dumps = dumps(&document);
    let dump = dumps.first().ok_or_else(|| format!("{} holds no configuration of Envoy", document.name()))?;
    let simulator = Simulator::of(dump, version);
    if simulator.is_empty() {
        return Err(format!("{} holds no listeners and no routes", document.name()));
    }
    let _: Format = arguments.format;
    answer_all(&simulator, &arguments.requests)
}

fn version(text: Option<&str>) -> Result<Option<EnvoyVersion>, String> {
    let wrong = |text: &str| format!("`{text}` is no version of Envoy, such as 1.36 or 1.36.4");
    text.map(|text| EnvoyVersion::parse(text).ok_or_else(|| wrong(text))).transpose()
}

/// Reads the one input of the command.
fn read(path: &std::path::Path) -> Result<Document, String> {
    let found = discover(&[path.to_owned()]);
    if let Some((name, reason)) = found.unreadable.first() {
        return Err(format!("cannot read {name}: {reason}"));
    }
    let [candidate] = &found.candidates[..] else {
        return Err(format!("{} is not one file", path.display()));
    };
    let text = open(candidate).map_err(|reason| format!("cannot read {}: {reason}", candidate.name))?;
    Ok(Document::read(candidate.name.as_str(), text))
}

fn answer_all(simulator: &Simulator<'_>, path: &std::path::Path) -> Result<Outcome, String> {
    let shown = path.display();
    let reader: Box<dyn BufRead> = match path.as_os_str().to_str() {
        Some("-") => Box::new(io::BufReader::new(io::stdin())),
        _ => {
            let file = std::fs::File::open(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
            Box::new(io::BufReader::with_capacity(1 << 16, file))
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut lines = reader.lines().enumerate();
    let mut unreadable = 0usize;
    loop {
        let batch: Vec<(usize, io::Result<String>)> = lines.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let answers: Vec<Option<Result<String, String>>> =
            batch.par_iter().map(|(number, line)| answer_line(simulator, *number, line)).collect();
        for answer in answers.into_iter().flatten() {
            let written = match answer {
                Ok(line) => writeln!(out, "{line}"),
                Err(problem) => {
                    unreadable += 1;
                    anstream::eprintln!("{shown}:{problem}");
                    Ok(())
                }
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Outcome::Clean),
                Err(error) => return Err(format!("cannot write answers: {error}")),
                Ok(()) => {}
            }
        }
    }
    out.flush().map_err(|error| format!("cannot write answers: {error}"))?;
    Ok(if unreadable == 0 { Outcome::Clean } else { Outcome::Unreadable })
}

/// The answer to a line; nothing for an empty one, and the problem with one that is no request.
fn answer_line(
    simulator: &Simulator<'_>,
    number: usize,
    line: &io::Result<String>,
) -> Option<Result<String, String>> {
    let line = match line {
        Ok(line) if line.trim().is_empty() => return None,
        Ok(line) => line,
        Err(error) => return Some(Err(format!("{}: {error}", number + 1))),
    };
    Some(match Line::parse(line) {
        Ok(line) => Ok(simulator.answer(&line.request, line.entry()).to_json(&line.id).to_string()),
        Err(error) => Err(format!("{}: {error}", number + 1)),
    })
}
