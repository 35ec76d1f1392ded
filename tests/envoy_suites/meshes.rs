use std::path::{Path, PathBuf};

use meshlint::envoy::dumps;
use meshlint::simulate::{Line, Simulator};
use serde_json::{Value, json};

use super::{Tally, file, shared};

fn request_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            request_files(&path, found);
        } else if path.to_string_lossy().ends_with(".requests.jsonl") {
            found.push(path);
        }
    }
}

fn agrees(expected: &Value, got: &Value) -> bool {
    let names = |state: Option<&str>| -> Vec<&str> {
        let clusters = got["clusters"].as_array().unwrap().iter();
        let fitting = clusters.filter(|c| state.is_none_or(|state| c["state"] == state));
        let mut names: Vec<&str> = fitting.map(|c| c["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        names
    };
    let listed = |key: &str| -> Vec<&str> {
        let list = expected[key].as_array().into_iter().flatten();
        let mut names: Vec<&str> = list.map(|v| v.as_str().unwrap()).collect();
        names.sort_unstable();
        names
    };
    let same = |key: &str| expected.get(key).is_none_or(|value| got[key] == *value);
    let clusters = expected.get("clusters").is_none()
        || (names(None) == listed("clusters")
            && names(Some("missing")) == listed("missing_clusters")
            && names(Some("no-endpoints")) == listed("clusters_without_endpoints"));
    let action = expected.get("action").is_none_or(|action| action[0] == got["action"]);
    let keys = ["virtual_host", "virtual_host_index", "route_index", "status", "flags", "details"];
    keys.into_iter().all(same) && clusters && action
}

fn run(folder: &str) {
    let Some(folder) = shared(folder) else { return };
    let (mut tally, mut found) = (Tally::default(), Vec::new());
    request_files(&folder, &mut found);
    for path in &found {
        let dump = PathBuf::from(path.to_string_lossy().replace(".requests.jsonl", ".json"));
        let document = file(&dump);
        let dump = dumps(&document).pop().unwrap();
        let simulator = Simulator::of(&dump, None);
        for text in std::fs::read_to_string(path).unwrap().lines() {
            let line = Line::parse(text).unwrap();
            let expected = &serde_json::from_str::<Value>(text).unwrap()["answer"];
            let got = simulator.answer(&line.request, line.entry()).to_json(&json!(0));
            tally.check(agrees(expected, &got), || format!("{}: {text} got {got}", path.display()));
        }
    }
    tally.finish(&format!("{} ({} files)", folder.display(), found.len()), "requests");
}

#[test]
fn requests_to_small_meshes() {
    run("conformance/meshes");
}

#[test]
fn requests_to_the_corpus() {
    run("corpus/istiod");
}
