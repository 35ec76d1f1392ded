//! The run: read everything, build the mesh, run the rules, sort what they found.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::finding::{Finding, Skip, group};
use crate::input::{Candidate, Discovery};
use crate::kube::{objects, shown};
use crate::mesh;

use super::manifests::{Manifests, judge};
use super::{Analysis, InputKind, InputSummary, Loaded, NotEvaluated, Selection, Visited, load};

/// What a run needs to know besides its inputs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The namespace of resources that name none, if the user says so.
    pub namespace: Option<String>,
    /// What the manifests do not say about the mesh.
    pub mesh: mesh::Options,
    /// The rules that run.
    pub selection: Selection,
}

/// Reads what was discovered and runs the rules on it.
pub fn run(discovery: Discovery, settings: &Settings) -> Analysis {
    let mut analysis = Analysis {
        unreadable: discovery.unreadable,
        skipped: discovery.skipped,
        rules: settings.selection.ids(),
        ..Analysis::default()
    };
    let mut manifests = Manifests::default();
    let mut known = Vec::new();
    let mut skips = Vec::new();
    let mut is_bundle = false;
    for (candidate, visited) in discovery.candidates.iter().zip(load_all(&discovery.candidates, settings)) {
        let unit = if visited.is_bundle { Some(candidate.bundle_path()) } else { candidate.unit() };
        analysis.unreadable.extend(visited.unreadable);
        analysis.skipped += visited.skipped;
        is_bundle |= visited.is_bundle;
        for (name, loaded) in visited.results {
            let kind = match loaded {
                Loaded::Unreadable(reason) => {
                    analysis.unreadable.push((name, reason));
                    continue;
                }
                Loaded::Manifests(document) => {
                    let (objects, _) = objects(&document);
                    let count = objects.len();
                    manifests.push(document, unit, visited.is_bundle);
                    InputKind::Manifests(count)
                }
                Loaded::Dump { findings, skips: open, proxies } => {
                    analysis.findings.extend(findings);
                    skips.extend(open);
                    let names = proxies.iter().map(|proxy| proxy.name.clone()).collect();
                    known.extend(proxies);
                    InputKind::Dump(names)
                }
                Loaded::Recorded(what) => InputKind::Recorded(what),
                Loaded::Other(findings) => {
                    analysis.findings.extend(findings);
                    InputKind::Other
                }
            };
            analysis.inputs.push(InputSummary { name, kind });
        }
    }
    let judged = judge(&mut manifests, settings, &known, &mut analysis.findings);
    analysis.findings.extend(judged.findings);
    analysis.variants = judged.variants;
    skips.extend(judged.skips);
    analysis.findings = sorted(group(analysis.findings, is_bundle));
    analysis.not_evaluated = summarized(skips);
    analysis
}

/// Reads every candidate, the biggest first, so that no thread is left with one at the end.
fn load_all(candidates: &[Candidate], settings: &Settings) -> Vec<Visited<Loaded>> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(candidates.get(*place).map(|c| c.size)));
    let one = |place: &usize| (*place, candidates.get(*place).map(|c| load(c, &settings.selection)));
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
