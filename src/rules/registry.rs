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
struct Known {
    rule: Rule,
    source: Source,
    manual: OnceLock<Manual>,
}

/// What a rule is made of.
#[derive(Clone, Copy)]
enum Source {
    /// Code, with its documentation.
    Code(&'static str),
    /// A rule file.
    Declared(Declared),
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

/// Whether a rule of the program has this id.
pub(super) fn is_taken(id: &str) -> bool {
    BUILT_IN.iter().any(|(rule, _)| rule.meta.id == id)
        || shipped().iter().any(|shipped| shipped.declaration.meta.id == id)
}

/// The rules that every process has.
fn in_program() -> Vec<Known> {
    let built_in =
        BUILT_IN.iter().map(|(rule, text)| Known { rule: **rule, source: Source::Code(text), manual: OnceLock::new() });
    built_in.chain(shipped().iter().copied().map(Known::of_declaration)).collect()
}

/// The declarative rules in the program.
pub(super) fn shipped() -> &'static [Declared] {
    static SHIPPED: OnceLock<Vec<Declared>> = OnceLock::new();
    SHIPPED.get_or_init(|| DECLARED.iter().map(|(name, text)| shipped_one(name, text)).collect())
}

fn shipped_one(name: &str, text: &'static str) -> Declared {
    let file: &'static Document = Box::leak(Box::new(Document::read(name, Text::from(text))));
    match declaration::read_head(file) {
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
            source: Source::Declared(declared),
            manual: OnceLock::new(),
        }
    }

    fn declared(&self) -> Option<Declared> {
        match self.source {
            Source::Code(_) => None,
            Source::Declared(declared) => Some(declared),
        }
    }

    fn manual(&self) -> &Manual {
        self.manual.get_or_init(|| match self.source {
            Source::Code(text) => Manual::parse(text),
            Source::Declared(declared) => Manual::parse(declared.declaration.manual()),
        })
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
    registry().iter().find(|known| known.rule.meta == rule.meta).map_or(&NONE, Known::manual)
}

/// Every declarative rule with the file that declares it.
pub fn declarations() -> impl Iterator<Item = (&'static Declaration, &'static Document)> {
    registry().iter().filter_map(Known::declared).map(|declared| (declared.declaration, declared.file))
}

/// The file of a rule that the user has brought; nothing for those in the program.
pub fn file_of(id: &str) -> Option<&'static str> {
    let known = registry().iter().find(|known| known.rule.meta.id == id)?;
    known.declared().filter(|declared| declared.is_own).map(|declared| declared.file.name())
}
