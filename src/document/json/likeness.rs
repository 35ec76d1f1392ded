//! What is written like something before it is read like it.
//!
//! A dump says the same thousands of times: one cluster after the other, with other names in it.
//! A container whose text is that of an earlier one but for some strings and numbers has the same
//! tape but for their places, and need not be read token by token: the texts are compared, which
//! takes a small part of the time.

use super::word_end;
use crate::document::tape::{MAX_NODES, RawKey, Shape, Tape};

/// Kinds of containers that are told apart.
const KINDS: usize = 256;
/// Bytes that may be compared in vain before that is weighed against what was copied.
const FREE: usize = 1 << 14;
/// What a comparison in vain costs besides, in bytes.
const PER_TRY: usize = 64;
/// Values that a container has at least for the comparison to be worth it.
const FEWEST: u32 = 6;
/// The most misses in a row that count: of so many times two containers one is compared then.
const MOST_MISSES: u32 = 6;

/// What containers that may be like each other have in common: about the same key, of their own or
/// of the array that they are in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind(u8);

impl Kind {
    /// Of a container with this key.
    #[inline(always)]
    pub(super) fn of(key: RawKey) -> Self {
        Self(key.digest())
    }

    /// Of a container in an array of this kind.
    #[inline(always)]
    pub(super) fn of_element(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// A container that was read.
#[derive(Clone, Copy)]
struct Model {
    node: u32,
    /// The offset behind it.
    end: usize,
    /// How many containers are around it.
    depth: usize,
    /// How many lines end in it, if that is known.
    lines: Option<u32>,
    /// How often in a row one of its kind was compared in vain.
    misses: u32,
    /// How many of its kind are not compared for that reason.
    skipped: u32,
}

/// A container that is about to be read.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) kind: Kind,
    /// How many containers are around it.
    pub(super) depth: usize,
    /// Where it starts.
    pub(super) start: usize,
    pub(super) key: RawKey,
}

/// What was read because it is like something before.
#[derive(Clone, Copy)]
pub(super) struct Likeness {
    /// The offset behind it.
    pub(super) behind: usize,
    /// How many lines end in it.
    pub(super) lines: u32,
}

/// The containers that later ones may be like: the last one of each kind.
pub(super) struct Models {
    last: Box<[Option<Model>; KINDS]>,
    /// Bytes that were copied.
    copied: usize,
    /// Bytes that were compared in vain.
    wasted: usize,
}

impl Models {
    pub(super) fn new() -> Self {
        Self { last: Box::new([None; KINDS]), copied: 0, wasted: 0 }
    }

    /// Notes that a container was read from end to end.
    #[inline(always)]
    pub(super) fn note(&mut self, kind: Kind, node: u32, depth: usize, end: usize) {
        if let Some(last) = self.last.get_mut(usize::from(kind.0)) {
            let (misses, skipped) = last.map_or((0, 0), |model| (model.misses, model.skipped));
            *last = Some(Model { node, end, depth, lines: None, misses, skipped });
        }
    }

    /// Reads a container if it is like the last one of its kind.
    pub(super) fn read(&mut self, container: Candidate, bytes: &[u8], tape: &mut Tape) -> Option<Likeness> {
        let Candidate { kind, depth, start, key } = container;
        let model = self.last.get_mut(usize::from(kind.0))?.as_mut()?;
        if model.skipped > 0 {
            model.skipped -= 1;
            return None;
        }
        // What was less deep may have too much in it. Who makes us compare in vain is read as any other.
        if model.depth < depth || self.wasted > FREE + self.copied / 2 || tape.has_odd_keys_from(model.node) {
            return None;
        }
        let (mark, first, original) = (tape.mark(), tape.len() as u32, tape.node(model.node)?);
        let count = original.entries();
        if count < FEWEST || tape.len() + count as usize > MAX_NODES {
            return None;
        }
        let until = model.node + count;
        let mut copying = Copying { bytes, tape, model: model.node, until, end: model.end, compared: 0 };
        let Some(behind) = copying.read(start) else {
            self.wasted += copying.compared + PER_TRY;
            model.misses = MOST_MISSES.min(model.misses + 1);
            model.skipped = (1 << model.misses) - 1;
            tape.rewind(mark);
            return None;
        };
        self.copied += behind - start;
        tape.rename(first, key);
        tape.copy_escapes(model.node, until, first - model.node);
        // Those of both are the same: strings and numbers have none.
        let lines = model.lines.unwrap_or_else(|| line_feeds(bytes, original.start as usize, model.end));
        *model = Model { node: first, end: behind, depth, lines: Some(lines), misses: 0, skipped: 0 };
        Some(Likeness { behind, lines })
    }
}

/// How many line feeds there are between two offsets.
pub(super) fn line_feeds(bytes: &[u8], from: usize, until: usize) -> u32 {
    memchr::memchr_iter(b'\n', bytes.get(from..until).unwrap_or_default()).count() as u32
}

/// A copy of values to a text that is like theirs.
struct Copying<'a> {
    bytes: &'a [u8],
    tape: &'a mut Tape,
    /// The first of the values, and the one behind the last.
    model: u32,
    until: u32,
    /// The offset behind them.
    end: usize,
    /// Bytes that were the same so far.
    compared: usize,
}

