//! Tables of small files: what must never be shown, and what istioctl gives no table of.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use meshlint::diff::diff;
use meshlint::document::Document;
use meshlint::input::Text;
use meshlint::tables::{Filter, Missing, Output, Section, print};

fn read(text: &str) -> Document {
    Document::read("dump.json", Text::from(text))
}

fn table(text: &str, section: Section) -> String {
    print(&read(text), section, &Filter::default(), Output::Short).unwrap()
}

const KEY: &str = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t";

fn with_key(key: &str) -> String {
    format!(
        r#"{{"configs": [{{"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump",
        "dynamic_active_secrets": [{{"name": "default", "secret": {{
          "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", "name": "default",
          "tls_certificate": {{"private_key": {{"inline_bytes": "{key}"}}, "password": {{"inline_string": "hunter2"}}}}}}}}]}}]}}"#
    )
}

#[test]
fn keys_are_never_printed() {
    let document = read(&with_key(KEY));
    for section in [Section::Secrets, Section::All] {
        for output in [Output::Short, Output::Json, Output::Yaml] {
            let text = print(&document, section, &Filter::default(), output).unwrap();
            assert!(!text.contains(KEY) && !text.contains("hunter2"), "{section:?} {output:?}\n{text}");
        }
    }
    let json = print(&document, Section::All, &Filter::default(), Output::Json).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
    let other = read(&with_key("LS0tLS1PVEhFUg=="));
    let found = format!("{:?}", diff(&document, &other, true).unwrap());
    assert!(found.contains("privateKey") && !found.contains(KEY), "{found}");
}

#[test]
fn old_and_odd_files_have_tables() {
    let expected = "SERVICE FQDN     PORT     SUBSET     DIRECTION     TYPE     DESTINATION RULE\n\
                    a.b              80       v1         outbound      EDS      \n";
    let cluster = r#"{"name": "outbound|80|v1|a.b", "type": "EDS", "connect_timeout": "1s"}"#;
    let forms = [
        // Envoy before 1.8: a map.
        format!(r#"{{"configs": {{"clusters": {{"dynamic_active_clusters": [{{"cluster": {cluster}}}]}}}}}}"#),
        // A section alone, a list of resources, and the answer to `?resource=`.
        format!(r#"{{"dynamicActiveClusters": [{{"cluster": {cluster}}}]}}"#),
        format!("[{cluster}]"),
        format!(
            r#"{{"configs": [{{"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.DynamicCluster",
            "cluster": {cluster}}}]}}"#
        ),
        // Client status discovery.
        r#"{"config": [{"node": {"id": "a"}, "generic_xds_configs": [{"xds_config":
            {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "outbound|80|v1|a.b", "type": 3}}]}]}"#
            .to_owned(),
    ];
    for form in forms {
        assert_eq!(table(&form, Section::Clusters), expected, "{form}");
    }
}

#[test]
fn several_pods_have_headings() {
    let configs = r#"{"configs": [{"static_clusters": [{"cluster": {"name": "x"}}]}]}"#;
    let text = table(&format!(r#"{{"ns": {{"a": {configs}, "b": {configs}}}}}"#), Section::Clusters);
    assert!(text.starts_with("ns/a:\nSERVICE FQDN") && text.contains("\nns/b:\nSERVICE FQDN"), "{text}");
}

#[test]
fn what_is_not_there_is_one_clear_line() {
    let dump = r#"{"configs": [{"static_clusters": []}]}"#;
    let of = |section| print(&read(dump), section, &Filter::default(), Output::Short);
    assert_eq!(of(Section::Routes), Err(Missing("dump.json holds no routes; it holds clusters".to_owned())));
    assert_eq!(of(Section::Clusters), Err(Missing("no clusters found".to_owned())));
}

#[test]
fn a_dump_cannot_steer_the_terminal() {
    let text = table(r#"[{"name": "a\u001b[31m\nb", "connect_timeout": "1s"}]"#, Section::Clusters);
    assert_eq!((text.lines().count(), text.contains('\u{1b}')), (2, false));
}
