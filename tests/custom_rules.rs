//! Declarative rules of the user's own: `--rules`, `rule new`, `rule test`, and what is refused.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Ran, meshlint, run_with};

const RULE: &str = r#"id: retries-without-limit
family: routing
severity: warning
aliases: [SHOP1]
kind: VirtualService.networking.istio.io
find: $.spec.http[*].retries.attempts
where: "@ > 10"
values:
  hosts: $.spec.hosts[*]
message: "{kind} {namespace}/{name} retries requests for {hosts} {value} times"
label: too many
help: write 3
summary: Requests are retried too often.
bad:
- |
  apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata: {name: cart, namespace: shop}
  spec:
    hosts: [cart]
    http:
    - retries: {attempts: 50}  # here
good:
- |
  apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata: {name: cart, namespace: shop}
  spec:
    hosts: [cart]
    http:
    - retries: {attempts: 2}
"#;

const MESH: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
  - retries: {attempts: 20}
    route:
    - destination: {host: cart}
";

/// A folder of its own for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("custom_rules").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("own")).unwrap();
        fs::create_dir_all(path.join(".git")).unwrap();
        let folder = Self(path);
        folder.write("own/retries.yaml", RULE);
        folder.write("mesh.yaml", MESH);
        folder
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = meshlint();
        command.current_dir(&self.0).args(arguments);
        run_with(command, b"")
    }

    /// Checks the mesh with the folder's rules.
    fn check(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["check", "mesh.yaml", "--rules", "own", "--quiet"], arguments].concat())
    }
}

fn of_rule(findings: &[Value]) -> Vec<&Value> {
    findings.iter().filter(|finding| finding["rule"] == "retries-without-limit").collect()
}

#[test]
fn own_rules_are_rules_like_others() {
    let folder = Folder::new("like-others");
    let found = folder.check(&["--format", "json"]).findings();
    let own = of_rule(&found);
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["message"], "VirtualService shop/cart retries requests for cart 20 times");
    assert_eq!((&own[0]["location"]["line"], &own[0]["location"]["column"]), (&Value::from(7), &Value::from(25)));
    assert_eq!(own[0]["path"], "/spec/http/0/retries/attempts");
    for name in ["retries-without-limit", "SHOP1", "routing"] {
        assert_eq!(of_rule(&folder.check(&["--format", "json", "--select", name]).findings()).len(), 1, "{name}");
        assert_eq!(of_rule(&folder.check(&["--format", "json", "--ignore", name]).findings()).len(), 0, "{name}");
    }
    let sarif: Value = serde_json::from_str(&folder.check(&["--format", "sarif"]).out).unwrap();
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let own = rules.iter().find(|rule| rule["id"] == "retries-without-limit").unwrap();
    assert_eq!(own["shortDescription"]["text"], "Requests are retried too often.");
    assert_eq!(own["helpUri"], Value::Null, "there is no page of it");
    let manual = folder.run(&["rule", "retries-without-limit", "--rules", "own"]);
    assert!(manual.out.contains("also known as SHOP1") && manual.out.contains("attempts: 50"), "{}", manual.out);
    let list = folder.run(&["rule", "--all", "--rules", "own"]);
    assert!(list.out.contains("retries-without-limit            routing       warning "), "{}", list.out);
}

#[test]
fn configuration_and_suppressions_know_own_rules() {
    let folder = Folder::new("configuration");
    folder.write(".meshlint.yaml", "custom-rules: own\nrules:\n  retries-without-limit: error\n");
    let ran = folder.run(&["check", "mesh.yaml", "--format", "json", "--quiet"]);
    let found = ran.findings();
    assert_eq!(of_rule(&found)[0]["severity"], "error");
    assert_eq!(ran.code, 1);
    folder.write("mesh.yaml", MESH.replace("20}", "20}  # meshlint: ignore[retries-without-limit] load test"));
    let ran = folder.run(&["check", "mesh.yaml", "--format", "json", "--quiet"]);
    assert_eq!(of_rule(&ran.findings()).len(), 0);
    assert_eq!(ran.code, 0);
    let without = folder.run(&["check", "mesh.yaml", "--no-config", "--select", "retries-without-limit"]);
    assert_eq!(without.code, 2, "who does not name the folder has no such rule");
    let schema = folder.run(&["config", "schema", "--rules", "own"]);
    assert!(schema.out.contains("retries-without-limit"));
}

