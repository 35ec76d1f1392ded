//! From Envoy's `RouteMatch` to conditions
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto>).

use crate::document::Node;
use crate::envoy::{
    ConditionKind, HeaderMatch, PathMatch, Route, RouteCondition, RouteMatch, StringMatch, StringMatchKind, ValueTest,
};

use super::path::PathKind;
use super::{Atom, Condition, Dimension, TextCondition};

impl Condition {
    /// The condition of a route of Envoy's.
    pub fn of_envoy(route: Route<'_>) -> Self {
        let mut condition = Self::any();
        let Some(node) = route.conditions() else {
            return condition;
        };
        let read = RouteMatch::of(node);
        condition.path.kind = path_kind(read.path, read.path_node);
        condition.path.ignores_case = read.ignores_case;
        for part in &read.conditions {
            match part.kind {
                ConditionKind::Fraction(_) => condition.is_partial = true,
                _ => condition.atoms.push(atom(part)),
            }
        }
        condition.is_partial |= route.may_decline();
        condition
    }
}

fn path_kind(path: PathMatch<'_>, node: Node<'_>) -> PathKind {
    match path {
        PathMatch::Prefix(text) => PathKind::Prefix(text.to_owned()),
        PathMatch::Exact(text) => PathKind::Exact(text.to_owned()),
        PathMatch::SeparatedPrefix(text) => PathKind::SeparatedPrefix(text.to_owned()),
        PathMatch::Regex(text) => PathKind::Regex(text.to_owned()),
        PathMatch::Connect => PathKind::Connect,
        PathMatch::Template(text) => PathKind::Other(format!("template {text}")),
        PathMatch::Other => PathKind::Other(node.to_json()),
    }
}

fn atom(part: &RouteCondition<'_>) -> Atom {
    match part.kind {
        ConditionKind::Header(matcher) => header(matcher, part.node),
        ConditionKind::Query(name, test) => {
            let atom = Atom::new(Dimension::Query(name.to_owned()), text_of(test, part.node));
            if matches!(test, ValueTest::Present(false)) { atom.inverted() } else { atom }
        }
        _ => unknown(part.node),
    }
}

/// A condition that is only known by how it is written: it implies itself and nothing else.
fn unknown(node: Node<'_>) -> Atom {
    let name = node.key().map_or("", |key| key.text);
    Atom::new(Dimension::Other("condition"), TextCondition::Exact(format!("{name}={}", node.to_json())))
}

fn header(matcher: HeaderMatch<'_>, node: Node<'_>) -> Atom {
    let name = matcher.name.to_ascii_lowercase();
    let name = if name == "host" { ":authority".to_owned() } else { name };
    let text = match (matcher.absent_is_empty, text_of(matcher.test, node)) {
        (true, TextCondition::Present) => TextCondition::Other(node.to_json()), // always there, then
        (_, text) => text,
    };
    let atom = Atom::new(Dimension::Header(name), text);
    let atom = if matcher.absent_is_empty { atom.or_absent() } else { atom };
    let wants_absence = matches!(matcher.test, ValueTest::Present(false));
    if matcher.is_inverted == wants_absence { atom } else { atom.inverted() }
}

/// The condition on a header's or a parameter's value.
fn text_of(test: ValueTest<'_>, matcher: Node<'_>) -> TextCondition {
    match test {
        ValueTest::Present(_) => TextCondition::Present,
        // Not the same as presence where it is inverted: an absent header meets neither.
        ValueTest::Any => TextCondition::Regex(".*".to_owned()),
        ValueTest::Text(text) => string_match(text, matcher),
        ValueTest::Range(..) | ValueTest::Unknown(_) => TextCondition::Other(matcher.to_json()),
    }
}

fn string_match(text: StringMatch<'_>, matcher: Node<'_>) -> TextCondition {
    if text.ignores_case {
        return TextCondition::Other(matcher.to_json());
    }
    match text.kind {
        StringMatchKind::Exact(text) => TextCondition::Exact(text.to_owned()),
        StringMatchKind::Prefix(text) => TextCondition::Prefix(text.to_owned()),
        StringMatchKind::Suffix(text) => TextCondition::Suffix(text.to_owned()),
        StringMatchKind::Contains(text) => TextCondition::Contains(text.to_owned()),
        StringMatchKind::Regex(text) => TextCondition::Regex(text.to_owned()),
    }
}
