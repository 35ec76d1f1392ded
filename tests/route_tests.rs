//! `meshlint test`: what passes, what is said of what does not, and tests from witnesses.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::{Path, PathBuf};

use meshlint::document::Document;
use meshlint::input::Text;
use serde_json::{Value, json};
use support::{Ran, files, meshlint, run, run_with, shared};

/// A route configuration whose ends depend on chance, and a service that has to be asked.
const DICE: &str = r#"{"name": "dice", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
    {"match": {"prefix": "/", "runtime_fraction": {"default_value": {"numerator": 10}}}, "name": "few",
     "direct_response": {"status": 202}},
    {"match": {"path": "/old"}, "name": "old", "redirect": {"path_redirect": "/new", "response_code": "FOUND"}},
    {"match": {"prefix": "/"}, "name": "many", "direct_response": {"status": 200}},
    {"match": {"prefix": "/never"}, "name": "never", "direct_response": {"status": 200}}]}]}"#;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("meshlint-route-tests-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("dice.json"), DICE).unwrap();
    folder
}

/// Runs tests that are written in a file beside the dice.
fn tested(name: &str, tests: &str, arguments: &[&str]) -> Ran {
    let folder = folder(name);
    std::fs::write(folder.join("dice.test.yaml"), tests).unwrap();
    let mut command = meshlint();
    command.arg("test").args(arguments).arg("dice.test.yaml").current_dir(&folder).env("COLUMNS", "110");
    let ran = run_with(command, b"");
    std::fs::remove_dir_all(folder).unwrap();
    ran
}

#[test]
fn the_examples_tests_pass_and_their_schema_takes_them() {
    let ran = run(&["test", "examples/shop"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "4 tests: 4 passed, 0 failed\n"), "{}", ran.err);
    let schema: Value = serde_json::from_str(&run(&["test", "--schema"]).out).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let text = std::fs::read_to_string("examples/shop/frontend.test.yaml").unwrap();
    let document = Document::read("", Text::from(text.as_str()));
    let example: Value = serde_json::from_str(&document.roots().next().unwrap().to_json()).unwrap();
    assert!(schema.is_valid(&example));
    assert!(!schema.is_valid(&json!({"tests": [{"name": "x", "request": {}, "expect": {"stat": 1}}]})));
}

#[test]
fn an_expectation_has_to_hold_whatever_chance_decides() {
    let always = "dump: dice.json\ndefaults: {authority: shop}\ntests:\n- {name: a, request: {path: /}, expect: {status: [200, 202]}}\n";
    assert_eq!(tested("always", always, &[]).code, 0);
    let both = "dump: dice.json\ndefaults: {authority: shop}\ntests:\n- {name: a, request: {path: /old}, expect: [{status: 202}, {location: http://shop/new, status: 302}]}\n";
    let ran = tested("both", both, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let one = "dump: dice.json\ndefaults: {authority: shop}\ntests:\n- {name: a, request: {path: /}, expect: {status: 200}}\n";
    assert_eq!(tested("one", one, &[]).code, 1);
    let stale = "dump: dice.json\ndefaults: {authority: shop}\ntests:\n- {name: a, request: {path: /}, expect: [{status: 202}, {status: 200}, {status: 404}]}\n";
    let ran = tested("stale", stale, &["--format", "concise"]);
    assert_eq!(ran.code, 1, "an end that never is");
    assert!(ran.out.contains("never ends so"), "{}", ran.out);
}

#[test]
fn failures_show_what_is_so_and_what_decided_it() {
    let tests = "dump: dice.json\ndefaults: {authority: shop}\ntests:\n- name: old pages move for good\n  request: {url: \"http://shop/old\"}\n  expect:\n    status: [301, 308]\n    location: http://shop/newer\n    route: old\n";
    let tests = format!("{tests}- name: nobody is served\n  request: {{path: /}}\n  expect: [{{status: 404}}]\n");
    insta::assert_snapshot!(tested("failures", &tests, &[]).out);
    insta::assert_snapshot!(tested("failures-junit", &tests, &["--format", "junit"]).out);
    let json = tested("failures-json", &tests, &["--format", "json"]).json();
    assert_eq!(json["failed"], 2);
    assert_eq!(json["files"][0]["tests"][0]["wrong"].as_array().unwrap().len(), 2, "{json}");
}

#[test]
fn what_is_no_route_test_is_refused_where_it_stands() {
    let tests = "dump: dice.json\ntest: []\ntests:\n- name: a\n  request: {port: x, headrs: {}, tls: {snii: a}}\n  expect: {status: 2000, cluser: a, action: redirekt}\n- request: {path: /}\n  expect: []\n";
    let ran = tested("faults", tests, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    insta::assert_snapshot!(ran.err);
}

#[test]
fn routes_that_no_test_reaches_are_listed_with_a_test() {
    let tests = "dump: dice.json\ndefaults: {authority: shop}\ntests:\n- {name: a, request: {path: /}, expect: {status: [200, 202]}}\n";
    let ran = tested("coverage", tests, &["--coverage"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.out);
    assert_eq!(tested("coverage-60", tests, &["--min-coverage", "60"]).code, 0);
    assert_eq!(tested("coverage-70", tests, &["--min-coverage", "70"]).code, 1);
}

#[test]
fn files_without_tests_and_dumps_are_told_apart() {
    assert_eq!(tested("none", "dump: dice.json\ntests: []\n", &[]).code, 3);
    assert_eq!(tested("no-dump", "tests: []\n", &[]).code, 2);
    assert_eq!(
        tested(
            "said",
            "tests:\n- {name: a, request: {path: /old, authority: shop}, expect: {status: [302, 202]}}\n",
            &["--dump", "dice.json"]
        )
        .code,
        0
    );
}

/// Tests that are written from witnesses pass, for every dump there is.
#[test]
fn tests_from_witnesses_pass() {
    let mut dumps = files(Path::new("examples/shop"), ".json");
    dumps.extend(shared("corpus/dumps").iter().flat_map(|folder| files(folder, ".json")));
    let folder = folder("witnesses");
    let (mut passed, mut without) = (0, 0);
    for dump in dumps {
        let dump = dump.to_str().unwrap();
        let written = run(&["reach", dump, "--format", "tests"]);
        if written.code != 0 {
            without += 1;
            continue;
        }
        let file = folder.join("all.test.yaml");
        std::fs::write(&file, written.out).unwrap();
        let ran = run(&["test", file.to_str().unwrap(), "--dump", dump]);
        assert_eq!(ran.code, 0, "{dump}: {}{}", ran.out, ran.err);
        passed += ran.out.split(' ').next().unwrap().parse::<usize>().unwrap();
    }
    std::fs::remove_dir_all(folder).unwrap();
    println!("{passed} tests from witnesses pass; {without} files without routes");
    assert!(passed > 0);
}
