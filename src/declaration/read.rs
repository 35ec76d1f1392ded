//! Reading a rule file. Whatever is wrong with it is told with its place.

use std::fmt::Write as _;
use std::sync::OnceLock;

use clap::ValueEnum;
use memchr::memmem;

use crate::document::{Document, Node, Span};
use crate::fault::{Fault, hint};
use crate::finding::{Confidence, Family, Meta, Severity};
use crate::query::{Condition, Query, QueryError};

use super::keys::{CONFIDENCES, HOMES, KEYS, RELATED_KEYS, SEVERITIES};
use super::template::{Template, WORDS};
use super::version::VersionRange;
use super::{Body, Declaration, Example, Home, Kind};

/// The longest id. It is a column of lists.
const LONGEST_ID: usize = 64;
/// What no rule may be called, because it means something else where rules are named.
const RESERVED: [&str; 3] = ["all", "new", "test"];

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || Family::ALL.iter().any(|family| family.name() == name)
}

/// Reads a rule file.
///
/// # Errors
/// All that is wrong with it.
pub fn read(file: &'static Document) -> Result<Declaration, Vec<Fault>> {
    let mut reader = Reader::of(file)?;
    reader.check_keys();
    let head = reader.head(file);
    let body = reader.body(head.as_ref());
    match head.zip(body) {
        Some((head, body)) if reader.faults.is_empty() => Ok(Declaration { body: OnceLock::from(body), ..head }),
        _ => Err(reader.faults),
    }
}

/// Reads what a rule is called and what it looks at. All else is read when it is asked for, so that it
/// must be known to be right.
///
/// # Errors
/// What is wrong with that.
pub fn read_head(file: &'static Document) -> Result<Declaration, Vec<Fault>> {
    let mut reader = Reader::of(file)?;
    match reader.head(file) {
        Some(head) if reader.faults.is_empty() => Ok(head),
        _ => Err(reader.faults),
    }
}

struct Reader<'d> {
    root: Node<'d>,
    faults: Vec<Fault>,
}

impl<'d> Reader<'d> {
    fn of(document: &'d Document) -> Result<Self, Vec<Fault>> {
        let mut faults: Vec<Fault> =
            document.problems().iter().map(|problem| Fault::new(problem.span, problem.kind.to_string())).collect();
        let mut roots = document.roots();
        let root = roots.next();
        if let Some(second) = roots.next() {
            faults.push(Fault::new(second.anchor(), "a rule file holds one rule, and this is another document"));
        }
        if let Some(root) = root.filter(|root| root.is_object()) {
            return Ok(Self { root, faults });
        }
        let span = root.map_or(Span::new(0, 0), Node::anchor);
        faults.push(Fault::new(span, "this is no rule: a rule is an object with `id`, `kind`, `message` and others"));
        Err(faults)
    }

    fn check_keys(&mut self) {
        let known = KEYS.map(|key| key.name);
        for (key, _) in self.root.entries().filter(|(key, _)| !known.contains(&key.text)) {
            self.faults.push(Fault::unknown_key(key.span, key.text, &known));
        }
        let first = self.root.values().next().and_then(Node::key).map_or(self.root.anchor(), |key| key.span);
        for key in KEYS.iter().filter(|key| key.is_required && self.root.get(key.name).is_none()) {
            self.faults.push(Fault::new(first, format!("this rule has no `{}`", key.name)));
        }
    }

    // What is missing or wrong is noted, and reading goes on, so that all is told at once.

    fn head(&mut self, file: &'static Document) -> Option<Declaration> {
        let id = self.id();
        let severity = self.choice("severity", &SEVERITIES).and_then(|text| Severity::from_str(text, false).ok());
        let family = self.choice("family", &Family::ALL.map(Family::name));
        let family = Family::ALL.into_iter().find(|known| Some(known.name()) == family);
        let aliases = self.aliases();
        let kinds = self.kinds();
        let home = self.home(&kinds);
        let meta = Meta { id: id?.leak(), family: family?, severity: severity?, aliases: aliases.leak() };
        let id_span = self.root.get("id")?.span();
        Some(Declaration { meta, id_span, kinds, home, file, body: OnceLock::new() })
    }

    fn body(&mut self, head: Option<&Declaration>) -> Option<Body> {
        let confidence = match self.choice("confidence", &CONFIDENCES) {
            Some("medium") => Confidence::Medium,
            _ => Confidence::High,
        };
        let versions = self.versions();
        let find = self.query(self.root.get("find"), "$");
        let condition = self.condition();
        let at = self.root.get("at").and_then(|node| self.query(Some(node), "@"));
        let (names, values) = self.values();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = self.root.get("message").and_then(|node| self.template(node, &names));
        let label = self.root.get("label").and_then(|node| self.template(node, &names));
        let help = self.root.get("help").and_then(|node| self.template(node, &names));
        let notes = self.one_or_more("note").into_iter().filter_map(|node| self.template(node, &names)).collect();
        let related = self.related(&names);
        let mut examples = self.examples("bad", true);
        examples.extend(self.examples("good", false));
        let (kinds, home) = head.map(|head| (&*head.kinds, head.home)).unwrap_or_default();
        let manual = self.manual(kinds, home, versions.as_ref(), &examples);
        Some(Body {
            manual,
            examples,
            confidence,
            versions,
            find: find?,
            condition,
            at,
            message: message?,
            label,
            notes,
            help,
            related,
            values,
        })
    }

