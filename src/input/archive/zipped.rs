//! `.zip`, in the order of its directory.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::MEMBER_COUNT_LIMIT;
use super::complaints::Defect;
use super::intake::{Entry, Intake};
use super::meter::{Meter, Metered};

/// The end of a directory, with its comment at its longest, and the part for large files.
const END_AT_MOST: i64 = 22 + 65_535 + 20 + 56;

pub(super) fn read(mut source: impl Read + Seek, size: u64, meter: &Meter, intake: &mut Intake<'_>) {
    // The directory is read as a whole, so what it claims is looked at first.
    if claimed_count(&mut source).is_some_and(|count| count > MEMBER_COUNT_LIMIT as u64) {
        return intake.end(&format!("it has more than {MEMBER_COUNT_LIMIT} members"));
    }
    let mut archive = match ZipArchive::new(source) {
        Ok(archive) => archive,
        Err(error) => return intake.end(&reason(&error)),
    };
    meter.add_compressed(size);
    for place in 0..archive.len() {
        if !intake.admits_another() {
            return;
        }
        let raw = archive.by_index_raw(place);
        let Ok((path, is_link, is_folder)) =
            raw.map(|file| (String::from_utf8_lossy(file.name_raw()).into_owned(), file.is_symlink(), file.is_dir()))
        else {
            intake.refuse(Defect::Broken, "(without a name)");
            continue;
        };
        if is_folder {
            continue;
        }
        if is_link {
            intake.refuse(Defect::Link, &path);
            continue;
        }
        let mut file = match archive.by_index(place) {
            Ok(file) => file,
            Err(error) => {
                intake.refuse(defect(&error), &path);
                continue;
            }
        };
        let known = Entry { path: &path, size: file.size(), modified: seconds(file.last_modified()) };
        // Each member is compressed by itself: what follows a broken one can be read.
        if let Err(error) = intake.file(&known, &mut Metered::new(&mut file, meter)) {
            if let Some(stopped) = meter.stopped() {
                return intake.end(stopped);
            }
            // How it is compressed is looked at when the first of it is inflated.
            let is_unknown = error.kind() == io::ErrorKind::Unsupported;
            intake.refuse(if is_unknown { Defect::Unsupported } else { Defect::Broken }, &path);
        }
    }
}

fn defect(error: &ZipError) -> Defect {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Defect::Encrypted,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Defect::Unsupported,
        _ => Defect::Broken,
    }
}

fn reason(error: &ZipError) -> String {
    match error {
        ZipError::InvalidArchive(_) | ZipError::Io(_) => {
            format!("the archive is cut off or broken: its directory cannot be read ({error})")
        }
        _ => error.to_string(),
    }
}

/// Number of members by the end of the archive.
fn claimed_count(source: &mut (impl Read + Seek)) -> Option<u64> {
    let length = source.seek(SeekFrom::End(0)).ok()?;
    let tail = (END_AT_MOST as u64).min(length);
    source.seek(SeekFrom::Start(length - tail)).ok()?;
    let mut bytes = Vec::new();
    source.take(tail).read_to_end(&mut bytes).ok()?;
    source.seek(SeekFrom::Start(0)).ok()?;
    let number = |at: usize, size: usize| -> Option<u64> {
        let field = bytes.get(at..at + size)?;
        Some(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let large = memchr::memmem::rfind(&bytes, b"PK\x06\x06").and_then(|at| number(at + 32, 8));
    let small = memchr::memmem::rfind(&bytes, b"PK\x05\x06").and_then(|at| number(at + 10, 2));
    large.max(small)
}

/// Seconds since 1970, taking the time without a zone as UTC.
fn seconds(time: Option<zip::DateTime>) -> u64 {
    let date = |time: zip::DateTime| {
        let month = time::Month::try_from(time.month()).ok()?;
        let date = time::Date::from_calendar_date(i32::from(time.year()), month, time.day()).ok()?;
        let at = date.with_hms(time.hour(), time.minute(), time.second()).ok()?;
        u64::try_from(at.assume_utc().unix_timestamp()).ok()
    };
    time.and_then(date).unwrap_or(0)
}
