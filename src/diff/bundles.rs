//! The proxies of two bundles: which of them differ, and in what.
//!
//! Every dump is read once, made into a number for each of its resources and dropped. Proxies with
//! the same changes stand together, and one of each group is read again to say what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use crate::document::Document;
use crate::engine::{Piece, visit};
use crate::envoy::{self, Form};
use crate::input::{Bundle, Role, discover_bundle, looks_like_ours};
use crate::inventory::workload_of;

use super::digest::{Digester, hash};
use super::{Differences, diff, named, one, volatile};

/// How many pairs of dumps are in memory at once while groups are looked at.
const AT_ONCE: usize = 32;

/// What two bundles have in common and what not.
#[derive(Debug, Default)]
pub struct Bundles {
    /// Number of proxies that say the same.
    pub same: usize,
    /// Proxies that only the first has.
    pub removed: Vec<String>,
    /// Proxies that only the second has.
    pub added: Vec<String>,
    /// Proxies that differ, those with the same changes together; the most numerous first.
    pub groups: Vec<Group>,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// Proxies with the same changes.
#[derive(Debug)]
pub struct Group {
    /// Their names in the first and in the second bundle.
    pub proxies: Vec<(String, String)>,
    /// Number of changed resources by kind.
    pub counts: BTreeMap<&'static str, Counts>,
    /// What differs, in the first of them.
    pub differences: Differences,
}

/// How many resources of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Only in the second.
    pub added: usize,
    /// Only in the first.
    pub removed: usize,
    /// In both, and different.
    pub changed: usize,
}

/// A dump as numbers.
struct Profile {
    /// The path to find it by again.
    path: String,
    /// The number of each resource, by kind and the number of its name. A section that is not there
    /// has no entry.
    resources: BTreeMap<&'static str, BTreeMap<u64, u64>>,
}

/// The proxies of a bundle by name.
type Profiles = BTreeMap<String, Profile>;