impl Copying<'_> {
    /// Copies the model to the text that starts at `start` if it differs in scalars only. Returns the
    /// offset behind it.
    fn read(&mut self, start: usize) -> Option<usize> {
        // SAFETY: the processor has what the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") {
            return unsafe { self.read_by_avx2(start) };
        }
        self.read_by_any(start)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1")]
    fn read_by_avx2(&mut self, start: usize) -> Option<usize> {
        self.read_by_any(start)
    }

    #[inline(always)]
    fn read_by_any(&mut self, start: usize) -> Option<usize> {
        let model = self.tape.node(self.model)?;
        // The texts from these offsets on are compared next.
        let (mut old, mut new, mut next) = (model.start as usize, start, self.model);
        let end = self.end;
        loop {
            let same = common_length(self.bytes.get(old..end)?, self.bytes.get(new..)?);
            self.compared += same;
            let (limit, by) = (old + same, new.wrapping_sub(old) as u32);
            let passed = self.tape.passed(next, self.until, limit as u32);
            self.tape.copy_moved(next, passed, by);
            if limit == end {
                return Some(new + same);
            }
            let other = self.tape.node(passed)?;
            let start = other.start.wrapping_add(by);
            new = match other.shape() {
                Shape::Quoted if (other.start as usize) < limit => string_end(self.bytes, new + same)?,
                Shape::Plain if other.start as usize <= limit => word_end(self.bytes, start as usize)?,
                _ => return None,
            };
            self.tape.copy_to(other, start, new as u32)?;
            (old, next) = ((other.start + other.extent()) as usize, passed + 1);
        }
    }
}

/// How many bytes two texts have in common from their start on.
#[inline(always)]
fn common_length(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_chunks::<64>().0, other.as_chunks::<64>().0);
    let same = ones.iter().zip(others).take_while(|(one, other)| is_same(one, other)).count() * 64;
    let (one, other) = (one.get(same..).unwrap_or_default(), other.get(same..).unwrap_or_default());
    for (place, (one, other)) in one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0).enumerate() {
        let difference = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if difference != 0 {
            return same + place * 8 + difference.trailing_zeros() as usize / 8;
        }
    }
    let words = one.len().min(other.len()) / 8 * 8;
    let rest = one.iter().zip(other).skip(words);
    same + words + rest.take_while(|(one, other)| one == other).count()
}

/// Whether two blocks are the same, in few instructions.
#[inline(always)]
fn is_same(one: &[u8; 64], other: &[u8; 64]) -> bool {
    one.iter().zip(other).fold(0, |difference, (one, other)| difference | one ^ other) == 0
}

/// The offset behind the first quote from `from` on, unless something before it needs a closer look.
#[inline(always)]
fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    for (place, word) in rest.as_chunks::<8>().0.iter().enumerate() {
        let ends = ends_of_plain_text(u64::from_le_bytes(*word));
        if ends != 0 {
            let end = place * 8 + ends.trailing_zeros() as usize / 8;
            return (rest.get(end) == Some(&b'"')).then_some(from + end + 1);
        }
    }
    None
}

/// The highest bit of each byte that is a quote, a backslash, below 0x20 or above 0x7f, if there is
/// one; what is above the lowest of them means nothing.
#[inline(always)]
fn ends_of_plain_text(word: u64) -> u64 {
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let (quote, backslash) = (word ^ each(b'"'), word ^ each(b'\\'));
    let below = |word: u64, limit: u8| word.wrapping_sub(each(limit)) & !word;
    (below(quote, 1) | below(backslash, 1) | below(word, 0x20) | word) & each(0x80)
}
