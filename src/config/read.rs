//! Reading the configuration. Nothing that it holds is passed over in silence.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::declaration::is_version;
use crate::document::{Document, Node, Spanned};
use crate::engine::{Directive, Scope, rules_of};
use crate::fault::{Fault, rendered};
use crate::finding::{Draft, Pinned, Severity, Suppression};
use crate::input::Text;
use crate::mesh::Completeness;
use crate::similar::similar;

use super::Config;
use super::keys::{IGNORE_KEYS, KEYS, SEVERITIES};

/// Reads a configuration file.
///
/// # Errors
/// All that is wrong with it, each with its lines.
pub fn read(path: &Path) -> Result<Config, String> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read the configuration {shown}: {error}"))?;
    let root = std::fs::canonicalize(path).ok().and_then(|path| path.parent().map(Path::to_owned));
    let document = Document::read(shown.as_str(), Text::from(bytes));
    let mut config = parse(&document, &root.unwrap_or_default())
        .map_err(|faults| format!("the configuration {shown} cannot be used\n\n{}", rendered(&document, &faults)))?;
    config.file = Some(path.to_owned());
    Ok(config)
}

/// The files and folders with rules that a configuration names. Its other keys may name those rules,
/// so that they must be known before it is read.
pub fn rule_folders(path: &Path) -> Vec<PathBuf> {
    let Ok(bytes) = std::fs::read(path) else { return Vec::new() };
    let root = path.parent().unwrap_or(Path::new(""));
    let document = Document::read(path.display().to_string(), Text::from(bytes));
    let named = document.roots().next().and_then(|root| root.get("custom-rules"));
    let named = named.into_iter().flat_map(|node| node.items().chain((!node.is_array()).then_some(node)));
    named.filter_map(Node::text).map(|name| root.join(name)).collect()
}

/// Reads the text of a configuration whose paths are relative to `root`.
///
/// # Errors
/// All that is wrong with it.
pub fn parse(document: &Document, root: &Path) -> Result<Config, Vec<Fault>> {
    let mut reader = Reader { faults: Vec::new(), config: Config { root: root.to_owned(), ..Config::default() } };
    for problem in document.problems() {
        reader.faults.push(Fault::new(problem.span, problem.kind.to_string()));
    }
    let mut roots = document.roots();
    if let Some(node) = roots.next().filter(|node| !node.is_null()) {
        reader.read_root(node);
    }
    if let Some(second) = roots.next() {
        reader.faults.push(Fault::new(second.anchor(), "a configuration is one document, and this is another one"));
    }
    if reader.faults.is_empty() { Ok(reader.config) } else { Err(reader.faults) }
}

struct Reader {
    faults: Vec<Fault>,
    config: Config,
}

impl Reader {
    fn read_root(&mut self, root: Node<'_>) {
        if !root.is_object() {
            self.faults
                .push(Fault::new(root.anchor(), format!("a configuration is an object, and this is {}", root.kind())));
            return;
        }
        for (key, value) in root.entries() {
            let Some(known) = KEYS.iter().find(|known| known.name == key.text) else {
                self.faults.push(Fault::unknown_key(key.span, key.text, &KEYS.map(|key| key.name)));
                continue;
            };
            let line = root.document().position(key.span.start).line;
            self.config.written.insert(known.name, (value.to_json(), line));
            if !value.is_null() {
                self.read_key(known.name, value);
            }
        }
    }

    fn read_key(&mut self, name: &str, value: Node<'_>) {
        match name {
            "select" => self.read_select(value),
            "rules" => self.read_severities(value),
            "custom-rules" => drop(self.texts(value)), // read before all else: see `rule_folders`
            "ignore" => self.read_ignores(value),
            "exclude" => {
                self.globs(Some(value));
                self.config.exclude = self.texts(value).into_iter().map(|text| text.value.to_owned()).collect();
            }
            "fail-on" => self.config.fail_on = self.severity(value),
            "min-severity" => self.config.min_severity = self.severity(value),
            "complete" => self.read_complete(value),
            "namespace" => self.config.namespace = self.text(value),
            "cluster-domain" => self.config.cluster_domain = self.text(value),
            "root-namespace" => self.config.root_namespace = self.text(value),
            "istio-version" => self.read_version(value),
            "baseline" => self.config.baseline = self.text(value).map(|path| self.config.resolve(&path)),
            "mesh-config" => self.config.mesh_config = self.text(value).map(|path| self.config.resolve(&path)),
            _ => {}
        }
    }

    fn read_version(&mut self, node: Node<'_>) {
        let Some(text) = self.text(node) else { return };
        if !is_version(&text) {
            let fault = Fault::new(node.anchor(), "this is no version");
            self.faults.push(fault.help(Some("write `1.24` or `1.24.3`".to_owned())));
        }
        self.config.istio_version = Some(text);
    }

    fn text(&mut self, node: Node<'_>) -> Option<String> {
        let text = node.text().filter(|text| !text.is_empty());
        if text.is_none() {
            self.faults.push(Fault::unexpected(node, "a text"));
        }
        text.map(str::to_owned)
    }

