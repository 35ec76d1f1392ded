//! Reading a document: a value, its members, its place.

use std::fmt;

use super::escape;
use super::names::Sought;
use super::scalar::{self, Word};
use super::spelling::spells;
use super::tape::{KeyTag, RawNode, Shape, Tape, without_quotes};
use super::{Document, Format, Span};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A mapping from keys to values.
    Object,
    /// A sequence.
    Array,
    /// A string.
    String,
    /// An integer or floating-point number.
    Number,
    /// True or false.
    Bool,
    /// Null, or (in YAML) nothing at all.
    Null,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::Array => "a list",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Null => "null",
        })
    }
}

/// One value of a document: a reference and an index, copied freely.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    doc: &'d Document,
    index: u32,
}

/// The key of a member, with its place.
#[derive(Clone, Copy, Debug)]
pub struct Key<'d> {
    /// The key without quotes and escapes.
    pub text: &'d str,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl<'d> Node<'d> {
    pub(super) fn new(doc: &'d Document, index: u32) -> Self {
        Self { doc, index }
    }

    /// The document that holds the value.
    pub fn document(self) -> &'d Document {
        self.doc
    }

    /// Identifies the value within its document.
    pub fn index(self) -> u32 {
        self.index
    }

    pub(super) fn raw(self) -> RawNode {
        // A `Node` is only made for an index on the tape.
        self.doc.tape.node(self.index).unwrap_or_else(|| unreachable!("a node outlived its tape"))
    }

    /// Where the value stands. An absent YAML value (`key:`) has an empty span behind its key.
    pub fn span(self) -> Span {
        Span { start: self.raw().start, end: self.doc.tape.end(self.doc.bytes(), self.index) }
    }

    /// Where to point for this value: its span, or its key's where the value itself is not there.
    pub fn anchor(self) -> Span {
        match self.key().filter(|_| self.raw().shape() == Shape::Empty) {
            Some(key) => key.span,
            None => self.span(),
        }
    }

    /// What the value is.
    pub fn kind(self) -> Kind {
        let raw = self.raw();
        match raw.shape() {
            Shape::Array => Kind::Array,
            Shape::Quoted | Shape::Block => Kind::String,
            Shape::Empty => Kind::Null,
            Shape::Skipped if self.doc.byte(raw.start) == Some(b'[') => Kind::Array,
            Shape::Object | Shape::Skipped => Kind::Object,
            Shape::Plain => match self.word() {
                Word::Null => Kind::Null,
                Word::True | Word::False => Kind::Bool,
                Word::Number => Kind::Number,
                Word::Text => Kind::String,
            },
        }
    }

    fn word(self) -> Word {
        let raw = self.raw();
        if raw.shape() != Shape::Plain {
            return Word::Text;
        }
        if raw.is_decoded() {
            return Word::Text; // of several lines, which no word has
        }
        let text = text_of(self.written_text(raw).unwrap_or_default());
        match self.doc.format {
            Format::Json => scalar::json_word(text),
            Format::Yaml => scalar::yaml_word(text),
        }
    }

    /// Whether this is null or an absent YAML value.
    pub fn is_null(self) -> bool {
        let raw = self.raw();
        match raw.shape() {
            Shape::Empty => true,
            // No word for it is longer than that.
            Shape::Plain => raw.extent() as usize <= "null".len() && self.word() == Word::Null,
            _ => false,
        }
    }

    /// Whether this is an object.
    pub fn is_object(self) -> bool {
        self.raw().shape() == Shape::Object
    }

    /// Whether this is an array.
    pub fn is_array(self) -> bool {
        self.raw().shape() == Shape::Array
    }

    /// The text of a string. Nothing for other scalars: `on` is no string to Kubernetes.
    pub fn as_str(self) -> Option<&'d str> {
        match self.raw().shape() {
            Shape::Quoted | Shape::Block => self.text(),
            Shape::Plain if self.word() == Word::Text => self.text(),
            _ => None,
        }
    }

    /// The text of any scalar, whatever its type: label values and ports are often unquoted.
    pub fn text(self) -> Option<&'d str> {
        self.text_from(0)
    }

    /// The text of a scalar from a byte on, if that starts a character; see [`Node::text`].
    pub(crate) fn text_from(self, start: usize) -> Option<&'d str> {
        let raw = self.raw();
        if raw.is_decoded() {
            return self.decoded_text(raw)?.get(start..);
        }
        let written = self.written_text(raw)?.get(start..)?;
        Some(text_of(written))
    }

    /// The bytes of [`Node::text`].
    pub(crate) fn text_bytes(self) -> Option<&'d [u8]> {
        let raw = self.raw();
        if raw.is_decoded() { self.decoded_text(raw).map(str::as_bytes) } else { self.written_text(raw) }
    }

    /// A text that is not as it is written.
    fn decoded_text(self, raw: RawNode) -> Option<&'d str> {
        let decode = || escape::decode_json(text_of(self.written_text(raw).unwrap_or_default())).into();
        self.doc.tape.decoded(self.index, decode)
    }

    /// A text that is as it is written.
    fn written_text(self, raw: RawNode) -> Option<&'d [u8]> {
        let (start, end) = (raw.start as usize, self.doc.tape.end_of_scalar(raw, self.index) as usize);
        let range = match raw.shape() {
            Shape::Quoted => start + 1..end.saturating_sub(1),
            Shape::Plain => start..end,
            _ => return None,
        };
        Some(self.doc.bytes().get(range).unwrap_or_default())
    }

    /// The value of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.word() {
            Word::True => Some(true),
            Word::False => Some(false),
            _ => None,
        }
    }

    /// The value of an integer. Strings of digits count: protobuf's JSON prints 64-bit integers so.
    pub fn as_i64(self) -> Option<i64> {
        let text = self.text()?;
        if let Some(value) = scalar::integer(text) {
            return i64::try_from(value).ok();
        }
        // `1e+06` and `10.0` are integers to protobuf's JSON reader.
        let value = scalar::float(text)?;
        #[allow(clippy::cast_precision_loss)]
        let in_range = value.fract() == 0.0 && value.abs() < (1u64 << 53) as f64;
        in_range.then_some(value as i64)
    }

    /// The value of an integer that is not negative.
    pub fn as_u64(self) -> Option<u64> {
        self.as_i64().and_then(|v| u64::try_from(v).ok())
    }

    /// The value of a number.
    pub fn as_f64(self) -> Option<f64> {
        let text = self.text()?;
        #[allow(clippy::cast_precision_loss)]
        scalar::integer(text).map(|v| v as f64).or_else(|| scalar::float(text))
    }

    /// The member with exactly this key; null counts as absent.
    #[inline(always)]
    pub fn get(self, name: &str) -> Option<Node<'d>> {
        self.get_sought(name, Sought::of(name.as_bytes()))
    }

    /// The member with this snake_case key or its camelCase spelling; null counts as absent.
    ///
    /// Envoy prints protobuf field names, Go tools their JSON names.
    #[inline(always)]
    pub fn field(self, name: &str) -> Option<Node<'d>> {
        self.field_sought(name, Sought::of(name.as_bytes()))
    }

    fn get_sought(self, name: &str, sought: Sought<'_>) -> Option<Node<'d>> {
        let Some(names) = self.doc.tape.names() else { return self.find(name) };
        let id = names.find(self.doc.bytes(), sought)?.key?;
        self.named_member(|raw| raw.is_named(id)).unwrap_or_else(|Nameless| self.find(name))
    }

    fn field_sought(self, name: &str, sought: Sought<'_>) -> Option<Node<'d>> {
        let Some(names) = self.doc.tape.names() else { return self.find_field(name) };
        let meaning = names.find(self.doc.bytes(), sought)?;
        let found = match (meaning.key, meaning.camel_case) {
            (None, None) => return None,
            (Some(id), None) | (None, Some(id)) => self.named_member(|raw| raw.is_named(id)),
            (Some(snake), Some(camel)) => self.named_member(|raw| raw.is_named(snake) || raw.is_named(camel)),
        };
        found.unwrap_or_else(|Nameless| self.find_field(name))
    }

    /// The first member with such a name, unless it is null.
    #[inline(always)]
    fn named_member(self, has_name: impl Fn(RawNode) -> bool) -> Result<Option<Node<'d>>, Nameless> {
        let nodes = self.doc.tape.nodes();
        let object = self.raw();
        let end = if object.shape() == Shape::Object { self.index + object.entries() } else { 0 };
        let mut index = self.index + 1;
        while index < end {
            let Some(raw) = nodes.get(index as usize) else { break };
            if has_name(*raw) {
                return Ok(Some(Node::new(self.doc, index)).filter(|node| !node.is_null()));
            }
            if raw.is_nameless() && !raw.is_replaced() {
                return Err(Nameless);
            }
            index += raw.entries();
        }
        Ok(None)
    }

    /// [`Node::get`] by the texts of keys.
    #[cold]
    fn find(self, name: &str) -> Option<Node<'d>> {
        let tag = KeyTag::of(name.as_bytes());
        self.find_text(|found| found == tag, |key| key == name.as_bytes())
    }

    /// [`Node::field`] by the texts of keys.
    #[cold]
    fn find_field(self, name: &str) -> Option<Node<'d>> {
        let tag = KeyTag::of(name.as_bytes());
        // Camel case is shorter.
        let may_be = |found: KeyTag| found.first() == tag.first() && found.length() <= tag.length();
        self.find_text(may_be, |key| spells(key, name))
    }

    /// The first member of which the key has such a tag and such a text, unless it is null. Tags are on
    /// the tape: most keys are told apart without a look at the text.
    fn find_text(self, has_tag: impl Fn(KeyTag) -> bool, has_text: impl Fn(&[u8]) -> bool) -> Option<Node<'d>> {
        let (bytes, tape) = (self.doc.bytes(), &self.doc.tape);
        let reads =
            |raw: RawNode, index: u32| raw_key_of(bytes, tape, raw, index).is_some_and(|(_, key)| has_text(key));
        let found =
            Children::of(self, Shape::Object).find_raw(|raw, index| has_tag(raw.key_tag()) && reads(raw, index));
        found.filter(|node| !node.is_null())
    }

    /// Follows a chain of keys, each as [`Node::get`] does.
    #[inline(always)]
    pub fn at<const N: usize>(self, names: [&str; N]) -> Option<Node<'d>> {
        names.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The elements of an array; nothing for anything else.
    pub fn items(self) -> Children<'d> {
        Children::of(self, Shape::Array)
    }

    /// The values of an object's members; nothing for anything else.
    pub fn values(self) -> Children<'d> {
        Children::of(self, Shape::Object)
    }

    /// The members of an object with their keys; nothing for anything else.
    pub fn entries(self) -> impl Iterator<Item = (Key<'d>, Node<'d>)> {
        self.values().filter_map(|value| Some((value.key()?, value)))
    }

    /// The key under which the value stands in its object.
    pub fn key(self) -> Option<Key<'d>> {
        let (span, text) = key_of(self.doc.bytes(), &self.doc.tape, self.index)?;
        Some(Key { text, span })
    }

    /// The place of key and value together.
    pub fn entry_span(self) -> Span {
        match self.key() {
            Some(key) => key.span.join(self.span()),
            None => self.span(),
        }
    }

    /// The index behind the last value of this subtree.
    pub fn end_index(self) -> u32 {
        self.index + self.raw().entries()
    }

    /// Whether a container was skipped because it lies below the depth limit.
    pub fn is_skipped(self) -> bool {
        self.raw().shape() == Shape::Skipped
    }

    /// The value as compact JSON, for messages and comparisons. Secrets must not go through it.
    pub fn to_json(self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(self, out: &mut String) {
        match self.kind() {
            Kind::Object => {
                let mut opening = '{';
                for (key, value) in self.entries() {
                    out.push(std::mem::replace(&mut opening, ','));
                    out.push_str(&serde_json::Value::from(key.text).to_string());
                    out.push(':');
                    value.write_json(out);
                }
                out.push_str(if opening == '{' { "{}" } else { "}" });
            }
            Kind::Array => {
                let mut opening = '[';
                for item in self.items() {
                    out.push(std::mem::replace(&mut opening, ','));
                    item.write_json(out);
                }
                out.push_str(if opening == '[' { "[]" } else { "]" });
            }
            Kind::String => {
                let text = self.text().unwrap_or_default();
                out.push_str(&serde_json::Value::from(text).to_string());
            }
            Kind::Number => out.push_str(self.text().unwrap_or_default()),
            Kind::Bool => out.push_str(if self.as_bool() == Some(true) { "true" } else { "false" }),
            Kind::Null => out.push_str("null"),
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.kind(), self.span())
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.doc, other.doc) && self.index == other.index
    }
}

