//! The keys of a document, each once.
//!
//! Dumps have millions of keys and a few hundred different ones. A look for a member finds its name
//! here once, and compares numbers then. What no object of a document has is not looked for at all.

use std::num::NonZeroU16;

use super::keys::{HASHED, KeyHash};
use super::spelling;

/// How far a key is looked for from where its hash says.
const PROBES: usize = 8;
/// Bits of a [`NameId`].
pub(super) const NAME_BITS: u32 = 11;
/// The most names that a document has.
const MOST: usize = (1 << NAME_BITS) - 1;
/// Places of the first table, and of the largest. Half of them are free, or more.
const FEWEST_PLACES: usize = 64;
const MOST_PLACES: usize = (MOST + 1) * 8;

/// A key that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(NonZeroU16);

impl NameId {
    fn new(number: u16) -> Option<Self> {
        NonZeroU16::new(number).map(Self)
    }

    /// Its number, which is not zero and has [`NAME_BITS`] bits.
    #[inline(always)]
    pub(super) fn number(self) -> u32 {
        u32::from(self.0.get())
    }
}

/// What a text stands for among the keys of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The key that is written so.
    pub(super) key: Option<NameId>,
    /// Another key, that spells it in camel case.
    pub(super) camel_case: Option<NameId>,
}

/// A key that is looked for. All but the document is known when we are compiled, if the text is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought<'a> {
    text: &'a [u8],
    hash: KeyHash,
    /// The last eight bytes, if there are as many.
    last: [u8; 8],
    /// A number for the table, of which the low bits count.
    place: u32,
}

/// The keys of a text by their names, and the fields that they spell.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    known: Vec<Name>,
    /// The name at each place, or zero. Empty before there is a name.
    places: Vec<u16>,
    /// How many of the names are keys.
    keys: u16,
    /// The names of fields that keys in camel case stand for, one behind the other.
    fields: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    hash: KeyHash,
    last: [u8; 8],
    place: u32,
    /// Offset of its first byte: in the document, or among the fields.
    start: u32,
    length: u32,
    is_of_field: bool,
    meaning: Meaning,
}

impl<'a> Sought<'a> {
    /// The key with this text.
    #[inline(always)]
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self::hashed(text, KeyHash::of_text(text))
    }

    #[inline(always)]
    fn hashed(text: &'a [u8], hash: KeyHash) -> Self {
        let last = text.last_chunk().copied().unwrap_or_default();
        // Many keys begin alike.
        let end = u64::from_le_bytes(last).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        Self { text, hash, last, place: hash.place() ^ end as u32 }
    }
}

impl Names {
    /// The name of the key that stands there, new or not. Nothing if there are too many of them.
    #[inline(always)]
    pub(super) fn of(&mut self, bytes: &[u8], hash: KeyHash, start: u32, length: u32) -> Option<NameId> {
        let sought = Sought::hashed(bytes.get(start as usize..(start + length) as usize)?, hash);
        let known = self.find(bytes, sought).and_then(|meaning| meaning.key);
        known.or_else(|| self.add_key(bytes, sought, start))
    }

