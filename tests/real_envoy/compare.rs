//! The bootstrap for a batch of cases, and the comparison.

use std::collections::{BTreeMap, HashMap};

use meshlint::document::Document;
use meshlint::envoy::Dump;
use meshlint::input::Text;
use meshlint::simulate::{Entry, EnvoyVersion, Line, Simulator};
use serde_json::{Value, json};

use super::client::Client;
use super::envoy::Envoy;
use super::generator::Case;

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) asked: usize,
    pub(crate) configs: usize,
    pub(crate) rejected: usize,
    pub(crate) kinds: BTreeMap<String, usize>,
    pub(crate) wrong: usize,
    /// One disagreement for each configuration that has any.
    pub(crate) examples: BTreeMap<u64, String>,
}

const HTTP: &str = "type.googleapis.com/envoy.extensions.filters.http";

fn filters(rbac: &Value) -> Value {
    // Only a filter that clears the route cache lets routes see metadata.
    let script = "function envoy_on_request(h) local v = h:headers():get('x-md') if v ~= nil then \
        h:streamInfo():dynamicMetadata():set('ns1', 'k', v) h:clearRouteCache() end end";
    let to_metadata = json!({"@type": format!("{HTTP}.lua.v3.Lua"), "default_source_code": {"inline_string": script}});
    let rules = if rbac.is_null() { json!({}) } else { json!({"rules": rbac}) };
    let mut rbac = json!({"@type": format!("{HTTP}.rbac.v3.RBAC")});
    rbac.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
    json!([
        {"name": "metadata", "typed_config": to_metadata},
        {"name": "rbac", "typed_config": rbac},
        {"name": "fault", "typed_config": {"@type": format!("{HTTP}.fault.v3.HTTPFault")}},
        {"name": "router", "typed_config": {"@type": format!("{HTTP}.router.v3.Router")}},
    ])
}

fn manager(case: &Case, config: &Value, is_probe: bool) -> Value {
    let mut manager = case.manager.clone();
    let rbac = manager.as_object_mut().unwrap().remove("rbac").filter(|_| !is_probe).unwrap_or_default();
    let kind = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    manager["@type"] = json!(kind);
    manager["stat_prefix"] = json!("m");
    manager["route_config"] = config.clone();
    manager["http_filters"] = filters(&rbac);
    if is_probe {
        manager["upgrade_configs"] = json!([{"upgrade_type": "CONNECT"}, {"upgrade_type": "websocket"}]);
    }
    if !is_probe {
        manager["access_log"] = json!([{"name": "log", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", "path": "@LOG@",
            "log_format": {"json_format": {"id": "%REQ(X-ID)%", "status": "%RESPONSE_CODE%", "flags": "%RESPONSE_FLAGS%",
                "details": "%RESPONSE_CODE_DETAILS%", "route": "%ROUTE_NAME%"}}}}]);
    }
    manager
}