impl Eq for Node<'_> {}

/// A key does not say its name.
struct Nameless;

/// The children of a container.
#[derive(Clone, Debug)]
pub struct Children<'d> {
    doc: &'d Document,
    index: u32,
    end: u32,
}

impl<'d> Children<'d> {
    fn of(node: Node<'d>, shape: Shape) -> Self {
        let raw = node.raw();
        let end = if raw.shape() == shape { node.index + raw.entries() } else { 0 };
        Self { doc: node.doc, index: node.index + 1, end }
    }

    /// The next child that passes a test of its entry on the tape and its index.
    #[inline(always)]
    fn find_raw(&mut self, passes: impl Fn(RawNode, u32) -> bool) -> Option<Node<'d>> {
        while self.index < self.end {
            let index = self.index;
            let raw = self.doc.tape.node(index)?;
            self.index += raw.entries();
            if !raw.is_replaced() && passes(raw, index) {
                return Some(Node::new(self.doc, index));
            }
        }
        None
    }
}

impl<'d> Iterator for Children<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        let child = self.find_raw(|_, _| true)?;
        self.doc.prefetch_child(self.index, self.index - child.index);
        Some(child)
    }
}

/// The span and text of the key of the value at `index`.
pub(super) fn key_of<'d>(bytes: &'d [u8], tape: &'d Tape, index: u32) -> Option<(Span, &'d str)> {
    let (span, text) = raw_key_of(bytes, tape, tape.node(index)?, index)?;
    Some((span, std::str::from_utf8(text).ok()?))
}

