//! Real files (`../shared/corpus`): each is read or refused with a reason, whatever the number of
//! threads, and what is healthy is left alone.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use meshlint::engine::{Analysis, InputKind, Settings, run};
use meshlint::finding::{Finding, Severity};
use meshlint::input::discover;
use meshlint::report::{self, Format, Style};
use rayon::prelude::*;
use support::{everything_in, files, folders, shared};

/// An error in a healthy sample that is true.
struct TrueError {
    /// The mesh, or the start of its name.
    mesh: &'static str,
    rules: &'static [&'static str],
    /// Words of the message.
    words: &'static str,
    /// Why the sample has it.
    reason: &'static str,
}

const EMPTY_SUBSET: &[&str] = &["subset-selects-nothing", "no-endpoints"];

const TRUE_ERRORS: [TrueError; 4] = [
    TrueError {
        mesh: "bookinfo-virtual-service-details-v2",
        rules: EMPTY_SUBSET,
        words: "of details.default",
        reason: "plain bookinfo does not deploy details v2",
    },
    TrueError {
        mesh: "bookinfo-virtual-service-ratings-db",
        rules: EMPTY_SUBSET,
        words: "of ratings.default",
        reason: "plain bookinfo does not deploy ratings v2",
    },
    TrueError {
        mesh: "bookinfo-virtual-service-ratings-mysql",
        rules: EMPTY_SUBSET,
        words: "of ratings.default",
        reason: "plain bookinfo deploys no ratings with MySQL, neither in a pod nor on a machine",
    },
    TrueError {
        mesh: "electronic-shop",
        rules: &["missing-cluster"],
        words: "that is not there",
        reason: "the egress gateway to which it sends its calls out is not installed",
    },
];

/// Why a file was neither read nor refused as it should be.
fn complaint(analysis: &Analysis, file: &Path) -> Option<String> {
    let member = format!("{}!", file.display());
    match (&analysis.inputs[..], &analysis.unreadable[..]) {
        ([_], []) => None,
        (members @ [_, ..], []) if members.iter().all(|input| input.name.starts_with(&member)) => None,
        ([], [(_, reason)]) if !reason.is_empty() && !reason.contains('\n') => None,
        other => Some(format!("{other:?}")),
    }
}

fn kind(analysis: &Analysis) -> &'static str {
    match analysis.inputs.first().map(|input| &input.kind) {
        Some(InputKind::Manifests(_) | InputKind::Patch) => "manifests",
        Some(InputKind::Dump(_)) => "dumps",
        Some(InputKind::Recorded(_)) => "recorded",
        Some(InputKind::Other) if analysis.findings.is_empty() => "something else",
        Some(InputKind::Other) => "broken",
        None => "unreadable",
    }
}

#[test]
fn every_file_is_read_or_refused() {
    let Some(root) = shared("corpus") else { return };
    let all = everything_in(&root);
    let judged: Vec<(&'static str, Option<String>)> = all
        .par_iter()
        .map(|file| {
            let analysis = run(discover(std::slice::from_ref(file)), &Settings::default());
            (kind(&analysis), complaint(&analysis, file).map(|why| format!("{}: {why}", file.display())))
        })
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, _) in &judged {
        *counts.entry(kind).or_default() += 1;
    }
    let wrong: Vec<&String> = judged.iter().filter_map(|(_, complaint)| complaint.as_ref()).collect();
    println!("{} files: {counts:?}, wrong: {}", all.len(), wrong.len());
    assert_eq!(wrong, Vec::<&String>::new());
    assert!(counts["manifests"] > 1000 && counts["dumps"] > 100, "hardly anything was recognised: {counts:?}");
}

