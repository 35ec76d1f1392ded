//! meshlint as a gate: the configuration, suppressions, baselines, diffs, and what the exit code says.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Ran, meshlint, run_with};

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec:
  ports: [{name: http, port: 80}]
";

/// One error: unknown-host, in line 9.
const TYPO: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: catalog, namespace: shop}
spec:
  hosts: [catalog]
  http:
  - route:
    - destination:
        host: catlog
";

/// A repository of its own for one test.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gate").join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join(".git")).unwrap();
        let repository = Self(path);
        repository.write("shop/service.yaml", SERVICE);
        repository.write("shop/routes.yaml", TYPO);
        repository
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Runs meshlint in the repository's root.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = meshlint();
        command.env_remove("MESHLINT_CONFIG").args(arguments).current_dir(&self.0);
        run_with(command, input.as_bytes())
    }

    /// The rules of the findings, in their order.
    fn found(&self, arguments: &[&str]) -> Vec<String> {
        let ran = self.run(&[&["check", "--format=json"], arguments].concat());
        assert!(ran.code < 2, "{}", ran.err);
        ran.findings().iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
    }

    fn summary(&self, arguments: &[&str]) -> Value {
        self.run(&[&["check", "--format=json"], arguments].concat()).json()["summary"].clone()
    }
}

fn assert_said(ran: &Ran, code: i32, hints: &[&str]) {
    assert_eq!(ran.code, code, "{}\n{}", ran.out, ran.err);
    for hint in hints {
        assert!(ran.err.contains(hint), "no {hint:?} in {}", ran.err);
    }
}

// Suppression.

#[test]
fn suppressed_findings_are_counted_and_decide_nothing() {
    let repository = Repository::new("suppressed");
    assert_eq!(repository.found(&[]), ["unknown-host"]);
    let with = |comment: &str| TYPO.replace("host: catlog", &format!("host: catlog # meshlint: {comment}"));
    repository.write("shop/routes.yaml", &with("ignore[unknown-host] next release"));
    assert_eq!((repository.found(&[]), repository.summary(&[])["suppressed"].as_u64()), (vec![], Some(1)));
    let ran = repository.run(&["check", "-v"]);
    assert_said(&ran, 0, &["shop/routes.yaml:9:15: error[unknown-host] (next release)", "read ", " ms"]);
    assert!(ran.out.contains("not reported: 1 suppressed"), "{}", ran.out);
    // A rule that does not run needs no suppression, and that is no fault of it.
    assert_eq!(repository.found(&["--ignore=unknown-host"]), Vec::<String>::new());
    repository.write("shop/routes.yaml", &with("ignore[duplicate-key]"));
    assert_eq!(repository.found(&[]), ["unknown-host", "unused-suppression"]);
}

#[test]
fn what_cannot_be_read_can_be_suppressed_too() {
    let repository = Repository::new("unreadable");
    let template = "apiVersion: v1\nkind: Service\nmetadata: {{ include \"x\" . }}\n  a: [\n";
    repository.write("shop/routes.yaml", template);
    let found = repository.found(&[]);
    assert_eq!(found.len(), 1, "{found:?}");
    repository.write("shop/routes.yaml", &format!("# meshlint: ignore-file[input] a chart\n{template}"));
    assert_eq!(repository.found(&[]), Vec::<String>::new());
}

#[test]
fn the_configuration_suppresses_by_rule_path_and_namespace() {
    let repository = Repository::new("ignores");
    let entry = |more: &str| format!("ignore:\n- rules: unknown-host\n  reason: legacy\n{more}");
    for (more, is_suppressed) in [
        ("", true),
        ("  paths: shop\n", true),
        ("  paths: [\"*/routes.yaml\"]\n", true),
        ("  paths: [routes.yaml]\n", false),
        ("  paths: [\"*.yaml\"]\n", false),
        ("  namespaces: [s*p]\n", true),
        ("  namespaces: [billing]\n", false),
        ("  paths: [shop/**]\n  namespaces: [billing]\n", false),
    ] {
        repository.write(".meshlint.yaml", &entry(more));
        let found = repository.found(&[]);
        assert_eq!(!found.contains(&"unknown-host".to_owned()), is_suppressed, "{more}: {found:?}");
        assert_eq!(found.contains(&"unused-suppression".to_owned()), !is_suppressed, "{more}: {found:?}");
    }
    // Who checks one file of the repository cannot tell what the others need.
    assert_eq!(repository.found(&["shop/service.yaml"]), Vec::<String>::new());
}