/// The key of the value at `index` as bytes.
pub(super) fn key_bytes<'d>(bytes: &'d [u8], tape: &'d Tape, index: u32) -> Option<&'d [u8]> {
    raw_key_of(bytes, tape, tape.node(index)?, index).map(|(_, text)| text)
}

/// Bytes of a document as text. Where they are none, a finding says so, and nothing is read.
fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn raw_key_of<'d>(bytes: &'d [u8], tape: &'d Tape, raw: RawNode, index: u32) -> Option<(Span, &'d [u8])> {
    if raw.has_odd_key() {
        return odd_key_of(bytes, tape, index);
    }
    let start = raw.key_start()?;
    let quotes = u32::from(matches!(bytes.get(start as usize), Some(b'"' | b'\'')));
    let end = start + raw.key_tag().length() as u32 + 2 * quotes;
    let text = bytes.get((start + quotes) as usize..(end - quotes) as usize)?;
    Some((Span { start, end }, text))
}

#[cold]
fn odd_key_of<'d>(bytes: &'d [u8], tape: &'d Tape, index: u32) -> Option<(Span, &'d [u8])> {
    let (span, decoded) = tape.odd_key_of(index)?;
    match decoded {
        Some(text) => Some((span, text.as_bytes())),
        None => Some((span, without_quotes(bytes.get(span.range())?))),
    }
}

