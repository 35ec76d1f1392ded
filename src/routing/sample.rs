//! A request that meets a condition, guessed without any search: if no earlier condition takes it,
//! the condition is not covered, and nothing needs to be proved.

use std::borrow::Cow;

use super::path::PathKind;
use super::word::word;
use super::{Atom, Condition, Dimension, Request, TextCondition};

/// A value that is unlike what people write.
const UNUSUAL: &str = "~";

/// The parts of a request.
#[derive(Clone, Debug)]
pub(super) struct Sample<'c> {
    method: &'c str,
    authority: &'c str,
    scheme: &'c str,
    path: Cow<'c, str>,
    query: String,
    headers: Vec<(&'c str, &'c str)>,
}

impl Condition {
    /// A path that meets the condition; nothing where that takes a search.
    pub(super) fn sample_path(&self) -> Option<Cow<'_, str>> {
        match &self.path.kind {
            PathKind::Prefix(text) if text.is_empty() => Some("/".into()),
            PathKind::Prefix(text) | PathKind::Exact(text) | PathKind::SeparatedPrefix(text) => Some(text.into()),
            PathKind::Regex(expression) => word(expression).map(Cow::Owned),
            PathKind::Connect | PathKind::Other(_) => None,
        }
    }

    /// A request with such a path that meets the condition, as far as it tells; nothing where that takes a
    /// search.
    pub(super) fn sample<'c>(&'c self, path: Cow<'c, str>) -> Option<Sample<'c>> {
        let mut sample = Sample {
            method: "GET",
            authority: "example.com",
            scheme: "http",
            path,
            query: String::new(),
            headers: Vec::new(),
        };
        for atom in &self.atoms {
            sample.add(atom)?;
        }
        Some(sample)
    }

    /// Whether no path of a request can meet the condition: paths start with a slash, and are matched
    /// without their query
    /// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routematch>).
    pub fn has_impossible_path(&self) -> bool {
        match &self.path.kind {
            PathKind::Prefix(text) | PathKind::Exact(text) | PathKind::SeparatedPrefix(text) => {
                (!text.is_empty() && !text.starts_with('/')) || text.contains(['?', '#'])
            }
            _ => false,
        }
    }
}

impl<'c> Sample<'c> {
    /// The request.
    pub(super) fn request(&self) -> Request<'_> {
        Request {
            method: self.method,
            authority: self.authority,
            scheme: self.scheme,
            path: &self.path,
            query_string: &self.query,
            headers: &self.headers,
        }
    }

    fn add(&mut self, atom: &'c Atom) -> Option<()> {
        let value = match (&atom.text, atom.is_inverted) {
            (TextCondition::Present, true) => return Some(()),
            (_, true) if atom.absent_is_empty => return Some(()),
            (text, true) => (text.takes(UNUSUAL) == Some(false)).then_some(UNUSUAL)?,
            (TextCondition::Present, false) => UNUSUAL,
            (
                TextCondition::Exact(text)
                | TextCondition::Prefix(text)
                | TextCondition::Suffix(text)
                | TextCondition::Contains(text),
                false,
            ) => text,
            (TextCondition::Regex(_) | TextCondition::Other(_), false) => return None,
        };
        match &atom.dimension {
            Dimension::Header(name) => match &**name {
                ":method" => self.method = value,
                ":authority" => self.authority = value,
                ":scheme" => self.scheme = value,
                name => self.headers.push((name, value)),
            },
            Dimension::Query(name) => {
                let separator = if self.query.is_empty() { "" } else { "&" };
                self.query.push_str(&format!("{separator}{name}={value}"));
            }
            // It is where it has to be.
            Dimension::Other(_) => {}
        }
        Some(())
    }
}
