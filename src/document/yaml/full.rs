//! The full path: any YAML, through a complete parser with byte spans.
//!
//! Aliases are expanded into copies within a budget, so that everything after this module sees a
//! plain tree; merge keys (`<<`) are resolved as Kubernetes' YAML reader does.

use std::ops::Range;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span as YamlSpan, StructureStyle, Tag};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::keys::{KeyFilter, find_duplicates};
use super::super::node::{key_of, plain_key_end};
use super::super::problem::{Problem, ProblemKind};
use super::super::scalar::is_beyond_integers;
use super::super::tape::{Key, RawNode, Shape, Tape};
use super::super::{MAX_DEPTH, Span};

/// Values that the aliases of one text may add, beyond one for each of its bytes.
const ALIAS_BUDGET: usize = 100_000;

/// Reads the documents in `part` and appends their roots.
pub(super) fn read(text: &str, part: Range<usize>, tape: &mut Tape, problems: &mut Vec<Problem>, roots: &mut Vec<u32>) {
    let source = text.get(part.clone()).unwrap_or_default();
    let mut options = Options::default();
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.emit_unresolved_aliases = true;
    let mut parser = Parser::new_from_str_with_options(source, options);
    let mut builder = Builder::new(text, part.start, tape, problems);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::DocumentEnd, _)) => builder.end_document(roots),
            Ok((event, span)) => builder.event(event, span),
            Err(error) => {
                builder.fail(&error);
                if !parser.proceed_next_document().unwrap_or(false) {
                    return;
                }
            }
        }
    }
}

/// An open collection.
struct Frame {
    node: u32,
    is_mapping: bool,
    is_flow: bool,
    /// The key whose value comes next.
    key: Option<Key>,
    keys: KeyFilter,
    anchor: usize,
    has_merge: bool,
    /// Set while a collection that serves as a key is read, to forget it again.
    as_key: Option<super::super::tape::Mark>,
}

