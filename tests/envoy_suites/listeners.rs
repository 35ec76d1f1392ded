use meshlint::envoy::Dump;
use meshlint::simulate::{Certificate, Connection, Entry, EnvoyVersion, Request, Simulator, Tls};
use serde_json::Value;

use super::{Tally, document, files, shared};

fn split(address: &str) -> (Option<std::net::IpAddr>, Option<u16>) {
    let socket: std::net::SocketAddr = address.parse().unwrap();
    (Some(socket.ip()), Some(socket.port()))
}

fn connection(case: &Value) -> Connection {
    let (destination, port) = split(case["dst"].as_str().unwrap());
    let (source, source_port) = split(case["src"].as_str().unwrap());
    let list = |key: &str| case[key].as_array().into_iter().flatten().map(|v| v.as_str().unwrap().to_owned()).collect();
    let tls = case["tls"].as_bool().unwrap_or(false).then(|| Tls {
        sni: case["sni"].as_str().map(str::to_owned),
        alpn: list("alpn"),
        certificate: None::<Certificate>,
    });
    let data = case["data"].as_str().unwrap_or_default();
    let plain_protocol = [("PRI ", "h2c"), ("HTTP/1.1", "http/1.1"), ("HTTP/1.0", "http/1.0")];
    let plain_protocol = plain_protocol.iter().find(|(mark, _)| data.contains(mark)).map(|(_, name)| *name);
    Connection { tls, source, source_port, direct_source: None, destination, port, direction: None, plain_protocol }
}

#[test]
fn random_connections() {
    let Some(folder) = shared("conformance/envoy-routes/fuzz_listeners") else { return };
    let mut tally = Tally::default();
    for path in files(&folder, ".json") {
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let listener = document("listener", &case["listener"].to_string());
        let roots: Vec<_> = listener.roots().collect();
        let dump = Dump::of(&listener, &roots);
        let simulator = Simulator::of(&dump, Some(EnvoyVersion::LATEST));
        let name = case["listener"]["name"].as_str();
        let pairs = case["connections"].as_array().unwrap().iter().zip(case["expected"].as_array().unwrap());
        for (wanted, expected) in pairs {
            // The suite's connections all come from loopback at first hand.
            let mut request = Request::get("x", "/");
            request.connection = connection(wanted);
            request.connection.direct_source = Some("127.0.0.1".parse().unwrap());
            let answer = simulator.answer(&request, Entry { listener: name, route_config: None });
            let got = match answer.filter_chain {
                Some((_, Some(place))) => Value::from(place),
                Some((_, None)) => Value::from("default"),
                None => Value::Null,
            };
            tally.check(got == *expected, || format!("{}: {wanted} expected {expected} got {got}", path.display()));
        }
    }
    tally.finish("random connections", "connections");
}
