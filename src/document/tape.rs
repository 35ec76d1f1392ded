//! The flat representation of a document: one 12-byte entry per value, in the order of the text.
//!
//! A container is followed by what is in it, and knows how many entries that takes, so that walking
//! the members of an object touches one entry per member. Nothing is decoded here; what cannot be read
//! straight from the text (escapes, folded lines, aliases as keys) lies in side tables that
//! hardly any document needs.

mod copies;

use std::sync::OnceLock;

use super::Span;
use super::keys::KeyHash;
use super::names::{NAME_BITS, NameId, Names};
use crate::huge_pages;

/// `key` of a member that a later member of the same name replaces.
const REPLACED: u32 = 1;
/// The furthest that a key can start before its value without being odd.
const NEAR: u32 = 255;
/// Of `key`: it has a name.
const NAMED: u32 = 1 << 15;
/// Number of low bits of a `key` with a name that say how much further the value is than the key is long.
const GAP_BITS: u32 = 4;
/// The bits of a `key` that say which name it has.
const NAME_OF_KEY: u32 = NAMED | ((1 << NAME_BITS) - 1) << GAP_BITS;

/// Number of low bits of `RawNode::link` that hold the extent of the value.
const EXTENT_BITS: u32 = 27;
const EXTENT: u32 = (1 << EXTENT_BITS) - 1;
/// The most values that a document can have.
pub(super) const MAX_NODES: usize = EXTENT as usize;
/// The most bytes that a scalar can have where ends are not kept.
pub(super) const MAX_LENGTH: u32 = EXTENT;

const ODD_KEY: u32 = 1 << 27;
const DECODED: u32 = 1 << 28;
/// The shape is above all else, so that a comparison tells containers from scalars.
const SHAPE_SHIFT: u32 = 29;
const FIRST_SCALAR: u32 = (Shape::Quoted as u32) << SHAPE_SHIFT;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shape {
    Object = 0,
    Array = 1,
    /// A string between two one-byte quotes.
    Quoted = 2,
    /// A bare word: number, boolean, null or (in YAML) a string. Typed when asked.
    Plain = 3,
    /// A YAML block scalar (`|` or `>`); its text is in the side table.
    Block = 4,
    /// A YAML value that is not there (`key:`).
    Empty = 5,
    /// A container below the depth limit, not looked into.
    Skipped = 6,
}

impl Shape {
    fn from_bits(bits: u32) -> Self {
        match bits {
            0 => Self::Object,
            1 => Self::Array,
            2 => Self::Quoted,
            3 => Self::Plain,
            4 => Self::Block,
            5 => Self::Empty,
            _ => Self::Skipped,
        }
    }
}

/// One value: where it starts, its extent with shape and flags, and its key.
///
/// The extent of a container is the number of its entries, with its own; that of a scalar is the
/// number of its bytes.
///
/// The key is its first byte and its length, enough to tell nearly all keys apart without a look at
/// the text, and how far before the value it starts. If it has a name, that is there as well.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawNode {
    pub(super) start: u32,
    link: u32,
    key: u32,
}

/// The length and the first byte of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyTag(u16);

impl KeyTag {
    #[inline(always)]
    pub(super) fn new(length: usize, first: u8) -> Self {
        Self(length.min(255) as u16 | u16::from(first) << 8)
    }

    #[inline(always)]
    pub(super) fn of(key: &[u8]) -> Self {
        // Behind the quote of an empty key stands another quote.
        Self::new(key.len(), key.first().copied().unwrap_or(b'"'))
    }

    #[inline(always)]
    pub(super) fn length(self) -> usize {
        usize::from(self.0 & 0xff)
    }

    #[inline(always)]
    pub(super) fn first(self) -> u8 {
        (self.0 >> 8) as u8
    }
}

impl RawNode {
    /// The entries of the value and of all that is in it.
    #[inline]
    pub(super) fn entries(self) -> u32 {
        if self.is_container() { self.extent() } else { 1 }
    }

    /// The extent of the value. Of a scalar, no more than [`MAX_LENGTH`].
    #[inline]
    pub(super) fn extent(self) -> u32 {
        self.link & EXTENT
    }

    #[inline]
    fn is_container(self) -> bool {
        self.link < FIRST_SCALAR
    }

    #[inline]
    pub(super) fn shape(self) -> Shape {
        Shape::from_bits(self.link >> SHAPE_SHIFT)
    }

    /// The text of the value lies in the side table.
    #[inline]
    pub(super) fn is_decoded(self) -> bool {
        self.link & DECODED != 0
    }

