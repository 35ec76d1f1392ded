//! Every input on which fuzzing once found a fault. `testdata/fuzz/` has a folder per target.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs, dead_code)]

use std::path::{Path, PathBuf};

use meshlint::document::Format;
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
