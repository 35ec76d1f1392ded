//! The examples of a rule, run as its tests.

use crate::document::{Document, Span, line_around};
use crate::envoy::{self, Form};
use crate::finding::{Finding, Findings, resolve};
use crate::input::Text;
use crate::kube::objects;
use crate::mesh::Options;

use super::{Declaration, Example};

/// What marks a line of a bad example in which something is found.
const MARK: &str = "# here";

/// An example that does not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where, in the file of the rule.
    pub span: Span,
    /// What.
    pub message: String,
}

impl Declaration {
    /// Runs an example that stands in `file`.
    pub fn run(&'static self, example: &Example, file: &Document) -> Vec<Failure> {
        let text = Document::read("example", Text::from(example.text.as_str()));
        let lines = Lines { file, example };
        if let Some(problem) = text.problems().first() {
            let at = text.position(problem.span.start).line;
            return vec![Failure {
                span: lines.span(at),
                message: format!("this example cannot be read: {}", problem.kind),
            }];
        }
        let found = self.find_in(&text);
        match example.is_bad {
            true => lines.unmet(&found, &self.nothing_to_look_at(&text)),
            false => found.iter().map(|finding| lines.unexpected(finding)).collect(),
        }
    }

    fn find_in(&'static self, document: &Document) -> Vec<Finding> {
        let mut found = Findings::default();
        match envoy::form_of(document) {
            Form::Envoy => envoy::dumps(document).iter().for_each(|dump| self.check_dump(dump, &mut found)),
            _ => self.check_objects(&objects(document).0, &Options::default(), &mut found),
        }
        resolve(found.drafts.into_iter().map(|draft| (&self.meta, draft)).collect())
    }

    /// Why nothing can be found in a text, if it holds nothing that the rule looks at.
    fn nothing_to_look_at(&self, document: &Document) -> String {
        let form = envoy::form_of(document);
        let kinds: Vec<String> = self.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        let has_any = match form {
            Form::Envoy => envoy::dumps(document).iter().any(|dump| self.has_resources(dump)),
            _ => objects(document).0.into_iter().any(|object| self.looks_at(object, &Options::default())),
        };
        match has_any {
            true => String::new(),
            false => format!(": it holds no {} that the rule looks at", kinds.join(", ")),
        }
    }
}

/// The lines of an example and of the file that holds it.
struct Lines<'a> {
    file: &'a Document,
    example: &'a Example,
}

impl Lines<'_> {
    /// The line of the file that holds a line of the example (from 1), if that is written as a
    /// block; all of the example otherwise.
    fn span(&self, line: u32) -> Span {
        let bytes = self.file.bytes();
        let whole = self.example.span;
        let Some(wanted) = self.example.text.lines().nth(line.saturating_sub(1) as usize) else { return whole };
        let mut at = whole.start as usize;
        let is_block = matches!(bytes.get(at), Some(b'|'));
        for _ in 0..line {
            let end = line_around(bytes, at).end;
            at = end + 1;
        }
        let found = line_around(bytes, at.min(bytes.len()));
        let text = bytes.get(found.clone()).unwrap_or_default().trim_ascii();
        if !is_block || text != wanted.trim().as_bytes() {
            return first_line(bytes, whole);
        }
        let indent = bytes.get(found.clone()).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
        Span::new(found.start + indent, found.end)
    }

    /// The marks that no finding is at, or that there is none at all.
    fn unmet(&self, found: &[Finding], why: &str) -> Vec<Failure> {
        if found.is_empty() {
            return vec![Failure { span: self.span(1), message: format!("nothing is found in this bad example{why}") }];
        }
        let marked: Vec<u32> =
            (1..).zip(self.example.text.lines()).filter(|(_, l)| l.contains(MARK)).map(|(n, _)| n).collect();
        let hits: Vec<u32> = found.iter().map(|finding| finding.location.start.line).collect();
        let missed = marked.iter().filter(|line| !hits.contains(line)).map(|line| Failure {
            span: self.span(*line),
            message: format!("nothing is found in this line, which is marked with `{MARK}`"),
        });
        let surplus = found.iter().filter(|f| !marked.is_empty() && !marked.contains(&f.location.start.line));
        missed.chain(surplus.map(|finding| self.unexpected(finding))).collect()
    }

    fn unexpected(&self, finding: &Finding) -> Failure {
        let what = if self.example.is_bad { "which is not marked" } else { "of a good example" };
        let message = format!("something is found in this line, {what}: {}", finding.message);
        Failure { span: self.span(finding.location.start.line), message }
    }
}

fn first_line(bytes: &[u8], span: Span) -> Span {
    let end = line_around(bytes, span.start as usize).end;
    Span::new(span.start as usize, end.min(span.end as usize).max(span.start as usize))
}