    /// Of the key, if there is one.
    #[inline]
    pub(super) fn key_tag(self) -> KeyTag {
        KeyTag((self.key >> 16) as u16)
    }

    /// Offset of the first byte of the key (its quote, if it has one), unless that lies in the side
    /// table.
    #[inline]
    pub(super) fn key_start(self) -> Option<u32> {
        (self.key > REPLACED && !self.has_odd_key()).then(|| self.start - self.key_distance())
    }

    #[inline]
    fn key_distance(self) -> u32 {
        if self.key & NAMED == 0 {
            return self.key & 0xffff;
        }
        self.key_tag().length() as u32 + (self.key & ((1 << GAP_BITS) - 1))
    }

    /// Whether the key has this name.
    #[inline(always)]
    pub(super) fn is_named(self, name: NameId) -> bool {
        self.key & NAME_OF_KEY == NAMED | name.number() << GAP_BITS
    }

    /// Whether the key does not say its name.
    #[inline(always)]
    pub(super) fn is_nameless(self) -> bool {
        self.key & NAMED == 0
    }

    /// The place of the key, and its text if it needs decoding, lie in the side table.
    #[inline]
    pub(super) fn has_odd_key(self) -> bool {
        self.link & ODD_KEY != 0
    }

    /// A later member of the same object has the same key.
    #[inline]
    pub(super) fn is_replaced(self) -> bool {
        self.key == REPLACED
    }
}

/// The key of a value as it lies on the tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawKey {
    key: u32,
    flags: u32,
}

impl RawKey {
    /// Of an array element or the root.
    pub(super) const NONE: Self = Self { key: 0, flags: 0 };

    /// Some bits of the tag.
    #[inline(always)]
    pub(super) fn digest(self) -> u8 {
        let [.., length, first] = self.key.to_le_bytes();
        length.wrapping_mul(29) ^ first
    }

    /// Of a key that starts so many bytes before its value and can be read from the text, unless it
    /// is too far away. (A key that is longer than a tag can say would be further away.)
    #[inline(always)]
    pub(super) fn near(distance: u32, length: u32, first: u8) -> Option<Self> {
        (distance <= NEAR).then_some(Self { key: distance | length << 16 | u32::from(first) << 24, flags: 0 })
    }

    /// The same with a name, if it has one and is not too far away for that.
    #[inline(always)]
    fn named(self, name: Option<NameId>) -> Self {
        let gap = (self.key & 0xffff).wrapping_sub(self.key >> 16 & 0xff);
        match name {
            Some(name) if gap >> GAP_BITS == 0 => {
                Self { key: self.key & !0xffff | NAMED | name.number() << GAP_BITS | gap, ..self }
            }
            _ => self,
        }
    }
}

/// The key of a member while it is being read.
#[derive(Clone, Debug, Default)]
pub(super) enum Key {
    /// An array element or the root.
    #[default]
    None,
    /// Stands here (with its quotes), and can be read from the text.
    Written(Span, KeyTag, Option<NameId>),
    /// Stands here, and is decoded to this.
    Decoded(Span, Box<str>),
}

/// A key without its quotes.
pub(super) fn without_quotes(key: &[u8]) -> &[u8] {
    match key {
        [b'"', inside @ .., b'"'] | [b'\'', inside @ .., b'\''] => inside,
        _ => key,
    }
}

#[derive(Clone, Debug)]
struct OddKey {
    node: u32,
    span: Span,
    /// What is written there means this.
    decoded: Option<Box<str>>,
}

/// The entries and side tables of one document.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    nodes: Vec<RawNode>,
    /// Where each value ends. Nothing for regular JSON, of which the text tells.
    ends: Option<Vec<u32>>,
    /// Decoded texts by node, ascending. Those of JSON are decoded when somebody asks.
    decoded: Vec<(u32, OnceLock<Box<str>>)>,
    /// Keys that cannot be read from the text, by node, ascending.
    odd_keys: Vec<OddKey>,
    /// The keys that have a name.
    names: Names,
    /// Whether every key is among them, so that what has no name is not there.
    has_names: bool,
    /// What the copies of subtrees cost so far.
    copied: usize,
}

/// A length of a tape, to return to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    nodes: usize,
    decoded: usize,
    odd_keys: usize,
}

impl Tape {
    pub(super) fn with_capacity(nodes: usize) -> Self {
        let mut nodes = Vec::with_capacity(nodes.min(MAX_NODES));
        huge_pages::advise(&mut nodes);
        Self { nodes, has_names: true, ..Self::default() }
    }

