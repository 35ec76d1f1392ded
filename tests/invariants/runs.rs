//! What must hold of a whole run.

use std::fs;
use std::path::PathBuf;

use meshlint::document::Position;
use meshlint::engine::{Analysis, Settings, run};
use meshlint::finding::{Finding, Location};
use meshlint::input::{Candidate, Discovery};
use meshlint::report::{Format, Style, write, write_summary};
use serde_json::Value;

/// Separates the files of one input.
pub const SEPARATOR: &[u8] = b"\n=====\n";

/// A folder in memory with the files of one run.
pub struct Files {
    folder: PathBuf,
    /// What was written: name and content.
    written: Vec<(String, Vec<u8>)>,
    named: bool,
}

impl Files {
    /// Writes files that are called `<folder><number>/<number>` with the given ending.
    pub fn write(contents: &[&[u8]], ending: &str, named: bool) -> Self {
        let folder = std::env::temp_dir().join(format!("meshlint-fuzz-{}", std::process::id()));
        let folder = PathBuf::from("/dev/shm")
            .canonicalize()
            .map_or(folder.clone(), |shm| shm.join(folder.file_name().unwrap_or_default()));
        let mut files = Self { folder, written: Vec::new(), named };
        for (number, content) in contents.iter().enumerate() {
            let name = format!("d{}/f{number}.{ending}", number / 2);
            let path = files.folder.join(&name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
            fs::write(&path, content).expect("a writable folder");
            files.written.push((name, content.to_vec()));
        }
        files
    }

    fn discovery(&self) -> Discovery {
        let candidate = |(name, content): &(String, Vec<u8>)| Candidate {
            path: self.folder.join(name),
            name: name.clone(),
            size: content.len() as u64,
            is_named: self.named,
            bundle: None,
        };
        Discovery { candidates: self.written.iter().map(candidate).collect(), ..Discovery::default() }
    }

    /// Runs every rule.
    pub fn run(&self, settings: &Settings) -> Analysis {
        run(self.discovery(), settings)
    }

    /// Every place lies in the file that it names, and every output can be made of it.
    pub fn check(&self, analysis: &Analysis) {
        for (number, finding) in analysis.findings.iter().enumerate() {
            for location in locations(finding) {
                self.check_location(location, finding, number < 50);
            }
            for excerpt in &finding.excerpts {
                for mark in &excerpt.marks {
                    assert!(excerpt.text.get(mark.start..mark.end).is_some(), "mark {mark:?} in {excerpt:?}");
                }
            }
        }
        outputs(analysis);
    }

    /// Counting lines takes long, so that is done for some findings only.
    fn check_location(&self, location: &Location, finding: &Finding, with_lines: bool) {
        let (_, content) = self
            .written
            .iter()
            .find(|(name, _)| *name == location.file)
            .unwrap_or_else(|| panic!("no file {:?}: {finding:?}", location.file));
        if content.starts_with(b"\x1f\x8b") {
            return; // places are in what it inflates to
        }
        let span = location.span;
        assert!(span.start <= span.end && span.end as usize <= content.len(), "{span:?} of {}", content.len());
        if !with_lines || std::str::from_utf8(content).is_err() {
            return; // what is no character is no column that anybody agrees on
        }
        assert_eq!(position(content, span.start), location.start, "{finding:?}");
        assert_eq!(position(content, span.end), location.end, "{finding:?}");
    }
}

fn locations(finding: &Finding) -> impl Iterator<Item = &Location> {
    let cause = finding.cause.as_ref().map(|cause| &cause.location);
    std::iter::once(&finding.location).chain(finding.related.iter().map(|related| &related.location)).chain(cause)
}

/// Everything that is printed. The JSON parses, and the one-line form has a line per finding.
pub fn outputs(analysis: &Analysis) -> String {
    let mut all = String::new();
    for format in Format::ALL {
        let mut out = Vec::new();
        let style = Style { color: false, hyperlinks: false, width: 100 };
        write(analysis, format, style, &mut out).expect("a vector takes all");
        let text = String::from_utf8(out).expect("output is UTF-8");
        match format {
            Format::Full | Format::Junit | Format::Checkstyle | Format::Markdown | Format::Html => {}
            Format::Concise => assert_eq!(text.lines().count(), analysis.findings.len(), "{text}"),
            Format::Github => {
                let findings = analysis.findings.len() + analysis.unreadable.len();
                assert_eq!(text.lines().count(), findings, "{text}");
                assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
            }
            Format::Jsonl => {
                let are_json = text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok());
                assert!(are_json && text.lines().count() == analysis.findings.len() + 1, "{text}");
            }
            Format::Sarif | Format::Gitlab => {
                let parsed = serde_json::from_str::<Value>(&text);
                assert!(parsed.is_ok(), "{text}");
            }
            Format::Json => {
                let json: Value = serde_json::from_str(&text).expect("the output is JSON");
                let findings = json.get("findings").and_then(Value::as_array).expect("findings");
                assert_eq!(findings.len(), analysis.findings.len());
            }
        }
        let is_json = matches!(format, Format::Json | Format::Jsonl | Format::Sarif | Format::Gitlab);
        let obeyed = !is_json && text.contains(|c: char| c.is_control() && c != '\n');
        assert!(!obeyed, "a control character in {format:?}: {text:?}");
        all.push_str(&text);
    }
    let mut out = Vec::new();
    write_summary(analysis, std::time::Duration::ZERO, &mut out).expect("a vector takes all");
    all.push_str(&String::from_utf8(out).expect("output is UTF-8"));
    all
}

/// Counts lines and characters, as somebody with an editor would.
fn position(content: &[u8], offset: u32) -> Position {
    let before = content.get(..offset as usize).unwrap_or(content);
    let before = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before);
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Position {
        line: before.split(|byte| *byte == b'\n').count() as u32,
        column: line.iter().filter(|byte| !(0x80..0xc0).contains(*byte)).count() as u32 + 1,
    }
}
