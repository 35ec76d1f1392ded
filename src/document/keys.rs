//! Duplicate keys: a cheap filter while reading, an exact look when it rings.

use rustc_hash::FxHashMap;

use super::node;
use super::problem::{Problem, ProblemKind};
use super::tape::Tape;

/// A Bloom filter over the keys of one object: two bits of 128 per key.
///
/// Dumps have millions of small objects and never a duplicate; the filter costs some fifteen
/// instructions per key and sends few objects to [`find_duplicates`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyFilter {
    seen: [u64; 2],
    suspicious: bool,
}

impl KeyFilter {
    /// Adds the key that `bytes` has from `start` to `end`.
    #[inline(always)]
    pub(super) fn add_at(&mut self, bytes: &[u8], start: usize, end: usize) {
        let hash = hash(bytes, start, end);
        let first = 1u64 << (hash >> 58);
        let second = 1u64 << ((hash >> 52) & 63);
        let [seen_first, seen_second] = &mut self.seen;
        // An empty key has no hash worth the name.
        self.suspicious |= (*seen_first & first != 0 && *seen_second & second != 0) || start == end;
        *seen_first |= first;
        *seen_second |= second;
    }

    pub(super) fn add(&mut self, key: &[u8]) {
        self.add_at(key, 0, key.len());
    }

    #[inline(always)]
    pub(super) fn is_suspicious(self) -> bool {
        self.suspicious
    }
}

/// Mixes the length and the first eight bytes of a key, without a branch on its length.
#[inline(always)]
fn hash(bytes: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    let excess = 64 - 8 * length.min(8);
    let first = word(bytes, start) << (excess & 63);
    (first ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Eight bytes from `at` on, little-endian; zeroes behind the end.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => short_word(bytes.get(at..).unwrap_or_default()),
    }
}

#[cold]
fn short_word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
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
    while index < container.next() {
        let Some(child) = tape.node(index) else { break };
        if let Some(key) = node::key_bytes(bytes, tape, index) {
            members.push(Member { key, index });
        }
        index = child.next();
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
