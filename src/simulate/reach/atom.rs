//! The conditions of a route as sets of values, one dimension each.

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

use crate::envoy::{ConditionKind, HeaderMatch, PathMatch, Route, RouteMatch, StringMatch, StringMatchKind, ValueTest};

use super::super::conditions::overridden;
use super::super::template;
use super::super::version::Rules;
use super::language::{Language, Shortest, shortest};
use crate::routing::translate;

/// A property of a request that conditions are about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Dimension {
    /// The path without its query; absent for CONNECT.
    Path,
    /// A header, by its name in lower case.
    Header(String),
    /// A query parameter.
    Query(String),
    /// A cookie.
    Cookie(String),
    /// The client's certificate: `none`, `untrusted` or `valid`.
    Certificate,
    /// Chance, of one route by its place.
    Chance(usize),
    /// A condition that is known only by how it is written: it holds or it does not.
    Written(String),
}

/// A condition: the values of a dimension that meet it.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    pub(super) dimension: Dimension,
    /// Whether absence meets it.
    pub(super) absent: bool,
    /// Which values meet it.
    pub(super) present: Values,
}

/// A set of values.
#[derive(Clone, Debug)]
pub(super) enum Values {
    All,
    None,
    In(Language),
    NotIn(Language),
}

/// The conditions of a route.
#[derive(Clone, Debug, Default)]
pub(super) struct Atoms {
    pub(super) list: Vec<Atom>,
    /// Whether some condition is not among them, and cannot be told.
    pub(super) is_opaque: bool,
    /// Whether nothing meets them: a share of 0.
    pub(super) is_never: bool,
}

impl Atom {
    /// What does not meet it.
    pub(super) fn negated(&self) -> Self {
        let present = match &self.present {
            Values::All => Values::None,
            Values::None => Values::All,
            Values::In(language) => Values::NotIn(language.clone()),
            Values::NotIn(language) => Values::In(language.clone()),
        };
        Self { dimension: self.dimension.clone(), absent: !self.absent, present }
    }
}

/// Headers that Envoy or the connection decides about, not the client alone.
pub(super) const NOT_THE_CLIENTS: [&str; 14] = [
    ":path",
    "te",
    "connection",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "content-length",
    "x-forwarded-for",
    "x-forwarded-client-cert",
    "x-envoy-internal",
    "x-envoy-external-address",
    "x-envoy-original-path",
    "x-envoy-retry-on",
];

/// What an expression costs that becomes too large.
const LOST: u64 = 1 << 19;

/// Languages by their expressions: the same few stand in many routes. And how much may still be spent on them.
#[derive(Debug)]
pub(super) struct Languages {
    known: RefCell<FxHashMap<String, Option<Language>>>,
    fuel: Cell<u64>,
}

/// Without a bound.
impl Default for Languages {
    fn default() -> Self {
        Self::bounded(u64::MAX)
    }
}

impl Languages {
    /// With this much to spend: the steps of searches, and as much for each automaton as its size says.
    pub(super) fn bounded(fuel: u64) -> Self {
        Self { known: RefCell::default(), fuel: Cell::new(fuel) }
    }

    pub(super) fn get(&self, expression: &str) -> Option<Language> {
        if let Some(found) = self.known.borrow().get(expression) {
            return found.clone();
        }
        let language = if self.fuel.get() > 0 { Language::new(expression) } else { None };
        let cost = language.as_ref().map_or(LOST, Language::cost);
        self.fuel.set(self.fuel.get().saturating_sub(cost));
        self.known.borrow_mut().insert(expression.to_owned(), language.clone());
        language
    }

    /// The [shortest word](super::language::shortest).
    pub(super) fn shortest(&self, parts: &[(Language, bool)]) -> Shortest {
        shortest(parts, &self.fuel)
    }

    /// The conditions of the route at a place.
    pub(super) fn atoms(&self, route: Route<'_>, place: usize, rules: &Rules<'_>) -> Atoms {
        let mut atoms = Atoms::default();
        let Some(node) = route.conditions() else {
            return atoms;
        };
        let read = RouteMatch::of(node);
        let path = self.path(&read);
        atoms.add(path);
        for condition in &read.conditions {
            match condition.kind {
                ConditionKind::Fraction(fraction) => match overridden(fraction, rules) {
                    fraction if fraction.numerator == 0 => atoms.is_never = true,
                    fraction if fraction.numerator >= fraction.denominator => {}
                    _ => {
                        let dimension = Dimension::Chance(place);
                        atoms.add(Some(Atom { dimension, absent: false, present: Values::All }));
                    }
                },
                kind => {
                    let atom = self.condition(kind);
                    atoms.add(atom);
                    if matches!(kind, ConditionKind::Grpc) {
                        // What has no path is no gRPC.
                        atoms.add(Some(Atom { dimension: Dimension::Path, absent: false, present: Values::All }));
                    }
                }
            }
        }
        // An extension may let a request go on to the next route.
        atoms.is_opaque |= route.node.get("route").is_some_and(|action| {
            action
                .field("cluster_specifier_plugin")
                .or_else(|| action.field("inline_cluster_specifier_plugin"))
                .is_some()
        });
        atoms
    }

    fn path(&self, read: &RouteMatch<'_>) -> Option<Atom> {
        let fold = |text: &str| fold(text, read.ignores_case);
        let expression = match read.path {
            PathMatch::Prefix(text) => format!("{}.*", fold(text)),
            PathMatch::Exact(text) => fold(text),
            PathMatch::SeparatedPrefix(text) => format!("{}(?:/.*)?", fold(text)),
            PathMatch::Regex(text) => translate(text),
            PathMatch::Template(text) => template::expression(text),
            PathMatch::Connect => {
                return Some(Atom { dimension: Dimension::Path, absent: true, present: Values::None });
            }
            PathMatch::Other => return None,
        };
        let present = Values::In(self.get(&expression)?);
        Some(Atom { dimension: Dimension::Path, absent: false, present })
    }

