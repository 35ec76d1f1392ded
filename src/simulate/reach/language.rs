//! Regular languages: is there a word in all of these and in none of those, and which is the shortest?

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// The largest automaton of one expression, in bytes.
const MOST_BYTES: usize = 4 << 20;
/// The most states of a product that are looked at.
const MOST_STATES: usize = 30_000;
/// The characters that words are made of, the most natural first.
const CHARACTERS: &[u8] =
    b"abcdefghijklmnopqrstuvwxyz0123456789/-._ABCDEFGHIJKLMNOPQRSTUVWXYZ~=:,;+@!$&'()*%|{}[]<>\"^`\\?# ";

/// A regular language.
#[derive(Clone, Debug)]
pub(super) struct Language(Arc<Automata>);

#[derive(Debug)]
struct Automata {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
}

/// A search's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shortest {
    /// The shortest word.
    Word(String),
    /// There is none.
    Nothing,
    /// The bound was hit.
    Bound,
}

impl Language {
    /// The texts that an expression matches in full. Nothing if it is too large, or no expression.
    pub(super) fn new(expression: &str) -> Option<Self> {
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(MOST_BYTES))
            .determinize_size_limit(Some(MOST_BYTES));
        let dfa = dense::Builder::new()
            .configure(config)
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(regex_automata::nfa::thompson::Config::new().utf8(false))
            .build(&format!("^(?:{expression})$"))
            .ok()?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
        Some(Self(Arc::new(Automata { dfa, start })))
    }

    /// What it took to make it, in the steps of a search.
    pub(super) fn cost(&self) -> u64 {
        (self.0.dfa.memory_usage() / 8) as u64
    }

    /// Whether a text is in it.
    pub(super) fn has(&self, text: &str) -> bool {
        self.accepts_at(text.bytes().fold(self.0.start, |state, byte| self.0.dfa.next_state(state, byte)))
    }

    fn accepts_at(&self, state: StateID) -> bool {
        self.0.dfa.is_match_state(self.0.dfa.next_eoi_state(state))
    }
}

/// The shortest word that is in each language that is wanted, and in none that is not. Takes from `fuel`
/// what the search costs, and ends where none is left.
pub(super) fn shortest(parts: &[(Language, bool)], fuel: &Cell<u64>) -> Shortest {
    let start: Vec<StateID> = parts.iter().map(|(language, _)| language.0.start).collect();
    let accepts = |states: &[StateID]| parts.iter().zip(states).all(|((l, wanted), s)| l.accepts_at(*s) == *wanted);
    if accepts(&start) {
        return Shortest::Word(String::new());
    }
    let letters = representatives(parts);
    let mut seen: FxHashSet<Vec<StateID>> = FxHashSet::default();
    let mut words: Vec<(Vec<StateID>, usize, u8)> = vec![(start.clone(), 0, 0)];
    let mut queue = VecDeque::from([0usize]);
    seen.insert(start);
    while let Some(place) = queue.pop_front() {
        for letter in &letters {
            let Some((states, ..)) = words.get(place) else { continue };
            let next: Vec<StateID> =
                parts.iter().zip(states).map(|((language, _), s)| language.0.dfa.next_state(*s, *letter)).collect();
            let is_lost = parts.iter().zip(&next).any(|((l, wanted), s)| *wanted && l.0.dfa.is_dead_state(*s));
            if is_lost || !seen.insert(next.clone()) {
                continue;
            }
            let is_end = accepts(&next);
            words.push((next, place, *letter));
            if is_end {
                return Shortest::Word(spell(&words));
            }
            queue.push_back(words.len() - 1);
        }
        fuel.set(fuel.get().saturating_sub((letters.len() * parts.len()) as u64));
        if words.len() > MOST_STATES || fuel.get() == 0 {
            return Shortest::Bound;
        }
    }
    Shortest::Nothing
}

/// The word of the last state, by the way that led to it.
fn spell(words: &[(Vec<StateID>, usize, u8)]) -> String {
    let mut letters = Vec::new();
    let mut place = words.len() - 1;
    while let Some((_, before, letter)) = words.get(place).filter(|_| place > 0) {
        letters.push(*letter);
        place = *before;
    }
    letters.reverse();
    String::from_utf8(letters).unwrap_or_default()
}

/// One character of each class that no automaton tells apart, the most natural one.
fn representatives(parts: &[(Language, bool)]) -> Vec<u8> {
    let mut found: FxHashMap<Vec<u8>, u8> = FxHashMap::default();
    let mut letters = Vec::new();
    for letter in CHARACTERS {
        let class: Vec<u8> = parts.iter().map(|(language, _)| language.0.dfa.byte_classes().get(*letter)).collect();
        if found.insert(class, *letter).is_none() {
            letters.push(*letter);
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(wanted: &[&str], unwanted: &[&str]) -> Shortest {
        let language = |text: &&str| Language::new(text).unwrap_or_else(|| unreachable!("{text}"));
        let wanted = wanted.iter().map(|text| (language(text), true));
        let unwanted = unwanted.iter().map(|text| (language(text), false));
        shortest(&wanted.chain(unwanted).collect::<Vec<_>>(), &Cell::new(u64::MAX))
    }

    #[test]
    fn the_shortest_word_is_found_or_proved_not_to_be() {
        assert_eq!(word(&["/a.*"], &["/a", "/aa"]), Shortest::Word("/ab".to_owned()));
        assert_eq!(word(&["/a|/b"], &["/a", "/b"]), Shortest::Nothing);
        assert_eq!(word(&["/[a-z]+", ".*x"], &["/x"]), Shortest::Word("/ax".to_owned()));
        assert_eq!(word(&["/v[0-9]+"], &["/v[0-4].*", "/v[5-9].*"]), Shortest::Nothing);
        assert_eq!(word(&[""], &[]), Shortest::Word(String::new()));
    }
}
