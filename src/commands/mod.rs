//! The command line: one file per subcommand.

mod bundle;
mod check;
mod rule;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Tells what is wrong with a service mesh, from files alone.
#[derive(Debug, Parser)]
#[command(name = "meshlint", version, about, long_about = None, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check manifests, Envoy config dumps and bug reports.
    Check(check::Arguments),
    /// Show what a bug report holds: versions, proxies, what is missing, secrets in clear.
    Bundle(bundle::Arguments),
    /// Show the manual of a rule, or list the rules.
    Rule(rule::Arguments),
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the process says with its exit code. The same for every output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing at or above the threshold.
    Clean,
    /// Findings at or above the threshold.
    Findings,
    /// Wrong usage or configuration.
    Usage,
    /// Nothing to analyse.
    Nothing,
    /// Some input cannot be read, and nothing worse.
    Unreadable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Clean => 0,
            Outcome::Findings => 1,
            Outcome::Usage => 2,
            Outcome::Nothing => 3,
            Outcome::Unreadable => 4,
        })
    }
}

/// Prints text for people. That whoever reads it has seen enough is no error.
pub(crate) fn print(text: &str) -> Result<(), String> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}")),
        _ => Ok(()),
    }
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Bundle(arguments) => bundle::run(arguments),
        Command::Rule(arguments) => rule::run(arguments),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(message) => {
            // Where standard error cannot be written to, the exit code still says it.
            let _ = writeln!(anstream::stderr(), "error: {message}");
            Outcome::Usage.into()
        }
    }
}
