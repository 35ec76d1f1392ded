//! How much was read, and when it is enough.

use std::cell::Cell;
use std::io::{self, Read};

/// An archive that inflates to more than this many times its size is made to fill something. Bug
/// reports, whose dumps are all alike, reach 40.
const RATIO: u64 = 100;
/// Below this nobody minds.
const HARMLESS: u64 = 64 << 20;
/// The most that may lie between two members: long names and extended attributes.
const BETWEEN: u64 = 1 << 20;

/// Counts what goes in and out of the inflater.
#[derive(Debug)]
pub(in crate::input) struct Meter {
    compressed: Cell<u64>,
    inflated: Cell<u64>,
    stop_at: Cell<u64>,
    stopped: Cell<Option<&'static str>>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            compressed: Cell::new(0),
            inflated: Cell::new(0),
            stop_at: Cell::new(u64::MAX),
            stopped: Cell::new(None),
        }
    }
}

impl Meter {
    /// Adds to what there is before inflating.
    pub(super) fn add_compressed(&self, size: u64) {
        self.compressed.set(self.compressed.get() + size);
    }

    /// Lets pass `size` bytes, and what may lie between two members.
    pub(super) fn allow(&self, size: u64) {
        let slack = 2 * BETWEEN; // what the buffers in between hold already
        self.stop_at.set(self.inflated.get().saturating_add(size).saturating_add(slack));
    }

    /// Why reading was stopped, if it was.
    pub(in crate::input) fn stopped(&self) -> Option<&'static str> {
        self.stopped.get()
    }

    /// Whether what was inflated is too much for what it was inflated from.
    fn is_a_bomb(&self) -> bool {
        let inflated = self.inflated.get();
        inflated > HARMLESS && inflated / RATIO > self.compressed.get()
    }

    fn check(&self) -> io::Result<()> {
        let reason = if self.is_a_bomb() {
            "it inflates to more than 100 times its size"
        } else if self.inflated.get() > self.stop_at.get() {
            "a name or an attribute of more than 1 MiB stands before a member"
        } else {
            return Ok(());
        };
        self.stopped.set(Some(reason));
        Err(io::Error::other(reason))
    }
}

/// What is compressed.
pub(in crate::input) struct Counted<'m, R> {
    source: R,
    meter: &'m Meter,
}

impl<'m, R> Counted<'m, R> {
    pub(in crate::input) fn new(source: R, meter: &'m Meter) -> Self {
        Self { source, meter }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.meter.compressed.set(self.meter.compressed.get() + count as u64);
        Ok(count)
    }
}

/// What comes out.
pub(in crate::input) struct Metered<'m, R> {
    source: R,
    meter: &'m Meter,
}

impl<'m, R> Metered<'m, R> {
    pub(in crate::input) fn new(source: R, meter: &'m Meter) -> Self {
        Self { source, meter }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.check()?;
        let count = self.source.read(buffer)?;
        self.meter.inflated.set(self.meter.inflated.get() + count as u64);
        Ok(count)
    }
}
