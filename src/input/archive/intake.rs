//! What happens to a member, whatever the archive: refused, listed or read.

use std::io::{self, Read};

use crate::input::buffer::Buffers;

use super::complaints::{Complaints, Defect, printable};
use super::sniff::{is_nested, is_unsafe};
use super::{HEAD, MEMBER_COUNT_LIMIT, MEMBER_LIMIT, Member, PATH_LIMIT, Sink, read_head};

/// What is known of a member before it is read.
pub(super) struct Entry<'a> {
    pub(super) path: &'a str,
    pub(super) size: u64,
    pub(super) modified: u64,
}

/// Hands members on.
pub(super) struct Intake<'s> {
    sink: &'s mut dyn Sink,
    pub(super) complaints: Complaints,
    count: usize,
    last: String,
    buffers: Buffers,
}

impl<'s> Intake<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, complaints: Complaints::default(), count: 0, last: String::new(), buffers: Buffers::default() }
    }

    /// Counts a member, of whatever kind. False if there are too many of them.
    pub(super) fn admits_another(&mut self) -> bool {
        self.count += 1;
        if self.count > MEMBER_COUNT_LIMIT {
            self.complaints.end(format!("it has more than {MEMBER_COUNT_LIMIT} members; the rest is not read"));
        }
        self.count <= MEMBER_COUNT_LIMIT
    }

    /// Refuses a member.
    pub(super) fn refuse(&mut self, defect: Defect, path: &str) {
        self.complaints.member(defect, path);
    }

    /// Says why nothing more is read.
    pub(super) fn end(&mut self, reason: &str) {
        let place = match self.last.is_empty() {
            true => "at its beginning".to_owned(),
            false => format!("after {}", printable(&self.last)),
        };
        self.complaints.end(format!("{reason}; nothing is read {place}"));
    }

    /// Takes a regular file.
    ///
    /// # Errors
    /// Those of `content`. What could be read of the member has been handed on then.
    pub(super) fn file(&mut self, entry: &Entry<'_>, content: &mut dyn Read) -> io::Result<()> {
        if entry.path.len() > PATH_LIMIT {
            self.refuse(Defect::LongPath, entry.path);
            return Ok(());
        }
        if is_unsafe(entry.path) {
            self.refuse(Defect::Escapes, entry.path);
            return Ok(());
        }
        let path = entry.path.trim_start_matches("./");
        path.clone_into(&mut self.last);
        let mut head = [0; HEAD];
        let length = read_head(content, &mut head)?;
        let head = head.get(..length).unwrap_or_default();
        if !self.sink.wants(path, head) {
            self.sink.list(path, entry.size, entry.modified);
            return Ok(());
        }
        if is_nested(head) {
            self.refuse(Defect::Nested, path);
            return Ok(());
        }
        if entry.size > MEMBER_LIMIT {
            self.refuse(Defect::TooLarge, path);
            return Ok(());
        }
        self.whole(path, entry, head, content)
    }

    fn whole(&mut self, path: &str, entry: &Entry<'_>, head: &[u8], content: &mut dyn Read) -> io::Result<()> {
        // One more than it claims: what is behind it tells that it ends there.
        let mut bytes = self.buffers.take(entry.size as usize + 1);
        let outcome = bytes.fill(&mut head.chain(content), MEMBER_LIMIT as usize + 1);
        if bytes.len() as u64 > MEMBER_LIMIT {
            self.refuse(Defect::TooLarge, path);
            return Ok(());
        }
        self.sink.take(Member { path: path.to_owned(), modified: entry.modified, bytes });
        outcome
    }
}
