//! Small meshes with one fault each, or none, with the dumps that a real istiod makes of them
//! (`../shared/conformance/meshes`, whose README says what holds).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{files, folders, run, shared};

/// Families whose warnings are false in a mesh that only looks wrong. Advice is another matter.
const QUIET: [&str; 5] = ["reference", "routing", "visibility", "conflict", "proxy"];

struct Case {
    folder: PathBuf,
    name: String,
    truth: Value,
}

#[derive(Default)]
struct Tally {
    counts: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn judge(&mut self, what: &'static str, right: bool, words: impl FnOnce() -> String) {
        *self.counts.entry(what).or_default() += 1;
        if !right {
            self.wrong.push(words());
        }
    }
}

impl Case {
    fn of(folder: PathBuf) -> Option<Self> {
        let truth = std::fs::read_to_string(folder.join("case.json")).ok()?;
        let name = folder.file_name()?.to_string_lossy().into_owned();
        Some(Self { folder, name, truth: serde_json::from_str(&truth).unwrap() })
    }

    fn strings(&self, key: &str) -> Vec<&str> {
        strings(&self.truth[key])
    }

    /// What the binary finds in some files of the case; `state` is that of the mesh: `broken`,
    /// `fixed` or `healthy`.
    fn findings(&self, state: &str, inputs: &[PathBuf]) -> Vec<Value> {
        let inputs: Vec<String> = inputs.iter().map(|path| path.display().to_string()).collect();
        let mesh_config = self.folder.join(format!("{state}.meshconfig.yaml"));
        let option = format!("--mesh-config={}", mesh_config.display());
        let mut arguments = vec!["check", "--quiet", "--format=json"];
        arguments.extend(self.strings("arguments"));
        if mesh_config.is_file() {
            arguments.push(&option);
        }
        arguments.extend(inputs.iter().map(String::as_str));
        let ran = run(&arguments);
        assert!(ran.code <= 1, "{}: {arguments:?} exits with {}: {}", self.name, ran.code, ran.err);
        ran.findings()
    }

    fn manifests(&self, state: &str) -> PathBuf {
        self.folder.join(format!("{state}.yaml"))
    }

    fn dumps(&self, state: &str) -> Vec<PathBuf> {
        files(&self.folder.join(state), ".json")
    }

    /// The rules of the case for one dump.
    fn dump_rules(&self, dump: &Path) -> Vec<&str> {
        strings(&self.truth["dump_rules"][dump.file_stem().unwrap().to_str().unwrap()])
    }
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|entry| entry.as_str().unwrap()).collect()
}

fn rule(finding: &Value) -> &str {
    finding["rule"].as_str().unwrap()
}

fn is(finding: &Value, severity: &str) -> bool {
    finding["severity"] == severity
}

fn starts_on(finding: &Value, lines: &[u64]) -> bool {
    let related = finding["related"].as_array().unwrap().iter();
    let mut places = related.chain([finding]).filter_map(|place| place["location"]["line"].as_u64());
    places.any(|line| lines.contains(&line))
}

/// Findings on one line each, for messages.
fn brief(findings: &[Value]) -> String {
    let line = |finding: &Value| {
        let place = &finding["location"];
        format!("\n    {}:{} {} {}", place["line"], finding["severity"], finding["rule"], finding["message"])
    };
    if findings.is_empty() { " nothing".to_owned() } else { findings.iter().map(line).collect() }
}

/// The fault is found, where it is.
fn broken(case: &Case, tally: &mut Tally) {
    let rules = case.strings("manifest_rules");
    let lines: Vec<u64> =
        case.truth["manifest_lines"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let open = case.truth["rule_name_open"] == true;
    let found = case.findings("broken", &[case.manifests("broken")]);
    if !rules.is_empty() {
        let right =
            found.iter().any(|f| (open || rules.contains(&rule(f))) && (lines.is_empty() || starts_on(f, &lines)));
        tally.judge("faults in manifests", right, || {
            format!("{}: none of {rules:?} on lines {lines:?}, but{}", case.name, brief(&found))
        });
    }
    for dump in case.dumps("broken") {
        let found = case.findings("broken", std::slice::from_ref(&dump));
        for wanted in case.dump_rules(&dump) {
            let right = found.iter().any(|f| rule(f) == wanted);
            tally.judge("symptoms in dumps", right, || {
                format!("{}: no {wanted} in {}, but{}", case.name, dump.display(), brief(&found))
            });
        }
    }
}

/// What is repaired is not reported any more.
fn fixed(case: &Case, tally: &mut Tally) {
    let rules = case.strings("manifest_rules");
    let manifests = case.manifests("fixed");
    if !manifests.is_file() {
        return;
    }
    let found = case.findings("fixed", &[manifests]);
    let right = !found.iter().any(|f| is(f, "error") || rules.contains(&rule(f)));
    tally.judge("mended manifests", right, || format!("{} fixed:{}", case.name, brief(&found)));
    for dump in case.dumps("fixed") {
        let rules = case.dump_rules(&dump);
        let found = case.findings("fixed", std::slice::from_ref(&dump));
        let right = !found.iter().any(|f| is(f, "error") || rules.contains(&rule(f)));
        tally.judge("mended dumps", right, || format!("{}: {}:{}", case.name, dump.display(), brief(&found)));
    }
}

/// What only looks wrong is left alone: alone, and together.
fn quiet(case: &Case, tally: &mut Tally) {
    let mut inputs = case.dumps("healthy");
    inputs.push(case.manifests("healthy"));
    let alone = inputs.iter().map(|input| vec![input.clone()]);
    for inputs in alone.chain([inputs.clone()]) {
        let found = case.findings("healthy", &inputs);
        let is_false = |f: &Value| is(f, "error") || (is(f, "warning") && QUIET.iter().any(|q| f["family"] == *q));
        let right = !found.iter().any(is_false);
        tally.judge("traps", right, || format!("{} healthy: {inputs:?}:{}", case.name, brief(&found)));
    }
}

#[test]
fn faults_are_found_and_traps_are_not() {
    let Some(root) = shared("conformance/meshes") else { return };
    let cases: Vec<Case> = folders(&root).into_iter().filter_map(Case::of).collect();
    assert!(cases.len() > 20, "only {} cases in {}", cases.len(), root.display());
    let mut tally = Tally::default();
    for case in &cases {
        if case.truth["expect"] == "quiet" {
            quiet(case, &mut tally);
        } else {
            broken(case, &mut tally);
            fixed(case, &mut tally);
        }
    }
    println!("{} meshes: {:?}, wrong: {}", cases.len(), tally.counts, tally.wrong.len());
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
}
