//! Findings that were there before: they are known by their fingerprints, which stay the same when
//! lines move, and they decide nothing.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use crate::document::{Document, Node};
use crate::finding::{Finding, Subject};
use crate::input::Text;

use super::Analysis;

const VERSION: &str = "1";

/// What a baseline file knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What is known, by fingerprint.
    known: FxHashMap<String, Known>,
}

/// Where a known finding came from, as far as the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    rule: Option<String>,
    file: Option<String>,
}

impl Known {
    /// Whether a run would have found it again: its rule has run, on its file. A file that is there no
    /// more has taken its findings with it.
    fn is_judged(&self, analysis: &Analysis, files: &FxHashSet<&str>) -> bool {
        let has_run = |rule: &String| analysis.rules.iter().any(|id| id == rule);
        let is_read = |file: &String| files.contains(&**file) || !Path::new(file).exists();
        self.rule.as_ref().is_none_or(has_run) && self.file.as_ref().is_none_or(is_read)
    }
}

#[derive(Serialize)]
struct File<'a> {
    version: &'static str,
    findings: Vec<Entry<'a>>,
}

/// A finding as it is written down. Everything but the fingerprint is for people who read the file.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<'a> {
    file: &'a str,
    rule: &'a str,
    subject: String,
    message: &'a str,
    fingerprint: &'a str,
}

impl Baseline {
    /// Reads a baseline file.
    ///
    /// # Errors
    /// That it cannot be read or is no baseline, with the place.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| format!("cannot read the baseline {shown}: {error}; --write-baseline makes one"))?;
        Self::parse(&Document::read(shown, Text::from(bytes)))
    }

    fn parse(document: &Document) -> Result<Self, String> {
        let fault = |offset: u32, what: &str| {
            let at = document.position(offset);
            Err(format!("{}:{}:{}: {what}; --write-baseline makes a new one", document.name(), at.line, at.column))
        };
        if let Some(problem) = document.problems().first() {
            return fault(problem.span.start, &problem.kind.to_string());
        }
        let Some(root) = document.roots().next().filter(|root| root.is_object()) else {
            return fault(0, "this is no baseline");
        };
        match root.get("version").and_then(Node::text) {
            Some(VERSION) => {}
            Some(_) => return fault(root.span().start, "this baseline is of another version of meshlint"),
            None => return fault(root.span().start, "this is no baseline: it has no `version`"),
        }
        let Some(findings) = root.get("findings").filter(|findings| findings.is_array()) else {
            return fault(root.span().start, "this is no baseline: it has no `findings`");
        };
        let mut known = FxHashMap::default();
        for entry in findings.items() {
            let text = |key| entry.get(key).and_then(Node::as_str);
            let Some(fingerprint) = text("fingerprint").filter(|text| is_fingerprint(text)) else {
                return fault(entry.span().start, "this entry has no fingerprint");
            };
            let from = Known { rule: text("rule").map(str::to_owned), file: text("file").map(str::to_owned) };
            known.insert(fingerprint.to_owned(), from);
        }
        Ok(Self { known })
    }

    /// Takes the findings out that were there before, and counts what is there no more.
    pub fn apply(&self, analysis: &mut Analysis) {
        let found: FxHashSet<&str> = analysis.findings.iter().map(|finding| &*finding.fingerprint).collect();
        let files: FxHashSet<&str> = analysis.inputs.iter().map(|input| &*input.name).collect();
        let missing = self.known.iter().filter(|(fingerprint, _)| !found.contains(&***fingerprint));
        let gone = missing.filter(|(_, known)| known.is_judged(analysis, &files)).count();
        let before = analysis.findings.len();
        analysis.findings.retain(|finding| !self.known.contains_key(&finding.fingerprint));
        analysis.known = before - analysis.findings.len();
        analysis.gone = gone;
    }

    /// The text of a baseline file that knows these findings.
    pub fn text(findings: &[Finding]) -> String {
        let mut entries: Vec<Entry<'_>> = findings.iter().map(entry).collect();
        entries.sort();
        let file = File { version: VERSION, findings: entries };
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }
}

fn entry(finding: &Finding) -> Entry<'_> {
    let subject = match &finding.subject {
        Subject::Object(id) => id.to_string(),
        Subject::Proxy { proxy, section, resource } => format!("{proxy} › {section} › {resource}"),
        Subject::File => String::new(),
    };
    Entry {
        file: &finding.location.file,
        rule: finding.rule.id,
        subject,
        message: &finding.message,
        fingerprint: &finding.fingerprint,
    }
}

/// 16 hexadecimal digits, and perhaps a number.
fn is_fingerprint(text: &str) -> bool {
    let (hash, number) = text.split_once('-').unwrap_or((text, "0"));
    hash.len() == 16
        && hash.bytes().all(|b| b.is_ascii_hexdigit())
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Baseline, String> {
        Baseline::parse(&Document::read("b.json", Text::from(text)))
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_its_place() {
        for (text, hint) in [
            ("", "b.json:1:1: this is no baseline"),
            ("{\"version\": \"1\",\n \"findings\": [", "b.json:2:"),
            ("{\"findings\": []}", "no `version`"),
            ("{\"version\": \"9\", \"findings\": []}", "another version"),
            ("{\"version\": \"1\"}", "no `findings`"),
            ("{\"version\": \"1\", \"findings\": [\n{\"fingerprint\": \"xyz\"}]}", "b.json:2:1: this entry"),
        ] {
            let error = parse(text).err().unwrap_or_default();
            assert!(error.contains(hint), "{text}: {error}");
        }
        let good = "{\"version\": \"1\", \"findings\": [{\"fingerprint\": \"0123456789abcdef-2\"}]}";
        assert_eq!(parse(good).map(|baseline| baseline.known.len()), Ok(1));
    }
}
