//! Opening a file, and inflating it if it is compressed.

use std::fs::File;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::discover::STDIN;
use super::{Candidate, Text};

/// The first bytes of a gzip stream.
const GZIP: &[u8] = b"\x1f\x8b";
/// The most bytes that a compressed file may inflate to. A dump of 200 MB is large; this is where
/// a file is meant to fill the memory.
const INFLATE_LIMIT: u64 = 2 << 30;

/// Reads a candidate.
///
/// # Errors
/// One line on what cannot be read.
pub fn open(candidate: &Candidate) -> Result<Text, String> {
    let text = read(candidate).map_err(|error| error.to_string())?;
    if text.starts_with(GZIP) { inflate(&text) } else { Ok(text) }
}

fn read(candidate: &Candidate) -> io::Result<Text> {
    if candidate.path.as_os_str() == STDIN {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(Text::from(bytes));
    }
    Text::open(&mut File::open(&candidate.path)?)
}

/// Inflates a gzip stream; what can be read of a truncated one is kept.
fn inflate(compressed: &[u8]) -> Result<Text, String> {
    let mut inflated = Vec::new();
    let outcome = MultiGzDecoder::new(compressed).take(INFLATE_LIMIT + 1).read_to_end(&mut inflated);
    if inflated.len() as u64 > INFLATE_LIMIT {
        return Err(format!("inflates to more than {} GiB", INFLATE_LIMIT >> 30));
    }
    match outcome {
        Err(error) if inflated.is_empty() => Err(format!("broken gzip stream: {error}")),
        _ => Ok(Text::from(inflated)),
    }
}
