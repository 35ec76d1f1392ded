//! The YAML reader: documents are split at `---` and read one by one, so that a broken one costs
//! nothing but itself.
//!
//! Most documents are plain block style and take the fast path ([`fast`]); whatever is unusual in
//! one sends it, and only it, to the full parser ([`full`]).

mod fast;
mod full;

use std::ops::Range;

use super::problem::{Problem, ProblemKind};
use super::tape::Tape;
use super::{Span, trim_ascii};

/// Reads every YAML document of `text`. Returns the roots' indices.
pub(super) fn read(text: &str, tape: &mut Tape, problems: &mut Vec<Problem>) -> Vec<u32> {
    tape.keep_ends();
    let mut roots = Vec::new();
    for part in documents(text.as_bytes()) {
        let mark = tape.mark();
        let known = problems.len();
        let first = tape.len() as u32;
        if fast::read(text.as_bytes(), part.clone(), tape, problems).is_ok() {
            roots.extend((tape.len() as u32 > first).then_some(first));
            continue;
        }
        tape.rewind(mark);
        problems.truncate(known);
        full::read(text, part.clone(), tape, problems, &mut roots);
        mark_templates(text, &part, problems, known);
    }
    roots
}

/// A document that does not parse and holds template braces is a template, not a broken document.
fn mark_templates(text: &str, part: &Range<usize>, problems: &mut Vec<Problem>, from: usize) {
    let body = text.get(part.clone()).unwrap_or_default();
    let Some(brace) = ["{{", "{%"].iter().filter_map(|b| body.find(b)).min() else {
        return;
    };
    for problem in problems.iter_mut().skip(from) {
        if matches!(problem.kind, ProblemKind::Syntax(_) | ProblemKind::UnknownAlias(_)) {
            let start = part.start + brace;
            let length = body.get(brace..).map_or(2, template_length);
            problem.kind = ProblemKind::Template;
            problem.span = Span::new(start, start + length);
            problem.related = None;
        }
    }
    // Once is enough, wherever the parser stumbled.
    let mut is_marked = false;
    let own = problems.split_off(from);
    problems.extend(own.into_iter().filter(|problem| {
        let is_repeated = is_marked && problem.kind == ProblemKind::Template;
        is_marked |= problem.kind == ProblemKind::Template;
        !is_repeated
    }));
}

fn template_length(text: &str) -> usize {
    let line = text.lines().next().unwrap_or_default();
    line.find("}}").or_else(|| line.find("%}")).map_or(2, |end| end + 2)
}

/// Splits a stream at lines that start with `---`. That is safe also within block scalars and
/// quoted strings: such a line ends any document (YAML 1.2 §9.1.2).
fn documents(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = super::byte_order_mark(bytes);
    for newline in memchr::memmem::find_iter(bytes, b"\n---") {
        let at = newline + 1;
        let marker = matches!(bytes.get(at + 3), None | Some(b' ' | b'\t' | b'\n' | b'\r'));
        let only_directives = bytes.get(start..at).is_some_and(|part| trim_ascii(part).starts_with(b"%"));
        if marker && !only_directives {
            parts.push(start..at);
            start = at;
        }
    }
    parts.push(start..bytes.len());
    parts
}

/// Reads with the full parser alone, to compare the fast path with it.
#[cfg(any(test, fuzzing))]
pub(super) fn read_fully(text: &str, tape: &mut Tape, problems: &mut Vec<Problem>, roots: &mut Vec<u32>) {
    tape.keep_ends();
    for part in documents(text.as_bytes()) {
        let known = problems.len();
        full::read(text, part.clone(), tape, problems, roots);
        mark_templates(text, &part, problems, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_only_at_whole_markers() {
        let text = b"a: 1\n--- # next\nb: 2\n----\n---x\n---\n";
        let parts: Vec<&[u8]> = documents(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(parts, [&b"a: 1\n"[..], b"--- # next\nb: 2\n----\n---x\n", b"---\n"]);
    }

    #[test]
    fn a_directive_stays_with_its_document() {
        assert_eq!(documents(b"%YAML 1.1\n---\na: 1\n").len(), 1);
    }
}
