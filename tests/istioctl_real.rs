//! What the real istioctl prints for the corpus (`../shared/conformance/istioctl-real/proxy-config`).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use meshlint::document::{Document, Node};
use meshlint::input::Text;
use rayon::prelude::*;
use serde_json::Value;

/// The day on which istioctl ran: the table of secrets says which certificates are valid.
const DAY: &str = "2026-11-20T17:30:00Z";

/// Differences that stay, by part of the file's name and command, with the reason.
const ACCEPTED: [(&str, &[&str], &str); 6] = [
    (COMPARE[0], &["cluster"], NO_TYPES),
    (COMPARE[0], &["listener", "--verbose=false"], NO_TYPES),
    (COMPARE[0], &["route", "--verbose=false"], NO_TYPES),
    (COMPARE[1], &["cluster"], NO_TYPES),
    (COMPARE[1], &["listener", "--verbose=false"], NO_TYPES),
    (COMPARE[1], &["route", "--verbose=false"], NO_TYPES),
];
const COMPARE: [&str; 2] =
    ["istio__istio__writer-compare-diffenvoyconfigdump.json", "istio__istio__writer-compare-pilotconfigdump.json"];
const NO_TYPES: &str = "the resources of this dump of 2018 have no @type; istioctl takes them for empty messages and \
                        prints rows without names, meshlint reads them";

struct Case {
    file: String,
    args: Vec<String>,
    json: Value,
}

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path)
}

fn cases() -> Option<Vec<Case>> {
    let folder = shared("conformance/istioctl-real/proxy-config");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not here", folder.display());
        return None;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths.iter().filter(|path| !path.ends_with("COUNTS.json")) {
        let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for case in json["cases"].as_array().unwrap() {
            let args = case["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap().to_owned()).collect();
            cases.push(Case { file: json["file"].as_str().unwrap().to_owned(), args, json: case.clone() });
        }
    }
    Some(cases)
}

fn meshlint(case: &Case) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshlint"));
    command.arg("proxy-config").args(&case.args).arg("--file").arg(shared(&case.file));
    if matches!(case.args[0].as_str(), "secret" | "all") {
        command.args(["--at", DAY]);
    }
    command.output().unwrap()
}

/// A document without the order of keys and the spelling of numbers.
fn meaning(text: &str) -> Value {
    let document = Document::read("", Text::from(text));
    let json = document.roots().next().map_or("null".to_owned(), Node::to_json);
    plain(serde_json::from_str(&json).unwrap())
}

fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, plain(value))).collect(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Number(number) => number.as_f64().into(),
        other => other,
    }
}

fn is_document(args: &[String]) -> bool {
    let format = args.iter().position(|arg| arg == "-o").map(|place| args[place + 1].as_str());
    matches!(format, Some("json" | "yaml")) || (format.is_none() && args[0] == "bootstrap")
}

/// The first line that differs.
fn difference(expected: &str, printed: &str) -> String {
    let mut lines = expected.lines().zip(printed.lines()).enumerate();
    let first = lines.find(|(_, (a, b))| a != b);
    let cut = |line: &str| line.chars().take(160).collect::<String>();
    first.map_or("one ends before the other".to_owned(), |(number, (a, b))| {
        format!("line {}:\n  istioctl {:?}\n  meshlint {:?}", number + 1, cut(a), cut(b))
    })
}

