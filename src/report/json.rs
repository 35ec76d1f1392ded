//! The stable form for programs. Its schema is `docs/schema/findings-v1.json`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::engine::{Analysis, InputKind};
use crate::finding::{Finding, Location, Seen, Subject};
use crate::kube::ObjectId;

/// Version of the form. Fields may be added to it; none is removed or changes its meaning.
const VERSION: &str = "1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'a> {
    version: &'static str,
    findings: Vec<JsonFinding<'a>>,
    summary: JsonSummary<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonFinding<'a> {
    rule: &'static str,
    aliases: &'static [&'static str],
    family: &'static str,
    severity: crate::finding::Severity,
    confidence: crate::finding::Confidence,
    message: &'a str,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<JsonResource<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<JsonProxy<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<JsonOrigin<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<JsonCause<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seen_in: Vec<JsonSeen<'a>>,
    path: &'a str,
    label: &'a str,
    location: JsonLocation<'a>,
    related: Vec<JsonRelated<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    touches_change: Option<bool>,
    fingerprint: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonResource<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct JsonProxy<'a> {
    name: &'a str,
    section: &'a str,
    resource: &'a str,
}

/// A proxy that shows what the finding is about.
#[derive(Serialize)]
struct JsonSeen<'a> {
    proxy: &'a str,
    rule: &'static str,
    message: &'a str,
    section: &'a str,
    resource: &'a str,
    location: JsonLocation<'a>,
}

#[derive(Serialize)]
struct JsonOrigin<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct JsonCause<'a> {
    resource: JsonResource<'a>,
    location: JsonLocation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<crate::finding::Severity>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonLocation<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    start_byte: u32,
    end_byte: u32,
}

#[derive(Serialize)]
struct JsonRelated<'a> {
    location: JsonLocation<'a>,
    label: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonSummary<'a> {
    errors: usize,
    warnings: usize,
    infos: usize,
    objects: usize,
    proxies: usize,
    inputs: Vec<JsonInput<'a>>,
    unreadable: Vec<JsonUnreadable<'a>>,
    skipped_files: usize,
    suppressed: usize,
    baselined: usize,
    baseline_gone: usize,
    variants: &'a [String],
    rules_run: &'a [&'static str],
    not_evaluated: Vec<JsonNotEvaluated<'a>>,
}

#[derive(Serialize)]
struct JsonInput<'a> {
    file: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxies: Option<&'a [String]>,
}

#[derive(Serialize)]
struct JsonUnreadable<'a> {
    file: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct JsonNotEvaluated<'a> {
    rule: &'static str,
    count: usize,
    what: &'static str,
    why: &'a str,
    remedy: &'a str,
}

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let report = JsonReport {
        version: VERSION,
        findings: analysis.findings.iter().map(finding).collect(),
        summary: summary(analysis),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// A line of the form in lines.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum JsonLine<'a> {
    Finding(Box<JsonFinding<'a>>),
    Summary(JsonSummary<'a>),
}

pub(super) fn write_lines(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let findings = analysis.findings.iter().map(|one| JsonLine::Finding(Box::new(finding(one))));
    for line in findings.chain([JsonLine::Summary(summary(analysis))]) {
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
    }
    Ok(())
}

fn finding(finding: &Finding) -> JsonFinding<'_> {
    let (subject, proxy) = match &finding.subject {
        Subject::Object(id) => (Some(resource(id)), None),
        Subject::Proxy { proxy, section, resource } => {
            let proxy = JsonProxy { name: proxy, section, resource };
            (None, Some(proxy))
        }
        Subject::File => (None, None),
    };
    let related = finding
        .related
        .iter()
        .map(|related| JsonRelated { location: location(&related.location), label: &related.label });
    JsonFinding {
        rule: finding.rule.id,
        aliases: finding.rule.aliases,
        family: finding.rule.family.name(),
        severity: finding.severity,
        confidence: finding.confidence,
        message: &finding.message,
        notes: &finding.notes,
        help: finding.help.as_deref(),
        resource: subject,
        proxy,
        origin: finding.origin.as_ref().map(|origin| JsonOrigin {
            kind: &origin.kind,
            namespace: &origin.namespace,
            name: &origin.name,
        }),
        cause: finding.cause.as_ref().map(|cause| JsonCause {
            resource: resource(&cause.object),
            location: location(&cause.location),
            rule: cause.finding.map(|(rule, _)| rule.id),
            severity: cause.finding.map(|(_, severity)| severity),
        }),
        seen_in: finding.seen_in.iter().map(seen).collect(),
        path: &finding.path,
        label: &finding.label,
        location: location(&finding.location),
        related: related.collect(),
        touches_change: finding.touches_change,
        fingerprint: &finding.fingerprint,
    }
}

fn seen(seen: &Seen) -> JsonSeen<'_> {
    JsonSeen {
        proxy: &seen.proxy,
        rule: seen.rule.id,
        message: &seen.message,
        section: seen.section,
        resource: &seen.resource,
        location: location(&seen.location),
    }
}

