//! The bytes of an input: read into memory, or mapped from a file.

// The only `unsafe` of this module is the mapping of a file, explained where it is done.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;

use memmap2::{Mmap, MmapOptions};

use super::Buffer;

/// Files from this size on are mapped: filling fresh memory costs more than reading the file.
const MAP_FROM: u64 = 1 << 20;

/// The bytes of one input.
#[derive(Default)]
pub struct Text {
    bytes: Bytes,
    /// What is wrong with the compressed data that they are from.
    damage: Option<Box<str>>,
}

enum Bytes {
    Owned(Vec<u8>),
    Lent(Buffer),
    Mapped(Mmap),
}

impl Text {
    /// Reads or maps a whole file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(file: &mut File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.len() >= MAP_FROM {
            // All of it is read: to map it at once costs less than a fault for every few pages.
            // SAFETY: the mapping is private and only read. Should another program truncate the
            // file meanwhile, the system ends this process with a signal; that is the price of
            // not copying dumps of 200 MB, and reading it would give half a dump anyway.
            return Ok(Self::of(Bytes::Mapped(unsafe { MmapOptions::new().populate().map(&*file)? })));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        file.read_to_end(&mut bytes)?;
        Ok(Self::from(bytes))
    }

    fn of(bytes: Bytes) -> Self {
        Self { bytes, damage: None }
    }

    /// Notes that they are from compressed data with something wrong: some may be missing or others.
    pub fn damaged(self, reason: impl Into<Box<str>>) -> Self {
        Self { damage: Some(reason.into()), ..self }
    }

    /// What is wrong with the compressed data that they are from.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Owned(bytes) => bytes,
            Bytes::Lent(buffer) => buffer,
            Bytes::Mapped(map) => map,
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self::of(Bytes::Owned(bytes))
    }
}

impl From<Buffer> for Text {
    fn from(buffer: Buffer) -> Self {
        Self::of(Bytes::Lent(buffer))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.len())
    }
}
