//! What must hold of a document that was read.

use meshlint::document::{Document, Format, Kind, Node, ProblemKind, Span};
use meshlint::input::Text;
use serde_json::Value;

/// Reads a text as the program does.
pub fn read(bytes: &[u8]) -> Document {
    Document::read("fuzz", Text::from(bytes.to_vec()))
}

/// Every span lies in the text and, where that is UTF-8, on the boundaries of characters.
pub fn spans_are_in_the_text(document: &Document) {
    let bytes = document.bytes();
    let text = std::str::from_utf8(bytes).ok();
    let check = |what: &str, span: Span| {
        assert!(span.start <= span.end && span.end as usize <= bytes.len(), "{what} at {span:?} of {}", bytes.len());
        if let Some(text) = text {
            assert!(text.get(span.range()).is_some(), "{what} at {span:?} splits a character");
        }
    };
    for index in 0..document.node_count() as u32 {
        let node = document.node(index).expect("an index below the count");
        check("value", node.span());
        check("anchor", node.anchor());
        if let Some(key) = node.key() {
            check("key", key.span);
        }
        let (_, _) = (node.as_f64(), node.as_i64());
        if !matches!(node.kind(), Kind::Object | Kind::Array) && !node.is_null() {
            assert!(node.text().is_some(), "{node:?} has no text");
        }
    }
    for problem in document.problems() {
        check("problem", problem.span);
        problem.related.into_iter().for_each(|span| check("related place", span));
    }
}

/// Keys and values stand within their container, one behind the other.
pub fn spans_nest_and_ascend(document: &Document) {
    let mut end = 0;
    for root in document.roots() {
        assert!(root.span().start >= end, "{root:?} starts before the end of the root before it");
        end = root.span().end;
        nests_and_ascends(root);
    }
}

fn nests_and_ascends(container: Node<'_>) {
    let mut at = container.span().start;
    for child in container.items().chain(container.values()) {
        let (key, span) = (child.key().map(|key| key.span), child.span());
        for part in key.into_iter().chain([span]) {
            assert!(part.start >= at, "{child:?} of {container:?} starts at {} before {at}", part.start);
            at = part.end;
        }
        assert!(at <= container.span().end, "{child:?} reaches out of {container:?}");
        nests_and_ascends(child);
    }
}

/// The pointer of every value leads back to it, and so does its key.
pub fn pointers_lead_back(document: &Document) {
    for root in document.roots().take(10) {
        let mut found = 0;
        lead_back(root, root, &mut found);
    }
}

fn lead_back(root: Node<'_>, node: Node<'_>, found: &mut usize) {
    let pointer = node.pointer();
    assert_eq!(root.resolve(&pointer), Some(node), "{pointer}");
    for (key, value) in node.entries().filter(|(_, value)| !value.is_null()) {
        assert_eq!(node.get(key.text), Some(value), "{} of {pointer}", key.text);
        assert!(node.field(key.text).is_some(), "{} of {pointer}", key.text);
    }
    for child in node.items().chain(node.values()) {
        *found += 1;
        if *found < 200 {
            lead_back(root, child, found);
        }
    }
}

/// What serde_json accepts is accepted, with the same values; what is accepted without a problem,
/// serde_json accepts as well.
pub fn agrees_with_serde_json(document: &Document) {
    let bytes = document.bytes();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let brackets = text.iter().filter(|b| matches!(b, b'{' | b'[')).count();
    if brackets > 2000 {
        return; // serde_json and the comparison are recursive
    }
    #[cfg_attr(not(fuzzing), allow(unused_mut))]
    let mut reader = serde_json::Deserializer::from_slice(text);
    #[cfg(fuzzing)]
    reader.disable_recursion_limit();
    let values: Result<Vec<Value>, _> = reader.into_iter().collect();
    match values {
        Ok(values) => {
            if !values.iter().all(|value| value.is_object() || value.is_array()) {
                return; // only objects and arrays may follow each other in one text
            }
            assert_eq!(document.format(), Format::Json, "valid JSON was not read as JSON");
            let harmless = |kind: &ProblemKind| {
                matches!(kind, ProblemKind::DuplicateKey(_) | ProblemKind::TooDeep | ProblemKind::Number)
            };
            let problems = document.problems();
            assert!(problems.iter().all(|p| harmless(&p.kind)), "serde_json accepts it: {problems:?}");
            assert_eq!(document.roots().count(), values.len());
            document.roots().zip(&values).for_each(|(root, value)| same(root, value));
        }
        Err(error) => {
            // A diagnostic tool shows a broken escape as it is written; it need not refuse it.
            let message = error.to_string();
            let is_cut_off = text.len() - text.windows(2).rposition(|pair| pair == b"\\u").unwrap_or(0) < 6;
            let tolerated = ["invalid escape", "surrogate", "end of hex escape"].iter().any(|m| message.contains(m))
                || (is_cut_off && message.contains("EOF while parsing a string"));
            let is_fine = document.format() == Format::Json && document.problems().is_empty();
            assert!(tolerated || !is_fine, "serde_json refuses it: {message}");
        }
    }
}

