use meshlint::envoy::dumps;
use meshlint::simulate::{Certificate, Connection, Direction, Entry, Request, Simulator, Tls};
use serde_json::Value;

use super::{Tally, file, files, shared};

fn request(case: &Value) -> Request {
    let text = |key: &str| case[key].as_str().map(str::to_owned);
    let headers = case["headers"].as_object().unwrap().iter();
    let principal = text("principal").map(|name| Certificate { is_valid: true, name: format!("spiffe://{name}") });
    let connection = Connection {
        tls: principal.map(|certificate| Tls {
            sni: None,
            alpn: vec!["istio".to_owned()],
            certificate: Some(certificate),
        }),
        source: text("source_ip").map(|ip| ip.parse().unwrap()),
        port: case["port"].as_u64().map(|port| u16::try_from(port).unwrap()),
        direction: Some(Direction::Inbound),
        plain_protocol: Some("http/1.1"),
        ..Connection::default()
    };
    Request {
        method: text("method").unwrap(),
        headers: headers.map(|(k, v)| (k.to_ascii_lowercase(), v.as_str().unwrap().to_owned())).collect(),
        connection,
        ..Request::get(case["host"].as_str().unwrap(), case["path"].as_str().unwrap())
    }
}

/// A real istiod's policies and a real Envoy's decisions: allowed or not, and by which policy.
#[test]
fn authorization_policies() {
    let Some(folder) = shared("conformance/istiod-authz") else { return };
    let mut tally = Tally::default();
    for folder in files(&folder, "").into_iter().filter(|path| path.is_dir()) {
        let document = file(&folder.join("alpha.web-v1.json.gz"));
        let dump = dumps(&document).pop().unwrap();
        let simulator = Simulator::of(&dump, None);
        for text in std::fs::read_to_string(folder.join("requests.jsonl")).unwrap().lines() {
            let case: Value = serde_json::from_str(text).unwrap();
            let answer =
                simulator.answer(&request(&case), Entry { listener: Some("virtualInbound"), route_config: None });
            let denied = answer.details.starts_with("rbac_access_denied");
            let is_same =
                denied != case["allowed"].as_bool().unwrap() && (!denied || case["details"] == *answer.details);
            tally.check(is_same, || format!("{}: {text} got {} {}", folder.display(), answer.flags, answer.details));
        }
    }
    tally.finish("authorization policies", "requests");
}
