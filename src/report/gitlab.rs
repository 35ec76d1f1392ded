//! GitLab's code quality report: a list of issues, which merge requests compare by fingerprint.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::engine::{Analysis, relative};
use crate::finding::{Finding, Severity};

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    // GitLab knows a file by its path from the root of the repository. That is the folder that it runs
    // in, also if a file is named by an absolute path, such as `$CI_PROJECT_DIR/manifests`.
    let root = std::env::current_dir().unwrap_or_default();
    let issues: Vec<_> = analysis.findings.iter().map(|finding| issue(finding, &root)).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue<'f>(finding: &'f Finding, root: &Path) -> Issue<'f> {
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
            path: relative(&location.file, root).to_string_lossy().into_owned(),
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
