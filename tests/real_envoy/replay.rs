//! Verdicts on real dumps against a real Envoy: each route configuration is loaded with every action replaced
//! by a marker of its route, as it is and with its routes turned round, so that there is something to
//! prove. Each witness must be answered by its route, random mixtures of witnesses must go where the
//! simulator sends them, and what is said to be unreachable must never answer.

use std::collections::HashMap;
use std::path::Path;

use meshlint::document::{Document, Node};
use meshlint::envoy::{Dump, FilterChain, RouteSource, dumps};
use meshlint::input::Text;
use meshlint::simulate::{Entry, EnvoyVersion, Line, Reach, Simulator, reach};
use serde_json::{Map, Value, json};

use super::client::Client;
use super::envoy::Envoy;
use super::random::Random;
use super::witnesses::line;

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) dumps: usize,
    pub(crate) configs: usize,
    pub(crate) rejected: Vec<String>,
    pub(crate) reachable: usize,
    pub(crate) replayed: usize,
    pub(crate) not_sent: usize,
    pub(crate) unreachable: usize,
    pub(crate) unknown: usize,
    pub(crate) random: usize,
    pub(crate) wrong: Vec<String>,
}

/// A route configuration with markers for actions, and what matters of its connection manager.
#[derive(Clone)]
struct Marked {
    config: Value,
    manager: Value,
}

/// The options of connection managers that change what routes see.
const OPTIONS: [&str; 8] = [
    "normalize_path",
    "merge_slashes",
    "path_with_escaped_slashes_action",
    "strip_matching_host_port",
    "strip_any_host_port",
    "strip_trailing_host_dot",
    "use_remote_address",
    "xff_num_trusted_hops",
];
/// What matters of a route configuration, and of a virtual host, besides names, domains and routes.
const OF_CONFIG: [&str; 3] =
    ["ignore_port_in_host_matching", "ignore_path_parameters_in_path_matching", "vhost_header"];
/// The header that names the route.
const MARKER: &str = "x-marker";

/// Replays a file; nothing if it holds no routes.
pub(crate) fn replay(binary: &Path, version: EnvoyVersion, path: &Path, requests: usize, total: &mut Outcome) {
    let text = std::fs::read(path).unwrap();
    let document = Document::read(path.to_string_lossy(), Text::from(text));
    let found = dumps(&document);
    let Some(dump) = found.first() else { return };
    let simulator = Simulator::of(dump, Some(version));
    let marked: Vec<Marked> = simulator.route_configs().map(|config| Marked::of(dump, config.node)).collect();
    if marked.is_empty() {
        return;
    }
    total.dumps += 1;
    let turned: Vec<Marked> = marked.iter().map(Marked::turned).collect();
    for configs in [marked, turned] {
        run(binary, version, path, &configs, requests, total);
    }
}

/// Runs configurations in one Envoy; halves them while Envoy rejects one.
fn run(binary: &Path, version: EnvoyVersion, path: &Path, configs: &[Marked], requests: usize, total: &mut Outcome) {
    let bootstrap = bootstrap(configs);
    match Envoy::start(binary, bootstrap.clone(), total.configs) {
        Ok(envoy) => check(&envoy, version, path, (configs, &bootstrap), requests, total),
        Err(reason) if configs.len() == 1 => {
            total.rejected.push(format!("{}: {reason}", path.display()));
        }
        Err(_) => {
            let (left, right) = configs.split_at(configs.len() / 2);
            run(binary, version, path, left, requests, total);
            run(binary, version, path, right, requests, total);
        }
    }
}

