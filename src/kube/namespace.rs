//! Namespaces that the manifests leave to whoever applies them.
//!
//! The files of each folder of a repository form a unit that is applied somewhere. Its resources
//! see each other, and whether they see those of another folder cannot be known. Such a namespace
//! has a name that no cluster can have, and is shown as `default`.

use std::borrow::Cow;

/// Starts the part of the name that nobody sees: a character of Unicode's private use area.
const MARK: char = '\u{E000}';
/// The first byte of the mark, which hardly any text has.
const FIRST: u8 = 0xee;

/// The namespace of the resources of a unit that name none.
pub fn open_namespace(unit: usize) -> String {
    format!("default{MARK}{unit}")
}

/// Whether it is not known which namespace this is.
pub fn is_open(namespace: &str) -> bool {
    memchr::memchr(FIRST, namespace.as_bytes()).is_some() && namespace.contains(MARK)
}

/// Whether two namespaces may turn out to be one.
pub fn may_be_same(one: &str, other: &str) -> bool {
    one == other || is_open(one) || is_open(other)
}

/// A text without the parts that only tell open namespaces apart.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !is_open(text) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(MARK);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_open_namespaces_apart_is_not_shown() {
        let namespace = open_namespace(12);
        assert!(is_open(&namespace) && !is_open("default"));
        assert_eq!(shown(&format!("reviews.{namespace}.svc and {namespace}")), "reviews.default.svc and default");
    }
}