    fn fault(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.faults.push(Fault::new(span, message).help(help));
    }

    fn text_of(&mut self, node: Node<'d>) -> Option<&'d str> {
        let text = node.text().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.faults.push(Fault::unexpected(node, "a text"));
        }
        text
    }

    fn text(&mut self, key: &str) -> Option<&'d str> {
        self.root.get(key).and_then(|node| self.text_of(node))
    }

    fn one_or_more(&self, key: &str) -> Vec<Node<'d>> {
        match self.root.get(key) {
            Some(list) if list.is_array() => list.items().collect(),
            one => one.into_iter().collect(),
        }
    }

    fn choice(&mut self, key: &str, choices: &[&str]) -> Option<&'d str> {
        let text = self.text(key)?;
        if choices.contains(&text) {
            return Some(text);
        }
        let span = self.root.get(key)?.span();
        let help = hint(text, choices);
        self.fault(span, format!("`{text}` is no {key}"), Some(help));
        None
    }

    fn id(&mut self) -> Option<String> {
        let id = self.text("id")?;
        let span = self.root.get("id")?.span();
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let is_kebab = id.starts_with(|c: char| c.is_ascii_lowercase()) && id.split('-').all(is_word);
        if !is_kebab || id.len() > LONGEST_ID {
            let help =
                format!("words of small letters and digits with dashes between them, {LONGEST_ID} letters at most");
            self.fault(span, "this is no id of a rule", Some(help));
            return None;
        }
        if is_reserved(id) {
            self.fault(span, format!("`{id}` means something else where rules are named"), None);
            return None;
        }
        Some(id.to_owned())
    }

    fn aliases(&mut self) -> Vec<&'static str> {
        let nodes = self.one_or_more("aliases");
        let mut aliases = Vec::new();
        for node in nodes {
            let Some(text) = self.text_of(node) else { continue };
            if is_reserved(text) {
                self.fault(node.span(), format!("`{text}` means something else where rules are named"), None);
                continue;
            }
            aliases.push(&*text.to_owned().leak());
        }
        aliases
    }

    fn kinds(&mut self) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for node in self.one_or_more("kind") {
            let Some(text) = self.text_of(node) else { continue };
            match Kind::parse(text) {
                Ok(kind) => kinds.push(kind),
                Err(help) => self.fault(node.span(), format!("there is no kind `{text}`"), Some(help)),
            }
        }
        kinds
    }

    fn home(&mut self, kinds: &[Kind]) -> Option<Home> {
        let home = match self.choice("namespace", &HOMES)? {
            "root" => Home::Root,
            _ => Home::Other,
        };
        if kinds.iter().any(|kind| matches!(kind, Kind::Resource(_))) {
            let span = self.root.get("namespace")?.span();
            self.fault(span, "parts of a dump have no namespace", None);
        }
        Some(home)
    }

    fn versions(&mut self) -> Option<VersionRange> {
        let text = self.text("istio-version")?;
        let range = VersionRange::parse(text);
        if range.is_none() {
            let span = self.root.get("istio-version")?.span();
            let help = "write `>=1.22`, `<1.24`, or both with a comma".to_owned();
            self.fault(span, "this is no range of versions", Some(help));
        }
        range
    }

    fn query(&mut self, node: Option<Node<'d>>, default: &str) -> Option<Query> {
        let text = match node {
            Some(node) => self.text_of(node)?,
            None => default,
        };
        match Query::parse(text) {
            Ok(query) => Some(query),
            Err(error) => {
                self.query_fault(node?, text, error);
                None
            }
        }
    }

    fn condition(&mut self) -> Option<Condition> {
        let node = self.root.get("where")?;
        let text = self.text_of(node)?;
        match Condition::parse(text) {
            Ok(condition) => Some(condition),
            Err(error) => {
                self.query_fault(node, text, error);
                None
            }
        }
    }

    fn query_fault(&mut self, node: Node<'d>, text: &str, error: QueryError) {
        self.fault(place_in(node, text, error.at), error.message, error.help);
    }

    /// The words of `values` with what they stand for.
    fn values(&mut self) -> (Vec<String>, Vec<Query>) {
        let Some(node) = self.root.get("values") else { return Default::default() };
        if !node.is_object() {
            self.faults.push(Fault::unexpected(node, "an object of words and queries"));
        }
        let mut names = Vec::new();
        let mut queries = Vec::new();
        for (key, value) in node.entries() {
            let is_name = key.text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !is_name || key.text.is_empty() {
                self.fault(key.span, "a word is made of small letters, digits and dashes", None);
            } else if WORDS.iter().any(|(word, _)| *word == key.text) {
                self.fault(key.span, format!("`{}` stands for something already", key.text), None);
            }
            if let Some(query) = self.query(Some(value), "$") {
                names.push(key.text.to_owned());
                queries.push(query);
            }
        }
        (names, queries)
    }

    fn template(&mut self, node: Node<'d>, names: &[&str]) -> Option<Template> {
        let text = self.text_of(node)?;
        match Template::parse(text, names) {
            Ok(template) => Some(template),
            Err(error) => {
                let known: Vec<&str> = names.iter().copied().chain(WORDS.map(|(word, _)| word)).collect();
                let help = error.unknown.map(|word| hint(&word, &known));
                self.fault(place_in(node, text, Some(error.at)), error.message, help);
                None
            }
        }
    }

    fn related(&mut self, names: &[&str]) -> Vec<(Query, Template)> {
        let mut related = Vec::new();
        for entry in self.root.get("related").into_iter().flat_map(Node::items) {
            for (key, _) in entry.entries().filter(|(key, _)| !RELATED_KEYS.contains(&key.text)) {
                self.faults.push(Fault::unknown_key(key.span, key.text, &RELATED_KEYS));
            }
            let (Some(at), Some(label)) = (entry.get("at"), entry.get("label")) else {
                self.fault(entry.anchor(), "a related place has `at` and `label`", None);
                continue;
            };
            let query = self.query(Some(at), "@");
            let label = self.template(label, names);
            related.extend(query.zip(label));
        }
        related
    }

    fn examples(&mut self, key: &str, is_bad: bool) -> Vec<Example> {
        let Some(list) = self.root.get(key) else { return Vec::new() };
        if !list.is_array() || list.items().next().is_none() {
            self.faults.push(Fault::unexpected(list, "a list of texts"));
        }
        let mut examples = Vec::new();
        for node in list.items() {
            if let Some(text) = self.text_of(node) {
                examples.push(Example { is_bad, text: text.to_owned(), span: node.span() });
            }
        }
        examples
    }

    /// The manual, as the sources of other rules have it.
    fn manual(
        &mut self,
        kinds: &[Kind],
        home: Option<Home>,
        versions: Option<&VersionRange>,
        examples: &[Example],
    ) -> String {
        let mut manual = self.text("summary").unwrap_or_default().trim().to_owned();
        let mut section = |heading: &str, body: Option<&str>| {
            if let Some(body) = body {
                let _ = write!(manual, "\n\n## {heading}\n{}", body.trim());
            }
        };
        let example = |is_bad: bool| examples.iter().find(|example| example.is_bad == is_bad).map(block);
        section("What it finds", self.text("what"));
        section("Why it matters", self.text("why"));
        section("Example", example(true).as_deref());
        section("Use instead", self.text("instead").or(example(false).as_deref()));
        section("When to ignore it", self.text("when-to-ignore"));
        section("Inputs", Some(&inputs(kinds, home, versions)));
        manual
    }
}

