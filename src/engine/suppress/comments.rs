//! `# meshlint: ignore[rule, rule] reason`, for the line, the line below, or the object that starts
//! there; `# meshlint: ignore-file[rule] reason` for the file.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::document::{Document, Format, Kind, Node, Span, line_around};
use crate::finding::Place;
use crate::kube::objects;
use crate::similar::similar;

use super::{Scope, Written, rules_of};

const MARK: &str = "meshlint:";
const LINE: &str = "ignore";
const FILE: &str = "ignore-file";
/// What other tools call it.
const OTHERS: [&str; 5] = ["disable", "suppress", "skip", "allow", "noqa"];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a comment says.
struct Comment<'d> {
    /// From the `#` to the end of the line.
    range: Range<usize>,
    /// Whether nothing else stands in its line.
    is_alone: bool,
    /// `ignore`, `ignore-file`, or something like it.
    word: &'d str,
    /// What stands in brackets.
    names: Option<&'d str>,
    reason: Option<String>,
}

/// The suppressions in the comments of a document.
pub(super) fn read(document: &Document) -> Vec<Written<'_>> {
    let text = document.bytes();
    let mut marks = memchr::memmem::find_iter(text, MARK.as_bytes()).peekable();
    if document.format() == Format::Json || marks.peek().is_none() {
        return Vec::new();
    }
    let layout = Layout::of(document);
    let comments = marks.filter_map(|at| comment(text, at, &layout));
    comments.flat_map(|comment| layout.written(&comment)).collect()
}

fn comment<'d>(text: &'d [u8], at: usize, layout: &Layout<'d>) -> Option<Comment<'d>> {
    let line = line_around(text, at);
    let before = text.get(line.start..at)?.trim_ascii_end().strip_suffix(b"#")?;
    let start = line.start + before.len();
    let before = before.strip_prefix(BYTE_ORDER_MARK).filter(|_| line.start == 0).unwrap_or(before);
    let is_comment = before.last().is_none_or(u8::is_ascii_whitespace);
    if !is_comment || layout.is_in_string(start) {
        return None;
    }
    let said = std::str::from_utf8(text.get(at + MARK.len()..line.end)?).ok()?.trim();
    let (word, rest) = said.split_at(said.find(|c: char| c == '[' || c.is_whitespace()).unwrap_or(said.len()));
    let is_other = rest.starts_with('[') || OTHERS.iter().any(|other| word.starts_with(other));
    let is_meant = is_other || word == LINE || word == FILE || similar(word, [LINE, FILE].into_iter()).is_some();
    let (names, reason) = match rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((names, reason)) => (Some(names), reason.trim().trim_start_matches([':', '-']).trim()),
        None => (None, ""),
    };
    let is_alone = matches!(before.trim_ascii(), b"" | b"---");
    let reason = Some(reason).filter(|reason| !reason.is_empty()).map(str::to_owned);
    is_meant.then_some(Comment { range: start..line.end, is_alone, word, names, reason })
}

/// Where strings and objects are.
struct Layout<'d> {
    document: &'d Document,
    /// The strings, in order.
    strings: Vec<Span>,
    /// The objects by the start of their first line.
    objects: FxHashMap<usize, Span>,
    /// Where values start, in order.
    nodes: Vec<(u32, u32)>,
}

impl<'d> Layout<'d> {
    fn of(document: &'d Document) -> Self {
        let text = document.bytes();
        let all = || (0..document.node_count() as u32).filter_map(|index| document.node(index));
        let mut strings: Vec<Span> = all().filter(|node| node.kind() == Kind::String).map(Node::span).collect();
        strings.sort_unstable();
        let mut nodes: Vec<(u32, u32)> = all().map(|node| (node.entry_span().start, node.index())).collect();
        nodes.sort_unstable();
        let first_line = |span: Span| line_around(text, span.start as usize).start;
        let spans = objects(document).0.into_iter().map(|object| object.node().span());
        Self { document, strings, objects: spans.map(|span| (first_line(span), span)).collect(), nodes }
    }

    fn is_in_string(&self, at: usize) -> bool {
        let after = self.strings.partition_point(|span| span.start as usize <= at);
        self.strings.get(..after).and_then(<[Span]>::last).is_some_and(|span| at < span.end as usize)
    }

    fn written(&self, comment: &Comment<'d>) -> Vec<Written<'d>> {
        let place = self.place(comment);
        let scope = self.scope(comment);
        let one = |name: &'d str, rules| Written {
            name,
            rules,
            reason: comment.reason.clone(),
            place,
            scope: scope.clone(),
            must_be_used: true,
        };
        if comment.word != LINE && comment.word != FILE {
            let near = similar(comment.word, [LINE, FILE].into_iter()).unwrap_or(LINE);
            return vec![one(comment.word, Err(format!("did you mean `{MARK} {near}[…]`?")))];
        }
        let names = comment.names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let written: Vec<_> = names.map(|name| one(name, rules_of(name))).collect();
        if written.is_empty() {
            vec![one(comment.word, Err(format!("it names no rule: write `{MARK} {LINE}[rule]`")))]
        } else {
            written
        }
    }

    /// The comment, as a part of the value that it stands at.
    fn place(&self, comment: &Comment<'_>) -> Place<'d> {
        let at = if comment.is_alone {
            self.line_below(comment.range.end).map_or(comment.range.start, |line| line.start)
        } else {
            line_around(self.document.bytes(), comment.range.start).start
        };
        let next = self.nodes.partition_point(|(start, _)| (*start as usize) < at);
        let node = self.nodes.get(next).and_then(|(_, index)| self.document.node(*index));
        let span = Span::new(comment.range.start, comment.range.end);
        Place { node, ..Place::of_span(self.document, span) }
    }

    fn scope(&self, comment: &Comment<'_>) -> Scope {
        let file = self.document.name().to_owned();
        if comment.word == FILE {
            return Scope::File(file);
        }
        let line = if comment.is_alone {
            self.line_below(comment.range.end)
        } else {
            Some(line_around(self.document.bytes(), comment.range.start))
        };
        let Some(line) = line else { return Scope::Nowhere };
        let span = Span::new(line.start, line.end.max(line.start + 1));
        match self.objects.get(&line.start).filter(|_| comment.is_alone) {
            Some(object) => Scope::Range { file, span: span.join(*object) },
            None => Scope::Range { file, span },
        }
    }

    /// The next line that holds something.
    fn line_below(&self, from: usize) -> Option<Range<usize>> {
        let text = self.document.bytes();
        let mut at = from;
        loop {
            at += memchr::memchr(b'\n', text.get(at..)?)? + 1;
            let line = line_around(text, at);
            let content = text.get(line.clone())?.trim_ascii();
            let is_marker = content
                .strip_prefix(b"---")
                .is_some_and(|rest| rest.is_empty() || rest.trim_ascii_start().starts_with(b"#"));
            if !content.is_empty() && !content.starts_with(b"#") && !is_marker {
                return Some(line);
            }
        }
    }
}
