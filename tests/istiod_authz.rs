//! Random authorization policies, translated by a real istiod and decided by a real Envoy
//! (`../shared/conformance/istiod-authz`), and istiod's own pairs of policy and filter
//! (`../shared/conformance/istiod-xds/authz-builder`).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::io::Read;
use std::path::{Path, PathBuf};

use meshlint::authz::policies::{self, Mesh, TrustDomains};
use meshlint::authz::{Filters, Request, generated};
use meshlint::document::Document;
use meshlint::input::Text;
use meshlint::istio::AuthorizationPolicy;
use meshlint::kube::objects;
use serde_json::Value;

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}

fn read(path: &Path) -> Document {
    let bytes = std::fs::read(path).unwrap();
    let mut text = Vec::new();
    match path.extension().is_some_and(|e| e == "gz") {
        true => _ = flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap(),
        false => text = bytes,
    }
    Document::read(path.display().to_string(), Text::from(text))
}

/// Differences between decisions and what Envoy answered.
fn disagreements(filters: &Filters<'_>, requests: &Path, found: &mut Vec<String>) -> usize {
    let text = std::fs::read_to_string(requests).unwrap();
    for line in text.lines() {
        let truth: Value = serde_json::from_str(line).unwrap();
        let decision = filters.decide(&Request::of(&truth).unwrap()).unwrap();
        let details = if truth["allowed"] == true { None } else { truth["details"].as_str() };
        if decision.is_allowed != (truth["allowed"] == true) || decision.details.as_deref() != details {
            found.push(format!("{} {line}\n  {decision:?}", requests.display()));
        }
    }
    text.lines().count()
}

#[test]
fn decisions_are_those_of_envoy() {
    let Some(root) = shared("istiod-authz") else { return };
    let mut sets: Vec<_> =
        std::fs::read_dir(root).unwrap().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    sets.sort();
    let (mut of_dumps, mut of_manifests) = (Vec::new(), Vec::new());
    let mut count = 0;
    for set in &sets {
        let requests = set.join("requests.jsonl");
        let dump = read(&set.join("alpha.web-v1.json.gz"));
        count += disagreements(&Filters::of_dump(&dump).unwrap(), &requests, &mut of_dumps);
        let manifests = [read(&set.join("manifests.yaml"))];
        let applicable = policies::applicable(&manifests, "alpha/web-v1", "istio-system").unwrap();
        let document = generated(&applicable.policies, &Mesh::default());
        disagreements(&Filters::of_generated(&document), &requests, &mut of_manifests);
    }
    println!(
        "{} sets, {count} requests: {} disagreements from dumps, {} from manifests",
        sets.len(),
        of_dumps.len(),
        of_manifests.len()
    );
    assert!(of_dumps.is_empty() && of_manifests.is_empty(), "{}\n{}", of_dumps.join("\n"), of_manifests.join("\n"));
}

/// A pair that no test of istiod uses any more.
const BEFORE_1_11: &str = "allow-host-before-111";
const BEFORE_1_11_REASON: &str = "the filter of Istio before 1.11, which compared hosts by (?i) expressions";

/// Filters of the authorizers themselves: they come of the mesh configuration, not of policies.
const EXTERNAL: &str = "ext_authz";

fn mesh_for(case: &str) -> Mesh {
    let aliases = |domain: &str, aliases: &[&str]| TrustDomains::new(domain, aliases.iter().map(|a| (*a).to_owned()));
    let trust_domains = match case {
        "simple-policy-td-aliases" => aliases("td1", &["cluster.local"]),
        "simple-policy-multiple-td-aliases" => aliases("td1", &["cluster.local", "some-td"]),
        "simple-policy-principal-with-wildcard" => aliases("td1", &["foobar"]),
        "td-aliases-source-principal" => aliases("new-td", &["old-td", "some-trustdomain"]),
        _ => TrustDomains::default(),
    };
    let providers = case.contains("custom-bad").then(Vec::new);
    Mesh { trust_domains, providers }
}

fn normal(value: &Value) -> Value {
    serde_json::from_str(&Document::read("", Text::from(value.to_string().as_str())).roots().next().unwrap().to_json())
        .unwrap()
}

#[test]
fn filters_are_those_of_istiod() {
    let Some(root) = shared("istiod-xds/authz-builder") else { return };
    let (mut groups, mut files, mut external) = (0, 0, 0);
    let mut wrong = Vec::new();
    for kind in ["http", "tcp"] {
        let mut outputs: Vec<_> = std::fs::read_dir(root.join(kind)).unwrap().flatten().map(|e| e.path()).collect();
        outputs.sort();
        let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        for input in outputs.iter().filter(|path| name(path).ends_with("-in")) {
            let case = name(input).trim_end_matches("-in").to_owned();
            // One input serves several mesh configurations.
            let cases: Vec<String> = match case.as_str() {
                "custom-simple-http" => {
                    ["custom-bad", "custom-grpc-provider", "custom-grpc-provider-no-namespace", "custom-http-provider"]
                        .map(str::to_owned)
                        .to_vec()
                }
                _ => vec![case],
            };
            groups += 1;
            for case in cases {
                let manifests = read(input);
                let (objects, _) = objects(&manifests);
                let policies: Vec<_> = objects.into_iter().filter_map(AuthorizationPolicy::of).collect();
                let made = policies::filters(&policies, &mesh_for(&case), kind == "tcp");
                let made: Vec<Value> = made.iter().map(|filter| normal(&filter.json)).collect();
                let own = |path: &&PathBuf| {
                    let name = name(path);
                    let name = name.strip_prefix("extended-").unwrap_or(&name);
                    name.strip_prefix(&case).is_some_and(|rest| rest.strip_prefix("-out").is_some_and(|n| n.len() < 2))
                };
                for output in outputs.iter().filter(own) {
                    let document = read(output);
                    let wanted: Value = serde_json::from_str(&document.roots().next().unwrap().to_json()).unwrap();
                    if wanted["name"].as_str().unwrap().contains(EXTERNAL) {
                        external += 1;
                        continue;
                    }
                    if case == BEFORE_1_11 {
                        println!("accepted: {}: {BEFORE_1_11_REASON}", output.display());
                        continue;
                    }
                    files += 1;
                    if !made.contains(&wanted) {
                        let made: Vec<String> = made.iter().map(Value::to_string).collect();
                        wrong.push(format!("{}\n  wanted {wanted}\n  made   {}", output.display(), made.join(" ")));
                    }
                }
            }
        }
    }
    println!(
        "{groups} groups: {} of {files} RBAC filters reproduced, {external} ext_authz filters not judged",
        files - wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n").chars().take(6000).collect::<String>());
}
