//! Copies of values: of what an alias stands for, and for what is written like something before.

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

    /// The first value from `index` on that does not end before `limit`, other than the containers
    /// that start before it.
    #[inline(always)]
    pub(in super::super) fn passed(&self, index: u32, until: u32, limit: u32) -> u32 {
        let nodes = self.nodes.get(index as usize..until as usize).unwrap_or_default();
        let ends_before = |node: &&RawNode| {
            let length = if node.is_container() { 1 } else { node.extent() };
            // A bare word ends where something else begins.
            node.start + length + u32::from(node.link >> SHAPE_SHIFT == PLAIN) <= limit
        };
        index + nodes.iter().take_while(ends_before).count() as u32
    }

    /// Appends copies of these values, moved by so many bytes.
    #[inline(always)]
    pub(in super::super) fn copy_moved(&mut self, from: u32, until: u32, bytes: u32) {
        let first = self.nodes.len();
        self.nodes.extend_from_within(from as usize..until as usize);
        for node in self.nodes.iter_mut().skip(first) {
            node.start = node.start.wrapping_add(bytes);
        }
    }

    /// Appends a copy of a scalar that stands elsewhere, unless it is too long.
    #[inline(always)]
    pub(in super::super) fn copy_to(&mut self, scalar: RawNode, start: u32, end: u32) -> Option<()> {
        let length = end - start;
        let link = scalar.link & !EXTENT | length;
        (length < MAX_LENGTH).then(|| self.nodes.push(RawNode { start, link, key: scalar.key }))
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
