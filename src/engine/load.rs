//! Reading one input, and judging it at once if it is a dump.
//!
//! A dump is judged by itself while it is in memory and dropped then; of what it says only a
//! summary is kept for the rules that look at several proxies. Manifests stay, because they refer
//! to each other.

use rayon::prelude::*;

use crate::document::{Document, ProblemKind};
use crate::envoy::{self, Dump, Form};
use crate::finding::{Finding, Findings, Meta, Skip, resolve};
use crate::input::{Candidate, Role, looks_like_ours};
use crate::kube::{is_kustomization, objects};
use crate::rules::{Check, Proxy, Rule};

use super::visit::{Piece, Visited, visit};
use super::{Directive, Selection, suppress};

/// A dump of so many bytes is worth several threads. Of smaller ones there are several.
const LARGE: usize = 8 << 20;

/// An input that was read.
pub enum Loaded {
    /// It cannot be read.
    Unreadable(String),
    /// It holds resources.
    Manifests {
        /// The document. Most of what an archive holds is none.
        document: Box<Document>,
        /// How many resources.
        objects: usize,
        /// What of them is not to be reported.
        directives: Vec<Directive>,
    },
    /// It holds the configuration of proxies, which has been judged.
    Dump {
        /// What was found.
        findings: Vec<Finding>,
        /// What could not be judged.
        skips: Vec<(&'static str, Skip)>,
        /// The proxies.
        proxies: Vec<Proxy>,
    },
    /// It is known and not judged.
    Recorded(&'static str),
    /// It is nothing that meshlint knows.
    Other {
        /// What is wrong with the text itself.
        findings: Vec<Finding>,
        /// What of that is not to be reported.
        directives: Vec<Directive>,
    },
}

/// Reads a candidate and all that is in it.
pub fn load(candidate: &Candidate, selection: &Selection) -> Visited<Loaded> {
    visit(candidate, &wants, &|piece| judge(piece, selection))
}

fn other(document: &Document, selection: &Selection) -> Loaded {
    Loaded::Other { findings: judge_text(document, selection), directives: suppress::read(document) }
}

/// What is judged: dumps, resources, and what may be either.
fn wants(role: Role, path: &str, head: &[u8]) -> bool {
    match role {
        Role::Dump | Role::Manifests => true,
        Role::Unknown => looks_like_ours(path, head),
        Role::Proxy(_) | Role::Istiod(_) | Role::Note(_) | Role::Log => false,
    }
}

fn judge(piece: Piece, selection: &Selection) -> Loaded {
    let role = piece.role();
    let text = match piece.text {
        None => return Loaded::Recorded(recorded(role)),
        Some(Err(reason)) => return Loaded::Unreadable(reason),
        Some(Ok(text)) => text,
    };
    let is_relevant = piece.is_named || role == Role::Dump || mentions_mesh(&text);
    let is_binary = piece.is_named && is_binary(&text);
    let mut document = Document::read(piece.name, text);
    if let Some(proxy) = piece.place.and_then(|place| place.proxy()) {
        document.set_owner(&proxy);
    }
    if role == Role::Dump {
        document.accept_leading_text();
    }
    let form = envoy::form_of(&document);
    // That it is UTF-16 is said in words of its own.
    if is_binary && holds_nothing(form, &document) && !is_utf16(&document) {
        return Loaded::Unreadable(BINARY.to_owned());
    }
    match form {
        Form::Manifests => {
            let (objects, directives) = (objects(&document).0.len(), suppress::read(&document));
            Loaded::Manifests { document: Box::new(document), objects, directives }
        }
        // It may leave out what it is.
        Form::Other if is_kustomization(document.name()) => {
            Loaded::Manifests { directives: suppress::read(&document), document: Box::new(document), objects: 0 }
        }
        Form::Envoy => judge_dump(&document, selection),
        Form::Ztunnel => Loaded::Recorded("ztunnel dump"),
        Form::Admin(name) => Loaded::Recorded(name),
        Form::Other if role == Role::Manifests => judge_listing(&document, selection),
        Form::Other if role == Role::Dump && is_plain(document.bytes()) => Loaded::Recorded("no dump"),
        Form::Other if is_text_admin_output(document.bytes()) => Loaded::Recorded("admin output"),
        Form::Other if is_relevant => other(&document, selection),
        Form::Other => Loaded::Other { findings: Vec::new(), directives: Vec::new() },
    }
}

/// What should hold resources may be a table, an error of kubectl, or broken.
fn judge_listing(document: &Document, selection: &Selection) -> Loaded {
    match mentions_mesh(document.bytes()) || is_utf16(document) {
        true => other(document, selection),
        false => Loaded::Recorded("text"),
    }
}

/// Whether a text is no JSON at all: the error of whoever should have got a dump.
fn is_plain(text: &[u8]) -> bool {
    memchr::memchr(b'{', text).is_none()
}

const BINARY: &str = "it is binary: no manifest, no dump, and no archive that meshlint knows";
/// How much of a text tells whether it is one.
const SAMPLE: usize = 4096;

fn is_utf16(document: &Document) -> bool {
    document.problems().iter().any(|problem| problem.kind == ProblemKind::Utf16)
}

fn holds_nothing(form: Form, document: &Document) -> bool {
    match form {
        Form::Manifests => objects(document).0.is_empty(),
        form => form == Form::Other,
    }
}

/// Whether a text is no text: a fifth of its beginning is no UTF-8 or control characters.
fn is_binary(text: &[u8]) -> bool {
    let sample = String::from_utf8_lossy(text.get(..SAMPLE).unwrap_or(text));
    let is_odd = |c: char| c == char::REPLACEMENT_CHARACTER || (c.is_control() && !c.is_whitespace());
    let odd = sample.chars().filter(|c| is_odd(*c)).count();
    odd * 5 > sample.chars().count()
}

/// What a file is that is not read.
fn recorded(role: Role) -> &'static str {
    match role {
        Role::Proxy(name) | Role::Istiod(name) | Role::Note(name) => name,
        Role::Log => "log",
        Role::Dump => "dump",
        Role::Manifests => "manifests",
        Role::Unknown => "other",
    }
}

/// What the rules on dumps find in one.
pub fn findings_of(document: &Document) -> Vec<Finding> {
    match judge_dump(document, &Selection::default()) {
        Loaded::Dump { findings, .. } => findings,
        _ => Vec::new(),
    }
}

fn judge_dump(document: &Document, selection: &Selection) -> Loaded {
    let dumps = envoy::dumps(document);
    let tasks: Vec<(&Rule, Check)> = selection.checks().collect();
    let run = |(rule, check): &(&'static Rule, Check)| (rule.meta, found_in_dumps(*check, document, &dumps));
    let outcomes: Vec<(&Meta, Findings<'_>)> = match document.bytes().len() >= LARGE {
        true => tasks.par_iter().with_max_len(1).map(run).collect(),
        false => tasks.iter().map(run).collect(),
    };
    let (mut drafts, mut skips) = (Vec::new(), Vec::new());
    for (meta, found) in outcomes {
        drafts.extend(found.drafts.into_iter().map(|draft| (meta, draft)));
        skips.extend(found.skips.into_iter().map(|skip| (meta.id, skip)));
    }
    Loaded::Dump { findings: resolve(drafts), skips, proxies: dumps.iter().map(Proxy::of).collect() }
}

fn found_in_dumps<'d>(check: Check, document: &'d Document, dumps: &[Dump<'d>]) -> Findings<'d> {
    let mut found = Findings::default();
    match check {
        Check::Document(check) => check(document, &mut found),
        Check::Dump(check) => dumps.iter().for_each(|dump| check(dump, &mut found)),
        Check::Declared(rule) => dumps.iter().for_each(|dump| rule.check_dump(dump, &mut found)),
        Check::VirtualService(_) | Check::Mesh(_) | Check::Suppression(_) => {}
    }
    found
}

fn judge_text(document: &Document, selection: &Selection) -> Vec<Finding> {
    let mut drafts = Vec::new();
    for (rule, check) in selection.checks() {
        if let Check::Document(check) = check {
            let mut found = Findings::default();
            check(document, &mut found);
            drafts.extend(found.drafts.into_iter().map(|draft| (rule.meta, draft)));
        }
    }
    resolve(drafts)
}

/// Whether a text that reads as nothing may be a broken manifest or dump. A folder holds many files
/// that are nobody's business here.
fn mentions_mesh(text: &[u8]) -> bool {
    let marks: [&[u8]; 4] = [b"apiVersion", b"type.googleapis.com/envoy", b"\"configs\"", b"static_resources"];
    marks.iter().any(|mark| memchr::memmem::find(text, mark).is_some())
}

/// `/clusters`, `/listeners` and `/stats` as text: `name::address::key::value`, `a.b.c: 12`.
fn is_text_admin_output(text: &[u8]) -> bool {
    let mut lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).take(5).peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            let stat = || {
                let (name, value) = std::str::from_utf8(line).ok()?.split_once(": ")?;
                let named = name.contains('.') && !name.contains(' ') && !name.starts_with(['-', '#']);
                (named && (value.starts_with('"') || value.parse::<f64>().is_ok())).then_some(())
            };
            memchr::memmem::find(line, b"::").is_some() || stat().is_some()
        })
}
