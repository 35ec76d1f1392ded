//! Bug reports as people have them: folders and archives of every layout.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

#[path = "../examples/make_bundle/generate.rs"]
mod generate;
mod support;

use std::collections::BTreeSet;
use std::convert::Infallible;

use generate::Mesh;
use serde_json::Value;
use support::packing::{self, Files, gzip, zip};
use support::{Ran, run, shared};

const CLEAN: i32 = 0;
const FINDINGS: i32 = 1;
const NOTHING: i32 = 3;

/// A bug report of 12 proxies with three things wrong in all of them.
fn report() -> Files {
    let mut files = Vec::new();
    let mesh = Mesh { proxies: 12, services: 12 };
    let put = |path: &str, text: &str| {
        files.push((path.to_owned(), text.to_owned()));
        Ok::<(), Infallible>(())
    };
    mesh.write(put).unwrap();
    files
}

fn tar(files: &Files) -> Vec<u8> {
    packing::tar(files, generate::CAPTURED)
}

fn save(name: &str, bytes: &[u8]) -> String {
    packing::save(&format!("bundles/{name}"), bytes)
}

fn unpack(name: &str, files: &Files) -> String {
    packing::unpack(&format!("bundles/{name}"), files)
}

fn check(path: &str) -> Ran {
    let ran = run(&["check", "--format=json", path]);
    assert!(ran.code <= FINDINGS, "{}", ran.err);
    ran
}

/// Findings without what depends on where the bundle lies.
fn essence(ran: &Ran, path: &str) -> Vec<String> {
    let one = |finding: &Value| {
        let file = finding["location"]["file"].as_str().unwrap();
        let file = file.strip_prefix(path).unwrap_or(file).trim_start_matches(['!', '/']);
        let seen = finding["seenIn"].as_array().map_or(0, Vec::len);
        format!("{file}:{} {} {} {seen}", finding["location"]["line"], finding["rule"], finding["message"])
    };
    ran.findings().iter().map(one).collect()
}

#[test]
fn every_form_of_a_bundle_says_the_same() {
    let files = report();
    let plain = tar(&files);
    let folder = unpack("report", &files);
    let wanted = essence(&check(&folder), &folder);
    assert_eq!(wanted.len(), 3, "{wanted:#?}");
    let forms = [
        ("r.tar.gz", gzip(&plain)),
        ("r.tgz", gzip(&plain)),
        ("r.tar", plain),
        ("r.zip", zip(&files)),
        ("no-ending", gzip(&tar(&files))),
    ];
    for (name, bytes) in forms {
        let path = save(name, &bytes);
        assert_eq!(essence(&check(&path), &path), wanted, "{name}");
    }
}

#[test]
fn the_folder_above_may_have_any_name_or_be_missing() {
    let files = report();
    let wanted = {
        let path = save("prefix.tar", &tar(&files));
        essence(&check(&path), &path)
    };
    for prefix in ["", "case-17/", "./bug-report/", "a/b/bug-report/"] {
        let moved: Files =
            files.iter().map(|(path, text)| (path.replace("bug-report/", prefix), text.clone())).collect();
        let moved: Files = moved.into_iter().filter(|(path, _)| !path.ends_with("bug-report.log")).collect();
        let path = save("moved.tar", &tar(&moved));
        let found: Vec<String> = essence(&check(&path), &path);
        let inner = |line: &String| {
            line.replacen(prefix.trim_start_matches("./"), "bug-report/", usize::from(!prefix.is_empty()))
        };
        let found: Vec<String> = found.iter().map(inner).collect();
        let wanted: Vec<String> = match prefix.is_empty() {
            true => wanted.iter().map(|line| line.replacen("bug-report/", "", 1)).collect(),
            false => wanted.clone(),
        };
        assert_eq!(found, wanted, "{prefix}");
    }
}

