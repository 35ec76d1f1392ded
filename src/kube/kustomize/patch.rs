//! What a kustomization changes before it is applied.

use regex::Regex;

use super::Files;
use super::kustomization::within;
use crate::document::{Document, Node};
use crate::input::Text;
use crate::kube::{Object, objects};

/// A change to some resources.
pub(super) struct Patch {
    /// The file that says what becomes of them.
    pub(super) path: Option<String>,
    /// Which those are. Nothing where the file says it.
    targets: Option<Vec<Target>>,
}

/// Which resources are changed. (By labels, kustomize may take fewer.)
struct Target {
    kind: Pattern,
    name: Pattern,
}

/// What a name is to be.
enum Pattern {
    Any,
    Exactly(String),
    Like(Regex),
}

impl Patch {
    /// An entry of `patches` and of the two fields before it: a mapping with a path or a text, a path,
    /// or a text.
    pub(super) fn of(node: Node<'_>, folder: &str) -> Self {
        let path = |text: &str| Some(within(folder, text));
        let targets_of = |text: &str| Some(targets_in(&Document::read("", Text::from(text))));
        match node.text() {
            Some(text) if text.contains('\n') => Self { path: None, targets: targets_of(text) },
            Some(text) => Self { path: path(text), targets: None },
            None => {
                let target = node.get("target").map(|target| vec![Target::of(target)]);
                let text = node.get("patch").and_then(Node::text);
                Self {
                    path: node.get("path").and_then(Node::text).and_then(path),
                    targets: target.or_else(|| text.and_then(targets_of)),
                }
            }
        }
    }

    /// Reads from its file which resources it changes, if nothing else says it.
    pub(super) fn look_up(&mut self, files: &Files<'_>) {
        let file = self.path.as_deref().and_then(|path| files.get(path));
        if let (None, Some(file)) = (&self.targets, file) {
            self.targets = Some(targets_in(file));
        }
    }

    /// Whether it may change a resource.
    pub(super) fn changes(&self, object: Object<'_>) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.iter().any(|target| target.takes(object)))
    }
}

/// The resources that a patch names which is written like them.
fn targets_in(document: &Document) -> Vec<Target> {
    let exactly = |text: &str| Pattern::Exactly(text.to_owned());
    let (objects, _) = objects(document);
    objects.iter().map(|object| Target { kind: exactly(object.kind()), name: exactly(object.name()) }).collect()
}

impl Target {
    /// What a `target` asks for.
    /// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>
    fn of(node: Node<'_>) -> Self {
        let pattern = |key: &str| node.get(key).and_then(Node::text).map_or(Pattern::Any, Pattern::of);
        Self { kind: pattern("kind"), name: pattern("name") }
    }

    fn takes(&self, object: Object<'_>) -> bool {
        self.kind.takes(object.kind()) && self.name.takes(object.name())
    }
}

impl Pattern {
    /// A regular expression for the whole text.
    fn of(text: &str) -> Self {
        if regex::escape(text) == text {
            return Self::Exactly(text.to_owned());
        }
        Regex::new(&format!("^(?:{text})$")).map_or(Self::Any, Self::Like)
    }

    fn takes(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(wanted) => wanted == text,
            Self::Like(pattern) => pattern.is_match(text),
        }
    }
}
