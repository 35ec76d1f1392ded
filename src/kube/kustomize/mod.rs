//! What `kustomize build` and `kubectl apply -k` make of the files that a kustomization names.
//!
//! A patch is no resource: it changes the one that it names. And all that a kustomization takes in
//! goes to the namespace that it names, whatever the files say.
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/namespace/>

mod kustomization;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::document::Document;

pub use kustomization::is_kustomization;
use kustomization::{Kustomization, plain};

/// Marks the documents that are patches, gives the others the namespace that they end up in, and
/// marks those of builds that take in more than the documents.
pub fn arrange(documents: &mut [Document]) {
    let kustomizations: Vec<_> = documents.iter().filter_map(Kustomization::of).collect();
    if kustomizations.is_empty() {
        return;
    }
    let paths: Vec<_> = documents.iter().map(|document| plain(document.name())).collect();
    let plan = Plan::of(&kustomizations, &paths);
    for (document, path) in documents.iter_mut().zip(&paths) {
        let namespaces = plan.namespaces.get(&**path);
        if namespaces.is_none() && plan.patches.contains(&**path) {
            document.set_patch();
        }
        if let Some(namespace) = namespaces.and_then(only) {
            document.set_namespace(namespace);
        }
        if plan.partial.contains(&**path) {
            document.set_partial();
        }
    }
}

/// The namespaces that a file is taken into: several if several overlays take it.
type Namespaces<'k> = FxHashSet<Option<&'k str>>;

fn only<'k>(namespaces: &Namespaces<'k>) -> Option<&'k str> {
    let mut all = namespaces.iter();
    all.next().copied().flatten().filter(|_| all.next().is_none())
}

/// What becomes of the files, by their paths.
#[derive(Default)]
struct Plan<'k> {
    patches: FxHashSet<&'k str>,
    namespaces: FxHashMap<&'k str, Namespaces<'k>>,
    /// Those that are built together with something that is not there.
    partial: FxHashSet<&'k str>,
}

impl<'k> Plan<'k> {
    fn of(all: &'k [Kustomization], paths: &'k [String]) -> Self {
        let graph = Graph {
            by_folder: all.iter().map(|one| (&*one.folder, one)).collect(),
            files: paths.iter().map(String::as_str).collect(),
        };
        let taken: FxHashSet<&str> = all.iter().flat_map(|one| &one.resources).map(String::as_str).collect();
        let mut plan = Self::default();
        plan.patches.extend(all.iter().flat_map(|one| &one.patches).map(String::as_str));
        for one in all.iter().filter(|one| !taken.contains(&*one.folder)) {
            plan.add(graph.build(one));
        }
        plan
    }

    fn add(&mut self, build: Build<'k>) {
        if build.is_partial {
            self.partial.extend(build.files.iter().map(|(path, _)| *path));
        }
        for (path, namespace) in build.files {
            self.namespaces.entry(path).or_default().insert(namespace);
        }
    }
}

/// What one kustomization takes in, with the namespace that it goes to.
#[derive(Default)]
struct Build<'k> {
    files: FxHashSet<(&'k str, Option<&'k str>)>,
    is_partial: bool,
}

struct Graph<'k> {
    by_folder: FxHashMap<&'k str, &'k Kustomization>,
    files: FxHashSet<&'k str>,
}

impl<'k> Graph<'k> {
    fn build(&self, root: &'k Kustomization) -> Build<'k> {
        let mut build = Build::default();
        let mut open: Vec<(&Kustomization, Option<&str>)> = vec![(root, None)];
        while let Some((one, outer)) = open.pop() {
            // The outermost kustomization that names a namespace decides, because it is the last to.
            let namespace = outer.or(one.namespace.as_deref());
            if !build.files.insert((&one.path, namespace)) {
                continue;
            }
            build.is_partial |= one.has_more;
            for path in &one.resources {
                if let Some(inner) = self.by_folder.get(&**path) {
                    open.push((inner, namespace));
                } else if self.files.contains(&**path) {
                    build.files.insert((path, namespace));
                } else {
                    build.is_partial = true;
                }
            }
        }
        build
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
            documents.iter().map(Document::is_partial).collect::<Vec<_>>()
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
    fn another_tool_may_use_the_name() {
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\npatches: [{path: pod.yaml}]\n";
        assert_eq!(arranged(&[("kustomization.yaml", flux), ("pod.yaml", POD)]), ["default/one"]);
    }
}
