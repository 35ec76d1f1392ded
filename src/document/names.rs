//! The keys of a document, each once.
//!
//! Dumps have millions of keys and a few hundred different ones. A look for a member finds its name
//! here once, and compares numbers then. What no object of a document has is not looked for at all.

use super::keys::{HASHED, KeyHash};
use super::spelling;

/// How far a key is looked for from where its hash says.
const PROBES: usize = 8;
/// Bits of a [`NameId`].
pub(super) const NAME_BITS: u32 = 11;
/// The most names that a document has.
const MOST: usize = (1 << NAME_BITS) - 1;
/// Places of a table, with a name at each at most.
const PLACES: usize = (MOST + 1) * 2;

/// Words of a filter for names in camel case, of which Envoy prints a few dozen at most.
const CAMEL_WORDS: usize = 16;

/// A key that was seen before; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(pub(super) u16);

/// Where each key of a text stands first.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    known: Vec<Name>,
    /// The name at each place, or zero. Empty before there is a name.
    places: Vec<u16>,
    /// A bit for each name in camel case, where a filter has that in snake case.
    camel: [u64; CAMEL_WORDS],
}

#[derive(Clone, Copy, Debug)]
struct Name {
    hash: KeyHash,
    /// The last eight bytes, if there are as many.
    last: [u8; 8],
    /// Offset of its first byte.
    start: u32,
    length: u32,
}

impl Names {
    /// The name of the key that stands there, new or not. Nothing if there are too many of them.
    #[inline(always)]
    pub(super) fn of(&mut self, bytes: &[u8], hash: KeyHash, start: u32, length: u32) -> Option<NameId> {
        let text = bytes.get(start as usize..(start + length) as usize)?;
        match self.probe(bytes, hash, text) {
            Probe::Found(id) => Some(id),
            Probe::Free(place) => self.add(place, text, Name { hash, last: last_of(text), start, length }),
            Probe::Crowded => None,
        }
    }

    /// The name with this text, if the document has it.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8], hash: KeyHash, text: &[u8]) -> Option<NameId> {
        match self.probe(bytes, hash, text) {
            Probe::Found(id) => Some(id),
            _ => None,
        }
    }

    /// The name with this text in camel case, if the document has it and that is another.
    #[inline(always)]
    pub(super) fn find_camel_case(&self, bytes: &[u8], hash: KeyHash, text: &str) -> Option<NameId> {
        let (word, bit) = camel_bit(hash);
        if self.camel.get(word).is_none_or(|word| word & bit == 0) {
            return None;
        }
        let camel = spelling::camel_case(text);
        self.find(bytes, KeyHash::of_text(camel.as_bytes()), camel.as_bytes())
    }

    #[inline(always)]
    fn probe(&self, bytes: &[u8], hash: KeyHash, text: &[u8]) -> Probe {
        for probe in 0..PROBES {
            let place = (hash.place() + probe) % PLACES;
            let Some(id) = self.places.get(place).copied().filter(|id| *id != 0) else {
                return Probe::Free(place);
            };
            if self.known.get(usize::from(id).wrapping_sub(1)).is_some_and(|name| name.is(bytes, hash, text)) {
                return Probe::Found(NameId(id));
            }
        }
        Probe::Crowded
    }

    #[cold]
    fn add(&mut self, place: usize, text: &[u8], name: Name) -> Option<NameId> {
        if self.known.len() >= MOST {
            return None;
        }
        for snake in spelling::snake_cases(text) {
            let (word, bit) = camel_bit(KeyHash::of_text(&snake));
            self.camel.get_mut(word).into_iter().for_each(|word| *word |= bit);
        }
        self.places.resize(PLACES, 0);
        self.known.push(name);
        let id = self.known.len() as u16;
        *self.places.get_mut(place)? = id;
        Some(NameId(id))
    }
}

impl Name {
    /// Whether it is this text, which has this hash.
    #[inline(always)]
    fn is(&self, bytes: &[u8], hash: KeyHash, text: &[u8]) -> bool {
        if self.hash != hash || self.length as usize != text.len() {
            return false;
        }
        // What the hash does not say of a short one, its end does.
        if text.len() <= HASHED + 8 {
            return self.last == last_of(text);
        }
        bytes.get(self.start as usize..(self.start + self.length) as usize) == Some(text)
    }
}

#[inline(always)]
fn last_of(text: &[u8]) -> [u8; 8] {
    text.last_chunk().copied().unwrap_or_default()
}

/// Where a name may be.
enum Probe {
    Found(NameId),
    /// Nowhere, and it could be put there.
    Free(usize),
    /// Nowhere, and there is no place for it.
    Crowded,
}

#[inline(always)]
fn camel_bit(hash: KeyHash) -> (usize, u64) {
    let place = hash.place();
    (place / 64 % CAMEL_WORDS, 1 << (place % 64))
}
