//! The example of the README: a small broken shop, its manifests and a dump of one of its proxies.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Ran, meshlint, run_with};

fn check(arguments: &[&str]) -> Ran {
    let mut command = meshlint();
    command.args(["check", "examples/shop"]).args(arguments);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("COLUMNS", "120");
    let ran = run_with(command, b"");
    assert_eq!(ran.code, 1, "{}", ran.err);
    ran
}

#[test]
fn the_shop_is_wrong_in_many_ways() {
    let findings: Vec<Value> = check(&["--format", "json"]).findings();
    let rules: BTreeSet<_> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert!(rules.len() >= 8, "{rules:?}");
    let in_proxies = findings.iter().filter(|finding| finding["proxy"].is_object());
    let tied = in_proxies.filter(|finding| finding["cause"].is_object()).count();
    assert!(tied >= 3, "{tied} findings of the dump are tied to manifests");
}

/// Every line that a user sees, but for the time that it took.
#[test]
fn the_whole_report() {
    let report = check(&[]).out;
    let timeless: Vec<_> = report.lines().map(|line| line.split(" · ").next().unwrap_or(line)).collect();
    insta::assert_snapshot!(timeless.join("\n"));
}

/// The README's lines about what was not evaluated are what is printed.
#[test]
fn the_readme_shows_what_is_printed() {
    let summary = check(&["--format", "concise"]).err;
    let readme = include_str!("../README.md");
    let open: Vec<_> = summary.lines().skip_while(|line| !line.starts_with("not evaluated")).collect();
    assert!(!open.is_empty());
    for line in open {
        assert!(readme.contains(line), "the README lacks: {line}");
    }
}
