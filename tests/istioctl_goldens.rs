//! istioctl's own tests as data (`../shared/conformance/istioctl-goldens`): 49 entries.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use meshlint::describe::virtual_service_path;
use meshlint::document::Document;
use meshlint::input::Text;
use meshlint::tables::describe_domain_names;
use serde_json::{Value, json};

/// The day for which the goldens say which certificates are valid.
const DAY: &str = "2026-11-20T17:00:00Z";

fn root() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/istioctl-goldens");
    if !root.exists() {
        println!("skipped: {} is not here", root.display());
        return None;
    }
    Some(root)
}

/// What the program prints on both streams.
fn run(root: &Path, args: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_meshlint")).current_dir(root).args(args).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn read(root: &Path, path: &str) -> String {
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// A document without the order of keys and the spelling of numbers.
fn meaning(text: &str) -> Value {
    let document = Document::read("", Text::from(text));
    serde_json::from_str(&document.roots().next().unwrap().to_json()).unwrap()
}

/// The arguments of a `proxy-config` entry: `istioctl proxy-config SECTION --file FILE …`.
fn proxy_config(root: &Path, entry: &Value) -> Result<(), String> {
    let mut words: Vec<&str> = entry["command"].as_str().unwrap().split(' ').skip(1).collect();
    let place = words.iter().position(|word| *word == "--file").unwrap() + 1;
    words[place] = entry["input"].as_str().unwrap();
    if matches!(words[1], "secret" | "all") {
        words.extend(["--at", DAY]);
    }
    let (printed, errors) = run(root, &words);
    let expected = read(root, entry["expected"].as_str().unwrap());
    let exact = entry["compare"].as_str().unwrap().starts_with("exact");
    let same = if exact { printed == expected } else { !printed.is_empty() && meaning(&printed) == meaning(&expected) };
    if same { Ok(()) } else { Err(format!("printed\n{printed}{errors}\nexpected\n{expected}")) }
}

fn exact(root: &Path, args: &[&str], expected: &str) -> Result<(), String> {
    let (printed, errors) = run(root, args);
    let expected = read(root, expected);
    if printed == expected { Ok(()) } else { Err(format!("{args:?} printed\n{printed}{errors}\nexpected\n{expected}")) }
}

fn contains(root: &Path, args: &[&str], wanted: &[&str]) -> Result<(), String> {
    let (printed, errors) = run(root, args);
    let both = format!("{printed}{errors}");
    match wanted.iter().find(|text| !both.contains(**text)) {
        None => Ok(()),
        Some(text) => Err(format!("{args:?}: no {text:?} in\n{both}")),
    }
}

fn describe(root: &Path, entry: &Value) -> Result<(), String> {
    let empty = std::env::temp_dir().join("meshlint-goldens-empty.json");
    std::fs::write(&empty, "{}").unwrap();
    let dumps: Vec<String> = entry["inputs"]["config_dump_by_pod"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(pod, file)| match file.as_str().unwrap() {
            file if file.starts_with("{}") => format!("{pod}={}", empty.display()),
            file => format!("{pod}={file}"),
        })
        .collect();
    let manifests = entry["inputs"]["manifests"].as_str().unwrap();
    let mut args = vec!["describe", "service", "productpage", manifests, "--root-namespace", "default"];
    for dump in &dumps {
        args.extend(["--dump", dump]);
    }
    exact(root, &args, entry["expected"].as_str().unwrap())
}

fn path_of_virtual_service(root: &Path, entry: &Value) -> Result<(), String> {
    let dump = Document::read("", Text::from(read(root, entry["input"].as_str().unwrap()).as_str()));
    let found = virtual_service_path(&dump, "productpage", "default", 9080);
    if found == entry["expected_value"].as_str() { Ok(()) } else { Err(format!("found {found:?}")) }
}

fn domains(entry: &Value) -> Result<(), String> {
    for row in entry["rows"].as_array().unwrap() {
        let domains: Vec<&str> = row[0].as_array().unwrap().iter().map(|domain| domain.as_str().unwrap()).collect();
        let cell = describe_domain_names(&domains);
        if Some(cell.as_str()) != row[1].as_str() {
            return Err(format!("{domains:?} became {cell:?}"));
        }
    }
    Ok(())
}

/// A proxy of `status_test.go`: name, cluster, version, namespace, statuses of CDS, LDS, RDS, EDS, ECDS.
type Proxy<'a> = (&'a str, &'a str, &'a str, &'a str, [&'a str; 5]);

