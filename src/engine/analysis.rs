//! What a run gives back.

use crate::finding::{Finding, Severity};

/// The outcome of a run.
#[derive(Debug, Default)]
pub struct Analysis {
    /// Findings, sorted by file and place.
    pub findings: Vec<Finding>,
    /// Findings that somebody has decided to live with.
    pub suppressed: Vec<Suppressed>,
    /// How many findings are listed in the baseline, and are not reported.
    pub known: usize,
    /// How many findings of the baseline are there no more.
    pub gone: usize,
    /// What was read, in the order of the inputs.
    pub inputs: Vec<InputSummary>,
    /// Inputs that could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Files in folders that are something else.
    pub skipped: usize,
    /// Folders that declare the same resources differently and were judged as meshes of their own.
    pub variants: Vec<String>,
    /// The rules that ran.
    pub rules: Vec<&'static str>,
    /// What they could not judge.
    pub not_evaluated: Vec<NotEvaluated>,
}

/// A finding that is not reported.
#[derive(Clone, Debug)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why, if somebody wrote it down.
    pub reason: Option<String>,
}

/// An input that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSummary {
    /// The file.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
}

/// What an input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Resources: how many.
    Manifests(usize),
    /// Changes to resources, that a kustomization names.
    Patch,
    /// Envoy configuration of these proxies.
    Dump(Vec<String>),
    /// Something that is recognised and not judged: a ztunnel's dump, an admin interface's answer.
    Recorded(&'static str),
    /// Nothing that meshlint knows.
    Other,
}

/// Cases that one rule left open for one reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotEvaluated {
    /// The rule.
    pub rule: &'static str,
    /// How many cases.
    pub count: usize,
    /// What a case is: `host`, `selector`.
    pub what: &'static str,
    /// Why it was left open.
    pub why: String,
    /// What to pass or to say so that it can be judged.
    pub remedy: String,
}

/// Findings by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub infos: usize,
}

impl Analysis {
    /// Findings by severity.
    pub fn counts(&self) -> Counts {
        let count = |severity| self.findings.iter().filter(|f| f.severity == severity).count();
        Counts { errors: count(Severity::Error), warnings: count(Severity::Warning), infos: count(Severity::Info) }
    }

    /// Number of resources in all manifests.
    pub fn object_count(&self) -> usize {
        let objects = self.inputs.iter().map(|input| match input.kind {
            InputKind::Manifests(count) => count,
            _ => 0,
        });
        objects.sum()
    }

    /// Number of proxies of which there is a dump.
    pub fn proxy_count(&self) -> usize {
        let proxies = self.inputs.iter().map(|input| match &input.kind {
            InputKind::Dump(proxies) => proxies.len(),
            _ => 0,
        });
        proxies.sum()
    }

    /// Whether there was nothing to judge.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
            && !self.inputs.iter().any(|i| matches!(i.kind, InputKind::Manifests(1..) | InputKind::Dump(_)))
    }
}
