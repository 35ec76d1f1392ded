//! The reader for JSON with faults, byte by byte.
//!
//! It keeps going where it can. A syntax error costs the innermost container that holds it, a text
//! that ends too early keeps all that was read so far, a container below the depth limit is skipped
//! as a whole; each leaves a [`Problem`].

use super::{Frame, MAX_DEPTH, has_control_character, is_json_number};
use crate::document::problem::{Problem, ProblemKind};
use crate::document::tape::{RawKey, Shape, Tape};
use crate::document::{Span, escape};

/// Syntax errors after which the rest of a text is given up.
const MAX_RECOVERIES: usize = 20;

/// Reads every JSON value of `bytes` (usually one) from `from` on. Returns the roots' indices.
pub(super) fn read(bytes: &[u8], from: usize, tape: &mut Tape, problems: &mut Vec<Problem>) -> Vec<u32> {
    tape.keep_ends();
    let mut reader = Reader { bytes, tape, problems, frames: Vec::with_capacity(64), recoveries: 0 };
    reader.roots(from)
}

/// Why reading a value stopped.
enum Stop {
    /// The grammar is broken at this offset.
    Syntax(usize, &'static str),
    /// The text ended.
    End,
    /// The tape is full at this offset.
    Full(usize),
}

struct Reader<'a> {
    bytes: &'a [u8],
    tape: &'a mut Tape,
    problems: &'a mut Vec<Problem>,
    frames: Vec<Frame>,
    recoveries: usize,
}

