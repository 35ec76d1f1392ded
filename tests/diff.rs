//! Two bundles compared proxy by proxy.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::{Path, PathBuf};

use meshlint::diff::{diff, diff_bundles};
use meshlint::document::Document;
use meshlint::input::Text;
use serde_json::{Value, json};
use support::{files, run, shared};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("diff").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn dump(pod: &str, ip: &str, timeout: &str, clusters: &[&str]) -> String {
    let clusters = clusters.iter().map(|name| {
        json!({"version_info": timeout, "cluster": {"name": name, "connect_timeout": timeout, "alt_stat_name": format!("{pod} {ip}")}})
    });
    json!({"configs": [
        {"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", "bootstrap": {"node": {"id": format!("sidecar~{ip}~{pod}.shop~x")}}},
        {"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "dynamic_active_clusters": clusters.collect::<Vec<_>>()},
    ]})
    .to_string()
}

fn bundle(name: &str, dumps: &[(&str, String)]) -> PathBuf {
    let folder = folder(name);
    for (pod, text) in dumps {
        let path = folder.join("proxies/shop").join(pod);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("config_dump"), text).unwrap();
    }
    folder
}

#[test]
fn proxies_with_the_same_changes_stand_together() {
    let old = bundle(
        "old",
        &[
            ("web-7d4b9c6f5-aaaaa", dump("web-7d4b9c6f5-aaaaa", "10.0.0.1", "1s", &["a", "b"])),
            ("web-7d4b9c6f5-bbbbb", dump("web-7d4b9c6f5-bbbbb", "10.0.0.2", "1s", &["a", "b"])),
            ("cart-0", dump("cart-0", "10.0.0.3", "1s", &["a"])),
            ("gone-0", dump("gone-0", "10.0.0.4", "1s", &["a"])),
            ("api-0", dump("api-0", "10.0.0.5", "1s", &["a", "b"])),
        ],
    );
    let new = bundle(
        "new",
        &[
            ("web-6c5b7f8d9-ccccc", dump("web-6c5b7f8d9-ccccc", "10.0.1.1", "2s", &["a", "b"])),
            ("web-6c5b7f8d9-ddddd", dump("web-6c5b7f8d9-ddddd", "10.0.1.2", "2s", &["a", "b"])),
            ("cart-0", dump("cart-0", "10.0.1.3", "1s", &["a"])),
            ("fresh-0", dump("fresh-0", "10.0.1.4", "1s", &["a"])),
            ("api-0", dump("api-0", "10.0.1.5", "1s", &["a", "c"])),
        ],
    );
    let (old, new) = (old.display().to_string(), new.display().to_string());
    let ran = run(&["diff", &old, &new]);
    assert_eq!(
        ran.out,
        "3 of 4 proxies differ\n\n\
         2 proxies: clusters 2 changed\n    \
         web-7d4b9c6f5-aaaaa.shop -> web-6c5b7f8d9-ccccc.shop, web-7d4b9c6f5-bbbbb.shop -> web-6c5b7f8d9-ddddd.shop\n  \
         clusters\n    connectTimeout: 1s -> 2s\n        a, b\n\n\
         1 proxy: clusters 1 added, 1 removed\n    api-0.shop\n  \
         clusters\n    only in the second\n        c\n    only in the first\n        b\n\n\
         1 proxy only in the first\n    gone-0.shop\n\n\
         1 proxy only in the second\n    fresh-0.shop\n"
    );
    assert_eq!(ran.code, 1, "{}", ran.err);
    let json: Value = serde_json::from_str(&run(&["diff", "--format=json", &old, &new]).out).unwrap();
    assert_eq!(json["same"], 1);
    assert_eq!(json["changed"][0]["resources"], json!({"clusters": {"added": 0, "removed": 0, "changed": 2}}));
    assert_eq!(json["changed"][1]["proxies"], json!([{"old": "api-0.shop", "new": "api-0.shop"}]));
    let ran = run(&["diff", &old, &old]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "5 proxies say the same.\n"));
    assert_eq!(run(&["diff", &old, &format!("{new}/proxies/shop/api-0/config_dump")]).code, 2);
}

#[test]
fn the_order_of_filters_and_routes_is_a_difference_and_that_of_clusters_is_none() {
    let dump = |filters: &[&str], clusters: &[&str]| {
        let filters: Vec<Value> = filters.iter().map(|name| json!({"name": name})).collect();
        let clusters: Vec<Value> = clusters.iter().map(|name| json!({"name": name})).collect();
        let json = json!({"configs": [{"static_clusters": clusters, "static_listeners": [{"listener": {"name": "l", "http_filters": filters}}]}]});
        Document::read("dump", Text::from(json.to_string().as_str()))
    };
    let found = diff(&dump(&["a", "b"], &["x", "y"]), &dump(&["b", "a"], &["y", "x"]), false).unwrap();
    let shown: Vec<String> = found.keys().map(|d| format!("{} {:?} {:?}", d.path, d.old, d.new)).collect();
    assert_eq!(shown, [r#"httpFilters (order) Some("a, b") Some("b, a")"#]);
}

/// Bundles are compared by numbers, dumps field by field; both must see the same.
#[test]
fn bundles_differ_where_their_dumps_differ() {
    let Some(corpus) = shared("corpus/dumps") else { return };
    let dumps: Vec<PathBuf> =
        files(&corpus, ".json").into_iter().filter(|path| path.metadata().is_ok_and(|m| m.len() < 600_000)).collect();
    let (mut pairs, mut same) = (0, 0);
    for two in dumps.windows(2) {
        for (a, b) in [(&two[0], &two[1]), (&two[0], &two[0])] {
            let read = |path: &PathBuf| Document::read("dump", Text::from(std::fs::read(path).unwrap()));
            let Ok(found) = diff(&read(a), &read(b), false) else { continue };
            let (old, new) = (folder("numbers-old"), folder("numbers-new"));
            for (path, side) in [(a, &old), (b, &new)] {
                std::fs::create_dir_all(side.join("proxies/shop/web-0")).unwrap();
                std::fs::copy(path, side.join("proxies/shop/web-0/config_dump")).unwrap();
            }
            let Ok(bundles) = diff_bundles(&old, &new, false) else { continue };
            pairs += 1;
            same += usize::from(found.is_empty());
            assert_eq!(bundles.groups.is_empty(), found.is_empty(), "{} {}: {found:?}", a.display(), b.display());
            assert!(bundles.groups.iter().all(|group| group.differences == found), "{}", a.display());
        }
    }
    println!("{pairs} cases of bundles compared as their dumps are, {same} of them the same");
    assert!(pairs > 20);
}
