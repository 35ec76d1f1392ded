//! Access control: random policies and rules, and what a real Envoy answers to random clients.
//!
//! Clients have addresses of loopback, may be announced by a PROXY header, and speak plain text or
//! TLS with or without a certificate of the mesh. What Envoy decides is held against both ways in
//! which meshlint decides: `authz eval` and `trace`.

mod certificates;
mod clients;
mod policies;
mod rules;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use meshlint::authz::{Filters, Request as Asked};
use meshlint::document::Document;
use meshlint::envoy::Dump;
use meshlint::input::Text;
use meshlint::simulate::{Certificate, Connection, Entry, EnvoyVersion, Line, Simulator, Tls};
use serde_json::{Value, json};

use super::envoy::Envoy;
use super::random::Random;
use certificates::Authority;
use clients::Client;

/// What the filters before access control note of tokens; a header chooses.
const CLAIMS: [&str; 5] = [
    r#"{"iss": "issuer-1", "sub": "user-1", "aud": ["app-1", "app-2"], "azp": "app-1", "groups": ["admin", "dev"]}"#,
    r#"{"iss": "issuer-1", "sub": "user-2", "aud": "app-1", "groups": "dev"}"#,
    r#"{"iss": "https://issuer-2/x", "sub": "user-1", "nested": {"role": ["admin"], "level": "7"}}"#,
    r#"{"iss": "issuer-1", "sub": "", "level": 7, "flag": true}"#,
    r#"{"sub": "user-1", "groups": []}"#,
];

/// One configuration with the clients that call it.
pub(crate) struct Case {
    /// RBAC filters, in their order.
    filters: Vec<Value>,
    /// Whether they are filters of bare connections.
    is_network: bool,
    manager: Value,
    clients: Vec<Client>,
    /// Kinds of conditions that the filters have.
    features: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) asked: usize,
    pub(crate) denied: usize,
    pub(crate) cases: usize,
    pub(crate) over_tls: usize,
    pub(crate) of_connections: usize,
    pub(crate) rejected: Vec<String>,
    pub(crate) features: BTreeMap<String, usize>,
    pub(crate) wrong: Vec<String>,
}

/// Makes a case: policies as istiod translates them, or rules of any form.
fn case(seed: u64, clients: usize) -> Case {
    let mut random = Random::new(seed);
    let is_network = random.percent(15);
    let filters = match random.percent(50) {
        true => policies::filters(&mut random, is_network),
        false => rules::filters(&mut random, is_network),
    };
    let manager = manager(&mut random);
    let clients = (0..clients).map(|number| clients::client(&mut random, is_network, number)).collect();
    let mut features = Vec::new();
    for filter in &filters {
        keys(filter, &mut features);
    }
    features.sort();
    features.dedup();
    Case { filters, is_network, manager, clients, features }
}

/// The names of conditions in a filter.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if key.contains('_')
                    || key.chars().any(char::is_uppercase)
                    || matches!(key.as_str(), "header" | "metadata" | "any")
                {
                    found.push(snake(key));
                }
                keys(inner, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| keys(inner, found)),
        _ => {}
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn manager(random: &mut Random) -> Value {
    let mut manager = json!({});
    for (name, percent) in [("normalize_path", 70), ("merge_slashes", 30), ("use_remote_address", 40)] {
        if random.percent(percent) {
            manager[name] = json!(true);
        }
    }
    if random.percent(30) {
        manager["xff_num_trusted_hops"] = json!(1 + random.below(2));
    }
    if random.percent(20) {
        let actions = ["KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"];
        manager["path_with_escaped_slashes_action"] = json!(random.pick(&actions));
    }
    manager
}

/// What stands before access control: notes of tokens, and the peer's name as Istio's proxies keep it.
fn notes() -> [Value; 2] {
    let tables: Vec<String> = CLAIMS.iter().map(|claims| lua(&serde_json::from_str(claims).unwrap())).collect();
    let script = format!(
        "local all = {{{}}} function envoy_on_request(h) local n = tonumber(h:headers():get('x-claims') or '') \
         if n ~= nil then h:streamInfo():dynamicMetadata():set('envoy.filters.http.jwt_authn', 'payload', all[n + 1]) end end",
        tables.join(", ")
    );
    let kind = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.http.{name}");
    let peer = json!({"object_key": "io.istio.peer_principal", "factory_key": "envoy.string", "skip_if_empty": true,
        "format_string": {"text_format_source": {"inline_string": "%DOWNSTREAM_PEER_URI_SAN%"}, "omit_empty_values": true}});
    [
        json!({"name": "claims", "typed_config": {"@type": kind("lua.v3.Lua"), "default_source_code": {"inline_string": script}}}),
        json!({"name": "peer", "typed_config": {"@type": kind("set_filter_state.v3.Config"), "on_request_headers": [peer]}}),
    ]
}

