//! What is found does not depend on how it is written: the fixtures of the rules as they are, as
//! one line of JSON per document, as indented JSON, as a list, and with their documents reversed.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use meshlint::document::Document;
use meshlint::input::Text;
use serde_json::{Value, json};
use support::{files, meshlint, run_with};

/// Rules about the text itself, or about what comments say.
const ABOUT_THE_TEXT: [&str; 5] =
    ["duplicate-key", "truncated-input", "unparsable-input", "unrendered-template", "unused-suppression"];

type Rewriting = fn(&[Value]) -> String;

const REWRITINGS: [(&str, Rewriting); 4] = [
    ("lines of JSON", |documents| lines(documents.iter().map(Value::to_string))),
    ("indented JSON", |documents| lines(documents.iter().map(|document| format!("{document:#}")))),
    ("a list", as_list),
    ("backwards", |documents| lines(documents.iter().rev().map(Value::to_string))),
];

fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}

fn as_list(documents: &[Value]) -> String {
    let is_object = |document: &Value| document.get("kind").is_some() && document.get("apiVersion").is_some();
    match documents.iter().all(is_object) {
        true => json!({"apiVersion": "v1", "kind": "List", "items": documents}).to_string(),
        false => lines(documents.iter().map(Value::to_string)),
    }
}

#[test]
fn the_same_is_found_however_it_is_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spellings");
    let mut compared = 0;
    for rule in fs::read_dir("testdata/rules").unwrap().flatten().map(|entry| entry.path()) {
        if ABOUT_THE_TEXT.iter().any(|id| rule.ends_with(id)) {
            continue;
        }
        for fixture in fs::read_dir(&rule).unwrap().flatten().map(|entry| entry.path()) {
            let Some(parts) = parts(&fixture) else { continue };
            let expected = findings(&folder, &parts, |part| part.text.clone());
            for (name, rewriting) in REWRITINGS {
                let found = findings(&folder, &parts, |part| match &part.documents {
                    Some(documents) => rewriting(documents),
                    None => part.text.clone(),
                });
                assert_eq!(found, expected, "{} as {name}", fixture.display());
                compared += 1;
            }
        }
    }
    println!("{compared} rewritings");
    assert!(compared > 800, "only {compared}");
}

/// A file of a fixture.
struct Part {
    name: PathBuf,
    text: String,
    /// What it says, unless it is an option of the command line or something is wrong with it.
    documents: Option<Vec<Value>>,
}

/// The files of a fixture; nothing where one is not UTF-8.
fn parts(fixture: &Path) -> Option<Vec<Part>> {
    let files = if fixture.is_dir() { files(fixture, "") } else { vec![fixture.to_owned()] };
    let base = fixture.parent().unwrap();
    files.into_iter().map(|file| part(base, &file)).collect()
}

fn part(base: &Path, file: &Path) -> Option<Part> {
    let text = fs::read_to_string(file).ok()?;
    let document = Document::read("", Text::from(text.as_str()));
    // Neither can be a list.
    let is_other = file.ends_with("arguments") || file.ends_with("kustomization.yaml");
    let is_sound = document.problems().is_empty() && !is_other;
    // Aliases and merge keys are written out by this; comments and styles are lost.
    let values: Option<Vec<Value>> = document.roots().map(|root| serde_json::from_str(&root.to_json()).ok()).collect();
    let documents = values.filter(|_| is_sound);
    Some(Part { name: file.strip_prefix(base).ok()?.to_owned(), text, documents })
}

/// What is found in the parts, written by `text`: without its places.
fn findings(folder: &Path, parts: &[Part], text: impl Fn(&Part) -> String) -> Vec<String> {
    let _ = fs::remove_dir_all(folder);
    for part in parts {
        let path = folder.join(&part.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text(part)).unwrap();
    }
    let mut command = meshlint();
    command.current_dir(folder).args(["check", "--format", "json"]).args(arguments(parts));
    let ran = run_with(command, b"");
    let identity = |finding: &Value| {
        let of = |key: &str| finding.get(key).unwrap_or(&Value::Null).to_string();
        ["rule", "severity", "resource", "proxy", "path", "message"].map(of).join(" ")
    };
    let mut found: Vec<String> = ran.findings().iter().map(identity).collect();
    found.sort();
    found
}

/// The arguments that the fixture names, and its files.
fn arguments(parts: &[Part]) -> Vec<String> {
    let named = parts.iter().find(|part| part.name.ends_with("arguments"));
    let first_line = || parts.first()?.text.lines().next()?.strip_prefix("# meshlint:");
    let words = named.map(|part| part.text.as_str()).or_else(first_line).unwrap_or_default();
    let mut arguments: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        // A path among them is one inside the folder.
        let option = parts.iter().find(|part| part.name.file_name().is_some_and(|name| name == word));
        arguments.push(option.map_or(word.to_owned(), |part| part.name.display().to_string()));
    }
    let is_input = |part: &&Part| !part.name.ends_with("arguments");
    let inputs = parts.iter().filter(is_input).map(|part| part.name.display().to_string());
    let inputs: Vec<String> = inputs.filter(|input| !arguments.contains(input)).collect();
    arguments.extend(inputs);
    arguments
}
