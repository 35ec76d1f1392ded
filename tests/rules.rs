//! The fixtures of the rules: `testdata/rules/<rule-id>/`, or the examples in `rules/<rule-id>.yaml`
//! of those that are declared.
//!
//! - `bad*` makes the rule fire, once for every way in which the rule can fire; what is said of it
//!   stands in `snapshots/rules/<rule-id>.snap` (`cargo insta review`, or `INSTA_UPDATE=always`).
//! - `good*` looks like a bad one and is right: the rule says nothing, and no other rule has more
//!   than a note.
//!
//! A fixture is a file, or a folder whose files belong together. Further arguments of `check` stand
//! in the first line of a YAML file, `# meshlint: --complete all`, or in a file `arguments` of the
//! folder; a path in them is one inside the folder.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use meshlint::declaration::Declaration;
use meshlint::document::{Document, Node};
use meshlint::engine::{Analysis, Settings, run};
use meshlint::finding::{Family, Finding, Severity};
use meshlint::input::{Text, discover};
use meshlint::report::{self, Format, Style};
use meshlint::rules::{self, Rule};
use support::{files, folders};

/// Relative, so that reports are the same on every machine: tests run in the project's root.
const FIXTURES: &str = "testdata/rules";
const SNAPSHOTS: &str = "snapshots/rules";
/// What every manual tells, in this order.
const HEADINGS: [&str; 6] =
    ["What it finds", "Why it matters", "Example", "Use instead", "When to ignore it", "Inputs"];

struct Fixture {
    path: PathBuf,
    files: Vec<PathBuf>,
    settings: Settings,
}

impl Fixture {
    fn of(path: PathBuf) -> Self {
        let (files, arguments) =
            if path.is_dir() { of_folder(&path) } else { (vec![path.clone()], of_first_line(&path)) };
        let settings = settings(&arguments, &path);
        Self { path, files, settings }
    }

    fn analysis(&self) -> Analysis {
        let analysis = run(discover(&self.files), &self.settings);
        assert_eq!(analysis.unreadable, [], "{}", self.path.display());
        analysis
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap().to_string_lossy().into_owned()
    }
}

fn of_folder(path: &Path) -> (Vec<PathBuf>, String) {
    let arguments = fs::read_to_string(path.join("arguments")).unwrap_or_default();
    let is_option =
        |file: &PathBuf| arguments.split_whitespace().any(|word| Path::new(word) == file.file_name().unwrap());
    let inputs = files(path, "").into_iter().filter(|file| !file.ends_with("arguments") && !is_option(file));
    (inputs.collect(), arguments.clone())
}

fn of_first_line(path: &Path) -> String {
    // Some fixtures are not UTF-8: that is what is wrong with them.
    let text = fs::read(path).unwrap();
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first).into_owned();
    first.strip_prefix("# meshlint:").unwrap_or_default().to_owned()
}

/// The few options that fixtures need; any other one is a mistake in the fixture.
fn settings(arguments: &str, folder: &Path) -> Settings {
    let mut settings = Settings::default();
    let mut words = arguments.split_whitespace();
    while let Some(option) = words.next() {
        let value = words.next().unwrap_or_else(|| panic!("{}: {option} has no value", folder.display()));
        match option {
            "--complete" => value.split(',').for_each(|kind| settings.mesh.complete.add(kind).unwrap()),
            "--namespace" => settings.namespace = Some(value.to_owned()),
            "--root-namespace" => value.clone_into(&mut settings.mesh.root_namespace),
            "--mesh-config" => {
                let document = Document::read("", Text::from(fs::read(folder.join(value)).unwrap()));
                settings.mesh.apply_mesh_config(document.roots().next().unwrap());
            }
            other => panic!("{}: {other} is no option of fixtures", folder.display()),
        }
    }
    settings
}

/// The examples of declarative rules as files.
static EXAMPLES: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    let _ = fs::remove_dir_all(&root);
    rules::declarations().for_each(|(declaration, _)| write_examples(&root, declaration));
    root
});

fn write_examples(root: &Path, declaration: &Declaration) {
    let folder = root.join(declaration.meta.id);
    fs::create_dir_all(&folder).unwrap();
    for (number, example) in (1..).zip(declaration.examples()) {
        let name = if example.is_bad { "bad" } else { "good" };
        fs::write(folder.join(format!("{name}-{number}.yaml")), &example.text).unwrap();
    }
}

/// Where the fixtures of a rule are.
fn folder_of(id: &str) -> PathBuf {
    let is_declared = rules::declarations().any(|(declaration, _)| declaration.meta.id == id);
    if is_declared { EXAMPLES.join(id) } else { Path::new(FIXTURES).join(id) }
}

/// The fixtures of a rule whose names start with `kind`.
fn fixtures(id: &str, kind: &str) -> Vec<Fixture> {
    let folder = folder_of(id);
    let mut paths = files(&folder, "");
    paths.extend(folders(&folder));
    paths.sort();
    let fixtures = paths.into_iter().filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(kind));
    fixtures.map(Fixture::of).collect()
}

