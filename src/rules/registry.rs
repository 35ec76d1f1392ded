//! All rules of this process: those in the program, and those that the user has brought.
//!
//! They are settled before the first question about them and never change after that, which is why
//! they can be named by `&'static str` everywhere.

use std::sync::OnceLock;

use crate::declaration::{self, Declaration};
use crate::document::Document;
use crate::input::Text;

use super::{BUILT_IN, Check, DECLARED, Manual, Rule};

/// A rule with what is known about it.
#[derive(Clone)]
pub(super) struct Known {
    rule: Rule,
    manual: Manual,
    declared: Option<Declared>,
}

/// Where a declarative rule is from.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    pub(super) declaration: &'static Declaration,
    pub(super) file: &'static Document,
    pub(super) is_own: bool,
}

static ALL: OnceLock<Vec<Known>> = OnceLock::new();

fn registry() -> &'static [Known] {
    ALL.get_or_init(|| sorted(in_program()))
}

/// Adds the user's rules.
///
/// # Errors
/// That rules have been asked for already.
pub(super) fn add(own: Vec<Declared>) -> Result<(), String> {
    let mut known = in_program();
    known.extend(own.into_iter().map(Known::of_declaration));
    ALL.set(sorted(known)).map_err(|_| "rules were added after they had been used".to_owned())
}

/// The rules that every process has.
pub(super) fn in_program() -> Vec<Known> {
    let built_in =
        BUILT_IN.iter().map(|(rule, manual)| Known { rule: **rule, manual: Manual::parse(manual), declared: None });
    built_in.chain(shipped().iter().copied().map(Known::of_declaration)).collect()
}

/// The declarative rules in the program.
pub(super) fn shipped() -> &'static [Declared] {
    static SHIPPED: OnceLock<Vec<Declared>> = OnceLock::new();
    SHIPPED.get_or_init(|| DECLARED.iter().map(|(name, text)| shipped_one(name, text)).collect())
}

fn shipped_one(name: &str, text: &'static str) -> Declared {
    let file: &'static Document = Box::leak(Box::new(Document::read(name, Text::from(text))));
    match declaration::read(file) {
        Ok(declaration) => Declared { declaration: Box::leak(Box::new(declaration)), file, is_own: false },
        Err(faults) => unreachable!("{name} is tested and broken: {faults:?}"),
    }
}

fn sorted(mut known: Vec<Known>) -> Vec<Known> {
    known.sort_by_key(|one| (one.rule.meta.family.name(), one.rule.meta.id));
    known
}

impl Known {
    fn of_declaration(declared: Declared) -> Self {
        let checks = Box::leak(Box::new([Check::Declared(declared.declaration)]));
        Self {
            rule: Rule { meta: &declared.declaration.meta, checks },
            manual: Manual::parse(&declared.declaration.manual),
            declared: Some(declared),
        }
    }

    pub(super) fn id(&self) -> &'static str {
        self.rule.meta.id
    }
}

/// Every rule, sorted by family and id.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    registry().iter().map(|known| &known.rule)
}

/// The rules with this id or alias. An alias may stand for several.
pub fn find(name: &str) -> Vec<&'static Rule> {
    let matches = |rule: &&Rule| rule.meta.id == name || rule.meta.aliases.iter().any(|a| a.eq_ignore_ascii_case(name));
    all().filter(matches).collect()
}

/// The manual of a rule: its source's documentation.
pub fn manual(rule: &Rule) -> &'static Manual {
    static NONE: Manual = Manual { summary: String::new(), sections: Vec::new() };
    registry().iter().find(|known| known.rule.meta == rule.meta).map_or(&NONE, |known| &known.manual)
}

/// Every declarative rule with the file that declares it.
pub fn declarations() -> impl Iterator<Item = (&'static Declaration, &'static Document)> {
    registry().iter().filter_map(|known| known.declared).map(|declared| (declared.declaration, declared.file))
}

/// The file of a rule that the user has brought; nothing for those in the program.
pub fn file_of(id: &str) -> Option<&'static str> {
    let known = registry().iter().find(|known| known.id() == id)?;
    known.declared.filter(|declared| declared.is_own).map(|declared| declared.file.name())
}
