//! What decides whether a run has failed: what was there before, and what a change touches.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::{Config, repository_of};
use crate::engine::{Analysis, Baseline, Changes};
use crate::finding::Severity;

use super::Outcome;

/// Arguments of `check` on what counts.
#[derive(Debug, Args)]
pub(super) struct GateArguments {
    /// Exit with 1 if there are findings of at least this severity; `error` if nothing is said
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<Severity>,

    /// Exit with 0 whatever is found
    #[arg(long)]
    exit_zero: bool,

    /// Findings that are listed in this file are known: they are not reported
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write all findings to the baseline file
    #[arg(long)]
    write_baseline: bool,

    /// Only findings that touch lines of this unified diff decide the exit code; - for standard input
    #[arg(long, value_name = "DIFF")]
    changed: Option<PathBuf>,
}

/// The same, read and checked.
pub(super) struct Gate {
    fail_on: Severity,
    exit_zero: bool,
    baseline: Option<Baseline>,
    /// Where the baseline is to be written.
    written: Option<PathBuf>,
    changes: Option<Changes>,
    root: PathBuf,
}

impl Gate {
    /// Reads what the arguments and the configuration name.
    pub(super) fn new(arguments: &GateArguments, config: &Config, paths: &[PathBuf]) -> Result<Self, String> {
        let file = arguments.baseline.as_ref().or(config.baseline.as_ref());
        if arguments.write_baseline && file.is_none() {
            return Err("--write-baseline needs --baseline FILE, or `baseline` in the configuration".to_owned());
        }
        let read = file.filter(|_| !arguments.write_baseline);
        if arguments.changed.as_deref() == Some(Path::new("-")) && paths.iter().any(|path| path.as_os_str() == "-") {
            return Err("only one of PATH and --changed can be standard input".to_owned());
        }
        let first = paths.iter().find(|path| path.exists()).map_or(Path::new("."), PathBuf::as_path);
        Ok(Self {
            fail_on: arguments.fail_on.or(config.fail_on).unwrap_or(Severity::Error),
            exit_zero: arguments.exit_zero,
            baseline: read.map(|file| Baseline::read(file)).transpose()?,
            written: file.filter(|_| arguments.write_baseline).cloned(),
            changes: arguments.changed.as_deref().map(read_changes).transpose()?,
            root: repository_of(first).or_else(|| std::env::current_dir().ok()).unwrap_or_default(),
        })
    }

    /// Takes out what is known, or writes it down; notes what the change touches.
    pub(super) fn apply(&self, analysis: &mut Analysis) -> Result<(), String> {
        if let Some(file) = &self.written {
            let text = Baseline::text(&analysis.findings);
            std::fs::write(file, text)
                .map_err(|error| format!("cannot write the baseline {}: {error}", file.display()))?;
            analysis.known = analysis.findings.len();
            analysis.findings.clear();
        }
        if let Some(baseline) = &self.baseline {
            baseline.apply(analysis);
        }
        if let Some(changes) = &self.changes {
            changes.mark(&mut analysis.findings, &self.root);
        }
        Ok(())
    }

    /// What the process says.
    pub(super) fn outcome(&self, analysis: &Analysis) -> Outcome {
        let decides = |severity, touches| severity >= self.fail_on && touches != Some(false);
        let nothing = analysis.is_empty() && analysis.unreadable.is_empty() && analysis.known == 0;
        let outcome = if analysis.findings.iter().any(|f| decides(f.severity, f.touches_change)) {
            Outcome::Findings
        } else if nothing {
            Outcome::Nothing
        } else if !analysis.unreadable.is_empty() {
            Outcome::Unreadable
        } else {
            Outcome::Clean
        };
        match outcome {
            Outcome::Findings if self.exit_zero => Outcome::Clean,
            outcome => outcome,
        }
    }
}

fn read_changes(path: &Path) -> Result<Changes, String> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    read.map_err(|error| format!("cannot read the diff {shown}: {error}"))?;
    Changes::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|fault| format!("the diff {shown} cannot be used: {fault}"))
}
