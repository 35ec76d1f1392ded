//! What of an archive was not read, in one line per reason.

use std::collections::BTreeMap;

/// How many members are named for a reason.
const NAMED: usize = 3;

/// Why a member was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Defect {
    Escapes,
    Link,
    Special,
    LongPath,
    TooLarge,
    Nested,
    Encrypted,
    Unsupported,
    Broken,
}

impl Defect {
    /// The reason for one member, and for several.
    fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Escapes => ("its path leads out of the archive", "their paths lead out of the archive"),
            Self::Link => ("it is a link, and links are not followed", "they are links, and links are not followed"),
            Self::Special => ("it is no regular file", "they are no regular files"),
            Self::LongPath => ("its path is longer than 4096 bytes", "their paths are longer than 4096 bytes"),
            Self::TooLarge => ("it is larger than 512 MiB", "they are larger than 512 MiB"),
            Self::Nested => (
                "it is an archive itself; unpack it and check it by its own",
                "they are archives themselves; unpack them and check each by its own",
            ),
            Self::Encrypted => ("it is encrypted", "they are encrypted"),
            Self::Unsupported => (
                "it is compressed in a way that meshlint does not know",
                "they are compressed in ways that meshlint does not know",
            ),
            Self::Broken => ("its compressed data is broken", "their compressed data is broken"),
        }
    }
}

/// All complaints about one archive.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    members: BTreeMap<Defect, (usize, Vec<String>)>,
    end: Option<String>,
}

impl Complaints {
    /// A member that is not read.
    pub(super) fn member(&mut self, defect: Defect, path: &str) {
        let (count, names) = self.members.entry(defect).or_default();
        *count += 1;
        if names.len() < NAMED {
            names.push(printable(path));
        }
    }

    /// Why nothing more of the archive is read.
    pub(super) fn end(&mut self, reason: String) {
        self.end.get_or_insert(reason);
    }

    /// A line per reason, with the member if it is only one.
    pub(super) fn lines(self) -> Vec<(Option<String>, String)> {
        let members = self.members.into_iter().map(|(defect, (count, mut names))| {
            let (one, several) = defect.reason();
            match names.pop() {
                Some(only) if count == 1 => (Some(only), one.to_owned()),
                Some(last) => {
                    names.push(last);
                    let more = match count - names.len() {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    (None, format!("{count} members were not read, {several}: {}{more}", names.join(", ")))
                }
                None => (None, several.to_owned()),
            }
        });
        let members: Vec<_> = members.collect();
        self.end.map(|reason| (None, reason)).into_iter().chain(members).collect()
    }
}

/// A path as it can stand in a line: no control characters, and no longer than a line.
pub(super) fn printable(path: &str) -> String {
    const LONGEST: usize = 160;
    let mut shown: String = path.chars().take(LONGEST).map(|c| if c.is_control() { '?' } else { c }).collect();
    if path.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
