//! Comparing messages field by field.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::document::{Key, Kind, Node};

use super::volatile::{Volatile, is_volatile};
use super::{Difference, Differences, Named};

/// The most characters of a value that are shown.
const SHOWN: usize = 120;
/// Fields whose values are secret.
const SECRET: [&str; 6] =
    ["privateKey", "password", "sessionTicketKeys", "genericSecret", "inlineBytes", "inlineString"];
/// What a piece of JSON has in it that holds a secret.
const SECRET_WITHIN: [&str; 6] =
    ["rivate_key", "rivateKey", "nline_bytes", "nlineBytes", "nline_string", "nlineString"];

/// A comparison under way.
pub(super) struct Comparison {
    pub(super) of_old: Volatile,
    pub(super) of_new: Volatile,
    pub(super) with_volatile: bool,
    pub(super) found: Differences,
}

/// Where in which resource the comparison is.
#[derive(Clone, Copy)]
struct Place<'p> {
    kind: &'static str,
    resource: &'p str,
}

impl Comparison {
    /// The bootstraps; what they say of the node is volatile.
    pub(super) fn bootstraps(&mut self, old: Option<Node<'_>>, new: Option<Node<'_>>) {
        if let (Some(old), Some(new)) = (old, new) {
            let (old, new) = (old.get("bootstrap").unwrap_or(old), new.get("bootstrap").unwrap_or(new));
            self.nodes(Place { kind: "bootstrap", resource: "bootstrap" }, "", old, new);
        }
    }

    /// The resources of a section that both have.
    pub(super) fn lists(&mut self, kind: &'static str, old: &Named<'_>, new: &Named<'_>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        for (name, node) in old {
            match new.get(name) {
                Some(other) => self.nodes(Place { kind, resource: name }, "", *node, *other),
                None => self.note(Place { kind, resource: name }, "", Some("present"), None),
            }
        }
        for name in new.keys().filter(|name| !old.contains_key(*name)) {
            self.note(Place { kind, resource: name }, "", None, Some("present"));
        }
    }

    fn note(&mut self, place: Place<'_>, path: &str, old: Option<&str>, new: Option<&str>) {
        let is_secret = SECRET.iter().any(|name| path.split('.').any(|part| part == *name));
        let holds_secret = |text: &str| is_secret || SECRET_WITHIN.iter().any(|word| text.contains(word));
        let shown = |text: &str| match holds_secret(text) {
            true => "(not shown)".to_owned(),
            false if text.chars().count() > SHOWN => text.chars().take(SHOWN).chain(['…']).collect(),
            false => text.to_owned(),
        };
        let difference =
            Difference { kind: place.kind, path: path.to_owned(), old: old.map(shown), new: new.map(shown) };
        self.found.entry(difference).or_default().push(place.resource.to_owned());
    }

    fn nodes(&mut self, place: Place<'_>, path: &str, old: Node<'_>, new: Node<'_>) {
        match (old.kind(), new.kind()) {
            (Kind::Object, Kind::Object) => {
                self.members(place, path, &by_key(old), &by_key(new));
            }
            (Kind::Array, Kind::Array) => {
                let (of_old, of_new) = items(old, new);
                self.order(place, path, &of_old, &of_new);
                self.members(place, path, &of_old, &of_new);
            }
            _ => self.scalars(place, path, old, new),
        }
    }

    /// The order of items that both have, where it means something.
    fn order(&mut self, place: Place<'_>, path: &str, old: &Members<'_>, new: &Members<'_>) {
        if !is_ordered(path.rsplit('.').next().unwrap_or(path)) {
            return;
        }
        let in_order = |own: &Members<'_>, other: &Members<'_>| {
            let common = names_in_order(own).filter(|name| other.contains_key(*name));
            common.map(|name| name.trim_matches(['[', ']'])).collect::<Vec<_>>().join(", ")
        };
        let (before, after) = (in_order(old, new), in_order(new, old));
        if before != after {
            self.note(place, &format!("{path} (order)"), Some(&before), Some(&after));
        }
    }

    fn members(&mut self, place: Place<'_>, path: &str, old: &Members<'_>, new: &Members<'_>) {
        let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            if key == "@type" || (!self.with_volatile && is_volatile(key)) {
                continue;
            }
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match (old.get(key), new.get(key)) {
                (Some(a), Some(b)) => self.nodes(place, &inner, a.node, b.node),
                (Some(a), None) => {
                    let text = a.node.to_json();
                    let text = self.of_old.without(&text).into_owned();
                    self.note(place, &inner, Some(&text), None);
                }
                (None, Some(b)) => {
                    let text = b.node.to_json();
                    let text = self.of_new.without(&text).into_owned();
                    self.note(place, &inner, None, Some(&text));
                }
                (None, None) => {}
            }
        }
    }

    fn scalars(&mut self, place: Place<'_>, path: &str, old: Node<'_>, new: Node<'_>) {
        let (old, new) = (text(old), text(new));
        let (old, new) = (self.of_old.without(&old).into_owned(), self.of_new.without(&new).into_owned());
        if old != new {
            self.note(place, path, Some(&old), Some(&new));
        }
    }
}

