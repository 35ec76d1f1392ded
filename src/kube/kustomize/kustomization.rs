//! The file that says what is applied, and changed before it is.

use super::patch::Patch;
use crate::document::{Document, Node};

/// A kustomization or a component, with the paths that it names as they are from where meshlint runs.
/// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>
pub(super) struct Kustomization {
    /// Its own path.
    pub(super) path: String,
    /// The folder that it stands in.
    pub(super) folder: String,
    /// What it takes in: files, and folders of other kustomizations.
    pub(super) resources: Vec<String>,
    /// What changes what it takes in.
    pub(super) patches: Vec<Patch>,
    /// Whether it gives pods labels.
    pub(super) labels_pods: bool,
    /// Whether it makes something else too: of charts, by programs, under other names.
    pub(super) has_more: bool,
    /// Where all of it goes.
    pub(super) namespace: Option<String>,
}

/// Fields that make resources of something else, change any, or change their names.
const MORE: [&str; 7] = [
    "helmCharts",
    "helmChartInflationGenerator",
    "generators",
    "transformers",
    "replacements",
    "namePrefix",
    "nameSuffix",
];

/// Whether a file has one of the names that kustomize looks for.
pub fn is_kustomization(name: &str) -> bool {
    matches!(parent(name).1, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

impl Kustomization {
    /// The kustomization that a document is. It may leave out what kind it is.
    pub(super) fn of(document: &Document) -> Option<Self> {
        let root = document.roots().next().filter(|root| root.is_object() && is_kustomization(document.name()))?;
        let version = root.get("apiVersion").and_then(Node::text);
        if version.is_some_and(|version| !version.starts_with("kustomize.config.k8s.io/")) {
            return None;
        }
        let folder = plain(parent(document.name()).0);
        let list = |key: &str| root.get(key).into_iter().flat_map(Node::items);
        let resources = ["resources", "bases", "components"].into_iter().flat_map(list).filter_map(Node::text);
        let resources = resources.map(|path| within(&folder, path)).collect();
        let patches = ["patches", "patchesJson6902", "patchesStrategicMerge"].into_iter().flat_map(list);
        let patches = patches.map(|patch| Patch::of(patch, &folder)).collect();
        let labels_pods = root.get("commonLabels").is_some() || list("labels").any(reaches_pods);
        let has_more = MORE.into_iter().any(|key| root.get(key).is_some_and(|value| !is_empty(value)));
        let namespace = root.get("namespace").and_then(Node::text).filter(|namespace| !namespace.is_empty());
        let (path, namespace) = (plain(document.name()), namespace.map(str::to_owned));
        Some(Self { path, folder, resources, patches, labels_pods, has_more, namespace })
    }
}

/// Whether an entry of `labels` is for selectors or templates, and not for the resources alone.
fn reaches_pods(labels: Node<'_>) -> bool {
    ["includeSelectors", "includeTemplates"]
        .into_iter()
        .any(|key| labels.get(key).and_then(Node::as_bool) == Some(true))
}

fn is_empty(value: Node<'_>) -> bool {
    value.text().is_some_and(str::is_empty) || (value.is_array() && value.items().next().is_none())
}

/// A path as it is from where meshlint runs.
pub(super) fn within(folder: &str, path: &str) -> String {
    plain(&format!("{folder}/{path}"))
}

/// A path without `.`, and without `..` where something is before it, in one spelling.
pub(super) fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(SEPARATORS) {
        match (part, parts.last()) {
            ("." | "", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Between the folders of a path, and between an archive and its members.
const SEPARATORS: [char; 3] = ['/', '\\', '!'];

/// A path's folder and its last part.
fn parent(path: &str) -> (&str, &str) {
    let end = path.rfind(SEPARATORS).map_or(0, |place| place + 1);
    path.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_files() {
        assert_eq!(within("a/b", "../c/./d.yaml"), "a/c/d.yaml");
        assert_eq!(within("", "patch.yaml"), plain("./patch.yaml"));
        assert_eq!(within("a", "../../x"), "../x");
        assert_eq!(within("x.tar.gz!live", "../base"), plain("x.tar.gz!base"));
        assert_eq!(parent("x.tar.gz!base/kustomization.yaml"), ("x.tar.gz!base/", "kustomization.yaml"));
        assert!(is_kustomization("x.zip!Kustomization") && !is_kustomization("my-kustomization.yaml"));
    }
}
