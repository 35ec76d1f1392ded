//! What JUnit's and Checkstyle's reports share: XML that every reader takes.

use std::borrow::Cow;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

pub(crate) type Xml<'w> = Writer<&'w mut dyn Write>;

/// Writes a document whose root `content` makes.
pub(crate) fn document(out: &mut dyn Write, content: impl FnOnce(&mut Xml<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut xml: Xml<'_> = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    content(&mut xml)?;
    writeln!(xml.get_mut())
}

/// An element with attributes and, if it is not empty, text.
pub(crate) fn element(xml: &mut Xml<'_>, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    let pairs = attributes.iter().map(|(name, value)| (*name, value.as_ref()));
    let element = xml.create_element(name).with_attributes(pairs);
    if text.is_empty() {
        return element.write_empty().map(drop);
    }
    element.write_text_content(BytesText::new(&clean(text))).map(drop)
}

/// An element with attributes and the elements that `content` makes.
pub(crate) fn parent<'w>(
    xml: &mut Xml<'w>,
    name: &str,
    attributes: &[(&str, &str)],
    content: impl FnOnce(&mut Xml<'w>) -> io::Result<()>,
) -> io::Result<()> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    let pairs = attributes.iter().map(|(name, value)| (*name, value.as_ref()));
    xml.create_element(name).with_attributes(pairs).write_inner_content(content).map(drop)
}

/// Control characters cannot be said in XML 1.0 at all, not even escaped.
fn clean(text: &str) -> Cow<'_, str> {
    let is_odd = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(is_odd) { Cow::Owned(text.replace(is_odd, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_characters_are_no_markup_and_no_error() -> io::Result<()> {
        let mut out = Vec::new();
        document(&mut out, |xml| element(xml, "e", &[("a", "\"<&\u{1b}")], "]]>\u{0}é"))?;
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.contains("<e a=\"&quot;&lt;&amp;\u{fffd}\">]]&gt;\u{fffd}é</e>"), "{text}");
        Ok(())
    }
}
