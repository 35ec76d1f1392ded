//! Matcher trees: exactly one action is chosen
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/common/matcher/v3/matcher.proto>).

use crate::document::Node;
use crate::envoy::{Route, StringMatch, header_input, type_name, typed_config};

use super::conditions::Subject;
use super::text::TextTest;

/// What a tree finds.
pub(super) enum Found<'d> {
    /// A route, whose own conditions must hold too.
    Route(Route<'d>),
    /// Routes, of which the first takes the request whose conditions hold.
    List(Vec<Route<'d>>),
}

/// How the value of an input is found.
type Input<'a> = dyn Fn(Node<'_>) -> Option<String> + 'a;
/// How a `custom_match` chooses.
type Custom<'a, 'd> = dyn Fn(Node<'d>) -> Option<Node<'d>> + 'a;

/// The routes that the matcher of a virtual host chooses.
pub(super) fn find<'d>(matcher: Node<'d>, subject: &Subject<'_>) -> Option<Found<'d>> {
    let input = |input: Node<'_>| {
        let name = header_input(input)?.to_ascii_lowercase();
        subject.headers.joined(&name).map(std::borrow::Cow::into_owned)
    };
    let config = typed_config(walk(matcher, &input, &|_| None)?)?;
    match type_name(config)? {
        "Route" => Some(Found::Route(Route { node: config })),
        "RouteList" => {
            let routes = config.get("routes").into_iter().flat_map(Node::items);
            Some(Found::List(routes.map(|node| Route { node }).collect()))
        }
        _ => None,
    }
}

/// The action that a `Matcher` chooses.
pub(super) fn walk<'d>(matcher: Node<'d>, input: &Input<'_>, custom: &Custom<'_, 'd>) -> Option<Node<'d>> {
    let chosen = match (matcher.field("matcher_list"), matcher.field("matcher_tree")) {
        (Some(list), _) => in_list(list, input),
        (_, Some(tree)) if tree.field("custom_match").is_some() => custom(tree),
        (_, Some(tree)) => in_tree(tree, input),
        _ => None,
    };
    let chosen = chosen.or_else(|| matcher.field("on_no_match"))?;
    match chosen.get("matcher") {
        Some(inner) => walk(inner, input, custom),
        None => chosen.get("action"),
    }
}

fn in_list<'d>(list: Node<'d>, input: &Input<'_>) -> Option<Node<'d>> {
    let mut matchers = list.get("matchers").into_iter().flat_map(Node::items);
    let found = matchers.find(|m| m.get("predicate").is_some_and(|predicate| holds(predicate, input)));
    found?.field("on_match")
}

fn holds(predicate: Node<'_>, input: &Input<'_>) -> bool {
    let parts = |list: Node<'_>, test: &dyn Fn(Node<'_>) -> bool, all: bool| {
        let mut parts = list.get("predicate").into_iter().flat_map(Node::items);
        if all { parts.all(test) } else { parts.any(test) }
    };
    let test = |part: Node<'_>| holds(part, input);
    if let Some(single) = predicate.field("single_predicate") {
        let test = single.field("value_match").and_then(StringMatch::of).map(TextTest::of);
        let value = single.get("input").and_then(input);
        return value.zip(test).is_some_and(|(value, test)| test.takes(&value) == Some(true));
    }
    if let Some(list) = predicate.field("or_matcher") {
        return parts(list, &test, false);
    }
    if let Some(list) = predicate.field("and_matcher") {
        return parts(list, &test, true);
    }
    predicate.field("not_matcher").is_some_and(|inner| !holds(inner, input))
}

fn in_tree<'d>(tree: Node<'d>, input: &Input<'_>) -> Option<Node<'d>> {
    let value = input(tree.get("input")?)?;
    if let Some(map) = tree.field("exact_match_map").and_then(|m| m.get("map")) {
        return map.entries().find(|(key, _)| key.text == value).map(|(_, found)| found);
    }
    let map = tree.field("prefix_match_map").and_then(|m| m.get("map"))?;
    let fitting = map.entries().filter(|(key, _)| value.starts_with(key.text));
    fitting.max_by_key(|(key, _)| key.text.len()).map(|(_, found)| found)
}
