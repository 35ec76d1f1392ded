//! Scoped routes: random keys, scopes and headers, and the route configuration that a real Envoy chooses.

use std::path::Path;

use meshlint::document::Document;
use meshlint::envoy::Dump;
use meshlint::input::Text;
use meshlint::simulate::{Entry, EnvoyVersion, Line, Simulator};
use serde_json::{Value, json};

use super::client::Client;
use super::envoy::Envoy;
use super::random::Random;

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) asked: usize,
    pub(crate) without: usize,
    pub(crate) wrong: Vec<String>,
}

const NAMES: [&str; 2] = ["x-scope", "x-tenant"];
const VALUES: [&str; 3] = ["a", "b", ""];
const MARKER: &str = "x-marker";

fn extractor(random: &mut Random) -> Value {
    let mut extractor = json!({"name": random.pick(&NAMES)});
    if random.percent(70) {
        extractor["element_separator"] = json!(random.pick(&[",", ";"]));
    }
    if random.percent(50) {
        extractor["element"] = json!({"separator": random.pick(&["=", ":"]), "key": random.pick(&["k", "a"])});
    } else {
        // Without a separator there is one element.
        let last = if extractor["element_separator"].is_string() { 3 } else { 1 };
        extractor["index"] = json!(random.below(last));
    }
    json!({"header_value_extractor": extractor})
}

fn scope(random: &mut Random, place: usize, fragments: usize) -> Value {
    let name = format!("scope-{place}");
    let key: Vec<Value> = (0..fragments).map(|_| json!({"string_key": random.pick(&VALUES)})).collect();
    json!({"name": name, "key": {"fragments": key}, "route_configuration": {"name": name, "virtual_hosts": [{
        "name": "all", "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200},
            "response_headers_to_add": [{"header": {"key": MARKER, "value": name}}]}]}]}})
}

fn listener(random: &mut Random, place: usize) -> Value {
    let http = "type.googleapis.com/envoy.extensions.filters";
    let fragments = if random.percent(25) { 2 } else { 1 };
    let mut scopes: Vec<Value> = Vec::new();
    for number in 0..6 {
        let scope = scope(random, number, fragments);
        if scopes.iter().all(|other| other["key"] != scope["key"]) {
            scopes.push(scope);
        }
    }
    let builder: Vec<Value> = (0..fragments).map(|_| extractor(random)).collect();
    let manager = json!({
        "@type": format!("{http}.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "m",
        "scoped_routes": {
            "name": "scopes",
            "scope_key_builder": {"fragments": builder},
            "rds_config_source": {"path_config_source": {"path": "/nowhere"}},
            "scoped_route_configurations_list": {"scoped_route_configurations": scopes},
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": format!("{http}.http.router.v3.Router")}}],
    });
    json!({"name": format!("m{place}"), "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]})
}

fn request(random: &mut Random) -> Value {
    let mut headers: Vec<Value> = Vec::new();
    for name in NAMES {
        if random.percent(80) {
            let separator = *random.pick(&[",", ";"]);
            let element = |random: &mut Random| match random.below(3) {
                0 => (*random.pick(&VALUES)).to_owned(),
                1 => format!("{}={}", random.pick(&["k", "a"]), random.pick(&VALUES)),
                _ => format!("{}:{}", random.pick(&["k", "a"]), random.pick(&VALUES)),
            };
            let elements: Vec<String> = (0..=random.below(3)).map(|_| element(random)).collect();
            headers.push(json!([name, elements.join(separator)]));
        }
    }
    json!({"method": "GET", "authority": "a", "path": "/", "headers": headers})
}

pub(crate) fn check(binary: &Path, version: EnvoyVersion, seed: u64, configs: usize, requests: usize) -> Outcome {
    let mut random = Random::new(seed);
    let listeners: Vec<Value> = (0..configs).map(|place| listener(&mut random, place)).collect();
    let bootstrap = json!({"static_resources": {"listeners": listeners}});
    let envoy = Envoy::start(binary, bootstrap.clone(), 999_999).unwrap_or_else(|reason| panic!("{reason}"));
    let ports = envoy.ports();
    let document = Document::read("bootstrap", Text::from(&*bootstrap.to_string()));
    let roots: Vec<_> = document.roots().collect();
    let simulator = Simulator::of(&Dump::of(&document, &roots), Some(version));
    let mut total = Outcome::default();
    for place in 0..configs {
        let name = format!("m{place}");
        let mut client = Client::new(ports[&name]);
        for _ in 0..requests {
            let request = request(&mut random);
            let response = client.send(&request, "s").unwrap();
            let came = response.header(MARKER);
            let line = Line::of(&request).unwrap();
            let answer = simulator.answer(&line.request, Entry { listener: Some(&name), route_config: None });
            let expected = answer.route_config.map(|config| config.name());
            total.asked += 1;
            total.without += usize::from(came.is_none());
            if came != expected {
                let manager = &listeners[place]["filter_chains"][0]["filters"][0]["typed_config"]["scoped_routes"];
                total.wrong.push(format!("{request}: Envoy {came:?}, ours {expected:?}: {manager}"));
            }
        }
    }
    total
}