impl Marked {
    fn of(dump: &Dump<'_>, config: Node<'_>) -> Self {
        let name = config.get("name").and_then(Node::text).unwrap_or_default();
        let chains = dump.current_listeners().flat_map(|(_, listener)| listener.filter_chains().collect::<Vec<_>>());
        let mut managers = chains.filter_map(FilterChain::connection_manager);
        let manager = managers.find(|manager| match manager.routes() {
            Some(RouteSource::Rds(rds)) => rds.value == name,
            Some(RouteSource::Inline(inline)) => inline.node == config,
            _ => false,
        });
        let mut options = kept(manager.map(|manager| manager.node), &OPTIONS);
        options.insert("upgrade_configs".to_owned(), json!([{"upgrade_type": "CONNECT"}]));
        let mut marked = kept(Some(config), &OF_CONFIG);
        let hosts = config.field("virtual_hosts").into_iter().flat_map(Node::items).enumerate();
        marked.insert("virtual_hosts".to_owned(), hosts.map(|(place, host)| marked_host(place, host)).collect());
        Self { config: Value::Object(marked), manager: Value::Object(options) }
    }

    /// The same with the last route first.
    fn turned(&self) -> Self {
        let mut turned = self.clone();
        for host in turned.config["virtual_hosts"].as_array_mut().unwrap() {
            let Some(routes) = host["routes"].as_array_mut() else { continue };
            routes.reverse();
        }
        turned
    }
}

fn kept(node: Option<Node<'_>>, names: &[&str]) -> Map<String, Value> {
    let field = |name: &&str| Some(((*name).to_owned(), value(node?.field(name)?)));
    names.iter().filter_map(field).collect()
}

fn value(node: Node<'_>) -> Value {
    serde_json::from_str(&node.to_json()).unwrap()
}

fn marked_host(place: usize, host: Node<'_>) -> Value {
    let mut marked = kept(Some(host), &["domains", "require_tls"]);
    marked.insert("name".to_owned(), json!(format!("v{place}")));
    let routes = host.get("routes").into_iter().flat_map(Node::items).enumerate();
    let route = |(route, node): (usize, Node<'_>)| {
        json!({"name": format!("v{place}.r{route}"), "match": node.get("match").map(value).unwrap_or_default(),
            "direct_response": {"status": 200},
            "response_headers_to_add": [{"header": {"key": MARKER, "value": format!("v{place}.r{route}")}}]})
    };
    marked.insert("routes".to_owned(), routes.map(route).collect());
    Value::Object(marked)
}

