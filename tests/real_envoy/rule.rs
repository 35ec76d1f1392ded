//! The rule `unreachable-route` against `reach`, on random configurations: it reports nothing that is reached, and
//! little of what is not is missing.

use std::collections::BTreeSet;
use std::process::Command;

use meshlint::document::Document;
use meshlint::envoy::dumps;
use meshlint::input::Text;
use meshlint::simulate::{EnvoyVersion, Reach, Simulator, reach};
use serde_json::{Value, json};

use super::generator;

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) routes: usize,
    pub(crate) unreachable: usize,
    pub(crate) reported: usize,
    pub(crate) undecided: usize,
    pub(crate) wrong: Vec<String>,
}

pub(crate) fn check(seeds: std::ops::Range<u64>) -> Outcome {
    let folder = std::env::temp_dir().join(format!("meshlint-rule-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut configs: Vec<(String, Value)> = Vec::new();
    for seed in seeds {
        let mut config = generator::case(seed, 0, false).config;
        config["@type"] = json!("type.googleapis.com/envoy.config.route.v3.RouteConfiguration");
        let file = folder.join(format!("{seed}.json"));
        std::fs::write(&file, config.to_string()).unwrap();
        configs.push((file.to_string_lossy().into_owned(), config));
    }
    let mut total = Outcome::default();
    for (file, config) in &configs {
        let reported = reported(file);
        let document = Document::read("config", Text::from(&*config.to_string()));
        let found = dumps(&document);
        let simulator = Simulator::of(&found[0], EnvoyVersion::parse("1.40"));
        // What comes to no virtual host at all is another rule's.
        let hosts = reach(&simulator).into_iter().filter(|host| matches!(host.verdict, Reach::Reachable(_)));
        for host in hosts {
            for (place, (_, verdict)) in host.routes.iter().enumerate() {
                total.routes += 1;
                let path = format!("/virtual_hosts/{}/routes/{place}/match", host.index);
                match (verdict, reported.contains(&path)) {
                    (Reach::Covered(_) | Reach::Impossible(_), is_reported) => {
                        total.unreachable += 1;
                        total.reported += usize::from(is_reported);
                    }
                    (Reach::Reachable(request), true) => {
                        total.wrong.push(format!("{file} {path} is reported, and reached by {request}"));
                    }
                    // A condition that nobody can decide covers itself.
                    (Reach::Unknown(_), true) => total.undecided += 1,
                    (_, false) => {}
                }
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    total
}

/// The places of the routes that are reported.
fn reported(file: &str) -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshlint"));
    let output = command.args(["check", file, "--format", "json", "--select", "unreachable-route"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().iter().map(|finding| finding["path"].as_str().unwrap().to_owned()).collect()
}
