//! Secrets in clear: what they are and where, never what they say.

use memchr::memmem;

use crate::document::Node;
use crate::envoy::Dump;
use crate::kube::{Object, shown};

/// What Envoy puts in the place of a secret, as text and in Base64.
const REDACTED: [&str; 2] = ["[redacted]", "W3JlZGFjdGVkXQ=="];

/// Secrets of a proxy that its dump has in clear.
pub(super) fn in_dump(dump: &Dump<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in &dump.secrets {
        let Some(secret) = entry.secret else { continue };
        let tls = secret.node.field("tls_certificate");
        let keys = [
            ("private key", tls.and_then(|tls| tls.field("private_key"))),
            ("password", tls.and_then(|tls| tls.field("password"))),
            ("generic secret", secret.node.field("generic_secret").and_then(|generic| generic.get("secret"))),
        ];
        let tickets = secret.node.field("session_ticket_keys").and_then(|keys| keys.get("keys"));
        let tickets = tickets.into_iter().flat_map(Node::items).map(|key| ("session ticket key", Some(key)));
        for (what, source) in keys.into_iter().chain(tickets) {
            if source.is_some_and(is_in_clear) {
                found.push(format!("{what} of secret `{}` of {}", shown(secret.name.value), dump.proxy()));
            }
        }
    }
    found
}

/// Whether a `DataSource` holds something that is not blackened.
fn is_in_clear(source: Node<'_>) -> bool {
    let values = ["inline_string", "inline_bytes"].into_iter().filter_map(|key| source.field(key)?.text());
    values.into_iter().any(|value| !value.is_empty() && !REDACTED.contains(&value))
}

/// The data of a Secret, by its keys.
pub(super) fn in_object(object: Object<'_>) -> Option<String> {
    let data = ["data", "stringData"].into_iter().filter_map(|key| object.node().get(key));
    let entries = data.flat_map(Node::entries).filter(|(_, value)| value.text().is_some_and(|text| !text.is_empty()));
    let keys: Vec<&str> = entries.map(|(key, _)| key.text).collect();
    (!keys.is_empty()).then(|| format!("{} ({})", object.id(), keys.join(", ")))
}

/// Keys and tokens anywhere in a text.
pub(super) fn in_text(text: &[u8]) -> Vec<String> {
    let marks: [(&[u8], &str); 2] = [(b"PRIVATE KEY-----", "private key"), (b"eyJhbGciOi", "JSON web token")];
    let mut found = Vec::new();
    for (mark, what) in marks {
        // A key has its mark at the beginning and at the end.
        let count = memmem::find_iter(text, mark).count();
        let count = if what == "private key" { count.div_ceil(2) } else { count };
        match count {
            0 => {}
            1 => found.push(format!("{what} in the text")),
            _ => found.push(format!("{count} {what}s in the text")),
        }
    }
    found
}