fn resource(id: &ObjectId) -> JsonResource<'_> {
    JsonResource { api_version: &id.api_version, kind: &id.kind, namespace: &id.namespace, name: &id.name }
}

fn location(location: &Location) -> JsonLocation<'_> {
    JsonLocation {
        file: &location.file,
        line: location.start.line,
        column: location.start.column,
        end_line: location.end.line,
        end_column: location.end.column,
        start_byte: location.span.start,
        end_byte: location.span.end,
    }
}

fn summary(analysis: &Analysis) -> JsonSummary<'_> {
    let counts = analysis.counts();
    let inputs = analysis.inputs.iter().map(|input| {
        let (kind, objects, proxies) = match &input.kind {
            InputKind::Manifests(objects) => ("manifests", Some(*objects), None),
            InputKind::Patch => ("patch", None, None),
            InputKind::Dump(proxies) => ("dump", None, Some(proxies.as_slice())),
            InputKind::Recorded(what) => (*what, None, None),
            InputKind::Other => ("other", None, None),
        };
        JsonInput { file: &input.name, kind, objects, proxies }
    });
    let unreadable = analysis.unreadable.iter().map(|(file, reason)| JsonUnreadable { file, reason });
    let not_evaluated = analysis.not_evaluated.iter().map(|open| JsonNotEvaluated {
        rule: open.rule,
        count: open.count,
        what: open.what,
        why: &open.why,
        remedy: &open.remedy,
    });
    JsonSummary {
        errors: counts.errors,
        warnings: counts.warnings,
        infos: counts.infos,
        objects: analysis.object_count(),
        proxies: analysis.proxy_count(),
        inputs: inputs.collect(),
        unreadable: unreadable.collect(),
        skipped_files: analysis.skipped,
        suppressed: analysis.suppressed.len(),
        baselined: analysis.known,
        baseline_gone: analysis.gone,
        variants: &analysis.variants,
        rules_run: &analysis.rules,
        not_evaluated: not_evaluated.collect(),
    }
}

