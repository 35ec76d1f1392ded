//! Random meshes and whether each client can talk to each server, by a real istiod
//! (`../shared/conformance/istiod-mtls`): `mtls-conflict` may not be found where all can.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;
use std::path::Path;

use meshlint::engine::{Settings, run};
use meshlint::input::discover;
use serde_json::Value;

/// Services (`name.namespace`) that some client cannot talk to.
fn broken(truth: &Value) -> BTreeSet<String> {
    let fails = |pair: &&Value| pair["endpoints"].as_array().unwrap().iter().any(|e| e["works"] == Value::Bool(false));
    let pairs = truth["pairs"].as_array().unwrap().iter().filter(fails);
    let name = |pair: &Value| {
        let (namespace, name) = pair["service"].as_str().unwrap().split_once('/').unwrap();
        format!("{name}.{namespace}")
    };
    pairs.map(name).collect()
}

#[test]
fn no_conflict_is_found_where_all_can_talk() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/istiod-mtls");
    let Ok(folders) = std::fs::read_dir(&root) else {
        println!("skipped: {} is not here", root.display());
        return;
    };
    let mut settings = Settings::default();
    settings.mesh.complete.add("all").unwrap();
    let (mut right, mut missed, mut wrong) = (0, 0, Vec::new());
    for folder in folders.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let truth = serde_json::from_str(&std::fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap();
        let broken = broken(&truth);
        let analysis = run(discover(&[folder.join("manifests.yaml")]), &settings);
        let conflicts = analysis.findings.iter().filter(|finding| finding.rule.id == "mtls-conflict");
        let mut found = BTreeSet::new();
        for message in conflicts.map(|finding| &finding.message) {
            let service = broken.iter().find(|service| message.contains(&format!("to {service},")));
            match service {
                Some(service) => _ = found.insert(service),
                None => wrong.push(format!("{}: {message}", folder.display())),
            }
        }
        right += found.len();
        missed += broken.len() - found.len();
    }
    println!("{right} services with a conflict found, {missed} not yet, wrong: {}", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(right >= 23, "{right}");
}