/// JSON as a table of Lua.
fn lua(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members: Vec<String> = map.iter().map(|(key, value)| format!("[{key:?}]={}", lua(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(list) => format!("{{{}}}", list.iter().map(lua).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

const LOG: &str = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";

fn access_log(format: &Value) -> Value {
    json!([{"name": "log", "typed_config": {"@type": LOG, "path": "@LOG@", "log_format": {"json_format": format}}}])
}

fn http(case: &Case) -> Value {
    let kind = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let mut filters = notes().to_vec();
    filters.extend(case.filters.clone());
    let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    filters.push(json!({"name": "router", "typed_config": {"@type": router}}));
    let mut manager = case.manager.clone();
    manager["@type"] = json!(kind);
    manager["stat_prefix"] = json!("m");
    manager["delayed_close_timeout"] = json!("0s");
    manager["http_filters"] = json!(filters);
    manager["route_config"] = json!({"virtual_hosts": [{"name": "all", "domains": ["*"],
        "routes": [{"match": {"prefix": ""}, "direct_response": {"status": 200}}]}]});
    manager["access_log"] = access_log(&json!({"id": "%REQ(X-ID)%", "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%", "remote": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "direct": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"}));
    json!([{"name": "hcm", "typed_config": manager}])
}

fn network(case: &Case) -> Value {
    let echo = "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo";
    let mut filters = case.filters.clone();
    filters.push(json!({"name": "echo", "typed_config": {"@type": echo}}));
    json!(filters)
}

fn listener(name: &str, case: &Case, authority: &Authority) -> Value {
    let filters = if case.is_network { network(case) } else { http(case) };
    let inspector = "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
    let proxy = "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";
    let chain = |transport: &str| json!({"filter_chain_match": {"transport_protocol": transport}, "filters": filters});
    let mut tls = chain("tls");
    tls["transport_socket"] = authority.transport_socket();
    let mut listener = json!({
        "name": name, "address": {"socket_address": {"address": "0.0.0.0", "port_value": 0}},
        "listener_filters": [
            {"name": "proxy", "typed_config": {"@type": proxy}},
            {"name": "tls", "typed_config": {"@type": inspector}},
        ],
        "filter_chains": [tls, chain("raw_buffer")],
    });
    if case.is_network {
        listener["access_log"] = access_log(&json!({"listener": name, "details": "%CONNECTION_TERMINATION_DETAILS%",
            "port": "%DOWNSTREAM_REMOTE_PORT%"}));
    }
    listener
}

fn bootstrap(cases: &[Case], authority: &Authority) -> Value {
    let listeners = cases.iter().enumerate().map(|(place, case)| listener(&format!("m{place}"), case, authority));
    json!({"static_resources": {"listeners": listeners.collect::<Vec<_>>()}})
}

/// Runs cases in one Envoy; halves them while Envoy rejects one.
pub(crate) fn run(binary: &Path, version: EnvoyVersion, seeds: &[u64], clients: usize, total: &mut Outcome) {
    let authority = Authority::new();
    let cases: Vec<Case> = seeds.iter().map(|seed| case(*seed, clients)).collect();
    match Envoy::start(binary, bootstrap(&cases, &authority), 1_000_000 + seeds[0] as usize) {
        Ok(envoy) => compare(&envoy, version, (seeds, &cases), &authority, total),
        Err(reason) if seeds.len() == 1 => total.rejected.push(format!("seed {}: {reason}", seeds[0])),
        Err(_) => {
            let (left, right) = seeds.split_at(seeds.len() / 2);
            run(binary, version, left, clients, total);
            run(binary, version, right, clients, total);
        }
    }
}

fn compare(
    envoy: &Envoy,
    version: EnvoyVersion,
    (seeds, cases): (&[u64], &[Case]),
    authority: &Authority,
    total: &mut Outcome,
) {
    let ports = envoy.ports();
    for (place, case) in cases.iter().enumerate() {
        for (number, client) in case.clients.iter().enumerate() {
            client.call(ports[&format!("m{place}")], authority, case.is_network, &format!("{place}.{number}"));
        }
    }
    let count = cases.iter().map(|case| case.clients.len()).sum();
    let log: HashMap<String, Value> = envoy.log(count).into_iter().map(|row| (id_of(&row), row)).collect();
    let document = Document::read("bootstrap", Text::from(&*bootstrap(cases, authority).to_string()));
    let roots: Vec<_> = document.roots().collect();
    let dump = Dump::of(&document, &roots);
    let simulator = Simulator::of(&dump, Some(version));
    for (place, case) in cases.iter().enumerate() {
        total.cases += 1;
        case.features.iter().for_each(|feature| *total.features.entry(feature.clone()).or_default() += 1);
        let name = format!("m{place}");
        let dumped = dumped(&listener(&name, case, authority));
        let filters = Filters::of_dump(&dumped).unwrap();
        for (number, client) in case.clients.iter().enumerate() {
            let id = format!("{place}.{number}");
            let Some(row) = log.get(&if case.is_network { format!("{name}:{}", client.port()) } else { id.clone() })
            else {
                total.wrong.push(format!("seed {} client {number}: no answer", seeds[place]));
                continue;
            };
            // What the connection manager turns away never comes to access control.
            let Some(Truth(truth)) = Truth::of(row, case.is_network) else { continue };
            total.asked += 1;
            total.denied += usize::from(truth.is_some());
            total.over_tls += usize::from(client.tls.is_some());
            total.of_connections += usize::from(case.is_network);
            let mut answers = Vec::new();
            if client.is_known_to_authz() {
                let remote = row["remote"].as_str().map(str::to_owned);
                let asked = Asked::of(&client.asked(&id, remote, case.is_network)).unwrap();
                answers.push(("authz", filters.decide(&asked).map(|decision| decision.details)));
            }
            if !case.is_network {
                answers.push(("trace", traced(&simulator, client, &id, &name)));
            }
            for (who, answer) in answers {
                if answer.as_ref() != Ok(&truth) {
                    let filters: Vec<String> = case.filters.iter().map(Value::to_string).collect();
                    total.wrong.push(format!(
                        "seed {} client {number} {who}: Envoy {truth:?} ours {answer:?}\n    {client:?}\n    row {row}\n    manager {}\n    {}",
                        seeds[place], case.manager, filters.join("\n    ")
                    ));
                }
            }
        }
    }
}

fn id_of(row: &Value) -> String {
    match row["listener"].as_str() {
        Some(listener) => {
            format!("{listener}:{}", row["port"].as_str().map_or_else(|| row["port"].to_string(), str::to_owned))
        }
        None => row["id"].as_str().unwrap_or_default().to_owned(),
    }
}

/// What Envoy decided: the details of a denial.
struct Truth(Option<String>);

impl Truth {
    /// Nothing if access control was not asked.
    fn of(row: &Value, is_network: bool) -> Option<Self> {
        match row["details"].as_str() {
            Some(details) if details.starts_with("rbac_access_denied") => Some(Self(Some(details.to_owned()))),
            Some("direct_response") => Some(Self(None)),
            _ => is_network.then_some(Self(None)),
        }
    }
}

/// A listener as the dump of a sidecar has it.
fn dumped(listener: &Value) -> Document {
    let mut listener = listener.clone();
    listener["traffic_direction"] = json!("INBOUND");
    listener["address"]["socket_address"]["port_value"] = json!(15006);
    let section = json!({"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
        "dynamic_listeners": [{"name": "l", "active_state": {"listener": listener}}]});
    Document::read("dump", Text::from(&*json!({"configs": [section]}).to_string()))
}

fn traced(simulator: &Simulator<'_>, client: &Client, id: &str, listener: &str) -> Result<Option<String>, String> {
    let mut line = Line::of(&client.line()).unwrap();
    line.request.headers.push(("x-id".to_owned(), id.to_owned()));
    line.request.metadata = client.metadata();
    line.request.connection = Connection {
        tls: client.tls.as_ref().map(|tls| Tls {
            sni: tls.server_name.clone(),
            alpn: Vec::new(),
            certificate: tls
                .identity
                .map(|place| Certificate { is_valid: true, name: certificates::IDENTITIES[place].to_owned() }),
        }),
        source: Some(client.source()),
        direct_source: Some(client.address.into()),
        destination: Some(client.destination.into()),
        port: Some(client.destination_port),
        plain_protocol: Some("http/1.1"),
        ..Connection::default()
    };
    let answer = simulator.answer(&line.request, Entry { listener: Some(listener), route_config: None });
    let json = answer.to_json(&json!(0));
    match (json["status"].as_u64(), json["details"].as_str()) {
        (Some(200), _) => Ok(None),
        (Some(403), Some(details)) => Ok(Some(details.to_owned())),
        _ => Err(json.to_string()),
    }
}
