//! Many requests: lines of JSON in, lines of JSON out.

use std::io::{self, BufRead, Write};
use std::path::Path;

use rayon::prelude::*;

use crate::simulate::{Line, Simulator};

use super::super::Outcome;

/// How many lines are answered at once.
const BATCH: usize = 4096;

/// Answers every line of a file.
pub(super) fn answer_all(simulator: &Simulator<'_>, path: &Path) -> Result<Outcome, String> {
    let shown = path.display();
    let mut lines = open(path)?.lines().enumerate();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut unreadable = 0usize;
    loop {
        let batch: Vec<(usize, io::Result<String>)> = lines.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let answers: Vec<_> = batch.par_iter().filter_map(|(number, line)| answer(simulator, *number, line)).collect();
        for answer in answers {
            let written = answer.map(|line| writeln!(out, "{line}"));
            match written {
                Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Outcome::Clean),
                Ok(Err(error)) => return Err(format!("cannot write answers: {error}")),
                Ok(Ok(())) => {}
                Err(problem) => {
                    unreadable += 1;
                    anstream::eprintln!("{shown}:{problem}");
                }
            }
        }
    }
    out.flush().map_err(|error| format!("cannot write answers: {error}"))?;
    Ok(if unreadable == 0 { Outcome::Clean } else { Outcome::Unreadable })
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, String> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::BufReader::new(io::stdin())));
    }
    let file = std::fs::File::open(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Box::new(io::BufReader::with_capacity(1 << 16, file)))
}

/// The answer to a line; nothing for an empty one, and the problem with one that is no request.
fn answer(simulator: &Simulator<'_>, number: usize, line: &io::Result<String>) -> Option<Result<String, String>> {
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
