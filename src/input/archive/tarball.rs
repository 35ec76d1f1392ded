//! `.tar`, member by member.

use std::io::Read;

use tar::{Archive, EntryType};

use super::complaints::Defect;
use super::intake::{Entry, Intake};
use super::meter::Meter;

pub(super) fn read(source: impl Read, meter: &Meter, intake: &mut Intake<'_>) {
    let mut archive = Archive::new(source);
    meter.allow(0);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return intake.end(&error.to_string()),
    };
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return intake.end(&reason(&error, meter)),
        };
        if !intake.admits_another() {
            return;
        }
        meter.allow(entry.size().max(entry.header().entry_size().unwrap_or(0)));
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            EntryType::Link | EntryType::Symlink => {
                intake.refuse(Defect::Link, &path);
                continue;
            }
            _ => {
                intake.refuse(Defect::Special, &path);
                continue;
            }
        }
        let known = Entry { path: &path, size: entry.size(), modified: entry.header().mtime().unwrap_or(0) };
        if let Err(error) = intake.file(&known, &mut entry) {
            return intake.end(&reason(&error, meter));
        }
    }
}

/// What is wrong, in words that say what to do about it.
fn reason(error: &std::io::Error, meter: &Meter) -> String {
    if let Some(stopped) = meter.stopped() {
        return stopped.to_owned();
    }
    let text = error.to_string();
    let is_cut = error.kind() == std::io::ErrorKind::UnexpectedEof || text.contains("unexpected EOF");
    match is_cut || text.contains("failed to read entire block") {
        true => "the archive is cut off".to_owned(),
        false => format!("the archive is broken ({text})"),
    }
}