/// The JSON Schema of the form.
pub fn schema() -> serde_json::Value {
    let string = json!({"type": "string"});
    let count = json!({"type": "integer", "minimum": 0});
    let object = |properties: serde_json::Value, required: &[&str]| json!({"type": "object", "properties": properties, "required": required});
    let location = object(
        json!({
            "file": string,
            "line": {"type": "integer", "minimum": 1},
            "column": {"type": "integer", "minimum": 1, "description": "in characters"},
            "endLine": {"type": "integer", "minimum": 1},
            "endColumn": {"type": "integer", "minimum": 1},
            "startByte": count,
            "endByte": count,
        }),
        &["file", "line", "column", "endLine", "endColumn", "startByte", "endByte"],
    );
    let resource = object(
        json!({"apiVersion": string, "kind": string, "namespace": string, "name": string}),
        &["apiVersion", "kind", "namespace", "name"],
    );
    let finding = object(
        json!({
            "rule": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
            "aliases": {"type": "array", "items": string},
            "family": {"enum": crate::finding::Family::ALL.map(crate::finding::Family::name)},
            "severity": {"enum": ["error", "warning", "info"]},
            "confidence": {"enum": ["high", "medium"]},
            "message": string,
            "notes": {"type": "array", "items": string, "description": "what happens to traffic"},
            "help": {"type": "string", "description": "what to do"},
            "resource": resource,
            "proxy": object(
                json!({"name": string, "section": string, "resource": string}),
                &["name", "section", "resource"],
            ),
            "origin": object(
                json!({"kind": string, "namespace": string, "name": string}),
                &["kind", "namespace", "name"],
            ),
            "cause": {
                "description": "the manifest object behind a finding about a proxy, and what was found there",
                "type": "object",
                "properties": {
                    "resource": resource,
                    "location": location,
                    "rule": string,
                    "severity": {"enum": ["error", "warning", "info"]},
                },
                "required": ["resource", "location"],
            },
            "seenIn": {
                "type": "array",
                "description": "the proxies that show it, where the same of several is one finding",
                "items": object(
                    json!({
                        "proxy": string,
                        "rule": string,
                        "message": string,
                        "section": string,
                        "resource": string,
                        "location": location,
                    }),
                    &["proxy", "rule", "message", "section", "resource", "location"],
                ),
            },
            "path": {"type": "string", "description": "JSON pointer: within the resource, or within the dump"},
            "label": string,
            "location": location,
            "related": {
                "type": "array",
                "items": object(json!({"location": location, "label": string}), &["location", "label"]),
            },
            "touchesChange": {"type": "boolean", "description": "with --changed: whether it touches a changed line"},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}(-[0-9]+)?$"},
        }),
        &[
            "rule",
            "aliases",
            "family",
            "severity",
            "confidence",
            "message",
            "notes",
            "path",
            "label",
            "location",
            "related",
            "fingerprint",
        ],
    );
    let summary = object(
        json!({
            "errors": count,
            "warnings": count,
            "infos": count,
            "objects": count,
            "proxies": count,
            "inputs": {
                "type": "array",
                "items": object(
                    json!({
                        "file": string,
                        "kind": string,
                        "objects": count,
                        "proxies": {"type": "array", "items": string},
                    }),
                    &["file", "kind"],
                ),
            },
            "unreadable": {
                "type": "array",
                "items": object(json!({"file": string, "reason": string}), &["file", "reason"]),
            },
            "skippedFiles": count,
            "suppressed": {"type": "integer", "minimum": 0, "description": "findings left out by comments, annotations or the configuration"},
            "baselined": {"type": "integer", "minimum": 0, "description": "findings left out because the baseline lists them"},
            "baselineGone": {"type": "integer", "minimum": 0, "description": "findings of the baseline that are there no more"},
            "variants": {"type": "array", "items": string, "description": "folders that were judged as meshes of their own"},
            "rulesRun": {"type": "array", "items": string},
            "notEvaluated": {
                "type": "array",
                "items": object(
                    json!({"rule": string, "count": count, "what": string, "why": string, "remedy": string}),
                    &["rule", "count", "what", "why", "remedy"],
                ),
            },
        }),
        &[
            "errors",
            "warnings",
            "infos",
            "objects",
            "proxies",
            "inputs",
            "unreadable",
            "skippedFiles",
            "suppressed",
            "baselined",
            "baselineGone",
            "variants",
            "rulesRun",
            "notEvaluated",
        ],
    );
    let mut schema = object(
        json!({
            "version": {"const": VERSION},
            "findings": {"type": "array", "items": finding},
            "summary": summary,
        }),
        &["version", "findings", "summary"],
    );
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("title".into(), json!("Findings of meshlint"));
    }
    schema
}

/// The JSON Schema of one line of the form in lines.
pub fn lines_schema() -> serde_json::Value {
    let whole = schema();
    let finding = &whole["properties"]["findings"]["items"];
    let summary = &whole["properties"]["summary"];
    let line = |name: &str, what: &serde_json::Value| json!({"type": "object", "properties": {name: what}, "required": [name], "additionalProperties": false});
    json!({
        "$schema": whole["$schema"],
        "title": "A line of meshlint's findings as JSON lines: the findings, then the summary",
        "oneOf": [line("finding", finding), line("summary", summary)],
    })
}
