//! What every Kubernetes resource has: API version, kind, metadata.

use std::fmt;

use super::{Labels, Scope, is_open, known_kind};
use crate::document::{Document, Node, Trail};

/// One resource of a manifest.
#[derive(Clone, Copy, Debug)]
pub struct Object<'d> {
    node: Node<'d>,
    api_version: &'d str,
    kind: &'d str,
    name: &'d str,
    namespace: &'d str,
}

/// Which resource: what identifies it in a cluster, and the version it is written in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// `apiVersion` as written.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// The namespace; empty for resources of the cluster.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectId {
    /// The identity as it is shown: an open namespace is called `default`.
    pub fn shown(mut self) -> Self {
        self.namespace = super::shown(&self.namespace).into_owned();
        self
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.is_empty() {
            true => write!(f, "{} {}", self.kind, self.name),
            false => write!(f, "{} {}/{}", self.kind, super::shown(&self.namespace), self.name),
        }
    }
}

impl<'d> Object<'d> {
    /// The resource that `node` is, if it has an API version and a kind.
    pub fn of(node: Node<'d>) -> Option<Self> {
        Some(Self::new(node, node.get("apiVersion")?.as_str()?, node.get("kind")?.as_str()?))
    }

    /// Rules ask for names and namespaces all the time, so they are read once.
    fn new(node: Node<'d>, api_version: &'d str, kind: &'d str) -> Self {
        let metadata = node.get("metadata");
        let text = |key| metadata.and_then(|m| m.get(key)).and_then(Node::text);
        let name = text("name").or_else(|| text("generateName")).unwrap_or("");
        let mut object = Self { node, api_version, kind, name, namespace: "" };
        if known_kind(object.group(), kind).is_none_or(|k| k.scope == Scope::Namespaced) {
            object.namespace = object.written_namespace().unwrap_or(node.document().home());
        }
        object
    }

    /// The innermost resource on the way to a value.
    pub fn on(trail: &Trail<'d>) -> Option<Self> {
        trail.nodes().rev().find_map(Self::of)
    }

    /// The whole resource.
    pub fn node(self) -> Node<'d> {
        self.node
    }

    /// `apiVersion` as written.
    pub fn api_version(self) -> &'d str {
        self.api_version
    }

    /// The API group; empty for the core group.
    pub fn group(self) -> &'d str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version within the group.
    pub fn version(self) -> &'d str {
        self.api_version.split_once('/').map_or(self.api_version, |(_, version)| version)
    }

    /// `kind`.
    pub fn kind(self) -> &'d str {
        self.kind
    }

    /// Whether this is a resource of this group and kind, in whatever version.
    pub fn is(self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group() == group
    }

    /// Whether a patch changes it before it is applied.
    pub fn is_patched(self) -> bool {
        self.node.document().build().patched.contains(&self.node.index())
    }

    /// Whether its kind is one that neither Kubernetes has nor the meshes: what an operator reads.
    pub fn is_custom(self) -> bool {
        let group = self.group();
        known_kind(group, self.kind).is_none() && group.contains('.') && !group.ends_with(".k8s.io")
    }

    /// `metadata.name`, or `metadata.generateName` where there is none.
    pub fn name(self) -> &'d str {
        self.name
    }

    /// Whether its namespace is known: written, or said by the user. Otherwise whoever applies it may
    /// say another.
    pub fn is_placed(self) -> bool {
        self.written_namespace().is_some() || self.node.document().has_home() && !is_open(self.namespace)
    }

    /// The namespace that the manifest names, or the kustomization that takes it in.
    pub fn written_namespace(self) -> Option<&'d str> {
        let written = || self.metadata()?.get("namespace")?.text().filter(|n| !n.is_empty());
        self.node.document().build().namespace.as_deref().or_else(written)
    }

    /// The namespace the resource ends up in: empty for resources of the cluster, the document's
    /// [home](Document::home) where the manifest leaves it to whoever applies it.
    pub fn namespace(self) -> &'d str {
        self.namespace
    }

    /// The identity.
    pub fn id(self) -> ObjectId {
        ObjectId {
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// `metadata`.
    pub fn metadata(self) -> Option<Node<'d>> {
        self.node.get("metadata")
    }

    /// `spec`.
    pub fn spec(self) -> Option<Node<'d>> {
        self.node.get("spec")
    }

    /// `metadata.labels`.
    pub fn labels(self) -> Labels<'d> {
        Labels::of(self.metadata().and_then(|m| m.get("labels")))
    }

    /// An annotation, with its place.
    pub fn annotation(self, key: &str) -> Option<crate::document::Spanned<'d, &'d str>> {
        self.metadata()?.get("annotations")?.text_at(key)
    }

    /// `metadata.creationTimestamp`: RFC 3339 in UTC, so that text order is time order.
    pub fn created(self) -> Option<&'d str> {
        self.metadata()?.get("creationTimestamp")?.text()
    }

    /// What makes two declarations of one resource different: everything but bookkeeping.
    pub fn content(self) -> Vec<(&'d str, String)> {
        let kept = self.node.entries().filter(|(key, _)| !matches!(key.text, "apiVersion" | "status" | "metadata"));
        let mut members: Vec<_> = kept.map(|(key, value)| (key.text, value.to_json())).collect();
        for name in ["labels", "annotations"] {
            let value = self.metadata().and_then(|m| m.get(name));
            members.extend(value.map(|value| (name, value.to_json())));
        }
        members.sort();
        members
    }

    /// Where to point for the resource as a whole: at its name.
    pub fn name_node(self) -> Node<'d> {
        self.metadata()
            .and_then(|m| m.get("name").or_else(|| m.get("generateName")))
            .or_else(|| self.node.get("kind"))
            .unwrap_or(self.node)
    }
}

/// The resources of a document, those within `List`s included, and how many of its values are
/// none. A patch has none.
pub fn objects(document: &Document) -> (Vec<Object<'_>>, usize) {
    let mut found = Vec::new();
    let mut others = 0;
    for root in document.roots().filter(|_| !document.build().is_patch) {
        collect(root, &mut found, &mut others);
    }
    (found, others)
}

fn collect<'d>(node: Node<'d>, found: &mut Vec<Object<'d>>, others: &mut usize) {
    match Object::of(node) {
        Some(list) if list.kind.ends_with("List") && node.get("items").is_some_and(Node::is_array) => {
            // Items of a typed list (`PodList` of `kubectl get --raw`) may leave out their kind.
            for item in node.get("items").into_iter().flat_map(Node::items) {
                match Object::of(item) {
                    None if list.kind != "List" => found.extend(typed_item(item, list)),
                    _ => collect(item, found, others),
                }
            }
        }
        Some(object) => found.push(object),
        None => *others += 1,
    }
}

fn typed_item<'d>(node: Node<'d>, list: Object<'d>) -> Option<Object<'d>> {
    node.get("metadata")?;
    Some(Object::new(node, list.api_version, list.kind.strip_suffix("List")?))
}
