//! The run: read everything, build the mesh, run the rules, sort what they found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::finding::{Finding, Severity, Skip, group};
use crate::input::{Candidate, Discovery, root_of};
use crate::kube::shown;
use crate::mesh;

use super::manifests::{Manifests, Shown, judge};
use super::suppress;
use super::{
    Analysis, Directive, Event, InputKind, InputSummary, Loaded, NotEvaluated, Selection, Visited, Watch, load,
};

/// What a run needs to know besides its inputs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The namespace of resources that name none, if the user says so.
    pub namespace: Option<String>,
    /// What the manifests do not say about the mesh.
    pub mesh: mesh::Options,
    /// The rules that run.
    pub selection: Selection,
    /// What is not to be reported, besides what the inputs themselves say.
    pub ignores: Vec<Directive>,
    /// Severities other than the rules' own.
    pub severities: FxHashMap<&'static str, Severity>,
    /// Who is told how far the run is.
    pub watch: Watch,
}

/// Reads what was discovered and runs the rules on it.
pub fn run(discovery: Discovery, settings: &Settings) -> Analysis {
    let mut analysis = Analysis {
        unreadable: discovery.unreadable,
        skipped: discovery.skipped,
        rules: settings.selection.ids(),
        ..Analysis::default()
    };
    settings.watch.tell(Event::Stage { name: "read", steps: discovery.candidates.len() });
    let mut manifests = Manifests::default();
    let mut shown = Vec::new();
    let mut skips = Vec::new();
    let mut directives = settings.ignores.clone();
    let mut is_bundle = false;
    for (candidate, visited) in discovery.candidates.iter().zip(load_all(&discovery.candidates, settings)) {
        analysis.unreadable.extend(visited.unreadable);
        analysis.skipped += visited.skipped;
        is_bundle |= visited.is_bundle;
        for (name, loaded) in visited.results {
            let kind = match loaded {
                Loaded::Unreadable(reason) => {
                    analysis.unreadable.push((name, reason));
                    continue;
                }
                Loaded::Manifests { document, objects, directives: own } => {
                    directives.extend(own);
                    manifests.push(*document, unit_of(candidate, visited.is_bundle, &name), visited.is_bundle);
                    InputKind::Manifests(objects)
                }
                Loaded::Dump { findings, skips: open, proxies } => {
                    skips.extend(open);
                    let names = proxies.iter().map(|proxy| proxy.name.clone()).collect();
                    let bundle = visited.is_bundle.then(|| unit_of(candidate, true, &name)).flatten();
                    shown.push(Shown { bundle, findings, proxies });
                    InputKind::Dump(names)
                }
                Loaded::Recorded(what) => InputKind::Recorded(what),
                Loaded::Other { findings, directives: own } => {
                    directives.extend(own);
                    analysis.findings.extend(findings);
                    InputKind::Other
                }
            };
            analysis.inputs.push(InputSummary { name, kind });
        }
    }
    settings.watch.tell(Event::Stage { name: "judge", steps: 0 });
    let patches = manifests.arrange();
    for input in analysis.inputs.iter_mut().filter(|input| patches.contains(&input.name)) {
        input.kind = InputKind::Patch;
    }
    let judged = judge(&mut manifests, settings, &mut shown);
    analysis.findings.reserve(shown.iter().map(|dump| dump.findings.len()).sum::<usize>() + judged.findings.len());
    analysis.findings.extend(shown.into_iter().flat_map(|dump| dump.findings));
    analysis.findings.extend(judged.findings);
    analysis.variants = judged.variants;
    skips.extend(judged.skips);
    analysis.not_evaluated = summarized(skips);
    analysis.findings = sorted(group(analysis.findings, is_bundle));
    suppress::apply(&mut analysis, &directives, &settings.selection);
    analysis.findings = numbered(sorted(analysis.findings));
    apply_severities(&mut analysis.findings, &settings.severities);
    analysis
}

/// What an input is applied together with. An archive may hold the bundles of several clusters, each
/// in a folder.
fn unit_of(candidate: &Candidate, is_bundle: bool, name: &str) -> Option<PathBuf> {
    if !is_bundle {
        return candidate.unit().map(Path::to_owned);
    }
    let member = name.strip_prefix(&*candidate.name).and_then(|rest| rest.strip_prefix('!'));
    let root = member.map(root_of).filter(|root| !root.is_empty());
    Some(root.map_or_else(|| candidate.bundle_path().to_owned(), |root| candidate.bundle_path().join(root)))
}

/// Reads every candidate, the biggest first, so that no thread is left with one at the end.
fn load_all(candidates: &[Candidate], settings: &Settings) -> Vec<Visited<Loaded>> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(candidates.get(*place).map(|c| c.size)));
    let one = |place: &usize| {
        let loaded = candidates.get(*place).map(|c| load(c, &settings.selection));
        settings.watch.tell(Event::Step);
        (*place, loaded)
    };
    let mut loaded: Vec<_> = order.par_iter().with_max_len(1).map(one).collect();
    loaded.sort_by_key(|(place, _)| *place);
    loaded.into_iter().filter_map(|(_, loaded)| loaded).collect()
}

/// Sorts by file and place, and drops what was found twice.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    fn key(finding: &Finding) -> (&crate::finding::Location, &str, &str) {
        (&finding.location, finding.rule.id, &finding.message)
    }
    findings.sort_by(|a, b| key(a).cmp(&key(b)));
    findings.dedup_by(|a, b| key(a) == key(b));
    findings
}

/// Tells apart findings with one fingerprint: the second gets a `-2`, and so on.
fn numbered(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: FxHashMap<String, usize> = FxHashMap::default();
    for finding in &mut findings {
        let count = counts.entry(finding.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            finding.fingerprint = format!("{}-{count}", finding.fingerprint);
        }
    }
    findings
}

fn apply_severities(findings: &mut [Finding], severities: &FxHashMap<&'static str, Severity>) {
    for finding in findings {
        if let Some(severity) = severities.get(finding.rule.id) {
            finding.severity = *severity;
        }
        if let Some((rule, severity)) = finding.cause.as_mut().and_then(|cause| cause.finding.as_mut())
            && let Some(other) = severities.get(rule.id)
        {
            *severity = *other;
        }
    }
}

fn summarized(skips: Vec<(&'static str, Skip)>) -> Vec<NotEvaluated> {
    let mut counts: BTreeMap<(&'static str, Skip), usize> = BTreeMap::new();
    for skip in skips {
        *counts.entry(skip).or_default() += 1;
    }
    let summary = counts.into_iter().map(|((rule, skip), count)| NotEvaluated {
        rule,
        count,
        what: skip.what,
        why: shown(&skip.why).into_owned(),
        remedy: shown(&skip.remedy).into_owned(),
    });
    summary.collect()
}
