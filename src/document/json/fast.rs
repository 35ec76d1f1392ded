//! The reader for JSON without a fault, which is nearly all there is.
//!
//! It validates as it builds the tape, and gives up at the first surprise: the careful reader then
//! starts again and says what is wrong.

use super::tokens::Tokens;
use super::{Frame, MAX_DEPTH, Values, has_control_character, is_json_number};
use crate::document::keys::KeyHash;
use crate::document::problem::Problem;
use crate::document::tape::{MAX_NODES, RawKey, Shape, Tape};
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
    let frames = Box::new([Frame::new(u32::MAX, false); MAX_DEPTH]);
    Reader { bytes, tokens, tape, problems, frames, depth: 0 }.roots()
}

struct Reader<'a> {
    bytes: &'a [u8],
    tokens: Tokens<'a>,
    tape: &'a mut Tape,
    problems: &'a mut Vec<Problem>,
    /// The open containers.
    frames: Box<[Frame; MAX_DEPTH]>,
    /// How many they are.
    depth: usize,
}

/// A member of an object, or an element of an array.
#[derive(Clone, Copy)]
struct Member {
    key: RawKey,
    /// Where its value starts.
    start: u32,
    /// The next token: the closing quote of a string.
    end: u32,
}

impl Reader<'_> {
    fn roots(mut self) -> Result<Values, Surprise> {
        let mut roots = Vec::new();
        let mut at = 0;
        loop {
            let [first, second, ..] = self.tokens.ahead(&mut at)?;
            if first == u32::MAX {
                break;
            }
            let is_container = matches!(self.byte(first), b'{' | b'[');
            // Several values in a row are read where they are containers.
            if !is_container && !roots.is_empty() {
                return Err(Surprise);
            }
            roots.push(self.tape.len() as u32);
            if is_container {
                at = self.container(at)?;
            } else {
                at = self.scalar(Member { key: RawKey::NONE, start: first, end: second }, at)?;
            }
        }
        if self.tokens.ends_in_string() { Err(Surprise) } else { Ok(Values { roots, lines: self.tokens.into_marks() }) }
    }

    /// Reads the container that token `at` opens. Returns the token behind it.
    #[inline(always)]
    fn container(&mut self, mut at: usize) -> Result<usize, Surprise> {
        let [start, end, ..] = self.tokens.ahead(&mut at)?;
        let mut member = Member { key: RawKey::NONE, start, end };
        let mut is_object = false;
        // A value and what separates it from the next take two bytes at least.
        let may_fill = self.bytes.len() / 2 >= MAX_NODES;
        'value: loop {
            if may_fill && self.tape.is_full() {
                return Err(Surprise);
            }
            let first = self.byte(member.start);
            if first == b'{' || first == b'[' {
                let shape = if first == b'{' { Shape::Object } else { Shape::Array };
                let node = self.tape.push_raw(shape, member.start as usize, member.end as usize + 1, member.key);
                let [_, inside @ .., _, _] = self.tokens.ahead(&mut at)?;
                // In ASCII the closing bracket is the opening one plus two.
                if self.byte(inside[0]) != first + 2 {
                    is_object = first == b'{';
                    self.open(node, is_object)?;
                    let (first, before) = self.member(is_object, inside)?;
                    member = first;
                    at += 1 + before;
                    continue;
                }
                at += 2;
                if self.depth == 0 {
                    return Ok(at);
                }
            } else {
                at = self.scalar(member, at)?;
            }
            loop {
                let [separator, behind @ .., _, _] = self.tokens.ahead(&mut at)?;
                let byte = self.byte(separator);
                if byte == b',' {
                    let (next, before) = self.member(is_object, behind)?;
                    member = next;
                    at += 1 + before;
                    continue 'value;
                }
                if byte != (if is_object { b'}' } else { b']' }) {
                    return Err(Surprise);
                }
                at += 1;
                self.close(separator + 1);
                if self.depth == 0 {
                    return Ok(at);
                }
                is_object = self.frame().is_object;
            }
        }
    }

    /// The member or element that starts with the first of these tokens, and how many of them stand
    /// before its value.
    #[inline(always)]
    fn member(&mut self, is_object: bool, tokens: [u32; 5]) -> Result<(Member, usize), Surprise> {
        let [open, close, colon, value, behind] = tokens;
        if !is_object {
            return Ok((Member { key: RawKey::NONE, start: open, end: close }, 0));
        }
        let key = self.key(open, close, colon, value)?;
        Ok((Member { key, start: value, end: behind }, 3))
    }

    #[inline(always)]
    fn open(&mut self, node: u32, is_object: bool) -> Result<(), Surprise> {
        *self.frames.get_mut(self.depth).ok_or(Surprise)? = Frame::new(node, is_object);
        self.depth += 1;
        Ok(())
    }

    #[inline(always)]
    fn close(&mut self, end: u32) {
        let frame = *self.frame();
        self.depth -= 1;
        frame.close(end as usize, self.bytes, self.tape, self.problems);
    }

    /// The innermost container that is open. (With none open, the one that was closed last.)
    #[inline(always)]
    fn frame(&mut self) -> &mut Frame {
        // There are as many frames as values of a byte, so that this finds one without a look.
        let place = self.depth.wrapping_sub(1) as u8;
        self.frames.get_mut(usize::from(place)).unwrap_or_else(|| unreachable!("a byte counts up to MAX_DEPTH"))
    }

    /// Reads the scalar at token `at`. Returns the token behind it.
    #[inline(always)]
    fn scalar(&mut self, Member { key, start, end }: Member, at: usize) -> Result<usize, Surprise> {
        if self.byte(start) == b'"' {
            self.tape.push_raw(Shape::Quoted, start as usize, end as usize + 1, key);
            if self.tokens.next_odd() < end {
                self.odd_string(start, end)?;
            }
            return Ok(at + 2);
        }
        let end = self.word(start as usize).ok_or(Surprise)?;
        self.tape.push_raw(Shape::Plain, start as usize, end, key);
        Ok(at + 1)
    }

    /// Reads a key between its quotes, and its colon.
    #[inline(always)]
    fn key(&mut self, open: u32, close: u32, colon: u32, value: u32) -> Result<RawKey, Surprise> {
        // The quote and seven bytes behind it: to compare, to tell apart, to hash.
        let start = self.word_at(open);
        if start & 0xff != u64::from(b'"') || self.byte(colon) != b':' {
            return Err(Surprise);
        }
        let length = close.wrapping_sub(open);
        self.frame().keys.add(KeyHash::of(start, length));
        if self.tokens.next_odd() < close {
            return self.odd_key(open, close, value);
        }
        match RawKey::near(value.wrapping_sub(open), length - 1, (start >> 8) as u8) {
            Some(key) => Ok(key),
            None => Ok(self.tape.written_key(self.bytes, Span { start: open, end: close + 1 }, value)),
        }
    }

    /// Eight bytes from a token on, the first one lowest; zeroes behind the end.
    #[inline(always)]
    fn word_at(&self, token: u32) -> u64 {
        let start = token as usize;
        match self.bytes.get(start..start.wrapping_add(8)).and_then(|word| word.first_chunk()) {
            Some(word) => u64::from_le_bytes(*word),
            None => self.last_word_at(token),
        }
    }

    #[cold]
    fn last_word_at(&self, token: u32) -> u64 {
        (0..8).rev().fold(0, |word, place| word << 8 | u64::from(self.byte(token.saturating_add(place))))
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
                self.frame().keys.suspect();
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
