//! Archives, read from front to back and never unpacked.
//!
//! Whatever an archive claims, reading it costs no more memory than its largest member that
//! somebody wants, no disk, and no more time than inflating what is there. What is left out is
//! said in one line per reason, however many members it is.

mod complaints;
mod intake;
mod meter;
mod sniff;
mod tarball;
mod zipped;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::{Buffer, Text};
use intake::Intake;

pub(super) use meter::{Counted, Meter, Metered};
pub use sniff::ArchiveKind;
pub(super) use sniff::kind_of;

/// The most members that are looked at. A report of a thousand proxies has some twelve thousand.
pub(super) const MEMBER_COUNT_LIMIT: usize = 200_000;
/// The longest path of a member: what file systems take.
pub(super) const PATH_LIMIT: usize = 4096;
/// The largest member that is read. The largest dumps that people have are of 200 MB.
pub(super) const MEMBER_LIMIT: u64 = 512 << 20;
/// The first bytes of a member, by which it is decided whether to read it.
pub(super) const HEAD: usize = 4096;
/// How much of an archive is read at once.
const BLOCK: usize = 128 << 10;

/// A member whose content was wanted.
#[derive(Debug)]
pub struct Member {
    /// Its path within the archive, without a leading `./`.
    pub path: String,
    /// When it was written, in seconds since 1970; 0 if the archive does not say.
    pub modified: u64,
    /// What is in it.
    pub bytes: Buffer,
}

/// Takes what is in an archive.
pub trait Sink {
    /// Whether the content of a member is wanted; `head` is how it begins.
    fn wants(&mut self, path: &str, head: &[u8]) -> bool;
    /// Takes a member that was wanted.
    fn take(&mut self, member: Member);
    /// Notes a member that was not.
    fn list(&mut self, path: &str, size: u64, modified: u64);
}

/// Reads the archive at `path`, and says what of it could not be read and why: the name of the
/// archive or of a member, and a line.
pub fn read_archive(path: &Path, kind: ArchiveKind, sink: &mut dyn Sink) -> Vec<(Option<String>, String)> {
    match File::open(path) {
        Ok(file) => read_file(file, kind, sink),
        Err(error) => vec![(None, error.to_string())],
    }
}

/// Reads an archive that is in memory.
pub fn read_archive_text(text: &Text, kind: ArchiveKind, sink: &mut dyn Sink) -> Vec<(Option<String>, String)> {
    let mut intake = Intake::new(sink);
    let meter = Meter::default();
    match kind {
        ArchiveKind::Zip => zipped::read(Cursor::new(&**text), text.len() as u64, &meter, &mut intake),
        _ => read_stream(&**text, kind, &meter, &mut intake),
    }
    intake.complaints.lines()
}

fn read_file(file: File, kind: ArchiveKind, sink: &mut dyn Sink) -> Vec<(Option<String>, String)> {
    let mut intake = Intake::new(sink);
    let meter = Meter::default();
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    match kind {
        ArchiveKind::Zip => zipped::read(BufReader::new(file), size, &meter, &mut intake),
        _ => read_stream(file, kind, &meter, &mut intake),
    }
    intake.complaints.lines()
}

fn read_stream(source: impl Read, kind: ArchiveKind, meter: &Meter, intake: &mut Intake<'_>) {
    let source = BufReader::with_capacity(BLOCK, Counted::new(source, meter));
    match kind {
        ArchiveKind::TarGz => {
            let inflated = MultiGzDecoder::new(source);
            // The 512 bytes of a header are not worth a call of the inflater each.
            tarball::read(BufReader::with_capacity(BLOCK, Metered::new(inflated, meter)), meter, intake);
        }
        _ => tarball::read(Metered::new(source, meter), meter, intake),
    }
}

/// Fills as much of a buffer as there is.
fn read_head(source: &mut dyn Read, head: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if filled == 0 => return Err(error),
            Err(_) => break, // said by whoever reads on
        }
    }
    Ok(filled)
}