struct Builder<'a> {
    text: &'a str,
    base: usize,
    tape: &'a mut Tape,
    problems: &'a mut Vec<Problem>,
    frames: Vec<Frame>,
    anchors: FxHashMap<usize, u32>,
    anchor_names: FxHashMap<usize, String>,
    last_end: usize,
    document_start: super::super::tape::Mark,
    first: u32,
    /// The first `{{ … }}` of the document that reads as a mapping in a mapping.
    braces: Option<Span>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, base: usize, tape: &'a mut Tape, problems: &'a mut Vec<Problem>) -> Self {
        let document_start = tape.mark();
        let first = tape.len() as u32;
        Self {
            text,
            base,
            tape,
            problems,
            frames: Vec::new(),
            anchors: FxHashMap::default(),
            anchor_names: FxHashMap::default(),
            last_end: base,
            document_start,
            first,
            braces: None,
        }
    }

    fn span(&self, span: &YamlSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span::new(self.base + range.start, self.base + range.end)
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    fn report(&mut self, kind: ProblemKind, span: Span) {
        self.problems.push(Problem { kind, span, related: None });
    }

    fn event(&mut self, event: Event<'_>, span: YamlSpan) {
        let span = self.span(&span);
        if self.tape.is_full() {
            return;
        }
        match event {
            Event::Scalar(value, style, anchor, tag) => self.scalar(&value, style, anchor, tag.as_deref(), span),
            Event::MappingStart(style, anchor, _) => self.open(true, style, anchor, span),
            Event::SequenceStart(style, anchor, _) => self.open(false, style, anchor, span),
            Event::MappingEnd | Event::SequenceEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                self.report(ProblemKind::UnknownAlias(name.into_owned()), span);
                if let Some(key) = self.key_or_value(|| (span, "*".into())) {
                    self.last_end = span.end as usize;
                    self.tape.push(Shape::Empty, span, key);
                }
            }
            _ => {}
        }
    }

    /// In a mapping that awaits a key, takes the node as that key and returns nothing. Otherwise
    /// returns the key under which the node is a value.
    fn key_or_value(&mut self, as_key: impl FnOnce() -> (Span, Box<str>)) -> Option<Key> {
        let Some(frame) = self.frames.last_mut() else {
            return Some(Key::None);
        };
        if !frame.is_mapping {
            return Some(Key::None);
        }
        if let Some(key) = frame.key.take() {
            return Some(key);
        }
        let (span, text) = as_key();
        frame.keys.add_text(text.as_bytes());
        // A quoted `<<` is a key like any other.
        frame.has_merge |= &*text == "<<" && self.text.get(span.range()) == Some("<<");
        frame.key = Some(readable_key(self.tape, self.text.as_bytes(), span, text));
        self.last_end = span.end as usize;
        None
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, span: Span) {
        let Some(key) = self.key_or_value(|| (span, value.into())) else {
            return;
        };
        let index = self.tape.len() as u32;
        let raw = self.slice(span);
        let is_text = tag.and_then(Tag::core_suffix).is_some_and(|suffix| suffix == "str");
        match style {
            ScalarStyle::Plain if is_text => self.tape.push_decoded(Shape::Quoted, span, key, value.into()),
            ScalarStyle::Plain if raw.is_empty() => {
                self.tape.push(Shape::Empty, Span::new(self.last_end, self.last_end), key);
            }
            ScalarStyle::Plain if raw == value => {
                self.tape.push(Shape::Plain, span, key);
                if is_beyond_integers(value.as_bytes()) {
                    self.report(ProblemKind::Number, span);
                }
            }
            ScalarStyle::Plain => self.tape.push_decoded(Shape::Plain, span, key, value.into()),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let inside = raw.len().checked_sub(1).and_then(|end| raw.get(1..end));
                if inside == Some(value) {
                    self.tape.push(Shape::Quoted, span, key);
                } else {
                    self.tape.push_decoded(Shape::Quoted, span, key, value.into());
                }
            }
            // The parser adds the line break that the last line of a text may lack.
            _ if self.ends_without_break(span) => {
                let text = value.strip_suffix('\n').unwrap_or(value);
                self.tape.push_decoded(Shape::Block, span, key, text.into());
            }
            _ => self.tape.push_decoded(Shape::Block, span, key, value.into()),
        }
        if !span.is_empty() {
            self.last_end = span.start as usize + raw.trim_ascii_end().len();
        } else if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            // There is nothing but its header.
            self.last_end = self.slice(Span::new(0, span.start as usize)).trim_ascii_end().len();
        }
        self.define(anchor, index);
    }

    fn ends_without_break(&self, span: Span) -> bool {
        let text = self.text.trim_end_matches([' ', '\t']);
        !text.ends_with('\n') && span.end as usize >= text.len()
    }

    fn define(&mut self, anchor: usize, index: u32) {
        if anchor > 0 {
            self.anchors.insert(anchor, index);
        }
    }

    fn open(&mut self, is_mapping: bool, style: StructureStyle, anchor: usize, span: Span) {
        let mark = self.tape.mark();
        let awaits_key = self.frames.last().is_some_and(|f| f.is_mapping && f.key.is_none());
        let follows_key = self.frames.last().is_some_and(|f| f.is_mapping && f.key.is_some());
        let mut start = span.start as usize;
        if follows_key && !is_mapping && style == StructureStyle::Block {
            start = self.first_dash(start);
        }
        // No event says where the dash of an absent item stands; at least it is not before this.
        self.last_end = self.last_end.max(start);
        let key = if awaits_key { Key::None } else { self.key_or_value(|| (span, "".into())).unwrap_or_default() };
        let shape = if is_mapping { Shape::Object } else { Shape::Array };
        let node = self.tape.push(shape, Span::new(start, start), key);
        self.frames.push(Frame {
            node,
            is_mapping,
            is_flow: style == StructureStyle::Flow,
            key: None,
            keys: KeyFilter::default(),
            anchor,
            has_merge: false,
            as_key: awaits_key.then_some(mark),
        });
    }

    /// Where a block sequence starts. The parser gives the place of the first item for one that is
    /// not indented below its key.
    fn first_dash(&self, start: usize) -> usize {
        let mut at = self.last_end;
        for (place, line) in self.text.get(at..start).unwrap_or_default().split_inclusive('\n').enumerate() {
            let content = line.trim_start_matches(' ');
            if place > 0 && content.starts_with('-') {
                return at + line.len() - content.len();
            }
            at += line.len();
        }
        start
    }

    fn close(&mut self, span: Span) {
        let Some(frame) = self.frames.pop() else { return };
        if frame.is_flow {
            self.last_end = span.end as usize;
        }
        self.tape.close(frame.node, self.last_end);
        if frame.keys.is_suspicious() {
            find_duplicates(self.text.as_bytes(), self.tape, frame.node, self.problems);
        }
        if frame.has_merge {
            self.merge(frame.node);
        }
        let Some(mark) = frame.as_key else {
            self.define(frame.anchor, frame.node);
            return;
        };
        let start = self.tape.node(frame.node).map_or(0, |n| n.start as usize);
        let whole = Span::new(start, self.last_end);
        self.tape.rewind(mark);
        let text: Box<str> = self.slice(whole).into();
        self.note_braces(whole);
        if let Some(parent) = self.frames.last_mut() {
            parent.keys.add_text(text.as_bytes());
            parent.key = Some(Key::Decoded(whole, text));
        }
    }

    /// Takes `{{ .Values.host }}` for what it is: nobody writes a mapping whose key is a mapping,
    /// and no API server takes one.
    fn note_braces(&mut self, key: Span) {
        let outer = (key.start as usize).checked_sub(1).map(|start| Span::new(start, key.end as usize + 1));
        let is_template = |span: &Span| self.slice(*span).starts_with("{{") && self.slice(*span).ends_with("}}");
        self.braces = self.braces.or(outer.filter(is_template));
    }

    /// Expands an alias into a copy of its anchor.
    fn alias(&mut self, id: usize, span: Span) {
        let target = self.anchors.get(&id).copied();
        let text = target
            .and_then(|index| {
                self.tape.decoded(index, Box::default).map(Into::into).or_else(|| self.scalar_text(index))
            })
            .unwrap_or_else(|| self.slice(span).into());
        let Some(key) = self.key_or_value(|| (span, text)) else {
            return;
        };
        self.last_end = span.end as usize;
        // An anchor that is still open contains its own alias: there is no such tree.
        let open = |index: u32| self.frames.iter().any(|f| f.node == index);
        match target.filter(|index| !open(*index)) {
            Some(index) if self.can_copy(index) => self.tape.copy_subtree(index, key),
            Some(_) => {
                self.tape.push(Shape::Empty, span, key);
                self.report_budget(span);
            }
            None => {
                let name = self.slice(span).trim_start_matches('*').to_owned();
                self.report(ProblemKind::UnknownAlias(name), span);
                self.tape.push(Shape::Empty, span, key);
            }
        }
    }

    fn scalar_text(&self, index: u32) -> Option<Box<str>> {
        let node = self.tape.node(index)?;
        let text = self.slice(Span { start: node.start, end: self.tape.end(self.text.as_bytes(), index) });
        match node.shape() {
            Shape::Plain => Some(text.into()),
            Shape::Quoted => Some(text.get(1..text.len() - 1)?.into()),
            _ => None,
        }
    }

    fn report_budget(&mut self, span: Span) {
        if !self.problems.iter().any(|p| p.kind == ProblemKind::AliasBudget) {
            self.report(ProblemKind::AliasBudget, span);
        }
    }

    /// Whether the budget still has what a copy costs.
    fn can_copy(&self, index: u32) -> bool {
        let cost = self.tape.copy_cost(index);
        let budget = ALIAS_BUDGET + self.text.len();
        self.tape.copied() + cost <= budget && self.tape.len() + cost < super::super::tape::MAX_NODES
    }

    /// Adds the members of `<<` that the mapping does not have itself, and hides the merge key.
    fn merge(&mut self, mapping: u32) {
        let Some(merge_key) = self.members(mapping).into_iter().find(|(_, name)| name == "<<") else {
            return;
        };
        self.tape.replace(merge_key.0);
        let mut present: FxHashSet<String> = self.members(mapping).into_iter().map(|(_, name)| name).collect();
        let sources = match self.tape.node(merge_key.0).map(RawNode::shape) {
            Some(Shape::Object) => vec![merge_key.0],
            Some(Shape::Array) => self.children(merge_key.0),
            _ => Vec::new(),
        };
        for source in sources {
            for (member, name) in self.members(source) {
                if present.contains(&name) {
                    continue;
                }
                let Some((span, text)) = key_of(self.text.as_bytes(), self.tape, member) else {
                    continue;
                };
                if !self.can_copy(member) {
                    self.report_budget(span);
                    continue;
                }
                let key = readable_key(self.tape, self.text.as_bytes(), span, text.into());
                self.tape.copy_subtree(member, key);
                present.insert(name);
            }
        }
        let end = self.tape.end(self.text.as_bytes(), mapping) as usize;
        self.tape.close(mapping, end);
    }

    fn children(&self, container: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let end = container + self.tape.node(container).map_or(0, RawNode::entries);
        let mut index = container + 1;
        while index < end {
            found.push(index);
            index = self.tape.node(index).map_or(end, |node| index + node.entries());
        }
        found
    }

    fn members(&self, object: u32) -> Vec<(u32, String)> {
        let name = |index: u32| Some((index, key_of(self.text.as_bytes(), self.tape, index)?.1.to_owned()));
        match self.tape.node(object).map(RawNode::shape) {
            Some(Shape::Object) => self.children(object).into_iter().filter_map(name).collect(),
            _ => Vec::new(),
        }
    }

    fn end_document(&mut self, roots: &mut Vec<u32>) {
        if let Some(braces) = self.braces {
            self.report(ProblemKind::Template, braces);
            self.tape.rewind(self.document_start);
            self.restart();
            return;
        }
        let empty = self.tape.node(self.first).is_none_or(|n| n.shape() == Shape::Empty);
        if empty {
            self.tape.rewind(self.document_start);
        } else {
            roots.push(self.first);
        }
        self.restart();
    }

    /// Drops the broken document: half a manifest would give findings about what is not there.
    fn fail(&mut self, error: &ScanError) {
        let at = self.base + error.marker().byte_offset().unwrap_or(0);
        let at = (0..=at.min(self.text.len())).rev().find(|i| self.text.is_char_boundary(*i)).unwrap_or(0);
        let length = self.text.get(at..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
        let kind = match error.kind() {
            ErrorKind::RecursionLimitExceeded => ProblemKind::TooDeep,
            _ => ProblemKind::Syntax(error.info()),
        };
        self.report(kind, Span::new(at, at + length));
        self.tape.rewind(self.document_start);
        self.restart();
    }

    fn restart(&mut self) {
        self.frames.clear();
        self.anchors.clear();
        self.anchor_names.clear();
        self.braces = None;
        self.document_start = self.tape.mark();
        self.first = self.tape.len() as u32;
    }
}

/// A key as an offset where the text can be read back from there, else with its text beside it.
fn readable_key(tape: &mut Tape, bytes: &[u8], span: Span, text: Box<str>) -> Key {
    let start = span.start as usize;
    let raw = bytes.get(span.range()).unwrap_or_default();
    let direct = match raw {
        [quote @ (b'"' | b'\''), inside @ .., last] => {
            quote == last && inside == text.as_bytes() && memchr::memchr(*quote, inside).is_none()
        }
        _ => raw == text.as_bytes() && !raw.is_empty() && plain_key_end(bytes, start) == span.end as usize,
    };
    if direct { tape.key(bytes, span) } else { Key::Decoded(span, text) }
}
