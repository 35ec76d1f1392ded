//! The file that says what is applied, and changed before it is.

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
    /// The files that change what it takes in.
    pub(super) patches: Vec<String>,
    /// Whether it makes resources of something else too: of charts, by programs.
    pub(super) has_more: bool,
    /// Where all of it goes.
    pub(super) namespace: Option<String>,
}

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
        let path = |node: Node<'_>| node.text().map(|path| within(&folder, path));
        let resources = ["resources", "bases", "components"].into_iter().flat_map(list).filter_map(path).collect();
        let files = ["patches", "patchesJson6902"].into_iter().flat_map(list).filter_map(|patch| patch.get("path"));
        let patches = files.chain(list("patchesStrategicMerge")).filter_map(path).collect();
        let has_more = ["helmCharts", "helmChartInflationGenerator", "generators"]
            .into_iter()
            .any(|key| list(key).next().is_some());
        let namespace = root.get("namespace").and_then(Node::text).filter(|namespace| !namespace.is_empty());
        let (path, namespace) = (plain(document.name()), namespace.map(str::to_owned));
        Some(Self { path, folder, resources, patches, has_more, namespace })
    }
}

/// A path as it is from where meshlint runs.
fn within(folder: &str, path: &str) -> String {
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
