//! Routes that stand in a matcher tree
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/common/matcher/v3/matcher.proto>): what the
//! tree asks on the way to each, so that a request can be found that gets there.

use crate::document::Node;
use crate::envoy::{Route, StringMatch, header_input, type_name, typed_config};

use super::atom::{Atom, Dimension, Languages, NOT_THE_CLIENTS, Values, expression, fold};

/// The most ways to a route that are looked at.
const MOST_WAYS: usize = 64;

/// What a way asks: all of it.
pub(super) type Way = Vec<Atom>;

/// A route in a tree, and the ways to it.
pub(super) struct Leaf<'d> {
    pub(super) route: Route<'d>,
    /// Any of them will do.
    pub(super) ways: Vec<Way>,
}

/// The routes of a tree, in its order.
pub(super) fn leaves<'d>(tree: Node<'d>, languages: &Languages) -> Vec<Leaf<'d>> {
    let mut walk = Walk { languages, leaves: Vec::new() };
    walk.matcher(tree, &[Vec::new()]);
    walk.leaves
}

struct Walk<'l, 'd> {
    languages: &'l Languages,
    leaves: Vec<Leaf<'d>>,
}

impl<'d> Walk<'_, 'd> {
    fn matcher(&mut self, matcher: Node<'d>, ways: &[Way]) {
        let rest = match (matcher.field("matcher_list"), matcher.field("matcher_tree")) {
            (Some(list), _) => self.list(list, ways.to_vec()),
            (_, Some(tree)) => self.map(tree, ways),
            _ => ways.to_vec(),
        };
        if let Some(otherwise) = matcher.field("on_no_match") {
            self.on_match(otherwise, &rest);
        }
    }

    /// Follows each entry of a list; gives the ways past all of them.
    fn list(&mut self, list: Node<'d>, mut rest: Vec<Way>) -> Vec<Way> {
        for entry in list.get("matchers").into_iter().flat_map(Node::items) {
            let Some(predicate) = entry.get("predicate") else { continue };
            let ways = both(&rest, &self.ways_of(predicate, true));
            if let Some(then) = entry.field("on_match") {
                self.on_match(then, &ways);
            }
            rest = both(&rest, &self.ways_of(predicate, false));
        }
        rest
    }

    /// Follows each key of a map; gives the ways past all of them.
    fn map(&mut self, tree: Node<'d>, ways: &[Way]) -> Vec<Way> {
        let map = |field| tree.field(field).and_then(|map| map.get("map"));
        let (entries, ending) = match (map("exact_match_map"), map("prefix_match_map")) {
            (Some(exact), _) => (exact, ""),
            (_, Some(prefix)) => (prefix, ".*"),
            _ => return Vec::new(),
        };
        let Some(dimension) = tree.get("input").and_then(dimension_of) else { return Vec::new() };
        let is = |key: &str| {
            let language = self.languages.get(&format!("{}{ending}", fold(key, false)))?;
            Some(Atom { dimension: dimension.clone(), absent: false, present: Values::In(language) })
        };
        let keys: Vec<(&str, Node<'d>)> = entries.entries().map(|(key, value)| (key.text, value)).collect();
        let mut found: Vec<(Way, Node<'d>)> = Vec::new();
        for (key, then) in &keys {
            // The longest prefix counts.
            let longer = keys.iter().filter(|(other, _)| other.len() > key.len() && other.starts_with(key));
            let longer = longer.filter(|_| !ending.is_empty()).filter_map(|(other, _)| is(other));
            found.extend(
                is(key).map(|atom| (std::iter::once(atom).chain(longer.map(|a| a.negated())).collect(), *then)),
            );
        }
        let none: Way = keys.iter().filter_map(|(key, _)| is(key)).map(|atom| atom.negated()).collect();
        for (way, then) in found {
            self.on_match(then, &both(ways, &[way]));
        }
        both(ways, &[none])
    }

    fn on_match(&mut self, then: Node<'d>, ways: &[Way]) {
        if let Some(inner) = then.get("matcher") {
            return self.matcher(inner, ways);
        }
        let Some(config) = then.get("action").and_then(typed_config) else { return };
        let routes: Vec<Node<'d>> = match type_name(config) {
            Some("Route") => vec![config],
            Some("RouteList") => config.get("routes").into_iter().flat_map(Node::items).collect(),
            _ => Vec::new(),
        };
        self.leaves.extend(routes.into_iter().map(|node| Leaf { route: Route { node }, ways: ways.to_vec() }));
    }

    /// The ways in which a predicate is what is wanted; none where that is not known.
    fn ways_of(&self, predicate: Node<'d>, wanted: bool) -> Vec<Way> {
        if let Some(single) = predicate.field("single_predicate") {
            let atom = self.single(single);
            return atom.map(|atom| vec![vec![if wanted { atom } else { atom.negated() }]]).unwrap_or_default();
        }
        if let Some(inner) = predicate.field("not_matcher") {
            return self.ways_of(inner, !wanted);
        }
        let (list, is_or) = match (predicate.field("or_matcher"), predicate.field("and_matcher")) {
            (Some(list), _) => (list, true),
            (_, Some(list)) => (list, false),
            _ => return Vec::new(),
        };
        let parts = list.get("predicate").into_iter().flat_map(Node::items).map(|part| self.ways_of(part, wanted));
        if is_or == wanted {
            parts.flatten().take(MOST_WAYS).collect()
        } else {
            parts.fold(vec![Vec::new()], |a, b| both(&a, &b))
        }
    }

    fn single(&self, single: Node<'d>) -> Option<Atom> {
        let test = single.field("value_match").and_then(StringMatch::of)?;
        let present = Values::In(self.languages.get(&expression(test))?);
        Some(Atom { dimension: dimension_of(single.get("input")?)?, absent: false, present })
    }
}

/// What an input looks at. The path with its query is taken for the path: requests that are made have no query
/// unless a route asks for one, and each is simulated.
fn dimension_of(input: Node<'_>) -> Option<Dimension> {
    let name = header_input(input)?.to_ascii_lowercase();
    match &*name {
        ":path" => Some(Dimension::Path),
        ":scheme" => Some(Dimension::Header("x-forwarded-proto".to_owned())),
        name if NOT_THE_CLIENTS.contains(&name) => None,
        _ => Some(Dimension::Header(name)),
    }
}

/// The ways that go one of these and one of those.
fn both(these: &[Way], those: &[Way]) -> Vec<Way> {
    let pairs = these.iter().flat_map(|this| those.iter().map(move |that| [&this[..], &that[..]].concat()));
    pairs.take(MOST_WAYS).collect()
}