// The configuration.

#[test]
fn the_configuration_of_the_repository_holds_everywhere_in_it() {
    let repository = Repository::new("discovery");
    repository.write(".meshlint.yaml", "rules:\n  reference: off\n");
    assert_eq!(repository.found(&["shop"]), Vec::<String>::new());
    assert_eq!(repository.found(&["--no-config", "shop"]), ["unknown-host"]);
    assert_eq!(repository.found(&["--select=unknown-host", "shop"]), ["unknown-host"], "asked for by name");
    repository.write("other.yaml", "rules: {reference: warning, unknown-host: info}\n");
    let ran = repository.run(&["check", "--config=other.yaml", "--format=concise"]);
    assert!(ran.code == 0 && ran.out.contains("info[unknown-host]"), "{}", ran.out);
    // A file within what is checked has no say.
    repository.write(".meshlint.yaml", "");
    repository.write("shop/.meshlint.yaml", "rules:\n  reference: off\n");
    assert_eq!(repository.found(&["shop"]), ["unknown-host"]);
}

#[test]
fn the_other_ending_of_the_configuration_is_known() {
    let repository = Repository::new("yml");
    repository.write(".meshlint.yml", "rules: {unknown-host: off}\n");
    assert_eq!(repository.run(&["check"]).code, 0);
    assert!(repository.run(&["config", "show"]).out.contains(".meshlint.yml"));
    repository.write(".meshlint.yaml", "rules: {unknown-host: error}\n");
    assert_eq!(repository.run(&["check"]).code, 1, "the proper name goes first");
}

#[test]
fn the_environment_names_the_configuration_and_gives_way() {
    let repository = Repository::new("environment");
    repository.write("other.yaml", "rules: {unknown-host: off}\n");
    let run = |file: &str, arguments: &[&str]| {
        let mut command = meshlint();
        command.env("MESHLINT_CONFIG", file).arg("check").args(arguments).current_dir(&repository.0);
        run_with(command, b"")
    };
    assert_eq!(run("other.yaml", &[]).code, 0);
    assert_said(&run("nowhere.yaml", &[]), 2, &["nowhere.yaml"]);
    assert_eq!(run("nowhere.yaml", &["--no-config"]).code, 1);
    assert_eq!(run("nowhere.yaml", &["--config=other.yaml"]).code, 0);
    assert_eq!(run("", &[]).code, 1, "empty is not set");
}

#[test]
fn options_that_mean_nothing_are_refused() {
    let repository = Repository::new("options");
    assert_said(&repository.run(&["check", "--istio-version=latest"]), 2, &["latest is no version; write 1.24"]);
    assert_said(&repository.run(&["check", "--complete=all:shop"]), 2, &["all takes no namespace"]);
    assert_eq!(repository.run(&["check", "--select= unknown-host , IST0101"]).code, 1);
    // As many as there is work for, not a million.
    assert_eq!(repository.run(&["check", "--threads=60000"]).code, 1);
}

#[test]
fn comments_are_seen_behind_a_mark_and_in_the_words_of_others() {
    let repository = Repository::new("comments");
    repository.write("shop/routes.yaml", &format!("\u{feff}# meshlint: ignore[unknown-host]\n{TYPO}"));
    assert_eq!(repository.found(&[]), Vec::<String>::new());
    for words in ["disable[unknown-host]", "disable-next-line unknown-host", "noqa", "please[unknown-host]"] {
        repository.write("shop/routes.yaml", &format!("# meshlint: {words}\n{TYPO}"));
        assert_eq!(repository.found(&[]), ["unused-suppression", "unknown-host"], "{words}");
    }
    repository.write("shop/routes.yaml", &format!("# meshlint: see the manual\n{TYPO}"));
    assert_eq!(repository.found(&[]), ["unknown-host"]);
}

#[test]
fn annotations_that_leave_out_nothing_are_reported() {
    let repository = Repository::new("annotations");
    for annotation in ["meshlint.dev/ignores: unknown-host", "meshlint.dev/ignore: ''", "meshlint.dev/ignore: [x]"] {
        let name = "name: catalog, ";
        let text = TYPO.replacen(name, &format!("{name}annotations: {{{annotation}}}, "), 1);
        repository.write("shop/routes.yaml", &text);
        assert_eq!(repository.found(&[]), ["unused-suppression", "unknown-host"], "{annotation}");
    }
}

