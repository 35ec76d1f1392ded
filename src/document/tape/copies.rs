//! Copies of values: of what an alias stands for, and for what is written like something before.

use std::ops::Range;
use std::sync::OnceLock;

use super::{EXTENT, Key, MAX_LENGTH, ODD_KEY, OddKey, RawKey, RawNode, SHAPE_SHIFT, Shape, Tape};
use crate::document::Span;

const PLAIN: u32 = Shape::Plain as u32;

/// Copies of what an alias stands for: the same values once more, where they stand.
impl Tape {
    /// What all copies together cost, also those that were forgotten again.
    pub(in super::super) fn copied(&self) -> usize {
        self.copied
    }

    /// What a copy of the subtree at `index` costs: its values, and as many more as its decoded
    /// texts take the memory of.
    pub(in super::super) fn copy_cost(&self, index: u32) -> usize {
        let end = index + self.node(index).map_or(0, RawNode::entries);
        let decoded = self.decoded.iter().skip(self.decoded.partition_point(|d| d.0 < index));
        let decoded = decoded.take_while(|d| d.0 < end).map(|d| d.1.get().map_or(0, |text| text.len()));
        let keys = self.odd_keys.iter().skip(self.odd_keys.partition_point(|k| k.node < index));
        let keys = keys.take_while(|k| k.node < end).map(|k| k.decoded.as_ref().map_or(0, |text| text.len()));
        (end - index) as usize + decoded.chain(keys).sum::<usize>() / size_of::<RawNode>()
    }

    /// Appends a copy of the subtree at `index` under another key: the expansion of an alias. The tape
    /// keeps where values end.
    pub(in super::super) fn copy_subtree(&mut self, index: u32, key: Key) {
        let Some(root) = self.node(index) else { return };
        self.copied += self.copy_cost(index);
        let end = |tape: &Self, index: u32| tape.end(&[], index);
        let first = self.push(root.shape(), Span { start: root.start, end: end(self, index) }, key);
        if let Some(copy) = self.nodes.get_mut(first as usize) {
            copy.link = root.link & !ODD_KEY | copy.link & ODD_KEY;
        }
        self.copy_decoded(root, index, first);
        for source in index + 1..index + root.entries() {
            let Some(node) = self.node(source) else { return };
            let (target, end) = (self.nodes.len() as u32, end(self, source));
            self.nodes.push(node);
            self.ends.iter_mut().for_each(|ends| ends.push(end));
            self.copy_decoded(node, source, target);
            if node.has_odd_key()
                && let Some((span, decoded)) = self.odd_key_of(source).map(|k| (k.0, k.1.map(Into::into)))
            {
                self.odd_keys.push(OddKey { node: target, span, decoded });
            }
        }
    }

    /// Copies the text of a value that differs from what is written, if it has one.
    fn copy_decoded(&mut self, node: RawNode, source: u32, target: u32) {
        if node.is_decoded()
            && let Ok(at) = self.decoded.binary_search_by_key(&source, |d| d.0)
            && let Some((_, text)) = self.decoded.get(at).cloned()
        {
            self.decoded.push((target, text));
        }
    }
}

/// Copies for a text that is like that of other values: at other places of it, and of the tape.
impl Tape {
    /// Whether a value from `index` on has a key in the side table.
    pub(in super::super) fn has_odd_keys_from(&self, index: u32) -> bool {
        self.odd_keys.last().is_some_and(|key| key.node >= index)
    }

    /// Notes that copies of values have escapes where those have.
    pub(in super::super) fn copy_escapes(&mut self, from: u32, until: u32, entries: u32) {
        if self.decoded.last().is_none_or(|text| text.0 < from) {
            return;
        }
        let first = self.decoded.partition_point(|text| text.0 < from);
        let count = self.decoded.iter().skip(first).take_while(|text| text.0 < until).count();
        for place in first..first + count {
            let Some(node) = self.decoded.get(place).map(|text| text.0) else { return };
            self.decoded.push((node + entries, OnceLock::new()));
        }
    }

    /// Copies of these values, to be appended where the same stands again.
    pub(in super::super) fn copy(&mut self, originals: Range<u32>) -> Copies<'_> {
        let first = self.nodes.len();
        let (original, count) = (originals.start as usize, originals.len());
        Copies { nodes: &mut self.nodes, first, original, count, moved: 0 }
    }

    /// Gives a value another key.
    #[inline(always)]
    pub(in super::super) fn rename(&mut self, index: u32, key: RawKey) {
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.key = key.key;
            node.link |= key.flags;
        }
    }
}

/// Values that are copied at once. What comes behind may be in vain.
const AT_ONCE: usize = 256;

/// Copies of values, one behind the other. Those that are not moved yet stand where the originals do.
pub(in super::super) struct Copies<'a> {
    nodes: &'a mut Vec<RawNode>,
    /// Where the first copy is, and the first original.
    first: usize,
    original: usize,
    count: usize,
    moved: usize,
}

impl Copies<'_> {
    /// The copy at this place.
    #[inline(always)]
    pub(in super::super) fn at(&mut self, place: usize) -> Option<RawNode> {
        if self.first + place >= self.nodes.len() {
            self.append(place);
        }
        self.nodes.get(self.first + place).copied()
    }

    #[cold]
    fn append(&mut self, place: usize) {
        let done = self.nodes.len() - self.first;
        let until = self.count.min(place.saturating_add(AT_ONCE));
        if done < until {
            self.nodes.extend_from_within(self.original + done..self.original + until);
        }
    }

    /// How many are moved.
    #[inline(always)]
    pub(in super::super) fn moved(&self) -> usize {
        self.moved
    }

    /// Moves those before the place, which was looked at, by so many bytes.
    #[inline(always)]
    pub(in super::super) fn move_until(&mut self, place: usize, by: u32) {
        for node in self.nodes.get_mut(self.first + self.moved..self.first + place).unwrap_or_default() {
            node.start = node.start.wrapping_add(by);
        }
        self.moved = place;
    }

    /// Moves all that are left by so many bytes.
    #[inline(always)]
    pub(in super::super) fn move_all(&mut self, by: u32) {
        self.at(self.count.saturating_sub(1));
        self.move_until(self.count, by);
    }

    /// Moves those that end before `limit`, and the containers that start before it, by so many bytes.
    /// Returns the next.
    #[inline(always)]
    pub(in super::super) fn move_those_before(&mut self, limit: u32, by: u32) -> Option<RawNode> {
        loop {
            let node = self.at(self.moved)?;
            let length = if node.is_container() { 1 } else { node.extent() };
            // A bare word ends where something else begins.
            if node.start + length + u32::from(node.link >> SHAPE_SHIFT == PLAIN) > limit {
                return Some(node);
            }
            self.move_until(self.moved + 1, by);
        }
    }

    /// Moves the next, which is a scalar, to where it starts and ends, unless it is too long.
    #[inline(always)]
    pub(in super::super) fn move_next(&mut self, start: u32, end: u32) -> Option<()> {
        let (scalar, length) = (self.nodes.get_mut(self.first + self.moved)?, end - start);
        (scalar.start, scalar.link) = (start, scalar.link & !EXTENT | length);
        self.moved += 1;
        (length < MAX_LENGTH).then_some(())
    }
}
