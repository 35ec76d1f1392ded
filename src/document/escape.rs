//! Escapes of JSON and YAML strings.

/// Decodes the escapes of a JSON string (without its quotes). What is no valid escape stays as it
/// is written: a diagnostic tool shows it, it need not refuse it.
pub(super) fn decode_json(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (decoded, length) = one_escape(rest);
        match decoded {
            Some(c) => text.push(c),
            None => text.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    text.push_str(rest);
    text
}

/// Decodes the escape that `rest` starts with, and says how many bytes it takes.
fn one_escape(rest: &str) -> (Option<char>, usize) {
    let Some(kind) = rest[1..].chars().next() else {
        return (None, 1);
    };
    let simple = match kind {
        '"' | '\\' | '/' => Some(kind),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => return unicode_escape(rest),
        _ => None,
    };
    (simple, 1 + kind.len_utf8())
}

fn unicode_escape(rest: &str) -> (Option<char>, usize) {
    let Some(unit) = hex4(rest, 2) else { return (None, 2) };
    let low = rest.get(6..8).filter(|u| *u == "\\u").and_then(|_| hex4(rest, 8));
    if let (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) = (unit, low) {
        let scalar = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        return (char::from_u32(scalar), 12);
    }
    (Some(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)), 6)
}

fn hex4(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_as_serde_json_does() {
        for raw in [r"", r"plain", r"\n\t\r\b\f\/\\", r#"a\"b"#, r"\u0041\u00e9", r"\ud83d\ude00 x", r"é\\é"] {
            let expected: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_default();
            assert_eq!(decode_json(raw), expected, "{raw}");
        }
    }

    #[test]
    fn keeps_what_it_does_not_know() {
        assert_eq!(decode_json(r"\q \u12 \"), r"\q \u12 \");
        assert_eq!(decode_json(r"\ud800x"), "\u{fffd}x");
        assert_eq!(decode_json("\\é"), "\\é");
    }
}
