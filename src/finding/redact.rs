//! Key material is never shown: not the values of Secrets, and nothing that looks like a key.

use rustc_hash::FxHashMap;

use crate::document::{Document, Node, Span};
use crate::kube::objects;

/// A run of base64 that is longer than this is a key, a certificate or a token.
const LONGEST_SHOWN: usize = 60;

/// What must not be shown of the documents that findings point at.
#[derive(Default)]
pub(super) struct Redaction {
    secrets: FxHashMap<usize, Vec<Span>>,
}

impl Redaction {
    /// Blackens what must not be shown in a piece of `document` that starts at `offset`.
    pub(super) fn apply(&mut self, document: &Document, offset: usize, piece: &mut [u8]) {
        let identity = std::ptr::from_ref(document) as usize;
        let secrets = self.secrets.entry(identity).or_insert_with(|| secret_values(document));
        let first = secrets.partition_point(|secret| (secret.end as usize) <= offset);
        let behind = offset + piece.len();
        for secret in secrets.iter().skip(first).take_while(|secret| (secret.start as usize) < behind) {
            let start = (secret.start as usize).saturating_sub(offset);
            let end = (secret.end as usize).saturating_sub(offset).min(piece.len());
            blacken(piece.get_mut(start..end).unwrap_or_default());
        }
        blacken_long_runs(piece);
    }
}

/// The values of a document's Secrets, in order.
fn secret_values(document: &Document) -> Vec<Span> {
    let mut spans = Vec::new();
    for secret in objects(document).0.into_iter().filter(|object| object.is("", "Secret")) {
        for name in ["data", "stringData"] {
            spans.extend(secret.node().get(name).into_iter().flat_map(Node::values).map(Node::span));
        }
        let applied = secret.annotation("kubectl.kubernetes.io/last-applied-configuration");
        spans.extend(applied.map(|a| a.node.span()));
    }
    spans.sort_unstable();
    spans
}

fn blacken_long_runs(piece: &mut [u8]) {
    for run in piece.split_mut(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))) {
        if run.len() > LONGEST_SHOWN {
            blacken(run);
        }
    }
}

fn blacken(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|b| !b.is_ascii_whitespace()) {
        *byte = b'*';
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Text;

    #[test]
    fn secrets_and_keys_are_blackened() {
        let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let text = format!("apiVersion: v1\nkind: Secret\ndata:\n  password: aHVudGVyMg==\nother: {key}\nshort: abc\n");
        let document = Document::read("", Text::from(text.as_str()));
        let mut piece = text.clone().into_bytes();
        Redaction::default().apply(&document, 0, &mut piece);
        let shown = String::from_utf8_lossy(&piece);
        assert!(!shown.contains("aHVud") && !shown.contains("MIIE"), "{shown}");
        assert!(shown.contains("password: ************") && shown.contains("short: abc"), "{shown}");
    }
}
