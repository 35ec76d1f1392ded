//! Messages as protobuf's own printer writes them: `-o json`.
//!
//! Envoy prints the names of the API (`connect_timeout`), Go tools those of JSON
//! (`connectTimeout`). Only names of fields change, never keys of maps; numbers of 64 bits become
//! text; what is absent and what is zero is the same unless the API says otherwise. All that takes
//! the schema; messages that it does not know are printed as they are, field names apart.

use rayon::prelude::*;

use crate::document::{Kind as NodeKind, Node};

use super::redact;
use super::schema::{self, Field, Kind, Label, Message};

const GOOGLE: &str = "type.googleapis.com/";
/// Lists of this many bytes of text are printed in parallel.
const PARALLEL_FROM: usize = 1 << 20;

/// A message to print.
#[derive(Clone, Copy)]
pub(super) struct Typed<'d> {
    /// The message.
    pub(super) node: Node<'d>,
    /// The full name of its type.
    pub(super) type_name: &'static str,
}

/// Prints messages as a list.
pub(super) fn list(messages: &[Typed<'_>]) -> String {
    if messages.is_empty() {
        return "[]".to_owned();
    }
    let print = |typed: &Typed<'_>| {
        let mut printer = Printer { out: String::new(), depth: 1 };
        printer.line();
        printer.message(typed.node, schema::message_named(typed.type_name));
        printer.out
    };
    let size: usize = messages.iter().map(|typed| typed.node.span().len()).sum();
    let printed: Vec<String> = match size {
        PARALLEL_FROM.. => messages.par_iter().with_max_len(1).map(print).collect(),
        _ => messages.iter().map(print).collect(),
    };
    // Room for the brackets and the newline that ends the output, too.
    let mut out = String::with_capacity(printed.iter().map(String::len).sum::<usize>() + messages.len() + 4);
    out.push('[');
    for (place, text) in printed.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(text);
    }
    out.push_str("\n]");
    out
}

/// Prints one message.
pub(super) fn one(typed: Typed<'_>) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    printer.message(typed.node, schema::message_named(typed.type_name));
    printer.out
}

