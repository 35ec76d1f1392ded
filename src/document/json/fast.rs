//! The reader for JSON without a fault, which is nearly all there is.
//!
//! It validates as it builds the tape, and gives up at the first surprise: the careful reader then
//! starts again and says what is wrong.

use super::tokens::Tokens;
use super::{Frame, MAX_DEPTH, Values, has_control_character, is_json_number};
use crate::document::problem::Problem;
use crate::document::tape::{KeyTag, RawKey, Shape, Tape};
use crate::document::{Span, escape};

/// What only the careful reader can deal with.
pub(super) struct Surprise;

/// Reads every JSON value of `bytes` from `from` on.
pub(super) fn read(
    bytes: &[u8],
    from: usize,
    tape: &mut Tape,
    problems: &mut Vec<Problem>,
) -> Result<Values, Surprise> {
    let tokens = Tokens::new(bytes, from);
    Reader { bytes, tokens, tape, problems, frames: Vec::with_capacity(64) }.roots()
}

struct Reader<'a> {
    bytes: &'a [u8],
    tokens: Tokens<'a>,
    tape: &'a mut Tape,
    problems: &'a mut Vec<Problem>,
    frames: Vec<Frame>,
}

impl Reader<'_> {
    fn roots(mut self) -> Result<Values, Surprise> {
        let mut roots = Vec::new();
        let mut at = 0;
        loop {
            let [first, ..] = self.tokens.ahead(&mut at);
            match self.byte(first) {
                _ if first == u32::MAX => break,
                b'{' | b'[' => {}
                _ if roots.is_empty() => {}
                _ => return Err(Surprise),
            }
            roots.push(self.tape.len() as u32);
            at = self.root(at)?;
        }
        if self.tokens.ends_in_string() { Err(Surprise) } else { Ok(Values { roots, lines: self.tokens.into_marks() }) }
    }

    /// Reads the value at token `at`. Returns the token behind it.
    fn root(&mut self, mut at: usize) -> Result<usize, Surprise> {
        let mut key = RawKey::NONE;
        let mut is_object = false;
        let [mut start, mut end, ..] = self.tokens.ahead(&mut at);
        'value: loop {
            if self.tape.is_full() {
                return Err(Surprise);
            }
            match self.byte(start) {
                b'"' => {
                    self.tape.push_raw(Shape::Quoted, start as usize, end as usize + 1, key);
                    at += 2;
                    if self.tokens.next_odd() < end {
                        self.odd_string(start, end)?;
                    }
                }
                first @ (b'{' | b'[') => {
                    let shape = if first == b'{' { Shape::Object } else { Shape::Array };
                    let node = self.tape.push_raw(shape, start as usize, end as usize + 1, key);
                    // In ASCII the closing bracket is the opening one plus two.
                    if self.byte(end) == first + 2 {
                        at += 2;
                    } else {
                        self.open_frame(node, first == b'{')?;
                        at += 1;
                        is_object = first == b'{';
                        let [open, close, colon, value, behind, ..] = self.tokens.ahead(&mut at);
                        if is_object {
                            key = self.key(open, close, colon, value)?;
                            (start, end) = (value, behind);
                            at += 3;
                        } else {
                            key = RawKey::NONE;
                            (start, end) = (open, close);
                        }
                        continue;
                    }
                }
                _ => {
                    let end = self.word(start as usize).ok_or(Surprise)?;
                    self.tape.push_raw(Shape::Plain, start as usize, end, key);
                    at += 1;
                }
            }
            if self.frames.is_empty() {
                return Ok(at);
            }
            loop {
                let [separator, open, close, colon, value, behind, ..] = self.tokens.ahead(&mut at);
                match self.byte(separator) {
                    b',' if is_object => {
                        key = self.key(open, close, colon, value)?;
                        (start, end) = (value, behind);
                        at += 4;
                        continue 'value;
                    }
                    b',' => {
                        key = RawKey::NONE;
                        (start, end) = (open, close);
                        at += 1;
                        continue 'value;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(Surprise),
                }
                at += 1;
                self.close_frame(separator as usize + 1);
                let Some(outer) = self.frames.last() else { return Ok(at) };
                is_object = outer.is_object;
            }
        }
    }

    /// Reads a key between its quotes, and its colon.
    #[inline(always)]
    fn key(&mut self, open: u32, close: u32, colon: u32, value: u32) -> Result<RawKey, Surprise> {
        // The quote and seven bytes behind it: to compare, to tell apart, to hash.
        let start = self.word_at(open);
        if start & 0xff != u64::from(b'"') || self.byte(colon) != b':' {
            return Err(Surprise);
        }
        let length = (close - open) as usize;
        if let Some(frame) = self.frames.last_mut() {
            frame.keys.add_start(start << (64 - 8 * length.min(8)), length);
        }
        if self.tokens.next_odd() < close {
            return self.odd_key(open, close, value);
        }
        // Behind the quote of an empty key stands another quote.
        let first = if length > 1 { (start >> 8) as u8 } else { 0 };
        let tag = KeyTag::new(length - 1, first);
        Ok(self.tape.near_key(Span { start: open, end: close + 1 }, tag, value))
    }

    /// Eight bytes from a token on, the first one lowest; zeroes behind the end.
    #[inline(always)]
    fn word_at(&self, token: u32) -> u64 {
        match self.bytes.get(token as usize..).and_then(|rest| rest.first_chunk()) {
            Some(word) => u64::from_le_bytes(*word),
            None => (0..8).rev().fold(0, |word, place| word << 8 | u64::from(self.byte(token.saturating_add(place)))),
        }
    }

    #[inline(always)]
    fn open_frame(&mut self, node: u32, is_object: bool) -> Result<(), Surprise> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Surprise);
        }
        self.frames.push(Frame::new(node, is_object));
        Ok(())
    }

    #[inline(always)]
    fn close_frame(&mut self, end: usize) {
        let Some(frame) = self.frames.pop() else { return };
        frame.close(end, self.bytes, self.tape, self.problems);
    }

    /// The byte at a token, or a NUL behind the end.
    #[inline(always)]
    fn byte(&self, token: u32) -> u8 {
        self.bytes.get(token as usize).copied().unwrap_or_default()
    }

    /// The end of the number, boolean or null that starts here.
    #[inline(always)]
    fn word(&self, start: usize) -> Option<usize> {
        let rest = self.bytes.get(start..)?;
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

    /// Looks closer at a string that has escapes or non-ASCII characters.
    #[cold]
    fn odd_string(&mut self, start: u32, end: u32) -> Result<(), Surprise> {
        let text = self.odd_text(start, end)?;
        if text.contains('\\') {
            self.tape.decode_last_later();
        }
        self.tokens.pass_odd(end);
        Ok(())
    }

    /// As [`Self::odd_string`] for a key.
    #[cold]
    fn odd_key(&mut self, start: u32, end: u32, value: u32) -> Result<RawKey, Surprise> {
        let text = self.odd_text(start, end)?;
        let decoded = text.contains('\\').then(|| escape::decode_json(text).into());
        let span = Span { start, end: end + 1 };
        let key = match decoded {
            Some(text) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.keys.suspect();
                }
                self.tape.decoded_key(span, text)
            }
            None => self.tape.written_key(self.bytes, span, value),
        };
        self.tokens.pass_odd(end);
        Ok(key)
    }

    /// What stands between two quotes, if it is UTF-8 without control characters.
    fn odd_text(&self, start: u32, end: u32) -> Result<&str, Surprise> {
        let raw = self.bytes.get(start as usize + 1..end as usize).ok_or(Surprise)?;
        if has_control_character(raw) {
            return Err(Surprise);
        }
        std::str::from_utf8(raw).map_err(|_| Surprise)
    }
}

/// Whether a bare word ends before this byte.
#[inline(always)]
fn ends_word(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
}
