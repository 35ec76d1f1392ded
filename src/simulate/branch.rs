//! Every end that a request may come to, where chance decides, or something that the dump does not
//! tell: fractions and weights
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/traffic_splitting>),
//! faults for a share of requests, metadata.

use crate::document::Node;
use crate::envoy::RouteAction;

use super::action::ClusterShare;
use super::answer::Answer;
use super::explain;
use super::filters::Effect;
use super::request::{Chance, Decisions, Request};
use super::simulator::{Entry, Simulator};

/// The most ends that are told apart.
const MOST: usize = 64;

/// One of the ends that a request may come to.
#[derive(Clone, Debug)]
pub struct Branch<'d> {
    /// What Envoy does then.
    pub answer: Answer<'d>,
    /// All clusters of the route, of which one was drawn.
    pub shares: Vec<ClusterShare<'d>>,
    /// What has to be so: `if on route #1 10/100 of requests holds`.
    pub provisos: Vec<String>,
}

/// Something that the configuration leaves open, and what may come of it, the likelier first.
struct Fork<'d> {
    what: Node<'d>,
    decisions: Vec<usize>,
}

impl<'d> Simulator<'d> {
    /// Every end of a request; nothing if there are too many to be told apart. What parties outside
    /// the dump decide is no branch here: it is taken that they let the request go on.
    pub fn branches(&self, request: &Request, entry: Entry<'_>) -> Option<Vec<Branch<'d>>> {
        let mut branches = Vec::new();
        let mut open = vec![(Decisions::default(), Vec::new())];
        while let Some((decisions, shares)) = open.pop() {
            let chance = Chance::Decided(decisions.clone());
            let request = Request { chance, ..request.clone() };
            let answer = self.answer(&request, entry);
            let Some(fork) = fork(&answer, &request.chance) else {
                branches.push(Branch::of(answer, shares));
                continue;
            };
            if branches.len() + open.len() + fork.decisions.len() > MOST {
                return None;
            }
            let ways = fork.decisions.iter().rev();
            open.extend(ways.map(|decision| (decisions.clone().with(fork.what, *decision), answer.clusters.clone())));
        }
        Some(branches)
    }
}

/// The first thing on the way that was not decided yet.
fn fork<'d>(answer: &Answer<'d>, chance: &Chance) -> Option<Fork<'d>> {
    let is_open = |what: Node<'d>| chance.decision(what).is_none();
    let either =
        |what: Node<'d>, likely: bool| Fork { what, decisions: vec![usize::from(likely), usize::from(!likely)] };
    if let Some(doubt) = answer.doubts.iter().find(|doubt| is_open(doubt.condition)) {
        return Some(either(doubt.condition, doubt.assumed));
    }
    for note in &answer.filters {
        if let Effect::Aborts(_, percent) = note.effect
            && percent < 100.0
            && is_open(note.decided_by)
        {
            return Some(either(note.decided_by, percent > 50.0));
        }
    }
    let RouteAction::Forward(action) = answer.route?.1.action() else { return None };
    let weighted = action.field("weighted_clusters").filter(|weighted| is_open(*weighted))?;
    let drawn = answer.clusters.iter().enumerate().filter(|(_, share)| share.weight > 0);
    let decisions: Vec<usize> = drawn.map(|(place, _)| place).collect();
    (answer.clusters.len() > 1 && !decisions.is_empty()).then_some(Fork { what: weighted, decisions })
}

impl<'d> Branch<'d> {
    fn of(answer: Answer<'d>, shares: Vec<ClusterShare<'d>>) -> Self {
        let mut provisos = explain::provisos(&answer);
        for note in &answer.filters {
            if let Effect::Aborts(_, percent) = note.effect
                && percent < 100.0
            {
                let verb = if answer.flags == "FI" { "answers" } else { "does not answer" };
                provisos.push(format!("if the fault for {} % of requests {verb}", explain::number(percent)));
            }
        }
        if let ([drawn], [_, _, ..]) = (&answer.clusters[..], &shares[..]) {
            let total: u64 = shares.iter().map(|share| share.weight).sum();
            provisos.push(format!("if it is one of the {} of {total} for {}", drawn.weight, drawn.name));
        }
        Self { shares: if shares.len() > 1 { shares } else { answer.clusters.clone() }, answer, provisos }
    }
}
