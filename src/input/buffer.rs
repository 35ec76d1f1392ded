//! Memory for the members of an archive, used again and again.
//!
//! Memory that is new must be fetched and cleared before anything can be inflated into it, which
//! takes an eighth of the time that inflating takes. Huge pages are fetched at once, and not piece
//! by piece.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use memmap2::MmapMut;

use crate::huge_pages::{self, HUGE_PAGE};

/// Smaller ones than this are not kept.
const FEWEST: usize = 64 << 10;
/// The most bytes of buffers that are kept.
const MOST: usize = 32 << 20;
/// The most that is set aside because somebody claims to have so much.
const TRUSTED: usize = 4 << 20;
/// From here on a huge page is worth what is not used of it.
const HUGE_FROM: usize = HUGE_PAGE / 2;

/// Buffers that nobody uses.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Memory>>>);

/// What was read into a buffer. It goes back to where it came from when nobody needs that anymore.
#[derive(Default)]
pub struct Buffer {
    /// What is behind the length is from whoever had it before.
    bytes: Memory,
    length: usize,
    expected: usize,
    home: Option<Buffers>,
}

impl Buffers {
    /// A buffer for so many bytes, if there are as many.
    pub(super) fn take(&self, expected: usize) -> Buffer {
        let bytes = self.find(expected).unwrap_or_else(|| Memory::of(expected.min(TRUSTED)));
        Buffer { bytes, length: 0, expected, home: Some(self.clone()) }
    }

    /// One that is large enough, and not so large that what stays in it wastes memory.
    fn find(&self, size: usize) -> Option<Memory> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = free.iter().rposition(|bytes| (size..=size.saturating_mul(2)).contains(&bytes.len()))?;
        Some(free.remove(place))
    }

    fn put(&self, bytes: Memory) {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = free.iter().map(|bytes| bytes.len()).sum();
        if kept + bytes.len() <= MOST {
            free.push(bytes);
        }
    }
}

impl Buffer {
    /// Reads to the end of `source`, or so many bytes in all.
    ///
    /// # Errors
    /// Those of `source`. What was read before stays.
    pub(super) fn fill(&mut self, source: &mut dyn Read, limit: usize) -> io::Result<()> {
        while self.length < limit {
            if self.length == self.bytes.len() {
                self.grow(self.next_size().min(limit));
            }
            let until = self.bytes.len().min(limit);
            let free = self.bytes.get_mut(self.length..until).unwrap_or_default();
            match source.read(free) {
                Ok(0) => break,
                Ok(count) => self.length += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn grow(&mut self, size: usize) {
        let mut larger = Memory::of(size);
        larger.iter_mut().zip(self.bytes.iter()).for_each(|(new, old)| *new = *old);
        self.bytes = larger;
    }

    /// How large it is to be when it is full.
    fn next_size(&self) -> usize {
        let next = (self.length * 2).max(FEWEST);
        if self.length < self.expected { next.min(self.expected) } else { next }
    }
}

/// Bytes that are zero at first.
enum Memory {
    Heap(Vec<u8>),
    Pages(MmapMut),
}

impl Memory {
    /// So many bytes, or some more.
    fn of(size: usize) -> Self {
        if size < HUGE_FROM {
            return Self::Heap(vec![0; size]);
        }
        huge_pages::zeroed(size).map_or_else(|_| Self::Heap(vec![0; size]), Self::Pages)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::Heap(Vec::new())
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Pages(pages) => pages,
        }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Pages(pages) => pages,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if let Some(home) = self.home.take().filter(|_| bytes.len() >= FEWEST) {
            home.put(bytes);
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads what claims to be of this size.
    fn read(buffers: &Buffers, text: &[u8], claim: usize, limit: usize) -> Buffer {
        let mut buffer = buffers.take(claim + 1);
        buffer.fill(&mut &*text, limit).unwrap_or_else(|error| unreachable!("{error}"));
        buffer
    }

    #[test]
    fn what_is_read_is_there_whatever_was_in_the_buffer_before() {
        let (long, short) = (vec![1; 3 * FEWEST], vec![2; 2 * FEWEST]);
        let buffers = Buffers::default();
        let first = read(&buffers, &long, long.len(), usize::MAX);
        assert!(*first == *long);
        let place = first.as_ptr();
        drop(first);
        let second = read(&buffers, &short, short.len(), usize::MAX);
        assert!(*second == *short && second.as_ptr() == place);
        // Who claims to be small may be large, and the other way round.
        assert!(*read(&buffers, &long, 1, usize::MAX) == *long);
        assert_eq!(read(&buffers, &short, long.len(), FEWEST).len(), FEWEST);
    }

    #[test]
    fn no_more_memory_is_taken_than_there_is_text() {
        let buffers = Buffers::default();
        drop(read(&buffers, &vec![1; 4 * FEWEST], 4 * FEWEST, usize::MAX));
        // A small text does not keep a large buffer.
        assert_eq!(read(&buffers, b"short", 5, usize::MAX).bytes.len(), 6);
        assert_eq!(read(&buffers, b"short", usize::MAX - 1, usize::MAX).bytes.len(), TRUSTED);
        let large = TRUSTED + TRUSTED / 2;
        let pages = (large + 1).next_multiple_of(HUGE_PAGE);
        assert_eq!(read(&buffers, &vec![1; large], large, usize::MAX).bytes.len(), pages);
    }
}
