//! The messages of Envoy's API: which fields they have, and of what type.
//!
//! `envoy.txt` is a listing of the descriptors of Envoy 1.40 (Apache-2.0; see `README.md`). A line
//! is a message with its fields in the order of their declaration; after the empty line follow the
//! enumerations.

use std::sync::{LazyLock, OnceLock};

use rustc_hash::FxHashMap;

static LISTING: &str = include_str!("envoy.txt");
static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::read);

struct Schema {
    messages: Vec<(&'static str, OnceLock<Message>)>,
    enums: Vec<&'static str>,
    by_name: FxHashMap<&'static str, usize>,
}

/// A message.
#[derive(Debug)]
pub(in crate::tables) struct Message {
    fields: Vec<Field>,
    by_name: FxHashMap<Box<str>, usize>,
}

/// A field.
#[derive(Debug)]
pub(in crate::tables) struct Field {
    /// The name that JSON has.
    pub(in crate::tables) json_name: String,
    /// How often it may be there.
    pub(in crate::tables) label: Label,
    /// The type of its values.
    pub(in crate::tables) kind: Kind,
}

/// How often a field may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tables) enum Label {
    /// Once; a scalar that is zero is as good as absent.
    One,
    /// Once, and zero is not the same as absent.
    Optional,
    /// A list.
    List,
    /// A map, whose keys are no field names.
    Map,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tables) enum Kind {
    /// Text, bytes, and scalars in wrappers: printed as they are.
    Text,
    /// A boolean.
    Bool,
    /// A number.
    Number,
    /// An integer of 64 bits: printed as text.
    Long,
    /// A scalar in a wrapper, which is never absent when it is zero.
    Wrapped,
    /// An integer of 64 bits in a wrapper.
    WrappedLong,
    /// A duration.
    Duration,
    /// Free JSON.
    Free,
    /// A message of any type.
    Any,
    /// A message of this number.
    Message(usize),
    /// An enumeration of this number.
    Enum(usize),
}

impl Schema {
    fn read() -> Self {
        let (messages, enums) = LISTING.split_once("\n\n").unwrap_or((LISTING, ""));
        let messages: Vec<_> = messages.lines().map(|line| (line, OnceLock::new())).collect();
        let name = |line: &'static str| line.split(' ').next().unwrap_or(line);
        let by_name = messages.iter().enumerate().map(|(place, (line, _))| (name(line), place)).collect();
        Self { messages, enums: enums.lines().collect(), by_name }
    }
}

/// The message of a type's full name.
pub(in crate::tables) fn message_named(name: &str) -> Option<&'static Message> {
    message(*SCHEMA.by_name.get(name)?)
}

/// The message of a number.
pub(in crate::tables) fn message(number: usize) -> Option<&'static Message> {
    let (line, message) = SCHEMA.messages.get(number)?;
    Some(message.get_or_init(|| Message::read(line)))
}

/// The name of an enumeration's value, which may be its number; whether it is the default.
pub(in crate::tables) fn enum_value(number: usize, value: &str) -> (&str, bool) {
    let values = SCHEMA.enums.get(number).copied().unwrap_or_default().split(' ').skip(1);
    let mut pairs = values.filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, number)| *name == value || *number == value);
    found.map_or((value, false), |(name, number)| (name, number == "0"))
}

impl Message {
    fn read(line: &'static str) -> Self {
        let mut words = line.split(' ').skip(1);
        let (mut fields, mut by_name) = (Vec::new(), FxHashMap::default());
        while let (Some(name), Some(kind)) = (words.next(), words.next()) {
            let field = Field::read(name, kind);
            by_name.insert(field.json_name.as_str().into(), fields.len());
            by_name.insert(name.into(), fields.len());
            fields.push(field);
        }
        Self { fields, by_name }
    }

    /// The field of a name in either spelling, with its place in the order of declaration.
    pub(in crate::tables) fn field(&self, name: &str) -> Option<(usize, &Field)> {
        let place = *self.by_name.get(name)?;
        Some((place, self.fields.get(place)?))
    }
}

impl Field {
    fn read(name: &str, kind: &str) -> Self {
        let (label, kind) = match kind.as_bytes().first() {
            Some(b'?') => (Label::Optional, &kind[1..]),
            Some(b'[') => (Label::List, &kind[1..]),
            Some(b'{') => (Label::Map, &kind[1..]),
            _ => (Label::One, kind),
        };
        Self { json_name: camel_case(name), label, kind: Kind::read(kind) }
    }
}

impl Kind {
    fn read(text: &str) -> Self {
        let number = || text.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX);
        match text.as_bytes().first() {
            Some(b'#') => Self::Message(number()),
            Some(b'!') => Self::Enum(number()),
            Some(b'A') => Self::Any,
            Some(b'D') => Self::Duration,
            Some(b'S' | b'E') => Self::Free,
            Some(b'W' | b'T' | b'F') => Self::Wrapped,
            Some(b'V') => Self::WrappedLong,
            Some(b'I') => Self::Long,
            Some(b'B') => Self::Bool,
            Some(b'i' | b'f' | b'd') => Self::Number,
            _ => Self::Text,
        }
    }
}

/// The JSON name of a field.
pub(in crate::tables) fn camel_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else {
            out.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_both_names() {
        let cluster = message_named("envoy.config.cluster.v3.Cluster").unwrap();
        let (place, field) = cluster.field("load_assignment").unwrap();
        assert_eq!(cluster.field("loadAssignment").unwrap().0, place);
        assert!(matches!(field.kind, Kind::Message(_)));
        let (_, field) = cluster.field("lb_policy").unwrap();
        let Kind::Enum(number) = field.kind else { unreachable!() };
        assert_eq!(enum_value(number, "1"), ("LEAST_REQUEST", false));
        assert_eq!(enum_value(number, "ROUND_ROBIN"), ("ROUND_ROBIN", true));
    }
}