/// An example as Markdown.
fn block(example: &Example) -> String {
    let language = if example.text.trim_start().starts_with('{') { "json" } else { "yaml" };
    format!("```{language}\n{}\n```", example.text.trim_end())
}

/// What must be there so that the rule is evaluated.
fn inputs(kinds: &[Kind], home: Option<Home>, versions: Option<&VersionRange>) -> String {
    let mut sources: Vec<String> = Vec::new();
    for kind in kinds {
        sources.push(match kind {
            Kind::Object { .. } => format!("manifests with `{kind}`"),
            Kind::Resource(part) => format!("a dump with its {}", part.section()),
        });
    }
    sources.dedup();
    let mut text = sources.join(", or ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text.push_str(match home {
        Some(Home::Root) => " in the root namespace.",
        Some(Home::Other) => " outside the root namespace.",
        None => ".",
    });
    if let Some(versions) = versions {
        let _ = write!(text, " It is about Istio {versions}: of manifests, `--istio-version` says which one it is.");
    }
    text
}

/// The place of a byte of a text, where the text stands in the file as it is; all of it otherwise.
fn place_in(node: Node<'_>, text: &str, at: Option<usize>) -> Span {
    let span = node.span();
    let source = node.document().bytes().get(span.range()).unwrap_or_default();
    match (at, memmem::find(source, text.trim_end().as_bytes())) {
        (Some(at), Some(start)) => {
            let place = (span.start as usize + start + at).min(span.end as usize);
            Span::new(place, (place + 1).min(span.end as usize))
        }
        _ => span,
    }
}
