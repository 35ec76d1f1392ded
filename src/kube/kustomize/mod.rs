//! What `kustomize build` and `kubectl apply -k` make of the files that a kustomization names.
//!
//! A patch is no resource: it changes the one that it names. All that a kustomization takes in goes to
//! the namespace that it names, whatever the files say. Nothing is patched here; what would be is noted,
//! so that nothing is said of it that the patch may have changed.
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>

mod kustomization;
mod patch;

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::objects;
use crate::document::{Build, Document};

pub use kustomization::is_kustomization;
use kustomization::{Kustomization, plain};
use patch::Patch;

/// Notes on each document what the kustomizations among them make of it.
pub fn arrange(documents: &mut [Document]) {
    let mut kustomizations: Vec<_> = documents.iter().filter_map(Kustomization::of).collect();
    if kustomizations.is_empty() {
        return;
    }
    let paths: Vec<_> = documents.iter().map(|document| plain(document.name())).collect();
    let files: Files<'_> = paths.iter().map(String::as_str).zip(&*documents).collect();
    kustomizations.iter_mut().flat_map(|one| &mut one.patches).for_each(|patch| patch.look_up(&files));
    let plan = Plan::of(&kustomizations, &files);
    let builds: Vec<_> = paths.iter().map(|path| plan.build_of(path, &files)).collect();
    for (document, build) in documents.iter_mut().zip(builds) {
        document.set_build(build);
    }
}

/// The documents by their paths.
type Files<'a> = FxHashMap<&'a str, &'a Document>;

/// What becomes of the files.
struct Plan<'k> {
    /// The files that are patches.
    patches: FxHashSet<&'k str>,
    /// What a file is taken into: several if several overlays take it.
    uses: FxHashMap<&'k str, Vec<Use<'k>>>,
}

/// A file's part in what is built.
struct Use<'k> {
    namespace: Option<&'k str>,
    whole: Rc<Whole<'k>>,
}

/// What is true of all that one kustomization takes in.
#[derive(Default)]
struct Whole<'k> {
    /// Something of it is not there.
    is_partial: bool,
    labels_pods: bool,
    patches: Vec<&'k Patch>,
}

impl<'k> Plan<'k> {
    fn of(all: &'k [Kustomization], files: &Files<'k>) -> Self {
        let graph = Graph { by_folder: all.iter().map(|one| (&*one.folder, one)).collect(), files };
        let taken: FxHashSet<&str> = all.iter().flat_map(|one| &one.resources).map(String::as_str).collect();
        let patches = all.iter().flat_map(|one| &one.patches).filter_map(|patch| patch.path.as_deref()).collect();
        let mut plan = Self { patches, uses: FxHashMap::default() };
        for one in all.iter().filter(|one| !taken.contains(&*one.folder)) {
            let (members, whole) = graph.walk(one);
            let whole = Rc::new(whole);
            for (path, namespace) in members {
                plan.uses.entry(path).or_default().push(Use { namespace, whole: whole.clone() });
            }
        }
        plan
    }

    fn build_of(&self, path: &str, files: &Files<'_>) -> Build {
        let Some(uses) = self.uses.get(path) else {
            return Build { is_patch: self.patches.contains(path), ..Build::default() };
        };
        let namespaces: FxHashSet<_> = uses.iter().map(|one| one.namespace).collect();
        let only = namespaces.iter().next().copied().flatten().filter(|_| namespaces.len() == 1);
        let patches: Vec<&Patch> = uses.iter().flat_map(|one| &one.whole.patches).copied().collect();
        let changed = files.get(path).filter(|_| !patches.is_empty());
        let all = changed.map(|document| objects(document).0).unwrap_or_default();
        let patched = all.into_iter().filter(|object| patches.iter().any(|patch| patch.changes(*object)));
        Build {
            namespace: only.map(Into::into),
            is_patch: false,
            is_partial: uses.iter().any(|one| one.whole.is_partial),
            is_labelled: uses.iter().any(|one| one.whole.labels_pods),
            patched: patched.map(|object| object.node().index()).collect(),
        }
    }
}