impl Reader<'_> {
    fn roots(&mut self, from: usize) -> Vec<u32> {
        let mut roots = Vec::new();
        let mut at = from;
        loop {
            at = skip_blanks(self.bytes, at);
            if at >= self.bytes.len() {
                return roots;
            }
            if !roots.is_empty() && !starts_value(self.bytes, at) {
                let rest = Span::new(at, trimmed_end(self.bytes));
                self.report(ProblemKind::TrailingText, rest, None);
                return roots;
            }
            let root = self.tape.len() as u32;
            let end = self.root(at);
            if self.tape.len() as u32 > root {
                roots.push(root);
            }
            match end {
                Some(end) => at = end,
                None => return roots,
            }
        }
    }

    /// Reads one root value. Returns the offset behind it, or nothing when the rest of the text is
    /// given up.
    fn root(&mut self, start: usize) -> Option<usize> {
        let mut at = start;
        let mut behind_value = false;
        loop {
            match self.values(at, behind_value) {
                Ok(end) => return Some(end),
                Err(stop) => at = self.stopped(&stop)?,
            }
            behind_value = true;
        }
    }

    /// Reads values and what is between them until the root is complete. Returns the offset behind
    /// it. Starts behind a value if `behind_value` is set.
    fn values(&mut self, start: usize, behind_value: bool) -> Result<usize, Stop> {
        let bytes = self.bytes;
        let mut at = start;
        let mut key = RawKey::NONE;
        let mut skip = behind_value;
        loop {
            if self.tape.is_full() {
                return Err(Stop::Full(at));
            }
            if !skip {
                let Some(&first) = bytes.get(at) else {
                    return Err(Stop::End);
                };
                match first {
                    b'"' => {
                        let end = string_end(bytes, at + 1);
                        self.string(at, end, key)?;
                        at = end.quote + 1;
                    }
                    b'{' | b'[' => {
                        let is_object = first == b'{';
                        let shape = if is_object { Shape::Object } else { Shape::Array };
                        if self.frames.len() >= MAX_DEPTH {
                            at = self.refuse_container(at, key)?;
                        } else {
                            let node = self.tape.push_raw(shape, at, at + 1, key);
                            at = skip_blanks(bytes, at + 1);
                            // In ASCII the closing bracket is the opening one plus two.
                            if bytes.get(at) == Some(&(first + 2)) {
                                at += 1;
                                self.tape.close(node, at);
                            } else {
                                self.frames.push(Frame::new(node, is_object));
                                key = RawKey::NONE;
                                if is_object {
                                    (at, key) = self.key(at)?;
                                }
                                continue;
                            }
                        }
                    }
                    b'-' | b'0'..=b'9' => at = self.number(at, key),
                    b't' => at = self.word(at, b"true", key)?,
                    b'f' => at = self.word(at, b"false", key)?,
                    b'n' => at = self.word(at, b"null", key)?,
                    _ => return Err(Stop::Syntax(at, "expected a value")),
                }
            }
            skip = false;
            loop {
                let Some(frame) = self.frames.last() else { return Ok(at) };
                let is_object = frame.is_object;
                at = skip_blanks(bytes, at);
                match bytes.get(at) {
                    Some(b',') => {
                        at = skip_blanks(bytes, at + 1);
                        key = RawKey::NONE;
                        if is_object {
                            (at, key) = self.key(at)?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => self.close_frame(at + 1),
                    Some(b']') if !is_object => self.close_frame(at + 1),
                    None => return Err(Stop::End),
                    Some(_) if is_object => return Err(Stop::Syntax(at, "expected `,` or `}`")),
                    Some(_) => return Err(Stop::Syntax(at, "expected `,` or `]`")),
                }
                at += 1;
            }
        }
    }

    /// Reads a key and its colon. Returns the offset of the value.
    fn key(&mut self, start: usize) -> Result<(usize, RawKey), Stop> {
        let bytes = self.bytes;
        match bytes.get(start) {
            Some(b'"') => {}
            None => return Err(Stop::End),
            Some(_) => return Err(Stop::Syntax(start, "expected a key in quotes")),
        }
        let end = string_end(bytes, start + 1);
        let value = skip_blanks(bytes, self.colon(end.quote)? + 1);
        if let Some(frame) = self.frames.last_mut() {
            frame.keys.add_text(bytes.get(start + 1..end.quote).unwrap_or_default());
        }
        let span = Span::new(start, end.quote + 1);
        let text = match self.checked_text(span) {
            Ok(text) if end.escaped => escape::decode_json(text),
            Ok(_) => return Ok((value, self.tape.written_key(bytes, span, value as u32))),
            Err(text) => escape::decode_json(&text),
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.keys.suspect();
        }
        Ok((value, self.tape.decoded_key(span, text.into())))
    }

    /// The offset of the colon behind the key that ends with this quote.
    fn colon(&self, quote: usize) -> Result<usize, Stop> {
        let colon = skip_blanks(self.bytes, (quote + 1).min(self.bytes.len()));
        match self.bytes.get(colon) {
            Some(b':') => Ok(colon),
            None => Err(Stop::End),
            Some(_) => Err(Stop::Syntax(colon, "expected a colon after the key")),
        }
    }

    fn string(&mut self, start: usize, end: StringEnd, key: RawKey) -> Result<(), Stop> {
        if end.quote >= self.bytes.len() {
            return Err(Stop::End);
        }
        self.tape.push_raw(Shape::Quoted, start, end.quote + 1, key);
        match self.checked_text(Span::new(start, end.quote + 1)) {
            Ok(_) if end.escaped => self.tape.decode_last_later(),
            Ok(_) => {}
            Err(text) => self.tape.decode_last(escape::decode_json(&text).into()),
        }
        Ok(())
    }

    /// Reads a number, and checks that JSON and a 64-bit type know it.
    fn number(&mut self, start: usize, key: RawKey) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let part = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
        let text: &[u8] = rest.split(|b| !part(b)).next().unwrap_or_default();
        let end = start + text.len();
        if !std::str::from_utf8(text).is_ok_and(is_json_number) {
            self.report(ProblemKind::Number, Span::new(start, end), None);
        }
        self.tape.push_raw(Shape::Plain, start, end, key);
        end
    }

    fn word(&mut self, start: usize, word: &'static [u8], key: RawKey) -> Result<usize, Stop> {
        let end = start + word.len();
        match self.bytes.get(start..end) {
            Some(text) if text == word => {
                self.tape.push_raw(Shape::Plain, start, end, key);
                Ok(end)
            }
            None if word.starts_with(self.bytes.get(start..).unwrap_or_default()) => Err(Stop::End),
            _ => Err(Stop::Syntax(start, "expected a value")),
        }
    }

    fn close_frame(&mut self, end: usize) {
        let Some(frame) = self.frames.pop() else { return };
        frame.close(end, self.bytes, self.tape, self.problems);
    }
}

