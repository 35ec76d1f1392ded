//! Documents with spans: JSON and YAML read once into one flat tape.
//!
//! A [`Document`] holds its text and every value's byte range; a [`Node`] is a cheap reference to
//! one value. Nothing is decoded until somebody asks, and rules see JSON and YAML alike.

mod block;
mod build;
mod escape;
mod json;
mod keys;
mod lines;
mod names;
mod node;
mod pointer;
mod prefetch;
mod problem;
mod scalar;
mod span;
mod spelling;
mod tape;
mod yaml;

use crate::input::Text;

pub use build::Build;
pub use lines::{Position, line_around, line_within};
pub use node::{Children, Key, Kind, Node, Spanned};
pub use pointer::Trail;
pub use problem::{Problem, ProblemKind};
pub use span::Span;

use lines::LineMarks;
use tape::Tape;

/// The deepest nesting that is read. Protobuf's own JSON reader stops at 100 levels.
pub const MAX_DEPTH: usize = 256;
/// The most problems that are kept of one document.
const MAX_PROBLEMS: usize = 100;
/// Where kubectl puts resources that name no namespace.
const DEFAULT_HOME: &str = "default";
/// Larger texts than this are not read a second time in another format.
const SECOND_TRY_LIMIT: usize = 16 << 20;

/// The language of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// A text with the tape of its values.
#[derive(Debug)]
pub struct Document {
    name: Box<str>,
    home: Option<Box<str>>,
    build: Build,
    owner: Option<Box<str>>,
    text: Text,
    format: Format,
    tape: Tape,
    roots: Vec<u32>,
    lines: LineMarks,
    problems: Vec<Problem>,
}

impl Document {
    /// Reads a text, whatever is in it. What cannot be read is a [`Problem`], not an error.
    /// `name` is how the user knows it: a path, or a member within an archive.
    pub fn read(name: impl Into<Box<str>>, text: Text) -> Self {
        let mut document = Self::read_nameless(text);
        document.name = name.into();
        document
    }

    fn read_nameless(text: Text) -> Self {
        if text.len() >= u32::MAX as usize {
            return Self::refused(text, ProblemKind::TooLarge);
        }
        if is_utf16(&text) {
            return Self::refused(text, ProblemKind::Utf16);
        }
        let damage = text.damage().map(str::to_owned);
        let start = byte_order_mark(&text);
        let first = text.iter().skip(start).find(|b| !b.is_ascii_whitespace());
        let mut document = match first {
            Some(b'{' | b'[') => Self::json_or_yaml(text, start),
            _ => Self::yaml_or_json(text),
        };
        document.problems.truncate(MAX_PROBLEMS);
        if let Some(reason) = damage {
            let end = document.text.len();
            let kind = ProblemKind::Damaged(reason);
            document.problems.push(Problem { kind, span: Span::new(end, end), related: None });
        }
        document.problems.sort_by_key(|p| p.span);
        document.tape.shrink();
        document
    }

    /// A document of which nothing has been read.
    fn unread(text: Text, format: Format) -> Self {
        Self {
            name: Box::default(),
            home: None,
            build: Build::default(),
            owner: None,
            text,
            format,
            tape: Tape::default(),
            roots: Vec::new(),
            lines: LineMarks::default(),
            problems: Vec::new(),
        }
    }

    fn refused(text: Text, kind: ProblemKind) -> Self {
        let problem = Problem { kind, span: Span::new(0, 0), related: None };
        Self { problems: vec![problem], ..Self::unread(text, Format::Yaml) }
    }

    fn json_or_yaml(text: Text, start: usize) -> Self {
        let mut document = Self::json(text, start);
        // `{"…` is meant as JSON, though some of its errors are legal YAML.
        let after = document.text.get(start..).unwrap_or_default().trim_ascii_start();
        let is_json = after.get(1..).unwrap_or_default().trim_ascii_start().starts_with(b"\"");
        let suspicious = |p: &Problem| match p.kind {
            ProblemKind::Syntax(_) => !is_json,
            ProblemKind::TrailingText => true,
            _ => false,
        };
        if document.text.len() > SECOND_TRY_LIMIT || !document.problems.iter().any(suspicious) {
            return document;
        }
        let yaml = Self::yaml(std::mem::take(&mut document.text));
        let is_template = |p: &Problem| p.kind == ProblemKind::Template;
        if !yaml.loses_content() || yaml.problems.iter().any(is_template) {
            return yaml;
        }
        Self { text: yaml.text, ..document }
    }

    /// Reads YAML; where that fails because a tool's output surrounds some JSON, reads the JSON.
    fn yaml_or_json(text: Text) -> Self {
        let mut yaml = Self::yaml(text);
        if !yaml.loses_content() {
            return yaml;
        }
        let Some(start) = line_with_bracket(&yaml.text) else {
            return yaml;
        };
        let text = std::mem::take(&mut yaml.text);
        let half = (text.len() - start) / 2;
        let mut json = Self::json(text, start);
        let read: usize = json.roots().map(|root| root.span().len()).sum();
        let broken = json.problems.iter().any(|p| matches!(p.kind, ProblemKind::Syntax(_)));
        if read < half || broken {
            yaml.text = json.text;
            return yaml;
        }
        json.problems.push(Problem { kind: ProblemKind::LeadingText, span: Span::new(0, start), related: None });
        json
    }

    fn json(text: Text, start: usize) -> Self {
        let mut document = Self::unread(text, Format::Json);
        document.tape = json::sized_tape(document.text.len());
        let values = json::read(&document.text, start, &mut document.tape, &mut document.problems);
        Self { roots: values.roots, lines: values.lines, ..document }
    }

