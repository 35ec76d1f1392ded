//! Key material is never printed, also where a tool has left it in a dump.

use crate::document::{Document, Node, Span};

/// What Envoy writes in place of a secret, as text and as bytes.
const REDACTED: [&str; 2] = ["[redacted]", "W3JlZGFjdGVkXQ=="];
/// Fields whose values are secret, as JSON names them.
const SECRET: [&str; 6] =
    ["privateKey", "password", "sessionTicketKeys", "genericSecret", "privateKeyProvider", "tokenSecret"];

/// The same as the API names them.
const SECRET_IN_SNAKE_CASE: [&str; 5] =
    ["private_key", "session_ticket_keys", "generic_secret", "private_key_provider", "token_secret"];

/// Whether a field holds a secret.
pub(super) fn is_secret(json_name: &str) -> bool {
    SECRET.contains(&json_name)
}

/// A text in a secret field, as it may be shown: paths of files are no secrets.
pub(super) fn shown(text: &str) -> &str {
    let is_path = text.starts_with(['/', '.']) && text.len() < 200;
    if text.is_empty() || is_path || REDACTED.contains(&text) { text } else { REDACTED[0] }
}

/// The whole text of a document without what is secret in it.
pub(super) fn text(document: &Document) -> String {
    let mut spans = Vec::new();
    let bytes = document.bytes();
    let names: [&[u8]; 4] = [b"private_key", b"privateKey", b"assword", b"ecret"];
    if names.iter().any(|name| memchr::memmem::find(bytes, name).is_some()) {
        document.roots().for_each(|root| collect(root, false, &mut spans));
    }
    let mut out = String::with_capacity(bytes.len());
    let mut from = 0;
    for span in spans {
        out.push_str(&String::from_utf8_lossy(bytes.get(from..span.start as usize).unwrap_or_default()));
        out.push_str("\"[redacted]\"");
        from = span.end as usize;
    }
    out.push_str(&String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()));
    out
}

fn collect(node: Node<'_>, is_inside: bool, spans: &mut Vec<Span>) {
    for (key, value) in node.entries() {
        let inside = is_inside || is_secret(key.text) || SECRET_IN_SNAKE_CASE.contains(&key.text);
        collect(value, inside, spans);
    }
    node.items().for_each(|item| collect(item, is_inside, spans));
    if is_inside && let Some(text) = node.text().filter(|text| shown(text) != *text) {
        let _ = text;
        spans.push(node.span());
    }
}
