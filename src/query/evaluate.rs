//! What a query selects.

use crate::document::Node;

use super::compare::Value;
use super::pattern::{Pattern, compiled};
use super::{Base, Condition, Name, Operand, Query, Segment, Selector, Test};

/// What `$` and `@` stand for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'d> {
    /// `$`
    pub root: Node<'d>,
    /// `@`
    pub current: Node<'d>,
}

impl<'d> Scope<'d> {
    /// Both stand for this.
    pub fn of(root: Node<'d>) -> Self {
        Self { root, current: root }
    }

    fn at(self, current: Node<'d>) -> Self {
        Self { current, ..self }
    }
}

impl Query {
    /// The nodes that it selects, in its order. One may be there several times.
    pub fn select<'d>(&self, scope: Scope<'d>) -> Vec<Node<'d>> {
        let mut found = Vec::new();
        self.each(scope, &mut |node| {
            found.push(node);
            true
        });
        found
    }

    /// The first node that it selects.
    pub fn first<'d>(&self, scope: Scope<'d>) -> Option<Node<'d>> {
        let mut first = None;
        self.each(scope, &mut |node| {
            first = Some(node);
            false
        });
        first
    }

    /// Hands on what it selects until `take` has enough.
    pub fn each<'d>(&self, scope: Scope<'d>, take: &mut dyn FnMut(Node<'d>) -> bool) {
        let start = match self.base {
            Base::Root => scope.root,
            Base::Current => scope.current,
        };
        walk(&self.segments, scope.at(start), take);
    }

    /// Whether it selects one node at most, by its form.
    pub(super) fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| match segment {
            Segment::Child(selectors) => matches!(selectors[..], [Selector::Name(_) | Selector::Index(_)]),
            Segment::Descendant(_) => false,
        })
    }

    /// The node that it selects, if that is exactly one.
    fn only<'d>(&self, scope: Scope<'d>) -> Option<Node<'d>> {
        let mut found = None;
        let mut count = 0;
        self.each(scope, &mut |node| {
            found = Some(node);
            count += 1;
            count < 2
        });
        found.filter(|_| count == 1)
    }
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, scope: Scope<'_>) -> bool {
        self.0.holds(scope)
    }
}

/// Follows the segments from `scope.current`; says whether to go on.
fn walk<'d>(segments: &[Segment], scope: Scope<'d>, take: &mut dyn FnMut(Node<'d>) -> bool) -> bool {
    let mut scope = scope;
    let mut segments = segments;
    // Most of the way is names, one after the other.
    while let Some((Segment::Child(selectors), rest)) = segments.split_first()
        && let [Selector::Name(name)] = &selectors[..]
    {
        let Some(member) = name.of_member(scope.current) else { return true };
        scope = scope.at(member);
        segments = rest;
    }
    match segments.split_first() {
        None => take(scope.current),
        Some((Segment::Child(selectors), rest)) => selectors.iter().all(|one| one.walk(scope, rest, take)),
        Some((Segment::Descendant(selectors), rest)) => descend(selectors, rest, scope, take),
    }
}

/// The node itself, then what is below it, in the order of the text.
fn descend<'d>(
    selectors: &[Selector],
    rest: &[Segment],
    scope: Scope<'d>,
    take: &mut dyn FnMut(Node<'d>) -> bool,
) -> bool {
    // In scalars, which most values are, there is nothing to be found.
    let inside = scope.current.items().chain(scope.current.values());
    let mut containers = inside.filter(|child| child.is_object() || child.is_array());
    selectors.iter().all(|one| one.walk(scope, rest, take))
        && containers.all(|child| descend(selectors, rest, scope.at(child), take))
}

/// The elements of an array, the members of an object.
fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    node.items().chain(node.values().filter(|value| !value.is_null()))
}

