//! Duplicate keys: a cheap filter while reading, an exact look when it rings.

use rustc_hash::FxHashMap;

use super::node;
use super::problem::{Problem, ProblemKind};
use super::tape::Tape;

/// The first so many bytes of eight.
const MASKS: [u64; 9] =
    [0, 0xff, 0xffff, 0xff_ffff, u32::MAX as u64, u64::MAX >> 24, u64::MAX >> 16, u64::MAX >> 8, u64::MAX];

/// The bytes of a key that its hash says.
pub(super) const HASHED: usize = 7;

/// A hash of a key: of its length and the first bytes, which are the same where the hash is, if the
/// length is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyHash(u64);

impl KeyHash {
    /// Of a key that is so many bytes long without its closing quote, and starts with these eight,
    /// its opening quote lowest. What stands behind the key does not count.
    #[inline(always)]
    pub(super) fn of(start: u64, length: u32) -> Self {
        let kept = start & MASKS.get(length.min(8) as usize).copied().unwrap_or_default();
        Self((kept ^ u64::from(length)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Of a key without quotes. Known when we are compiled, if the key is.
    #[inline(always)]
    pub(super) fn of_text(key: &[u8]) -> Self {
        let start = match key.first_chunk::<8>() {
            Some(start) => u64::from_le_bytes(*start),
            None => key.iter().rev().fold(0, |start, byte| start << 8 | u64::from(*byte)),
        };
        Self::of(start << 8 | u64::from(b'"'), key.len() as u32 + 1)
    }

    /// A number for a table, of which the low bits count. The last of the bytes is in the highest only.
    #[inline(always)]
    pub(super) fn place(self) -> u32 {
        ((self.0 ^ self.0 >> 12 ^ self.0 >> 18) >> 40) as u32
    }

    /// One bit for each of two words. Of a distance only the low six bits count.
    #[inline(always)]
    fn bits(self) -> [u64; 2] {
        [1_u64.wrapping_shl((self.0 >> 58) as u32), 1_u64.wrapping_shl((self.0 >> 52) as u32)]
    }
}

/// A Bloom filter over the keys of one object: a bit in each of two words per key.
///
/// Dumps have millions of small objects and never a duplicate; the filter costs some twenty
/// instructions per key and sends few objects to [`find_duplicates`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyFilter {
    seen: [u64; 2],
    suspicious: bool,
}

impl KeyFilter {
    #[inline(always)]
    pub(super) fn add(&mut self, key: KeyHash) {
        let ([one, two], [first, second]) = (key.bits(), &mut self.seen);
        if *first & one != 0 && *second & two != 0 {
            self.suspicious = true;
        }
        *first |= one;
        *second |= two;
    }

    /// Adds a key with its text.
    pub(super) fn add_text(&mut self, key: &[u8]) {
        self.add(KeyHash::of_text(key));
    }

    /// Asks for an exact look: a key is not written as it reads, so that another may be the same.
    pub(super) fn suspect(&mut self) {
        self.suspicious = true;
    }

    #[inline(always)]
    pub(super) fn is_suspicious(self) -> bool {
        self.suspicious
    }
}

/// Up to this many members are compared with each other, more are hashed.
const FEW: usize = 24;

/// Reports every key that the object at `object` has more than once, and hides all but the last.
#[cold]
pub(super) fn find_duplicates(bytes: &[u8], tape: &mut Tape, object: u32, problems: &mut Vec<Problem>) {
    let members = members(bytes, tape, object);
    let mut replaced = Vec::new();
    if members.len() <= FEW {
        for (place, later) in members.iter().enumerate() {
            let before = members.get(..place).unwrap_or_default();
            if let Some(earlier) = before.iter().rfind(|m| m.key == later.key) {
                replaced.push((earlier.index, later.index));
            }
        }
    } else {
        let mut seen = FxHashMap::default();
        for member in &members {
            if let Some(earlier) = seen.insert(member.key, member.index) {
                replaced.push((earlier, member.index));
            }
        }
    }
    for (earlier, later) in replaced {
        report(bytes, tape, earlier, later, problems);
        tape.replace(earlier);
    }
}

struct Member<'a> {
    key: &'a [u8],
    index: u32,
}

fn members<'a>(bytes: &'a [u8], tape: &'a Tape, object: u32) -> Vec<Member<'a>> {
    let mut members = Vec::new();
    let Some(container) = tape.node(object) else {
        return members;
    };
    let mut index = object + 1;
    while index < object + container.entries() {
        let Some(child) = tape.node(index) else { break };
        if let Some(key) = node::key_bytes(bytes, tape, index) {
            members.push(Member { key, index });
        }
        index += child.entries();
    }
    members
}

fn report(bytes: &[u8], tape: &Tape, earlier: u32, later: u32, problems: &mut Vec<Problem>) {
    let (Some(first), Some(second)) = (node::key_of(bytes, tape, earlier), node::key_of(bytes, tape, later)) else {
        return;
    };
    problems.push(Problem {
        kind: ProblemKind::DuplicateKey(second.1.to_owned()),
        span: second.0,
        related: Some(first.0),
    });
}
