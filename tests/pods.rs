//! One pod of a bundle: its tables without the others'.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::Path;

use support::packing::{self, Files, zip};
use support::{Ran, meshlint, run, run_with};

const NOTHING: i32 = 3;

fn dump(pod: &str, namespace: &str) -> String {
    format!(
        r#"{{"configs":[{{"@type":"type.googleapis.com/envoy.admin.v3.BootstrapConfigDump","bootstrap":{{"node":{{"id":"sidecar~10.0.0.1~{pod}.{namespace}~{namespace}.svc.cluster.local"}}}}}},
        {{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump","dynamic_active_clusters":[{{"cluster":{{"name":"outbound|80||{pod}.{namespace}.svc.cluster.local","type":"EDS"}}}}]}},
        {{"@type":"type.googleapis.com/envoy.admin.v3.ListenersConfigDump","dynamic_listeners":[]}}]}}"#
    )
}

/// A report in which only the dump of `web-1.shop` can be read.
fn report() -> Files {
    let file = |path: &str, text: &str| (format!("bug-report/{path}"), text.to_owned());
    vec![
        file("versions", "not of interest"),
        file("cluster/k8s-resources", "kind: [broken"),
        file("proxies/shop/cart-1/config_dump?include_eds", "{broken"),
        file("proxies/shop/web-1/config_dump?include_eds", &dump("web-1", "shop")),
        file(
            "proxies/shop/web-1/clusters",
            "outbound|80||a::default_priority::max_connections::1\noutbound|80||a::10.0.0.9:80::health_flags::healthy\n",
        ),
        file("proxies/shop/web-2/istio-proxy.log", "2026-01-01T00:00:00Z\tinfo\tx\n"),
        file("proxies/test/api-1/config_dump?include_eds", "{broken"),
        file("proxies/shop/api-1/config_dump?include_eds", "{broken"),
    ]
}

fn tar_gz(files: &Files) -> Vec<u8> {
    packing::gzip(&packing::tar(files, 0))
}

fn save(name: &str, bytes: &[u8]) -> String {
    packing::save(&format!("pods/{name}"), bytes)
}

fn unpack(name: &str, files: &Files) -> String {
    packing::unpack(&format!("pods/{name}"), files)
}

#[track_caller]
fn assert_says(ran: &Ran, code: i32, line: &str) {
    assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
    assert!(ran.err.contains(line) && ran.err.lines().count() == 1, "{:?} is not {line:?}", ran.err);
}

const CLUSTERS: &str = "\
SERVICE FQDN                     PORT     SUBSET     DIRECTION     TYPE     DESTINATION RULE
web-1.shop.svc.cluster.local     80       -          outbound      EDS      
";

#[test]
fn a_pods_table_comes_of_its_own_dump_alone() {
    let files = report();
    let bundles = [
        save("a.tar.gz", &tar_gz(&files)),
        save("a.zip", &zip(&files)),
        unpack("a", &files),
        format!("{}/bug-report", unpack("b", &files)),
    ];
    for bundle in &bundles {
        for pod in ["web-1", "web-1.shop"] {
            let ran = run(&["proxy-config", "clusters", "--bundle", bundle, pod]);
            assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, CLUSTERS, ""), "{bundle}");
        }
        let ran = run(&["pc", "endpoints", "web-1", "--bundle", bundle]);
        assert!(ran.out.contains("10.0.0.9:80     HEALTHY"), "endpoints are of /clusters: {}{}", ran.out, ran.err);
    }
}

/// Whether a file of a folder is opened at all can be seen where opening it takes for ever.
#[cfg(unix)]
#[test]
fn files_of_other_pods_are_never_opened() {
    let folder = unpack("fifo", &report());
    let other = Path::new(&folder).join("bug-report/proxies/shop/cart-1/config_dump?include_eds");
    std::fs::remove_file(&other).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&other).status().unwrap().success());
    let ran = run(&["proxy-config", "clusters", "--bundle", &folder, "web-1"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, CLUSTERS), "{}", ran.err);
}

#[test]
fn what_cannot_be_meant_is_said_in_a_line() {
    let bundle = save("said.tar.gz", &tar_gz(&report()));
    let clusters = |pod: &str| run(&["proxy-config", "clusters", "--bundle", &bundle, pod]);
    assert_says(&clusters("api-1"), NOTHING, "`api-1` is in several namespaces: api-1.shop, api-1.test");
    assert_says(&clusters("wbe-1"), NOTHING, "did you mean `web-1`?");
    assert_says(&clusters("web"), NOTHING, "holds no pod `web`; it holds web-1.shop");
    assert_says(&clusters("web-2"), NOTHING, "holds no such file of web-2.shop");
    assert_says(&run(&["pc", "clusters", &bundle]), 2, "is an archive; name --bundle");
    let unreadable = run(&["pc", "clusters", "--bundle", "/nowhere", "x"]);
    assert_says(&unreadable, 4, "cannot read /nowhere");
}

#[test]
fn pods_are_offered_to_the_shell() {
    let bundle = save("complete.tar.gz", &tar_gz(&report()));
    let mut command = meshlint();
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "5").env("_CLAP_IFS", "\n");
    command.args(["--", "meshlint", "proxy-config", "clusters", "--bundle", &bundle, "web"]);
    let ran = run_with(command, b"");
    assert_eq!(ran.out.trim(), "web-1.shop", "{}", ran.err);
}

#[test]
fn dumps_in_a_plain_folder_are_known_by_what_they_say() {
    let files = vec![("one.json".to_owned(), dump("web-1", "shop")), ("two.json".to_owned(), dump("web-2", "shop"))];
    let folder = unpack("plain", &files);
    let ran = run(&["pc", "clusters", "--bundle", &folder, "web-1"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, CLUSTERS), "{}", ran.err);
}

#[test]
fn other_commands_take_a_pod_as_well() {
    let bundle = save("other.tar.gz", &tar_gz(&report()));
    let ran = run(&["trace", "--bundle", &bundle, "web-1", "--to", "http://a"]);
    assert!(ran.code == 2 && ran.err.contains("holds no listeners"), "{}", ran.err);
    let ran = run(&["reach", "--bundle", &bundle, "web-1"]);
    assert!(ran.code == 2 && ran.err.contains("holds no routes"), "{}", ran.err);
    let ran = run(&["authz", "check", "--bundle", &bundle, "web-1"]);
    assert!(ran.code == NOTHING && ran.err.contains("web-1/config_dump?include_eds holds no listeners"), "{}", ran.err);
    let ran = run(&["authz", "eval", "--bundle", &bundle, "web-1", "--port", "80"]);
    assert!(ran.code == NOTHING && ran.err.contains("no listener for inbound traffic"), "{}", ran.err);
    let ran = run(&["ztunnel-config", "workloads", "--bundle", &bundle, "web-1"]);
    assert_eq!(ran.code, NOTHING, "{}", ran.err);
}
