//! Which findings a change touches: unified diffs, as git and diff write them.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::path::Path;

use rustc_hash::FxHashMap;

use crate::finding::{Finding, Location};

use super::suppress::relative;

/// The lines of each file that a diff adds or changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    files: FxHashMap<String, Vec<RangeInclusive<u32>>>,
}

/// A hunk that is being read.
struct Hunk {
    /// The next line of the new file.
    line: u32,
    old_left: u32,
    new_left: u32,
}

impl Changes {
    /// Reads a unified diff.
    ///
    /// # Errors
    /// That it is none, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut changes = Self::default();
        let mut file: Option<String> = None;
        let mut hunk: Option<Hunk> = None;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(open) = hunk.as_mut() {
                changes
                    .read_line(open, file.as_deref().unwrap_or_default(), line)
                    .map_err(|fault| at(number, fault))?;
                hunk = hunk.filter(|open| open.old_left > 0 || open.new_left > 0);
            } else if let Some(name) = line.strip_prefix("+++ ") {
                file = new_file(name);
            } else if line.starts_with("@@@") {
                return Err(at(number, "this is the diff of a merge; diff against one commit"));
            } else if let Some(header) = line.strip_prefix("@@ ") {
                if file.is_none() && !text.contains("+++ ") {
                    return Err(at(number, "a hunk without a file"));
                }
                hunk = Some(Hunk::parse(header).ok_or_else(|| at(number, "this is no header of a hunk"))?);
                hunk = hunk.filter(|open| open.old_left > 0 || open.new_left > 0);
            }
        }
        let is_diff =
            |line: &str| ["diff ", "--- ", "+++ ", "@@ ", "Binary files "].iter().any(|s| line.starts_with(s));
        match text.trim().is_empty() || text.lines().any(is_diff) {
            _ if hunk.is_some() => Err("the diff ends within a hunk".to_owned()),
            true => Ok(changes),
            false => Err("this is no unified diff".to_owned()),
        }
    }

    fn read_line(&mut self, hunk: &mut Hunk, file: &str, line: &str) -> Result<(), &'static str> {
        let too_long = "the hunk is longer than its header says";
        match line.as_bytes().first() {
            Some(b'+') => {
                hunk.new_left = hunk.new_left.checked_sub(1).ok_or(too_long)?;
                self.add(file, hunk.line..=hunk.line);
                hunk.line += 1;
            }
            Some(b'-') => {
                hunk.old_left = hunk.old_left.checked_sub(1).ok_or(too_long)?;
                // What is gone has no line; it has changed what stood around it.
                self.add(file, hunk.line.saturating_sub(1)..=hunk.line);
            }
            Some(b' ' | b'\t') | None => {
                hunk.new_left = hunk.new_left.checked_sub(1).ok_or(too_long)?;
                hunk.old_left = hunk.old_left.checked_sub(1).ok_or(too_long)?;
                hunk.line += 1;
            }
            Some(b'\\') => {}
            Some(_) => return Err("this is no line of a hunk"),
        }
        Ok(())
    }

    fn add(&mut self, file: &str, lines: RangeInclusive<u32>) {
        if file.is_empty() {
            return;
        }
        let known = self.files.entry(file.to_owned()).or_default();
        match known.last_mut() {
            Some(last) if *lines.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(lines.end());
            }
            _ => known.push(lines),
        }
    }

    /// Notes on every finding whether it touches a changed line. Paths of the diff are relative to
    /// `root`, or to the current folder.
    pub fn mark(&self, findings: &mut [Finding], root: &Path) {
        let here = std::env::current_dir().unwrap_or_default();
        for finding in findings {
            let related = finding.related.iter().map(|related| &related.location);
            let cause = finding.cause.as_ref().map(|cause| &cause.location);
            let mut places = std::iter::once(&finding.location).chain(related).chain(cause);
            finding.touches_change = Some(places.any(|place| self.touches(place, &[root, &here])));
        }
    }

    fn touches(&self, place: &Location, roots: &[&Path]) -> bool {
        let names = roots.iter().map(|root| relative(&place.file, root));
        let mut lines = names.filter_map(|name| self.files.get(&*name.to_string_lossy())).flatten();
        lines.any(|lines| *lines.start() <= place.end.line && place.start.line <= *lines.end())
    }
}

