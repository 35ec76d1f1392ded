//! Opening a file, and inflating it if it is compressed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::archive::{Counted, HEAD, Meter, Metered, kind_of};
use super::{ArchiveKind, Candidate, Text};

/// The first bytes of a gzip stream.
const GZIP: &[u8] = b"\x1f\x8b";
/// The first bytes of what else people pack bundles with.
const OTHER_PACKERS: [(&[u8], &str); 6] = [
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
];
/// The most bytes that a compressed file may inflate to, or that a pipe or a device may give. A dump
/// of 200 MB is large; this is where an input is meant to fill the memory, or never ends.
const LIMIT: u64 = 2 << 30;

/// Reads a candidate.
///
/// # Errors
/// One line on what cannot be read.
pub fn open(candidate: &Candidate) -> Result<Text, String> {
    inflated(read(candidate).map_err(|error| error.to_string())?)
}

/// A text, inflated if it is compressed.
///
/// # Errors
/// One line on what is wrong with the compressed data, or by what it is compressed that is not gzip.
pub fn inflated(text: Text) -> Result<Text, String> {
    if let Some(packer) = other_packer(&text) {
        return Err(format!("it is packed by {packer}, which meshlint does not read; unpack it first"));
    }
    if text.starts_with(GZIP) { inflate(&text) } else { Ok(text) }
}

/// What a text is packed by, if that is something that is not read here.
fn other_packer(text: &[u8]) -> Option<&'static str> {
    // `BZh`, the size of blocks, and the mark of the first block: a text may well begin with the former.
    if text.starts_with(b"BZh") && text.get(4..10) == Some(b"1AY&SY") {
        return Some("bzip2");
    }
    OTHER_PACKERS.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, name)| *name)
}

/// The first bytes of a file; none of one that cannot be read, which reading it will say, and none of
/// a pipe, from which they would be gone.
pub fn head(path: &Path) -> Vec<u8> {
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Vec::new();
    }
    let mut head = Vec::with_capacity(HEAD);
    let read = File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    if read.is_err() {
        head.clear();
    }
    head
}

/// The kind of archive that a file is, if it is one.
pub fn archive_kind(path: &Path) -> Option<ArchiveKind> {
    kind_of(&head(path))
}

/// The kind of archive that a text is, if it is one.
pub fn archive_kind_of(text: &Text) -> Option<ArchiveKind> {
    kind_of(text.get(..HEAD).unwrap_or(text))
}

/// Reads the bytes of a candidate as they are.
///
/// # Errors
/// Those of the file system, and a pipe or a device that does not end.
pub fn read(candidate: &Candidate) -> io::Result<Text> {
    if candidate.is_stdin() {
        return stream(io::stdin().lock(), LIMIT);
    }
    let mut file = File::open(&candidate.path)?;
    if file.metadata()?.is_file() { Text::open(&mut file) } else { stream(file, LIMIT) }
}

/// Reads what has no size that could be asked for.
fn stream(source: impl Read, limit: u64) -> io::Result<Text> {
    let mut bytes = Vec::new();
    source.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it gives more than {} GiB; save what is meant to a file", limit >> 30)));
    }
    Ok(Text::from(bytes))
}

/// Inflates a gzip stream; what can be read of a damaged one is kept.
fn inflate(compressed: &[u8]) -> Result<Text, String> {
    let mut inflated = Vec::new();
    let meter = Meter::default();
    let stream = Metered::new(MultiGzDecoder::new(Counted::new(compressed, &meter)), &meter);
    let outcome = stream.take(LIMIT + 1).read_to_end(&mut inflated);
    if inflated.len() as u64 > LIMIT {
        return Err(format!("inflates to more than {} GiB", LIMIT >> 30));
    }
    match outcome {
        Err(error) if meter.stopped().is_some() => Err(error.to_string()),
        Err(error) if inflated.is_empty() => Err(format!("broken gzip stream: {error}")),
        Err(error) => Ok(Text::from(inflated).damaged(error.to_string())),
        Ok(_) => Ok(Text::from(inflated)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_without_end_is_refused() {
        let read = |length: u64| stream(io::repeat(b' ').take(length), 1000);
        assert_eq!(read(1000).ok().map(|text| text.len()), Some(1000));
        assert!(read(1001).is_err_and(|error| error.to_string().contains("gives more than")));
        assert!(stream(io::repeat(b' '), 1000).is_err());
    }
}
