//! Judging the manifests: into meshes, each into a model, rules on it in parallel.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::document::Document;
use crate::finding::{Draft, Finding, Findings, Meta, Skip, resolve};
use crate::kube::{Object, arrange, objects, open_namespace};
use crate::mesh::{self, Mesh};
use crate::rules::{Check, Context, Proxy, Rule};

use super::causes::attach;
use super::patched::withhold;
use super::variants::{Placed, variants};
use super::{Selection, Settings};

/// The manifests among the inputs, each with the folder that it is applied with.
#[derive(Default)]
pub(super) struct Manifests {
    documents: Vec<Document>,
    folders: Vec<Option<PathBuf>>,
    /// Whether the folder is a bundle, or is in one.
    of_bundles: Vec<bool>,
}

/// What a dump shows.
pub(super) struct Shown {
    /// The bundle that holds it.
    pub(super) bundle: Option<PathBuf>,
    pub(super) findings: Vec<Finding>,
    pub(super) proxies: Vec<Proxy>,
}

impl Manifests {
    pub(super) fn push(&mut self, document: Document, folder: Option<PathBuf>, is_of_bundle: bool) {
        self.documents.push(document);
        self.folders.push(folder);
        self.of_bundles.push(is_of_bundle);
    }

    /// Does with the documents what the kustomizations among them say, and names the patches.
    pub(super) fn arrange(&mut self) -> FxHashSet<String> {
        arrange(&mut self.documents);
        let patches = self.documents.iter().filter(|document| document.build().is_patch);
        patches.map(|document| document.name().to_owned()).collect()
    }

    fn folder(&self, place: usize) -> Option<&Path> {
        self.folders.get(place)?.as_deref()
    }

    /// The bundle that holds a document.
    fn bundle(&self, place: usize) -> Option<&Path> {
        self.folder(place).filter(|_| self.of_bundles.get(place) == Some(&true))
    }

    /// The documents that are judged together.
    fn groups(&self, settings: &Settings) -> Vec<Vec<usize>> {
        if settings.mesh.complete.is_everything() {
            return vec![(0..self.documents.len()).collect()];
        }
        let placed = self.documents.iter().zip(&self.folders);
        let placed: Vec<_> = placed.map(|(document, folder)| Placed { folder: folder.as_deref(), document }).collect();
        variants(&placed)
    }

    /// Says where the resources are that name no namespace. Those of different folders of a
    /// repository are hardly ever applied to one namespace, and to which one is not known.
    fn give_homes(&mut self, groups: &[Vec<usize>], namespace: Option<&str>) {
        if let Some(namespace) = namespace {
            self.documents.iter_mut().for_each(|document| document.set_home(namespace));
            return;
        }
        let mut numbers = FxHashMap::default();
        for group in groups {
            let mut folders: Vec<_> = group.iter().map(|place| self.folder(*place)).collect();
            folders.sort_unstable();
            folders.dedup();
            if folders.len() < 2 {
                continue;
            }
            for place in group {
                let next = numbers.len();
                let number = *numbers.entry(self.folder(*place).map(Path::to_owned)).or_insert(next);
                if let Some(document) = self.documents.get_mut(*place) {
                    document.set_home(&open_namespace(number));
                }
            }
        }
    }

    /// The folder above all documents of a group.
    fn folder_of(&self, group: &[usize]) -> String {
        let mut folders = group.iter().filter_map(|place| self.folder(*place));
        let first = folders.next().unwrap_or(Path::new(""));
        let common = folders.fold(first, |common, folder| {
            common.ancestors().find(|ancestor| folder.starts_with(ancestor)).unwrap_or(Path::new(""))
        });
        common.to_string_lossy().into_owned()
    }
}

/// What was found in the manifests.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    pub(super) skips: Vec<(&'static str, Skip)>,
    /// The folders that were judged as meshes of their own, if there are several.
    pub(super) variants: Vec<String>,
}

/// Runs all rules on the manifests, and gives what was found in proxies its causes there.
pub(super) fn judge(manifests: &mut Manifests, settings: &Settings, shown: &mut [Shown]) -> Judged {
    let groups = manifests.groups(settings);
    manifests.give_homes(&groups, settings.namespace.as_deref());
    let manifests = &*manifests;
    let elsewhere = Elsewhere::of(manifests, &groups);
    let mut judged = Judged::default();
    for (number, group) in groups.iter().enumerate() {
        let documents: Vec<&Document> = group.iter().filter_map(|place| manifests.documents.get(*place)).collect();
        let bundles: Vec<_> = group.iter().map(|place| manifests.bundle(*place)).collect();
        let objects = distinct(&documents, &bundles);
        let mut own: Vec<&mut Shown> = shown.iter_mut().filter(|dump| elsewhere.admits(dump, number)).collect();
        let (findings, skips) = judge_mesh(&documents, &objects, settings, &mut own);
        judged.findings.extend(findings);
        judged.skips.extend(skips);
    }
    if groups.len() > 1 {
        judged.variants = groups.iter().map(|group| manifests.folder_of(group)).collect();
    }
    judged
}