#[test]
fn a_new_rule_works_as_it_stands() {
    let folder = Folder::new("new");
    let ran = folder.run(&["rule", "new", "slow-service", "fresh"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let ran = folder.run(&["rule", "test", "fresh"]);
    assert_eq!(ran.out, "ok      slow-service (1 bad, 1 good)\n1 rule, and all their examples do what they should\n");
    for (arguments, words) in [
        (["rule", "new", "slow-service", "fresh"], "File exists"),
        (["rule", "new", "unknown-host", "fresh"], "there is a rule `unknown-host` already"),
        (["rule", "new", "Bad Name", "fresh"], "this is no id of a rule"),
        (["rule", "new", "routing", "fresh"], "means something else"),
    ] {
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains(words) && !ran.err.contains("error: error"), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn the_rules_of_the_program_pass_as_files() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    let folder = Folder::new("shipped");
    let ran = folder.run(&["rule", "test", rules]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.lines().count() > 20, "{}", ran.out);
    assert_eq!(folder.run(&["check", "mesh.yaml", "--rules", rules, "--quiet"]).code, 0, "the same rules are no clash");
}

#[test]
fn an_example_that_fails_is_shown_with_its_line() {
    let mut wrong = Vec::new();
    for (from, to, words) in [
        ("attempts: 50", "attempts: 5", vec!["retries.yaml:16:3", "nothing is found in this bad example", "failed"]),
        ("attempts: 2", "attempts: 11", vec!["retries.yaml:31:5", "of a good example: VirtualService shop/cart"]),
        (
            "hosts: [cart]\n    http",
            "hosts: [cart]  # here\n    http",
            vec!["retries.yaml:20:5", "is marked with `# here`"],
        ),
        ("kind: VirtualService\n", "kind: Service\n", vec!["it holds no `VirtualService.networking.istio.io`"]),
        ("hosts: [cart]\n", "hosts: [cart\n", vec!["this example cannot be read"]),
    ] {
        let folder = Folder::new("fails");
        folder.write("own/retries.yaml", RULE.replacen(from, to, 1));
        let ran = folder.run(&["rule", "test", "own"]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        for word in words {
            if !ran.out.contains(word) {
                wrong.push(format!("{word} is missing in\n{}", ran.out));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each with what is changed in the rule, where the message points, and what it says.
#[test]
fn a_broken_rule_is_refused_with_its_place() {
    let cases = [
        ("label:", "lable:", "retries.yaml:11:1", "did you mean `label`?"),
        ("id: retries-without-limit", "id: unknown-host", "retries.yaml:1:5", "there is a rule `unknown-host` already"),
        ("id: retries-without-limit", "id: Retries", "retries.yaml:1:5", "this is no id of a rule"),
        ("severity: warning", "severity: waring", "retries.yaml:3:11", "did you mean `warning`?"),
        ("family: routing", "family: rooting", "retries.yaml:2:9", "did you mean `routing`?"),
        (
            "VirtualService.networking.istio.io\nfind",
            "VirtualServce.networking.istio.io\nfind",
            "retries.yaml:5:7",
            "did you mean `VirtualService.networking.istio.io`?",
        ),
        (
            "kind: VirtualService.networking.istio.io\nfind",
            "kind: Gateway\nfind",
            "retries.yaml:5:7",
            "`Gateway.networking.istio.io` or `Gateway.gateway.networking.k8s.io`",
        ),
        (
            "kind: VirtualService.networking.istio.io\nfind",
            "kind: clusters\nfind",
            "retries.yaml:5:7",
            "did you mean `cluster`?",
        ),
        ("$.spec.http[*].retries", "$.spec.http[*.retries", "retries.yaml:6:18", "this `[` is never closed"),
        ("$.spec.http[*].retries", "$.spec.my-http", "retries.yaml:6:16", "['my-name']"),
        ("where: \"@ > 10\"", "where: \"@ > 10 && size(@) > 1\"", "retries.yaml:7:19", "there are length, count"),
        ("{value} times", "{valu} times", "retries.yaml:10:67", "did you mean `value`?"),
        ("{value} times", "{value times", "retries.yaml:10:66", "never closed"),
        ("hosts: $.spec.hosts[*]", "name: $.spec.hosts[*]", "retries.yaml:9:3", "`name` stands for something already"),
        ("message:", "# message:", "retries.yaml:1:1", "this rule has no `message`"),
        ("where: \"@ > 10\"", "where: ''", "retries.yaml:7:8", "a text is expected here, and this is empty"),
        (
            "aliases: [SHOP1]",
            "aliases: unknown-host",
            "retries.yaml:1:5",
            "its alias `unknown-host` is the id of another",
        ),
        ("aliases: [SHOP1]", "aliases: [routing]", "retries.yaml:4:11", "`routing` means something else"),
        ("where: \"@ > 10\"", "where: [1]", "retries.yaml:7:8", "a text is expected here, and this is a list"),
        ("where: \"@ > 10\"", "istio-version: \"1.22\"", "retries.yaml:7:16", "write `>=1.22`"),
        ("where: \"@ > 10\"", "namespace: rot", "retries.yaml:7:12", "did you mean `root`?"),
        ("summary: Requests", "---\nsummary: Requests", "retries.yaml:14:1", "another document"),
    ];
    let mut wrong = Vec::new();
    for (from, to, place, words) in cases {
        let folder = Folder::new("broken");
        folder.write("own/retries.yaml", RULE.replacen(from, to, 1));
        let ran = folder.check(&[]);
        assert_eq!(ran.code, 2, "{to}: {}{}", ran.out, ran.err);
        assert!(ran.err.starts_with("error: the rule own/retries.yaml cannot be used\n"), "{}", ran.err);
        for word in [place, words] {
            if !ran.err.contains(word) {
                wrong.push(format!("{to}: {word} is missing in\n{}", ran.err));
            }
        }
        assert_eq!(folder.run(&["rule", "test", "own"]).code, 2);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hostile_folders_cost_a_line() {
    let deep = format!("id: {}", "[".repeat(100_000));
    let long = format!("id: x\n{}: 1\n", "k".repeat(800));
    let files: [(&str, Vec<u8>, &str); 7] = [
        ("huge.yaml", vec![b'a'; (1 << 20) + 1], "it has 1048577 bytes; a rule has 1048576 at most"),
        ("deep.yaml", deep.into_bytes(), "own/deep.yaml:1:"),
        ("binary.yaml", vec![0xff, 0, 0xfe, 0x80], "it is no text in UTF-8"),
        ("long.yaml", long.into_bytes(), "own/long.yaml:2:1: there is no key"),
        ("empty.yaml", Vec::new(), "this is no rule"),
        ("list.yaml", b"[1, 2]".to_vec(), "this is no rule"),
        ("twice.yaml", RULE.as_bytes().to_vec(), "it is declared in own/retries.yaml"),
    ];
    for (name, bytes, words) in files {
        let folder = Folder::new("hostile");
        folder.write(&format!("own/{name}"), bytes);
        let ran = folder.check(&[]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.err);
        assert!(ran.err.contains(words), "{name}: {}", ran.err);
        assert!(ran.err.lines().count() < 25 && ran.err.len() < 20_000, "{name}: {} bytes", ran.err.len());
    }
    let folder = Folder::new("missing");
    let ran = folder.run(&["check", "mesh.yaml", "--rules", "nowhere"]);
    assert_eq!((ran.code, ran.err.contains("cannot read the rules nowhere:")), (2, true), "{}", ran.err);
}

#[test]
fn the_schema_takes_the_rules_that_are_read() {
    let schema = jsonschema::validator_for(&meshlint::declaration::schema()).unwrap();
    let as_json = |text: &str| -> Value {
        let document = meshlint::document::Document::read("rule", meshlint::input::Text::from(text));
        serde_json::from_str(&document.roots().next().unwrap().to_json()).unwrap()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = support::files(&folder.join("rules"), ".yaml");
    files.push(folder.join("src/commands/rule/skeleton.yaml"));
    for file in &files {
        let errors: Vec<String> =
            schema.iter_errors(&as_json(&fs::read_to_string(file).unwrap())).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", file.display());
    }
    assert!(files.len() > 20 && schema.is_valid(&as_json(RULE)));
    for (from, to) in
        [("label:", "lable:"), ("severity: warning", "severity: bad"), ("message:", "# "), ("id: r", "id: R")]
    {
        assert!(!schema.is_valid(&as_json(&RULE.replacen(from, to, 1))), "{to}");
    }
}

/// Whatever is in a rule file, it is read or refused.
#[test]
fn mutilated_rules_are_read_or_refused() {
    let mut seed: u32 = 1;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % limit
    };
    let (mut read, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut text = RULE.as_bytes().to_vec();
        for _ in 0..=below(3) {
            let (at, length) = (below(text.len()), below(12));
            let end = (at + length).min(text.len());
            let piece: Vec<u8> = text.drain(at..end).collect();
            let to = below(text.len());
            text.splice(to..to, piece.into_iter().cycle().take(below(3) * length));
        }
        let document = Box::new(meshlint::document::Document::read("rule", meshlint::input::Text::from(text)));
        match meshlint::declaration::read(Box::leak(document)) {
            Ok(_) => read += 1,
            Err(faults) => refused += usize::from(!faults.is_empty()),
        }
    }
    println!("{read} mutilated rules were read, {refused} refused");
    assert_eq!(read + refused, 3_000);
}

#[test]
fn the_folder_of_the_configuration_is_tested() {
    let folder = Folder::new("configured");
    let ran = folder.run(&["rule", "test"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("name a folder with rules"), "{}", ran.err);
    folder.write(".meshlint.yaml", "custom-rules: [own]\n");
    assert_eq!(folder.run(&["rule", "test"]).code, 0);
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_are_not_followed() {
    let folder = Folder::new("links");
    std::os::unix::fs::symlink(".", folder.0.join("own/again")).unwrap();
    std::os::unix::fs::symlink("loop.yaml", folder.0.join("own/loop.yaml")).unwrap();
    let ran = folder.check(&["--format", "json"]);
    assert_eq!(of_rule(&ran.findings()).len(), 1, "{}", ran.err);
}

/// Values of Secrets are shown to nobody, whatever a rule asks for.
#[test]
fn messages_show_no_secrets() {
    let folder = Folder::new("secrets");
    let rule = RULE
        .replace("kind: VirtualService.networking.istio.io\n", "kind: Secret\n")
        .replace("$.spec.http[*].retries.attempts", "$.data.*")
        .replace("where: \"@ > 10\"", "where: length(@) > 0");
    folder.write("own/retries.yaml", rule);
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: cart, namespace: shop}\ndata:\n  password: aHVudGVyMg==\n";
    folder.write("mesh.yaml", secret);
    let ran = folder.check(&["--format", "json"]);
    assert_eq!(of_rule(&ran.findings()).len(), 1, "{}", ran.out);
    assert!(ran.out.contains("[redacted] times") && !ran.out.contains("aHVudGVyMg"), "{}", ran.out);
}

/// A rule for versions of Istio is left open where the version is not known.
#[test]
fn rules_for_versions_are_evaluated_where_the_version_is_known() {
    let folder = Folder::new("versions");
    folder.write("own/retries.yaml", RULE.replace("where:", "istio-version: \">=1.22, <1.25\"\nwhere:"));
    let ran = folder.check(&["--format", "json"]);
    assert_eq!(of_rule(&ran.findings()).len(), 0);
    let open = ran.json()["summary"]["notEvaluated"].to_string();
    assert!(open.contains("retries-without-limit") && open.contains("--istio-version"), "{open}");
    for (version, count) in [("1.22.3", 1), ("1.24", 1), ("1.21", 0), ("1.25.0", 0)] {
        let ran = folder.check(&["--format", "json", "--istio-version", version]);
        assert_eq!(of_rule(&ran.findings()).len(), count, "{version}");
        assert!(!ran.json()["summary"]["notEvaluated"].to_string().contains("retries-without-limit"), "{version}");
    }
}
