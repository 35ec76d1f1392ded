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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, the same in every run.
    struct Random(u64);

    impl Random {
        fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = (self.0 >> 33) as usize % from.len();
            from.get(place).unwrap_or_else(|| unreachable!("{place}"))
        }
    }

    fn path(random: &mut Random) -> PathCondition {
        let text = (*random.pick(&["/", "/a", "/ab", "/A", "/a/", "/b"])).to_owned();
        let kind = match random.pick(&[0, 1, 2, 3]) {
            0 => PathKind::Prefix(text),
            1 => PathKind::Exact(text),
            2 => PathKind::Regex((*random.pick(&["/a.*", "/[ab]", "/[^a].*", ".*", "/(a|b)/?.*", "/"])).to_owned()),
            _ => PathKind::SeparatedPrefix((*random.pick(&["/a", "/ab", "/A"])).to_owned()),
        };
        let ignores_case = !matches!(kind, PathKind::Regex(_)) && *random.pick(&[true, false, false]);
        PathCondition { kind, ignores_case }
    }

    fn atom(random: &mut Random) -> Written {
        let dimension = match random.pick(&[0, 1, 2, 3]) {
            0 => Property::Header(":method".to_owned()),
            1 => Property::Query("q".to_owned()),
            _ => Property::Header("x".to_owned()),
        };
        let text = |text: &str| text.to_owned();
        let texts = [
            TextCondition::Present,
            TextCondition::Exact(text("a")),
            TextCondition::Exact(text("GET")),
            TextCondition::Prefix(text("a")),
            TextCondition::Suffix(text("b")),
            TextCondition::Regex(text("[a-z]+")),
            TextCondition::Regex(text("[A-Z]+")),
        ];
        let atom = Written::new(dimension, random.pick(&texts).clone());
        let is_header = matches!(atom.dimension, Property::Header(_));
        match random.pick(&[0, 1, 2]) {
            0 if is_header && atom.text == TextCondition::Present => atom.inverted(),
            0 if is_header => atom.inverted().or_absent(),
            1 if is_header && atom.text != TextCondition::Present => atom.inverted(),
            _ => atom,
        }
    }

    fn condition(random: &mut Random) -> Condition {
        let count = *random.pick(&[0, 0, 1, 1, 2]);
        let atoms = (0..count).map(|_| atom(random)).collect();
        Condition { path: path(random), atoms, is_partial: *random.pick(&[false, false, false, true]) }
    }

    /// What is said to be covered is, for every request of a grid.
    #[test]
    fn no_request_of_a_grid_meets_what_is_covered_first() {
        let (mut random, mut covered, mut together) = (Random(7), 0, 0);
        let paths = ["/", "/a", "/ab", "/a/", "/a/b", "/b", "/A", "/b/", "/c?q=a", "/a?q=ab", "/ab?q", "/a/b?q=GET"];
        for _ in 0..3000 {
            let conditions: Vec<Condition> = (0..5).map(|_| condition(&mut random)).collect();
            let Some((target, earlier)) = conditions.split_last() else { continue };
            let mut cover = Cover::default();
            for condition in earlier {
                cover.push(condition);
            }
            let Some(by) = cover.of(target) else { continue };
            covered += 1;
            together += usize::from(by.len() > 1);
            for path in paths {
                for method in ["GET", "POST", "ab", "a"] {
                    for x in [None, Some("a"), Some("ab"), Some(""), Some("B"), Some("GET")] {
                        let header = x.map(|x| ("x", x));
                        let probe = Probe { method, headers: header.as_slice(), ..Probe::get(path) };
                        let is_taken = |condition: &Condition| condition.takes(&probe) == Some(true);
                        let reaches = is_taken(&Condition { is_partial: false, ..target.clone() });
                        let before = by.iter().filter_map(|place| earlier.get(*place)).any(is_taken);
                        assert!(!reaches || before, "{probe:?} {target:?} {earlier:?} {by:?}");
                    }
                }
            }
        }
        assert!(covered > 300 && together > 20, "{covered} {together}");
    }

    #[test]
    fn the_path_that_is_left_is_found() {
        let of = |kinds: &[PathKind]| {
            let conditions: Vec<Condition> = kinds
                .iter()
                .map(|kind| Condition { path: PathCondition::new(kind.clone()), ..Condition::any() })
                .collect();
            unhandled_path(&conditions.iter().collect::<Vec<_>>())
        };
        let regex = |text: &str| PathKind::Regex(text.to_owned());
        assert_eq!(of(&[PathKind::Exact("/".to_owned()), regex("/[^/]+/.*")]), Some("/a".to_owned()));
        assert_eq!(of(&[regex("/[^.]*"), regex(".*[.].*")]), None);
        assert_eq!(of(&[]), Some("/".to_owned()));
    }
}