#[test]
fn what_is_said_to_be_complete_is_believed() {
    let repository = Repository::new("complete");
    repository.write("shop/service.yaml", &format!("{SERVICE}  selector: {{app: nobody}}\n"));
    let select = "--select=selector-selects-nothing";
    assert_eq!(repository.found(&[select, "--complete=all"]), Vec::<String>::new(), "it was not thought of");
    for complete in ["--complete=workloads", "--complete=workloads:shop"] {
        assert_eq!(repository.found(&[select, complete]), ["selector-selects-nothing"], "{complete}");
    }
    // Clients that no manifest shows still call the hosts.
    assert_eq!(repository.found(&["--select=unknown-host", "--complete=workloads"]), ["unknown-host"]);
}

#[test]
fn the_configuration_sets_what_options_set() {
    let repository = Repository::new("options");
    repository.write(".meshlint.yaml", "rules: {unknown-host: warning}\nfail-on: warning\n");
    assert_eq!(repository.run(&["check"]).code, 1);
    assert_eq!(repository.run(&["check", "--fail-on=error"]).code, 0, "the command line is stronger");
    repository.write(".meshlint.yaml", "min-severity: error\nrules: {unknown-host: warning}\n");
    assert_eq!(repository.found(&[]), Vec::<String>::new());
    repository.write(".meshlint.yaml", "exclude: shop\n");
    assert_eq!(repository.run(&["check"]).code, 3, "nothing is left");
    assert_eq!(repository.run(&["check", "shop/routes.yaml"]).code, 0, "what is named is read");
    repository.write(".meshlint.yaml", "select: [routing]\n");
    assert_eq!(repository.found(&[]), Vec::<String>::new());
}

#[test]
fn bad_configurations_are_refused_where_they_are_wrong() {
    let repository = Repository::new("bad-config");
    for (text, hints) in [
        ("rulez: {}\n", ["there is no key `rulez`", ".meshlint.yaml:1:1", "did you mean `rules`?"]),
        ("rules:\n  unkown-host: off\n", ["there is no rule `unkown-host`", "2:3", "did you mean `unknown-host`?"]),
        ("rules:\n  unknown-host: warnin\n", ["this is no severity", "2:17", "did you mean `warning`?"]),
        ("fail-on: off\n", ["this is no severity", "1:10", "error, warning, info"]),
        ("ignore:\n- rules: all\n", ["this entry has no `reason`", "2:3", "rules: all"]),
        ("ignore:\n- reason: x\n  path: y\n", ["no `rules`", "3:3", "did you mean `paths`?"]),
        ("ignore:\n- {rules: all, reason: x, paths: '[a'}\n", ["this is no glob", "2:34", "unclosed"]),
        ("select: [a, {b: c}]\n", ["a text is expected", "1:13", "there is no rule, family or alias `a`"]),
        ("complete: [gatways]\n", ["`gatways` is no kind", "1:12", "complete"]),
        ("- a\n", ["a configuration is an object", "1:1", "a list"]),
        ("fail-on: error\nfail-on: info\n", ["stands here twice", "2:1", "fail-on: info"]),
        ("a: [\n", [".meshlint.yaml cannot be used", "a: [", "error"]),
        ("fail-on: info\n---\nfail-on: info\n", ["one document", "3:1", "another"]),
        ("baseline: [x]\n", ["a text is expected", "1:11", "a list"]),
        ("istio-version: latest\n", ["this is no version", "1:16", "write `1.24`"]),
        ("ignore:\n- rules: []\n  reason: x\n", ["no `rules`", "2:3", "rules: []"]),
    ] {
        repository.write(".meshlint.yaml", text);
        assert_said(&repository.run(&["check"]), 2, &hints);
    }
    // All that is wrong is said at once.
    repository.write(".meshlint.yaml", "rulez: {}\nfial-on: error\n");
    assert_said(&repository.run(&["check"]), 2, &["`rulez`", "`fial-on`"]);
    assert_said(&repository.run(&["check", "--config=nowhere.yaml"]), 2, &["nowhere.yaml"]);
}

