//! Finds names in a text, each part of which is searched once however many pieces of it are shown.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use rustc_hash::FxHashMap;

/// How much is searched at once.
const BLOCK: usize = 8 << 10;

/// Some names, and where they are in the blocks of a text that were asked for.
pub(super) struct Names {
    names: &'static Dictionary,
    blocks: FxHashMap<usize, Vec<Range<usize>>>,
}

/// Names that are looked for all at once. None is a part of another.
pub(super) struct Dictionary {
    automaton: AhoCorasick,
    longest: usize,
}

impl Dictionary {
    pub(super) fn new(names: &[&[u8]]) -> Self {
        // Leftmost matches are those that vector instructions find; the automaton hardly ever runs, so
        // it is the one that is built the fastest.
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostFirst).kind(Some(AhoCorasickKind::NoncontiguousNFA));
        let automaton = builder.build(names);
        let automaton = automaton.unwrap_or_else(|_| unreachable!("a handful of short names"));
        Self { automaton, longest: names.iter().map(|name| name.len()).max().unwrap_or(1) }
    }
}

impl Names {
    pub(super) fn new(names: &'static Dictionary) -> Self {
        Self { names, blocks: FxHashMap::default() }
    }

    /// Where the names are within `range` of `text`, which is always the same text.
    pub(super) fn find(&mut self, text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for block in range.start / BLOCK..=range.end / BLOCK {
            let names = self.names;
            let known = self.blocks.entry(block).or_insert_with(|| search(text, block, names));
            found.extend(known.iter().filter(|name| range.start <= name.start && name.end <= range.end).cloned());
        }
        found
    }
}

/// The names that start in a block.
fn search(text: &[u8], block: usize, names: &Dictionary) -> Vec<Range<usize>> {
    let start = block * BLOCK;
    let end = (start + BLOCK + names.longest - 1).min(text.len());
    let window = text.get(start..end).unwrap_or_default();
    let found = names.automaton.find_iter(window).filter(|name| name.start() < BLOCK);
    found.map(|name| start + name.start()..start + name.end()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    #[test]
    fn names_are_found_across_the_borders_of_blocks() {
        static NAMES: LazyLock<Dictionary> = LazyLock::new(|| Dictionary::new(&[b"key", b"password"]));
        for at in BLOCK - 9..BLOCK + 2 {
            let mut text = vec![b' '; 3 * BLOCK];
            text.splice(at..at + 8, *b"password");
            text.splice(2 * BLOCK..2 * BLOCK + 3, *b"key");
            let mut names = Names::new(&NAMES);
            assert_eq!(names.find(&text, 0..text.len()), [at..at + 8, 2 * BLOCK..2 * BLOCK + 3]);
            assert!(names.find(&text, 0..at + 7).is_empty());
        }
    }
}
