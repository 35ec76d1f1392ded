//! The generated documentation says what the sources say. `UPDATE_DOCS=1 cargo test --test docs`
//! writes it anew.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use meshlint::finding::Family;
use meshlint::rules;
use support::{files, run};

fn docs(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(path)
}

/// The page of a rule as the program prints it, so that both are always the same.
fn page(id: &str) -> String {
    let ran = run(&["rule", id]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out
}

const TABLE: &str = "| rule | severity | what it finds | also known as |\n|---|---|---|---|\n";

fn index() -> String {
    let mut text = "# Rules\n\nGenerated from the sources (`UPDATE_DOCS=1 cargo test --test docs`). \
                    `meshlint rule ID` shows a page on the terminal, `meshlint rule --all` this list.\n"
        .to_owned();
    for family in Family::ALL {
        let of_family: Vec<_> = rules::all().filter(|rule| rule.meta.family == family).collect();
        if of_family.is_empty() {
            continue;
        }
        text.extend(["\n## ", family.name(), "\n\n", TABLE]);
        for rule in of_family {
            let meta = rule.meta;
            let summary = rules::first_sentence(&rules::manual(rule).summary);
            let aliases = meta.aliases.join(", ");
            text += format!("| [{0}]({0}.md) | {1} | {summary} | {aliases} |\n", meta.id, meta.severity).as_str();
        }
    }
    text
}

/// Every generated file with what it should hold.
fn wanted() -> BTreeMap<PathBuf, String> {
    let mut wanted: BTreeMap<PathBuf, String> =
        rules::all().map(|rule| (docs("rules").join(format!("{}.md", rule.meta.id)), page(rule.meta.id))).collect();
    wanted.insert(docs("rules/README.md"), index());
    let schema = serde_json::to_string_pretty(&meshlint::report::schema()).unwrap();
    wanted.insert(docs("schema/findings-v1.json"), schema + "\n");
    let config = serde_json::to_string_pretty(&meshlint::config::schema()).unwrap();
    wanted.insert(docs("schema/config-v1.json"), config + "\n");
    let tests = serde_json::to_string_pretty(&meshlint::route_tests::schema()).unwrap();
    wanted.insert(docs("schema/route-tests-v1.json"), tests + "\n");
    let rule = serde_json::to_string_pretty(&meshlint::declaration::schema()).unwrap();
    wanted.insert(docs("schema/rule-v1.json"), rule + "\n");
    let lines = serde_json::to_string_pretty(&meshlint::report::lines_schema()).unwrap();
    wanted.insert(docs("schema/findings-lines-v1.json"), lines + "\n");
    wanted
}

#[test]
fn generated_documentation_is_up_to_date() {
    let wanted = wanted();
    let is_update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut stale = Vec::new();
    for (path, text) in &wanted {
        if fs::read_to_string(path).is_ok_and(|there| there == *text) {
            continue;
        }
        stale.push(path.display().to_string());
        if is_update {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    for left_over in files(&docs("rules"), "").into_iter().filter(|path| !wanted.contains_key(path)) {
        stale.push(format!("{} (of no rule)", left_over.display()));
        if is_update {
            fs::remove_file(left_over).unwrap();
        }
    }
    println!("{} generated files, {} of them stale", wanted.len(), stale.len());
    assert!(is_update || stale.is_empty(), "run UPDATE_DOCS=1 cargo test --test docs\n{}", stale.join("\n"));
}
