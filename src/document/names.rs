//! The keys of a document, each once.
//!
//! Dumps have millions of keys and a few hundred different ones. A look for a member compares its
//! name with the first key of each spelling, which stays in the nearest cache, and not with the
//! key that stands beside the member.

use super::keys::KeyHash;

/// How far a key is looked for from where its hash says.
const PROBES: usize = 8;
/// Bits of a [`NameId`].
pub(super) const NAME_BITS: u32 = 11;
/// The most names that a document has.
const MOST: usize = (1 << NAME_BITS) - 1;
/// Places of a table, with a name at each at most.
const PLACES: usize = (MOST + 1) * 2;

/// A key that was seen before; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameId(pub(super) u16);

/// Where each key of a text stands first.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    names: Vec<Name>,
    /// The name at each place, or zero. Empty before there is a name.
    places: Vec<u16>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    /// Offset of its first byte.
    start: u32,
    length: u32,
}

impl Names {
    /// The name of the key that stands there, new or not. Nothing if there are too many of them.
    #[inline(always)]
    pub(super) fn of(&mut self, bytes: &[u8], hash: KeyHash, start: u32, length: u32) -> Option<NameId> {
        let text = bytes.get(start as usize..(start + length) as usize)?;
        for probe in 0..PROBES {
            let place = (hash.place() + probe) % PLACES;
            let Some(id) = self.places.get(place).copied().filter(|id| *id != 0) else {
                return self.add(place, Name { start, length });
            };
            if self.text(bytes, NameId(id)) == Some(text) {
                return Some(NameId(id));
            }
        }
        None
    }

    #[cold]
    fn add(&mut self, place: usize, name: Name) -> Option<NameId> {
        if self.names.len() >= MOST {
            return None;
        }
        self.places.resize(PLACES, 0);
        self.names.push(name);
        let id = self.names.len() as u16;
        *self.places.get_mut(place)? = id;
        Some(NameId(id))
    }

    /// What the name is.
    #[inline(always)]
    pub(super) fn text<'d>(&self, bytes: &'d [u8], NameId(id): NameId) -> Option<&'d [u8]> {
        let name = self.names.get(usize::from(id).wrapping_sub(1))?;
        bytes.get(name.start as usize..(name.start + name.length) as usize)
    }
}