enum Verdict {
    Bytes,
    Document,
    Accepted(&'static str),
    Wrong(String),
}

fn judge(case: &Case) -> Verdict {
    let printed = String::from_utf8(meshlint(case).stdout).unwrap();
    let Some(expected) = case.json["stdout"].as_str() else {
        // Long outputs are there by their first bytes, number of lines and digest; the digest of
        // a table that has the same start and the same number of lines is not computed here.
        let head = case.json["stdout_head"].as_str().unwrap();
        let lines = case.json["stdout_lines"].as_u64().unwrap() as usize;
        let same = printed.starts_with(head) && printed.matches('\n').count().abs_diff(lines) <= 1;
        return if same { Verdict::Bytes } else { Verdict::Wrong(difference(head, &printed)) };
    };
    if printed == expected {
        return Verdict::Bytes;
    }
    if is_document(&case.args) && !printed.is_empty() && meaning(&printed) == meaning(expected) {
        return Verdict::Document;
    }
    let accepted = ACCEPTED.iter().find(|(file, args, _)| case.file.ends_with(file) && case.args == *args);
    match accepted {
        Some((_, _, reason)) => Verdict::Accepted(reason),
        None => Verdict::Wrong(difference(expected, &printed)),
    }
}

/// Where istioctl prints a table, so do we, and the same.
#[test]
fn tables_are_those_of_istioctl() {
    let Some(cases) = cases() else { return };
    let golden: Vec<&Case> = cases.iter().filter(|case| case.json["golden"] == true).collect();
    let verdicts: Vec<Verdict> = golden.par_iter().map(|case| judge(case)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, verdict) in golden.iter().zip(verdicts) {
        let name = format!("{} {}", case.file, case.args.join(" "));
        let count = match verdict {
            Verdict::Bytes => "the same bytes",
            Verdict::Document => "the same document",
            Verdict::Accepted(reason) => {
                reasons.entry(reason).or_default().push(name);
                "accepted differences"
            }
            Verdict::Wrong(why) => {
                wrong.push(format!("{name}\n{why}"));
                "wrong"
            }
        };
        *counts.entry(count).or_default() += 1;
    }
    println!("{} golden commands: {counts:?}", golden.len());
    for (reason, names) in reasons {
        println!("accepted: {reason}\n  {}", names.join("\n  "));
    }
    assert!(wrong.is_empty(), "{} wrong, such as\n{}", wrong.len(), wrong[..wrong.len().min(8)].join("\n"));
}

/// Where istioctl fails: a table if the file holds the section, else one clear line.
#[test]
fn every_other_command_gives_a_table_or_one_clear_line() {
    let Some(cases) = cases() else { return };
    let others: Vec<&Case> = cases.iter().filter(|case| case.json["golden"] != true).collect();
    let outputs: Vec<Output> = others.par_iter().map(|case| meshlint(case)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rescued: BTreeMap<&str, usize> = BTreeMap::new();
    for (case, output) in others.iter().zip(outputs) {
        let name = format!("{} {}", case.file, case.args.join(" "));
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            assert!(!stdout.is_empty(), "{name}");
            *counts
                .entry(if case.json["rc"] == 0 { "tables, as istioctl's" } else { "tables where istioctl fails" })
                .or_default() += 1;
            if case.json["rc"] != 0 {
                *rescued.entry(&case.file).or_default() += 1;
            }
            continue;
        }
        assert_eq!(output.status.code(), Some(3), "{name}: {stderr}");
        assert_eq!((stdout.as_ref(), stderr.lines().count()), ("", 1), "{name}: {stderr}");
        *counts.entry("one clear line").or_default() += 1;
    }
    println!("{} other commands: {counts:?}; tables from {} files more", others.len(), rescued.len());
}

/// `/clusters` says the same as text and as JSON.
#[test]
fn both_forms_of_clusters_give_one_table() {
    let folder = shared("corpus/envoy-dumps");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not here", folder.display());
        return;
    };
    let mut count = 0;
    for folder in entries.flatten().map(|entry| entry.path()).filter(|path| path.join("clusters.txt").exists()) {
        let table = |name: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_meshlint"));
            command.args(["proxy-config", "endpoints"]).arg(folder.join(name)).output().unwrap().stdout
        };
        assert_eq!(table("clusters.txt"), table("clusters.json"), "{}", folder.display());
        count += 1;
    }
    println!("{count} pages of /clusters give one table in both forms");
}
