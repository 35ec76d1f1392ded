//! Holds what Envoy does with the request of a test against what is expected of it.

use crate::document::Node;
use crate::envoy::Dump;
use crate::simulate::{Branch, Entry, Explanation, Request, Simulator, explain};

use super::property::Actual;
use super::{Accepted, Case, Expectation, Expected, Outcome};

/// What came of a test.
#[derive(Debug)]
pub struct Verdict<'t, 'd> {
    /// The ends that the request may come to; none if there are too many to be told apart.
    pub branches: Vec<Branch<'d>>,
    /// What does not hold.
    pub failure: Option<Failure<'t, 'd>>,
}

/// Why a test fails.
#[derive(Debug)]
pub struct Failure<'t, 'd> {
    /// Each expectation that does not hold, with what is so instead.
    pub wrong: Vec<(Node<'t>, String)>,
    /// The end that was not expected.
    pub end: Option<Branch<'d>>,
    /// How it came to that.
    pub explanation: Option<Explanation<'d>>,
}

/// Decides a test for a dump.
pub fn judge<'t, 'd>(case: &Case<'t>, dump: &Dump<'d>, simulator: &Simulator<'d>) -> Verdict<'t, 'd> {
    let request = case.request(dump);
    if let Some(failure) = unknown_entry(case, simulator) {
        return Verdict { branches: Vec::new(), failure: Some(failure) };
    }
    let Some(branches) = simulator.branches(&request, case.line.entry()) else {
        let wrong = vec![(case.name.node, "has more than 64 ends, and cannot be decided".to_owned())];
        return Verdict { branches: Vec::new(), failure: Some(Failure { wrong, end: None, explanation: None }) };
    };
    let failure = unexpected(&case.expected, &branches).or_else(|| unseen(&case.expected, &branches));
    let failure = failure.map(|(wrong, end)| Failure {
        explanation: end.map(|end| explained(simulator, dump, &request, end)),
        wrong,
        end: end.cloned(),
    });
    Verdict { branches, failure }
}

type Wrong<'t> = Vec<(Node<'t>, String)>;

fn explained<'d>(simulator: &Simulator<'d>, dump: &Dump<'d>, request: &Request, end: &Branch<'d>) -> Explanation<'d> {
    explain(simulator, dump, request, &end.answer)
}

/// A request that enters where nothing is, is no test of what is there.
fn unknown_entry<'t, 'd>(case: &Case<'t>, simulator: &Simulator<'d>) -> Option<Failure<'t, 'd>> {
    let Entry { listener, route_config } = case.line.entry();
    let listener = listener.filter(|name| simulator.listener_names().all(|known| known != *name));
    let config = route_config.filter(|name| simulator.route_config_names().all(|known| known != *name));
    let missing = match (listener, config) {
        (Some(name), _) => format!("the dump has no listener `{name}`"),
        (None, Some(name)) => format!("the dump has no route configuration `{name}`"),
        (None, None) => return None,
    };
    Some(Failure { wrong: vec![(case.name.node, missing)], end: None, explanation: None })
}

/// The first end that is not expected, and what is wrong with it: by the outcome that is nearest.
fn unexpected<'t, 'b, 'd>(
    expected: &Expected<'t>,
    branches: &'b [Branch<'d>],
) -> Option<(Wrong<'t>, Option<&'b Branch<'d>>)> {
    branches.iter().find_map(|branch| {
        let nearest = expected.outcomes().iter().map(|outcome| outcome.wrong(branch)).min_by_key(Vec::len)?;
        (!nearest.is_empty()).then_some((nearest, Some(branch)))
    })
}

/// The outcomes that no end is.
fn unseen<'t, 'b, 'd>(
    expected: &Expected<'t>,
    branches: &'b [Branch<'d>],
) -> Option<(Wrong<'t>, Option<&'b Branch<'d>>)> {
    let is_seen = |outcome: &&Outcome<'t>| branches.iter().any(|branch| outcome.wrong(branch).is_empty());
    let unseen = expected.outcomes().iter().find(|outcome| !is_seen(outcome))?;
    let place = unseen.expectations.first().map_or(unseen.node, |first| first.node);
    let ends = if branches.len() == 1 { "the request has one end only" } else { "the request never ends so" };
    Some((vec![(place, format!("{ends}, and not in this way"))], branches.first()))
}

impl<'t> Outcome<'t> {
    /// What is expected and not so.
    fn wrong(&self, branch: &Branch<'_>) -> Wrong<'t> {
        self.expectations
            .iter()
            .filter_map(|expectation| Some((expectation.node, expectation.wrong(branch)?)))
            .collect()
    }
}

impl Expectation<'_> {
    /// What is so instead; nothing where it is as expected.
    fn wrong(&self, branch: &Branch<'_>) -> Option<String> {
        let told = |values: &[String]| match values {
            [] => "Envoy: none".to_owned(),
            values => format!("Envoy: {}", values.join(", ")),
        };
        let told_one = |value: Option<String>| told(&Vec::from_iter(value));
        match (self.property.of(branch), &self.accepted) {
            (Actual::One(value), Accepted::OneOf(accepted)) => {
                let is_met = accepted.iter().any(|written| match (written, &value) {
                    (Some(written), Some(value)) => self.property.is_meant(written, value),
                    (None, None) => true,
                    _ => false,
                });
                (!is_met).then(|| told_one(value))
            }
            (Actual::Several(values), Accepted::All(accepted)) => {
                let sorted = |values: &[String]| {
                    let mut values = values.to_vec();
                    values.sort();
                    values
                };
                let is_met = sorted(&values) == sorted(accepted);
                (!is_met).then(|| told(&values))
            }
            (Actual::One(value), Accepted::All(_)) => Some(told_one(value)),
            (Actual::Several(values), Accepted::OneOf(_)) => Some(told(&values)),
        }
    }
}