struct Graph<'a, 'k> {
    by_folder: FxHashMap<&'k str, &'k Kustomization>,
    files: &'a Files<'k>,
}

impl<'k> Graph<'_, 'k> {
    /// The files that a kustomization takes in, itself and those below it included, each with the
    /// namespace that it goes to, and what is true of all.
    fn walk(&self, root: &'k Kustomization) -> (FxHashSet<(&'k str, Option<&'k str>)>, Whole<'k>) {
        let (mut members, mut whole) = (FxHashSet::default(), Whole::default());
        let mut open: Vec<(&Kustomization, Option<&str>)> = vec![(root, None)];
        while let Some((one, outer)) = open.pop() {
            // The outermost kustomization that names a namespace decides, because it is the last to.
            let namespace = outer.or(one.namespace.as_deref());
            if !members.insert((&*one.path, namespace)) {
                continue;
            }
            whole.is_partial |= one.has_more;
            whole.labels_pods |= one.labels_pods;
            whole.patches.extend(&one.patches);
            for path in &one.resources {
                if let Some(inner) = self.by_folder.get(&**path) {
                    open.push((inner, namespace));
                } else if self.files.contains_key(&**path) {
                    members.insert((path, namespace));
                } else {
                    whole.is_partial = true;
                }
            }
        }
        (members, whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Text;
    use crate::kube::objects;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\n";

    /// What is in the files afterwards: `NAMESPACE/NAME`, nothing for a patch.
    fn arranged(files: &[(&str, &str)]) -> Vec<String> {
        let read = |(name, text): &(&str, &str)| Document::read(*name, Text::from(*text));
        let mut documents: Vec<_> = files.iter().map(read).collect();
        arrange(&mut documents);
        let shown = |document: &Document| {
            let pod = objects(document).0.into_iter().find(|object| object.is("", "Pod"));
            pod.map_or(String::new(), |pod| format!("{}/{}", pod.namespace(), pod.name()))
        };
        let files = documents.iter().filter(|document| !is_kustomization(document.name()));
        files.map(shown).collect()
    }

    #[test]
    fn patches_are_no_resources_unless_they_are_named_as_such_too() {
        let all = "patches: [{path: ./a.yaml}, {path: d.yaml}]\npatchesStrategicMerge: [b.yaml]\n\
                   patchesJson6902: [{path: p/c.yaml}]\nresources: [d.yaml]\n";
        let files = [("k/kustomization.yaml", all), ("k/a.yaml", POD), ("k/b.yaml", POD), ("k/p/c.yaml", POD)];
        assert_eq!(arranged(&files), ["", "", ""]);
        assert_eq!(arranged(&[("k/kustomization.yaml", all), ("k/d.yaml", POD), ("a.yaml", POD)]), ["default/one"; 2]);
    }

    #[test]
    fn the_outermost_namespace_holds_for_all_that_is_taken_in() {
        let base = ("base/kustomization.yaml", "namespace: inner\nresources: [pod.yaml]\n");
        let written = "apiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: written}\n";
        let overlay = ("live/Kustomization", "namespace: outer\nresources: [../base]\n");
        assert_eq!(arranged(&[base, ("base/pod.yaml", written)]), ["inner/one"]);
        assert_eq!(arranged(&[base, ("base/pod.yaml", POD), overlay]), ["outer/one"]);
        let other = ("test/kustomization.yml", "namespace: other\nbases: [../base]\n");
        assert_eq!(arranged(&[base, ("base/pod.yaml", written), overlay, other]), ["written/one"]);
    }

    #[test]
    fn kustomizations_that_take_in_each_other_say_nothing() {
        let one = ("a/kustomization.yaml", "namespace: x\nresources: [../b, pod.yaml]\n");
        let two = ("b/kustomization.yaml", "resources: [../a]\n");
        assert_eq!(arranged(&[one, two, ("a/pod.yaml", POD)]), ["default/one"]);
    }

    #[test]
    fn what_takes_in_more_than_is_there_is_a_part() {
        let read = |(name, text): &(&str, &str)| Document::read(*name, Text::from(*text));
        let parts = |files: &[(&str, &str)]| {
            let mut documents: Vec<_> = files.iter().map(read).collect();
            arrange(&mut documents);
            documents.iter().map(|document| document.build().is_partial).collect::<Vec<_>>()
        };
        let files = |root| {
            [("a/kustomization.yaml", root), ("b/kustomization.yaml", "resources: [pod.yaml]"), ("b/pod.yaml", POD)]
        };
        assert_eq!(parts(&files("resources: [../b]\n")), [false; 3]);
        assert_eq!(parts(&files("resources: [../b, ../c]\n")), [true; 3]);
        assert_eq!(parts(&files("resources: [../b]\nhelmCharts: [{name: x}]\n")), [true; 3]);
        assert_eq!(parts(&files("resources: [../c]\n")), [true, false, false]);
    }

    #[test]
    fn what_a_patch_may_change_is_known() {
        let patched = |kustomization: &str, patch: &str| {
            let more = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: two}\n";
            let pods = format!("{POD}{more}");
            let files = [("kustomization.yaml", kustomization), ("pods.yaml", &pods), ("patch.yaml", patch)];
            let mut documents: Vec<_> =
                files.iter().map(|(name, text)| Document::read(*name, Text::from(*text))).collect();
            arrange(&mut documents);
            let pods = objects(&documents[1]).0;
            pods.into_iter().filter(|pod| pod.is_patched()).map(|pod| pod.name().to_owned()).collect::<Vec<_>>()
        };
        let with = |patches: &str| format!("resources: [pods.yaml]\n{patches}\n");
        let operations = "- {op: remove, path: /spec}\n";
        for (patches, patch, expected) in [
            ("patches: [{path: patch.yaml}]", POD, &["one"][..]),
            ("patchesStrategicMerge: [patch.yaml]", POD, &["one"]),
            ("patchesStrategicMerge: ['kind: Pod\n\napiVersion: v1\n\nmetadata: {name: two}']", "", &["two"]),
            ("patches: [{path: patch.yaml, target: {kind: Pod, name: t.o}}]", operations, &["two"]),
            ("patches: [{path: patch.yaml, target: {kind: Pod, name: tw}}]", operations, &[]),
            ("patches: [{path: patch.yaml, target: {kind: Deployment}}]", operations, &[]),
            ("patchesJson6902: [{path: patch.yaml, target: {kind: Pod}}]", operations, &["one", "two"]),
            ("patches: [{path: patch.yaml, target: {name: '['}}]", operations, &["one", "two"]),
            ("patches: [{path: elsewhere.yaml}]", "", &["one", "two"]),
        ] {
            assert_eq!(patched(&with(patches), patch), expected, "{patches}");
        }
    }

    #[test]
    fn labels_of_pods_are_known_to_change() {
        let is_labelled = |kustomization: &str| {
            let mut documents = [("kustomization.yaml", kustomization), ("pod.yaml", POD)]
                .map(|(name, text)| Document::read(name, Text::from(text)));
            arrange(&mut documents);
            documents[1].build().is_labelled
        };
        assert!(is_labelled("resources: [pod.yaml]\ncommonLabels: {team: web}\n"));
        assert!(is_labelled("resources: [pod.yaml]\nlabels: [{pairs: {a: b}, includeTemplates: true}]\n"));
        assert!(!is_labelled("resources: [pod.yaml]\nlabels: [{pairs: {a: b}}]\n"));
    }

    #[test]
    fn another_tool_may_use_the_name() {
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\npatches: [{path: pod.yaml}]\n";
        assert_eq!(arranged(&[("kustomization.yaml", flux), ("pod.yaml", POD)]), ["default/one"]);
    }
}
