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
/// Places of the first table, and of the largest. Half of them are free, or more.
const FEWEST_PLACES: usize = 64;
const MOST_PLACES: usize = (MOST + 1) * 4;
/// A key that was seen before; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(pub(super) u16);

/// The keys of a text by their names, and the fields that they spell.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    keys: Table,
    /// The names of fields that keys in camel case stand for, one behind the other.
    field_texts: Vec<u8>,
    fields: Table,
    /// The key of each field.
    field_keys: Vec<NameId>,
}

/// Where texts stand first.
#[derive(Clone, Debug, Default)]
struct Table {
    known: Vec<Name>,
    /// The name at each place, or zero. Empty before there is a name.
    places: Vec<u16>,
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
        self.find(bytes, hash, text).or_else(|| self.add(text, hash, start))
    }

    /// The name with this text, if the document has it.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8], hash: KeyHash, text: &[u8]) -> Option<NameId> {
        self.keys.find(bytes, hash, text)
    }

    /// The name with this text in camel case, if the document has it and that is another.
    #[inline(always)]
    pub(super) fn find_camel_case(&self, hash: KeyHash, text: &[u8]) -> Option<NameId> {
        let NameId(field) = self.fields.find(&self.field_texts, hash, text)?;
        self.field_keys.get(usize::from(field) - 1).copied()
    }

    #[cold]
    fn add(&mut self, text: &[u8], hash: KeyHash, start: u32) -> Option<NameId> {
        let key = self.keys.add(Name::of(text, hash, start))?;
        // There is one key in camel case for each field.
        for field in spelling::fields_of(text) {
            let start = self.field_texts.len() as u32;
            self.fields.add(Name::of(&field, KeyHash::of_text(&field), start))?;
            self.field_texts.extend(field);
            self.field_keys.push(key);
        }
        Some(key)
    }
}

impl Table {
    #[inline(always)]
    fn find(&self, bytes: &[u8], hash: KeyHash, text: &[u8]) -> Option<NameId> {
        for place in places(hash, last_of(text), self.places.len()) {
            let id = self.places.get(place).copied().filter(|id| *id != 0)?;
            if self.known.get(usize::from(id) - 1).is_some_and(|name| name.is(bytes, hash, text)) {
                return Some(NameId(id));
            }
        }
        None
    }

    /// Adds a name that is not there. Nothing if there are too many of them.
    fn add(&mut self, name: Name) -> Option<NameId> {
        if self.known.len() >= MOST {
            return None;
        }
        self.known.push(name);
        if self.known.len() * 2 > self.places.len() || !self.place(self.known.len()) {
            self.grow()?;
        }
        Some(NameId(self.known.len() as u16))
    }

    /// Puts a name at a free place, if there is one where it is looked for.
    fn place(&mut self, id: usize) -> bool {
        let Some(name) = self.known.get(id - 1) else { return false };
        let mut places = places(name.hash, name.last, self.places.len());
        let Some(free) = places.find(|place| self.places.get(*place) == Some(&0)) else { return false };
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

/// Where a key with this hash and these last bytes is looked for in a table of so many places, a
/// power of two.
#[inline(always)]
fn places(hash: KeyHash, last: [u8; 8], count: usize) -> impl Iterator<Item = usize> {
    // Many keys begin alike.
    let end = (u64::from_le_bytes(last).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize;
    (0..PROBES).map(move |probe| ((hash.place() ^ end) + probe) & count.wrapping_sub(1))
}

impl Name {
    fn of(text: &[u8], hash: KeyHash, start: u32) -> Self {
        Self { hash, last: last_of(text), start, length: text.len() as u32 }
    }

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
        let found =
            keys.iter().filter(|key| names.find(&bytes, KeyHash::of_text(key.as_bytes()), key.as_bytes()).is_some());
        assert_eq!(found.count(), given);
        assert_eq!(names.find(&bytes, KeyHash::of_text(b"key-x"), b"key-x"), None);
    }

    #[test]
    fn short_keys_that_differ_in_their_last_letter_have_a_place_each() {
        let keys: Vec<String> = ('A'..='z').map(|letter| format!("prefix{letter}")).collect();
        let bytes = keys.concat().into_bytes();
        let mut names = Names::default();
        for (key, start) in keys.iter().zip((0..).step_by(7)) {
            let hash = KeyHash::of_text(key.as_bytes());
            assert!(names.of(&bytes, hash, start, 7).is_some(), "{key}");
        }
        assert!(names.keys.places.len() <= 256, "{} places for {} keys", names.keys.places.len(), keys.len());
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
            assert_eq!(names.find(&bytes, hash(key), key.as_bytes()), *id, "{key}");
        }
        assert!(ids[..20].iter().all(Option::is_some), "{ids:?}");
        assert!(ids[20..].iter().flatten().count() < 20, "{ids:?}");
    }
}
