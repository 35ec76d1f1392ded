//! Key material is never shown: not the values of Secrets, not private keys and passwords of
//! proxies, and nothing that looks like a key.
//!
//! Texts are judged as bytes, not by their nodes: what cannot be read is shown too, and a file that
//! was cut off in the middle of a key is no reason to print the other half of it.

mod names;
mod values;

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;
use rustc_hash::FxHashMap;

use crate::document::{Document, Node};
use crate::kube::objects;

use names::{Dictionary, Names};
use values::{block_values, flow_values, member_values};

/// A run of base64 that is longer than this is a key, a certificate or a token.
const LONGEST_SHOWN: usize = 60;
/// How a text that starts with `-----BEGIN` looks in base64.
const PEM_IN_BASE64: &[u8] = b"LS0tLS1CRUdJTi";
/// Members of Envoy's messages that hold what nobody may know.
static SECRET_MEMBERS: LazyLock<Dictionary> = LazyLock::new(|| {
    Dictionary::new(&[
        b"private_key",
        b"privateKey",
        b"password",
        b"session_ticket_keys",
        b"sessionTicketKeys",
        b"generic_secret",
        b"genericSecret",
    ])
});
/// The members of a Secret.
static DATA_MEMBERS: LazyLock<Dictionary> = LazyLock::new(|| Dictionary::new(&[b"data", b"stringData"]));
/// How the first line of a PEM block of a private key ends.
static PRIVATE_LABELS: LazyLock<Dictionary> = LazyLock::new(|| Dictionary::new(&[b"PRIVATE KEY-----"]));
/// A key that is shown may start this far before what is shown of it.
const LONGEST_KEY: usize = 16 << 10;
/// An address with its user and password is not longer than this.
const LONGEST_URL: usize = 512;
/// Kubernetes takes no Secret that is larger.
const LARGEST_SECRET: usize = 1 << 20;

/// What must not be shown of the documents that findings point at.
#[derive(Default)]
pub(crate) struct Redaction {
    known: FxHashMap<usize, Known>,
}

/// What is known of one document.
struct Known {
    /// The values of its Secrets, in order.
    secrets: Vec<Range<usize>>,
    secret_members: Names,
    data_members: Names,
    private_labels: Names,
}

impl Known {
    fn of(document: &Document) -> Self {
        Self {
            secrets: secret_values(document),
            secret_members: Names::new(&SECRET_MEMBERS),
            data_members: Names::new(&DATA_MEMBERS),
            private_labels: Names::new(&PRIVATE_LABELS),
        }
    }
}

impl Redaction {
    /// Whether a value must not be shown.
    pub(crate) fn hides(&mut self, node: Node<'_>) -> bool {
        let span = node.span().range();
        let text = node.document().bytes().get(span.clone()).unwrap_or_default();
        let mut shown = text.to_vec();
        self.apply(node.document(), span.start, &mut shown);
        shown != text
    }

    /// Blackens what must not be shown in a piece of `document` that starts at `offset`.
    pub(super) fn apply(&mut self, document: &Document, offset: usize, piece: &mut [u8]) {
        let identity = std::ptr::from_ref(document) as usize;
        let known = self.known.entry(identity).or_insert_with(|| Known::of(document));
        let text = document.bytes();
        let shown = offset..offset + piece.len();
        let first = known.secrets.partition_point(|secret| secret.end <= shown.start);
        let secrets = known.secrets.iter().skip(first).take_while(|secret| secret.start < shown.end);
        let mut hidden: Vec<Range<usize>> = secrets.cloned().collect();
        hidden.extend(members(text, &shown, &mut known.secret_members, LONGEST_KEY));
        if document.loses_content() {
            // What cannot be read may be a Secret, and its kind may be among what is missing.
            hidden.extend(members(text, &shown, &mut known.data_members, LARGEST_SECRET));
        }
        hidden.extend(private_pems(text, &shown, &mut known.private_labels));
        hidden.extend(long_runs(text, &shown));
        hidden.extend(passwords_of_urls(text, &shown));
        for range in hidden {
            let start = range.start.max(shown.start) - offset;
            let end = range.end.min(shown.end).saturating_sub(offset);
            blacken(piece.get_mut(start..end).unwrap_or_default());
        }
    }
}

/// The values of a document's Secrets, in order.
fn secret_values(document: &Document) -> Vec<Range<usize>> {
    let text = document.bytes();
    let mut hidden = Vec::new();
    for secret in objects(document).0.into_iter().filter(|object| object.is("", "Secret")) {
        for data in ["data", "stringData"].into_iter().filter_map(|name| secret.node().get(name)) {
            hidden.extend(values_of(text, data));
        }
        let applied = secret.annotation("kubectl.kubernetes.io/last-applied-configuration");
        hidden.extend(applied.map(|a| a.node.span().range()));
    }
    hidden.sort_unstable_by_key(|range| range.start);
    hidden
}

/// The values of a mapping, also those that a later key of the same name has replaced.
fn values_of(text: &[u8], mapping: Node<'_>) -> Vec<Range<usize>> {
    let span = mapping.span().range();
    match text.get(span.start) {
        Some(b'{') => flow_values(text, span),
        _ => block_values(text, span),
    }
}

/// The values of members with these names that reach into what is shown.
fn members(text: &[u8], shown: &Range<usize>, names: &mut Names, reach: usize) -> Vec<Range<usize>> {
    let found = names.find(text, shown.start.saturating_sub(reach)..shown.end);
    found.into_iter().flat_map(|name| member_values(text, name, shown.end)).collect()
}

