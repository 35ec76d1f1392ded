//! JSON as YAML, in the style of Kubernetes' tools: keys in order, lists not indented.

use serde_json::Value;

/// Prints a value.
pub(super) fn print(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => object(map, 0, false, &mut out),
        Value::Array(items) if !items.is_empty() => array(items, 0, &mut out),
        scalar => {
            self::scalar(scalar, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', depth));
}

fn object(map: &serde_json::Map<String, Value>, depth: usize, mut follows_dash: bool, out: &mut String) {
    for (key, value) in map {
        if !std::mem::take(&mut follows_dash) {
            indent(depth, out);
        }
        text(key, depth, out);
        out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                object(map, depth + 2, false, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                array(items, depth, out);
            }
            value => {
                out.push(' ');
                scalar(value, depth + 2, out);
                out.push('\n');
            }
        }
    }
}

fn array(items: &[Value], depth: usize, out: &mut String) {
    for item in items {
        indent(depth, out);
        out.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                out.push(' ');
                object(map, depth + 2, true, out);
            }
            Value::Array(inner) if !inner.is_empty() => {
                out.push(' ');
                let start = out.len();
                array(inner, depth + 2, out);
                out.drain(start..start + depth + 2);
            }
            item => {
                out.push(' ');
                scalar(item, depth + 2, out);
                out.push('\n');
            }
        }
    }
}

fn scalar(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(string) => text(string, depth, out),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => out.push_str(&other.to_string()),
    }
}

fn text(string: &str, depth: usize, out: &mut String) {
    let lines_up = |line: &str| !line.starts_with([' ', '\t']);
    let printable = string.chars().all(|c| c == '\n' || !c.is_control());
    if string.contains('\n') && printable && string.lines().next().is_some_and(lines_up) && !string.trim().is_empty() {
        block(string, depth, out);
    } else if !printable || string.contains('\n') || is_ambiguous(string) {
        out.push_str(&Value::from(string).to_string());
    } else if needs_quotes(string) {
        out.push('\'');
        out.push_str(&string.replace('\'', "''"));
        out.push('\'');
    } else {
        out.push_str(string);
    }
}

fn block(string: &str, depth: usize, out: &mut String) {
    let ending = match string.strip_suffix('\n') {
        None => "-",
        Some(rest) if rest.ends_with('\n') => "+",
        Some(_) => "",
    };
    out.push('|');
    out.push_str(ending);
    let body = string.strip_suffix('\n').unwrap_or(string);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(depth.max(2), out);
            out.push_str(line);
        }
    }
}

/// Text that would be read as something else.
fn is_ambiguous(string: &str) -> bool {
    const WORDS: [&str; 11] = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let lower = string.to_ascii_lowercase();
    WORDS.contains(&lower.as_str())
        || matches!(lower.as_str(), ".inf" | "-.inf" | "+.inf" | ".nan" | "<<" | "=")
        || looks_like_number(string)
}

fn looks_like_number(string: &str) -> bool {
    if !matches!(string.as_bytes().first(), Some(b'0'..=b'9' | b'-' | b'+' | b'.')) {
        return false;
    }
    let plain = string.replace('_', "");
    let digits = plain.trim_start_matches(['-', '+']);
    let radix =
        |prefix: &str, radix| digits.strip_prefix(prefix).is_some_and(|d| i64::from_str_radix(d, radix).is_ok());
    plain.parse::<f64>().is_ok()
        || radix("0x", 16)
        || radix("0b", 2)
        || radix("0o", 8)
        || is_sexagesimal(digits)
        || is_date(string)
}

/// `190:20:30`, a number to YAML 1.1.
fn is_sexagesimal(digits: &str) -> bool {
    let mut parts = digits.split(':');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let first = parts.next().is_some_and(number);
    let mut rest = parts.peekable();
    first && rest.peek().is_some() && rest.all(|part| part.len() <= 2 && number(part))
}

/// `2026-11-20`, with or without a time.
fn is_date(string: &str) -> bool {
    let bytes = string.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let only = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 't' | 'Z' | 'z' | '+' | ' ');
    (0..4).all(is_digit) && bytes.get(4) == Some(&b'-') && is_digit(5) && string.chars().all(only)
}

fn needs_quotes(string: &str) -> bool {
    let first = string.chars().next().unwrap_or(' ');
    let special = "!&*|>@`\"'%#{}[],";
    let dash = |c: char| matches!(c, '-' | '?' | ':');
    special.contains(first)
        || (dash(first) && string.chars().nth(1).is_none_or(|c| c == ' '))
        || string.starts_with(' ')
        || string.ends_with(' ')
        || string.ends_with(':')
        || string.contains(": ")
        || string.contains(" #")
        || string.starts_with("---")
}
