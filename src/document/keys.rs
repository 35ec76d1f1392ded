//! Duplicate keys: a cheap filter while reading, an exact look when it rings.

use rustc_hash::FxHashMap;

use super::node;
use super::problem::{Problem, ProblemKind};
use super::tape::Tape;

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
    pub(super) fn add(&mut self, key: &[u8]) {
        let mut first = [0; 8];
        first.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
        self.add_start(u64::from_le_bytes(first), key.len());
    }

    /// Adds a key of which the first eight bytes are these, the first one lowest, and zero behind
    /// its end.
    #[inline(always)]
    pub(super) fn add_start(&mut self, start: u64, length: usize) {
        let hash = (start ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Of a distance only the low six bits count.
        let (one, two) = ((hash >> 58) as u32, (hash >> 52) as u32);
        let [first, second] = &mut self.seen;
        self.suspicious |= first.wrapping_shr(one) & second.wrapping_shr(two) & 1 != 0;
        *first |= 1_u64.wrapping_shl(one);
        *second |= 1_u64.wrapping_shl(two);
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
