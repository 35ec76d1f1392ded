//! The reports for other programs: each is what its readers expect, also where names are hostile.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;
use support::run;

/// Two errors, a warning and a note.
const FAULTS: &str = "\
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec:
  ports: [{name: http, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: catalog, namespace: shop}
spec:
  hosts: [catalog]
  http:
  - match: [{uri: {prefix: /a}}]
    route:
    - destination: {host: catlog}
  - match: [{uri: {prefix: /b}}]
    route:
    - destination: {host: \"</script><img src=x onerror=alert(1)>|`a`::error::%0A&\\e[31m\"}
  - match: [{uri: {prefix: /a/b}}]
    route:
    - destination: {host: catalog}
";

const SOUND: &str = "\
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec:
  ports: [{name: http, port: 80}]
";

/// A file whose name is markup, commands and control characters at once.
const HOSTILE_NAME: &str = "a <b>&\"'%2C,x::y \u{1b}[1m]]>`|`é.yaml";

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// What a format says of nothing wrong, of faults, of a hostile name, and of a file that is not there.
fn reports(format: &str) -> Vec<(&'static str, String)> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = folder(&format!("{format}-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let cases = [
        ("sound", file("sound.yaml", SOUND), 0),
        ("faults", file("faults.yaml", FAULTS), 1),
        ("hostile", file(HOSTILE_NAME, FAULTS), 1),
        ("missing", folder.join("missing.yaml").display().to_string(), 4),
    ];
    let report = |(what, path, code): (&'static str, String, i32)| {
        let ran = run(&["check", "--quiet", &format!("--format={format}"), &path]);
        assert_eq!(ran.code, code, "{format} of {what}: {}", ran.err);
        (what, ran.out)
    };
    cases.into_iter().map(report).collect()
}

fn parsed(format: &str) -> BTreeMap<&'static str, Value> {
    reports(format).into_iter().map(|(what, text)| (what, serde_json::from_str(&text).unwrap())).collect()
}

fn assert_valid(schema: &Value, report: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn members<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    value[key].as_array().unwrap().iter().collect()
}

#[test]
fn sarif_is_what_the_standard_says() {
    let schema = std::fs::read_to_string("tests/schemas/sarif-2.1.0.json").unwrap();
    // The one thing that is wrong with it: a bracket that closes nothing, in a member that we do not use.
    let schema = schema.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let reports = parsed("sarif");
    for report in reports.values() {
        assert_valid(&schema, report);
    }
    let run = &reports["faults"]["runs"][0];
    let rules = members(&run["tool"]["driver"], "rules");
    for result in members(run, "results") {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"], "the index leads to the rule");
        assert_eq!(result["partialFingerprints"]["meshlint/v1"].as_str().unwrap().len(), 16);
    }
    assert!(members(run, "results").iter().any(|result| result["ruleId"] == "unknown-host"));
    assert_eq!(members(&reports["sound"]["runs"][0], "results"), Vec::<&Value>::new(), "an empty list, not none");
    assert_eq!(reports["missing"]["runs"][0]["invocations"][0]["executionSuccessful"], false);
    // A schema that says yes to everything would make this test worthless.
    let broken = reports["faults"].to_string().replace("startLine", "beginLine");
    let broken: Value = serde_json::from_str(&broken).unwrap();
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&broken));
}

#[test]
fn sarif_names_files_by_references() {
    let reports = parsed("sarif");
    let location = &reports["hostile"]["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let uri = location["artifactLocation"]["uri"].as_str().unwrap();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%:".contains(c);
    assert!(uri.starts_with("file:///") && uri.chars().all(plain), "{uri}");
}

#[test]
fn gitlab_reads_the_code_quality_report() {
    let reports = parsed("gitlab");
    for report in reports.values() {
        let relative = report.to_string().replace("\"path\":\"/", "\"path\":\"");
        assert_valid(&meshlint::report::gitlab_schema(), &serde_json::from_str(&relative).unwrap());
    }
    // Within the folder that it runs in, an absolute path is a relative one.
    let folder = folder("gitlab-absolute");
    std::fs::write(folder.join("faults.yaml"), FAULTS).unwrap();
    let mut command = support::meshlint();
    command.args(["check", "--quiet", "--format=gitlab"]).arg(folder.join("faults.yaml")).current_dir(&folder);
    let ran = support::run_with(command, b"");
    let here: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(here[0]["location"]["path"], "faults.yaml");
    let issues = reports["faults"].as_array().unwrap();
    let fingerprints: BTreeSet<_> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert!(issues.len() >= 3, "{issues:?}");
    assert_eq!(fingerprints.len(), issues.len(), "GitLab shows one issue for each fingerprint");
}

#[test]
fn each_line_of_jsonl_is_what_its_schema_says() {
    let schema = meshlint::report::lines_schema();
    for (what, text) in reports("jsonl") {
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &lines {
            assert_valid(&schema, line);
        }
        let (last, findings) = lines.split_last().unwrap();
        assert!(last.get("summary").is_some() && findings.iter().all(|line| line.get("finding").is_some()), "{what}");
    }
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&serde_json::json!({"finding": {}})));
}