fn listener(name: &str, manager: &Value) -> Value {
    json!({"name": name, "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]})
}

/// The same virtual hosts, each with one reply that names it: what virtual host a request without a
/// route came to.
fn probe(config: &Value) -> Value {
    let mut probe = config.clone();
    for (place, host) in probe["virtual_hosts"].as_array_mut().unwrap().iter_mut().enumerate() {
        let reply = |conditions: Value| {
            json!({"match": conditions, "direct_response": {"status": 200}, "response_headers_to_add":
                [{"header": {"key": "x-probe", "value": place.to_string()}}]})
        };
        let (name, domains) = (host["name"].clone(), host["domains"].clone());
        *host = json!({"name": name, "domains": domains, "routes": [reply(json!({"prefix": ""})), reply(json!({"connect_matcher": {}}))]});
    }
    probe
}

/// The runtime that turns some fractions round.
fn runtime() -> Value {
    json!({"layers": [{"name": "static", "static_layer": {"always": 100, "never": 0, "million": {"numerator": 1_000_000, "denominator": "MILLION"}}}]})
}

pub(crate) fn bootstrap(cases: &[Case]) -> Value {
    let mut listeners = Vec::new();
    for (place, case) in cases.iter().enumerate() {
        listeners.push(listener(&format!("m{place}"), &manager(case, &case.config, false)));
        listeners.push(listener(&format!("p{place}"), &manager(case, &probe(&case.config), true)));
    }
    let clusters = json!([{"name": "empty", "type": "STATIC", "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "empty", "endpoints": []}}]);
    json!({"layered_runtime": runtime(), "static_resources": {"listeners": listeners, "clusters": clusters}})
}

pub(crate) fn compare(envoy: &Envoy, version: EnvoyVersion, seeds: &[u64], cases: &[Case], total: &mut Outcome) {
    let ports = envoy.ports();
    let mut answers: HashMap<String, (Option<String>, Option<u64>)> = HashMap::new();
    for (place, case) in cases.iter().enumerate() {
        let mut client = Client::new(ports[&format!("m{place}")]);
        let mut prober = Client::new(ports[&format!("p{place}")]);
        for (number, request) in case.requests.iter().enumerate() {
            let id = format!("{place}.{number}");
            let response = client.send(request, &id);
            let host = prober.send(request, &id).and_then(|r| r.header("x-probe").and_then(|host| host.parse().ok()));
            let location = response.and_then(|response| response.header("location").map(str::to_owned));
            answers.insert(id, (location, host));
        }
    }
    let count: usize = cases.iter().map(|case| case.requests.len()).sum();
    let log: HashMap<String, Value> =
        envoy.log(count).into_iter().filter_map(|row| Some((row["id"].as_str()?.to_owned(), row))).collect();
    let bootstrap = Document::read("bootstrap", Text::from(&*bootstrap(cases).to_string()));
    let roots: Vec<_> = bootstrap.roots().collect();
    let dump = Dump::of(&bootstrap, &roots);
    let simulator = Simulator::of(&dump, Some(version));
    for (place, case) in cases.iter().enumerate() {
        total.configs += 1;
        for (number, request) in case.requests.iter().enumerate() {
            let id = format!("{place}.{number}");
            let Some(row) = log.get(&id) else {
                // The codec turned it away before it was a request.
                *total.kinds.entry("(no request to Envoy)".to_owned()).or_default() += 1;
                continue;
            };
            let mut line = Line::of(request).unwrap();
            line.request.connection.source = Some("127.0.0.1".parse().unwrap());
            line.request.connection.destination = Some("127.0.0.1".parse().unwrap());
            line.request.connection.port = Some(ports[&format!("m{place}")]);
            line.request.headers.push(("x-id".to_owned(), id.clone()));
            let listener = format!("m{place}");
            let answer = simulator.answer(&line.request, Entry { listener: Some(&listener), route_config: None });
            let got = answer.to_json(&json!(0));
            total.asked += 1;
            let (location, host_index) = &answers[&id];
            let is_early = got["virtual_host_index"].is_null() && got["flags"] == "-";
            let route = row["route"].as_str().filter(|name| !name.is_empty() && *name != "-");
            let agrees = got["status"] == row["status"]
                && got["flags"] == row["flags"]
                && got["details"] == row["details"]
                && (is_early || got["route"].as_str() == route)
                && (is_early || got["virtual_host_index"].as_u64() == *host_index)
                && answer.location == *location;
            let details = row["details"].as_str().unwrap_or_default().split('[').next().unwrap_or_default();
            let kind = format!("{} {} {details}", row["status"], row["flags"].as_str().unwrap_or_default());
            *total.kinds.entry(kind).or_default() += 1;
            if !agrees {
                let host = got["virtual_host_index"].as_u64().map(|host| &case.config["virtual_hosts"][host as usize]);
                let wanted = [route, got["route"].as_str()];
                let routes = host.and_then(|host| host["routes"].as_array()).map(|routes| {
                    let shown = routes.iter().filter(|route| wanted.contains(&route["name"].as_str()));
                    shown.map(Value::to_string).collect::<Vec<_>>().join("\n     ")
                });
                total.wrong += 1;
                let example = format!(
                    "request {number}: {request}\n    Envoy {row} location {location:?} host {host_index:?}\n    ours  {got} location {:?}\n    manager {}\n     {}",
                    answer.location,
                    case.manager,
                    routes.unwrap_or_default()
                );
                total.examples.entry(seeds[place]).or_insert(example);
            }
        }
    }
}
