//! Where the tokens of a JSON text start: the first half of the fast reader.
//!
//! Tokens are the quotes around strings, the six operators, and the first byte of whatever else
//! stands outside of strings. They are found for 64 bytes at once, without a branch that depends
//! on the text, and kept for a window that fits the processor's nearest cache.

use super::fast::Surprise;
use super::lanes::{self, Lanes, WIDTH};
use super::likeness::line_feeds;
use crate::document::lines::LineMarks;

/// Tokens that are held at once.
const WINDOW: usize = 2048;
/// The same where little is needed, perhaps; it is doubled each time.
const NARROW: usize = 128;
/// Tokens that can be seen at once.
pub(super) const AHEAD: usize = 8;
/// What stands behind the last token: the offset of no byte.
const NOTHING: [u32; AHEAD] = [u32::MAX; AHEAD];

/// A moving window of token offsets over a text.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    window: Box<[u32; WINDOW]>,
    /// Tokens in the window.
    filled: usize,
    /// How many it may have.
    limit: usize,
    /// The offset of the block that is looked at next.
    scanned: usize,
    state: State,
    /// Offsets of the bytes in strings that need a closer look, ascending; from `odd_from` on.
    odd: Vec<u32>,
    odd_from: usize,
    /// The first of them.
    next_odd: u32,
    /// Line feeds before the block that is looked at next.
    lines: u32,
    marks: LineMarks,
}

/// What a block must know of those before it.
#[derive(Clone, Copy, Default)]
struct State {
    /// All bits, if it starts within a string.
    in_string: u64,
    /// The lowest bit, if the byte before it was part of a bare word.
    in_word: u64,
    /// Whether its first byte is escaped.
    escaped: bool,
}

