//! Reading a file of route tests. Nothing that it holds is passed over in silence.

use serde_json::{Map, Value};

use crate::document::{Document, Key, Node, Span, Spanned};
use crate::fault::{Fault, rendered};
use crate::simulate::{EnvoyVersion, Line, Url};

use super::keys::{FILE, REQUEST, TEST, TLS};
use super::property::{Property, Shape, weighted};
use super::{Accepted, Case, Expectation, Expected, Outcome, RouteTests};

/// Reads a file of route tests.
///
/// # Errors
/// All that is wrong with it, each with its lines.
pub fn read(document: &Document) -> Result<RouteTests<'_>, String> {
    let wrong =
        |faults: Vec<Fault>| format!("{} holds no route tests\n\n{}", document.name(), rendered(document, &faults));
    parse(document).map_err(wrong)
}

/// Reads a file of route tests.
///
/// # Errors
/// All that is wrong with it.
pub fn parse(document: &Document) -> Result<RouteTests<'_>, Vec<Fault>> {
    let mut reader = Reader::default();
    for problem in document.problems() {
        reader.fault(problem.span, problem.kind.to_string());
    }
    let mut roots = document.roots();
    let tests = roots.next().map(|root| reader.file(root)).unwrap_or_default();
    if let Some(second) = roots.next() {
        reader.fault(second.anchor(), "route tests are one document, and this is another one");
    }
    reader.faults.sort_by_key(|fault| fault.span);
    if reader.faults.is_empty() { Ok(tests) } else { Err(reader.faults) }
}