/// Which bundles are judged in which group: what a proxy of one cluster shows has no cause in another.
struct Elsewhere(FxHashMap<PathBuf, FxHashSet<usize>>);

impl Elsewhere {
    fn of(manifests: &Manifests, groups: &[Vec<usize>]) -> Self {
        let mut known: FxHashMap<PathBuf, FxHashSet<usize>> = FxHashMap::default();
        for (number, group) in groups.iter().enumerate() {
            for bundle in group.iter().filter_map(|place| manifests.bundle(*place)) {
                known.entry(bundle.to_owned()).or_default().insert(number);
            }
        }
        Self(known)
    }

    fn admits(&self, dump: &Shown, group: usize) -> bool {
        let groups = dump.bundle.as_ref().and_then(|bundle| self.0.get(bundle));
        groups.is_none_or(|groups| groups.contains(&group))
    }
}

/// The resources of the documents. A bundle has some of them in several files (the pods of
/// istio-system, the nodes), which is no duplicate: its cluster has one.
fn distinct<'d>(documents: &[&'d Document], bundles: &[Option<&Path>]) -> Vec<Object<'d>> {
    let mut seen = FxHashSet::default();
    let mut found = Vec::new();
    for (document, bundle) in documents.iter().zip(bundles) {
        let (objects, _) = objects(document);
        let Some(bundle) = bundle else {
            found.extend(objects);
            continue;
        };
        let is_new = |object: &Object<'d>| {
            seen.insert((*bundle, object.group(), object.kind(), object.namespace(), object.name()))
        };
        found.extend(objects.into_iter().filter(is_new));
    }
    found
}

fn judge_mesh<'d>(
    documents: &[&'d Document],
    objects: &[Object<'d>],
    settings: &Settings,
    shown: &mut [&mut Shown],
) -> (Vec<Finding>, Vec<(&'static str, Skip)>) {
    let (proxies, mut in_proxies) = parts(shown);
    if documents.is_empty() && proxies.is_empty() {
        return Default::default();
    }
    let options = mesh_options(objects, &settings.mesh);
    let mesh = Mesh::new(objects, &options);
    let context = Context::new(&mesh, &proxies);
    let Outcome { drafts, mut finished, mut skips } = run_rules(documents, &context, &settings.selection);
    let (drafts, withheld) = withhold(drafts, objects);
    skips.extend(withheld);
    attach(&mut in_proxies, &context, &drafts);
    finished.extend(resolve(drafts));
    (finished, skips)
}

/// The proxies, and the findings about them.
fn parts<'s>(shown: &'s mut [&mut Shown]) -> (Vec<&'s Proxy>, Vec<&'s mut Finding>) {
    let (mut proxies, mut findings) = (Vec::new(), Vec::new());
    for dump in shown {
        proxies.extend(&dump.proxies);
        findings.extend(&mut dump.findings);
    }
    (proxies, findings)
}

/// The settings of the command line with those of istiod's ConfigMap, if that is among the inputs.
fn mesh_options(objects: &[Object<'_>], settings: &mesh::Options) -> mesh::Options {
    let mut options = settings.clone();
    for object in objects {
        options.apply_config_map(*object);
    }
    options
}

#[derive(Default)]
struct Outcome<'d> {
    drafts: Vec<(&'static Meta, Draft<'d>)>,
    finished: Vec<Finding>,
    skips: Vec<(&'static str, Skip)>,
}

fn run_rules<'d>(documents: &[&'d Document], context: &Context<'_, 'd>, selection: &Selection) -> Outcome<'d> {
    let tasks: Vec<(&Rule, Check)> = selection.checks().collect();
    let run = |(rule, check): &(&'static Rule, Check)| (*rule, check_all(*check, documents, context));
    let outcomes: Vec<_> = tasks.par_iter().with_max_len(1).map(run).collect();
    let mut outcome = Outcome::default();
    for (rule, found) in outcomes {
        outcome.drafts.extend(found.drafts.into_iter().map(|draft| (rule.meta, draft)));
        outcome.finished.extend(found.finished);
        outcome.skips.extend(found.skips.into_iter().map(|skip| (rule.meta.id, skip)));
    }
    outcome
}

fn check_all<'d>(check: Check, documents: &[&'d Document], context: &Context<'_, 'd>) -> Findings<'d> {
    let mut found = Findings::default();
    match check {
        Check::Document(check) => documents.iter().for_each(|document| check(document, &mut found)),
        Check::VirtualService(check) => {
            context.mesh.virtual_services.iter().for_each(|service| check(context, service, &mut found));
        }
        Check::Mesh(check) => check(context, &mut found),
        Check::Declared(declaration) => {
            declaration.check_objects(&context.mesh.objects, context.mesh.options, &mut found);
        }
        Check::Dump(_) | Check::Suppression(_) => {}
    }
    found
}