fn bootstrap(configs: &[Marked]) -> Value {
    let listener = |(place, marked): (usize, &Marked)| {
        let http = "type.googleapis.com/envoy.extensions.filters";
        let mut manager = marked.manager.clone();
        manager["@type"] = json!(format!("{http}.network.http_connection_manager.v3.HttpConnectionManager"));
        manager["stat_prefix"] = json!("m");
        manager["route_config"] = marked.config.clone();
        manager["route_config"]["name"] = json!(format!("c{place}"));
        manager["http_filters"] =
            json!([{"name": "router", "typed_config": {"@type": format!("{http}.http.router.v3.Router")}}]);
        json!({"name": format!("m{place}"),
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
            "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]})
    };
    let listeners: Vec<Value> = configs.iter().enumerate().map(listener).collect();
    json!({"static_resources": {"listeners": listeners}})
}

fn check(
    envoy: &Envoy,
    version: EnvoyVersion,
    path: &Path,
    (configs, bootstrap): (&[Marked], &Value),
    requests: usize,
    total: &mut Outcome,
) {
    let ports = envoy.ports();
    let document = Document::read("bootstrap", Text::from(&*bootstrap.to_string()));
    let roots: Vec<_> = document.roots().collect();
    let dump = Dump::of(&document, &roots);
    let simulator = Simulator::of(&dump, Some(version));
    let mut verdicts: HashMap<(String, String), Reach> = HashMap::new();
    for host in reach(&simulator) {
        let name = |name: &str| (host.config.name().to_owned(), name.to_owned());
        verdicts.extend(host.routes.iter().map(|(route, verdict)| (name(route.name()), verdict.clone())));
    }
    let shown = path.display();
    for (place, marked) in configs.iter().enumerate() {
        total.configs += 1;
        let of_config = |(config, _): &&(String, String)| *config == format!("c{place}");
        let mut names: Vec<&(String, String)> = verdicts.keys().filter(of_config).collect();
        names.sort();
        let mut client = Client::new(ports[&format!("m{place}")]);
        let mut sent: Vec<Value> = Vec::new();
        for name in names {
            match &verdicts[name] {
                Reach::Reachable(request) => {
                    total.reachable += 1;
                    let Some(request) = line(request, &marked.manager) else {
                        total.not_sent += 1;
                        continue;
                    };
                    total.replayed += 1;
                    let answer = client.send(&request, "w");
                    let came = answer.as_ref().and_then(|answer| answer.header(MARKER)).unwrap_or("nowhere");
                    let may_come = simulated(&simulator, place, ports[&format!("m{place}")], &request);
                    let by_chance =
                        may_come.len() > 1 && [came, &*name.1].iter().all(|n| may_come.iter().any(|m| m == n));
                    if came != name.1 && !by_chance {
                        total.wrong.push(format!("{shown} {name:?}: its witness {request} came to {came}"));
                    }
                    sent.push(request);
                }
                Reach::Covered(_) | Reach::Impossible(_) => total.unreachable += 1,
                Reach::Unknown(_) => total.unknown += 1,
            }
        }
        let mut random = Random::new(place as u64);
        for _ in 0..requests.min(sent.len() * 20) {
            let request = mixed(&mut random, &sent);
            let answer = client.send(&request, "r");
            let came = answer.as_ref().and_then(|answer| answer.header(MARKER));
            total.random += 1;
            let key = (format!("c{place}"), came.unwrap_or_default().to_owned());
            if matches!(verdicts.get(&key), Some(Reach::Covered(_) | Reach::Impossible(_))) {
                total.wrong.push(format!("{shown} {key:?} is said to be unreachable, and answers {request}"));
            }
            let expected = simulated(&simulator, place, ports[&format!("m{place}")], &request);
            if !expected.iter().any(|route| route == came.unwrap_or_default()) {
                total.wrong.push(format!("{shown} {request} is said to come to {expected:?} and comes to {came:?}"));
            }
        }
    }
}

/// The routes that a request may come to: several where chance decides; empty for none.
fn simulated(simulator: &Simulator<'_>, place: usize, port: u16, request: &Value) -> Vec<String> {
    let mut line = Line::of(request).unwrap();
    line.request.connection.source = Some("127.0.0.1".parse().unwrap());
    line.request.connection.destination = Some("127.0.0.1".parse().unwrap());
    line.request.connection.port = Some(port);
    let listener = format!("m{place}");
    let branches = simulator.branches(&line.request, Entry { listener: Some(&listener), route_config: None }).unwrap();
    let answers = branches.into_iter().map(|branch| branch.answer);
    let name = answers.map(|answer| answer.route.filter(|_| answer.status == Some(200)).map(|(_, route)| route.name()));
    name.map(|name| name.unwrap_or_default().to_owned()).collect()
}

/// Parts of several requests together, with small changes.
fn mixed(random: &mut Random, sent: &[Value]) -> Value {
    let mut request = random.pick(sent).clone();
    if request["method"] == "CONNECT" {
        return request;
    }
    let other = random.pick(sent).clone();
    if random.percent(40) && other["path"].is_string() {
        request["path"] = other["path"].clone();
    }
    if random.percent(30) {
        request["headers"] = other["headers"].clone();
    }
    if random.percent(20) {
        request["authority"] = other["authority"].clone();
    }
    if random.percent(40) {
        let endings = ["/", "a", "/a", "?a=b", ";x", "/../b", "%2f", ".", "//x"];
        request["path"] = json!(format!("{}{}", request["path"].as_str().unwrap(), random.pick(&endings)));
    }
    if random.percent(15) {
        request["method"] = json!(random.pick(&["GET", "POST", "DELETE"]));
    }
    request
}