impl Selector {
    fn walk<'d>(&self, scope: Scope<'d>, rest: &[Segment], take: &mut dyn FnMut(Node<'d>) -> bool) -> bool {
        let node = scope.current;
        let mut go_on = |node| walk(rest, scope.at(node), take);
        match self {
            Self::Name(name) => name.of_member(node).is_none_or(go_on),
            Self::Wildcard => children(node).all(go_on),
            Self::Index(index) => at(node, *index).is_none_or(go_on),
            Self::Slice { start, end, step } => slice(node, *start, *end, *step).into_iter().all(go_on),
            Self::Filter(test) => children(node).all(|child| !test.holds(scope.at(child)) || go_on(child)),
        }
    }
}

impl Name {
    fn of_member<'d>(&self, node: Node<'d>) -> Option<Node<'d>> {
        match self {
            Self::Exact(name) => node.get(name),
            Self::Field(name) => node.field(name),
        }
    }
}

fn at(node: Node<'_>, index: i64) -> Option<Node<'_>> {
    if index >= 0 {
        return node.items().nth(usize::try_from(index).ok()?);
    }
    let from_end = usize::try_from(index.unsigned_abs()).ok()?;
    node.items().nth(node.items().count().checked_sub(from_end)?)
}

/// RFC 9535, section 2.3.4.2.
fn slice(node: Node<'_>, start: Option<i64>, end: Option<i64>, step: i64) -> Vec<Node<'_>> {
    let items: Vec<_> = node.items().collect();
    let length = items.len() as i64;
    let normal = |index: i64| if index < 0 { length.saturating_add(index) } else { index };
    let mut found = Vec::new();
    let mut push = |place: i64| found.extend(usize::try_from(place).ok().and_then(|place| items.get(place)));
    if step > 0 {
        let mut place = normal(start.unwrap_or(0)).clamp(0, length);
        let end = normal(end.unwrap_or(length)).clamp(0, length);
        while place < end {
            push(place);
            place = place.saturating_add(step);
        }
    } else if step < 0 {
        let mut place = start.map_or(length - 1, normal).clamp(-1, length - 1);
        let end = end.map_or(-1, |end| normal(end).clamp(-1, length - 1));
        while place > end {
            push(place);
            place = place.saturating_add(step);
        }
    }
    found
}

impl Test {
    fn holds(&self, scope: Scope<'_>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(scope)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(scope)),
            Self::Not(test) => !test.holds(scope),
            Self::Exists(query) => query.first(scope).is_some(),
            Self::Compare(operator, left, right) => operator.holds(left.value(scope), right.value(scope)),
            Self::Matches(value, pattern) => match value.value(scope) {
                Value::Text(text) => pattern.takes(text, scope),
                _ => false,
            },
        }
    }
}

impl Operand {
    fn value<'a, 'd: 'a>(&'a self, scope: Scope<'d>) -> Value<'a, 'd> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(*value),
            Self::Text(text) => Value::Text(text),
            Self::Node(query) => query.only(scope).map_or(Value::Nothing, Value::of),
            Self::Length(of) => length(of.value(scope)),
            Self::Count(query) => {
                let mut count = 0.0;
                query.each(scope, &mut |_| {
                    count += 1.0;
                    true
                });
                Value::Number(count)
            }
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn length<'a, 'd>(value: Value<'a, 'd>) -> Value<'a, 'd> {
    match value {
        Value::Text(text) => Value::Number(text.chars().count() as f64),
        Value::Container(node) => Value::Number(children(node).count() as f64),
        _ => Value::Nothing,
    }
}

impl Pattern {
    fn takes(&self, text: &str, scope: Scope<'_>) -> bool {
        match self {
            Self::Fixed(regex) => regex.is_match(text),
            Self::Computed { text: pattern, is_whole } => match pattern.value(scope) {
                Value::Text(pattern) => compiled(pattern, *is_whole).is_ok_and(|regex| regex.is_match(text)),
                _ => false,
            },
        }
    }
}