fn concise(analysis: &Analysis) -> String {
    let mut out = Vec::new();
    let style = Style { color: false, hyperlinks: false, width: 120 };
    report::write(analysis, Format::Concise, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_rule_has_fixtures_and_every_fixture_a_rule() {
    let mut counts = [0, 0];
    let mut wrong = Vec::new();
    for rule in rules::all() {
        for (place, kind) in ["bad", "good"].into_iter().enumerate() {
            let count = fixtures(rule.meta.id, kind).len();
            counts[place] += count;
            if count == 0 {
                wrong.push(format!("{} has no {kind} fixture", rule.meta.id));
            }
        }
    }
    let ids: BTreeSet<&str> = rules::all().map(|rule| rule.meta.id).collect();
    for folder in folders(Path::new(FIXTURES)) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !ids.contains(name.as_str()) {
            wrong.push(format!("{} is of no rule", folder.display()));
        }
        for entry in fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            if !name.starts_with("bad") && !name.starts_with("good") {
                wrong.push(format!("{}/{name} is neither bad nor good", folder.display()));
            }
        }
    }
    for snapshot in files(Path::new(SNAPSHOTS), ".snap") {
        let name = snapshot.file_stem().unwrap().to_string_lossy().into_owned();
        if !ids.contains(name.as_str()) {
            wrong.push(format!("{} is of no rule", snapshot.display()));
        }
    }
    println!("{} rules, {} bad and {} good fixtures", ids.len(), counts[0], counts[1]);
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn bad_fixtures_make_their_rule_fire() {
    let mut silent = Vec::new();
    let mut changed = Vec::new();
    for rule in rules::all() {
        let mut said = String::new();
        for fixture in fixtures(rule.meta.id, "bad") {
            let analysis = fixture.analysis();
            if !analysis.findings.iter().any(|finding| finding.rule == rule.meta) {
                silent.push(format!("{}:\n{}", fixture.path.display(), concise(&analysis)));
            }
            said.extend(["── ", &fixture.name(), "\n", &concise(&analysis)]);
        }
        let folder = format!("{}/", folder_of(rule.meta.id).display());
        let said = said.replace(&folder, "");
        // Go on with the other rules: all that changed is seen in one run.
        let snapshot = std::panic::catch_unwind(|| {
            insta::with_settings!({
                snapshot_path => "../snapshots/rules",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(rule.meta.id, said) });
        });
        if snapshot.is_err() {
            changed.push(rule.meta.id);
        }
    }
    assert!(silent.is_empty(), "these do not make their rule fire:\n{}", silent.join("\n"));
    assert_eq!(changed, Vec::<&str>::new(), "their snapshots changed");
}

#[test]
fn good_fixtures_are_left_alone() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        for fixture in fixtures(rule.meta.id, "good") {
            let analysis = fixture.analysis();
            let is_wrong = |f: &&Finding| f.rule == rule.meta || f.severity > Severity::Info;
            if analysis.findings.iter().any(|finding| is_wrong(&finding)) {
                wrong.push(format!("{}:\n{}", fixture.path.display(), concise(&analysis)));
            }
            assert!(!analysis.inputs.is_empty(), "{} holds nothing", fixture.path.display());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All fixtures that are one file.
fn single_files() -> Vec<Fixture> {
    let of_rule = |rule: &Rule| [fixtures(rule.meta.id, "bad"), fixtures(rule.meta.id, "good")];
    let all = rules::all().flat_map(of_rule).flatten();
    all.filter(|fixture| fixture.path.is_file()).collect()
}

/// What is found in a fixture whose text was changed. Names are cut off, so that only places and
/// words are left.
fn found_in(fixture: &Fixture, text: &[u8]) -> Vec<String> {
    let thread = format!("{:?}", std::thread::current().id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rules").join(thread);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(fixture.name());
    fs::write(&file, text).unwrap();
    let analysis = run(discover(std::slice::from_ref(&file)), &fixture.settings);
    let prefix = format!("{}:", file.display());
    concise(&analysis).lines().map(|line| line.strip_prefix(&prefix).unwrap_or(line).to_owned()).collect()
}

/// Files that were written on Windows say the same, at the same places.
#[test]
fn line_endings_change_nothing() {
    let mut compared = 0;
    for fixture in single_files() {
        let Ok(text) = fs::read_to_string(&fixture.path) else { continue };
        if text.starts_with('\u{feff}') || text.contains("\\\n") {
            continue;
        }
        let with_lf = found_in(&fixture, text.as_bytes());
        let with_crlf = found_in(&fixture, text.replace('\n', "\r\n").as_bytes());
        assert_eq!(with_lf, with_crlf, "{}", fixture.path.display());
        compared += with_lf.len();
    }
    println!("{compared} findings are the same with CRLF");
    assert!(compared > 100);
}

/// JSON and YAML are two ways to write the same.
#[test]
fn manifests_in_json_say_the_same() {
    // The words without the place.
    let words = |lines: Vec<String>| {
        let mut words: Vec<String> = lines.iter().map(|l| l.split_once(' ').unwrap().1.to_owned()).collect();
        words.sort();
        words
    };
    let mut compared = 0;
    for fixture in single_files().into_iter().filter(|f| f.path.extension().is_some_and(|e| e == "yaml")) {
        let text = fs::read(&fixture.path).unwrap();
        let document = Document::read("", Text::from(text.clone()));
        if !document.problems().is_empty() {
            continue;
        }
        let json: Vec<String> = document.roots().map(Node::to_json).collect();
        let in_yaml = words(found_in(&fixture, &text));
        let in_json = words(found_in(&fixture, json.join("\n").as_bytes()));
        assert_eq!(in_yaml, in_json, "{}", fixture.path.display());
        compared += in_yaml.len();
    }
    println!("{compared} findings are the same in JSON");
    assert!(compared > 100);
}

/// Half a file is read, or refused, and never a panic.
#[test]
fn fixtures_that_are_cut_off_are_read() {
    const CUTS: usize = 9;
    let mut read = 0;
    for fixture in single_files() {
        let text = fs::read(&fixture.path).unwrap();
        for cut in (1..CUTS).map(|cut| text.len() * cut / CUTS) {
            found_in(&fixture, &text[..cut]);
            read += 1;
        }
    }
    println!("{read} halves were read");
}

#[test]
fn fixtures_hold_no_key_material() {
    // Put together here, so that this file does not hold what it looks for.
    let mark = format!("PRIVATE {}", "KEY-----");
    let mut looked = 0;
    for rule in folders(Path::new(FIXTURES)) {
        let inner = folders(&rule).into_iter().flat_map(|folder| files(&folder, ""));
        for file in files(&rule, "").into_iter().chain(inner) {
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains(&mark), "{}", file.display());
            looked += 1;
            let after = text.split("private_key").skip(1);
            let keys = after.filter_map(|rest| rest.split(['}', '\n']).next());
            for key in keys.filter(|key| key.contains("inline")) {
                assert!(key.contains("[redacted]"), "{}: {key}", file.display());
            }
        }
    }
    println!("{looked} files hold no keys");
}

/// What is wrong with the manual of a rule.
fn faults(rule: &Rule) -> Vec<String> {
    let manual = rules::manual(rule);
    let mut faults = Vec::new();
    let headings: Vec<&str> = manual.sections.iter().map(|(heading, _)| heading.as_str()).collect();
    if headings != HEADINGS {
        faults.push(format!("has the sections {headings:?}"));
    }
    for (heading, body) in &manual.sections {
        if body.is_empty() {
            faults.push(format!("says nothing on {heading:?}"));
        }
        if body.matches("```").count() % 2 != 0 {
            faults.push(format!("leaves a block open in {heading:?}"));
        }
    }
    if manual.section("Example").is_some_and(|example| !example.contains("```")) {
        faults.push("shows no example".to_owned());
    }
    let first = rules::first_sentence(&manual.summary);
    if !first.ends_with('.') || first.len() > 100 {
        faults.push(format!("has no short first sentence: {first:?}"));
    }
    faults.into_iter().map(|fault| format!("the manual of {} {fault}", rule.meta.id)).collect()
}

#[test]
fn manuals_tell_what_why_and_what_instead() {
    let wrong: Vec<String> = rules::all().flat_map(faults).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn names_are_unique_and_mean_one_thing() {
    let ids: Vec<&str> = rules::all().map(|rule| rule.meta.id).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for rule in rules::all() {
        let id = rule.meta.id;
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(id.chars().all(is_kebab) && !id.starts_with('-') && !id.ends_with('-'), "{id}");
        assert!(Family::ALL.iter().all(|family| family.name() != id) && id != "all", "{id} is a family, too");
        assert_eq!(rules::find(id).len(), 1, "{id}");
        // An alias may stand for several rules, but only once for each.
        let aliases: BTreeSet<&str> = rule.meta.aliases.iter().copied().collect();
        assert_eq!(aliases.len(), rule.meta.aliases.len(), "{id}: {:?}", rule.meta.aliases);
        for alias in aliases {
            let number = alias.strip_prefix("IST").or_else(|| alias.strip_prefix("KIA")).unwrap_or_default();
            assert!(number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()), "{id}: {alias}");
        }
    }
}

/// What `meshlint rule test` does.
#[test]
fn examples_do_what_they_should() {
    let mut count = 0;
    for (declaration, file) in rules::declarations() {
        for example in declaration.examples() {
            assert_eq!(declaration.run(example, file), [], "{}", declaration.meta.id);
            count += 1;
        }
    }
    println!("{count} examples of declarative rules");
    assert!(rules::declarations().count() >= 20);
}

/// A rule lies where its name and family say.
#[test]
fn rules_lie_where_their_names_say() {
    let mut paths: BTreeMap<String, &str> = BTreeMap::new();
    for rule in rules::all() {
        let source = format!("src/rules/{}/{}.rs", rule.meta.family.name(), rule.meta.id.replace('-', "_"));
        let is_declared = rules::declarations().any(|(declaration, _)| declaration.meta == *rule.meta);
        paths.insert(if is_declared { format!("rules/{}.yaml", rule.meta.id) } else { source }, rule.meta.id);
    }
    for (path, id) in paths {
        assert!(Path::new(&path).is_file(), "{id} is not in {path}");
    }
}
