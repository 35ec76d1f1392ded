//! Clients that are judged together find the same, one by one.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};

use meshlint::document::Document;
use meshlint::input::Text;
use meshlint::kube;
use meshlint::mesh::{Client, Mesh, Options, PreparedVirtualService, Scope};

/// What a client finds in a VirtualService, without what only says who it is.
fn found(mesh: &Mesh<'_>, client: &Client<'_>, service: &PreparedVirtualService<'_>) -> Vec<String> {
    let scope = Scope::of(mesh, client);
    let effect = scope.effect_of(mesh, service);
    let mut found: Vec<String> = effect.failures.iter().map(|(host, why)| format!("{host:?} {why:?}")).collect();
    for host in &effect.virtual_hosts {
        found.push(format!("{} {}", host.host, host.port));
        for used in scope.destinations(mesh, host) {
            found.push(format!("{:?} {} {} {:?}", used.destination.node, used.host, used.port, used.cluster));
        }
    }
    for used in scope.layer4_destinations(mesh, service) {
        found.push(format!("{:?} {} {} {:?}", used.destination.node, used.host, used.port, used.cluster));
    }
    found
}

/// Checks one set of manifests. Returns how many clients stood behind another.
fn check(text: &str, name: &Path) -> usize {
    let document = Document::read("manifests", Text::from(text));
    let objects = kube::objects(&document).0;
    let options = Options::default();
    let mesh = Mesh::new(&objects, &options);
    let mut represented = 0;
    for service in &mesh.virtual_services {
        let audiences = mesh.audiences(service);
        assert_eq!(audiences.iter().map(|a| a.len()).sum::<usize>(), mesh.clients.len(), "{}", name.display());
        for audience in audiences {
            let expected = found(&mesh, audience[0], service);
            for client in &audience[1..] {
                assert_eq!(found(&mesh, client, service), expected, "{} in {}", client.describe(), name.display());
                represented += 1;
            }
        }
    }
    represented
}

fn manifests(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn clients_that_are_judged_together_find_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    manifests(&root.join("testdata/rules"), &mut files);
    assert!(!files.is_empty());
    for folder in
        ["../shared/conformance/istiod-truth", "../shared/conformance/istiod-changes", "../shared/corpus/istiod"]
    {
        if !root.join(folder).is_dir() {
            println!("skipped: {folder} is not here");
        }
        manifests(&root.join(folder), &mut files);
    }
    let read = |path: &PathBuf| check(&std::fs::read_to_string(path).unwrap_or_default(), path);
    let represented: usize = files.iter().map(read).sum();
    println!("{} files, {represented} clients judged by another", files.len());
    assert!(represented > 0);
}