impl Hunk {
    /// Reads `-1,2 +3,4 @@ …`.
    fn parse(header: &str) -> Option<Self> {
        let (ranges, _) = header.split_once(" @@")?;
        let (old, new) = ranges.split_once(' ')?;
        let (_, old_left) = numbers(old.strip_prefix('-')?)?;
        let (start, new_left) = numbers(new.strip_prefix('+')?)?;
        // Of an empty range, the number is that of the line before it.
        let line = if new_left == 0 { start.checked_add(1)? } else { start };
        line.checked_add(new_left)?;
        Some(Self { line, old_left, new_left })
    }
}

fn numbers(range: &str) -> Option<(u32, u32)> {
    match range.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((range.parse().ok()?, 1)),
    }
}

/// The file behind `+++`, without git's prefix; none if it was deleted.
fn new_file(name: &str) -> Option<String> {
    let name = match name.strip_prefix('"') {
        Some(quoted) => unquoted(quoted.rsplit_once('"').map_or(quoted, |(inside, _)| inside)),
        None => Cow::Borrowed(name.split('\t').next().unwrap_or(name).trim_end()),
    };
    if name == "/dev/null" {
        return None;
    }
    // `a/` and `b/`, or with diff.mnemonicPrefix the others.
    let prefixes = ["b/", "a/", "i/", "w/", "c/", "o/"];
    let plain = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name);
    Some(plain.strip_prefix("./").unwrap_or(plain).to_owned())
}

/// Git's way to write odd names: `\"`, `\\`, `\t`, `\303\251`.
fn unquoted(text: &str) -> Cow<'_, str> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let octal = rest.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(value) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(value);
            rest = rest.get(3..).unwrap_or_default();
        } else if let Some((escape, after)) = rest.split_first() {
            rest = after;
            bytes.push(match escape {
                b'n' => b'\n',
                b't' => b'\t',
                other => *other,
            });
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn at(line: usize, fault: &str) -> String {
    format!("line {line}: {fault}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(diff: &str, file: &str) -> Result<Vec<(u32, u32)>, String> {
        let changes = Changes::parse(diff)?;
        let ranges = changes.files.get(file).into_iter().flatten();
        Ok(ranges.map(|range| (*range.start(), *range.end())).collect())
    }

    #[test]
    fn added_and_changed_lines_are_found() {
        let diff = "diff --git a/x.yaml b/x.yaml\n--- a/x.yaml\n+++ b/x.yaml\n@@ -1,3 +1,4 @@ kind: X\n a\n-b\n+B\n+C\n d\n@@ -9 +10,0 @@\n-i\n";
        assert_eq!(lines(diff, "x.yaml"), Ok(vec![(1, 3), (10, 11)]));
    }

    #[test]
    fn headers_within_a_hunk_are_lines_of_it() {
        let diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n+++ b/y\n z\n--- /dev/null\n+++ \"b/\\303\\251 \\\"q\\\".yaml\"\n@@ -0,0 +1 @@\n+n\n\\ No newline at end of file\n";
        assert_eq!(lines(diff, "x"), Ok(vec![(0, 1)]));
        assert_eq!(lines(diff, "é \"q\".yaml"), Ok(vec![(1, 1)]));
    }

    #[test]
    fn what_is_no_diff_is_refused() {
        for (text, hint) in [
            ("hello\n", "no unified diff"),
            ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n", "ends within a hunk"),
            ("--- a/x\n+++ b/x\n@@ -1 +x @@\n", "line 3: this is no header"),
            ("--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n+a\n+b\n", "line 5: the hunk is longer"),
            ("@@@ -1 -1 +1 @@@\n", "merge"),
        ] {
            let error = lines(text, "x").err().unwrap_or_default();
            assert!(error.contains(hint), "{text}: {error}");
        }
        assert_eq!(lines("", "x"), Ok(Vec::new()));
    }

    #[test]
    fn deleted_files_have_no_lines() {
        assert_eq!(Changes::parse("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"), Ok(Changes::default()));
    }
}
