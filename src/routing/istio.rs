//! From VirtualService matches to conditions, by way of what istiod makes of them.

use crate::istio::{HttpMatch, StringMatch, StringMatchKind};
use crate::mesh::RouteMatch;

use super::path::PathKind;
use super::{Atom, Condition, Dimension, PathCondition, TextCondition};

impl Condition {
    /// The condition of one alternative of a route.
    pub fn of_virtual_service(alternative: &RouteMatch<'_>) -> Self {
        let mut condition = Self::any();
        for part in alternative.parts() {
            condition.add(part);
        }
        condition
    }

    fn add(&mut self, part: HttpMatch<'_>) {
        if let Some(uri) = part.uri() {
            // Of a delegate's and its root's condition the narrower one counts.
            let path = path_of(&uri, part.ignores_uri_case());
            if self.path.takes_all() || self.path.covers(&path) {
                self.path = path;
            }
        }
        for name in ["scheme", "method", "authority"] {
            if let Some(text) = part.string(name) {
                self.atoms.push(Atom::new(Dimension::Header(format!(":{name}")), text_of(&text)));
            }
        }
        for (name, text) in part.map("headers") {
            self.atoms.push(Atom::new(Dimension::Header(name.to_ascii_lowercase()), text_or_present(text)));
        }
        for (name, text) in part.map("withoutHeaders") {
            let text = text_or_present(text);
            let is_presence = text == TextCondition::Present;
            let atom = Atom::new(Dimension::Header(name.to_ascii_lowercase()), text).inverted();
            self.atoms.push(if is_presence { atom } else { atom.or_absent() });
        }
        for (name, text) in part.map("queryParams") {
            self.atoms.push(Atom::new(Dimension::Query(name.to_owned()), text_or_present(text)));
        }
        self.add_sources(part);
    }

    /// Conditions that do not depend on the request but on where it comes from.
    fn add_sources(&mut self, part: HttpMatch<'_>) {
        let mut other =
            |name, text: String| self.atoms.push(Atom::new(Dimension::Other(name), TextCondition::Exact(text)));
        if let Some(port) = part.port() {
            other("port", port.value.to_string());
        }
        let gateways: Vec<&str> = part.gateways().map(|g| g.value).collect();
        if !gateways.is_empty() {
            other("gateways", gateways.join(","));
        }
        let labels = part.source_labels();
        if !labels.is_empty() {
            other("source labels", labels.to_string());
        }
        if let Some(namespace) = part.source_namespace() {
            other("source namespace", namespace.value.to_owned());
        }
    }
}

fn path_of(uri: &StringMatch<'_>, ignores_case: bool) -> PathCondition {
    let text = uri.text.value.to_owned();
    let kind = match uri.kind {
        StringMatchKind::Exact => PathKind::Exact(text),
        StringMatchKind::Prefix => PathKind::Prefix(text),
        StringMatchKind::Regex => PathKind::Regex(text),
    };
    PathCondition { kind, ignores_case }
}

fn text_of(text: &StringMatch<'_>) -> TextCondition {
    let value = text.text.value.to_owned();
    match text.kind {
        StringMatchKind::Exact => TextCondition::Exact(value),
        StringMatchKind::Prefix => TextCondition::Prefix(value),
        // Istiod turns the expression that takes everything into a test for presence.
        StringMatchKind::Regex if value == "*" => TextCondition::Present,
        StringMatchKind::Regex => TextCondition::Regex(value),
    }
}

fn text_or_present(text: Option<StringMatch<'_>>) -> TextCondition {
    text.map_or(TextCondition::Present, |text| text_of(&text))
}