/// What stands between the lines of a PEM block of a private key.
fn private_pems(text: &[u8], shown: &Range<usize>, labels: &mut Names) -> Vec<Range<usize>> {
    let found = labels.find(text, shown.start.saturating_sub(LONGEST_KEY)..shown.end);
    let body = |label: Range<usize>| {
        let rest = text.get(label.end..shown.end).unwrap_or_default();
        label.end..label.end + memmem::find(rest, b"-----END").unwrap_or(rest.len())
    };
    found.into_iter().map(body).collect()
}

/// Runs of base64, as long as they are in the text and not only in what is shown of them.
fn long_runs(text: &[u8], shown: &Range<usize>) -> Vec<Range<usize>> {
    let is_part =
        |at: usize| text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    let mut runs = Vec::new();
    let mut at = shown.start;
    while at < shown.end {
        if !is_part(at) {
            at += 1;
            continue;
        }
        // Only the first run may have started before what is shown.
        let start = match at == shown.start {
            true => (at.saturating_sub(LONGEST_KEY)..at).rev().find(|before| !is_part(*before)).map_or(0, |b| b + 1),
            false => at,
        };
        let end = (at..text.len()).take(LONGEST_KEY).find(|behind| !is_part(*behind)).unwrap_or(text.len());
        let run = text.get(start..end).unwrap_or_default();
        if run.len() > LONGEST_SHOWN || run.starts_with(PEM_IN_BASE64) {
            runs.push(start..end);
        }
        at = end.max(at + 1);
    }
    runs
}

/// What stands between the name and the `@` of `scheme://name:password@host`.
fn passwords_of_urls(text: &[u8], shown: &Range<usize>) -> Vec<Range<usize>> {
    let from = shown.start.saturating_sub(LONGEST_URL);
    let window = text.get(from..(shown.end + LONGEST_URL).min(text.len())).unwrap_or_default();
    let urls = memmem::find_iter(window, b"://").filter_map(|at| {
        let rest = window.get(at + 3..)?;
        let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'' | b',');
        let authority = rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))?;
        let end = memchr::memrchr(b'@', authority)?;
        let start = memchr::memchr(b':', authority.get(..end)?)? + 1;
        Some(from + at + 3 + start..from + at + 3 + end)
    });
    urls.collect()
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

    const KEY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";

    /// The whole text as it would be shown.
    fn shown(text: &str) -> String {
        piece(text, 0..text.len())
    }

    fn piece(text: &str, range: Range<usize>) -> String {
        let document = Document::read("", Text::from(text));
        let mut piece = text.as_bytes()[range.clone()].to_vec();
        Redaction::default().apply(&document, range.start, &mut piece);
        String::from_utf8_lossy(&piece).into_owned()
    }

    #[test]
    fn secrets_and_keys_are_blackened() {
        let text = shown(&format!(
            "apiVersion: v1\nkind: Secret\ndata:\n  password: aHVudGVyMg==\nother: {KEY}\nshort: abc\n"
        ));
        assert!(!text.contains("aHVud") && !text.contains("MIIE"), "{text}");
        assert!(text.contains("password: ************") && text.contains("short: abc"), "{text}");
    }

    #[test]
    fn values_that_were_replaced_are_blackened() {
        let text = shown("apiVersion: v1\nkind: Secret\ndata:\n  a: b25lCg\n  a: dHdvCg\n");
        assert_eq!(text, "apiVersion: v1\nkind: Secret\ndata:\n  a: ******\n  a: ******\n");
    }

    #[test]
    fn broken_secrets_are_blackened() {
        let text = shown("apiVersion: v1\nkind: Secret\ndata:\n  a: b25lCg\n  b: [dHdvCg\n");
        assert!(!text.contains("b25") && !text.contains("dHd") && text.contains("  a: "), "{text}");
        let text = shown(r#"{"apiVersion": "v1", "data": {"a": "b25lCg", "b": "dHdvCg"#);
        assert_eq!(text, r#"{"apiVersion": "v1", "data": {"a": "******", "b": "******"#);
    }

    #[test]
    fn a_part_of_a_key_is_blackened() {
        let text = format!("{{\"configs\": [], \"note\": \"{KEY}\"}}");
        let start = text.find(KEY).unwrap_or_default();
        assert_eq!(piece(&text, start + 40..start + 50), "*".repeat(10));
    }

    #[test]
    fn private_keys_of_proxies_are_blackened() {
        let text = shown(
            r#"{"tls_certificate": {"private_key": {"inline_bytes": "MIIE"}, "password": {"inline_string": "x y"}}}"#,
        );
        assert_eq!(
            text,
            r#"{"tls_certificate": {"private_key": {"inline_bytes": "****"}, "password": {"inline_string": "* *"}}}"#
        );
        let text = shown("private_key:\n  inline_string: |\n    MIIE\n    x\nname: shop\n");
        assert_eq!(text, "private_key:\n  inline_string: *\n    ****\n    *\nname: shop\n");
    }

    #[test]
    fn passwords_of_urls_are_blackened() {
        let text = "url: postgres://shop:x1@db.shop:5432/orders, http://a.b:80/c@d:e\n";
        assert_eq!(shown(text), text.replace("x1", "**"));
        assert_eq!(piece(text, 21..25), "**@d");
    }

    #[test]
    fn keys_of_other_names_are_shown() {
        let text = "spec:\n  hosts: [shop]\n  password_policy: strict\n  data: shown\n";
        assert_eq!(shown(text), text);
    }
}