/// A changed resource: its kind, the number of its name, and what it was and is.
type Change = (&'static str, u64, Option<u64>, Option<u64>);

/// A proxy's names in the first and in the second bundle.
type Pair = (String, String);

/// Changes, and the proxies that have them.
type Alike = (Vec<Change>, Vec<Pair>);

/// Compares the proxies of two bundles.
///
/// # Errors
/// One line: one of them is no bundle, or holds no proxy.
pub fn diff_bundles(old: &Path, new: &Path, with_volatile: bool) -> Result<Bundles, String> {
    let mut found = Bundles::default();
    let (of_old, of_new) = (profiles(old, with_volatile, &mut found)?, profiles(new, with_volatile, &mut found)?);
    let pairs = pairs(&of_old, &of_new);
    let (kept, known): (BTreeSet<&String>, BTreeSet<&String>) = pairs.iter().map(|(old, new)| (old, new)).unzip();
    found.removed = of_old.keys().filter(|name| !kept.contains(name)).cloned().collect();
    found.added = of_new.keys().filter(|name| !known.contains(name)).cloned().collect();
    let mut groups: BTreeMap<Vec<Change>, Vec<Pair>> = BTreeMap::new();
    for pair in &pairs {
        let (Some(a), Some(b)) = (of_old.get(&pair.0), of_new.get(&pair.1)) else { continue };
        match changes(a, b) {
            changes if changes.is_empty() => found.same += 1,
            changes => groups.entry(changes).or_default().push(pair.clone()),
        }
    }
    let mut groups: Vec<Alike> = groups.into_iter().collect();
    groups.sort_by(|a, b| (b.1.len(), &a.1).cmp(&(a.1.len(), &b.1)));
    let (old, new) = (Bundle::open(old)?, Bundle::open(new)?);
    for some in groups.chunks(AT_ONCE) {
        found.groups.extend(explain(some, (&old, &of_old), (&new, &of_new), with_volatile));
    }
    Ok(found)
}

/// Says what has changed, by the first proxy of each group. Each bundle is passed once.
fn explain(
    groups: &[Alike],
    (old, of_old): (&Bundle, &Profiles),
    (new, of_new): (&Bundle, &Profiles),
    with_volatile: bool,
) -> Vec<Group> {
    let first = |group: &Alike| {
        let (old, new) = group.1.first()?;
        Some((of_old.get(old)?.path.clone(), of_new.get(new)?.path.clone()))
    };
    let (olds, news): (BTreeSet<String>, BTreeSet<String>) = groups.iter().filter_map(first).unzip();
    let (olds, news) = (read(old, &olds), read(new, &news));
    let explained = groups.iter().map(|group| {
        let documents = first(group).and_then(|(old, new)| Some((olds.get(&old)?, news.get(&new)?)));
        let differences = documents.and_then(|(old, new)| diff(old, new, with_volatile).ok()).unwrap_or_default();
        Group { proxies: group.1.clone(), counts: counts(&group.0), differences }
    });
    explained.collect()
}

/// The dumps of a bundle as numbers.
fn profiles(bundle: &Path, with_volatile: bool, found: &mut Bundles) -> Result<Profiles, String> {
    let discovery = discover_bundle(bundle);
    found.unreadable.extend(discovery.unreadable);
    let wants = |role, path: &str, head: &[u8]| match role {
        Role::Dump => true,
        Role::Unknown => looks_like_ours(path, head),
        _ => false,
    };
    let look = |candidate| visit(candidate, &wants, &|piece| profile(piece, with_volatile));
    let visited: Vec<_> = discovery.candidates.par_iter().with_max_len(1).map(look).collect();
    let prefix = format!("{}!", bundle.display());
    let mut profiles = Profiles::new();
    for visited in visited {
        found.unreadable.extend(visited.unreadable);
        for (file, profile) in visited.results {
            match profile {
                Ok(None) => {}
                Err(reason) => found.unreadable.push((file, reason)),
                Ok(Some((proxy, resources))) => {
                    let path = file.strip_prefix(&prefix).unwrap_or(&file).to_owned();
                    profiles.insert(proxy, Profile { path, resources });
                }
            }
        }
    }
    match profiles.is_empty() {
        true => Err(format!("{} holds no configuration of a proxy", bundle.display())),
        false => Ok(profiles),
    }
}

type Numbered = (String, BTreeMap<&'static str, BTreeMap<u64, u64>>);

/// The name of a proxy and its resources as numbers; nothing for a file that is no dump.
fn profile(piece: Piece, with_volatile: bool) -> Result<Option<Numbered>, String> {
    let Some(text) = piece.text else { return Ok(None) };
    let document = Document::read(piece.name, text?);
    if envoy::form_of(&document) != Form::Envoy {
        return Ok(None);
    }
    let Ok(sections) = one(&document) else { return Ok(None) };
    let own = || envoy::dumps(&document).first().map(|dump| dump.proxy().to_owned());
    let Some(proxy) = piece.place.and_then(|place| place.proxy()).or_else(own) else { return Ok(None) };
    let digester = Digester { volatile: volatile(&document, with_volatile), with_volatile };
    let mut resources: BTreeMap<&'static str, BTreeMap<u64, u64>> = BTreeMap::new();
    if let Some(bootstrap) = sections.bootstrap {
        let inner = bootstrap.get("bootstrap").unwrap_or(bootstrap);
        resources.insert("bootstrap", BTreeMap::from([(0, digester.of("", inner))]));
    }
    for (kind, list) in named(&sections, &digester.volatile) {
        let Some(list) = list else { continue };
        resources.insert(kind, list.iter().map(|(name, node)| (hash(name), digester.of("", *node))).collect());
    }
    Ok(Some((proxy, resources)))
}

/// Which proxy is which: by name, and where a rollout has renamed them, one by one within a workload.
fn pairs(old: &Profiles, new: &Profiles) -> Vec<Pair> {
    let mut pairs: Vec<Pair> =
        old.keys().filter(|name| new.contains_key(*name)).map(|name| (name.clone(), name.clone())).collect();
    let mut left: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for name in new.keys().filter(|name| !old.contains_key(*name)).rev() {
        left.entry(workload(name)).or_default().push(name);
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        if let Some(other) = left.get_mut(&workload(name)).and_then(Vec::pop) {
            pairs.push((name.clone(), other.clone()));
        }
    }
    pairs.sort();
    pairs
}

/// `web.shop` of `web-7d4b9c6f5-x2x4z.shop`.
fn workload(proxy: &str) -> String {
    let (pod, namespace) = proxy.rsplit_once('.').unwrap_or((proxy, ""));
    format!("{}.{namespace}", workload_of(pod))
}

/// The resources that differ, of the sections that both have.
fn changes(old: &Profile, new: &Profile) -> Vec<Change> {
    let mut changes = Vec::new();
    for (kind, of_old) in &old.resources {
        let Some(of_new) = new.resources.get(kind) else { continue };
        for (name, number) in of_old {
            let other = of_new.get(name).copied();
            if other != Some(*number) {
                changes.push((*kind, *name, Some(*number), other));
            }
        }
        let only_new = of_new.iter().filter(|(name, _)| !of_old.contains_key(*name));
        changes.extend(only_new.map(|(name, number)| (*kind, *name, None, Some(*number))));
    }
    changes
}

fn counts(changes: &[Change]) -> BTreeMap<&'static str, Counts> {
    let mut counts: BTreeMap<&'static str, Counts> = BTreeMap::new();
    for (kind, _, old, new) in changes {
        let of_kind = counts.entry(kind).or_default();
        match (old, new) {
            (None, _) => of_kind.added += 1,
            (_, None) => of_kind.removed += 1,
            _ => of_kind.changed += 1,
        }
    }
    counts
}

/// Reads some files of a bundle.
fn read(bundle: &Bundle, paths: &BTreeSet<String>) -> BTreeMap<String, Document> {
    let (files, _) = bundle.take(&mut |_, path| paths.contains(path));
    let read = files.into_iter().filter_map(|file| Some((file.path, Document::read(file.name, file.text.ok()?))));
    read.collect()
}
