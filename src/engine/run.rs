//! The run: read everything, build the mesh, run the rules, sort what they found.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::document::Document;
use crate::finding::{Draft, Finding, Findings, Meta, Skip, resolve};
use crate::input::{Candidate, Discovery};
use crate::kube::{Object, objects, open_namespace, shown};
use crate::mesh::{self, Mesh};
use crate::rules::{self, Check, Context, Rule};

use super::{Analysis, InputKind, InputSummary, Loaded, NotEvaluated, Selection, load};

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
    let mut documents = Vec::new();
    let mut skips = Vec::new();
    let mut units = Vec::new();
    for (candidate, loaded) in discovery.candidates.iter().zip(load_all(&discovery.candidates, settings)) {
        let name = candidate.name.clone();
        let kind = match loaded {
            Loaded::Unreadable(reason) => {
                analysis.unreadable.push((name, reason));
                continue;
            }
            Loaded::Manifests(document) => {
                let (objects, _) = objects(&document);
                let count = objects.len();
                documents.push(document);
                units.push(candidate.unit());
                InputKind::Manifests(count)
            }
            Loaded::Dump { findings, skips: open, proxies } => {
                analysis.findings.extend(findings);
                skips.extend(open);
                InputKind::Dump(proxies.into_iter().map(|proxy| proxy.name).collect())
            }
            Loaded::Recorded(what) => InputKind::Recorded(what),
            Loaded::Other(findings) => {
                analysis.findings.extend(findings);
                InputKind::Other
            }
        };
        analysis.inputs.push(InputSummary { name, kind });
    }
    give_homes(&mut documents, &units, settings.namespace.as_deref());
    let options = mesh_options(&documents, &settings.mesh);
    let (drafts, open) = judge_manifests(&documents, &options, &settings.selection);
    analysis.findings.extend(resolve(drafts));
    skips.extend(open);
    analysis.findings = sorted(analysis.findings);
    analysis.not_evaluated = summarized(skips);
    analysis
}

/// Reads every candidate, the biggest first, so that no thread is left with one at the end.
fn load_all(candidates: &[Candidate], settings: &Settings) -> Vec<Loaded> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(candidates.get(*place).map(|c| c.size)));
    let one = |place: &usize| (*place, candidates.get(*place).map(|c| load(c, &settings.selection)));
    let mut loaded: Vec<_> = order.par_iter().with_max_len(1).map(one).collect();
    loaded.sort_by_key(|(place, _)| *place);
    loaded.into_iter().filter_map(|(_, loaded)| loaded).collect()
}

/// Says where the resources are that name no namespace. Those of different folders of a repository
/// are hardly ever applied to one namespace, and which one they are applied to is not known.
fn give_homes(documents: &mut [Box<Document>], units: &[Option<&Path>], namespace: Option<&str>) {
    if let Some(namespace) = namespace {
        documents.iter_mut().for_each(|document| document.set_home(namespace));
        return;
    }
    let mut known = FxHashMap::default();
    for unit in units {
        let next = known.len();
        known.entry(*unit).or_insert(next);
    }
    if known.len() < 2 {
        return;
    }
    for (document, unit) in documents.iter_mut().zip(units) {
        let number = known.get(unit).copied().unwrap_or_default();
        document.set_home(&open_namespace(number));
    }
}

type Judged<'d> = (Vec<(&'static Meta, Draft<'d>)>, Vec<(&'static str, Skip)>);

/// The settings of the command line with those of istiod's ConfigMap, if that is among the inputs.
fn mesh_options(documents: &[Box<Document>], settings: &mesh::Options) -> mesh::Options {
    let mut options = settings.clone();
    for object in documents.iter().flat_map(|document| objects(document).0) {
        options.apply_config_map(object);
    }
    options
}

fn judge_manifests<'d>(
    documents: &'d [Box<Document>],
    options: &'d mesh::Options,
    selection: &Selection,
) -> Judged<'d> {
    let mut judged = (Vec::new(), Vec::new());
    if documents.is_empty() {
        return judged;
    }
    let objects: Vec<Object<'d>> = documents.iter().flat_map(|document| objects(document).0).collect();
    let mesh = Mesh::new(&objects, options);
    let context = Context::new(&mesh);
    let enabled = rules::all().filter(|rule| selection.includes(rule.meta.id));
    let tasks: Vec<(&Rule, Check)> =
        enabled.flat_map(|rule| rule.checks.iter().map(move |check| (rule, *check))).collect();
    let outcomes: Vec<_> =
        tasks.par_iter().with_max_len(1).map(|(rule, check)| (*rule, check_all(*check, documents, &context))).collect();
    for (rule, found) in outcomes {
        judged.0.extend(found.drafts.into_iter().map(|draft| (rule.meta, draft)));
        judged.1.extend(found.skips.into_iter().map(|skip| (rule.meta.id, skip)));
    }
    judged
}

fn check_all<'d>(check: Check, documents: &'d [Box<Document>], context: &Context<'_, 'd>) -> Findings<'d> {
    let mut found = Findings::default();
    match check {
        Check::Document(check) => documents.iter().for_each(|document| check(document, &mut found)),
        Check::VirtualService(check) => {
            context.mesh.virtual_services.iter().for_each(|service| check(context, service, &mut found));
        }
        Check::Mesh(check) => check(context, &mut found),
        Check::Dump(_) => {}
    }
    found
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