    /// Keeps from now on where each value ends.
    pub(super) fn keep_ends(&mut self) {
        if self.ends.is_some() {
            return;
        }
        let mut ends = Vec::with_capacity(self.nodes.capacity());
        ends.resize(self.nodes.len(), 0);
        self.ends = Some(ends);
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.nodes.len() >= MAX_NODES
    }

    #[inline]
    pub(super) fn node(&self, index: u32) -> Option<RawNode> {
        self.nodes.get(index as usize).copied()
    }

    /// Every value, in the order of the text.
    #[inline(always)]
    pub(super) fn nodes(&self) -> &[RawNode] {
        &self.nodes
    }

    /// Appends a value with nothing in it. `close` extends a container later.
    #[inline(always)]
    pub(super) fn push_raw(&mut self, shape: Shape, start: usize, end: usize, key: RawKey) -> u32 {
        if let Some(ends) = &mut self.ends {
            ends.push(end as u32);
        }
        match shape {
            Shape::Object | Shape::Array => self.append(shape, start, 1, key),
            _ => self.append(shape, start, (end.saturating_sub(start) as u32).min(EXTENT), key),
        }
    }

    /// Appends the entry of a value to a tape that does not keep where they end.
    #[inline(always)]
    pub(super) fn append(&mut self, shape: Shape, start: usize, extent: u32, key: RawKey) -> u32 {
        let index = self.nodes.len() as u32;
        let link = extent | (shape as u32) << SHAPE_SHIFT | key.flags;
        self.nodes.push(RawNode { start: start as u32, link, key: key.key });
        index
    }

    /// As [`Tape::push_raw`], for a key of any kind.
    pub(super) fn push(&mut self, shape: Shape, span: Span, key: Key) -> u32 {
        let key = match key {
            Key::None => RawKey::NONE,
            Key::Written(key, tag, name) => self.near_key(key, tag, name, span.start),
            Key::Decoded(key, text) => self.decoded_key(key, text),
        };
        self.push_raw(shape, span.start as usize, span.end as usize, key)
    }

    /// Gives a key its name, old or new. It stands there without its quotes.
    #[inline(always)]
    pub(super) fn name(&mut self, key: RawKey, bytes: &[u8], hash: KeyHash, start: u32, length: u32) -> RawKey {
        key.named(self.name_of(bytes, hash, start, length))
    }

    #[inline(always)]
    fn name_of(&mut self, bytes: &[u8], hash: KeyHash, start: u32, length: u32) -> Option<NameId> {
        let name = self.names.of(bytes, hash, start, length);
        self.has_names &= name.is_some();
        name
    }

    /// The names of all keys, if they have one.
    #[inline(always)]
    pub(super) fn names(&self) -> Option<&Names> {
        Some(&self.names).filter(|_| self.has_names)
    }

    /// The key that stands in `span`, with its quotes if it has some.
    pub(super) fn key(&mut self, bytes: &[u8], span: Span) -> Key {
        let (tag, name) = self.tag_and_name(bytes, span);
        Key::Written(span, tag, name)
    }

    /// The key that stands in `span` (with its quotes), for the value at `value`, which is appended next.
    pub(super) fn written_key(&mut self, bytes: &[u8], span: Span, value: u32) -> RawKey {
        let (tag, name) = self.tag_and_name(bytes, span);
        self.near_key(span, tag, name, value)
    }

    fn tag_and_name(&mut self, bytes: &[u8], span: Span) -> (KeyTag, Option<NameId>) {
        let text = without_quotes(bytes.get(span.range()).unwrap_or_default());
        let quotes = span.range().len().saturating_sub(text.len()) as u32;
        let name = self.name_of(bytes, KeyHash::of_text(text), span.start + quotes / 2, text.len() as u32);
        (KeyTag::of(text), name)
    }

    #[inline(always)]
    fn near_key(&mut self, span: Span, tag: KeyTag, name: Option<NameId>, value: u32) -> RawKey {
        let near = RawKey::near(value.wrapping_sub(span.start), tag.length() as u32, tag.first());
        near.map_or_else(|| self.odd_key(span, tag, None), |key| key.named(name))
    }

    /// A key that means something else than what is written, for the value that is appended next.
    pub(super) fn decoded_key(&mut self, span: Span, text: Box<str>) -> RawKey {
        self.has_names = false;
        self.odd_key(span, KeyTag::of(text.as_bytes()), Some(text))
    }

    #[cold]
    fn odd_key(&mut self, span: Span, tag: KeyTag, decoded: Option<Box<str>>) -> RawKey {
        let node = self.nodes.len() as u32;
        // The value of a key before this one may have been missing.
        self.odd_keys.pop_if(|odd| odd.node == node);
        self.odd_keys.push(OddKey { node, span, decoded });
        RawKey { key: u32::from(tag.0) << 16, flags: ODD_KEY }
    }

