//! GitLab's code quality report: a list of issues, which merge requests compare by fingerprint.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::engine::Analysis;
use crate::finding::{Finding, Severity};

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<_> = analysis.findings.iter().map(issue).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue(finding: &Finding) -> Issue<'_> {
    let severity = match finding.severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Info => "info",
    };
    let description = match &finding.help {
        Some(help) => format!("{} ({help})", finding.message),
        None => finding.message.clone(),
    };
    let location = &finding.location;
    Issue {
        description,
        check_name: finding.rule.id,
        fingerprint: &finding.fingerprint,
        severity,
        location: Location {
            // GitLab knows a file by its path from the root of the repository, without `./`.
            path: location.file.strip_prefix("./").unwrap_or(&location.file),
            lines: Lines { begin: location.start.line, end: location.end.line },
        },
    }
}

/// The JSON Schema of what GitLab reads, after its documentation; there is none of its own.
pub fn gitlab_schema() -> serde_json::Value {
    let line = json!({"type": "integer", "minimum": 1});
    let object = |properties: serde_json::Value, required: &[&str]| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let issue = object(
        json!({
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": object(
                json!({
                    "path": {"type": "string", "pattern": "^[^/.]|^\\.[^/]"},
                    "lines": object(json!({"begin": line, "end": line}), &["begin"]),
                }),
                &["path", "lines"],
            ),
        }),
        &["description", "check_name", "fingerprint", "severity", "location"],
    );
    json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "array", "items": issue})
}
