//! Where the values of a mapping stand in a text, broken or not.

use std::ops::Range;

/// The values of the member whose name stands at `name`, as far as `until`; nothing if it is no
/// member's name.
pub(super) fn member_values(text: &[u8], name: Range<usize>, until: usize) -> Vec<Range<usize>> {
    let byte = |at: usize| text.get(at).copied().filter(|_| at < until);
    let is_delimiter = |b: u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'{' | b',' | b'-' | b'[');
    if name.start > 0 && !text.get(name.start - 1).is_some_and(|b| is_delimiter(*b)) {
        return Vec::new();
    }
    let mut at = name.end;
    at += usize::from(matches!(byte(at), Some(b'"' | b'\'')));
    while byte(at) == Some(b' ') {
        at += 1;
    }
    if byte(at) != Some(b':') {
        return Vec::new();
    }
    at += 1;
    let rest = (at..until).find(|at| !byte(*at).is_some_and(|b| b.is_ascii_whitespace())).unwrap_or(until);
    match byte(rest) {
        Some(b'{' | b'[') => flow_values(text, rest..until),
        Some(b'"') => vec![literal(text, rest, until)],
        _ => member_of_block(text, name.start, at, until),
    }
}

/// A member of a mapping in block style: what stands behind its name, and the lines that are
/// indented more than it.
fn member_of_block(text: &[u8], name: usize, behind: usize, until: usize) -> Vec<Range<usize>> {
    let first_end = line_end(text, behind, until);
    let line_start = text.get(..name).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |at| at + 1);
    let own = name - line_start;
    let mut end = first_end;
    while end < until {
        let next = line_end(text, end + 1, until);
        let line = text.get(end + 1..next).unwrap_or_default();
        let indent = line.iter().take_while(|b| **b == b' ').count();
        if indent < line.len() && indent <= own {
            break;
        }
        end = next;
    }
    let mut hidden = block_values(text, (first_end + 1).min(end)..end);
    hidden.push(behind..first_end);
    hidden
}

/// The values of a mapping in block style: what stands behind the name in each line, and lines
/// without a name as a whole.
pub(super) fn block_values(text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let end = line_end(text, at, range.end);
        let line = text.get(at..end).unwrap_or_default();
        let colon =
            line.windows(2).position(|pair| pair == b": ").or_else(|| line.ends_with(b":").then_some(line.len()));
        hidden.push(at + colon.map_or(0, |colon| (colon + 1).min(line.len()))..end);
        at = end + 1;
    }
    hidden
}

/// The values of a mapping in braces, up to the brace that closes it: every scalar that no colon
/// follows.
pub(super) fn flow_values(text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut depth = 0;
    let mut at = range.start;
    while at < range.end {
        match text.get(at) {
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') => {
                depth -= 1;
                if depth <= 0 {
                    break;
                }
            }
            Some(b',' | b':' | b'\'') | None => {}
            Some(b) if b.is_ascii_whitespace() => {}
            Some(first) => {
                let scalar = if *first == b'"' { literal(text, at, range.end) } else { plain(text, at, range.end) };
                let behind = scalar.end + usize::from(*first == b'"');
                at = behind.max(at + 1);
                if !is_name(text, behind, range.end) {
                    hidden.push(scalar);
                }
                continue;
            }
        }
        at += 1;
    }
    hidden
}

/// Whether a colon follows, so that what stood before was a name.
fn is_name(text: &[u8], behind: usize, until: usize) -> bool {
    let rest = text.get(behind..until).unwrap_or_default();
    rest.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':')
}

/// The inside of the string that opens at `at`; up to the end, if nothing closes it.
fn literal(text: &[u8], at: usize, until: usize) -> Range<usize> {
    let mut end = at + 1;
    while end < until {
        match text.get(end) {
            Some(b'"') => break,
            Some(b'\\') => end += 2,
            _ => end += 1,
        }
    }
    at + 1..end.min(until)
}

/// A scalar without quotes.
fn plain(text: &[u8], at: usize, until: usize) -> Range<usize> {
    let ends = |at: usize| match text.get(at) {
        Some(b',' | b'}' | b']' | b'\n' | b'"') | None => true,
        Some(b':') => matches!(text.get(at + 1), Some(b' ' | b'\n') | None),
        _ => false,
    };
    at..(at..until).find(|at| ends(*at)).unwrap_or(until)
}

fn line_end(text: &[u8], at: usize, until: usize) -> usize {
    let rest = text.get(at.min(until)..until).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(until, |end| at + end)
}