    fn yaml(text: Text) -> Self {
        let mut problems = Vec::new();
        let mut document = Self::unread(repaired_utf8(text, &mut problems), Format::Yaml);
        document.tape = Tape::with_capacity(document.text.len() / 20);
        if let Ok(text) = std::str::from_utf8(&document.text) {
            document.roots = yaml::read(text, &mut document.tape, &mut problems);
        }
        Self { problems, ..document }
    }

    /// Reads YAML twice: as always, and with the full parser alone, to hold the fast path against it.
    #[cfg(any(test, fuzzing))]
    pub fn both_yaml_readings(text: &str) -> [Self; 2] {
        let mut full = Self::unread(Text::from(text), Format::Yaml);
        yaml::read_fully(text, &mut full.tape, &mut full.problems, &mut full.roots);
        [Self::yaml(Text::from(text)), full]
    }

    /// Reads JSON twice: as the fast path does, unless the text is not for it, and with care.
    #[cfg(any(test, fuzzing))]
    pub fn both_json_readings(text: &str) -> (Option<Self>, Self) {
        let mut fast = Self::unread(Text::from(text), Format::Json);
        let values = json::read_fast(text.as_bytes(), &mut fast.tape, &mut fast.problems);
        let mut careful = Self::unread(Text::from(text), Format::Json);
        careful.roots = json::read_carefully(text.as_bytes(), &mut careful.tape, &mut careful.problems);
        (values.map(|json| Self { roots: json.roots, lines: json.lines, ..fast }), careful)
    }

    /// What the user knows the document by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace of resources that name none: `default`, if nobody has said otherwise.
    pub fn home(&self) -> &str {
        self.home.as_deref().unwrap_or(DEFAULT_HOME)
    }

    /// Whether somebody has said in which namespace the resources are that name none.
    pub fn has_home(&self) -> bool {
        self.home.is_some()
    }

    /// Says in which namespace the resources are that name none.
    pub fn set_home(&mut self, namespace: &str) {
        self.home = Some(namespace.into());
    }

    /// What is made of it before it is applied.
    pub fn build(&self) -> &Build {
        &self.build
    }

    /// Says what is made of it before it is applied.
    pub fn set_build(&mut self, build: Build) {
        self.build = build;
    }

    /// Whose it is, where its place among other files tells: the proxy of a dump.
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Says whose it is.
    pub fn set_owner(&mut self, owner: &str) {
        self.owner = Some(owner.into());
    }

    /// Finds nothing wrong with text before the JSON: tools that collect dumps put the notices of
    /// kubectl in front of them.
    pub fn accept_leading_text(&mut self) {
        self.problems.retain(|problem| problem.kind != ProblemKind::LeadingText);
    }

    /// The language it was read as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The text. Bytes that are no UTF-8 are possible in JSON; see [`ProblemKind::InvalidUtf8`].
    pub fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// The line and column of an offset.
    pub fn position(&self, offset: u32) -> Position {
        self.lines.position(&self.text, offset)
    }

    /// The lines and columns of `offsets`, in their order. One pass over the text at most.
    pub fn positions(&self, offsets: &[u32]) -> Vec<Position> {
        self.lines.positions(&self.text, offsets)
    }

    /// The top-level values: one per YAML document, usually one in JSON.
    pub fn roots(&self) -> impl DoubleEndedIterator<Item = Node<'_>> {
        self.roots.iter().map(|index| Node::new(self, *index))
    }

    /// The root that holds `node`.
    pub fn root_of(&self, node: Node<'_>) -> Option<Node<'_>> {
        let after = self.roots.partition_point(|root| *root <= node.index());
        let root = self.roots.get(after.checked_sub(1)?)?;
        Some(Node::new(self, *root))
    }

    /// The value with this index, which [`Node::index`] gave.
    pub fn node(&self, index: u32) -> Option<Node<'_>> {
        self.tape.node(index).map(|_| Node::new(self, index))
    }

    /// What is wrong with the text itself, in its order.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether content is missing, so that the absence of something proves nothing.
    pub fn loses_content(&self) -> bool {
        self.problems.iter().any(|p| p.kind.loses_content())
    }

    /// Number of values.
    pub fn node_count(&self) -> usize {
        self.tape.len()
    }

    fn byte(&self, at: u32) -> Option<u8> {
        self.text.get(at as usize).copied()
    }
}

fn byte_order_mark(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
}

fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || matches!(bytes, [b'{' | b'a'..=b'z', 0, ..])
}

fn trim_ascii(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// The offset of the first line that starts with a bracket.
fn line_with_bracket(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).map(|newline| newline + 1).find(|at| matches!(bytes.get(*at), Some(b'{' | b'[')))
}

/// Replaces each byte that is no UTF-8 by one `?`, so that all offsets stay as they are.
fn repaired_utf8(text: Text, problems: &mut Vec<Problem>) -> Text {
    let mut repaired: Option<Vec<u8>> = None;
    let mut from = 0;
    while let Err(error) = std::str::from_utf8(text.get(from..).unwrap_or_default()) {
        let start = from + error.valid_up_to();
        let length = error.error_len().unwrap_or(text.len() - start);
        let bytes = repaired.get_or_insert_with(|| text.to_vec());
        if let Some(broken) = bytes.get_mut(start..start + length) {
            broken.fill(b'?');
        }
        from = start + length;
        let span = Span::new(start, from);
        // Bytes in a row are one fault, as when the file is in another encoding.
        let before = problems.last_mut().filter(|last| last.kind == ProblemKind::InvalidUtf8);
        if let Some(before) = before.filter(|before| before.span.end == span.start) {
            before.span.end = span.end;
        } else if problems.len() < MAX_PROBLEMS {
            problems.push(Problem { kind: ProblemKind::InvalidUtf8, span, related: None });
        }
    }
    repaired.map_or(text, Text::from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]
mod tests;