#[test]
fn the_bundles_of_several_clusters_are_several_meshes() {
    let first = report();
    let other = |text: &String| text.replace("subset: v9", "subset: v1").replace("version: v2", "version: v1");
    let at = |folder: &str, path: &String| format!("{folder}/{path}");
    let mut both: Files = first.iter().map(|(path, text)| (at("case/of/one", path), text.clone())).collect();
    // What is wrong in the manifests of one cluster explains nothing that proxies of the other show.
    both.extend(first.iter().map(|(path, text)| match path.contains("cluster/") {
        true => (at("case/of/two", path), other(text)),
        false => (at("case/of/two", path), text.clone()),
    }));
    let archive = save("clusters.tar.gz", &gzip(&tar(&both)));
    let folder = unpack("clusters", &both);
    let wanted = essence(&check(&archive), &archive);
    let of = |folder: &str| {
        let start = format!("case/of/{folder}/bug-report/cluster");
        wanted.iter().filter(|line| line.starts_with(&start) && line.ends_with(" 12")).count()
    };
    assert_eq!((of("one"), of("two")), (2, 2), "{wanted:#?}");
    // The rest is one fault in all 24 proxies, for which no manifest stands.
    assert_eq!(wanted.len(), 5, "{wanted:#?}");
    assert_eq!(essence(&check(&folder), &folder), wanted);
    for path in [&archive, &folder] {
        let ran = run(&["bundle", path]);
        let line =
            "bundles     case/of/one/bug-report, case/of/two/bug-report: what follows is of all of them together";
        assert!(ran.out.lines().any(|found| found == line), "{}", ran.out);
    }
    let variants = &check(&archive).json()["summary"]["variants"];
    assert_eq!(variants.as_array().map(Vec::len), Some(2), "{variants}");
}

#[test]
fn what_many_proxies_show_is_one_finding_at_its_cause() {
    let path = save("causes.tar.gz", &gzip(&tar(&report())));
    let findings = check(&path).findings();
    let rules: Vec<&str> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["unknown-subset", "subset-selects-nothing", "rejected-update"]);
    for finding in &findings {
        let seen = finding["seenIn"].as_array().unwrap();
        let proxies: BTreeSet<&str> = seen.iter().map(|seen| seen["proxy"].as_str().unwrap()).collect();
        assert_eq!(proxies.len(), 12, "{finding}");
        let in_dumps = |seen: &Value| seen["location"]["file"].as_str().unwrap().contains("config_dump?include_eds");
        assert!(seen.iter().all(in_dumps), "{finding}");
        assert_eq!(finding["severity"], "error", "{finding}");
    }
    // The first two point at the manifest, and what the proxies show is under them.
    let crs = format!("{path}!bug-report/cluster/crs");
    assert_eq!(
        (findings[0]["location"]["file"].as_str(), findings[1]["location"]["file"].as_str()),
        (Some(&*crs), Some(&*crs))
    );
    assert_eq!(findings[0]["seenIn"][0]["rule"], "missing-cluster");
    assert_eq!(findings[1]["seenIn"][0]["rule"], "no-endpoints");
    assert_eq!(findings[2]["proxy"]["section"], "listeners");

    let full = run(&["check", &path]);
    assert!(full.out.contains("in 12 proxies: svc-0-7d4b9c6f5-00000.ns-0, "), "{}", full.out);
    assert!(full.out.contains(" and 7 more"), "{}", full.out);
}

#[test]
fn a_cause_that_no_rule_finds_is_pointed_at_itself() {
    // Only the missing cluster is judged, so that nothing is found in the manifests themselves.
    let path = save("promoted.tar", &tar(&report()));
    let ran = run(&["check", "--format=json", "--select=missing-cluster", &path]);
    let findings = ran.findings();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = &findings[0];
    assert_eq!(finding["location"]["file"], format!("{path}!bug-report/cluster/crs"));
    assert_eq!(finding["resource"]["kind"], "VirtualService");
    assert_eq!(finding["path"], "/spec/http/0/route/0/destination/subset");
    assert_eq!(finding["seenIn"].as_array().unwrap().len(), 12);
    assert!(finding["related"][0]["location"]["file"].as_str().unwrap().contains("config_dump"));
}

