//! The fast path: block style as people and programs write manifests.
//!
//! It reads block mappings and sequences, one-line scalars, block scalars and one-line flow
//! collections. Anything else (anchors, aliases, tags, merge keys, tabs, escapes, scalars over
//! several lines, errors of any kind) makes it give up, and the full parser reads the document
//! instead: giving up is never wrong, so every doubt ends in `Err(Unusual)`.

use std::ops::Range;

use super::super::keys::{KeyFilter, find_duplicates};
use super::super::node::plain_key_end;
use super::super::problem::{Problem, ProblemKind};
use super::super::scalar::is_beyond_integers;
use super::super::tape::{Key, Shape, Tape, without_quotes};
use super::super::{MAX_DEPTH, Span, block};

/// Longer keys are no keys: YAML wants the colon within 1024 characters, so that a reader need not
/// look further ahead.
const LONGEST_KEY: usize = 1000;

/// The document needs the full parser.
#[derive(Debug)]
pub(super) struct Unusual;

type Fast<T> = Result<T, Unusual>;

/// Reads the document at `part`. On error the tape holds garbage behind its former end.
pub(super) fn read(bytes: &[u8], part: Range<usize>, tape: &mut Tape, problems: &mut Vec<Problem>) -> Fast<()> {
    if bytes.get(part.clone()).is_none_or(has_odd_bytes) {
        return Err(Unusual);
    }
    let mut reader = Reader {
        bytes,
        end: part.end,
        tape,
        problems,
        frames: Vec::with_capacity(16),
        pending: Some(Pending { key: Key::None, indent: -1, in_sequence: false, end: part.start }),
        last_end: part.start,
    };
    reader.document(part.start)
}

/// Characters that YAML forbids, byte order marks, and carriage returns that do not belong to a
/// line break.
fn has_odd_bytes(bytes: &[u8]) -> bool {
    let control = |b: &u8| matches!(b, 0..=8 | 11 | 12 | 14..=31 | 127);
    if bytes.iter().any(control) {
        return true;
    }
    let forbidden = |rest: &[u8]| matches!(rest, [0xc2, 0x80..=0x84 | 0x86..=0x9f, ..] | [0xef, 0xbb, 0xbf, ..] | [0xef, 0xbf, 0xbe | 0xbf, ..]);
    memchr::memchr2_iter(0xc2, 0xef, bytes).any(|at| bytes.get(at..).is_some_and(forbidden))
        || memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

/// An open block collection.
struct Frame {
    node: u32,
    /// Column of its entries.
    indent: i64,
    is_sequence: bool,
    keys: KeyFilter,
}

/// A key or dash whose value has not come yet.
struct Pending {
    key: Key,
    /// Column of the collection that waits.
    indent: i64,
    in_sequence: bool,
    /// Where an absent value would stand.
    end: usize,
}

struct Reader<'a> {
    bytes: &'a [u8],
    end: usize,
    tape: &'a mut Tape,
    problems: &'a mut Vec<Problem>,
    frames: Vec<Frame>,
    pending: Option<Pending>,
    /// End of the last content, where collections end that close later.
    last_end: usize,
}

