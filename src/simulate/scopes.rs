//! Scoped routes: headers of a request choose its route configuration
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto#extensions-filters-network-http-connection-manager-v3-scopedroutes>).

use rustc_hash::FxHashMap;

use crate::document::Node;
use crate::envoy::{Dump, type_name};

use super::headers::Headers;

/// A route configuration that a scope leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scoped<'d> {
    /// It stands in the scope.
    Inline(Node<'d>),
    /// It comes by RDS, by this name.
    Named(&'d str),
}

/// The scopes that the control plane sent, by the names of their lists.
#[derive(Debug, Default)]
pub(super) struct Scopes<'d>(FxHashMap<&'d str, Vec<Node<'d>>>);

impl<'d> Scopes<'d> {
    /// Those of a dump.
    pub(super) fn of(dump: &Dump<'d>) -> Self {
        let mut scopes = Self::default();
        if !dump.has_section("scoped routes") {
            return scopes;
        }
        let sections = dump.document.roots().flat_map(|root| root.get("configs").into_iter().flat_map(Node::items));
        for section in sections.filter(|section| type_name(*section) == Some("ScopedRoutesConfigDump")) {
            let lists = section.field("dynamic_scoped_route_configs").into_iter().flat_map(Node::items);
            for list in lists {
                let name = list.get("name").and_then(Node::text).unwrap_or_default();
                let found = list.field("scoped_route_configs").into_iter().flat_map(Node::items);
                scopes.0.entry(name).or_default().extend(found);
            }
        }
        scopes
    }

    /// All scopes that a connection manager may use.
    pub(super) fn used_by(&self, manager: Node<'d>) -> impl Iterator<Item = Node<'d>> {
        let scoped = manager.field("scoped_routes");
        let list = scoped.and_then(|scoped| scoped.field("scoped_route_configurations_list"));
        let own = list.and_then(|list| list.field("scoped_route_configurations")).into_iter().flat_map(Node::items);
        let name = scoped.and_then(|scoped| scoped.get("name")).and_then(Node::text).unwrap_or_default();
        own.chain(self.0.get(name).filter(|_| list.is_none()).into_iter().flatten().copied())
    }

    /// The route configuration of a request; nothing where it has no scope.
    pub(super) fn find(&self, manager: Node<'d>, headers: &Headers<'_>) -> Option<Scoped<'d>> {
        let builder = manager.field("scoped_routes")?.field("scope_key_builder")?;
        let fragments = builder.get("fragments").into_iter().flat_map(Node::items);
        let key: Vec<&str> = fragments.map(|fragment| fragment_of(fragment, headers)).collect::<Option<_>>()?;
        let scope = self.used_by(manager).find(|scope| key_of(*scope).eq(key.iter().copied()))?;
        Scoped::of(scope)
    }
}

impl<'d> Scoped<'d> {
    /// The route configuration of a scope.
    pub(super) fn of(scope: Node<'d>) -> Option<Self> {
        let named = || scope.field("route_configuration_name").and_then(Node::text).map(Self::Named);
        scope.field("route_configuration").map(Self::Inline).or_else(named)
    }
}

/// The key of a scope.
fn key_of(scope: Node<'_>) -> impl Iterator<Item = &str> {
    let fragments = scope.get("key").and_then(|key| key.get("fragments")).into_iter().flat_map(Node::items);
    fragments.map(|fragment| fragment.field("string_key").and_then(Node::text).unwrap_or_default())
}

/// A part of a request's key; nothing if the request does not have it.
fn fragment_of<'h>(fragment: Node<'_>, headers: &'h Headers<'_>) -> Option<&'h str> {
    let extractor = fragment.field("header_value_extractor")?;
    let name = extractor.get("name").and_then(Node::text)?.to_ascii_lowercase();
    let value = headers.first(&name)?;
    let separator = extractor.field("element_separator").and_then(Node::text).unwrap_or_default();
    let mut elements: Box<dyn Iterator<Item = &'h str>> = match separator {
        "" => Box::new(std::iter::once(value)),
        separator => Box::new(value.split(separator)),
    };
    if let Some(element) = extractor.get("element") {
        let text = |key| element.get(key).and_then(Node::text).unwrap_or_default();
        let (wanted, separator) = (text("key"), text("separator"));
        let pairs = elements.map(|element| element.split_once(separator).unwrap_or((element, "")));
        return pairs.into_iter().find(|(key, _)| *key == wanted).map(|(_, value)| value);
    }
    let index = extractor.get("index").and_then(Node::as_u64).unwrap_or(0);
    elements.nth(usize::try_from(index).ok()?)
}
