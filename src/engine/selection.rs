//! Which rules run: `--select` and `--ignore`.

use rustc_hash::FxHashSet;

use crate::finding::Family;
use crate::rules::{self, Check, Rule};
use crate::similar::similar;

/// The rules that run.
#[derive(Clone, Debug)]
pub struct Selection {
    ids: FxHashSet<&'static str>,
}

impl Default for Selection {
    fn default() -> Self {
        Self { ids: rules::all().map(|rule| rule.meta.id).collect() }
    }
}

impl Selection {
    /// The rules that `select` names (all, if it is empty) without those that `ignore` names.
    ///
    /// # Errors
    /// A name that is no rule, family or alias, with the nearest that is.
    pub fn new(select: &[String], ignore: &[String]) -> Result<Self, String> {
        let mut selection = Self::default();
        if !select.is_empty() {
            selection.ids.clear();
            for name in select {
                selection.ids.extend(expand(name)?);
            }
        }
        for name in ignore {
            for id in expand(name)? {
                selection.ids.remove(id);
            }
        }
        Ok(selection)
    }

    /// Whether a rule runs.
    pub fn includes(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// What the rules that run look at, each with its rule.
    pub fn checks(&self) -> impl Iterator<Item = (&'static Rule, Check)> {
        let enabled = rules::all().filter(|rule| self.includes(rule.meta.id));
        enabled.flat_map(|rule| rule.checks.iter().map(move |check| (rule, *check)))
    }

    /// The ids of the rules that run, sorted.
    pub fn ids(&self) -> Vec<&'static str> {
        let mut ids: Vec<_> = self.ids.iter().copied().collect();
        ids.sort_unstable();
        ids
    }
}

/// The rules that a name stands for: a rule's id, an alias, a family, or `all`.
pub(super) fn expand(name: &str) -> Result<Vec<&'static str>, String> {
    let name = name.trim();
    if name.eq_ignore_ascii_case("all") {
        return Ok(rules::all().map(|rule| rule.meta.id).collect());
    }
    let of_family: Vec<_> = rules::all().filter(|r| r.meta.family.name() == name).map(|r| r.meta.id).collect();
    if !of_family.is_empty() {
        return Ok(of_family);
    }
    let found: Vec<_> = rules::find(name).into_iter().map(|rule| rule.meta.id).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known = rules::all().map(|rule| rule.meta.id).chain(Family::ALL.map(Family::name));
    Err(match similar(name, known) {
        Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
        None => format!("there is no rule, family or alias `{name}`; `meshlint rule --all` lists them"),
    })
}
