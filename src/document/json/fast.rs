//! The reader for JSON without a fault, which is nearly all there is.
//!
//! It validates as it builds the tape, and gives up at the first surprise: the careful reader then
//! starts again and says what is wrong.

use super::likeness::{Candidate, Kind, Likeness, Models, line_feeds};
use super::tokens::Tokens;
use super::{Frame, MAX_DEPTH, Values, has_control_character, word_end};
use crate::document::keys::KeyHash;
use crate::document::problem::Problem;
use crate::document::tape::{MAX_LENGTH, MAX_NODES, RawKey, Shape, Tape};
use crate::document::{Span, escape};

/// Bytes of elements that are like each other, after which lines are noted again.
const MOST_AT_ONCE: usize = 1 << 18;

/// Bytes of a text from which on it pays to look for what is like something before, and to give
/// keys names. (Where the readers are held against each other, that is any text.)
const LARGE: usize = if cfg!(any(test, fuzzing)) { 1 } else { 1 << 20 };

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
    let frames = Box::new([Open { frame: Frame::new(u32::MAX, false), kind: Kind::of(RawKey::NONE) }; MAX_DEPTH]);
    let is_large = bytes.len() >= LARGE;
    Reader { bytes, tokens, tape, problems, models: Models::new(), frames, depth: 0, is_large }.roots()
}

struct Reader<'a> {
    bytes: &'a [u8],
    tokens: Tokens<'a>,
    tape: &'a mut Tape,
    problems: &'a mut Vec<Problem>,
    /// What containers may be like.
    models: Models,
    /// The open containers.
    frames: Box<[Open; MAX_DEPTH]>,
    /// How many they are.
    depth: usize,
    is_large: bool,
}

/// An open container.
#[derive(Clone, Copy)]
struct Open {
    frame: Frame,
    kind: Kind,
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
                let kind = self.kind(is_object, member.key);
                // In ASCII the closing bracket is the opening one plus two.
                if self.byte(member.end) == first + 2 {
                    self.tape.append(shape, member.start as usize, 1, member.key);
                    at += 2;
                } else if let Some(Likeness { behind, lines }) = self.likeness(kind, is_object, member) {
                    at = self.tokens.pass(at, behind, lines);
                } else {
                    let [_, inside @ .., _, _] = self.tokens.ahead(&mut at)?;
                    let node = self.tape.append(shape, member.start as usize, 1, member.key);
                    is_object = first == b'{';
                    self.open(node, is_object, kind)?;
                    let (first, before) = self.member(is_object, inside)?;
                    member = first;
                    at += 1 + before;
                    continue;
                }
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
                is_object = self.innermost().frame.is_object;
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

    /// The kind of the container with this key.
    #[inline(always)]
    fn kind(&mut self, is_member: bool, key: RawKey) -> Kind {
        if is_member { Kind::of(key) } else { self.innermost().kind.of_element() }
    }

    /// Reads the container that starts here, and those behind it in the array, if they are like
    /// others before.
    #[inline(always)]
    fn likeness(&mut self, kind: Kind, is_member: bool, first: Member) -> Option<Likeness> {
        // What has a key twice is to be reported each time.
        if !self.is_large || self.depth == 0 || !self.problems.is_empty() {
            return None;
        }
        let mut next = Candidate { kind, depth: self.depth, start: first.start as usize, key: first.key };
        let mut read = self.models.read(next, self.bytes, self.tape)?;
        while !is_member
            && read.behind - (first.start as usize) < MOST_AT_ONCE
            && let Some(start) = next_element(self.bytes, read.behind)
        {
            (next.start, next.key) = (start, RawKey::NONE);
            let Some(Likeness { behind, lines }) = self.models.read(next, self.bytes, self.tape) else { break };
            read.lines += line_feeds(self.bytes, read.behind, start) + lines;
            read.behind = behind;
        }
        Some(read)
    }

    #[inline(always)]
    fn open(&mut self, node: u32, is_object: bool, kind: Kind) -> Result<(), Surprise> {
        *self.frames.get_mut(self.depth).ok_or(Surprise)? = Open { frame: Frame::new(node, is_object), kind };
        self.depth += 1;
        Ok(())
    }

    #[inline(always)]
    fn close(&mut self, end: u32) {
        let Open { frame, kind } = *self.innermost();
        self.depth -= 1;
        if self.is_large {
            self.models.note(kind, frame.node, self.depth, end as usize);
        }
        frame.close(end as usize, self.bytes, self.tape, self.problems);
    }

    /// The innermost container that is open. (With none open, the one that was closed last.)
    #[inline(always)]
    fn innermost(&mut self) -> &mut Open {
        // There are as many frames as values of a byte, so that this finds one without a look.
        let place = self.depth.wrapping_sub(1) as u8;
        self.frames.get_mut(usize::from(place)).unwrap_or_else(|| unreachable!("a byte counts up to MAX_DEPTH"))
    }

    /// Reads the scalar at token `at`. Returns the token behind it.
    #[inline(always)]
    fn scalar(&mut self, Member { key, start, end }: Member, at: usize) -> Result<usize, Surprise> {
        if self.byte(start) == b'"' {
            self.append(Shape::Quoted, start, end as usize + 1, key)?;
            if self.tokens.next_odd() < end {
                self.odd_string(start, end)?;
            }
            return Ok(at + 2);
        }
        let end = word_end(self.bytes, start as usize).ok_or(Surprise)?;
        self.append(Shape::Plain, start, end, key)?;
        Ok(at + 1)
    }

    #[inline(always)]
    fn append(&mut self, shape: Shape, start: u32, end: usize, key: RawKey) -> Result<(), Surprise> {
        let length = end - start as usize;
        if length >= MAX_LENGTH as usize {
            return Err(Surprise);
        }
        self.tape.append(shape, start as usize, length as u32, key);
        Ok(())
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
        let hash = KeyHash::of(start, length);
        self.innermost().frame.keys.add(hash);
        if self.tokens.next_odd() < close {
            return self.odd_key(open, close, value);
        }
        let Some(key) = RawKey::near(value.wrapping_sub(open), length - 1, (start >> 8) as u8) else {
            return Ok(self.tape.written_key(self.bytes, Span { start: open, end: close + 1 }, value));
        };
        Ok(self.tape.name(key, self.bytes, hash, open + 1, length - 1))
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
                self.innermost().frame.keys.suspect();
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

/// Where the next element of an array starts, if the one before ends at `from`.
#[inline(always)]
fn next_element(bytes: &[u8], from: usize) -> Option<usize> {
    let comma = skip_blanks(bytes, from);
    (bytes.get(comma) == Some(&b',')).then(|| skip_blanks(bytes, comma + 1))
}

/// The first byte from here on that is not blank.
#[inline(always)]
fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count()
}
