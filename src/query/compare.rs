//! Comparison of values (RFC 9535, section 2.3.5.2.2).

use std::cmp::Ordering;

use crate::document::{Kind, Node};

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a, 'd> {
    /// A query that selects nothing.
    Nothing,
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    /// An object or an array.
    Container(Node<'d>),
}

impl<'d> Value<'d, 'd> {
    pub(super) fn of(node: Node<'d>) -> Self {
        match node.kind() {
            Kind::Object | Kind::Array => Self::Container(node),
            Kind::String => node.text().map_or(Self::Nothing, Self::Text),
            Kind::Number => node.as_f64().map_or(Self::Nothing, Self::Number),
            Kind::Bool => node.as_bool().map_or(Self::Nothing, Self::Bool),
            Kind::Null => Self::Null,
        }
    }
}

impl Operator {
    pub(super) fn holds(self, left: Value<'_, '_>, right: Value<'_, '_>) -> bool {
        match self {
            Self::Equal => equal(left, right),
            Self::Unequal => !equal(left, right),
            Self::Less => ordered(left, right) == Some(Ordering::Less),
            Self::Greater => ordered(left, right) == Some(Ordering::Greater),
            Self::LessOrEqual => ordered(left, right) == Some(Ordering::Less) || equal(left, right),
            Self::GreaterOrEqual => ordered(left, right) == Some(Ordering::Greater) || equal(left, right),
        }
    }
}

/// Only numbers and texts have an order.
fn ordered(left: Value<'_, '_>, right: Value<'_, '_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(&right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn equal(left: Value<'_, '_>, right: Value<'_, '_>) -> bool {
    match (left, right) {
        (Value::Nothing, Value::Nothing) | (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Container(left), Value::Container(right)) => equal_containers(left, right),
        _ => ordered(left, right) == Some(Ordering::Equal),
    }
}

fn equal_containers(left: Node<'_>, right: Node<'_>) -> bool {
    if left.is_array() != right.is_array() || left.is_object() != right.is_object() {
        return false;
    }
    let same = |left: Node<'_>, right: Node<'_>| equal(Value::of(left), Value::of(right));
    if left.is_array() {
        return left.items().count() == right.items().count()
            && left.items().zip(right.items()).all(|(l, r)| same(l, r));
    }
    let members = |node: Node<'_>| node.values().filter(|value| !value.is_null()).count();
    let is_in_right = |value: Node<'_>| {
        let other = value.key().and_then(|key| right.get(key.text));
        other.is_some_and(|other| same(value, other))
    };
    members(left) == members(right) && left.values().filter(|value| !value.is_null()).all(is_in_right)
}
