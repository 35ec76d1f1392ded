//! Finds things by a text that another one starts with, up to the case of ASCII letters.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

/// Things in their order, each with the text that must start another for it to matter.
#[derive(Debug, Default)]
pub struct Starts {
    count: usize,
    by_start: FxHashMap<String, Vec<usize>>,
    /// How long the starts are.
    lengths: BTreeSet<usize>,
}

impl Starts {
    /// Adds a thing behind all others.
    pub fn push(&mut self, start: &str) {
        self.lengths.insert(start.len());
        self.by_start.entry(start.to_ascii_lowercase()).or_default().push(self.count);
        self.count += 1;
    }

    /// The places of the things whose start `text` has, those of each start together and in order.
    pub fn of(&self, text: &str) -> impl Iterator<Item = &[usize]> {
        let text = text.to_ascii_lowercase();
        let lengths = self.lengths.range(..=text.len()).copied();
        let found: Vec<_> = lengths.filter_map(|length| self.by_start.get(text.get(..length)?)).collect();
        found.into_iter().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_a_text_is_found() {
        let all = ["", "/API/1", "/api/2", "/é", "/api", "/api/2"];
        let mut starts = Starts::default();
        for start in all {
            starts.push(start);
        }
        for text in ["", "/", "/api/25/x", "/Api/1", "/é/x", "/\u{e9}", "/e"] {
            let mut found: Vec<usize> = starts.of(text).flatten().copied().collect();
            found.sort_unstable();
            let has = |start: &&str| text.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase());
            let compared: Vec<usize> = (0..all.len()).filter(|place| has(&all[*place])).collect();
            assert_eq!(found, compared, "{text}");
        }
    }
}
