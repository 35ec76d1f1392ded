//! `Secret`: certificates and keys. Only certificates are ever read.

use base64::Engine as _;

use crate::document::{Node, Spanned};

/// A TLS secret.
#[derive(Clone, Copy, Debug)]
pub struct Secret<'d> {
    /// The message.
    pub node: Node<'d>,
    /// `name`.
    pub name: Spanned<'d, &'d str>,
}

impl<'d> Secret<'d> {
    /// The secret that `node` is.
    pub fn of(node: Node<'d>) -> Option<Self> {
        let name = node.text_at("name")?;
        Some(Self { node, name })
    }

    /// The certificates that it holds inline: the workload's own chain, or those it trusts.
    pub fn certificates(&self) -> Vec<(Node<'d>, Vec<u8>)> {
        let chain = self.node.field("tls_certificate").and_then(|c| c.field("certificate_chain"));
        let trusted = self.node.field("validation_context").and_then(|c| c.field("trusted_ca"));
        let sources = chain.into_iter().chain(trusted);
        sources.filter_map(inline_data).collect()
    }
}

/// The bytes of a `DataSource`, if they are in it.
fn inline_data(source: Node<'_>) -> Option<(Node<'_>, Vec<u8>)> {
    if let Some(text) = source.field("inline_string") {
        return Some((text, text.text()?.as_bytes().to_vec()));
    }
    let encoded = source.field("inline_bytes")?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.text()?).ok()?;
    Some((encoded, decoded))
}