/// The end of the plain YAML key that starts at `start`.
pub(super) fn plain_key_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        let ends = match byte {
            b':' => !matches!(bytes.get(end + 1), Some(b) if !b.is_ascii_whitespace()),
            b'\n' => true,
            _ => false,
        };
        if ends {
            break;
        }
        end += 1;
    }
    while end > start && matches!(bytes.get(end - 1), Some(b' ' | b'\t' | b'\r')) {
        end -= 1;
    }
    end
}

/// A value that was read from a node, with the node it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spanned<'d, T> {
    /// What it says.
    pub value: T,
    /// Where it says so.
    pub node: Node<'d>,
}

impl<T> Spanned<'_, T> {
    /// Where the value stands.
    pub fn span(&self) -> Span {
        self.node.anchor()
    }
}

impl<T> std::ops::Deref for Spanned<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'d> Node<'d> {
    /// The text of a scalar with its place.
    pub fn spanned_text(self) -> Option<Spanned<'d, &'d str>> {
        self.text().map(|value| Spanned { value, node: self })
    }

    /// The text of the member `name` with its place.
    #[inline(always)]
    pub fn text_at(self, name: &str) -> Option<Spanned<'d, &'d str>> {
        self.get(name)?.spanned_text()
    }

    /// The texts of the elements of the array `name` with their places.
    #[inline(always)]
    pub fn texts_at(self, name: &str) -> impl Iterator<Item = Spanned<'d, &'d str>> + Clone {
        self.get(name).into_iter().flat_map(Node::items).filter_map(Node::spanned_text)
    }

    /// The integer of the member `name` with its place.
    #[inline(always)]
    pub fn number_at(self, name: &str) -> Option<Spanned<'d, u64>> {
        let node = self.get(name)?;
        node.as_u64().map(|value| Spanned { value, node })
    }
}