#[test]
fn fingerprints_outlive_the_pods() {
    let prints = |files: &Files, name: &str| -> Vec<Value> {
        let path = save(name, &tar(files));
        check(&path).findings().iter().map(|finding| finding["fingerprint"].clone()).collect()
    };
    let files = report();
    let later: Files =
        files.iter().map(|(p, t)| (p.replace("7d4b9c6f5", "5f6b7c8d9"), t.replace("7d4b9c6f5", "5f6b7c8d9"))).collect();
    assert_eq!(prints(&files, "one.tar"), prints(&later, "two.tar"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let path = save("threads.tar.gz", &gzip(&tar(&report())));
    let of = |threads: &str| run(&["check", "--format=json", "--threads", threads, &path]).out;
    let one = of("1");
    assert_eq!(one, of("2"));
    assert_eq!(one, of("7"));
}

#[test]
fn an_archive_on_standard_input_is_read() {
    let mut command = support::meshlint();
    command.args(["check", "--format=concise", "-"]);
    let ran = support::run_with(command, &gzip(&tar(&report())));
    assert_eq!(ran.code, FINDINGS);
    assert!(ran.out.starts_with("<stdin>!bug-report/cluster/crs:"), "{}", ran.out);
}

#[test]
fn what_can_be_read_only_once_is_read_once() {
    let archive = save("pipe.tar.gz", &gzip(&tar(&report())));
    let manifests = unpack("pipe", &report()) + "/bug-report/cluster/crs";
    for file in [archive, manifests] {
        let mut command = std::process::Command::new("bash");
        command.args(["-c", &format!("{} check --format=json <(cat {file})", env!("CARGO_BIN_EXE_meshlint"))]);
        let ran = support::run_with(command, b"");
        assert_eq!(ran.findings().len(), check(&file).findings().len(), "{file}: {}", ran.err);
    }
    let dump = unpack("pipe", &report()) + "/bug-report/proxies/ns-0/svc-0-7d4b9c6f5-00000/config_dump?include_eds";
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &format!("{} proxy-config clusters <(cat '{dump}')", env!("CARGO_BIN_EXE_meshlint"))]);
    let ran = support::run_with(command, b"");
    assert_eq!((ran.code, ran.out), (0, run(&["proxy-config", "clusters", &dump]).out), "{}", ran.err);
}

#[test]
fn must_gather_is_read() {
    let root = "must-gather.local.42/quay-io-istio-must-gather-sha256-1";
    let files: Files = report()
        .into_iter()
        .filter_map(|(path, text)| {
            let parts: Vec<&str> = path.split('/').collect();
            match parts[..] {
                [_, "proxies", namespace, pod, "config_dump?include_eds"] => {
                    // kubectl's notices go to the same stream.
                    let text = format!("Defaulted container \"istio-proxy\" out of: istio-proxy, app\n{text}");
                    Some((format!("{root}/namespaces/{namespace}/pods/{pod}/config_dump_proxy.json"), text))
                }
                [_, "cluster", "crs"] => Some((format!("{root}/namespaces/ns-0/networking.istio.io/all.yaml"), text)),
                [_, "cluster", "k8s-resources"] => Some((format!("{root}/namespaces/ns-0/core/all.yaml"), text)),
                _ => None,
            }
        })
        .chain([
            (format!("{root}/version"), "openshift-service-mesh/must-gather\n3.0\n".to_owned()),
            (format!("{root}/namespaces/istio-system/default/debug-syncz.json"), "[]".to_owned()),
            (
                format!("{root}/namespaces/ns-0/pods/svc-0-7d4b9c6f5-00000/config_dump_istiod.json"),
                "{\"configs\": []}".to_owned(),
            ),
            (format!("{root}/namespaces/ns-0/pods/gone/config_dump_proxy.json"), "error: pod not found\n".to_owned()),
        ])
        .collect();
    let wanted = {
        let path = save("same.tar", &tar(&report()));
        check(&path).findings().iter().map(|f| f["rule"].clone()).collect::<Vec<_>>()
    };
    for path in [save("gathered.tar.gz", &gzip(&tar(&files))), unpack("gathered", &files)] {
        let found: Vec<_> = check(&path).findings().iter().map(|f| f["rule"].clone()).collect();
        assert_eq!(found, wanted);
        let inventory = run(&["bundle", &path]);
        assert!(inventory.out.contains("config_dump: gone.ns-0"), "{}", inventory.out);
    }
}