/// What is in a block, one bit per byte.
struct Found {
    tokens: u64,
    /// The bytes in strings that need a closer look.
    odd: u64,
    newlines: u64,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8], from: usize) -> Self {
        Self {
            bytes,
            window: Box::new([u32::MAX; WINDOW]),
            filled: 0,
            limit: WINDOW,
            scanned: from,
            state: State::default(),
            odd: Vec::new(),
            odd_from: 0,
            next_odd: u32::MAX,
            lines: line_feeds(bytes, 0, from),
            marks: LineMarks::default(),
        }
    }

    /// Where lines were counted.
    pub(super) fn into_marks(self) -> LineMarks {
        self.marks
    }

    /// The tokens from `at` on, which changes when the window moves.
    #[inline(always)]
    pub(super) fn ahead(&mut self, at: &mut usize) -> Result<[u32; AHEAD], Surprise> {
        if *at + AHEAD > self.filled {
            self.refill(*at);
            *at = 0;
        }
        self.window.get(*at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Surprise)
    }

    /// Drops the tokens before `at` and looks for as many as the window holds.
    #[inline(never)]
    fn refill(&mut self, at: usize) {
        let at = at.min(self.filled);
        self.window.copy_within(at..self.filled, 0);
        self.filled -= at;
        self.limit = WINDOW.min(self.limit * 2);
        self.odd.drain(..self.odd_from);
        self.odd_from = 0;
        self.marks.add(self.scanned as u32, self.lines);
        self.fill();
        self.next_odd = self.odd.first().copied().unwrap_or(u32::MAX);
        let behind = self.window.iter_mut().skip(self.filled);
        behind.zip(NOTHING).for_each(|(slot, nothing)| *slot = nothing);
    }

    #[cfg(target_arch = "x86_64")]
    fn fill(&mut self) {
        // SAFETY: the processor has what the function is compiled for, in both cases.
        #[allow(unsafe_code)]
        unsafe {
            if lanes::Avx512::is_here() {
                return self.fill_by_avx512();
            }
            if lanes::Avx2::is_here() {
                return self.fill_by_avx2();
            }
        }
        self.fill_by::<lanes::Sse2>();
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn fill(&mut self) {
        self.fill_by::<lanes::Bytewise>();
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,pclmulqdq,popcnt")]
    fn fill_by_avx512(&mut self) {
        self.fill_by::<lanes::Avx512>();
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,pclmulqdq,popcnt")]
    fn fill_by_avx2(&mut self) {
        self.fill_by::<lanes::Avx2>();
    }

    #[inline(always)]
    fn fill_by<L: Lanes>(&mut self) {
        let mut state = self.state;
        while self.filled + WIDTH + AHEAD <= self.limit && self.scanned < self.bytes.len() {
            let rest = self.bytes.get(self.scanned..).unwrap_or_default();
            let found = if let Some(block) = rest.first_chunk() {
                state.pass::<L>(block)
            } else {
                let mut block = [b' '; WIDTH];
                block.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
                state.pass::<L>(&block)
            };
            if found.odd != 0 {
                self.note_odd(found.odd);
            }
            self.keep::<L>(found.tokens);
            self.lines += found.newlines.count_ones();
            self.scanned += WIDTH;
        }
        self.state = state;
    }

    /// Appends the offsets of these bits of the current block.
    #[inline(always)]
    fn keep<L: Lanes>(&mut self, bits: u64) {
        let Some(slots) = self.window.get_mut(self.filled..).and_then(|rest| rest.first_chunk_mut::<WIDTH>()) else {
            return;
        };
        L::offsets(bits, self.scanned as u32, slots);
        self.filled += bits.count_ones() as usize;
    }

    #[cold]
    fn note_odd(&mut self, mut bits: u64) {
        while bits != 0 {
            self.odd.push(self.scanned as u32 + bits.trailing_zeros());
            bits &= bits - 1;
        }
    }

    /// The first byte in a string that needs a closer look, of those that were not passed.
    #[inline(always)]
    pub(super) fn next_odd(&self) -> u32 {
        self.next_odd
    }

    /// Passes the odd bytes before `end`.
    pub(super) fn pass_odd(&mut self, end: u32) {
        self.odd_from += self.odd.iter().skip(self.odd_from).take_while(|odd| **odd < end).count();
        self.next_odd = self.odd.get(self.odd_from).copied().unwrap_or(u32::MAX);
    }

    /// Moves on from token `at` to one from an offset outside of strings on, which it returns. From
    /// token `at` to there so many lines end.
    pub(super) fn pass(&mut self, at: usize, offset: usize, lines: u32) -> usize {
        let left = self.window.get(at..self.filled).unwrap_or_default();
        if offset < self.scanned {
            let passed = left.partition_point(|token| (*token as usize) < offset);
            self.pass_odd(offset as u32);
            return at + passed;
        }
        let start = left.first().map_or(self.scanned, |token| *token as usize);
        self.lines += lines - line_feeds(self.bytes, start, self.scanned);
        self.odd.clear();
        self.odd_from = 0;
        (self.filled, self.scanned, self.state) = (0, offset, State::default());
        // What is behind will soon be passed as well, perhaps.
        self.limit = NARROW;
        0
    }

    /// Whether the text ends within a string.
    pub(super) fn ends_in_string(&self) -> bool {
        self.state.in_string != 0
    }
}

impl State {
    /// Looks at a block.
    #[inline(always)]
    fn pass<L: Lanes>(&mut self, block: &[u8; WIDTH]) -> Found {
        let classes = L::classes(block);
        let mut quotes = classes.quote;
        if self.escaped || classes.special & !classes.blank != 0 {
            quotes &= !self.escaped(L::backslashes(block));
        }
        let in_string = L::prefix_xor(quotes) ^ self.in_string;
        self.in_string = (in_string.cast_signed() >> 63).cast_unsigned();
        let words = !(classes.operator | classes.blank | quotes);
        let starts = words & !(words << 1 | self.in_word);
        self.in_word = words >> 63;
        Found {
            tokens: (classes.operator | starts) & !in_string | quotes,
            odd: classes.special & in_string,
            newlines: classes.newline,
        }
    }

    /// The bits of the bytes that follow a backslash which is not escaped itself.
    #[cold]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        let mut escaped = u64::from(std::mem::take(&mut self.escaped));
        let mut left = backslashes & !escaped;
        while left != 0 {
            let place = left.trailing_zeros();
            if place == 63 {
                self.escaped = true;
                break;
            }
            escaped |= 2 << place;
            left &= !(3 << place);
        }
        escaped
    }
}
