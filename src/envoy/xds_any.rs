//! Messages of any type, and the names of their types over the years.

use crate::document::Node;

/// The last part of a message's `@type`: `HttpConnectionManager`.
pub fn type_name(node: Node<'_>) -> Option<&str> {
    last_part(node.get("@type")?)
}

/// What stands behind the last dot or slash of a type URL.
fn last_part(url: Node<'_>) -> Option<&str> {
    let start = memchr::memrchr2(b'.', b'/', url.text_bytes()?).map_or(0, |at| at + 1);
    url.text_from(start)
}

/// The configuration of an extension: `typed_config`, or `config` before v3. What lies in a
/// `TypedStruct` is unwrapped.
pub fn typed_config(extension: Node<'_>) -> Option<Node<'_>> {
    let config = extension.field("typed_config").or_else(|| extension.get("config"))?;
    if is_typed_struct(config) { config.get("value") } else { Some(config) }
}

/// Whether it wraps a message of any type.
fn is_typed_struct(config: Node<'_>) -> bool {
    config.get("@type").is_some_and(|url| is_of_type(url, "TypedStruct"))
}

/// Whether a type URL is of a message of this name: faster than to ask for [`type_name`].
fn is_of_type(url: Node<'_>, message: &str) -> bool {
    let package = url.text_bytes().and_then(|url| url.strip_suffix(message.as_bytes()));
    package.is_some_and(|package| matches!(package.last(), None | Some(b'.' | b'/')))
}

/// Whether an extension is of a type, by its message or else by its name. The name is only a label
/// and decides where nothing else does.
pub(super) fn is_extension(extension: Node<'_>, message: &str, names: &[&str]) -> bool {
    let url = extension.field("typed_config").and_then(|config| match config.get("@type") {
        Some(url) if is_of_type(url, "TypedStruct") => config.field("type_url"),
        other => other,
    });
    match url.filter(|url| url.text_bytes().is_some()) {
        Some(url) => is_of_type(url, message),
        None => extension.get("name").and_then(Node::text).is_some_and(|name| names.contains(&name)),
    }
}