#[test]
fn objects_that_are_in_several_files_are_one() {
    let service = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a, namespace: b}\n  spec: {ports: [{port: 80}]}\n";
    let files = vec![
        ("cluster/k8s-resources".to_owned(), service.to_owned()),
        ("cluster/pods".to_owned(), service.to_owned()),
        ("cluster/events".to_owned(), "NAMESPACE  LAST SEEN\n".to_owned()),
    ];
    let ran = check(&save("twice.tar", &tar(&files)));
    assert_eq!((ran.code, ran.findings().len()), (CLEAN, 0), "{}", ran.out);
}

#[test]
fn manifests_in_utf_16_are_not_passed_over() {
    let mut files = report();
    for (path, text) in &mut files {
        if path.ends_with("cluster/crs") {
            // What PowerShell makes of it; no byte of it is beyond ASCII, so that it can be a `String` here.
            *text = text.chars().flat_map(|c| [c, '\0']).collect();
        }
    }
    let ran = check(&save("utf16.tar", &tar(&files)));
    let said = |finding: &Value| finding["message"] == "the file is UTF-16";
    assert_eq!(ran.findings().iter().filter(|finding| said(finding)).count(), 1, "{}", ran.out);
}

#[test]
fn logs_and_answers_of_istiod_are_recorded() {
    let path = save("recorded.tar", &tar(&report()));
    let inputs = check(&path).json()["summary"]["inputs"].clone();
    let kinds: BTreeSet<&str> =
        inputs.as_array().unwrap().iter().map(|input| input["kind"].as_str().unwrap()).collect();
    for kind in ["manifests", "dump", "log", "clusters", "certs", "server_info", "stats", "istiod syncz", "versions"] {
        assert!(kinds.contains(kind), "{kind} is not in {kinds:?}");
    }
}

#[test]
fn an_archive_without_anything_to_analyse_is_said_to_be_that() {
    let files = vec![("src/main.c".to_owned(), "int main;\n".to_owned())];
    let ran = run(&["check", &save("sources.tar.gz", &gzip(&tar(&files)))]);
    assert_eq!(ran.code, NOTHING, "{} {}", ran.out, ran.err);
}

#[test]
fn an_inventory_says_what_is_there_and_what_is_not() {
    let key = "-----BEGIN PRIVATE KEY-----\\nMIIsecret\\n-----END PRIVATE KEY-----\\n";
    let secret = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: tls, namespace: ns-0}\n  data: {tls.key: U0VDUkVU}\n";
    let mut files = report();
    files.push(("bug-report/cluster/secrets".to_owned(), secret.to_owned()));
    let pods = "bug-report/proxies/ns-3";
    files.push((format!("{pods}/late-5d8f7b6c9d-abcde/istio-proxy.log"), "x\n".to_owned()));
    let dump = format!(
        "{{\"configs\": [{{\"@type\": \"type.googleapis.com/envoy.admin.v3.SecretsConfigDump\", \"dynamic_active_secrets\": [\
         {{\"name\": \"default\", \"secret\": {{\"name\": \"default\", \"tls_certificate\": {{\"private_key\": {{\"inline_string\": \"{key}\"}}}}}}}},\
         {{\"name\": \"good\", \"secret\": {{\"name\": \"good\", \"tls_certificate\": {{\"private_key\": {{\"inline_bytes\": \"W3JlZGFjdGVkXQ==\"}}}}}}}}]}}]}}"
    );
    files.push((format!("{pods}/old-5d8f7b6c9d-abcde/config_dump"), dump));
    let path = save("inventory.tar.gz", &gzip(&tar(&files)));
    let ran = run(&["bundle", &path]);
    assert_eq!(ran.code, CLEAN, "{}", ran.err);
    for line in [
        "captured    2024-05-01T10:00:00.000000Z",
        "Istio       control plane 1.24.1 (default) · proxies 1.24.1 (12) · istioctl 1.24.1",
        "Envoy       1.32.2 (12)",
        "Kubernetes  server v1.29.1 · kubectl v1.29.3",
        "istiod      istiod-5f9c7d8b6-x2x4z.istio-system: syncz, log",
        "proxies (14)",
        "  ns-3 (3)",
        "  config_dump: late-5d8f7b6c9d-abcde.ns-3",
    ] {
        assert!(ran.out.lines().any(|found| found == line), "no {line:?} in\n{}", ran.out);
    }
    let has = |text: &str| ran.out.contains(text);
    assert!(has("Secret ns-0/tls (tls.key)"), "{}", ran.out);
    assert!(has("private key of secret `default` of old-5d8f7b6c9d-abcde.ns-3") && !has("`good`"), "{}", ran.out);
    assert!(!has("MIIsecret") && !has("U0VDUkVU"), "a secret is printed");
    let json = run(&["bundle", "--format=json", &path]).json();
    assert_eq!(json["envoy"]["1.32.2"], 12);
    assert_eq!(json["proxies"].as_array().unwrap().len(), 14);
    assert_eq!(json["resources"]["Secret"], 1);
    assert!(!json.to_string().contains("MIIsecret") && !json.to_string().contains("U0VDUkVU"));
}

