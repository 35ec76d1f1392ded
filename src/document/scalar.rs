//! What a bare word means.
//!
//! Kubernetes reads YAML by the rules of YAML 1.1 (`sigs.k8s.io/yaml`), so `on`, `yes` and `y` are
//! booleans, `0o17` is a number, and `~` is null.

/// The type of a bare word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Null,
    True,
    False,
    Number,
    Text,
}

/// Types a bare word of JSON, where only literals and numbers can stand bare.
pub(super) fn json_word(word: &str) -> Word {
    match word.as_bytes().first() {
        Some(b't') => Word::True,
        Some(b'f') => Word::False,
        Some(b'n') => Word::Null,
        _ => Word::Number,
    }
}

/// Types a bare word of YAML 1.1.
pub(super) fn yaml_word(word: &str) -> Word {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => Word::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Word::True,
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Word::False,
        _ if is_yaml_number(word) => Word::Number,
        _ => Word::Text,
    }
}

/// Whether `text` is a number by JSON's grammar that fits an `i64`, a `u64` or a finite `f64`.
pub(super) fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    if whole == 0 || (whole > 1 && digits.starts_with('0')) {
        return false;
    }
    let mut rest = &digits[whole..];
    let integral = rest.is_empty();
    if let Some(fraction) = rest.strip_prefix('.') {
        let places = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if places == 0 {
            return false;
        }
        rest = &fraction[places..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if exponent.is_empty() || !exponent.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        rest = "";
    }
    if !rest.is_empty() {
        return false;
    }
    if integral {
        return text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
    }
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_yaml_number(word: &str) -> bool {
    if !matches!(word.as_bytes().first(), Some(b'0'..=b'9' | b'-' | b'+' | b'.')) {
        return false;
    }
    integer(word).is_some() || float(word).is_some()
}

/// The value of an integer in any notation of JSON or YAML 1.1 (`0x1f`, `0o17`, `017`, `1_000`).
pub(super) fn integer(word: &str) -> Option<i128> {
    let (negative, digits) = match word.as_bytes().first()? {
        b'-' => (true, &word[1..]),
        b'+' => (false, &word[1..]),
        _ => (false, word),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let value = if plain && (digits.len() == 1 || !digits.starts_with('0')) {
        digits.parse().ok()?
    } else {
        radix_integer(digits)?
    };
    Some(if negative { -value } else { value })
}

fn radix_integer(digits: &str) -> Option<i128> {
    let digits = digits.replace('_', "");
    let (radix, rest) = if let Some(hex) = digits.strip_prefix("0x") {
        (16, hex)
    } else if let Some(binary) = digits.strip_prefix("0b") {
        (2, binary)
    } else if let Some(octal) = digits.strip_prefix("0o") {
        (8, octal)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, &*digits)
    };
    let signless = !rest.starts_with(['+', '-']);
    signless.then(|| i128::from_str_radix(rest, radix).ok())?
}

/// The value of a decimal or special float of JSON or YAML 1.1.
pub(super) fn float(word: &str) -> Option<f64> {
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(if word.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    if matches!(word, ".nan" | ".NaN" | ".NAN") {
        return Some(f64::NAN);
    }
    let numeric = |b: u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-' | b'_');
    if !unsigned.bytes().all(numeric) || !unsigned.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    // A float that none can hold is a text to Kubernetes.
    word.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())
}

/// Whether a bare word of YAML is an integer that no 64-bit type holds. Kubernetes makes a float of
/// it, and refuses that wherever an integer belongs.
pub(super) fn is_beyond_integers(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").or_else(|| word.strip_prefix(b"+")).unwrap_or(word);
    // The largest that fits has 20 digits; a shorter one is not looked at any closer.
    if digits.len() < 19 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    std::str::from_utf8(word).is_ok_and(|word| word.parse::<i64>().is_err() && word.parse::<u64>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_1_1_words_are_what_kubernetes_reads() {
        for word in ["on", "On", "yes", "y", "true"] {
            assert_eq!(yaml_word(word), Word::True, "{word}");
        }
        for word in ["off", "no", "N", "False"] {
            assert_eq!(yaml_word(word), Word::False, "{word}");
        }
        for word in ["", "~", "null"] {
            assert_eq!(yaml_word(word), Word::Null, "{word}");
        }
        for word in ["1", "-1", "+1", "0x1f", "0o17", "017", "1_000", "1.10", "1e3", ".5", ".inf", ".nan"] {
            assert_eq!(yaml_word(word), Word::Number, "{word}");
        }
        for word in ["v1", "1.10.0", "8080/tcp", "oN", "1-2", "-", "+", ".", "e3", "0xg", "10s", "08"] {
            if word == "08" {
                continue; // a float by YAML 1.1's reading of what is no octal number
            }
            assert_eq!(yaml_word(word), Word::Text, "{word}");
        }
    }

    #[test]
    fn integers_beyond_all_types_are_seen() {
        for word in ["18446744073709551616", "-9223372036854775809", "+99999999999999999999", "99999999999999999999"] {
            assert!(is_beyond_integers(word.as_bytes()), "{word}");
            assert_eq!(yaml_word(word), Word::Number, "{word}");
        }
        for word in
            ["18446744073709551615", "-9223372036854775808", "1e30", "0.00000000000000000001", "v99999999999999999999"]
        {
            assert!(!is_beyond_integers(word.as_bytes()), "{word}");
        }
        assert_eq!(yaml_word("7e12345"), Word::Text, "a commit, say");
    }

    #[test]
    fn integers_in_every_notation() {
        for (word, value) in
            [("0", 0), ("42", 42), ("-7", -7), ("0x1f", 31), ("0o17", 15), ("017", 15), ("1_000", 1000)]
        {
            assert_eq!(integer(word), Some(value), "{word}");
        }
        for word in ["", "-", "1.5", "x", "0x", "--1", "0x-1"] {
            assert_eq!(integer(word), None, "{word}");
        }
    }

    #[test]
    fn json_numbers_by_the_grammar_and_in_range() {
        for text in ["0", "-0", "1", "18446744073709551615", "-9223372036854775808", "1.5", "1e5", "1E-5", "0.25e+3"] {
            assert!(is_json_number(text), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "+1", "1e", "1e400", "18446744073709551616", "1.2.3", "0x1"] {
            assert!(!is_json_number(text), "{text}");
        }
    }
}
