//! The program as one uses it: exit codes, streams, options, and what must never be printed.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::{Path, PathBuf};

use support::{Ran, meshlint, run, run_with};

const CLEAN: i32 = 0;
const FINDINGS: i32 = 1;
const USAGE: i32 = 2;
const NOTHING: i32 = 3;
const UNREADABLE: i32 = 4;

/// A VirtualService whose destination is misspelt: one error, IST0101.
const TYPO: &str = "\
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec:
  ports: [{name: http, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: catalog, namespace: shop}
spec:
  hosts: [catalog]
  http:
  - route:
    - destination: {host: catlog}
";

/// The same without a fault.
const SOUND: &str = "\
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec:
  ports: [{name: http, port: 80}]
";

/// A VirtualService that leaves some requests without a route: one note.
const NOTE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: shop}
spec:
  ports: [{name: http, port: 80}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: catalog, namespace: shop}
spec:
  hosts: [catalog]
  http:
  - match: [{uri: {prefix: /v1/}}]
    route:
    - destination: {host: catalog}
";

/// A dump that is cut off.
const HALF: &str = r#"{"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
  "dynamic_active_clusters": [{"cluster": {"name": "outbound|80||catalog.shop.svc.cluster.local", "type": "#;

/// A folder of its own for one test, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Runs `check` on standard input.
fn check(text: &str, arguments: &[&str]) -> Ran {
    let mut command = meshlint();
    command.arg("check").args(arguments).arg("-");
    run_with(command, text.as_bytes())
}

#[track_caller]
fn assert_code(ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "\nstdout: {}\nstderr: {}", ran.out, ran.err);
}

#[test]
fn exit_codes_say_what_happened() {
    let here = folder("codes");
    let (typo, sound) = (file(&here, "typo.yaml", TYPO), file(&here, "sound.yaml", SOUND));
    let (empty, half) = (file(&here, "empty.yaml", ""), file(&here, "half.json", HALF));
    let missing = here.join("missing.yaml").display().to_string();
    assert_code(&run(&["check", &sound]), CLEAN);
    assert_code(&run(&["check", &typo]), FINDINGS);
    assert_code(&run(&["check", &empty]), NOTHING);
    assert_code(&run(&["check", &missing]), UNREADABLE);
    assert_code(&run(&["check", &sound, &missing]), UNREADABLE);
    assert_code(&run(&["check", &typo, &missing]), FINDINGS);
    // What there is of a dump is analysed; that something is missing is a warning.
    assert_code(&run(&["check", &half]), CLEAN);
    assert_code(&run(&["check", &half, "--fail-on=warning"]), FINDINGS);
}

/// The names of all formats.
fn formats() -> Vec<String> {
    let variants = <meshlint::report::Format as clap::ValueEnum>::value_variants();
    assert!(variants.len() > 10, "{variants:?}");
    let values = variants.iter().filter_map(clap::ValueEnum::to_possible_value);
    values.map(|value| value.get_name().to_owned()).collect()
}

#[test]
fn exit_codes_are_the_same_for_every_format() {
    for format in formats() {
        let option = format!("--format={format}");
        assert_code(&check(SOUND, &[&option]), CLEAN);
        assert_code(&check(TYPO, &[&option]), FINDINGS);
        assert_code(&check("", &[&option]), NOTHING);
    }
}

#[test]
fn a_folder_without_manifests_is_nothing_to_analyse() {
    let here = folder("without");
    file(&here, "notes.txt", "nothing of interest");
    file(&here, "values.yaml", "replicas: 3\n");
    let ran = run(&["check", &here.display().to_string()]);
    assert_code(&ran, NOTHING);
    assert!(ran.out.contains("nothing to analyse"), "{}", ran.out);
}

#[test]
fn a_missing_path_is_named() {
    let ran = run(&["check", "no/such/folder"]);
    assert_code(&ran, UNREADABLE);
    let said = ran.out + &ran.err;
    assert!(said.contains("cannot read no/such/folder: no such file or directory"), "{said}");
    assert!(said.contains("nothing was analysed") && !said.contains("no findings"), "{said}");
}

#[test]
fn half_a_dump_is_said_to_be_half() {
    let ran = check(HALF, &["--format=concise"]);
    assert!(ran.out.contains("warning[truncated-input]"), "{}", ran.out);
}

#[test]
fn what_reads_half_a_dump_says_so() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/frontend-6b7d4c9f5-x2x9q.shop.json");
    let whole = std::fs::read(path).unwrap();
    let half = &whole[..whole.len() / 2];
    for arguments in
        [&["proxy-config", "clusters", "-"][..], &["reach", "-"], &["trace", "-", "--to", "http://catalog.shop/"]]
    {
        let run = |dump: &[u8]| {
            let mut command = meshlint();
            command.args(arguments);
            run_with(command, dump).err
        };
        assert!(run(half).contains("the text ends here"), "{arguments:?}: {}", run(half));
        assert!(!run(&whole).contains("the text ends here"), "{arguments:?}: {}", run(&whole));
    }
}

#[test]
fn what_a_template_leaves_open_is_not_called_unknown() {
    let ran = run(&["check", "testdata/rules/unrendered-template/bad-subset.yaml", "--format", "concise"]);
    assert!(ran.out.contains("[unrendered-template]") && !ran.out.contains("[unknown-subset]"), "{}", ran.out);
    assert!(ran.err.contains("unknown-subset for 1 subset of a template"), "{}", ran.err);
}

#[test]
fn wrong_usage_is_exit_code_2_and_says_what_was_meant() {
    let cases: [(&[&str], &str); 7] = [
        (&["check", "--formt=json"], "--format"),
        (&["check", "--format=jsn"], "json"),
        (&["check", "--select=unknown-hots"], "unknown-host"),
        (&["check", "--ignore=refrence"], "reference"),
        (&["check", "--complete=servces"], "services"),
        (&["check", "--mesh-config=no/such/file"], "no/such/file"),
        (&["chek"], "check"),
    ];
    for (arguments, hint) in cases {
        let ran = run(arguments);
        assert_code(&ran, USAGE);
        assert!(ran.err.contains(hint), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}

#[test]
fn standard_input_is_read() {
    let ran = check(TYPO, &["--format=concise"]);
    assert_eq!(ran.out, "<stdin>:14:27: error[unknown-host] no service has the host `catlog`\n");
    let mut command = meshlint();
    command.args(["check", "--format=concise", "-"]);
    assert_eq!(run_with(command, &gzipped(TYPO)).out, ran.out, "gzip");
}

fn gzipped(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_there_is_of_damaged_data_is_analysed_and_the_damage_said() {
    let damage = "<stdin>:15:1: warning[unparsable-input] the compressed data is damaged: some of the text may be missing or wrong";
    let whole = gzipped(TYPO);
    let mut wrong_sum = whole.clone();
    wrong_sum[whole.len() - 6] ^= 1;
    for (case, bytes) in [("a wrong sum", &wrong_sum[..]), ("no end", &whole[..whole.len() - 8])] {
        let mut command = meshlint();
        command.args(["check", "--format=concise", "-"]);
        let ran = run_with(command, bytes);
        assert_eq!(ran.code, FINDINGS, "{case}");
        assert!(ran.out.contains("no service has the host `catlog`"), "{case}: {}", ran.out);
        assert!(ran.out.contains(damage), "{case}: {}", ran.out);
    }
}

#[test]
fn rules_are_selected_by_id_family_and_alias() {
    for (option, expected) in [
        ("--select=unknown-host", FINDINGS),
        ("--select=reference", FINDINGS),
        ("--select=ist0101", FINDINGS),
        ("--select=all", FINDINGS),
        ("--select=routing,tls", CLEAN),
        ("--ignore=unknown-host", CLEAN),
        ("--ignore=IST0101", CLEAN),
        ("--ignore=reference", CLEAN),
        ("--ignore=routing", FINDINGS),
    ] {
        let ran = check(TYPO, &[option]);
        assert_eq!(ran.code, expected, "{option}: {}", ran.out);
    }
    assert_code(&check(TYPO, &["--select=reference", "--ignore=unknown-host"]), CLEAN);
}

#[test]
fn severities_are_left_out_and_failed_on() {
    let note = check(NOTE, &["--format=concise"]);
    assert_code(&note, CLEAN);
    assert!(note.out.contains("info[unhandled-requests]"), "{}", note.out);
    assert_eq!(check(NOTE, &["--format=concise", "--min-severity=warning"]).out, "");
    assert_code(&check(NOTE, &["--fail-on=info"]), FINDINGS);
    assert_code(&check(NOTE, &["--fail-on=warning"]), CLEAN);
    assert_code(&check(NOTE, &["--fail-on=info", "--min-severity=error"]), CLEAN);
    assert_code(&check(TYPO, &["--min-severity=error"]), FINDINGS);
}

#[test]
fn reports_for_programs_have_a_stream_of_their_own() {
    let json = check(TYPO, &["--format=json"]);
    assert_eq!(json.findings().len(), 1);
    assert!(json.err.contains("1 error"), "{}", json.err);
    assert_eq!(check(TYPO, &["--format=json", "--quiet"]).err, "");
    let full = check(TYPO, &[]);
    assert!(full.out.contains("1 error") && full.err.is_empty(), "{} {}", full.out, full.err);
    assert!(!check(TYPO, &["--quiet"]).out.contains("1 error"));
}

#[test]
fn json_is_what_the_schema_says() {
    let schema = meshlint::report::schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let here = folder("schema");
    let missing = here.join("missing.yaml").display().to_string();
    let both = [file(&here, "typo.yaml", TYPO), file(&here, "half.json", HALF), missing];
    let several = run(&["check", "--format=json", &both[0], &both[1], &both[2]]);
    for ran in [several, check(TYPO, &["--format=json"]), check("", &["--format=json"])] {
        let report = ran.json();
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    // A schema that lets everything pass would prove nothing.
    let mut report = check(TYPO, &["--format=json"]).json();
    report["findings"][0]["severity"] = "fatal".into();
    assert!(!validator.is_valid(&report));
    report["findings"][0].as_object_mut().unwrap().remove("severity");
    assert!(!validator.is_valid(&report));
}

#[test]
fn the_schema_knows_every_member_of_a_report() {
    let schema = meshlint::report::schema();
    let report = check(TYPO, &["--format=json"]).json();
    let known = |pointer: &str| schema.pointer(pointer).unwrap().as_object().unwrap();
    for key in report["findings"][0].as_object().unwrap().keys() {
        assert!(known("/properties/findings/items/properties").contains_key(key), "{key}");
    }
    for key in report["summary"].as_object().unwrap().keys() {
        assert!(known("/properties/summary/properties").contains_key(key), "{key}");
    }
}

#[test]
fn colours_follow_the_conventions() {
    let is_coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = meshlint();
        command.arg("check").args(arguments).arg("-").envs(variables.iter().copied());
        run_with(command, TYPO.as_bytes()).out.contains('\u{1b}')
    };
    assert!(!is_coloured(&[], &[]), "a pipe is no terminal");
    assert!(is_coloured(&["--color=always"], &[]));
    assert!(is_coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&[], &[("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(is_coloured(&["--color=always"], &[("NO_COLOR", "1")]), "the command line is the last word");
    assert!(!is_coloured(&["--color=always", "--format=json"], &[]));
    assert!(!is_coloured(&["--color=always", "--format=concise"], &[]));
}

#[test]
fn manuals_are_shown() {
    let page = run(&["rule", "unknown-host"]);
    assert_code(&page, CLEAN);
    assert!(page.out.starts_with("# unknown-host\n") && page.out.contains("## Why it matters"), "{}", page.out);
    let all = run(&["rule", "--all"]).out;
    assert_eq!(all.lines().count(), meshlint::rules::all().count());
    let unknown = run(&["rule", "unknown-hots"]);
    assert_code(&unknown, USAGE);
    assert!(unknown.err.contains("did you mean `unknown-host`?"), "{}", unknown.err);
    // An alias may stand for several rules.
    assert!(run(&["rule", "IST0101"]).out.matches("\n## Inputs\n").count() > 1);
}

/// Whoever reads the output may stop at any time, and a disk may be full.
#[cfg(unix)]
#[test]
fn output_that_cannot_be_written_is_no_panic() {
    use std::process::Stdio;
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").map(Stdio::from);
    let here = folder("full");
    let typo = file(&here, "typo.yaml", TYPO);
    for arguments in [&["rule", "--all"][..], &["rule", "unknown-host"], &["check", &typo]] {
        let mut closed = meshlint();
        let mut child = closed.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let Ok(full) = full() else { continue };
        let output = meshlint().args(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(USAGE), "{arguments:?}: {said}");
        assert!(said.contains("cannot write") && !said.contains("panicked"), "{arguments:?}: {said}");
    }
    let Ok(full) = full() else { return };
    let status =
        meshlint().args(["check", "--format=json", &typo]).stdout(Stdio::null()).stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(FINDINGS));
}

#[test]
fn a_broken_mesh_configuration_is_wrong_usage() {
    let here = folder("mesh-config");
    let typo = file(&here, "typo.yaml", TYPO);
    for (text, hint) in [("a: [\n", ":1:"), ("just words\n", "holds no mesh configuration")] {
        let ran = run(&["check", "--mesh-config", &file(&here, "mesh.txt", text), &typo]);
        assert_code(&ran, USAGE);
        assert!(ran.err.contains("mesh.txt") && ran.err.contains(hint), "{}", ran.err);
    }
    let sound = file(&here, "mesh.txt", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n");
    assert_code(&run(&["check", "--mesh-config", &sound, &typo]), FINDINGS);
}

#[test]
fn the_number_of_threads_is_a_matter_of_speed_only() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules").display().to_string();
    let with = |threads: &str| run(&["check", "--quiet", "--format=json", "--threads", threads, &fixtures]).out;
    let one = with("1");
    assert!(one.len() > 100_000, "the fixtures give {} bytes", one.len());
    assert!(one == with("4"));
}

#[test]
fn what_a_folder_leaves_open_may_be_the_namespace_that_a_gateway_asks_for() {
    let here = folder("open-namespaces");
    for (name, fixture) in [("gateways", "Gateway"), ("routes", "VirtualService")] {
        let text = include_str!("../testdata/rules/gateway-host-mismatch/good-without-a-namespace.yaml");
        let document = text.split("---\n").find(|document| document.contains(&format!("kind: {fixture}"))).unwrap();
        let service = format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        );
        std::fs::create_dir_all(here.join(name)).unwrap();
        file(&here, &format!("{name}/all.yaml"), &format!("{document}{service}"));
    }
    let ran = run(&["check", "--format=concise", &here.display().to_string()]);
    assert!(!ran.out.contains("gateway-host-mismatch"), "{}", ran.out);
    assert!(ran.err.contains("gateway-host-mismatch for 1 VirtualService that names no namespace"), "{}", ran.err);
}

#[test]
fn a_large_dump_is_judged_by_all_threads_alike() {
    let host = |number: usize| {
        let (cluster, behind) = match number % 1000 {
            7 => ("gone", r#", {"match": {"prefix": "/late"}, "route": {"cluster": "there"}}"#),
            _ => ("there", ""),
        };
        let rest = "x".repeat(700);
        format!(
            r#"{{"name": "{number}-{rest}", "domains": ["{number}.shop"], "routes": [{{"match": {{"prefix": "/"}}, "route": {{"cluster": "{cluster}"}}}}{behind}]}}"#
        )
    };
    let hosts: Vec<String> = (0..12_000).map(host).collect();
    let dump = format!(
        r#"{{"configs": [
            {{"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "static_clusters": [{{"cluster": {{"name": "there", "type": "ORIGINAL_DST"}}}}]}},
            {{"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump", "static_route_configs": [{{"route_config": {{"name": "80", "virtual_hosts": [{}]}}}}]}}
        ]}}"#,
        hosts.join(",")
    );
    assert!(dump.len() > 9 << 20, "{} bytes", dump.len());
    let path = file(&folder("large-dump"), "large.json", &dump);
    let with = |threads: &str| run(&["check", "--format=concise", "--threads", threads, &path]).out;
    let one = with("1");
    assert_eq!(one.lines().filter(|line| line.contains("unreachable-route")).count(), 12, "{one}");
    assert_eq!(one.lines().filter(|line| line.contains("missing-cluster")).count(), 1, "{one}");
    assert_eq!(one, with("4"));
}

/// Something that has the form of a key and is none: it is made here, so that no file looks as if
/// it held one.
fn made_up_key() -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 7_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(alphabet[(state >> 26) as usize])
    };
    (0..1616).map(|_| letter()).collect()
}

/// Runs `check` in every format and asserts that none of them shows any piece of `key`, and that
/// there was something to show.
#[track_caller]
fn assert_hidden(what: &str, text: &str, key: &str, arguments: &[&str]) {
    const PIECE: usize = 12;
    let pieces: Vec<&str> =
        (0..=key.len().saturating_sub(PIECE)).map(|at| &key[at..at + PIECE.min(key.len())]).collect();
    for format in formats() {
        let mut all = vec!["--format", &format];
        all.extend(arguments);
        let ran = check(text, &all);
        let said = ran.out + &ran.err;
        assert!(said.contains('✖'), "{what}: {said}");
        let shown = pieces.iter().find(|piece| said.contains(**piece));
        assert!(shown.is_none(), "{what}: {format} shows {shown:?}:\n{said}");
    }
}

#[test]
fn secrets_of_manifests_are_never_shown() {
    let key = made_up_key();
    let password = "aHVudGVyMi1odW50ZXIy"; // base64 of a made-up password, short enough for a word
    let data = format!("data:\n  tls.key: {key}\n  password: {password}\n");
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: shop-cert, namespace: shop}\n";
    let cases = [
        ("twice, differently", format!("{head}{data}---\n{head}{data}  more: eA==\n")),
        ("a key twice", format!("{head}{data}  password: {password}\n")),
        ("broken behind it", format!("{head}{data}  other: [eA==\n---\n{SOUND}")),
        ("broken before it", format!("{head}type: {{{{ x\n{data}---\n{SOUND}")),
        ("an alias before it", format!("{head}type: *x\n{data}")),
        ("a password that starts with a star", format!("{head}stringData:\n  password: *{password}\n")),
        ("a template in it", format!("{head}{data}  more: {{{{ .Values.more }}}}\n")),
        ("text that is broken", format!("{head}stringData:\n  password: {password}\n  more: \"x\n")),
        (
            "as JSON, cut off",
            format!(
                r#"{{"apiVersion": "v1", "kind": "Secret", "data": {{"password": "{password}", "tls.key": "{key}", "#
            ),
        ),
        (
            "as JSON, cut off within",
            format!(
                r#"{{"apiVersion": "v1", "kind": "Secret", "data": {{"password": "{password}", "tls.key": "{}"#,
                &key[..40]
            ),
        ),
    ];
    for (what, text) in &cases {
        assert_hidden(what, text, &key, &[]);
        assert_hidden(what, text, password, &[]);
    }
}

#[test]
fn a_secret_that_a_finding_points_at_is_not_shown() {
    let key = made_up_key();
    let text = format!(
        "apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: shop, namespace: istio-system}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{name: https, number: 443, protocol: HTTPS}}
    tls: {{mode: SIMPLE, credentialName: shop-cert}}
    hosts: [shop.example.com]
---
apiVersion: v1
kind: Secret
metadata: {{name: shop-cert, namespace: istio-system}}
stringData:
  private.pem: {key}
"
    );
    assert_hidden("without a certificate", &text, &key, &["--complete=secrets"]);
}

/// A dump of a gateway whose certificate has expired, with a private key beside it.
fn dump_with_key(key: &str, is_pretty: bool) -> String {
    let certificate = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/rules/expired-certificate/bad-gateway.json"),
    );
    let mut dump: serde_json::Value = serde_json::from_str(&certificate.unwrap()).unwrap();
    let mut count = 0;
    hide_key_in(&mut dump, key, &mut count);
    assert!(count > 0, "the fixture has no private_key any more");
    if is_pretty { serde_json::to_string_pretty(&dump).unwrap() } else { dump.to_string() }
}

fn hide_key_in(node: &mut serde_json::Value, key: &str, count: &mut usize) {
    use serde_json::Value;
    match node {
        Value::Object(members) => {
            if let Some(private) = members.get_mut("private_key") {
                *private = serde_json::json!({"inline_bytes": key});
                *count += 1;
            }
            members.values_mut().for_each(|member| hide_key_in(member, key, count));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_key_in(item, key, count)),
        _ => {}
    }
}

#[test]
fn private_keys_of_dumps_are_never_shown() {
    let key = made_up_key();
    for is_pretty in [true, false] {
        let whole = dump_with_key(&key, is_pretty);
        assert_hidden("an expired certificate", &whole, &key, &[]);
        // Cut off at any place in the key: the end of the file is what is pointed at.
        let start = whole.find(&key).unwrap();
        for length in [8, 30, 59, 64, 200, key.len()] {
            assert_hidden("cut off in the key", &whole[..start + length], &key[..length], &[]);
        }
    }
}

#[test]
fn keys_as_text_are_never_shown() {
    let key = made_up_key();
    let lines: Vec<&str> = (0..key.len()).step_by(64).map(|at| &key[at..(at + 64).min(key.len())]).collect();
    // Put together here, so that no file looks as if it held a key.
    let marks = ["BEGIN", "END"].map(|word| format!("-----{word} PRIVATE {}-----", "KEY"));
    let pem = format!("{}\\n{}\\n{}\\n", marks[0], lines.join("\\n"), marks[1]);
    let secret = format!(r#"{{"name": "shop", "tls_certificate": {{"private_key": {{"inline_string": "{pem}"}}}}}}"#);
    let dump = format!(
        r#"{{"configs": [{{"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump", "dynamic_active_secrets": [
  {{"name": "shop", "name": "shop", "secret": {secret}}}, "#
    );
    assert_hidden("a PEM in a dump that is cut off", &dump, &key, &[]);
    for end in [20, 700, 1400] {
        let start = dump.find(&lines[0][..20]).unwrap();
        assert_hidden("a PEM that is cut off", &dump[..start + end], &key[..end.min(60)], &[]);
    }
}

#[test]
fn clusters_are_taken_for_misspelt_only_where_few_are_missing() {
    let dump = |known: &str, missing: &[String]| {
        let route = |name: &String| format!(r#"{{"match":{{"path":"/{name}"}},"route":{{"cluster":"{name}"}}}}"#);
        let routes: Vec<String> = missing.iter().map(route).collect();
        let routes = routes.join(",");
        format!(
            r#"{{"configs":[
            {{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
              "static_clusters":[{{"cluster":{{"@type":"type.googleapis.com/envoy.config.cluster.v3.Cluster","name":"{known}","type":"STATIC"}}}}]}},
            {{"@type":"type.googleapis.com/envoy.admin.v3.RoutesConfigDump",
              "static_route_configs":[{{"route_config":{{"@type":"type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
                "name":"r","virtual_hosts":[{{"name":"v","domains":["*"],"routes":[{routes}]}}]}}}}]}}]}}"#
        )
    };
    let names: Vec<String> = (0..101).map(|n| format!("catalogue{n}")).collect();
    let few = check(&dump("catalogue", &names[..1]), &[]).out;
    assert!(few.contains("did you mean `catalogue`?"), "{few}");
    let many = check(&dump("catalogue", &names), &[]).out;
    assert!(many.contains("see at the control plane (CDS)") && !many.contains("did you mean"), "{many}");
    let made = check(&dump("inbound-vip|8000|http|a.b", &["inbound-vip|8100|http|a.b".to_owned()]), &[]).out;
    assert!(made.contains("see at the control plane (CDS)") && !made.contains("did you mean"), "{made}");
}
