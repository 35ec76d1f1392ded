//! SARIF 2.1.0: what code scanning reads. The parts of the standard that meshlint uses, as types.

use std::io::{self, Write};

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::{Analysis, NotEvaluated};
use crate::finding::{Finding, Location};
use crate::rules::{self, Rule};

use super::remarks::{level, manual_url, paragraph, subject};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name of our fingerprints; a new way to make them gets a new name.
const FINGERPRINT: &str = "meshlint/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [SarifLocation; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<SarifLocation>,
    partial_fingerprints: FxHashMap<&'static str, &'a str>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Properties<'a> {
    confidence: crate::finding::Confidence,
    subject: String,
    path: &'a str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let known: Vec<&Rule> = rules::all().filter(|rule| analysis.rules.contains(&rule.meta.id)).collect();
    let places: FxHashMap<&str, usize> = known.iter().enumerate().map(|(place, rule)| (rule.meta.id, place)).collect();
    let results: Vec<_> = analysis.findings.iter().map(|finding| result(finding, &places)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "meshlint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": known.into_iter().map(descriptor).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": analysis.unreadable.is_empty(),
                "toolExecutionNotifications": notifications(analysis),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn descriptor(rule: &Rule) -> Value {
    let manual = rules::manual(rule);
    let sections = manual.sections.iter().map(|(heading, body)| format!("## {heading}\n\n{body}\n"));
    let markdown = format!("{}\n\n{}", manual.summary, sections.collect::<Vec<_>>().join("\n"));
    let mut descriptor = json!({
        "id": rule.meta.id,
        "shortDescription": {"text": rules::first_sentence(&manual.summary)},
        "fullDescription": {"text": manual.summary},
        "help": {"text": markdown, "markdown": markdown},
        "defaultConfiguration": {"level": level(rule.meta.severity)},
        "properties": {"tags": [rule.meta.family.name()], "aliases": rule.meta.aliases},
    });
    if let (Some(descriptor), Some(url)) = (descriptor.as_object_mut(), manual_url(rule.meta.id)) {
        descriptor.insert("helpUri".to_owned(), url.into());
    }
    descriptor
}

/// What could not be read, and what could not be judged.
fn notifications(analysis: &Analysis) -> Vec<Value> {
    let unreadable = analysis.unreadable.iter().map(|(file, reason)| {
        json!({
            "level": "error",
            "message": {"text": format!("cannot read {file}: {reason}")},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(file)}}}],
        })
    });
    let open = analysis.not_evaluated.iter().map(|NotEvaluated { rule, count, what, why, .. }| {
        json!({
            "level": "note",
            "message": {"text": format!("{rule} was not evaluated {count} times: {what} {why}")},
        })
    });
    unreadable.chain(open).collect()
}

fn result<'a>(finding: &'a Finding, places: &FxHashMap<&str, usize>) -> SarifResult<'a> {
    let related = finding.related.iter().enumerate();
    SarifResult {
        rule_id: finding.rule.id,
        rule_index: places.get(finding.rule.id).copied(),
        level: level(finding.severity),
        message: Message { text: paragraph(finding) },
        locations: [location(&finding.location, None, "")],
        related_locations: related
            .map(|(n, related)| location(&related.location, Some(n + 1), &related.label))
            .collect(),
        partial_fingerprints: [(FINGERPRINT, &*finding.fingerprint)].into_iter().collect(),
        properties: Properties { confidence: finding.confidence, subject: subject(finding), path: &finding.path },
    }
}

fn location(location: &Location, id: Option<usize>, label: &str) -> SarifLocation {
    SarifLocation {
        id,
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(&location.file) },
            region: Region {
                start_line: location.start.line,
                start_column: location.start.column,
                end_line: location.end.line,
                end_column: location.end.column,
            },
        },
        message: (!label.is_empty()).then(|| Message { text: label.to_owned() }),
    }
}

/// A path as a reference: relative ones stay so, because they are relative to the repository.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.extend(["%", &format!("{byte:02X}")]),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("./shop/a b.yaml"), "shop/a%20b.yaml");
        assert_eq!(uri("/tmp/é.yaml"), "file:///tmp/%C3%A9.yaml");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
        assert_eq!(uri("a:b%20"), "a%3Ab%2520");
    }
}
