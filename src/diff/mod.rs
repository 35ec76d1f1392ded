//! Two dumps compared by meaning: resources by name, fields by path; and two bundles of them.
//!
//! What differs between any two pods of a workload (node, addresses, versions, times, the order of
//! maps) is left out unless it is asked for.

mod bundles;
mod compare;
mod digest;
mod volatile;

use std::collections::BTreeMap;

use crate::document::{Document, Node};
use crate::tables::{List, Sections, State, proxies};

pub use bundles::{Bundles, Counts, Group, diff_bundles};
use compare::Comparison;
use volatile::Volatile;

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// `clusters`, `listeners`, ….
    pub kind: &'static str,
    /// The field within the resource; empty for a resource that only one of the dumps has.
    pub path: String,
    /// What the first has, if it has it.
    pub old: Option<String>,
    /// What the second has, if it has it.
    pub new: Option<String>,
}

/// Differences with the resources that have them: those with the same cause stand together.
pub type Differences = BTreeMap<Difference, Vec<String>>;

/// Compares the proxies of two documents.
///
/// # Errors
/// One of them holds no configuration of a proxy.
pub fn diff(a: &Document, b: &Document, with_volatile: bool) -> Result<Differences, String> {
    let (old, new) = (one(a)?, one(b)?);
    let (of_old, of_new) = (volatile(a, with_volatile), volatile(b, with_volatile));
    let lists = named(&old, &of_old).into_iter().zip(named(&new, &of_new));
    let mut comparison =
        Comparison { of_old: of_old.clone(), of_new: of_new.clone(), with_volatile, found: Differences::new() };
    comparison.bootstraps(old.bootstrap, new.bootstrap);
    for ((kind, old), (_, new)) in lists {
        comparison.lists(kind, &old, &new);
    }
    Ok(comparison.found)
}

fn volatile(document: &Document, with_volatile: bool) -> Volatile {
    if with_volatile { Volatile::default() } else { Volatile::of(document) }
}

fn one(document: &Document) -> Result<Sections<'_>, String> {
    let mut found = proxies(document);
    let sections = found.pop().map(|(_, sections)| sections).unwrap_or_default();
    let lists = [&sections.clusters, &sections.listeners, &sections.routes, &sections.endpoints, &sections.secrets];
    if sections.bootstrap.is_none() && lists.iter().all(|list| list.is_none()) {
        return Err(format!("{} holds no configuration of a proxy", document.name()));
    }
    Ok(sections)
}

/// The resources of a section that is there, by name. Of several with one name (routes that stand
/// in listeners) each has its number.
type Named<'d> = Option<BTreeMap<String, Node<'d>>>;

/// All sections of a proxy by kind.
fn named<'d>(sections: &Sections<'d>, volatile: &Volatile) -> [(&'static str, Named<'d>); 6] {
    [
        ("clusters", &sections.clusters, "name"),
        ("listeners", &sections.listeners, "name"),
        ("routes", &sections.routes, "name"),
        ("endpoints", &sections.endpoints, "cluster_name"),
        ("secrets", &sections.secrets, "name"),
        ("ecds", &sections.filters, "name"),
    ]
    .map(|(kind, list, field)| (kind, by_name(list, field, volatile)))
}

fn by_name<'d>(list: &List<'d>, field: &str, volatile: &Volatile) -> Named<'d> {
    let entries = list.as_ref()?;
    let mut found = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.state != State::Draining) {
        let node = entry.node.field("ecds_filter").unwrap_or(entry.node);
        let name = volatile.without(node.field(field).and_then(Node::text).unwrap_or("(nameless)"));
        let mut key = name.clone().into_owned();
        let mut number = 1;
        while found.contains_key(&key) {
            number += 1;
            key = format!("{name} #{number}");
        }
        found.insert(key, node);
    }
    Some(found)
}
