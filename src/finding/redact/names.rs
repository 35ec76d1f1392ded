//! Finds names in a text, each part of which is searched once however many pieces of it are shown.

use std::ops::Range;

use memchr::memmem;
use rustc_hash::FxHashMap;

/// How much is searched at once.
const BLOCK: usize = 8 << 10;

/// Some names, and where they are in the blocks of a text that were asked for.
pub(super) struct Names {
    names: &'static [&'static [u8]],
    blocks: FxHashMap<usize, Vec<Range<usize>>>,
}

impl Names {
    pub(super) fn new(names: &'static [&'static [u8]]) -> Self {
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
fn search(text: &[u8], block: usize, names: &[&[u8]]) -> Vec<Range<usize>> {
    let start = block * BLOCK;
    let mut found = Vec::new();
    for name in names {
        let end = (start + BLOCK + name.len() - 1).min(text.len());
        let window = text.get(start..end).unwrap_or_default();
        found.extend(memmem::find_iter(window, name).map(|at| start + at..start + at + name.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_across_the_borders_of_blocks() {
        static NAMES: [&[u8]; 2] = [b"key", b"password"];
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
