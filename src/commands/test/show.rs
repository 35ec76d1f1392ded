//! Results for people.

use std::io::{self, Write};

use annotate_snippets::{Group, Level};

use crate::report::Style;
use crate::report::full::{renderer, shown};
use crate::report::printable::printable;

use super::results::{FileResults, Results, TestFailure};

/// Failures with their source, coverage, and a line of counts.
pub(super) fn full(out: &mut impl Write, results: &Results, style: Style) -> io::Result<()> {
    let renderer = renderer(style);
    for failure in failures(results) {
        writeln!(out, "{}\n", renderer.render(&[group(failure)]))?;
    }
    for file in &results.files {
        coverage(out, file)?;
    }
    writeln!(out, "{}", summary(results))
}

fn failures(results: &Results) -> impl Iterator<Item = &TestFailure> {
    results.files.iter().flat_map(|file| &file.tests).filter_map(|test| test.failure.as_ref())
}

fn group(failure: &TestFailure) -> Group<'_> {
    let title = Level::ERROR.primary_title(printable(&failure.finding.message));
    let mut group = failure.finding.excerpts.iter().fold(Group::with_title(title), shown);
    let ends = failure.end.as_ref().map_or_else(String::new, |end| format!(" ends in {end}"));
    let note = format!("{}{ends}", failure.request);
    group = group.element(Level::NOTE.message(printable(&note).into_owned()));
    for proviso in &failure.provisos {
        group = group.element(Level::NOTE.message(printable(proviso)));
    }
    match &failure.finding.help {
        Some(help) => group.element(Level::HELP.message(printable(help))),
        None => group,
    }
}

fn coverage(out: &mut impl Write, file: &FileResults) -> io::Result<()> {
    let Some(coverage) = file.coverage.as_ref() else { return Ok(()) };
    for missing in &coverage.missing {
        writeln!(
            out,
            "# no test reaches {}  {}:{}:{}",
            printable(&missing.what),
            file.dump,
            missing.line,
            missing.column
        )?;
        match &missing.test {
            Some(test) => writeln!(out, "{test}")?,
            None => writeln!(out, "# and no request is known that a test could send there\n")?,
        }
    }
    writeln!(
        out,
        "{}: tests reach {} of {} routes that can be reached ({:.0} %)",
        file.dump, coverage.reached, coverage.routes, coverage.percent
    )
}

/// One line for each expectation that does not hold.
pub(super) fn concise(out: &mut impl Write, results: &Results) -> io::Result<()> {
    for failure in failures(results) {
        let file = &failure.finding.location.file;
        for (line, column, actual) in failure.wrong() {
            let message = format!("{}: {actual}", failure.finding.message);
            writeln!(out, "{file}:{line}:{column}: {}", printable(&message))?;
        }
    }
    anstream::eprintln!("{}", summary(results));
    Ok(())
}

fn summary(results: &Results) -> String {
    let (tests, failed) = (results.tests(), results.failed());
    let coverage = match (results.lacks_coverage(), results.min_coverage) {
        (true, Some(least)) => format!("; tests have to reach {least} % of the routes"),
        _ => String::new(),
    };
    let noun = if tests == 1 { "test" } else { "tests" };
    format!("{tests} {noun}: {} passed, {failed} failed{coverage}", tests - failed)
}