/// What an element may hold: attributes that must be there, that may be there, elements, and whether text.
struct Element {
    needed: &'static [&'static str],
    allowed: &'static [&'static str],
    children: &'static [&'static str],
    has_text: bool,
}

const fn element(
    needed: &'static [&'static str],
    allowed: &'static [&'static str],
    children: &'static [&'static str],
    has_text: bool,
) -> Element {
    Element { needed, allowed, children, has_text }
}

/// After Jenkins' junit-10.xsd, as far as GitLab and Azure read the same.
fn junit() -> BTreeMap<&'static str, Element> {
    let counts = &["name", "tests", "failures", "errors"];
    BTreeMap::from([
        ("testsuites", element(counts, &["time"], &["testsuite"], false)),
        ("testsuite", element(counts, &["time", "skipped", "file"], &["testcase", "system-out"], false)),
        ("testcase", element(&["name", "classname"], &["time"], &["failure", "error", "system-out"], false)),
        ("failure", element(&["type", "message"], &[], &[], true)),
        ("error", element(&["type", "message"], &[], &[], true)),
        ("system-out", element(&[], &[], &[], true)),
    ])
}

fn checkstyle() -> BTreeMap<&'static str, Element> {
    BTreeMap::from([
        ("checkstyle", element(&["version"], &[], &["file"], false)),
        ("file", element(&["name"], &[], &["error"], false)),
        ("error", element(&["line", "severity", "message", "source"], &["column"], &[], false)),
    ])
}

fn attributes(start: &BytesStart<'_>) -> BTreeMap<String, String> {
    let pair = |attribute: quick_xml::events::attributes::Attribute<'_>| {
        let value = quick_xml::escape::unescape(&attribute.value).unwrap().into_owned();
        (attribute.key.as_ref().to_owned(), value)
    };
    start.attributes().map(|attribute| pair(attribute.unwrap())).collect()
}

/// The elements of a document with their parents and attributes, after a strict look at each.
fn read_xml(text: &str, root: &str, grammar: &BTreeMap<&str, Element>) -> Vec<(String, BTreeMap<String, String>)> {
    let forbidden = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!text.contains(forbidden), "XML cannot hold control characters");
    let mut reader = Reader::from_str(text);
    let mut open: Vec<String> = Vec::new();
    let mut found = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        let (start, is_empty) = match &event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Text(said) => {
                let is_blank = said.trim().is_empty();
                let holder = open.last().map(|name| &grammar[name.as_str()]);
                assert!(is_blank || holder.is_some_and(|holder| holder.has_text), "text in {open:?}");
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let name = start.name().as_ref().to_owned();
        let rule = grammar.get(name.as_str()).unwrap_or_else(|| panic!("<{name}> is unknown"));
        match open.last() {
            None => assert_eq!(name, root),
            Some(parent) => assert!(grammar[parent.as_str()].children.contains(&&*name), "<{name}> in <{parent}>"),
        }
        let attributes = attributes(start);
        assert!(rule.needed.iter().all(|needed| attributes.contains_key(*needed)), "<{name}> has {attributes:?}");
        let known = |key: &String| rule.needed.contains(&&**key) || rule.allowed.contains(&&**key);
        assert!(attributes.keys().all(known), "<{name}> has {attributes:?}");
        found.push((name.clone(), attributes));
        if !is_empty {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new(), "every element is closed");
    found
}

#[test]
fn junit_is_what_its_readers_expect() {
    for (what, text) in reports("junit") {
        let elements = read_xml(&text, "testsuites", &junit());
        let count = |name: &str| elements.iter().filter(|(element, _)| element == name).count().to_string();
        let (_, root) = &elements[0];
        assert_eq!((&root["tests"], &root["failures"]), (&count("testcase"), &count("failure")), "{what}");
        assert_eq!(root["errors"], count("error"), "{what}");
        let expected = match what {
            "sound" => ("0", "0"),
            "missing" => ("0", "1"),
            _ => ("3", "0"),
        };
        assert_eq!((root["failures"].as_str(), root["errors"].as_str()), expected, "{what}: {text}");
    }
}