    fn condition(&self, kind: ConditionKind<'_>) -> Option<Atom> {
        match kind {
            ConditionKind::Grpc => {
                let present = Values::In(self.get(r"application/grpc(?:\+.*)?")?);
                Some(Atom { dimension: Dimension::Header("content-type".to_owned()), absent: false, present })
            }
            ConditionKind::Header(header) => self.header(header),
            ConditionKind::Query(name, test) => {
                let dimension = Dimension::Query(name.to_owned());
                let is_plain = !name.is_empty() && !name.contains(['&', '=', '#', ' ']);
                self.value(test).filter(|_| is_plain).map(|(absent, present)| Atom { dimension, absent, present })
            }
            ConditionKind::Cookie(name, test, is_inverted) => {
                let (_, present) = self.value(test)?;
                let atom = Atom { dimension: Dimension::Cookie(name.to_owned()), absent: false, present };
                Some(if is_inverted { atom.negated() } else { atom })
            }
            ConditionKind::Tls { presented, validated } => {
                let fits = |name: &&str| {
                    presented.is_none_or(|wanted| wanted == (*name != "none"))
                        && validated.is_none_or(|wanted| wanted == (*name == "valid"))
                };
                let fitting: Vec<&str> = ["none", "untrusted", "valid"].into_iter().filter(|name| fits(name)).collect();
                let present = if fitting.is_empty() { Values::None } else { Values::In(self.get(&fitting.join("|"))?) };
                Some(Atom { dimension: Dimension::Certificate, absent: false, present })
            }
            ConditionKind::Fraction(_) | ConditionKind::Metadata(_) | ConditionKind::Other(_) => None,
        }
    }

    fn header(&self, header: HeaderMatch<'_>) -> Option<Atom> {
        let name = match header.name.to_ascii_lowercase().as_str() {
            "host" => ":authority".to_owned(),
            // What the scheme is follows from it.
            ":scheme" => "x-forwarded-proto".to_owned(),
            name => name.to_owned(),
        };
        if NOT_THE_CLIENTS.contains(&&*name) {
            return None;
        }
        let dimension = Dimension::Header(name);
        if let ValueTest::Present(wanted) = header.test {
            let wanted = wanted != header.is_inverted;
            let constant = |holds: bool| if holds { Values::All } else { Values::None };
            let absent = if header.absent_is_empty { wanted } else { !wanted };
            return Some(Atom { dimension, absent, present: constant(wanted) });
        }
        let (_, present) = self.value(header.test)?;
        let atom = Atom { dimension, absent: false, present };
        let atom = if header.is_inverted { atom.negated() } else { atom };
        let absent = header.absent_is_empty && self.takes_empty(header)?;
        Some(Atom { absent, ..atom })
    }

    fn takes_empty(&self, header: HeaderMatch<'_>) -> Option<bool> {
        let (_, present) = self.value(header.test)?;
        let met = match present {
            Values::All => true,
            Values::None => false,
            Values::In(language) => {
                let nothing = self.get("")?;
                match self.shortest(&[(language, true), (nothing, true)]) {
                    Shortest::Word(_) => true,
                    Shortest::Nothing => false,
                    Shortest::Bound => return None,
                }
            }
            Values::NotIn(_) => return None,
        };
        Some(met != header.is_inverted)
    }

    /// Whether absence meets a test, and which values do.
    fn value(&self, test: ValueTest<'_>) -> Option<(bool, Values)> {
        Some(match test {
            ValueTest::Present(wanted) => (!wanted, if wanted { Values::All } else { Values::None }),
            ValueTest::Any => (false, Values::All),
            ValueTest::Text(text) => (false, Values::In(self.get(&expression(text))?)),
            ValueTest::Range(start, end) if (0..=2000).contains(&end.saturating_sub(start)) => {
                let number = |number: i64| match number {
                    0 => "[+-]?0+".to_owned(),
                    1.. => format!("\\+?0*{number}"),
                    _ => format!("-0*{}", number.unsigned_abs()),
                };
                let numbers: Vec<String> = (start..end).map(number).collect();
                if numbers.is_empty() {
                    return Some((false, Values::None));
                }
                (false, Values::In(self.get(&format!(" *(?:{}) *", numbers.join("|")))?))
            }
            ValueTest::Range(..) | ValueTest::Unknown(_) => return None,
        })
    }
}

impl Atoms {
    pub(super) fn add(&mut self, atom: Option<Atom>) {
        match atom {
            Some(atom) => self.list.push(atom),
            None => self.is_opaque = true,
        }
    }
}

/// An expression for a text.
pub(super) fn fold(text: &str, ignores_case: bool) -> String {
    let text = regex::escape(text);
    if ignores_case { format!("(?i:{text})") } else { text }
}

fn expression(text: StringMatch<'_>) -> String {
    let fold = |value: &str| fold(value, text.ignores_case);
    match text.kind {
        StringMatchKind::Exact(value) => fold(value),
        StringMatchKind::Prefix(value) => format!("{}.*", fold(value)),
        StringMatchKind::Suffix(value) => format!(".*{}", fold(value)),
        StringMatchKind::Contains(value) => format!(".*{}.*", fold(value)),
        StringMatchKind::Regex(value) => translate(value),
    }
}
