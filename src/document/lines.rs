//! From byte offsets to lines and columns, only for what is printed.

/// A position for people: both numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column in characters (Unicode scalar values), not bytes.
    pub column: u32,
}

/// How many lines end before some places of a text, as far as whoever read it has counted them.
#[derive(Debug, Default)]
pub(super) struct LineMarks(Vec<LineMark>);

#[derive(Clone, Copy, Debug)]
struct LineMark {
    offset: u32,
    /// Line feeds before it.
    lines: u32,
}

impl LineMarks {
    /// Notes how many line feeds there are before an offset, which is behind all others.
    pub(super) fn add(&mut self, offset: u32, lines: u32) {
        self.0.push(LineMark { offset, lines });
    }

    /// The last mark up to an offset.
    fn before(&self, offset: usize) -> Option<LineMark> {
        let behind = self.0.partition_point(|mark| mark.offset as usize <= offset);
        self.0.get(behind.checked_sub(1)?).copied()
    }

    /// The positions of `offsets` in the text, in their order. One pass over the text at most.
    pub(super) fn positions(&self, text: &[u8], offsets: &[u32]) -> Vec<Position> {
        let start = Position { line: 1, column: 1 };
        let mut order: Vec<usize> = (0..offsets.len()).collect();
        order.sort_unstable_by_key(|i| offsets.get(*i));
        let mut found = vec![start; offsets.len()];
        let mut cursor = Cursor { text, marks: self, at: skip_byte_order_mark(text), position: start };
        for index in order {
            if let (Some(offset), Some(slot)) = (offsets.get(index), found.get_mut(index)) {
                *slot = cursor.advance(*offset as usize);
            }
        }
        found
    }

    /// The position of one offset.
    pub(super) fn position(&self, text: &[u8], offset: u32) -> Position {
        self.positions(text, &[offset]).first().copied().unwrap_or(Position { line: 1, column: 1 })
    }
}

fn skip_byte_order_mark(text: &[u8]) -> usize {
    if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

struct Cursor<'a> {
    text: &'a [u8],
    marks: &'a LineMarks,
    at: usize,
    position: Position,
}

impl Cursor<'_> {
    fn advance(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        self.jump(offset);
        let stretch = self.text.get(self.at..offset).unwrap_or_default();
        let tail = match memchr::memrchr(b'\n', stretch) {
            Some(newline) => {
                self.position.line += memchr::memchr_iter(b'\n', stretch).count() as u32;
                self.position.column = 1;
                stretch.get(newline + 1..).unwrap_or_default()
            }
            None => stretch,
        };
        self.position.column += characters(tail);
        self.at = self.at.max(offset);
        self.position
    }

    /// Goes to the start of the line that holds the last mark before `offset`, if that is further on.
    fn jump(&mut self, offset: usize) {
        let Some(mark) = self.marks.before(offset).filter(|mark| mark.lines >= self.position.line) else {
            return;
        };
        let passed = self.text.get(self.at..mark.offset as usize).unwrap_or_default();
        if let Some(newline) = memchr::memrchr(b'\n', passed) {
            self.at += newline + 1;
            self.position = Position { line: mark.lines + 1, column: 1 };
        }
    }
}

fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|b| !(0x80..0xc0).contains(*b)).count() as u32
}

/// The byte range of the line that holds `offset`, without its line break.
pub fn line_around(text: &[u8], offset: usize) -> std::ops::Range<usize> {
    let offset = offset.min(text.len());
    let start = memchr::memrchr(b'\n', text.get(..offset).unwrap_or_default()).map_or(0, |p| p + 1);
    let rest = text.get(offset..).unwrap_or_default();
    let mut end = memchr::memchr(b'\n', rest).map_or(text.len(), |p| offset + p);
    if end > start && text.get(end - 1) == Some(&b'\r') {
        end -= 1;
    }
    start..end
}

/// As [`line_around`], but of a longer line only what lies within `reach` bytes of `offset`: a dump
/// may be a single line.
pub fn line_within(text: &[u8], offset: usize, reach: usize) -> std::ops::Range<usize> {
    let from = offset.saturating_sub(reach);
    let near = text.get(from..text.len().min(offset.saturating_add(reach))).unwrap_or_default();
    let line = line_around(near, offset - from);
    from + line.start..from + line.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_survive_crlf() {
        let text = "\u{feff}é: 1\r\nb: x".as_bytes();
        let at = |needle: u8| text.iter().position(|b| *b == needle).unwrap_or(0) as u32;
        let found = LineMarks::default().positions(text, &[at(b'x'), at(b'1'), 3]);
        assert_eq!(found.first(), Some(&Position { line: 2, column: 4 }));
        assert_eq!(found.get(1), Some(&Position { line: 1, column: 4 }));
        assert_eq!(found.get(2), Some(&Position { line: 1, column: 1 }));
    }

    #[test]
    fn offsets_beyond_the_end_are_the_end() {
        assert_eq!(LineMarks::default().position(b"a\nb", 99), Position { line: 2, column: 2 });
    }

    #[test]
    fn of_long_lines_a_part_is_looked_at() {
        let text = b"ab\ncdefgh\r\n\nij";
        for offset in 0..=text.len() {
            let whole = line_around(text, offset);
            assert_eq!(line_within(text, offset, 20), whole);
            let near = offset.saturating_sub(2)..offset + 2;
            let part = whole.start.max(near.start)..whole.end.min(near.end);
            assert_eq!(line_within(text, offset, 2), part, "at {offset}");
        }
        assert_eq!(line_within(text, 99, 3), 96..96, "behind the end");
    }

    #[test]
    fn marks_change_nothing() {
        let text = "\u{feff}a\nbé\r\n\n\nlong line without an end, é, and on\nx\n".as_bytes();
        let offsets: Vec<u32> = (0..text.len() as u32 + 2).rev().collect();
        let counted = LineMarks::default().positions(text, &offsets);
        for step in 1..text.len() {
            let mut marks = LineMarks::default();
            for offset in (0..=text.len()).step_by(step) {
                marks.add(offset as u32, memchr::memchr_iter(b'\n', &text[..offset]).count() as u32);
            }
            assert_eq!(marks.positions(text, &offsets), counted, "every {step} bytes");
            let one: Vec<_> = offsets.iter().map(|offset| marks.position(text, *offset)).collect();
            assert_eq!(one, counted, "every {step} bytes");
        }
    }
}