#[test]
fn checkstyle_is_what_its_readers_expect() {
    for (what, text) in reports("checkstyle") {
        let elements = read_xml(&text, "checkstyle", &checkstyle());
        let errors = elements.iter().filter(|(name, _)| name == "error");
        let severities: BTreeSet<_> = errors.map(|(_, attributes)| attributes["severity"].as_str()).collect();
        assert!(severities.iter().all(|severity| ["error", "warning", "info"].contains(severity)), "{severities:?}");
        assert_eq!(severities.is_empty(), what == "sound", "{text}");
    }
}

#[test]
fn github_gets_one_command_a_line() {
    for (what, text) in reports("github") {
        for line in text.lines() {
            let command = line.split("::").nth(1).unwrap();
            let (name, properties) = command.split_once(' ').unwrap();
            assert!(["error", "warning", "notice"].contains(&name), "{what}: {line}");
            let keys: Vec<_> = properties.split(',').map(|pair| pair.split_once('=').unwrap().0).collect();
            let known = ["file", "line", "endLine", "col", "endColumn", "title"];
            assert!(keys.iter().all(|key| known.contains(key)), "{what}: {line}");
        }
        assert_eq!(text.is_empty(), what == "sound", "{text}");
    }
}

#[test]
fn markdown_shows_hostile_names_as_text() {
    let reports: BTreeMap<_, _> = reports("markdown").into_iter().collect();
    let text = &reports["hostile"];
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ") && line.contains("docs/rules/")).collect();
    assert!(rows.len() >= 3, "{text}");
    for row in rows {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 5, "{row}");
        assert!(!row.contains("<img") || row.contains("`</script><img"), "{row}");
    }
    assert!(reports["sound"].contains("no findings") && !reports["sound"].contains("| rule |"));
}

#[test]
fn html_is_one_page_in_which_names_are_text() {
    let reports: BTreeMap<_, _> = reports("html").into_iter().collect();
    for text in reports.values() {
        assert!(text.starts_with("<!doctype html>") && text.trim_end().ends_with("</html>"));
        assert_eq!(text.matches("<script").count(), 1, "only our own");
        let loads = ["src=\"", "url(", "<link", "@import", "<iframe"].iter().any(|loads| text.contains(loads));
        assert!(!loads, "nothing is loaded");
    }
    let page = &reports["hostile"];
    assert!(!page.contains("<img") && page.contains("&#60;img src=x"), "names are escaped");
    assert!(page.contains("data-rule=\"unknown-host\"") && page.contains("data-namespaces=\"shop\""));
    assert!(page.contains("<mark class=\"primary\">catlog</mark>"));
    assert!(reports["sound"].contains("No findings.") && reports["missing"].contains("Cannot read"));
}

#[test]
fn several_reports_of_one_run_say_the_same() {
    let folder = folder("several");
    let path = folder.join("faults.yaml");
    std::fs::write(&path, FAULTS).unwrap();
    let file = |name: &str| folder.join(name).display().to_string();
    let (sarif, json) = (format!("--format=sarif={}", file("a.sarif")), format!("--format=json={}", file("a.json")));
    let input = path.display().to_string();
    let ran = run(&["check", &sarif, "--format=concise", &json, &input]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let read = |name: &str| -> Value { serde_json::from_str(&std::fs::read_to_string(file(name)).unwrap()).unwrap() };
    let findings = members(&read("a.json"), "findings").len();
    assert_eq!(members(&read("a.sarif")["runs"][0], "results").len(), findings);
    assert_eq!(ran.out.lines().count(), findings, "{}", ran.out);

    let ran = run(&["check", &sarif, &input]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "all reports went to files");
    let ran = run(&["check", "--format=json", "--format=sarif", &input]);
    assert!(ran.code == 2 && ran.err.contains("--format sarif=FILE"), "{}", ran.err);
    let twice = format!("--format=json={}", file("a.sarif"));
    let ran = run(&["check", &sarif, &twice, &input]);
    assert!(ran.code == 2 && ran.err.contains("two reports would be written to"), "{}", ran.err);
    let ran = run(&["check", "--format=concise=-", &input]);
    assert_eq!((ran.code, ran.out.lines().count()), (1, findings), "`-` is standard output");
    let ran = run(&["check", "--format=sarrif=x", &input]);
    assert!(ran.code == 2 && ran.err.contains("'sarif'"), "{}", ran.err);
    let ran = run(&["check", "--format=sarif=", &input]);
    assert!(ran.code == 2 && ran.err.contains("names no file"), "{}", ran.err);
    let ran = run(&["check", "--format=sarif=/nowhere/x", &input]);
    assert!(ran.code == 2 && ran.err.contains("/nowhere/x"), "{}", ran.err);
}
