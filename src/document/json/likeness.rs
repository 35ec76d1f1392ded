//! What is written like something before it is read like it.
//!
//! A dump says the same thousands of times: one cluster after the other, with other names in it.
//! A container whose text is that of an earlier one but for some strings and numbers has the same
//! tape but for their places, and need not be read token by token: the texts are compared, which
//! takes a small part of the time.

use super::lanes::{self, Classes, Lanes, WIDTH};
use super::word_end;
use crate::document::tape::{MAX_NODES, RawKey, RawNode, Shape, Tape};

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
#[derive(Default)]
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
    /// The scalars in which those that are like it differed, counted from it on.
    varying: Vec<usize>,
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
        Self { last: Box::new([const { None }; KINDS]), copied: 0, wasted: 0 }
    }

    /// Notes that a container was read from end to end.
    #[inline(always)]
    pub(super) fn note(&mut self, kind: Kind, node: u32, depth: usize, end: usize) {
        let Some(last) = self.last.get_mut(usize::from(kind.0)) else { return };
        let last = last.get_or_insert_default();
        last.varying.clear();
        (last.node, last.end, last.depth, last.lines) = (node, end, depth, None);
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
        let varying = &mut model.varying;
        let mut copying = Copying { bytes, tape, model: model.node, until, end: model.end, varying, compared: 0 };
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
        (model.node, model.end, model.depth, model.lines) = (first, behind, depth, Some(lines));
        (model.misses, model.skipped) = (0, 0);
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
    /// The scalars in which others differed, counted from the first on.
    varying: &'a mut Vec<usize>,
    /// Bytes that were the same so far.
    compared: usize,
}

impl Copying<'_> {
    /// Copies the model to the text that starts at `start` if it differs in scalars only. Returns the
    /// offset behind it.
    #[cfg(target_arch = "x86_64")]
    fn read(&mut self, start: usize) -> Option<usize> {
        // SAFETY: the processor has what the function is compiled for, in both cases.
        #[allow(unsafe_code)]
        unsafe {
            if lanes::Avx512::is_here() {
                return self.read_by_avx512(start);
            }
            if lanes::Avx2::is_here() {
                return self.read_by_avx2(start);
            }
        }
        self.read_by::<lanes::Sse2>(start)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn read(&mut self, start: usize) -> Option<usize> {
        self.read_by::<lanes::Bytewise>(start)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,pclmulqdq,popcnt")]
    fn read_by_avx512(&mut self, start: usize) -> Option<usize> {
        self.read_by::<lanes::Avx512>(start)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,pclmulqdq,popcnt")]
    fn read_by_avx2(&mut self, start: usize) -> Option<usize> {
        self.read_by::<lanes::Avx2>(start)
    }

    #[inline(always)]
    fn read_by<L: Lanes>(&mut self, start: usize) -> Option<usize> {
        let model = self.tape.node(self.model)?;
        // The texts from these offsets on are compared next.
        let (mut old, mut new) = (model.start as usize, start);
        let (bytes, end) = (self.bytes, self.end);
        let mut copies = self.tape.copy(self.model..self.until);
        let mut expected = 0;
        loop {
            let by = new.wrapping_sub(old) as u32;
            // Mostly the same scalars differ again. What a processor does the same way each time takes it
            // half the time.
            let known = self.varying.get(expected).and_then(|place| Some((*place, copies.at(*place)?)));
            let until = known.map_or(end, |(_, known)| start_of_text(known));
            let as_known = is_same::<L>(bytes, old, new, until.wrapping_sub(old));
            let same = if as_known { until - old } else { common_length::<L>(bytes, old, new) };
            self.compared += same;
            new += same;
            let scalar = match known {
                None if as_known => {
                    copies.move_all(by);
                    return Some(new);
                }
                Some((place, known)) if as_known => {
                    copies.move_until(place, by);
                    known
                }
                _ => copies.move_those_before((old + same) as u32, by).filter(|next| holds(*next, old + same))?,
            };
            // What has escapes may differ behind them only, and is looked for each time.
            if !scalar.is_decoded() {
                if !as_known {
                    self.varying.insert(expected, copies.moved());
                }
                expected += 1;
            }
            let start = scalar.start.wrapping_add(by);
            new = match scalar.shape() {
                Shape::Quoted => string_end::<L>(bytes, new)?,
                _ => word_end(bytes, start as usize)?,
            };
            old = (scalar.start + scalar.extent()) as usize;
            copies.move_next(start, new as u32)?;
        }
    }
}

/// Whether a value is a scalar with an offset in its text, the first of those that do not end before it.
#[inline(always)]
fn holds(value: RawNode, offset: usize) -> bool {
    matches!(value.shape(), Shape::Quoted | Shape::Plain) && start_of_text(value) <= offset
}

/// Where a scalar may begin to differ from another: a string behind its quote.
#[inline(always)]
fn start_of_text(scalar: RawNode) -> usize {
    scalar.start as usize + usize::from(scalar.shape() == Shape::Quoted)
}

/// How many bytes the texts from two offsets on have in common.
#[inline(always)]
fn common_length<L: Lanes>(bytes: &[u8], one: usize, other: usize) -> usize {
    let (one, other) = (bytes.get(one..).unwrap_or_default(), bytes.get(other..).unwrap_or_default());
    let mut same = 0;
    for (one, other) in one.as_chunks().0.iter().zip(other.as_chunks().0) {
        let differences = L::differences(one, other);
        if differences != 0 {
            return same + differences.trailing_zeros() as usize;
        }
        same += WIDTH;
    }
    let rest = one.iter().zip(other).skip(same);
    same + rest.take_while(|(one, other)| one == other).count()
}

/// Whether the texts from two offsets on are the same for so many bytes.
#[inline(always)]
fn is_same<L: Lanes>(bytes: &[u8], one: usize, other: usize, length: usize) -> bool {
    let (one, other) = (bytes.get(one..).unwrap_or_default(), bytes.get(other..).unwrap_or_default());
    let mut left = length;
    if left == 0 {
        return true;
    }
    for (one, other) in one.as_chunks().0.iter().zip(other.as_chunks().0) {
        let differences = L::differences(one, other);
        if left <= WIDTH {
            return differences << (WIDTH - left) == 0;
        }
        if differences != 0 {
            return false;
        }
        left -= WIDTH;
    }
    let rest = length - left..length;
    one.get(rest.clone()).is_some_and(|one| other.get(rest) == Some(one))
}

/// The offset behind the first quote from `from` on, unless something before it needs a closer look,
/// or it may be escaped itself.
#[inline(always)]
fn string_end<L: Lanes>(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes.get(from.wrapping_sub(1)) == Some(&b'\\') {
        return None;
    }
    let rest = bytes.get(from..)?;
    let (blocks, tail) = rest.as_chunks();
    for (place, block) in blocks.iter().enumerate() {
        let Classes { quote, special, .. } = L::classes(block);
        let end = (quote | special).trailing_zeros();
        if end < WIDTH as u32 {
            return (quote >> end & 1 == 1).then_some(from + place * WIDTH + end as usize + 1);
        }
    }
    let end = tail.iter().position(|byte| *byte == b'"' || lanes::is_special(*byte))?;
    (tail.get(end) == Some(&b'"')).then_some(from + rest.len() - tail.len() + end + 1)
}
