//! What the istiods of a bundle say of its proxies.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::Path;

use support::run;

const CDS: &str = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

fn bundle(name: &str, files: &[(&str, &str)]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proxy-status").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder.display().to_string()
}

fn pod(name: &str, labels: &str, container: &str) -> String {
    format!(
        "- {{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}, \
         spec: {{containers: [{{name: app}}, {{name: {container}}}]}}, status: {{phase: Running}}}}\n"
    )
}

#[test]
fn all_istiods_of_a_bundle_are_asked() {
    let of_fields = r#"[{"cluster_id":"K","proxy":"web-1.shop","istio_version":"1.24.0","cluster_sent":"a","cluster_acked":"a",
        "listener_sent":"b","listener_acked":"a","route_sent":"","endpoint_sent":"c","endpoint_acked":"c"}]"#;
    let by_type = format!(
        r#"[{{"cluster_id":"K","proxy":"web-2.shop","istio_version":"1.23.1",
        "resources":{{"{CDS}":{{"sent":"a","acked":"","lastError":"cluster x: no such extension"}}}}}}]"#
    );
    let pods = [
        pod("istiod-1", "app: istiod", "discovery"),
        pod("istiod-2", "app: istiod", "discovery"),
        pod("istiod-3", "app: istiod", "discovery"),
        pod("web-1", "app: web", "istio-proxy"),
        pod("web-2", "app: web", "istio-proxy"),
        pod("web-3", "app: web", "istio-proxy"),
        pod("plain", "app: plain", "other"),
    ];
    let versions =
        "Revision default:\n&version.MeshInfo{version.ServerInfo{Info:version.BuildInfo{Version:\"1.24.0\"}}}\n";
    let path = bundle(
        "several",
        &[
            ("versions", &format!("CLI version:\ncontrol plane\n{versions}")),
            ("cluster/k8s-resources", &format!("apiVersion: v1\nkind: List\nitems:\n{}", pods.concat())),
            ("istio/shop/istiod-1/debug/syncz", of_fields),
            ("istio/shop/istiod-2/debug/syncz", &by_type),
        ],
    );
    let ran = run(&["proxy-status", "--bundle", &path]);
    assert_eq!(
        ran.out,
        "NAME           CLUSTER     ISTIOD       VERSION     SUBSCRIBED TYPES\n\
         web-1.shop     K           istiod-1     1.24.0      4 (CDS,LDS,EDS,RDS)\n\
         web-2.shop     K           istiod-2     1.23.1      1 (CDS)\n\
         web-3.shop                 (none)                   not connected\n"
    );
    assert_eq!(
        ran.err,
        "web-1.shop: has not confirmed the last LDS\n\
         web-2.shop: CDS was refused: cluster x: no such extension\n\
         not saved: the answer of istiod-3.shop, which may know more proxies\n\
         running, but in no istiod: web-3.shop\n\
         proxies of different versions: 1 of 1.23.1, 1 of 1.24.0, istiod default of 1.24.0\n"
    );
    let ran = run(&["proxy-status", "--bundle", &path, "web-2"]);
    assert_eq!(
        ran.out,
        "NAME           CLUSTER     CDS       ISTIOD       VERSION\n\
         web-2.shop     K           ERROR     istiod-2     1.23.1\n"
    );
    assert_eq!(ran.err, "web-2.shop: CDS was refused: cluster x: no such extension\n");
    let ran = run(&["proxy-status", "--bundle", &path, "wbe-2"]);
    assert!(ran.code == 3 && ran.err.contains("did you mean `web-2`?"), "{}", ran.err);
}

#[test]
fn what_istiod_would_send_is_compared_where_must_gather_has_both() {
    let dump = |kind: &str| {
        format!(
            r#"{{"configs":[{{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump","dynamic_active_clusters":
            [{{"cluster":{{"@type":"{CDS}","name":"a","type":"{kind}"}}}}]}}]}}"#
        )
    };
    let path = bundle(
        "gathered",
        &[
            ("version", "must-gather"),
            ("namespaces/shop/pods/web-1/config_dump_proxy.json", &dump("EDS")),
            ("namespaces/shop/pods/web-1/config_dump_istiod.json", &dump("STATIC")),
            ("namespaces/shop/pods/web-2/config_dump_proxy.json", &dump("EDS")),
            ("namespaces/shop/pods/web-2/config_dump_istiod.json", &dump("EDS")),
        ],
    );
    let ran = run(&["proxy-status", "--bundle", &path, "web-1.shop"]);
    assert!(
        ran.code == 1 && ran.out.starts_with("Clusters Don't Match\n--- Istiod Clusters\n"),
        "{}{}",
        ran.out,
        ran.err
    );
    let ran = run(&["proxy-status", "--bundle", &path, "web-2"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "Clusters Match\nListeners Match\nRoutes Match\n"), "{}", ran.err);
    let ran = run(&["proxy-status", "--bundle", &path]);
    assert!(ran.code == 3 && ran.err.contains("holds no answer of an istiod"), "{}", ran.err);
}
