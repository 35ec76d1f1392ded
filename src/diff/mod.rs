//! Two dumps compared by meaning: resources by name, fields by path.
//!
//! What differs between any two pods of a workload (node, addresses, versions, times, the order of
//! maps) is left out unless it is asked for.

mod compare;
mod volatile;

use std::collections::BTreeMap;

use crate::document::{Document, Node};
use crate::tables::{List, Sections, State, proxies};

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
    let (of_old, of_new) = match with_volatile {
        true => (Volatile::default(), Volatile::default()),
        false => (Volatile::of(a), Volatile::of(b)),
    };
    let mut comparison = Comparison { of_old, of_new, with_volatile, found: Differences::new() };
    comparison.bootstraps(old.bootstrap, new.bootstrap);
    comparison.lists("clusters", &named(&old.clusters, "name"), &named(&new.clusters, "name"));
    comparison.lists("listeners", &named(&old.listeners, "name"), &named(&new.listeners, "name"));
    comparison.lists("routes", &named(&old.routes, "name"), &named(&new.routes, "name"));
    comparison.lists("endpoints", &named(&old.endpoints, "cluster_name"), &named(&new.endpoints, "cluster_name"));
    comparison.lists("secrets", &named(&old.secrets, "name"), &named(&new.secrets, "name"));
    comparison.lists("ecds", &named(&old.filters, "name"), &named(&new.filters, "name"));
    Ok(comparison.found)
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

fn named<'d>(list: &List<'d>, field: &str) -> Named<'d> {
    let entries = list.as_ref()?;
    let mut found = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.state != State::Draining) {
        let node = entry.node.field("ecds_filter").unwrap_or(entry.node);
        let name = node.field(field).and_then(Node::text).unwrap_or("(nameless)");
        let mut key = name.to_owned();
        let mut number = 1;
        while found.contains_key(&key) {
            number += 1;
            key = format!("{name} #{number}");
        }
        found.insert(key, node);
    }
    Some(found)
}