impl Reader<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        if at < self.end { self.bytes.get(at).copied() } else { None }
    }

    fn document(&mut self, start: usize) -> Fast<()> {
        let mut at = self.skip_marker(start)?;
        while at < self.end {
            let (content_end, next) = self.line_at(at);
            let content = self.skip_spaces(at, content_end);
            match self.byte(content) {
                _ if content >= content_end => at = next,
                Some(b'#') => at = next,
                Some(b'\t') => return Err(Unusual),
                Some(b'%') if content == at => return Err(Unusual),
                Some(b'.') if content == at && self.bytes.get(at..at + 3) == Some(b"...") => return Err(Unusual),
                _ => at = self.line(content, (content - at) as i64, content_end, next)?,
            }
        }
        self.finish();
        Ok(())
    }

    /// Steps over the `---` line that a document may start with.
    fn skip_marker(&self, start: usize) -> Fast<usize> {
        if self.bytes.get(start..start + 3) != Some(b"---") {
            return Ok(start);
        }
        let (content_end, next) = self.line_at(start);
        let rest = self.skip_spaces(start + 3, content_end);
        match self.byte(rest) {
            _ if rest >= content_end => Ok(next),
            Some(b'#') if rest > start + 3 => Ok(next),
            _ => Err(Unusual),
        }
    }

    /// The end of the content of the line at `at`, and the start of the next one.
    fn line_at(&self, at: usize) -> (usize, usize) {
        let rest = self.bytes.get(at..self.end).unwrap_or_default();
        let (mut end, next) = match memchr::memchr(b'\n', rest) {
            Some(length) => (at + length, at + length + 1),
            None => (self.end, self.end),
        };
        if end > at && self.bytes.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        (end, next)
    }

    fn skip_spaces(&self, at: usize, end: usize) -> usize {
        let rest = self.bytes.get(at..end).unwrap_or_default();
        at + rest.iter().position(|b| *b != b' ').unwrap_or(rest.len())
    }

    /// Reads a line with content. Returns where to go on.
    fn line(&mut self, mut at: usize, mut column: i64, content_end: usize, next: usize) -> Fast<usize> {
        let mut dash = self.is_dash(at, content_end)?;
        self.settle(column, dash)?;
        loop {
            if dash {
                self.dash(at, column)?;
                let item = self.skip_spaces(at + 1, content_end);
                if item >= content_end || self.byte(item) == Some(b'#') {
                    return Ok(next);
                }
                if self.byte(item) == Some(b'\t') {
                    return Err(Unusual); // who stands behind a tab has no column
                }
                column += (item - at) as i64;
                at = item;
                dash = self.is_dash(at, content_end)?;
                continue;
            }
            let Some((key, colon)) = self.key(at, content_end)? else {
                let pending = self.pending.take().ok_or(Unusual)?;
                return self.value(at, pending.key, pending.indent, content_end, next);
            };
            self.enter_mapping(at, column)?;
            if let Some(frame) = self.frames.last_mut() {
                let text = self.bytes.get(Span::new(at, colon).range()).unwrap_or_default();
                frame.keys.add_text(unquoted(text));
            }
            if colon - at > LONGEST_KEY {
                return Err(Unusual);
            }
            let value = self.skip_spaces(colon + 1, content_end);
            if value >= content_end || self.byte(value) == Some(b'#') {
                self.pending = Some(Pending { key, indent: column, in_sequence: false, end: colon + 1 });
                return Ok(next);
            }
            return self.value(value, key, column, content_end, next);
        }
    }

    fn is_dash(&self, at: usize, content_end: usize) -> Fast<bool> {
        if self.byte(at) != Some(b'-') {
            return Ok(false);
        }
        match self.byte(at + 1) {
            _ if at + 1 >= content_end => Ok(true),
            Some(b' ') => Ok(true),
            Some(b'\t') => Err(Unusual),
            _ => Ok(false),
        }
    }

    /// Brings the open collections in line with the column of a new line.
    fn settle(&mut self, column: i64, dash: bool) -> Fast<()> {
        if let Some(pending) = &self.pending {
            let is_value = column > pending.indent || (dash && column == pending.indent && !pending.in_sequence);
            if is_value {
                return Ok(());
            }
            self.absent_value();
        }
        while self.frames.last().is_some_and(|f| f.indent > column) {
            self.close();
        }
        if self.frames.last().is_some_and(|f| f.indent == column && f.is_sequence && !dash) {
            self.close();
        }
        match self.frames.last() {
            Some(frame) if frame.indent == column && frame.is_sequence == dash => Ok(()),
            _ => Err(Unusual),
        }
    }

    /// A dash: opens a sequence where a value is awaited, and awaits an item.
    fn dash(&mut self, at: usize, column: i64) -> Fast<()> {
        if let Some(pending) = self.pending.take() {
            self.open(Shape::Array, at, column, pending.key)?;
        }
        self.pending = Some(Pending { key: Key::None, indent: column, in_sequence: true, end: at + 1 });
        Ok(())
    }

    fn enter_mapping(&mut self, at: usize, column: i64) -> Fast<()> {
        if let Some(pending) = self.pending.take() {
            return self.open(Shape::Object, at, column, pending.key);
        }
        match self.frames.last() {
            Some(frame) if frame.indent == column && !frame.is_sequence => Ok(()),
            _ => Err(Unusual),
        }
    }

    fn open(&mut self, shape: Shape, at: usize, indent: i64, key: Key) -> Fast<()> {
        if self.frames.len() >= MAX_DEPTH || self.tape.is_full() {
            return Err(Unusual);
        }
        let node = self.tape.push(shape, Span::new(at, at), key);
        self.frames.push(Frame { node, indent, is_sequence: shape == Shape::Array, keys: KeyFilter::default() });
        Ok(())
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.tape.close(frame.node, self.last_end);
        if frame.keys.is_suspicious() {
            find_duplicates(self.bytes, self.tape, frame.node, self.problems);
        }
    }

    fn absent_value(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.last_end = pending.end;
            self.tape.push(Shape::Empty, Span::new(pending.end, pending.end), pending.key);
        }
    }

    fn finish(&mut self) {
        // The root's own pending value is that of an empty document, which has no root.
        if self.pending.as_ref().is_some_and(|p| p.indent >= 0) {
            self.absent_value();
        }
        while !self.frames.is_empty() {
            self.close();
        }
    }

    /// Reads the key at `at`, if the line has one there: the key and the offset of its colon.
    fn key(&mut self, at: usize, content_end: usize) -> Fast<Option<(Key, usize)>> {
        match self.byte(at) {
            Some(b'"' | b'\'') => {
                let end = self.quoted_end(at, content_end)?;
                let colon = self.skip_spaces(end, content_end);
                Ok((self.byte(colon) == Some(b':') && self.ends_word(colon + 1, content_end))
                    .then_some((self.written(at, end), colon)))
            }
            Some(b'?') if self.ends_word(at + 1, content_end) => Err(Unusual),
            Some(b',' | b']' | b'}') => Err(Unusual), // start no plain scalar
            Some(b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'{' | b'[') => Ok(None),
            _ => self.plain_key(at, content_end),
        }
    }

    fn plain_key(&mut self, at: usize, content_end: usize) -> Fast<Option<(Key, usize)>> {
        let line = self.bytes.get(at..content_end).unwrap_or_default();
        let Some(colon) = memchr::memchr_iter(b':', line)
            .map(|offset| at + offset)
            .find(|colon| self.ends_word(colon + 1, content_end))
        else {
            return Ok(None);
        };
        let key = self.bytes.get(at..colon).unwrap_or_default();
        let end = at + trim_blanks_end(key);
        if end == at || self.bytes.get(at..end) == Some(b"<<") {
            return Err(Unusual);
        }
        if comment_start(key).is_some() {
            return Ok(None); // the colon stands in a comment
        }
        Ok(Some((self.written(at, end), colon)))
    }

    fn written(&mut self, start: usize, end: usize) -> Key {
        self.tape.key(self.bytes, Span::new(start, end))
    }

    /// Whether a word ends here: a blank, or the end of the line.
    fn ends_word(&self, at: usize, content_end: usize) -> bool {
        at >= content_end || matches!(self.byte(at), Some(b' ' | b'\t'))
    }

    /// The offset behind the closing quote of a string without escapes on this line.
    fn quoted_end(&self, at: usize, content_end: usize) -> Fast<usize> {
        let quote = self.byte(at).ok_or(Unusual)?;
        let rest = self.bytes.get(at + 1..content_end).unwrap_or_default();
        let length = memchr::memchr(quote, rest).ok_or(Unusual)?;
        let end = at + length + 2;
        let inside = rest.get(..length).unwrap_or_default();
        let escape = match quote {
            b'"' => memchr::memchr(b'\\', inside).is_some(),
            _ => self.byte(end) == Some(b'\''),
        };
        if escape { Err(Unusual) } else { Ok(end) }
    }

    /// Reads the value at `at`, the rest of a line. `indent` is that of the collection it is in.
    fn value(&mut self, at: usize, key: Key, indent: i64, content_end: usize, next: usize) -> Fast<usize> {
        if self.tape.is_full() {
            return Err(Unusual);
        }
        match self.byte(at) {
            Some(b'"' | b'\'') => {
                let end = self.quoted_end(at, content_end)?;
                self.only_comment(end, content_end)?;
                self.scalar(Shape::Quoted, at, end, key);
            }
            Some(b'{' | b'[') => {
                let end = self.flow(at, key, content_end, 0)?;
                self.only_comment(end, content_end)?;
                self.last_end = end;
            }
            Some(b'|' | b'>') => return self.block(at, key, indent, content_end, next),
            Some(b'-' | b'?' | b':') if self.ends_word(at + 1, content_end) => return Err(Unusual),
            Some(b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'#' | b',' | b']' | b'}' | b'\t') => return Err(Unusual),
            _ => {
                let end = self.plain_end(at, content_end)?;
                self.check_number(at, end);
                self.scalar(Shape::Plain, at, end, key);
            }
        }
        Ok(next)
    }

    fn scalar(&mut self, shape: Shape, start: usize, end: usize, key: Key) {
        self.last_end = end;
        self.tape.push(shape, Span::new(start, end), key);
    }

    /// Reports an integer that nothing holds.
    fn check_number(&mut self, start: usize, end: usize) {
        if self.bytes.get(start..end).is_some_and(is_beyond_integers) {
            self.problems.push(Problem { kind: ProblemKind::Number, span: Span::new(start, end), related: None });
        }
    }

    /// The end of the plain scalar that takes the rest of the line.
    fn plain_end(&self, at: usize, content_end: usize) -> Fast<usize> {
        let line = self.bytes.get(at..content_end).unwrap_or_default();
        let length = comment_start(line).unwrap_or(line.len());
        let text = line.get(..length).unwrap_or_default();
        if memchr::memchr_iter(b':', text).any(|colon| self.ends_word(at + colon + 1, content_end)) {
            return Err(Unusual); // "mapping values are not allowed here"
        }
        Ok(at + trim_blanks_end(text))
    }

    fn only_comment(&self, at: usize, content_end: usize) -> Fast<()> {
        let rest = self.skip_spaces(at, content_end);
        match self.byte(rest) {
            _ if rest >= content_end => Ok(()),
            Some(b'#') if rest > at => Ok(()),
            _ => Err(Unusual),
        }
    }

    /// Reads a block scalar.
    fn block(&mut self, at: usize, key: Key, indent: i64, content_end: usize, next: usize) -> Fast<usize> {
        let header = self.bytes.get(at + 1..content_end).unwrap_or_default();
        let keeps_breaks = header.first() == Some(&b'+');
        let signs = usize::from(matches!(header.first(), Some(b'+' | b'-')));
        self.only_comment(at + 1 + signs, content_end)?;
        let mut body_indent = None;
        let (mut line, mut text_end, mut end) = (next, content_end, next);
        while line < self.end {
            let (line_end, after) = self.line_at(line);
            let content = self.skip_spaces(line, line_end);
            let column = (content - line) as i64;
            if content < line_end {
                if column <= indent {
                    break;
                }
                if column == 0 {
                    return Err(Unusual); // the document's only value: `...` may end it
                }
                if *body_indent.get_or_insert(column) > column || self.byte(content) == Some(b'\t') {
                    return Err(Unusual);
                }
                text_end = line_end;
                end = after;
            } else if column > 0 && (body_indent.is_none() || after == line_end) {
                return Err(Unusual); // blanks before the first line, or the text's last: what counts is a fine point
            } else if keeps_breaks || body_indent.is_some_and(|i| column > i) {
                end = after;
            }
            line = after;
        }
        if body_indent.is_none() {
            return Err(Unusual); // nothing but blank lines: where that ends is a fine point
        }
        self.last_end = text_end;
        let span = Span::new(at, end.min(self.end));
        let raw = self.bytes.get(span.range()).and_then(|b| std::str::from_utf8(b).ok()).ok_or(Unusual)?;
        self.tape.push_decoded(Shape::Block, span, key, block::decode(raw).into());
        Ok(line)
    }

    /// Reads a flow collection that ends on this line. Returns the offset behind it.
    fn flow(&mut self, at: usize, key: Key, content_end: usize, depth: usize) -> Fast<usize> {
        if self.frames.len() + depth >= MAX_DEPTH || self.tape.is_full() {
            return Err(Unusual);
        }
        let is_object = self.byte(at) == Some(b'{');
        let (shape, close) = if is_object { (Shape::Object, b'}') } else { (Shape::Array, b']') };
        let node = self.tape.push(shape, Span::new(at, at), key);
        let mut keys = KeyFilter::default();
        let mut cursor = self.skip_spaces(at + 1, content_end);
        loop {
            if self.byte(cursor) == Some(close) && cursor < content_end {
                break;
            }
            let key = if is_object {
                let (key, value) = self.flow_key(cursor, content_end, &mut keys)?;
                cursor = value;
                key
            } else {
                Key::None
            };
            cursor = self.flow_value(cursor, key, content_end, depth)?;
            cursor = self.skip_spaces(cursor, content_end);
            match self.byte(cursor) {
                _ if cursor >= content_end => return Err(Unusual),
                Some(b',') => cursor = self.skip_spaces(cursor + 1, content_end),
                Some(byte) if byte == close => break,
                _ => return Err(Unusual),
            }
        }
        self.tape.close(node, cursor + 1);
        if keys.is_suspicious() {
            find_duplicates(self.bytes, self.tape, node, self.problems);
        }
        Ok(cursor + 1)
    }

    /// Reads `key:` within braces; returns the key and where its value starts.
    fn flow_key(&mut self, at: usize, content_end: usize, keys: &mut KeyFilter) -> Fast<(Key, usize)> {
        let end = match self.byte(at) {
            Some(b'"' | b'\'') => self.quoted_end(at, content_end)?,
            _ => self.flow_plain_end(at, content_end)?,
        };
        let colon = self.skip_spaces(end, content_end);
        if colon >= content_end || self.byte(colon) != Some(b':') {
            return Err(Unusual);
        }
        let text = self.bytes.get(at..end).unwrap_or_default();
        let quoted = matches!(text.first(), Some(b'"' | b'\''));
        if colon - at > LONGEST_KEY || text == b"<<" || (!quoted && plain_key_end(self.bytes, at) != end) {
            return Err(Unusual);
        }
        keys.add_text(unquoted(text));
        Ok((self.written(at, end), self.skip_spaces(colon + 1, content_end)))
    }

    fn flow_value(&mut self, at: usize, key: Key, content_end: usize, depth: usize) -> Fast<usize> {
        match self.byte(at) {
            _ if at >= content_end => Err(Unusual),
            Some(b'{' | b'[') => self.flow(at, key, content_end, depth + 1),
            Some(b'"' | b'\'') => {
                let end = self.quoted_end(at, content_end)?;
                self.tape.push(Shape::Quoted, Span::new(at, end), key);
                Ok(end)
            }
            _ => {
                let end = self.flow_plain_end(at, content_end)?;
                self.check_number(at, end);
                self.tape.push(Shape::Plain, Span::new(at, end), key);
                Ok(end)
            }
        }
    }

    /// The end of a plain scalar within brackets. Colons in it are left to the full parser, except
    /// as the end of a key.
    fn flow_plain_end(&self, at: usize, content_end: usize) -> Fast<usize> {
        let line = self.bytes.get(at..content_end).unwrap_or_default();
        let starts_odd = matches!(
            line.first(),
            None | Some(
                b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'#' | b'?' | b':' | b',' | b']' | b'}' | b'\t'
            )
        );
        if starts_odd || (line.first() == Some(&b'-') && !matches!(line.get(1), Some(b'0'..=b'9' | b'a'..=b'z'))) {
            return Err(Unusual);
        }
        let stops = |b: &u8| matches!(b, b',' | b']' | b'}' | b'[' | b'{' | b':' | b'#' | b'\t');
        let length = line.iter().position(stops).ok_or(Unusual)?;
        match line.get(length) {
            Some(b',' | b']' | b'}') => {}
            Some(b':') if self.ends_word(at + length + 1, content_end) => {}
            _ => return Err(Unusual),
        }
        let text = line.get(..length).unwrap_or_default();
        Ok(at + trim_blanks_end(text))
    }
}

/// Where a comment starts in a line: at a `#` behind a blank.
fn comment_start(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'#', line).find(|at| *at > 0 && matches!(line.get(at - 1), Some(b' ' | b'\t')))
}

fn trim_blanks_end(text: &[u8]) -> usize {
    text.iter().rposition(|b| !matches!(b, b' ' | b'\t')).map_or(0, |p| p + 1)
}

/// A key without its quotes and the blanks before its colon.
fn unquoted(key: &[u8]) -> &[u8] {
    let key = key.get(..trim_blanks_end(key)).unwrap_or_default();
    without_quotes(key)
}
