//! One alternative of a route: a path, and further conditions that all must hold.

use super::{PathCondition, Request, TextCondition};

/// What a request must be for a route to take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its path.
    pub path: PathCondition,
    /// Everything else.
    pub atoms: Vec<Atom>,
    /// Whether the route takes only a random share of such requests, so that it never keeps them
    /// from later routes.
    pub is_partial: bool,
}

/// A condition on one property of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// The property.
    pub dimension: Dimension,
    /// What it must be.
    pub text: TextCondition,
    /// Whether it must *not* be that. An absent property meets no such condition, except where
    /// the condition is presence itself, or absence counts as the empty text.
    pub is_inverted: bool,
    /// Whether an absent property counts as an empty one.
    pub absent_is_empty: bool,
}

/// A property of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A header, by its name in lower case; also `:method`, `:authority` and `:scheme`.
    Header(String),
    /// A query parameter.
    Query(String),
    /// Anything else, by its name: port, gateways, source labels, TLS, metadata, ….
    Other(&'static str),
}

impl Condition {
    /// Takes every request.
    pub fn any() -> Self {
        Self { path: PathCondition::any(), atoms: Vec::new(), is_partial: false }
    }

    /// Whether every request (that has a path) meets it.
    pub fn takes_everything(&self) -> bool {
        self.path.takes_all() && self.atoms.is_empty() && !self.is_partial
    }

    /// Whether every request that meets `other` meets this too, so that a later route with `other`
    /// gets none. False also where that is not known.
    pub fn covers(&self, other: &Self) -> bool {
        !self.is_partial
            && self.path.covers(&other.path)
            && self.atoms.iter().all(|atom| other.atoms.iter().any(|inner| atom.is_implied_by(inner)))
    }

    /// Whether a request meets it. Nothing if that cannot be told.
    pub fn takes(&self, request: &Request<'_>) -> Option<bool> {
        let mut all = Some(true);
        for part in std::iter::once(self.path.takes(request.path)).chain(self.atoms.iter().map(|a| a.takes(request))) {
            match part {
                Some(false) => return Some(false),
                None => all = None,
                Some(true) => {}
            }
        }
        if self.is_partial { all.filter(|met| !met) } else { all }
    }
}

impl Atom {
    /// A condition that must hold.
    pub fn new(dimension: Dimension, text: TextCondition) -> Self {
        Self { dimension, text, is_inverted: false, absent_is_empty: false }
    }

    /// The same, inverted.
    pub fn inverted(mut self) -> Self {
        self.is_inverted = true;
        self
    }

    /// The same, with an absent property counting as an empty one.
    pub fn or_absent(mut self) -> Self {
        self.absent_is_empty = true;
        self
    }

    fn is_implied_by(&self, other: &Self) -> bool {
        if self.dimension != other.dimension || (other.absent_is_empty && !self.absent_is_empty) {
            return false;
        }
        // An absent property meets no condition on a value, not even an inverted one.
        let asks_absence = |atom: &Self| atom.is_inverted && atom.text == TextCondition::Present;
        if asks_absence(other) && !asks_absence(self) {
            return false;
        }
        match (self.is_inverted, other.is_inverted) {
            (false, false) => self.text.covers(&other.text),
            (true, true) => other.text.covers(&self.text),
            _ => false,
        }
    }

    fn takes(&self, request: &Request<'_>) -> Option<bool> {
        let value = match &self.dimension {
            Dimension::Header(name) => request.header(name),
            Dimension::Query(name) => request.query(name),
            Dimension::Other(_) => return None,
        };
        match (value, &self.text) {
            (None, TextCondition::Present) => Some(self.is_inverted),
            (None, text) if self.absent_is_empty => text.takes("").map(|met| met != self.is_inverted),
            (None, _) => Some(false),
            (Some(value), text) => text.takes(value).map(|met| met != self.is_inverted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::path::PathKind;

    fn header(name: &str, text: TextCondition) -> Atom {
        Atom::new(Dimension::Header(name.to_owned()), text)
    }

    fn prefix(text: &str, atoms: Vec<Atom>) -> Condition {
        Condition { path: PathCondition::new(PathKind::Prefix(text.to_owned())), atoms, is_partial: false }
    }

    #[test]
    fn more_conditions_take_less() {
        let all = prefix("/api", vec![]);
        let jason = prefix("/api", vec![header("end-user", TextCondition::Exact("jason".to_owned()))]);
        let anyone = prefix("/api", vec![header("end-user", TextCondition::Present)]);
        assert!(all.covers(&jason) && anyone.covers(&jason));
        assert!(!jason.covers(&all) && !jason.covers(&anyone));
        assert!(!prefix("/api/v1", vec![]).covers(&jason));
    }

    #[test]
    fn an_inverted_condition_implies_a_wider_inverted_one() {
        let not = |text: &str| header("x", TextCondition::Prefix(text.to_owned())).inverted();
        assert!(prefix("/", vec![not("ab")]).covers(&prefix("/", vec![not("a")])));
        assert!(!prefix("/", vec![not("a")]).covers(&prefix("/", vec![not("ab")])));
    }

    #[test]
    fn absence_is_no_value_that_differs() {
        let absent = header("x", TextCondition::Present).inverted();
        let other = header("x", TextCondition::Exact("a".to_owned())).inverted();
        assert!(!prefix("/", vec![other]).covers(&prefix("/", vec![absent.clone()])));
        assert!(prefix("/", vec![absent.clone()]).covers(&prefix("/", vec![absent])));
    }

    #[test]
    fn a_share_of_requests_hides_nothing() {
        let share = Condition { is_partial: true, ..Condition::any() };
        assert!(!share.covers(&Condition::any()));
        assert_eq!(share.takes(&Request::get("/")), None);
    }

    #[test]
    fn requests_meet_conditions_or_not() {
        let request = Request { headers: &[("end-user", "jason")], ..Request::get("/api?x=1") };
        let user = |text: &str| header("end-user", TextCondition::Exact(text.to_owned()));
        assert_eq!(prefix("/api", vec![user("jason")]).takes(&request), Some(true));
        assert_eq!(prefix("/api", vec![user("x")]).takes(&request), Some(false));
        assert_eq!(prefix("/api", vec![user("x").inverted()]).takes(&request), Some(true));
        let absent = header("other", TextCondition::Exact("x".to_owned())).inverted();
        assert_eq!(
            prefix("/api", vec![absent]).takes(&request),
            Some(false),
            "an absent header meets no value condition"
        );
        let without = header("other", TextCondition::Exact("x".to_owned())).inverted().or_absent();
        assert_eq!(prefix("/api", vec![without]).takes(&request), Some(true), "Istio's withoutHeaders");
        let query = Atom::new(Dimension::Query("x".to_owned()), TextCondition::Exact("1".to_owned()));
        assert_eq!(prefix("/api", vec![query]).takes(&request), Some(true));
        let other = Atom::new(Dimension::Other("port"), TextCondition::Exact("80".to_owned()));
        assert_eq!(prefix("/api", vec![other]).takes(&request), None);
    }
}
