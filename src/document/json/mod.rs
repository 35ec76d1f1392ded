//! The JSON reader: from text to tape.
//!
//! A text without a fault takes the fast path, which looks at 64 bytes at once and copies what is
//! like something before. Any other is read again with care, and keeps all that can be understood
//! of it.

mod careful;
mod fast;
mod lanes;
mod likeness;
mod tokens;

use super::MAX_DEPTH;
use super::keys::{KeyFilter, find_duplicates};
use super::lines::LineMarks;
use super::problem::Problem;
use super::scalar::is_json_number;
use super::tape::Tape;

/// Bytes of JSON per value, from below: sizes the tape so that it rarely grows.
const BYTES_PER_NODE: usize = 30;

/// What a text has besides its tape.
pub(super) struct Values {
    /// The roots' indices.
    pub(super) roots: Vec<u32>,
    pub(super) lines: LineMarks,
}

/// Reads every JSON value of `bytes` (usually one) from `from` on.
pub(super) fn read(bytes: &[u8], from: usize, tape: &mut Tape, problems: &mut Vec<Problem>) -> Values {
    let (mark, known) = (tape.mark(), problems.len());
    if let Ok(values) = fast::read(bytes, from, tape, problems) {
        return values;
    }
    tape.rewind(mark);
    problems.truncate(known);
    Values { roots: careful::read(bytes, from, tape, problems), lines: LineMarks::default() }
}

/// Reads by the fast path alone, to hold it against the other.
#[cfg(any(test, fuzzing))]
pub(super) fn read_fast(bytes: &[u8], tape: &mut Tape, problems: &mut Vec<Problem>) -> Option<Values> {
    fast::read(bytes, 0, tape, problems).ok()
}

/// Reads with care from the start, to hold the fast path against it.
#[cfg(any(test, fuzzing))]
pub(super) fn read_carefully(bytes: &[u8], tape: &mut Tape, problems: &mut Vec<Problem>) -> Vec<u32> {
    careful::read(bytes, 0, tape, problems)
}

/// An open object or array.
#[derive(Clone, Copy)]
struct Frame {
    node: u32,
    is_object: bool,
    keys: KeyFilter,
}

impl Frame {
    fn new(node: u32, is_object: bool) -> Self {
        Self { node, is_object, keys: KeyFilter::default() }
    }

    /// Ends the container before `end`, and reports what it has twice.
    #[inline(always)]
    fn close(self, end: usize, bytes: &[u8], tape: &mut Tape, problems: &mut Vec<Problem>) {
        tape.close(self.node, end);
        if self.keys.is_suspicious() {
            find_duplicates(bytes, tape, self.node, problems);
        }
    }
}

/// The end of the number, boolean or null that starts here.
#[inline(always)]
fn word_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let length = match rest.first()? {
        b't' | b'n' => 4,
        b'f' => 5,
        _ => rest.iter().take_while(|byte| !ends_word(**byte)).count(),
    };
    if rest.get(length).is_some_and(|byte| !ends_word(*byte)) {
        return None;
    }
    let word = rest.get(..length)?;
    let known = match word {
        b"true" | b"false" | b"null" => true,
        [b'1'..=b'9', digits @ ..] if length <= 18 && digits.iter().all(u8::is_ascii_digit) => true,
        _ => std::str::from_utf8(word).is_ok_and(is_json_number),
    };
    known.then_some(start + length)
}

/// Whether a bare word ends before this byte.
#[inline(always)]
fn ends_word(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
}

/// Whether a text has characters that JSON wants escaped.
fn has_control_character(text: &[u8]) -> bool {
    // Without a way out the loop is one that the compiler can vectorize.
    #[allow(clippy::needless_bitwise_bool)]
    text.iter().fold(false, |found, byte| found | (*byte < 0x20))
}

/// The tape that fits a text of this length.
pub(super) fn sized_tape(length: usize) -> Tape {
    Tape::with_capacity(length / BYTES_PER_NODE + 16)
}