/// Prints a message with only a list in it, of items from several places.
pub(super) fn joined(field: &str, messages: &[Typed<'_>]) -> String {
    let list = list(messages).replace('\n', "\n    ");
    format!("{{\n    \"{field}\": {list}\n}}")
}

struct Printer {
    out: String,
    depth: usize,
}

impl Printer {
    /// Begins a line at the present depth.
    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push_str("    ");
        }
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    /// Closes a container whose opening bracket stands at the end of the text if it is empty.
    fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn next(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(',');
        }
        self.line();
    }

    fn key(&mut self, key: &str) {
        self.string(key);
        self.out.push_str(": ");
    }

    fn string(&mut self, text: &str) {
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
        } else {
            self.out.push_str(&serde_json::Value::from(text).to_string());
        }
    }

    /// A message; one of an unknown type is printed with its fields renamed.
    fn message(&mut self, node: Node<'_>, message: Option<&Message>) {
        self.open('{');
        let is_empty = self.fields(node, message, true);
        self.close('}', is_empty);
    }

    /// The fields of a message; whether there is still nothing in the object.
    fn fields(&mut self, node: Node<'_>, message: Option<&Message>, is_empty: bool) -> bool {
        let Some(message) = message else {
            return self.unknown_fields(node, is_empty);
        };
        let mut present: Vec<(usize, &Field, Node<'_>)> = Vec::new();
        for (key, value) in node.entries() {
            if let Some((place, field)) = message.field(key.text)
                && is_set(field, value)
            {
                present.push((place, field, value));
            }
        }
        present.sort_by_key(|(place, _, _)| *place);
        let mut is_empty = is_empty;
        for (_, field, value) in present {
            self.next(is_empty);
            is_empty = false;
            self.key(&field.json_name);
            self.field(field, value);
        }
        is_empty
    }

    fn unknown_fields(&mut self, node: Node<'_>, mut is_empty: bool) -> bool {
        for (key, value) in node.entries().filter(|(key, value)| key.text != "@type" && !value.is_null()) {
            self.next(is_empty);
            is_empty = false;
            // Keys of maps are never like this, unless they are names of fields.
            let is_name =
                key.text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if is_name {
                self.key(&schema::camel_case(key.text));
            } else {
                self.key(key.text);
            }
            self.unknown(value);
        }
        is_empty
    }

    fn unknown(&mut self, value: Node<'_>) {
        match value.kind() {
            NodeKind::Object if value.get("@type").is_some() => self.any(value),
            NodeKind::Object => self.message(value, None),
            NodeKind::Array => self.items(value, Self::unknown),
            _ => self.free(value),
        }
    }

    /// A key or a password: its shape, and not what is in it.
    fn redacted(&mut self, value: Node<'_>) {
        match value.kind() {
            NodeKind::Object => {
                self.open('{');
                let mut is_empty = true;
                for (key, value) in value.entries() {
                    self.next(is_empty);
                    is_empty = false;
                    self.key(&schema::camel_case(key.text));
                    self.redacted(value);
                }
                self.close('}', is_empty);
            }
            NodeKind::Array => self.items(value, Self::redacted),
            NodeKind::Null => self.out.push_str("null"),
            _ => self.string(redact::shown(value.text().unwrap_or_default())),
        }
    }

    fn items(&mut self, list: Node<'_>, mut print: impl FnMut(&mut Self, Node<'_>)) {
        self.open('[');
        let mut is_empty = true;
        for item in list.items() {
            self.next(is_empty);
            is_empty = false;
            print(self, item);
        }
        self.close(']', is_empty);
    }

    fn field(&mut self, field: &Field, value: Node<'_>) {
        if redact::is_secret(&field.json_name) {
            return self.redacted(value);
        }
        match field.label {
            Label::List => self.items(value, |printer, item| printer.value(field.kind, item)),
            Label::Map => self.map(value, |printer, item| printer.value(field.kind, item)),
            Label::One | Label::Optional => self.value(field.kind, value),
        }
    }

    /// A map, by its keys.
    fn map(&mut self, map: Node<'_>, mut print: impl FnMut(&mut Self, Node<'_>)) {
        let mut entries: Vec<_> = map.entries().collect();
        entries.sort_by_key(|(key, _)| key.text);
        self.open('{');
        let mut is_empty = true;
        for (key, value) in entries {
            self.next(is_empty);
            is_empty = false;
            self.key(key.text);
            print(self, value);
        }
        self.close('}', is_empty);
    }

    fn value(&mut self, kind: Kind, value: Node<'_>) {
        match kind {
            Kind::Message(number) => self.message(value, schema::message(number)),
            Kind::Any => self.any(value),
            Kind::Enum(number) => {
                let (name, _) = schema::enum_value(number, value.text().unwrap_or_default());
                match name.parse::<i64>() {
                    Ok(_) => self.out.push_str(name),
                    Err(_) => self.string(name),
                }
            }
            Kind::Long | Kind::WrappedLong => self.string(value.text().unwrap_or_default()),
            Kind::Number => self.number(value),
            Kind::Duration => self.duration(value),
            Kind::Text | Kind::Bool | Kind::Wrapped | Kind::Free => self.free(value),
        }
    }

    /// A number, which may be written as text.
    fn number(&mut self, value: Node<'_>) {
        let text = value.text().unwrap_or_default();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => self.out.push_str(text),
            _ => self.string(text),
        }
    }

    /// A duration has no, three, six or nine digits behind the point.
    fn duration(&mut self, value: Node<'_>) {
        let text = value.text().unwrap_or_default();
        let Some((seconds, fraction)) = text.strip_suffix('s').and_then(|number| number.split_once('.')) else {
            return self.string(text);
        };
        let digits = fraction.trim_end_matches('0');
        if digits.is_empty() {
            return self.string(&format!("{seconds}s"));
        }
        let width = digits.len().div_ceil(3) * 3;
        self.string(&format!("{seconds}.{digits:0<width$}s"));
    }

    /// JSON as it is, keys in order.
    fn free(&mut self, value: Node<'_>) {
        match value.kind() {
            NodeKind::Object => self.map(value, Self::free),
            NodeKind::Array => self.items(value, Self::free),
            NodeKind::String => self.string(value.text().unwrap_or_default()),
            NodeKind::Number => self.out.push_str(value.text().unwrap_or_default()),
            NodeKind::Bool => self.out.push_str(if value.as_bool() == Some(true) { "true" } else { "false" }),
            NodeKind::Null => self.out.push_str("null"),
        }
    }

    /// A message of any type: its type first.
    fn any(&mut self, value: Node<'_>) {
        let Some(url) = value.get("@type").and_then(Node::text) else {
            return self.message(value, None);
        };
        self.open('{');
        self.line();
        self.key("@type");
        self.string(url);
        let name = url.strip_prefix(GOOGLE).unwrap_or(url);
        if name.starts_with("google.protobuf.") {
            if let Some(inner) = value.get("value") {
                self.next(false);
                self.key("value");
                self.free(inner);
            }
        } else {
            self.fields(value, schema::message_named(name), false);
        }
        self.close('}', false);
    }
}

/// Whether a field is printed: zeros are not, unless they differ from nothing.
fn is_set(field: &Field, value: Node<'_>) -> bool {
    if value.is_null() {
        return false;
    }
    match (field.label, field.kind) {
        (Label::List, _) => value.items().next().is_some(),
        (Label::Map, _) => value.values().next().is_some(),
        (Label::One, Kind::Text) => value.text() != Some(""),
        (Label::One, Kind::Bool) => value.as_bool() != Some(false),
        (Label::One, Kind::Number | Kind::Long) => value.as_f64() != Some(0.0),
        (Label::One, Kind::Enum(number)) => !schema::enum_value(number, value.text().unwrap_or_default()).1,
        (Label::Optional | Label::One, _) => true,
    }
}