#[test]
fn the_sample_is_read_whole() {
    let Some(sample) = shared("corpus/bundle-sample") else { return };
    let mut all = Vec::new();
    for name in ["bug-report", "bug-report.tar.gz", "bug-report-dir-flag.tar.gz"] {
        let path = sample.join(name).display().to_string();
        let ran = check(&path);
        assert_eq!(ran.json()["summary"]["proxies"], 4, "{name}");
        let short = |line: String| line.trim_start_matches("bug-report/").to_owned();
        all.push(essence(&ran, &path).into_iter().map(short).collect::<Vec<_>>());
        let inventory = run(&["bundle", "--format=json", &path]).json();
        assert_eq!(inventory["proxies"].as_array().unwrap().len(), 5, "{name}: with the ztunnel");
        assert_eq!(inventory["istiod"][0]["debug"].as_array().unwrap().len(), 10, "{name}");
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[1], all[2]);
    assert!(all[0].iter().any(|line| line.contains("rejected-update") && line.contains("hr2")), "{:#?}", all[0]);
}

#[test]
fn secrets_in_what_cannot_be_read_are_named() {
    let mut files = report();
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl";
    let text = format!("apiVersion: v1\nkind: Secret\ndata:\n  token: \"{token}\n- [\n");
    files.push(("bug-report/cluster/secrets".to_owned(), text));
    let path = save("broken-secrets.tar", &tar(&files));
    let ran = run(&["bundle", &path]);
    assert!(ran.out.contains("cluster/secrets: JSON web token in the text"), "{}", ran.out);
    assert!(!ran.out.contains(token) && !check(&path).out.contains(token));
}

#[test]
fn a_pod_is_described_from_a_bundle() {
    let mut files = report();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: svc-0-7d4b9c6f5-00000, namespace: ns-0, labels: {app: svc-0}}\n\
               spec: {containers: [{name: istio-proxy}]}\n";
    files.push(("bug-report/cluster/pods".to_owned(), pod.to_owned()));
    let archive = save("describe.tar.gz", &gzip(&tar(&files)));
    let folder = unpack("describe", &files);
    let pod = files.iter().find_map(|(path, _)| {
        let rest = path.strip_prefix("bug-report/proxies/")?.strip_suffix("/config_dump?include_eds")?;
        rest.split_once('/')
    });
    let (namespace, pod) = pod.unwrap();
    let at = |path: &str| format!("{folder}/bug-report/{path}");
    let dump = format!("{pod}.{namespace}={}", at(&format!("proxies/{namespace}/{pod}/config_dump?include_eds")));
    let name = format!("{pod}.{namespace}");
    let resources = ["k8s-resources", "crs", "pods"].map(|name| at(&format!("cluster/{name}")));
    let of_files = run(&["describe", "pod", &name, &resources[0], &resources[1], &resources[2], "--dump", &dump]);
    assert!(of_files.code == CLEAN && of_files.out.contains("Service: "), "{}{}", of_files.out, of_files.err);
    for bundle in [&archive, &folder] {
        let of_bundle = run(&["describe", "pod", &name, "--bundle", bundle]);
        assert_eq!((of_bundle.code, &of_bundle.out), (CLEAN, &of_files.out), "{}", of_bundle.err);
    }
}