    /// A text, or a list of texts.
    fn texts<'d>(&mut self, node: Node<'d>) -> Vec<Spanned<'d, &'d str>> {
        let nodes: Vec<Node<'d>> = if node.is_array() { node.items().collect() } else { vec![node] };
        let mut texts = Vec::new();
        for node in nodes {
            let Some(text) = node.spanned_text() else {
                self.faults.push(Fault::unexpected(node, "a text"));
                continue;
            };
            texts.push(text);
        }
        texts
    }

    /// The rules that a name stands for.
    fn rules(&mut self, name: &str, span: crate::document::Span) -> Vec<&'static str> {
        rules_of(name).unwrap_or_else(|problem| {
            self.faults.push(Fault::new(span, problem));
            Vec::new()
        })
    }

    fn read_select(&mut self, value: Node<'_>) {
        for name in self.texts(value) {
            self.rules(name.value, name.span());
            self.config.select.push(name.value.to_owned());
        }
    }

    /// Families first, so that a rule's own severity holds wherever it stands.
    fn read_severities(&mut self, value: Node<'_>) {
        if !value.is_object() {
            self.faults.push(Fault::new(
                value.anchor(),
                format!("severities of rules are expected here, and this is {}", value.kind()),
            ));
        }
        let mut levels = Vec::new();
        for (key, value) in value.entries() {
            let rules = self.rules(key.text, key.span);
            let level = value.text().filter(|text| SEVERITIES.contains(text) || *text == "false");
            match level {
                Some(level) => levels.push((rules, level)),
                None => self.bad_choice(value, &SEVERITIES),
            }
        }
        levels.sort_by_key(|(rules, _)| std::cmp::Reverse(rules.len()));
        for (rules, level) in levels {
            for rule in rules {
                self.config.off.retain(|off| *off != rule);
                self.config.severities.remove(rule);
                match Severity::from_str(level, false) {
                    Ok(severity) => drop(self.config.severities.insert(rule, severity)),
                    Err(_) => self.config.off.push(rule),
                }
            }
        }
    }

    fn severity(&mut self, node: Node<'_>) -> Option<Severity> {
        let severity = node.text().and_then(|text| Severity::from_str(text, false).ok());
        if severity.is_none() {
            self.bad_choice(node, SEVERITIES.get(..3).unwrap_or_default());
        }
        severity
    }

    fn bad_choice(&mut self, node: Node<'_>, choices: &[&str]) {
        let text = node.text().unwrap_or_default();
        let help = match similar(text, choices.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", choices.join(", ")),
        };
        self.faults.push(Fault::new(node.anchor(), "this is no severity").help(Some(help)));
    }

    fn read_complete(&mut self, value: Node<'_>) {
        for kind in self.texts(value) {
            if Completeness::default().add(kind.value).is_err() {
                let message = format!("`{}` is no kind that can be complete", kind.value);
                self.faults.push(Fault::new(kind.span(), message));
            }
            self.config.complete.push(kind.value.to_owned());
        }
    }

    fn read_ignores(&mut self, value: Node<'_>) {
        if !value.is_array() {
            let message = format!("a list of what to ignore is expected here, and this is {}", value.kind());
            self.faults.push(Fault::new(value.anchor(), message));
        }
        value.items().for_each(|entry| self.read_ignore(entry));
    }

    fn read_ignore(&mut self, entry: Node<'_>) {
        for (key, _) in entry.entries().filter(|(key, _)| !IGNORE_KEYS.contains(&key.text)) {
            self.faults.push(Fault::unknown_key(key.span, key.text, &IGNORE_KEYS));
        }
        let reason = entry.get("reason").and_then(Node::text).filter(|reason| !reason.trim().is_empty());
        // An empty list would leave out nothing, and look as if it did.
        let names_any = entry.get("rules").is_some_and(|rules| !rules.is_array() || rules.items().next().is_some());
        for (is_there, what) in [(names_any, "rules"), (reason.is_some(), "reason")] {
            if !is_there {
                let first = entry.values().next().and_then(Node::key).map_or(entry.anchor(), |key| key.span);
                self.faults.push(Fault::new(first, format!("this entry has no `{what}`")));
            }
        }
        let paths = self.globs(entry.get("paths"));
        let namespaces = self.globs(entry.get("namespaces"));
        for name in entry.get("rules").map(|rules| self.texts(rules)).unwrap_or_default() {
            let rules = self.rules(name.value, name.span());
            let root = self.config.root.clone();
            self.config.ignores.push(Directive {
                what: Suppression {
                    name: name.value.to_owned(),
                    rules: Ok(rules),
                    reason: reason.map(str::to_owned),
                    place: Pinned::of(Draft::new(name, "")),
                },
                scope: Scope::Matching { root, paths: paths.clone(), namespaces: namespaces.clone() },
                must_be_used: false,
            });
        }
    }

    fn globs(&mut self, node: Option<Node<'_>>) -> Option<GlobSet> {
        let texts = self.texts(node?);
        let mut set = GlobSetBuilder::new();
        for text in texts {
            match globs_of(text.value) {
                Ok(globs) => globs.into_iter().for_each(|glob| {
                    set.add(glob);
                }),
                Err(error) => self.faults.push(Fault::new(text.span(), format!("this is no glob: {}", error.kind()))),
            }
        }
        set.build().ok()
    }
}

/// What matches a pattern, and what lies below that, if it is a folder.
fn globs_of(pattern: &str) -> Result<Vec<globset::Glob>, globset::Error> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    let below = format!("{pattern}/**");
    let build = |pattern: &str| GlobBuilder::new(pattern).literal_separator(true).build();
    Ok(vec![build(pattern)?, build(&below)?])
}

/// The set of paths that patterns stand for; a pattern that is none is left out.
pub(crate) fn paths_matching(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in patterns.iter().filter_map(|pattern| globs_of(pattern).ok()).flatten() {
        set.add(glob);
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}