/// An answer of istiod, as a file.
fn answer(istiod: &str, proxies: &[Proxy<'_>]) -> String {
    let types = [
        "cluster.v3.Cluster",
        "listener.v3.Listener",
        "route.v3.RouteConfiguration",
        "endpoint.v3.ClusterLoadAssignment",
        "core.v3.TypedExtensionConfig",
    ];
    let resources: Vec<Value> = proxies
        .iter()
        .map(|(name, cluster, version, namespace, statuses)| {
            let mut metadata = json!({ "CLUSTER_ID": cluster, "ISTIO_VERSION": version });
            if !namespace.is_empty() {
                metadata["NAMESPACE"] = (*namespace).into();
            }
            let config = |(kind, status): (&&str, &&str)| {
                let url = format!("type.googleapis.com/envoy.config.{kind}");
                json!({ "typeUrl": url, "configStatus": status })
            };
            let configs: Vec<Value> = types.iter().zip(statuses).map(config).collect();
            json!({
                "@type": "type.googleapis.com/envoy.service.status.v3.ClientConfig",
                "node": { "id": name, "metadata": metadata }, "genericXdsConfigs": configs,
            })
        })
        .collect();
    let info = r#""Info":{"version":"1.1","revision":"","golang_version":"","status":"","tag":""}"#;
    let identifier = format!(r#"{{"Component":"istiod","ID":"{istiod}",{info}}}"#);
    let response = json!({
        "versionInfo": "1.1", "resources": resources,
        "typeUrl": "type.googleapis.com/envoy.service.status.v3.ClientConfig",
        "controlPlane": { "identifier": identifier },
    });
    let path = std::env::temp_dir().join(format!("meshlint-goldens-{istiod}-{}.json", proxies.len()));
    std::fs::write(&path, response.to_string()).unwrap();
    path.display().to_string()
}

const ONE: Proxy<'_> = ("proxy1", "cluster1", "1.20", "", ["STALE", "SYNCED", "NOT_SENT", "SYNCED", "SYNCED"]);
const TWO: Proxy<'_> = ("proxy2", "cluster2", "1.19", "", ["STALE", "SYNCED", "SYNCED", "STALE", "STALE"]);
const THREE: Proxy<'_> = ("proxy3", "cluster3", "1.20", "", ["NOT_SENT", "ERROR", "NOT_SENT", "STALE", "NOT_SENT"]);
const FOUR: Proxy<'_> = ("proxy4", "cluster4", "1.20", "", ["UNKNOWN"; 5]);

fn status(root: &Path, id: &str) -> Result<(), String> {
    match id {
        "ps-multi" => {
            let files = [("istiod1", ONE), ("istiod2", TWO), ("istiod3", THREE), ("istiod4", FOUR)]
                .map(|(istiod, proxy)| answer(istiod, &[proxy]));
            let args = ["proxy-status", &files[0], &files[1], &files[2], &files[3]];
            exact(root, &args, "proxystatus/multiXdsStatusMultiPilot.txt")
        }
        "ps-single" => {
            let file = answer("istiod1", &[ONE, ("proxy2", "cluster2", "1.20", "", TWO.4)]);
            exact(root, &["proxy-status", &file], "proxystatus/multiXdsStatusSinglePilot.txt")
        }
        _ => {
            let file = answer(
                "istiod1",
                &[("proxy1", "cluster1", "1.20", "foo", ONE.4), ("proxy2", "cluster2", "1.19", "bar", TWO.4)],
            );
            let (printed, _) = run(root, &["proxy-status", &file, "-o", "yaml", "-n", "foo"]);
            let expected = read(root, "proxystatus/multiXdsStatusSingleNamespace.yaml");
            if meaning(&printed) == meaning(&expected) { Ok(()) } else { Err(format!("printed\n{printed}")) }
        }
    }
}

fn log(root: &Path) -> Result<(), String> {
    let page = "logging/logging.txt";
    contains(root, &["pc", "log", page], &[&format!("{page}:\n{}", read(root, page))])?;
    contains(root, &["pc", "log", page, "--level", "xxx"], &["unrecognized logging level: xxx"])?;
    contains(root, &["pc", "log", page, "--level", "xxx:debug"], &["unrecognized logger name: xxx"])?;
    contains(root, &["pc", "log", page, "--level", "http:yyy"], &["unrecognized logging level: yyy"])
}

fn ztunnel(root: &Path) -> Result<(), String> {
    let dump = "ztunnel/dump.json";
    let commands: [(&[&str], &str); 9] = [
        (&["all", dump, "--at", DAY], "allsummary"),
        (&["all", dump, "--at", DAY, "--with-headers"], "allsummary_withheaders"),
        (&["connections", "ztunnel/connectionsdump.json"], "connectionsummary"),
        (
            &["connections", "ztunnel/connectionsdump.json", "--workload", "productpage-v1-796f87b58-97bjk"],
            "connectionsummary_workload",
        ),
        (&["policies", dump], "policies"),
        (&["certificate", dump, "--at", DAY], "secretsummary"),
        (&["workload", dump], "workloadsummary"),
        (&["workload", dump, "--workload-namespace", "default"], "workloadsummary_default"),
        (&["workload", dump, "--workload", "productpage-v1-675fc69cf-jscn2"], "workloadsummary_workload"),
    ];
    for (args, expected) in commands {
        let args: Vec<&str> = std::iter::once("ztunnel-config").chain(args.iter().copied()).collect();
        exact(root, &args, &format!("ztunnel/{expected}.txt"))?;
    }
    Ok(())
}

/// The ranges are those of the entries that the outputs begin and end with.
fn logs(root: &Path) -> Result<(), String> {
    let cases = [
        ("format_txt", None, "format_txt_no_time_filter"),
        ("format_json", None, "format_json_no_time_filter"),
        (
            "format_txt",
            Some(("2020-06-29T23:37:27.336155Z", "2020-06-29T23:37:27.349559Z")),
            "format_txt_with_time_filter",
        ),
        (
            "format_json",
            Some(("2023-05-10T17:43:55.356647Z", "2023-05-10T17:43:55.356691Z")),
            "format_json_with_time_filter",
        ),
        ("ingress", Some(("2020-06-29T23:37:27.285053Z", "2020-06-29T23:37:27.285885Z")), "range_equals"),
        ("ingress", Some(("2020-06-29T23:37:27.285052Z", "2020-06-29T23:37:27.285886Z")), "range_not_equals"),
        ("ingress", Some(("2020-06-29T23:37:27.287895Z", "2020-06-29T23:37:27.287996Z")), "multi_line_entries"),
    ];
    for (input, range, expected) in cases {
        let input = format!("bugreport-logs/input/{input}.log");
        let mut args = vec!["logs", &input];
        if let Some((since, until)) = range {
            args.extend(["--since", since, "--until", until]);
        }
        let (printed, _) = run(root, &args);
        let expected = read(root, &format!("bugreport-logs/output/{expected}.log"));
        if printed.trim_end() != expected.trim_end() {
            return Err(format!("{args:?} printed\n{printed}"));
        }
    }
    Ok(())
}

fn judge(root: &Path, entry: &Value) -> Result<(), String> {
    let id = entry["id"].as_str().unwrap();
    let single = "proxystatus/multiXdsStatusSinglePilot";
    let same = ["Clusters Match", "Listeners Match", "Routes Match"];
    let differs = ["Clusters Don't Match", "Listeners Don't Match", "Routes Don't Match"];
    let envoy = "compare/configdump.json";
    match id {
        "pc-log" => log(root),
        "bugreport-log-filter" => logs(root),
        "ztunnel" => ztunnel(root),
        "authz-check" => exact(root, &["authz", "check", "-f", "authz/configdump.yaml"], "authz/expected.txt"),
        "describe-route-domains" => domains(entry),
        "describe-vs-path-http" | "describe-vs-path-tls" => path_of_virtual_service(root, entry),
        "ps-multi" | "ps-single" | "ps-json-yaml-ns" => status(root, id),
        "ps-verbose" => exact(
            root,
            &["proxy-status", "--verbosity", "1", &format!("{single}.json")],
            "proxystatus/multiXdsStatusMultiPilot_verbose.txt",
        ),
        "ps-json-yaml" => {
            exact(root, &["proxy-status", "-o", "yaml", &format!("{single}.json")], &format!("{single}.yaml"))
        }
        "ps-diff-same" => contains(root, &["proxy-status", "--istiod", envoy, "-f", envoy], &same),
        "ps-diff-differs" => {
            contains(root, &["proxy-status", "--istiod", envoy, "-f", "compare/configdump_diff.json"], &differs)
        }
        _ if id.starts_with("describe-service") => describe(root, entry),
        _ => proxy_config(root, entry),
    }
}

#[test]
fn goldens_of_istioctl() {
    let Some(root) = root() else { return };
    let index: Value = serde_json::from_str(&read(&root, "INDEX.json")).unwrap();
    let entries = index["goldens"].as_array().unwrap();
    let (mut passed, mut wrong) = (0, Vec::new());
    for entry in entries {
        let id = entry["id"].as_str().unwrap();
        match judge(&root, entry) {
            Ok(()) => passed += 1,
            Err(why) => wrong.push(format!("{id}: {}", why.chars().take(1500).collect::<String>())),
        }
    }
    println!("{passed} of {} entries pass", entries.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