#[test]
fn the_schema_of_the_configuration_agrees_with_its_reader() {
    let validator = jsonschema::validator_for(&meshlint::config::schema()).unwrap();
    for (text, is_good) in [
        (r#"{"rules": {"unknown-host": "off", "routing": "info", "IST0101": "error"}}"#, true),
        (r#"{"rules": {"unknown-hots": "off"}}"#, false),
        (r#"{"rules": {"unknown-host": "loud"}}"#, false),
        (r#"{"ignore": [{"rules": ["IST0101", "tls"], "paths": "a/**", "namespaces": ["b"], "reason": "c"}]}"#, true),
        (r#"{"ignore": [{"rules": "all"}]}"#, false),
        (r#"{"ignore": [{"rules": "all", "reason": "x", "path": "y"}]}"#, false),
        (r#"{"fail-on": "warning", "min-severity": "info", "exclude": ["a"], "select": "all"}"#, true),
        (r#"{"fail-on": "off"}"#, false),
        (r#"{"complete": ["all", "services:shop"], "istio-version": 1.24, "baseline": "b.json"}"#, true),
        (r#"{"complete": ["gatways"]}"#, false),
        (r#"{"namespace": "a", "mesh-config": "m.yaml", "cluster-domain": "c", "root-namespace": "r"}"#, true),
        (r#"{"unknown": 1}"#, false),
        (r#"{"$schema": "x"}"#, true),
    ] {
        let value: Value = serde_json::from_str(text).unwrap();
        let document = meshlint::document::Document::read("c", meshlint::input::Text::from(text));
        let read = meshlint::config::parse(&document, Path::new(""));
        assert_eq!((validator.is_valid(&value), read.is_ok()), (is_good, is_good), "{text}: {:?}", read.err());
    }
}

#[test]
fn config_show_says_what_holds_and_who_says_so() {
    let repository = Repository::new("show");
    repository.write(".meshlint.yaml", "# ours\nfail-on: warning\nrules:\n  unknown-host: off\n");
    let ran = repository.run(&["config", "show"]);
    assert!(ran.code == 0 && ran.out.contains("fail-on: \"warning\"  # line 2"), "{}", ran.out);
    assert!(ran.out.contains("# line 3") && ran.out.contains("min-severity: info  # default"), "{}", ran.out);
    // What it prints is a configuration itself.
    repository.write("shown.yaml", &ran.out);
    assert_eq!(repository.run(&["config", "show", "--config=shown.yaml"]).code, 0);
    let schema: Value = serde_json::from_str(&repository.run(&["config", "schema"]).out).unwrap();
    assert_eq!(schema, meshlint::config::schema());
}

// Baselines.

#[test]
fn a_baseline_knows_findings_when_lines_move() {
    let repository = Repository::new("baseline");
    let baseline = ["check", "--baseline=known.json"];
    assert_said(&repository.run(&baseline), 2, &["known.json", "--write-baseline makes one"]);
    let ran = repository.run(&[&baseline[..], &["--write-baseline"]].concat());
    assert!(ran.code == 0 && ran.out.contains("1 in the baseline"), "{}{}", ran.out, ran.err);
    let written = repository.read("known.json");
    assert!(written.ends_with("}\n") && !written.contains("line"), "{written}");
    assert_eq!(repository.run(&baseline).code, 0);

    repository.write("shop/routes.yaml", &format!("# a\n\n# b\n---\n{TYPO}"));
    assert_eq!(repository.run(&baseline).code, 0, "lines have moved");
    let second = TYPO.replace("name: catalog", "name: second").replace("[catalog]", "[second.example.com]");
    repository.write("shop/routes.yaml", &format!("{TYPO}---\n{second}"));
    let ran = repository.run(&[&baseline[..], &["--format=concise"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.lines().filter(|line| line.contains("[unknown-host]")).all(|line| line.contains(":19:")));
    repository.write("shop/routes.yaml", &TYPO.replace("catlog", "catalog"));
    let ran = repository.run(&baseline);
    assert!(ran.code == 0 && ran.out.contains("1 finding of the baseline"), "{}", ran.out);
    // Written twice, it is the same file.
    repository.write("shop/routes.yaml", TYPO);
    repository.run(&[&baseline[..], &["--write-baseline"]].concat());
    assert_eq!(repository.read("known.json"), written);
}

#[test]
fn what_was_not_judged_is_not_gone_from_the_baseline() {
    let repository = Repository::new("part");
    repository.write("other/other.yaml", &SERVICE.replace("catalog", "other"));
    repository.run(&["check", "--baseline=known.json", "--write-baseline"]);
    for part in [&["other"][..], &["--ignore=unknown-host"], &["--select=unknown-port"], &["--min-severity=error"]] {
        let ran = repository.run(&[&["check", "--baseline=known.json"], part].concat());
        assert!(ran.code == 0 && !ran.out.contains("gone"), "{part:?}: {}", ran.out);
    }
    std::fs::remove_file(repository.0.join("shop/routes.yaml")).unwrap();
    let ran = repository.run(&["check", "--baseline=known.json"]);
    assert!(ran.out.contains("1 finding of the baseline is gone; --write-baseline takes it out"), "{}", ran.out);
}

#[test]
fn bad_baselines_are_refused_with_their_place() {
    let repository = Repository::new("bad-baseline");
    repository.write("known.json", "{\"version\": \"1\",\n\"findings\": [{}]}");
    assert_said(
        &repository.run(&["check", "--baseline=known.json"]),
        2,
        &["known.json:2:14: this entry has no fingerprint"],
    );
    assert_said(&repository.run(&["check", "--write-baseline"]), 2, &["needs --baseline FILE"]);
    assert_said(&repository.run(&["check", "--baseline=/nowhere/x", "--write-baseline"]), 2, &["/nowhere/x"]);
}

#[test]
fn the_configuration_names_the_baseline() {
    let repository = Repository::new("configured-baseline");
    repository.write(".meshlint.yaml", "baseline: ci/known.json\n");
    repository.write("ci/readme", "");
    assert_eq!(repository.run(&["check", "--write-baseline"]).code, 0);
    assert!(repository.read("ci/known.json").contains("unknown-host"));
    assert_eq!(repository.run(&["check", "."]).code, 0);
}

// Exit codes.

#[test]
fn exit_zero_is_for_findings_only() {
    let repository = Repository::new("exit-zero");
    assert_eq!(repository.run(&["check", "--exit-zero"]).code, 0);
    assert_eq!(repository.run(&["check", "--exit-zero", "nowhere.yaml"]).code, 4);
    assert_eq!(repository.run(&["check", "--exit-zero", "--format=nothing"]).code, 2);
}

#[test]
fn only_findings_on_changed_lines_decide() {
    let repository = Repository::new("changed");
    let diff = |file: &str, line: u32| format!("--- a/{file}\n+++ b/{file}\n@@ -{line} +{line} @@\n-old\n+new\n");
    for (file, line, code) in
        [("shop/routes.yaml", 9, 1), ("shop/routes.yaml", 3, 0), ("shop/service.yaml", 9, 0), ("routes.yaml", 9, 0)]
    {
        let ran = repository.run_with(&["check", "--changed=-", "--format=json"], &diff(file, line));
        assert_eq!(ran.code, code, "{file}:{line} {}", ran.err);
        assert_eq!(ran.findings()[0]["touchesChange"], code == 1, "all are shown");
    }
    repository.write("my.diff", &diff("shop/routes.yaml", 9));
    let folder = repository.0.display().to_string();
    assert_eq!(repository.run(&["check", "--changed=my.diff", &folder]).code, 1, "by an absolute path");
    assert_said(&repository.run_with(&["check", "--changed=-"], "no diff"), 2, &["no unified diff"]);
    assert_said(&repository.run(&["check", "--changed=nowhere"]), 2, &["cannot read the diff nowhere"]);
    assert_said(&repository.run(&["check", "--changed=-", "-"]), 2, &["only one of"]);
    assert_eq!(repository.run_with(&["check", "--changed=-"], "").code, 0, "nothing has changed");
}

// What packages install.

/// What the program offers a shell for the last word.
fn completed(words: &[&str]) -> String {
    let mut command = support::meshlint();
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    command.args(["--", "meshlint"]).args(words);
    support::run_with(command, b"").out
}

#[test]
fn completions_and_manual_pages_know_every_subcommand() {
    let repository = Repository::new("shell");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = repository.run(&["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("COMPLETE"), "{shell}: {}", ran.out);
    }
    assert!(completed(&["check", "--base"]).contains("--baseline"));
    assert!(completed(&["check", "--format", ""]).contains("sarif"));
    let ran = repository.run(&["man"]);
    assert!(ran.code == 0 && ran.out.contains(".TH meshlint"), "{}", ran.out);
    assert_eq!(repository.run(&["man", "--out=pages"]).code, 0);
    assert!(repository.read("pages/meshlint-check.1").contains("write\\-baseline"));
}

#[test]
fn progress_is_for_terminals() {
    let repository = Repository::new("progress");
    let ran = repository.run(&["check", "--format=json"]);
    assert!(!ran.err.contains('\r') && !ran.err.contains('\u{1b}'), "{:?}", ran.err);
    assert_eq!(repository.run(&["check", "--quiet", "--format=json"]).err, "");
    assert_eq!(repository.run(&["check", "--quiet", "--verbose"]).code, 2);
}
