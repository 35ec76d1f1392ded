//! Having what will be read next fetched from memory, while something else is looked at.
//!
//! A large document does not fit into the processor's caches, and the names and types that rules read
//! lie far apart in it: without this, a seventh of a check is waiting for them.

// The only `unsafe` here asks the processor to fetch something, which no address makes a fault.
#![allow(unsafe_code)]

use super::Document;

/// Documents of fewer values are in a cache: 12 MiB of tape, and some five times as much text.
const LARGE: usize = 1 << 20;
/// Children of fewer values are fetched with their neighbours.
const SPREAD: u32 = 8;
/// The texts of so many values of a child are fetched: names and types come first.
const FETCHED: usize = 32;
/// Entries of the tape that are in one line of a cache, roughly.
const ENTRIES_PER_LINE: usize = 5;

impl Document {
    /// Fetches the child at `next`, which is read after one of so many entries.
    #[inline(always)]
    pub(super) fn prefetch_child(&self, next: u32, entries: u32) {
        if entries >= SPREAD && self.tape.nodes().len() >= LARGE {
            self.prefetch(next as usize, entries as usize);
        }
    }

    #[inline(never)]
    fn prefetch(&self, next: usize, entries: usize) {
        let (nodes, bytes) = (self.tape.nodes(), self.bytes());
        for raw in nodes.get(next..next + FETCHED).unwrap_or_default() {
            fetch(bytes, raw.start as usize);
        }
        // The one behind it is probably as large as the one before.
        fetch(nodes, next + entries);
        fetch(nodes, next + entries + ENTRIES_PER_LINE);
    }
}

/// Fetches an element of a slice, if there is one.
#[cfg(target_arch = "x86_64")]
fn fetch<T>(all: &[T], place: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    if let Some(element) = all.get(place) {
        // SAFETY: the element is there, and nothing is read of it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast()) }
    }
}

/// Rust has no stable way to ask other processors.
#[cfg(not(target_arch = "x86_64"))]
fn fetch<T>(_: &[T], _: usize) {}
