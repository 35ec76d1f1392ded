//! From byte offsets to lines and columns, only for what is printed.

/// A position for people: both numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column in characters (Unicode scalar values), not bytes.
    pub column: u32,
}

/// The positions of `offsets`, in their order. One pass over the text up to the last of them.
pub fn positions(text: &[u8], offsets: &[u32]) -> Vec<Position> {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_unstable_by_key(|i| offsets.get(*i));
    let mut found = vec![Position { line: 1, column: 1 }; offsets.len()];
    let mut cursor = Cursor { text, at: skip_byte_order_mark(text), position: Position { line: 1, column: 1 } };
    for index in order {
        if let (Some(offset), Some(slot)) = (offsets.get(index), found.get_mut(index)) {
            *slot = cursor.advance(*offset as usize);
        }
    }
    found
}

/// The position of one offset.
pub fn position(text: &[u8], offset: u32) -> Position {
    positions(text, &[offset]).first().copied().unwrap_or(Position { line: 1, column: 1 })
}

fn skip_byte_order_mark(text: &[u8]) -> usize {
    if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    position: Position,
}

impl Cursor<'_> {
    fn advance(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_survive_crlf() {
        let text = "\u{feff}é: 1\r\nb: x".as_bytes();
        let at = |needle: u8| text.iter().position(|b| *b == needle).unwrap_or(0) as u32;
        let found = positions(text, &[at(b'x'), at(b'1'), 3]);
        assert_eq!(found.first(), Some(&Position { line: 2, column: 4 }));
        assert_eq!(found.get(1), Some(&Position { line: 1, column: 4 }));
        assert_eq!(found.get(2), Some(&Position { line: 1, column: 1 }));
    }

    #[test]
    fn offsets_beyond_the_end_are_the_end() {
        assert_eq!(position(b"a\nb", 99), Position { line: 2, column: 2 });
    }
}
