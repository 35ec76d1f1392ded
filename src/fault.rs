//! What is wrong with a file that was written for meshlint (a configuration, route tests), shown where it
//! stands.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::document::{Document, Span, position};
use crate::similar::similar;

/// Something that the file must not hold.
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

    /// A name that is none of those that may stand here. The nearest one is what may be meant.
    pub(crate) fn unknown(
        span: Span,
        message: impl Into<String>,
        name: &str,
        known: impl Iterator<Item = &'static str> + Clone,
    ) -> Self {
        let help = match similar(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        };
        Self::new(span, message).help(Some(help))
    }

    pub(crate) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// All faults with the lines that they are in.
pub(crate) fn rendered(document: &Document, faults: &[Fault]) -> String {
    let Ok(text) = std::str::from_utf8(document.bytes()) else {
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
        let at = position(document.bytes(), fault.span.start);
        format!("{}:{}:{}: {}", document.name(), at.line, at.column, fault.message)
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}
