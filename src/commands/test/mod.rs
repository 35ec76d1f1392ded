//! `meshlint test`.

mod junit;
mod results;
mod show;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::document::Document;
use crate::envoy::{Dump, dumps};
use crate::input::discover;
use crate::route_tests::{self, ENDINGS, RouteTests, Scope};
use crate::simulate::{EnvoyVersion, Simulator};

use super::source::read;
use super::trace::version;
use super::{ColorChoice, Outcome, Refusal};

use results::{FileResults, Results};

/// Arguments of `test`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files of route tests; of folders those named *.test.yaml; - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// A dump that the tests are for, instead of those that their files name
    #[arg(long = "dump", value_name = "DUMP")]
    dumps: Vec<PathBuf>,

    /// List routes that no test reaches, each with a test that does: of the virtual hosts that tests
    /// come to, or of all
    #[arg(long, value_enum, value_name = "SCOPE", num_args = 0..=1, default_missing_value = "hosts", require_equals = true)]
    coverage: Option<Scope>,

    /// Fail if tests reach a smaller share of the routes, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    min_coverage: Option<f64>,

    /// How to print results
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Envoy's version, where behaviour depends on it; that of the tests or the dump by default
    #[arg(long, value_name = "VERSION")]
    envoy_version: Option<String>,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,

    /// Print the JSON Schema of files of route tests
    #[arg(long, exclusive = true)]
    schema: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the source and what Envoy does instead, for people.
    #[default]
    Full,
    /// One line for each expectation that does not hold.
    Concise,
    /// All that is known, for programs.
    Json,
    /// JUnit's XML, for views of test results.
    Junit,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
    number.ok_or_else(|| "a share is from 0 to 100".to_owned())
}

/// Runs `test`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    if arguments.schema {
        let schema = serde_json::to_string_pretty(&route_tests::schema()).map_err(|error| error.to_string())?;
        return super::source::write(&(schema + "\n"));
    }
    let version = version(arguments.envoy_version.as_deref())?;
    let mut results = Results::default();
    for path in files(&arguments.paths)? {
        let document = read(&path)?;
        let tests = route_tests::read(&document)?;
        for dump in dumps_of(&tests, &path, &arguments.dumps)? {
            results.files.push(one(&tests, &document, &dump, version, arguments)?);
        }
    }
    results.min_coverage = arguments.min_coverage;
    if results.tests() == 0 {
        return Err(Refusal::nothing("there are no route tests".to_owned()));
    }
    let style = super::check::style(arguments.color);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match arguments.format {
        Format::Full => show::full(&mut out, &results, style),
        Format::Concise => show::concise(&mut out, &results),
        Format::Json => writeln!(out, "{}", results.to_json()),
        Format::Junit => junit::write(&mut out, &results),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}").into()),
        _ if results.failed() > 0 || results.lacks_coverage() => Ok(Outcome::Findings),
        _ => Ok(Outcome::Clean),
    }
}

/// The files of route tests behind paths.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Refusal> {
    let found = discover(paths);
    if let Some((name, reason)) = found.unreadable.first() {
        return Err(Refusal::unreadable(format!("cannot read {name}: {reason}")));
    }
    let is_meant = |name: &str| ENDINGS.iter().any(|ending| name.ends_with(ending));
    let candidates = found.candidates.into_iter().filter(|found| found.is_named || is_meant(&found.name));
    Ok(candidates.map(|found| found.path).collect())
}

/// The dumps that tests are for.
fn dumps_of(tests: &RouteTests<'_>, path: &Path, said: &[PathBuf]) -> Result<Vec<PathBuf>, Refusal> {
    if !said.is_empty() {
        return Ok(said.to_vec());
    }
    if tests.dumps.is_empty() {
        return Err(format!("{} names no dump: write `dump: FILE` there, or say --dump FILE", path.display()).into());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(tests.dumps.iter().map(|dump| folder.join(dump.value)).collect())
}

/// Runs the tests of a file for one dump.
fn one(
    tests: &RouteTests<'_>,
    document: &Document,
    dump: &Path,
    version: Option<EnvoyVersion>,
    arguments: &Arguments,
) -> Result<FileResults, Refusal> {
    let read = read(dump)?;
    let found = dumps(&read);
    let dump: &Dump<'_> = found.first().ok_or_else(|| format!("{} holds no configuration of Envoy", read.name()))?;
    let simulator = Simulator::of(dump, version.or(tests.envoy_version));
    if simulator.is_empty() {
        return Err(format!("{} holds no listeners and no routes", read.name()).into());
    }
    let asks_coverage = arguments.coverage.is_some() || arguments.min_coverage.is_some();
    let scope = asks_coverage.then(|| arguments.coverage.unwrap_or_default());
    Ok(FileResults::of(tests, document, dump, &simulator, scope))
}