/// A report of one folder as a program gets it, made by so many threads.
fn report_of(folder: &Path, threads: usize) -> String {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let analysis = pool.install(|| run(discover(&[folder.to_owned()]), &Settings::default()));
    let mut out = Vec::new();
    let style = Style { color: false, hyperlinks: false, width: 120 };
    report::write(&analysis, Format::Json, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let Some(root) = shared("corpus") else { return };
    let mut bytes = 0;
    for folder in folders(&root) {
        let one = report_of(&folder, 1);
        let four = report_of(&folder, 4);
        let differing = one.lines().zip(four.lines()).find(|(a, b)| a != b);
        assert!(one == four, "{}: {differing:?}", folder.display());
        bytes += one.len();
    }
    println!("{bytes} bytes of reports are the same with 1 and with 4 threads");
}

/// The place in the list of an error that is true.
fn known(mesh: &str, finding: &Finding) -> Option<usize> {
    let is_it = |known: &TrueError| {
        mesh.starts_with(known.mesh) && known.rules.contains(&finding.rule.id) && finding.message.contains(known.words)
    };
    TRUE_ERRORS.iter().position(is_it)
}

/// What a mesh holds, as one looks at it: its manifests, each dump, and all of it.
fn views(mesh: &Path) -> Vec<Vec<PathBuf>> {
    let manifests = mesh.join("manifests.yaml");
    let dumps = files(mesh, ".json");
    let mut views: Vec<Vec<PathBuf>> = dumps.iter().map(|dump| vec![dump.clone()]).collect();
    views.push(vec![manifests.clone()]);
    views.push(dumps.into_iter().chain([manifests]).collect());
    views
}

#[test]
fn healthy_samples_have_no_errors() {
    let Some(root) = shared("corpus/istiod") else { return };
    let mut wrong = Vec::new();
    let mut seen = [0; TRUE_ERRORS.len()];
    let (mut meshes, mut looked) = (0, 0);
    for mesh in folders(&root) {
        let name = mesh.file_name().unwrap().to_string_lossy().into_owned();
        meshes += 1;
        for view in views(&mesh) {
            looked += 1;
            let analysis = run(discover(&view), &Settings::default());
            for finding in analysis.findings.iter().filter(|f| f.severity == Severity::Error) {
                if let Some(place) = known(&name, finding) {
                    seen[place] += 1;
                    continue;
                }
                let place = &finding.location;
                wrong.push(format!("{}:{} {} {}", place.file, place.start.line, finding.rule.id, finding.message));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    let known: usize = seen.iter().sum();
    println!("{meshes} healthy meshes in {looked} views: {known} errors known to be true, wrong: {}", wrong.len());
    for (count, known) in seen.iter().zip(&TRUE_ERRORS) {
        println!("  {} in {}: {}", count, known.mesh, known.reason);
        assert!(*count > 0, "{} has no such error any more: take it off the list", known.mesh);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is judged by itself: a project, the dumps, a mesh, the bundle.
fn units(root: &Path) -> Vec<PathBuf> {
    let whole = ["dumps", "bundle-sample"].map(|name| root.join(name));
    let each = ["manifests", "envoy-dumps", "istiod"].iter().flat_map(|name| folders(&root.join(name)));
    each.chain(whole).collect()
}

/// `1 error, 2 warnings, 3 notes`.
fn counted(counts: [usize; 3]) -> String {
    let words = ["error", "warning", "note"];
    let parts = counts.iter().zip(words).filter(|(count, _)| **count > 0);
    let parts: Vec<String> =
        parts.map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" })).collect();
    parts.join(", ")
}

#[test]
fn the_page_says_how_often_each_rule_fires() {
    let Some(root) = shared("corpus") else { return };
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for unit in units(&root) {
        for finding in run(discover(&[unit]), &Settings::default()).findings {
            let place = match finding.severity {
                Severity::Error => 0,
                Severity::Warning => 1,
                Severity::Info => 2,
            };
            counts.entry(finding.rule.id).or_default()[place] += 1;
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/corpus.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let header = "|---|---|---|---|\n";
    let (before, rest) = page.split_once(header).unwrap();
    let (rows, after) = rest.split_once("\n\n").unwrap();
    // Where a rule fires and whether that is right is for somebody to say who has looked.
    let known: BTreeMap<&str, (&str, &str)> = rows
        .lines()
        .map(|row| row.strip_prefix("| ").unwrap().splitn(3, " | ").collect::<Vec<_>>())
        .map(|row| (row[0], (row[1], row[2])))
        .collect();
    let row = |(rule, found): (&&str, &[usize; 3])| {
        let (before, verdict) = known.get(*rule).copied().unwrap_or(("", "? | ? |"));
        // Certificates expire as time goes by.
        let count = if *rule == "expired-certificate" { before.to_owned() } else { counted(*found) };
        format!("| {rule} | {count} | {verdict}")
    };
    let rows: Vec<String> = counts.iter().map(row).collect();
    let expected = format!("{before}{header}{}\n\n{after}", rows.join("\n"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    println!("{} rules fire in the corpus", counts.len());
    let differing = expected.lines().zip(page.lines()).find(|(now, then)| now != then);
    assert!(expected == page, "docs/corpus.md (UPDATE_DOCS=1 makes it anew): {differing:?}");
    assert!(!page.contains("| ? |"), "docs/corpus.md lacks a verdict");
}