/// Faults, and how to go on behind them.
impl Reader<'_> {
    /// Looks for control characters and for bytes that are no UTF-8 in a string. Returns what stands
    /// between the quotes, mended where it is not UTF-8.
    fn checked_text(&mut self, span: Span) -> Result<&str, String> {
        let inside = span.start as usize + 1..span.end as usize - 1;
        let raw = self.bytes.get(inside.clone()).unwrap_or_default();
        if has_control_character(raw) {
            let at = inside.start + raw.iter().position(|b| *b < 0x20).unwrap_or(0);
            self.report(ProblemKind::ControlCharacter, Span::new(at, at + 1), None);
        }
        std::str::from_utf8(raw).map_err(|error| {
            let at = inside.start + error.valid_up_to();
            let length = error.error_len().unwrap_or(1);
            self.report(ProblemKind::InvalidUtf8, Span::new(at, at + length), None);
            String::from_utf8_lossy(raw).into_owned()
        })
    }

    fn close_all(&mut self, end: usize) {
        while !self.frames.is_empty() {
            self.close_frame(end);
        }
    }

    /// Steps over the container that starts here and is too deep.
    fn refuse_container(&mut self, start: usize, key: RawKey) -> Result<usize, Stop> {
        let end = balanced_end(self.bytes, start, 0).ok_or(Stop::End)?;
        self.tape.push_raw(Shape::Skipped, start, end, key);
        self.report(ProblemKind::TooDeep, Span::new(start, start + 1), None);
        Ok(end)
    }

    /// Reports why reading stopped. Returns where it can go on.
    fn stopped(&mut self, stop: &Stop) -> Option<usize> {
        match *stop {
            Stop::Full(at) => {
                self.report(ProblemKind::TooLarge, Span::new(at, at), None);
                self.close_all(at);
                None
            }
            Stop::End => {
                self.truncated();
                None
            }
            Stop::Syntax(at, expected) => self.recover(at, expected),
        }
    }

    /// Gives up the innermost container after a syntax error at `at`. Returns the offset behind it
    /// if that can be found.
    fn recover(&mut self, at: usize, expected: &'static str) -> Option<usize> {
        let found = describe(self.bytes, at);
        let length = char_length(self.bytes, at);
        let container = self.innermost_bracket();
        let kind = ProblemKind::Syntax(format!("{expected}, found {found}"));
        self.report(kind, Span::new(at, at + length), container);
        self.recoveries += 1;
        let end = match self.frames.is_empty() || self.recoveries > MAX_RECOVERIES {
            true => None,
            false => balanced_end(self.bytes, at, 1),
        };
        match end {
            Some(end) => self.close_frame(end),
            None => self.close_all(at),
        }
        end
    }

    fn truncated(&mut self) {
        let open = self.frames.len();
        let end = trimmed_end(self.bytes);
        let container = self.innermost_bracket();
        let kind = ProblemKind::Truncated { open };
        let starts_character = |at: &usize| !matches!(self.bytes.get(*at), Some(0x80..0xc0));
        let last = (end.saturating_sub(4)..end).rev().find(starts_character).unwrap_or(end.saturating_sub(1));
        self.report(kind, Span::new(last, end), container);
        self.close_all(end);
    }

    fn innermost_bracket(&self) -> Option<Span> {
        let node = self.tape.node(self.frames.last()?.node)?;
        Some(Span { start: node.start, end: node.start + 1 })
    }

    fn report(&mut self, kind: ProblemKind, span: Span, related: Option<Span>) {
        self.problems.push(Problem { kind, span, related });
    }
}

/// Whether a JSON container starts at `at`: what may follow a complete root in the same text.
fn starts_value(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), Some(b'{' | b'['))
}

fn trimmed_end(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |p| p + 1)
}

/// The offset behind the bracket that closes `depth` open containers from `from` on.
fn balanced_end(bytes: &[u8], from: usize, mut depth: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1).quote,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The length of the character at `at`; of a broken one, as much as there is of it.
fn char_length(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let more = match rest.first() {
        None => return 0,
        Some(0xf0..) => 3,
        Some(0xe0..) => 2,
        Some(0xc0..) => 1,
        Some(_) => 0,
    };
    1 + rest.iter().skip(1).take(more).take_while(|b| (0x80..0xc0).contains(*b)).count()
}

fn describe(bytes: &[u8], at: usize) -> String {
    match bytes.get(at) {
        None => "the end".to_owned(),
        Some(0) => "a NUL byte".to_owned(),
        Some(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(*byte)),
        Some(byte) if byte.is_ascii() => format!("the control character {byte:#04x}"),
        Some(_) => {
            let end = (at + char_length(bytes, at)).min(bytes.len());
            format!("`{}`", String::from_utf8_lossy(bytes.get(at..end).unwrap_or_default()))
        }
    }
}

/// Where a JSON string ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StringEnd {
    /// Offset of the closing quote, or the length of the input if there is none.
    quote: usize,
    /// A backslash was seen: the text must be decoded before use.
    escaped: bool,
}

/// Finds the end of the string whose first content byte is at `from`.
fn string_end(bytes: &[u8], from: usize) -> StringEnd {
    let mut escaped = false;
    let mut at = from;
    loop {
        match bytes.get(at) {
            None => return StringEnd { quote: bytes.len(), escaped },
            Some(b'"') => return StringEnd { quote: at, escaped },
            Some(b'\\') => {
                escaped = true;
                at += 2;
            }
            Some(_) => at += 1,
        }
    }
}

/// The first byte at or after `from` that is no JSON blank, or the length of the input.
fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| !is_blank(*byte)).unwrap_or(rest.len())
}

/// Whether JSON lets a byte stand between tokens. A form feed is none of them.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