/// Lists of which the first item that fits is taken, or each in its turn.
pub(super) fn is_ordered(field: &str) -> bool {
    matches!(field, "routes" | "httpFilters" | "filters" | "listenerFilters")
}

/// What a value says, and of one that is no text its JSON.
pub(super) fn text(node: Node<'_>) -> Cow<'_, str> {
    node.text().map_or_else(|| Cow::Owned(node.to_json()), Cow::Borrowed)
}

/// The JSON name of a field; keys of maps with other characters stay.
pub(super) fn canonical(key: &str) -> Cow<'_, str> {
    let is_name = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_name || !key.contains('_') {
        return Cow::Borrowed(key);
    }
    let mut out = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        match c {
            '_' => upper = true,
            c => {
                out.push(if upper { c.to_ascii_uppercase() } else { c });
                upper = false;
            }
        }
    }
    Cow::Owned(out)
}

/// A member of an object or a list.
#[derive(Clone, Copy)]
pub(super) struct Member<'d> {
    position: usize,
    pub(super) node: Node<'d>,
}

/// Members by what tells them apart.
pub(super) type Members<'d> = BTreeMap<String, Member<'d>>;

/// The names in the order of their members.
pub(super) fn names_in_order<'n>(named: &'n Members<'_>) -> impl Iterator<Item = &'n String> {
    let mut names: Vec<_> = named.iter().collect();
    names.sort_unstable_by_key(|(_, member)| member.position);
    names.into_iter().map(|(name, _)| name)
}

fn by_key(object: Node<'_>) -> Members<'_> {
    let entries = object.entries().filter(|(_, value)| !value.is_null());
    let member =
        |(position, (key, node)): (usize, (Key<'_>, _))| (canonical(key.text).into_owned(), Member { position, node });
    entries.enumerate().map(member).collect()
}

/// The items of two lists by what names them, if that is unique in both, or else by their place.
fn items<'o, 'n>(old: Node<'o>, new: Node<'n>) -> (Members<'o>, Members<'n>) {
    match (by_name(old), by_name(new)) {
        (Some(old), Some(new)) => (old, new),
        _ => (by_place(old), by_place(new)),
    }
}

fn by_place(list: Node<'_>) -> Members<'_> {
    list.items().enumerate().map(|(position, node)| (format!("[{position}]"), Member { position, node })).collect()
}

pub(super) fn by_name(list: Node<'_>) -> Option<Members<'_>> {
    let mut found = BTreeMap::new();
    for (position, node) in list.items().enumerate() {
        if found.insert(format!("[{}]", name(node)?), Member { position, node }).is_some() {
            return None;
        }
    }
    Some(found)
}

/// What names an item: its name, the address of an endpoint, or the text itself.
fn name(item: Node<'_>) -> Option<String> {
    if !item.is_object() {
        return item.text().map(str::to_owned);
    }
    if let Some(name) = item.get("name").and_then(Node::text).filter(|name| !name.is_empty()) {
        return Some(name.to_owned());
    }
    let address = item.get("endpoint")?.get("address")?;
    let socket = address.field("socket_address");
    let text = |name: &str| socket.and_then(|s| s.field(name)).and_then(Node::text).unwrap_or_default();
    Some(socket.map_or_else(|| address.to_json(), |_| format!("{}:{}", text("address"), text("port_value"))))
}