    /// Appends a scalar whose text differs from what is written.
    pub(super) fn push_decoded(&mut self, shape: Shape, span: Span, key: Key, text: Box<str>) {
        self.push(shape, span, key);
        self.decode_last(text);
    }

    /// Gives the value that was appended last a text that differs from what is written.
    pub(super) fn decode_last(&mut self, text: Box<str>) {
        self.decode_last_later();
        if let Some((_, decoded)) = self.decoded.last() {
            let _ = decoded.set(text);
        }
    }

    /// Notes that the value that was appended last has escapes.
    pub(super) fn decode_last_later(&mut self) {
        let index = (self.nodes.len() - 1) as u32;
        self.decoded.push((index, OnceLock::new()));
        if let Some(node) = self.nodes.last_mut() {
            node.link |= DECODED;
        }
    }

    /// Ends the container at `index`: everything after it belongs to it.
    #[inline(always)]
    pub(super) fn close(&mut self, index: u32, end: usize) {
        let entries = self.nodes.len() as u32 - index;
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.link = (node.link & !EXTENT) | entries;
        }
        if let Some(place) = self.ends.as_mut().and_then(|ends| ends.get_mut(index as usize)) {
            *place = end as u32;
        }
    }

    /// The offset behind a value.
    pub(super) fn end(&self, bytes: &[u8], index: u32) -> u32 {
        match self.node(index) {
            Some(node) if node.is_container() && self.ends.is_none() => self.end_of_container(bytes, index),
            Some(node) => self.end_of_scalar(node, index),
            None => 0,
        }
    }

    /// The offset behind a scalar, and behind any value where ends are kept.
    #[inline(always)]
    pub(super) fn end_of_scalar(&self, node: RawNode, index: u32) -> u32 {
        match &self.ends {
            None => node.start + node.extent(),
            Some(ends) => ends.get(index as usize).copied().unwrap_or_default(),
        }
    }

    /// The offset behind a container of regular JSON: behind the last value that is in it, there are
    /// only the brackets of those that end with it.
    #[cold]
    fn end_of_container(&self, bytes: &[u8], index: u32) -> u32 {
        let (mut last, mut open) = (index, 1);
        while let Some(child) = self.last_child(last) {
            last = child;
            open += usize::from(self.node(child).is_some_and(RawNode::is_container));
        }
        let Some(node) = self.node(last) else { return 0 };
        let from = node.start + if node.is_container() { 1 } else { node.extent() };
        let behind = bytes.get(from as usize..).unwrap_or_default();
        let mut closing = behind.iter().enumerate().filter(|(_, byte)| matches!(byte, b'}' | b']'));
        closing.nth(open - 1).map_or(from, |(place, _)| from + place as u32 + 1)
    }

    fn last_child(&self, container: u32) -> Option<u32> {
        let end = container + self.node(container)?.entries();
        let behind = |child: &u32| Some(child + self.node(*child)?.entries());
        std::iter::successors(Some(container + 1), behind).take_while(|child| *child < end).last()
    }

    /// Hides a member from look-ups because a later one has the same key.
    pub(super) fn replace(&mut self, index: u32) {
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.key = REPLACED;
        }
    }

    /// The text of a value that differs from what is written, by `decode` where that is still to
    /// be done.
    pub(super) fn decoded(&self, index: u32, decode: impl FnOnce() -> Box<str>) -> Option<&str> {
        let at = self.decoded.binary_search_by_key(&index, |d| d.0).ok()?;
        self.decoded.get(at).map(|(_, text)| &**text.get_or_init(decode))
    }

    /// The place of a key that lies in the side table, and its text if that is not what stands there.
    pub(super) fn odd_key_of(&self, index: u32) -> Option<(Span, Option<&str>)> {
        let at = self.odd_keys.binary_search_by_key(&index, |k| k.node).ok()?;
        self.odd_keys.get(at).map(|k| (k.span, k.decoded.as_deref()))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { nodes: self.nodes.len(), decoded: self.decoded.len(), odd_keys: self.odd_keys.len() }
    }

    /// Forgets everything since `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.nodes.truncate(mark.nodes);
        self.ends.iter_mut().for_each(|ends| ends.truncate(mark.nodes));
        self.decoded.truncate(mark.decoded);
        self.odd_keys.truncate(mark.odd_keys);
    }

    pub(super) fn shrink(&mut self) {
        if self.nodes.capacity() > self.nodes.len() * 2 {
            self.nodes.shrink_to_fit();
            self.ends.iter_mut().for_each(Vec::shrink_to_fit);
        }
    }
}
