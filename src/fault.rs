//! What is wrong with a file that meshlint takes orders from, shown where it stands.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::document::{Document, Kind, Node, Span, line_around};
use crate::similar::similar;

/// Something that a configuration or a rule must not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub span: Span,
    /// What.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// A name that is none of those that may stand here. The nearest one is what may be meant.
    pub(crate) fn unknown(span: Span, message: impl Into<String>, name: &str, known: &[&str]) -> Self {
        Self::new(span, message).help(Some(hint(name, known)))
    }

    /// A key that means nothing there.
    pub(crate) fn unknown_key(span: Span, name: &str, known: &[&str]) -> Self {
        Self::unknown(span, format!("there is no key `{name}` here"), name, known)
    }

    /// A value of another type than the one that is wanted.
    pub(crate) fn unexpected(node: Node<'_>, wanted: &str) -> Self {
        let is_empty = match node.kind() {
            Kind::String => node.text().is_some_and(str::is_empty),
            Kind::Array => node.items().next().is_none(),
            Kind::Object => node.values().next().is_none(),
            _ => false,
        };
        let found = if is_empty { "empty".to_owned() } else { node.kind().to_string() };
        Self::new(node.anchor(), format!("{wanted} is expected here, and this is {found}"))
    }
}

/// What was probably meant, or else what there is.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    match similar(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.join(", ")),
    }
}

/// The most faults of one file that are shown.
const MOST: usize = 20;
/// Nobody wants to see longer lines.
const LONGEST_LINE: usize = 500;

/// All faults with the lines that they are in.
pub(crate) fn rendered(document: &Document, faults: &[Fault]) -> String {
    let faults = faults.get(..MOST).unwrap_or(faults);
    let length = |fault: &Fault| line_around(document.bytes(), fault.span.range().start).len();
    let text = std::str::from_utf8(document.bytes()).ok();
    let Some(text) = text.filter(|_| faults.iter().all(|fault| length(fault) <= LONGEST_LINE)) else {
        return plain(document, faults);
    };
    let renderer = Renderer::plain().decor_style(DecorStyle::Unicode);
    let shown = faults.iter().map(|fault| renderer.render(&[group(document, text, fault)]));
    shown.collect::<Vec<_>>().join("\n\n")
}

fn group<'a>(document: &'a Document, text: &'a str, fault: &'a Fault) -> Group<'a> {
    let mut start = fault.span.range().start.min(text.len());
    let mut end = fault.span.range().end.clamp(start, text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let snippet = Snippet::source(text).path(document.name()).annotation(AnnotationKind::Primary.span(start..end));
    let group = Group::with_title(Level::ERROR.primary_title(&*fault.message)).element(snippet);
    match &fault.help {
        Some(help) => group.element(Level::HELP.message(&**help)),
        None => group,
    }
}

/// For texts that cannot be shown.
fn plain(document: &Document, faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let at = document.position(fault.span.start);
        format!("{}:{}:{}: {}", document.name(), at.line, at.column, fault.message)
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}
