//! The same proofs for conditions that stand for themselves, as those of VirtualServices: whether
//! earlier ones leave anything to a later one, and which requests none takes.

use std::collections::BTreeSet;

use crate::routing::{Atom as Written, Condition, Dimension as Property, Earlier, Left, PathCondition, PathKind};
use crate::routing::{Request as Probe, TextCondition, translate};

use super::atom::{Atom, Atoms, Dimension, Languages, NOT_THE_CLIENTS, Values, fold};
use super::language::Shortest;
use super::search::{AllAtoms, Found, Landing, Search};
use super::space::{Frame, PATHS, Point};

/// The most requests that are tried for one condition.
const MOST_TRIES: usize = 200;
/// What may be spent on the conditions of one VirtualService: some tenths of a second.
const FUEL: u64 = 10_000_000;

/// Conditions in their order, the first that is met counts.
#[derive(Debug)]
pub struct Cover<'c> {
    conditions: Vec<&'c Condition>,
    earlier: Earlier<'c>,
    languages: Languages,
}

impl Default for Cover<'_> {
    fn default() -> Self {
        Self { conditions: Vec::new(), earlier: Earlier::default(), languages: Languages::bounded(FUEL) }
    }
}

impl<'c> Cover<'c> {
    /// Adds a condition behind all others.
    pub fn push(&mut self, condition: &'c Condition) {
        self.conditions.push(condition);
        self.earlier.push(condition);
    }

    /// The places of conditions that together take all that `condition` takes; nothing where some
    /// request is left, or where that is not known.
    pub fn of(&self, condition: &'c Condition) -> Option<BTreeSet<usize>> {
        match self.earlier.leave(condition) {
            Left::Nothing(by) => Some(BTreeSet::from([by])),
            Left::Something => None,
            Left::Perhaps => match self.prove(condition) {
                Found::Covered(by) if !by.is_empty() => Some(by),
                _ => None,
            },
        }
    }

    fn prove(&self, condition: &'c Condition) -> Found {
        let target = self.conditions.len();
        let read = |place: usize| {
            let condition = self.conditions.get(place).copied().unwrap_or(condition);
            self.languages.of_condition(condition, place)
        };
        let atoms = AllAtoms::new(target + 1, &read);
        let takes = |place: &usize, point: &Point| atoms.get(*place).is_some_and(|atoms| atoms.are_met_by(point));
        let land =
            |point: &Point, _: &_| Landing::Route((0..target).find(|place| takes(place, point)).unwrap_or(target));
        let search = Search {
            atoms: &atoms,
            target,
            frame: &Frame::anywhere(),
            languages: &self.languages,
            land: &land,
            tries: MOST_TRIES,
            blockers: BTreeSet::new(),
            doubt: None,
        };
        search.run()
    }
}

/// The shortest path of a plain GET that meets none of the conditions; nothing if there is none, or
/// where that is not known.
pub fn unhandled_path(conditions: &[&Condition]) -> Option<String> {
    let languages = Languages::bounded(FUEL);
    let may_take = |condition: &&&Condition| {
        let elsewhere = Condition { path: PathCondition::any(), atoms: condition.atoms.clone(), is_partial: false };
        elsewhere.takes(&Probe::get("/")) != Some(false)
    };
    let taken = conditions.iter().filter(may_take).map(|condition| match languages.of_path(&condition.path)?.present {
        Values::In(language) => Some(Some((language, false))),
        _ => Some(None),
    });
    let taken: Vec<_> = taken.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    PATHS.iter().find_map(|paths| {
        let mut parts = vec![(languages.get(paths)?, true)];
        parts.extend(taken.iter().cloned());
        match languages.shortest(&parts) {
            Shortest::Word(path) => Some(path),
            Shortest::Nothing | Shortest::Bound => None,
        }
    })
}

impl Languages {
    /// What a condition demands.
    fn of_condition(&self, condition: &Condition, place: usize) -> Atoms {
        let mut atoms = Atoms::default();
        atoms.add(self.of_path(&condition.path));
        for written in &condition.atoms {
            atoms.add(self.of_written(written));
        }
        if condition.is_partial {
            let dimension = Dimension::Chance(place);
            atoms.add(Some(Atom { dimension, absent: false, present: Values::All }));
        }
        atoms
    }

