//! A template has not been rendered.
//!
//! ## What it finds
//! YAML documents that do not parse and hold `{{ … }}` or `{% … %}`, or that parse only because
//! `{{ … }}` reads as a mapping in a mapping; and resources of Istio whose names or hosts hold
//! `{{ … }}` in quotes, or `${…}`.
//!
//! ## Why it matters
//! What a template will say depends on its values. Such a document is not analysed; a resource that
//! is applied with the braces in it names hosts that nobody has.
//!
//! ## Example
//! ```yaml
//! spec:
//!   hosts:
//!   - {{ .Values.host }}
//! ```
//!
//! ## Use instead
//! Check what will be applied: `helm template . | meshlint check -`.
//!
//! ## When to ignore it
//! When the rendered form is checked elsewhere.
//!
//! ## Inputs
//! Manifests.

use super::prelude::*;
use crate::document::{Document, Node, ProblemKind};
use crate::finding::Place;
use crate::kube::{Object, known_group};

const META: Meta = Meta { id: "unrendered-template", family: Family::Input, severity: Severity::Info, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Document(check), Check::Mesh(check_objects)] };

fn check<'d>(document: &'d Document, findings: &mut Findings<'d>) {
    let mut templates = document.problems().iter().filter(|p| p.kind == ProblemKind::Template);
    let Some(first) = templates.next() else { return };
    let others = templates.count();
    let message = match others {
        0 => "a template that has not been rendered".to_owned(),
        _ => format!("a template that has not been rendered, like {others} more in this file"),
    };
    let draft = Draft::new(Place::of_span(document, first.span), message)
        .label("a template's braces")
        .note("these documents were not analysed")
        .help("check what will be applied: `helm template . | meshlint check -`");
    findings.push(draft);
}

fn check_objects<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let document = |object: &Object<'d>| object.node().document();
    for objects in context.mesh.written.chunk_by(|a, b| std::ptr::eq(document(a), document(b))) {
        if !objects.first().is_some_and(|object| may_be_template(document(object))) {
            continue;
        }
        let istios = objects.iter().filter(|o| known_group(o.group()) && o.kind() != "EnvoyFilter");
        for node in istios.filter_map(|object| first_template(*object)) {
            let text = node.text().unwrap_or_default();
            let draft = Draft::new(node, format!("`{text}` is a template's placeholder"))
                .label("not rendered")
                .severity(Severity::Warning)
                .note("applied as it is, it names nothing")
                .help(match text.contains("{{") {
                    true => "check what will be applied: `helm template . | meshlint check -`",
                    false => "check what will be applied: `envsubst < FILE | meshlint check -`, or what else sets it",
                });
            findings.push(draft);
        }
    }
}

/// Hardly any file has such text anywhere, which is quickly seen.
fn may_be_template(document: &Document) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(document.bytes(), needle).is_some();
    has(b"{{") || has(b"${")
}

fn first_template(object: Object<'_>) -> Option<Node<'_>> {
    let parts = [object.metadata().and_then(|m| m.get("name")), object.spec()];
    parts.into_iter().flatten().find_map(find)
}

fn find(node: Node<'_>) -> Option<Node<'_>> {
    if let Some(text) = node.text() {
        return is_placeholder(text).then_some(node);
    }
    node.items().chain(node.values()).find_map(find)
}

/// `{{ … }}`, or `${NAME}`.
fn is_placeholder(text: &str) -> bool {
    let braces = text.find("{{").is_some_and(|at| text.get(at..).is_some_and(|rest| rest.contains("}}")));
    let variable = text.split("${").skip(1).any(|rest| {
        let name = rest.split('}').next().unwrap_or_default();
        rest.contains('}') && !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    braces || variable
}