#[derive(Default)]
struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, span: Span, message: impl Into<String>) {
        self.faults.push(Fault::new(span, message));
    }

    /// The members of an object, whose keys all have to be known.
    fn members<'t>(&mut self, node: Node<'t>, what: &str, known: &[&'static str]) -> Vec<(&'static str, Node<'t>)> {
        if !node.is_object() {
            self.fault(node.anchor(), format!("{what} is an object, and this is {}", node.kind()));
        }
        let mut members = Vec::new();
        for (key, value) in node.entries() {
            if let Some(name) = known.iter().copied().find(|name| *name == key.text) {
                members.push((name, value));
                continue;
            }
            let message = format!("{what} has no key `{}`", key.text);
            self.faults.push(Fault::unknown(key.span, message, key.text, known));
        }
        members
    }

    fn file<'t>(&mut self, root: Node<'t>) -> RouteTests<'t> {
        let mut tests = RouteTests::default();
        let members = self.members(root, "a file of route tests", &names(&FILE));
        let defaults = members.iter().find(|(name, _)| *name == "defaults").map(|(_, node)| self.request(*node));
        let defaults = defaults.unwrap_or_default();
        for (name, value) in &members {
            match *name {
                "dump" => {
                    let nodes: Vec<_> = if value.is_array() { value.items().collect() } else { vec![*value] };
                    tests.dumps.extend(nodes.into_iter().filter_map(|node| self.text(node)));
                }
                "envoy_version" => {
                    tests.envoy_version = value.text().and_then(EnvoyVersion::parse);
                    if tests.envoy_version.is_none() {
                        self.fault(value.anchor(), "this is no version of Envoy, such as 1.36 or 1.36.4");
                    }
                }
                "tests" if value.is_array() => {
                    tests.cases.extend(value.items().filter_map(|node| self.case(node, &defaults)));
                }
                "tests" => self
                    .fault(value.anchor(), format!("a list of tests is expected here, and this is {}", value.kind())),
                _ => {}
            }
        }
        if root.is_object() && !members.iter().any(|(name, _)| *name == "tests") {
            self.fault(first_key(root), "this file has no `tests`");
        }
        tests
    }

    fn text<'t>(&mut self, node: Node<'t>) -> Option<Spanned<'t, &'t str>> {
        let text = node.spanned_text().filter(|text| !text.value.is_empty() && !node.is_null());
        if text.is_none() {
            self.fault(node.anchor(), format!("a text is expected here, and this is {}", node.kind()));
        }
        text
    }

    fn case<'t>(&mut self, node: Node<'t>, defaults: &Map<String, Value>) -> Option<Case<'t>> {
        let members = self.members(node, "a test", &names(&TEST));
        for (name, _) in TEST {
            if node.is_object() && !members.iter().any(|(there, _)| *there == name) {
                self.fault(first_key(node), format!("this test has no `{name}`"));
            }
        }
        let member = |wanted: &str| members.iter().find(|(name, _)| *name == wanted).map(|(_, node)| *node);
        let name = member("name").and_then(|node| self.text(node));
        let expected = member("expect").and_then(|node| self.expected(node));
        let written = member("request")?;
        let mut request = self.request(written);
        for (key, value) in defaults {
            request.entry(key).or_insert_with(|| value.clone());
        }
        let url = request.remove("url").and_then(|url| Url::parse(url.as_str()?).ok());
        if let Some(url) = &url {
            request.entry("authority").or_insert_with(|| url.authority.clone().into());
            request.entry("path").or_insert_with(|| url.path.clone().into());
        }
        let is_plaintext = request.get("tls") == Some(&Value::Bool(false));
        // Each key was read alone before.
        let line = Line::of(&Value::Object(request)).ok()?;
        Some(Case { name: name?, expected: expected?, line, url, is_plaintext })
    }

    /// A request as the lines of `trace --requests` have it.
    fn request(&mut self, node: Node<'_>) -> Map<String, Value> {
        let mut request = Map::new();
        for (name, value) in self.members(node, "a request", &names(&REQUEST)) {
            let read = serde_json::from_str::<Value>(&value.to_json()).map_err(|error| error.to_string());
            let checked = read.and_then(|read| match name {
                "url" => Url::parse(value.text().unwrap_or_default()).map(|_| read),
                _ => Line::of(&Value::Object(Map::from_iter([(name.to_owned(), read.clone())]))).map(|_| read),
            });
            if name == "tls" && value.is_object() {
                self.members(value, "`tls`", &names(&TLS));
            }
            match checked {
                Ok(read) => drop(request.insert(name.to_owned(), read)),
                Err(message) => self.fault(value.anchor(), message),
            }
        }
        request
    }

    fn expected<'t>(&mut self, node: Node<'t>) -> Option<Expected<'t>> {
        if !node.is_array() {
            return Some(Expected::Always(self.outcome(node)?));
        }
        let outcomes: Vec<_> = node.items().filter_map(|item| self.outcome(item)).collect();
        if node.items().next().is_none() {
            self.fault(node.anchor(), "nothing is expected here");
        }
        Some(Expected::Branches(outcomes))
    }

    fn outcome<'t>(&mut self, node: Node<'t>) -> Option<Outcome<'t>> {
        let known = Property::ALL.map(|(_, name, ..)| name);
        let members = self.members(node, "an expectation", &known);
        if members.is_empty() {
            self.fault(node.anchor(), "nothing is expected here");
            return None;
        }
        let expectation = |(name, node): (&str, Node<'t>)| {
            let (property, _, shape, _) = Property::ALL.into_iter().find(|(_, known, ..)| *known == name)?;
            let accepted = self.accepted(node, shape)?;
            Some(Expectation { property, node, accepted })
        };
        Some(Outcome { node, expectations: members.into_iter().filter_map(expectation).collect() })
    }

    fn accepted(&mut self, node: Node<'_>, shape: Shape) -> Option<Accepted> {
        match shape {
            Shape::Weights if node.is_object() => {
                let weight = |(key, value): (Key<'_>, Node<'_>)| {
                    let weight = value.as_u64();
                    if weight.is_none() {
                        self.fault(value.anchor(), "this is no weight");
                    }
                    weight.map(|weight| weighted(key.text, weight))
                };
                Some(Accepted::All(node.entries().filter_map(weight).collect()))
            }
            Shape::Weights => {
                self.fault(
                    node.anchor(),
                    format!("an object of clusters and weights is expected here, and this is {}", node.kind()),
                );
                None
            }
            Shape::Names if node.is_array() => Some(Accepted::All(
                node.items().filter_map(|item| self.text(item)).map(|t| t.value.to_owned()).collect(),
            )),
            Shape::Names => {
                self.fault(node.anchor(), format!("a list of names is expected here, and this is {}", node.kind()));
                None
            }
            _ if node.is_array() => {
                Some(Accepted::OneOf(node.items().filter_map(|item| self.value(item, shape)).collect()))
            }
            _ => Some(Accepted::OneOf(vec![self.value(node, shape)?])),
        }
    }

    /// A value; the inner nothing is null.
    #[allow(clippy::option_option)]
    fn value(&mut self, node: Node<'_>, shape: Shape) -> Option<Option<String>> {
        if node.is_null() {
            return Some(None);
        }
        let text = node.text().map(str::to_owned);
        let wrong = match (shape, &text) {
            (Shape::Status, _) if !node.as_u64().is_some_and(|status| (100..600).contains(&status)) => {
                "this is no status"
            }
            (Shape::Index, _) if node.as_u64().is_none() => "this is no place, counted from 0",
            (Shape::Name(known), Some(name)) if !known.contains(&&**name) => {
                let fault = Fault::unknown(node.anchor(), format!("there is no `{name}`"), name, known);
                self.faults.push(fault);
                return None;
            }
            (_, None) => "a plain value is expected here",
            // Access logs write a dash for no flag; what has no name has an empty one.
            _ => return Some(text.filter(|text| !matches!(&**text, "" | "-"))),
        };
        self.fault(node.anchor(), wrong);
        None
    }
}

fn names<const N: usize>(keys: &[(&'static str, &'static str); N]) -> [&'static str; N] {
    keys.map(|(name, _)| name)
}

fn first_key(node: Node<'_>) -> Span {
    node.values().next().and_then(Node::key).map_or(node.anchor(), |key| key.span)
}
