//! Every input on which fuzzing once found a fault. `testdata/fuzz/` has a folder per target.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::path::{Path, PathBuf};

use meshlint::document::{Document, Format, ProblemKind};
use meshlint::engine::Settings;

#[path = "invariants/documents.rs"]
mod documents;
#[path = "invariants/runs.rs"]
mod runs;

fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/fuzz").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn json_is_read_within_its_text() {
    for (path, bytes) in inputs("json") {
        println!("{}", path.display());
        let document = documents::read(&bytes);
        documents::spans_are_in_the_text(&document);
        documents::pointers_lead_back(&document);
        if document.format() == Format::Json {
            documents::spans_nest_and_ascend(&document);
        }
        documents::agrees_with_serde_json(&document);
    }
}

#[test]
fn yaml_is_read_within_its_text() {
    for (path, bytes) in inputs("yaml") {
        println!("{}", path.display());
        let document = documents::read(&bytes);
        documents::spans_are_in_the_text(&document);
        documents::pointers_lead_back(&document);
    }
}

#[test]
fn runs_point_into_their_files() {
    for (path, bytes) in inputs("check") {
        println!("{}", path.display());
        let files: Vec<&[u8]> = bytes.split(|b| *b == 0).collect();
        let files = runs::Files::write(&files, "yaml", true);
        files.check(&files.run(&Settings::default()));
    }
}

fn exhausts_the_budget(document: &Document) -> bool {
    document.problems().iter().any(|problem| problem.kind == ProblemKind::AliasBudget)
}

#[test]
fn many_small_alias_bombs_are_as_harmless_as_one() {
    let ten = |name: &str| format!("[{}]", [name; 10].join(","));
    let bomb = format!("---\na: &a {}\nb: &b {}\nc: &c {}\nd: {}\n", ten("x"), ten("*a"), ten("*b"), ten("*c"));
    let document = documents::read(bomb.repeat(400).as_bytes());
    assert!(exhausts_the_budget(&document));
    assert!(document.node_count() < 250_000, "{}", document.node_count());
}

#[test]
fn copies_of_long_texts_count_by_their_length() {
    let long = "x".repeat(30_000);
    let document = documents::read(format!("a: &a \"\\t{long}\"\nb: [{}]\n", vec!["*a"; 10_000].join(",")).as_bytes());
    assert!(exhausts_the_budget(&document));
    let texts = |document: &Document| {
        let nodes = (0..document.node_count() as u32).filter_map(|index| document.node(index)?.text());
        nodes.map(str::len).sum::<usize>()
    };
    assert!(texts(&document) < 5_000_000);
}

#[test]
fn merging_the_same_members_again_and_again_ends() {
    let members: Vec<_> = (0..4000).map(|i| format!("k{i}: 1")).collect();
    let text = format!("a: &a {{{}}}\nb:\n  <<: [{}]\n", members.join(","), vec!["*a"; 24].join(","));
    assert_eq!(documents::read(text.as_bytes()).roots().count(), 1);
}
