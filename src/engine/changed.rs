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
        let (mut old, mut names) = (None, Vec::new());
        let mut hunk: Option<Hunk> = None;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(open) = hunk.as_mut() {
                changes.read_line(open, &names, line).map_err(|fault| at(number, fault))?;
                hunk = hunk.filter(|open| open.old_left > 0 || open.new_left > 0);
            } else if let Some(name) = line.strip_prefix("--- ") {
                old = file_name(name);
            } else if let Some(name) = line.strip_prefix("+++ ") {
                names = file_name(name).map(|new| names_of(&new, old.as_deref())).unwrap_or_default();
            } else if line.starts_with("@@@") {
                return Err(at(number, "this is the diff of a merge; diff against one commit"));
            } else if let Some(header) = line.strip_prefix("@@ ") {
                if names.is_empty() && !text.contains("+++ ") {
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
            false if text.contains("\x1b[") => Err("the diff is coloured; make it with `--no-color`".to_owned()),
            false => Err("this is no unified diff".to_owned()),
        }
    }

    fn read_line(&mut self, hunk: &mut Hunk, names: &[String], line: &str) -> Result<(), &'static str> {
        let too_long = "the hunk is longer than its header says";
        match line.as_bytes().first() {
            Some(b'+') => {
                hunk.new_left = hunk.new_left.checked_sub(1).ok_or(too_long)?;
                self.add(names, hunk.line..=hunk.line);
                hunk.line += 1;
            }
            Some(b'-') => {
                hunk.old_left = hunk.old_left.checked_sub(1).ok_or(too_long)?;
                // What is gone has no line; it has changed what stood around it.
                self.add(names, hunk.line.saturating_sub(1)..=hunk.line);
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

    fn add(&mut self, names: &[String], lines: RangeInclusive<u32>) {
        for name in names {
            let known = self.files.entry(name.clone()).or_default();
            match known.last_mut() {
                Some(last) if *lines.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(lines.end());
                }
                _ => known.push(lines.clone()),
            }
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

/// The file behind `---` or `+++`, as it is written; none if there is none on that side.
fn file_name(name: &str) -> Option<String> {
    let name = match name.strip_prefix('"') {
        Some(quoted) => unquoted(quoted.rsplit_once('"').map_or(quoted, |(inside, _)| inside)),
        None => Cow::Borrowed(name.split('\t').next().unwrap_or(name).trim_end()),
    };
    (name != "/dev/null").then(|| name.strip_prefix("./").unwrap_or(&name).to_owned())
}

/// Git's prefixes: `a/` and `b/`, or with diff.mnemonicPrefix the others.
const PREFIXES: [&str; 6] = ["a", "b", "i", "w", "c", "o"];

/// What a file may be called here: as the diff calls it, and without a prefix. A folder may be called
/// like a prefix, and anything may be one: whatever comes before the same name on both sides.
fn names_of(new: &str, old: Option<&str>) -> Vec<String> {
    let mut names = vec![new.to_owned()];
    let Some((prefix, rest)) = new.split_once('/') else {
        return names;
    };
    let is_on_both_sides = old.and_then(|old| old.split_once('/')).is_some_and(|(_, other)| other == rest);
    if PREFIXES.contains(&prefix) || is_on_both_sides {
        names.push(rest.strip_prefix("./").unwrap_or(rest).to_owned());
    }
    names
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
    fn prefixes_may_be_any_or_none() -> Result<(), String> {
        let diff = |old: &str, new: &str| format!("--- {old}\n+++ {new}\n@@ -1 +1 @@\n-a\n+b\n");
        for (old, new, file) in [
            ("a/x/y.yaml", "b/x/y.yaml", "x/y.yaml"),
            ("a/y.yaml", "a/y.yaml", "a/y.yaml"), // --no-prefix, in a folder `a`
            ("/dev/null", "c/y.yaml", "c/y.yaml"),
            ("old/x/y.yaml", "new/x/y.yaml", "x/y.yaml"), // --dst-prefix=new/
            ("old/x/y.yaml\t2026-01-01", "new/x/y.yaml\t2026-01-02", "new/x/y.yaml"), // diff -ru old new
            ("x/old.yaml", "y/new.yaml", "y/new.yaml"),
            ("./y.yaml", "./y.yaml", "y.yaml"),
        ] {
            assert_eq!(lines(&diff(old, new), file)?, [(0, 1)], "{old} {new}");
        }
        assert_eq!(lines(&diff("x/old.yaml", "y/new.yaml"), "new.yaml")?, []);
        Ok(())
    }

    #[test]
    fn what_is_no_diff_is_refused() {
        for (text, hint) in [
            ("hello\n", "no unified diff"),
            ("\x1b[1mdiff --git a/x b/x\x1b[m\n", "--no-color"),
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