fn same(node: Node<'_>, value: &Value) {
    if node.is_skipped() {
        return;
    }
    match value {
        Value::Object(members) => {
            assert_eq!(node.kind(), Kind::Object);
            assert_eq!(node.entries().count(), members.len(), "{node:?}");
            for (key, child) in node.entries() {
                let found = node.get(key.text);
                assert_eq!(found, Some(child).filter(|child| !child.is_null()), "look-up of {:?}", key.text);
                same(child, members.get(key.text).unwrap_or_else(|| panic!("no key {:?}", key.text)));
            }
        }
        Value::Array(items) => {
            assert_eq!(node.kind(), Kind::Array);
            assert_eq!(node.items().count(), items.len(), "{node:?}");
            node.items().zip(items).for_each(|(node, item)| same(node, item));
        }
        Value::String(text) => assert_eq!((node.kind(), node.as_str()), (Kind::String, Some(text.as_str()))),
        Value::Number(_) => {
            assert_eq!(node.kind(), Kind::Number);
            let ours = node.text().and_then(|text| serde_json::from_str::<Value>(text).ok());
            assert_eq!(ours.as_ref(), Some(value));
        }
        Value::Bool(flag) => assert_eq!((node.kind(), node.as_bool()), (Kind::Bool, Some(*flag))),
        Value::Null => assert!(node.is_null()),
    }
}

#[cfg(fuzzing)]
pub use yaml::paths_agree as yaml_paths_agree;

/// Needs a reading that the library has for fuzzing alone; its own tests do the same.
#[cfg(fuzzing)]
mod yaml {
    use super::*;

    /// The fast path of the YAML reader reads what the full parser reads.
    pub fn paths_agree(text: &str) {
        let [usual, full] = Document::both_yaml_readings(text);
        spans_are_in_the_text(&usual);
        spans_are_in_the_text(&full);
        let (ours, theirs) = (outline(&usual), outline(&full));
        for ((fast, fast_place), (full, full_place)) in ours.iter().zip(&theirs) {
            assert_eq!(fast, full, "the fast path (left) differs from the full parser");
            if let (Some(fast), Some(other)) = (fast_place, full_place) {
                assert_eq!(fast, other, "the places of {full} differ");
            }
        }
        assert_eq!(ours.len(), theirs.len(), "{ours:#?} {theirs:#?}");
        let kinds = |document: &Document| document.problems().iter().map(|p| p.kind.clone()).collect::<Vec<_>>();
        assert_eq!(kinds(&usual), kinds(&full));
    }

    /// Every value as `path key kind text`, and where it stands if that can be compared.
    fn outline(document: &Document) -> Vec<(String, Option<String>)> {
        let mut lines = Vec::new();
        for root in document.roots() {
            add_outline(root, "", &mut lines);
        }
        lines
    }

    fn add_outline(node: Node<'_>, path: &str, lines: &mut Vec<(String, Option<String>)>) {
        let key = node.key().map(|key| format!("{:?}@{:?}", key.text, key.span));
        let span = node.span();
        let start = node.document().bytes().get(span.start as usize);
        // Where an absent value stands, and so where a collection ends that ends with one, the two
        // see differently: behind the key, behind the colon, behind the dash.
        let place = match node.kind() {
            Kind::Object | Kind::Array => {
                let written = node.document().bytes().get(span.range()).unwrap_or_default();
                Some(format!("{} and {} bytes", span.start, length_of_content(written)))
            }
            Kind::Null if span.is_empty() => None,
            Kind::String if matches!(start, Some(b'|' | b'>')) || !node_is_written(node) => None,
            _ => Some(format!("{span:?}")),
        };
        lines.push((format!("{path} {key:?} {} {:?}", node.kind(), node.text()), place));
        for (position, child) in node.items().chain(node.values()).enumerate() {
            add_outline(child, &format!("{path}/{position}"), lines);
        }
    }

    /// How much of a text there is without absent values and comments at its end.
    fn length_of_content(text: &[u8]) -> usize {
        let (mut length, mut at) = (0, 0);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let comment = line.windows(2).position(|pair| matches!(pair, b" #" | b"\t#")).unwrap_or(line.len());
            let content = if line.starts_with(b"#") { &[] } else { line.get(..comment).unwrap_or_default() };
            let is_content = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b':' | b'-' | b'?');
            length = content.iter().rposition(is_content).map_or(length, |last| at + last + 1);
            at += line.len();
        }
        length
    }

    /// Whether a string stands in the text as it reads: block scalars do not.
    fn node_is_written(node: Node<'_>) -> bool {
        let written = node.document().bytes().get(node.span().range()).unwrap_or_default();
        let text = node.text().unwrap_or_default().as_bytes();
        let quoted = matches!(written, [b'"' | b'\'', inside @ .., b'"' | b'\''] if inside == text);
        quoted || written == text
    }
}
