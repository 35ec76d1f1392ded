//! Telling apart the variants of a mesh that one repository holds.
//!
//! Two folders that declare the same resource differently (`envs/dev` and `envs/prod`, or a set of
//! examples) cannot be applied to one cluster, so nothing that follows from both of them is true.
//! Such folders are judged as meshes of their own. What the user names file by file belongs
//! together, whatever it holds.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Component, Path};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::document::Document;
use crate::kube::{GATEWAY_API, Object, objects};

/// A document with the folder in which it was found, or nothing if the user named it.
pub(super) struct Placed<'a> {
    /// The folder.
    pub(super) folder: Option<&'a Path>,
    /// The document.
    pub(super) document: &'a Document,
}

/// The documents that are judged together, by their places in `documents`.
pub(super) fn variants(documents: &[Placed<'_>]) -> Vec<Vec<usize>> {
    let found: Vec<usize> = places_where(documents, |placed| placed.folder.is_some());
    let mut groups = Vec::new();
    if is_one_folder(documents, &found) {
        groups.push(found);
    } else {
        split(documents, &Contested::of(documents), found, 0, &mut groups);
    }
    let named = places_where(documents, |placed| placed.folder.is_none());
    if groups.is_empty() {
        groups.push(Vec::new());
    }
    for group in &mut groups {
        group.extend(&named);
        group.sort_unstable();
    }
    groups
}

/// Whether all these documents are in one folder, and so belong together whatever they declare.
fn is_one_folder(documents: &[Placed<'_>], places: &[usize]) -> bool {
    let mut folders = places.iter().map(|place| documents.get(*place).and_then(|placed| placed.folder));
    folders.next().is_some_and(|first| folders.all(|folder| folder == first))
}

fn places_where(documents: &[Placed<'_>], wanted: impl Fn(&Placed<'_>) -> bool) -> Vec<usize> {
    let all = documents.iter().enumerate();
    all.filter(|(_, placed)| wanted(placed)).map(|(place, _)| place).collect()
}

fn split(
    documents: &[Placed<'_>],
    contested: &Contested,
    places: Vec<usize>,
    depth: usize,
    groups: &mut Vec<Vec<usize>>,
) {
    if places.is_empty() {
        return;
    }
    if !contested.is_within(documents, &places) {
        groups.push(places);
        return;
    }
    let mut branches: BTreeMap<Option<&OsStr>, Vec<usize>> = BTreeMap::new();
    for place in places {
        let folder = documents.get(place).and_then(|placed| placed.folder);
        let name = folder.and_then(|folder| folder.components().nth(depth)).map(Component::as_os_str);
        branches.entry(name).or_default().push(place);
    }
    for (name, branch) in branches {
        match name {
            Some(_) => split(documents, contested, branch, depth + 1, groups),
            None => groups.push(branch), // the files of one folder
        }
    }
}

/// Resources that are declared with several contents: for each document, which of them with which.
struct Contested {
    by_document: Vec<Vec<(usize, usize)>>,
}

type Identity<'d> = (&'d str, &'d str, &'d str, &'d str);

impl Contested {
    fn of(documents: &[Placed<'_>]) -> Self {
        let mut declared: FxHashMap<Identity<'_>, Vec<(usize, Object<'_>)>> = FxHashMap::default();
        for (place, placed) in documents.iter().enumerate() {
            for object in objects(placed.document).0.into_iter().filter(|o| is_routing(*o)) {
                let Some(namespace) = object.written_namespace() else { continue };
                let identity = (object.group(), object.kind(), namespace, object.name());
                declared.entry(identity).or_default().push((place, object));
            }
        }
        let mut by_document = vec![Vec::new(); documents.len()];
        let several = declared.into_values().filter(|all| all.len() > 1);
        for (number, declarations) in several.enumerate() {
            let mut contents = FxHashMap::default();
            for (place, object) in declarations {
                let next = contents.len();
                let content = *contents.entry(object.content()).or_insert(next);
                if let Some(of_document) = by_document.get_mut(place) {
                    of_document.push((number, content));
                }
            }
        }
        Self { by_document }
    }

    /// Whether two folders among these documents contradict each other.
    fn is_within(&self, documents: &[Placed<'_>], places: &[usize]) -> bool {
        let mut first: FxHashMap<usize, (Option<&Path>, usize)> = FxHashMap::default();
        let mut several: FxHashSet<usize> = FxHashSet::default();
        for place in places {
            let folder = documents.get(*place).and_then(|placed| placed.folder);
            for (identity, content) in self.by_document.get(*place).into_iter().flatten() {
                let (other, known) = *first.entry(*identity).or_insert((folder, *content));
                if known != *content && other != folder {
                    return true;
                }
                if known != *content {
                    several.insert(*identity);
                } else if other != folder && several.contains(identity) {
                    return true;
                }
            }
        }
        false
    }
}

/// Whether what is declared decides how requests travel.
fn is_routing(object: Object<'_>) -> bool {
    match object.group() {
        "" => matches!(object.kind(), "Service" | "Endpoints" | "Pod"),
        "apps" | "batch" => true,
        group => group.ends_with(".istio.io") || group == GATEWAY_API,
    }
}