    /// What a text stands for, if it is known.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8], sought: Sought<'_>) -> Option<Meaning> {
        // Most stand where they are looked for first, or nowhere.
        let name = self.at(self.places(sought.place).next()?)?;
        match self.is(name, bytes, sought) {
            true => Some(name.meaning),
            false => self.find_behind(bytes, sought),
        }
    }

    #[inline(never)]
    fn find_behind(&self, bytes: &[u8], sought: Sought<'_>) -> Option<Meaning> {
        self.position(bytes, sought, 1).and_then(|position| self.known.get(position)).map(|name| name.meaning)
    }

    /// Where a text is among the names, if it is not at one of the first so many places.
    fn position(&self, bytes: &[u8], sought: Sought<'_>, tried: usize) -> Option<usize> {
        for place in self.places(sought.place).skip(tried) {
            if self.is(self.at(place)?, bytes, sought) {
                return self.places.get(place).map(|id| usize::from(*id) - 1);
            }
        }
        None
    }

    /// The name at a place of the table.
    #[inline(always)]
    fn at(&self, place: usize) -> Option<&Name> {
        self.known.get(usize::from(*self.places.get(place)?).wrapping_sub(1))
    }

    /// Where a key is looked for.
    #[inline(always)]
    fn places(&self, place: u32) -> impl Iterator<Item = usize> + use<> {
        // As many as a power of two.
        let count = self.places.len();
        (0..PROBES).map(move |probe| (place as usize + probe) & count.wrapping_sub(1))
    }

    #[inline(always)]
    fn is(&self, name: &Name, bytes: &[u8], sought: Sought<'_>) -> bool {
        if name.hash != sought.hash || name.last != sought.last || name.length as usize != sought.text.len() {
            return false;
        }
        // What the hash does not say of a short one, its end does.
        sought.text.len() <= HASHED + 8 || self.text_of(name, bytes) == Some(sought.text)
    }

    fn text_of<'t>(&'t self, name: &Name, bytes: &'t [u8]) -> Option<&'t [u8]> {
        let within = if name.is_of_field { &self.fields } else { bytes };
        within.get(name.start as usize..(name.start + name.length) as usize)
    }

    #[cold]
    fn add_key(&mut self, bytes: &[u8], sought: Sought<'_>, start: u32) -> Option<NameId> {
        if usize::from(self.keys) >= MOST {
            return None;
        }
        self.keys += 1;
        let id = NameId::new(self.keys)?;
        self.entry(bytes, sought, start, false)?.meaning.key = Some(id);
        // There is one key in camel case for each field.
        for field in spelling::fields_of(sought.text) {
            let start = self.fields.len() as u32;
            self.fields.extend_from_slice(&field);
            self.entry(bytes, Sought::of(&field), start, true)?.meaning.camel_case = Some(id);
        }
        Some(id)
    }

    /// The name with this text, which is a new one if there is none. Nothing if there are too many.
    fn entry(&mut self, bytes: &[u8], sought: Sought<'_>, start: u32, is_of_field: bool) -> Option<&mut Name> {
        if let Some(position) = self.position(bytes, sought, 0) {
            return self.known.get_mut(position);
        }
        let Sought { text, hash, last, place } = sought;
        let meaning = Meaning::default();
        self.known.push(Name { hash, last, place, start, length: text.len() as u32, is_of_field, meaning });
        if self.known.len() * 2 > self.places.len() || !self.place(self.known.len()) {
            self.grow()?;
        }
        self.known.last_mut()
    }

    /// Puts a name at a free place, if there is one where it is looked for.
    fn place(&mut self, id: usize) -> bool {
        let Some(name) = self.known.get(id - 1) else { return false };
        let Some(free) = self.places(name.place).find(|place| self.places.get(*place) == Some(&0)) else {
            return false;
        };
        self.places.get_mut(free).into_iter().for_each(|place| *place = id as u16);
        true
    }

    /// Makes a larger table for all names, unless that would be too large: then the last is none.
    fn grow(&mut self) -> Option<()> {
        let before = std::mem::take(&mut self.places);
        let mut count = FEWEST_PLACES.max(before.len() * 2);
        while count <= MOST_PLACES {
            self.places = vec![0; count];
            if (1..=self.known.len()).all(|id| self.place(id)) {
                return Some(());
            }
            count *= 2;
        }
        self.places = before;
        self.known.pop();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_up_to_as_many_as_there_can_be() {
        let keys: Vec<String> = (0..3000).map(|number| format!("key-{number}")).collect();
        let bytes = keys.concat().into_bytes();
        let mut names = Names::default();
        let (mut start, mut given) = (0, 0);
        for key in &keys {
            let hash = KeyHash::of_text(key.as_bytes());
            let name = names.of(&bytes, hash, start, key.len() as u32);
            assert_eq!(names.of(&bytes, hash, start, key.len() as u32), name, "{key}");
            start += key.len() as u32;
            given += usize::from(name.is_some());
        }
        assert!(given > 100, "only {given} names");
        let found = keys.iter().filter(|key| names.find(&bytes, Sought::of(key.as_bytes())).is_some());
        assert_eq!(found.count(), given);
        assert_eq!(names.find(&bytes, Sought::of(b"key-x")), None);
    }

    #[test]
    fn short_keys_that_differ_in_their_last_letter_have_a_place_each() {
        // None of them is in camel case, which would give it a second name.
        let letters = ('a'..='z').chain('!'..='/');
        let keys: Vec<String> = letters.map(|letter| format!("prefix{letter}")).collect();
        let bytes = keys.concat().into_bytes();
        let mut names = Names::default();
        for (key, start) in keys.iter().zip((0..).step_by(7)) {
            let hash = KeyHash::of_text(key.as_bytes());
            assert!(names.of(&bytes, hash, start, 7).is_some(), "{key}");
        }
        assert!(names.places.len() <= 256, "{} places for {} keys", names.places.len(), keys.len());
    }

    #[test]
    fn keys_that_begin_alike_are_told_apart() {
        // The hashes of all are the same: of seven bytes and the length. The second half ends alike, too.
        let first = (0..20).map(|number| format!("prefix-and-more-of-{number:04}"));
        let second = (0..20).map(|number| format!("prefix-{number:04}-and-more-of"));
        let keys: Vec<String> = first.chain(second).collect();
        let bytes = keys.concat().into_bytes();
        let mut names = Names::default();
        let hash = |key: &str| KeyHash::of_text(key.as_bytes());
        let ids: Vec<Option<NameId>> =
            keys.iter().zip((0..).step_by(23)).map(|(key, start)| names.of(&bytes, hash(key), start, 23)).collect();
        for (key, id) in keys.iter().zip(&ids) {
            assert_eq!(names.find(&bytes, Sought::of(key.as_bytes())).and_then(|found| found.key), *id, "{key}");
        }
        assert!(ids[..20].iter().all(Option::is_some), "{ids:?}");
        assert!(ids[20..].iter().flatten().count() < 20, "{ids:?}");
    }
}