    fn of_path(&self, path: &PathCondition) -> Option<Atom> {
        let expression = match &path.kind {
            PathKind::Prefix(text) => format!("{}.*", fold(text, path.ignores_case)),
            PathKind::Exact(text) => fold(text, path.ignores_case),
            PathKind::SeparatedPrefix(text) => format!("{}(?:/.*)?", fold(text, path.ignores_case)),
            PathKind::Regex(text) => translate(text),
            PathKind::Connect => return Some(Atom { dimension: Dimension::Path, absent: true, present: Values::None }),
            PathKind::Other(_) => return None,
        };
        let present = Values::In(self.get(&expression)?);
        Some(Atom { dimension: Dimension::Path, absent: false, present })
    }

    fn of_written(&self, written: &Written) -> Option<Atom> {
        let dimension = match &written.dimension {
            Property::Header(name) if NOT_THE_CLIENTS.contains(&&**name) => return None,
            // What the scheme is follows from it.
            Property::Header(name) if name == ":scheme" => Dimension::Header("x-forwarded-proto".to_owned()),
            Property::Header(name) => Dimension::Header(name.clone()),
            Property::Query(name) if name.is_empty() || name.contains(['&', '=', '#', ' ']) => return None,
            Property::Query(name) => Dimension::Query(name.clone()),
            Property::Other(name) => Dimension::Written(format!("{name} {:?}", written.text)),
        };
        let present = match &written.text {
            _ if matches!(dimension, Dimension::Written(_)) => Values::All,
            TextCondition::Present => Values::All,
            TextCondition::Exact(text) => self.within(&fold(text, false))?,
            TextCondition::Prefix(text) => self.within(&format!("{}.*", fold(text, false)))?,
            TextCondition::Suffix(text) => self.within(&format!(".*{}", fold(text, false)))?,
            TextCondition::Contains(text) => self.within(&format!(".*{}.*", fold(text, false)))?,
            TextCondition::Regex(text) => self.within(&translate(text))?,
            TextCondition::Other(_) => return None,
        };
        let is_presence = matches!(present, Values::All);
        let atom = Atom { dimension, absent: false, present };
        let atom = if written.is_inverted { atom.negated() } else { atom };
        // An absent property meets no condition on a value, not even an inverted one.
        let absent = match written.absent_is_empty {
            true => written.text.takes("")? != written.is_inverted,
            false => is_presence && written.is_inverted,
        };
        Some(Atom { absent, ..atom })
    }

    fn within(&self, expression: &str) -> Option<Values> {
        self.get(expression).map(Values::In)
    }
}

impl Atoms {
    /// Whether a choice of values meets them all.
    fn are_met_by(&self, point: &Point) -> bool {
        !self.is_opaque && !self.is_never && self.list.iter().all(|atom| atom.is_met_by(point))
    }
}

impl Atom {
    fn is_met_by(&self, point: &Point) -> bool {
        let found = point.get(&self.dimension).into_iter().flatten().map(String::as_str);
        let mut values =
            found.chain(usual(&self.dimension).filter(|_| !point.contains_key(&self.dimension))).peekable();
        if values.peek().is_none() {
            return self.absent;
        }
        match &self.present {
            Values::All => true,
            Values::None => false,
            Values::In(language) => values.any(|value| language.has(value)),
            Values::NotIn(language) => values.all(|value| !language.has(value)),
        }
    }
}

/// What a request has where nothing is demanded.
fn usual(dimension: &Dimension) -> Option<&'static str> {
    match dimension {
        Dimension::Path => Some("/"),
        Dimension::Certificate => Some("none"),
        Dimension::Header(name) => match &**name {
            ":method" => Some("GET"),
            ":authority" => Some("example.com"),
            "x-forwarded-proto" => Some("http"),
            "x-request-id" => Some("1"),
            _ => None,
        },
        _ => None,
    }
}
