//! Verdicts of `reach` against a real Envoy: a witness must reach its route, and a route that is said
//! to be unreachable must not be hit by any of the random requests.

use std::collections::HashMap;

use meshlint::document::Document;
use meshlint::envoy::Dump;
use meshlint::input::Text;
use meshlint::simulate::{EnvoyVersion, Reach, Request, Simulator, reach};
use serde_json::{Value, json};

use super::client::Client;
use super::compare::bootstrap;
use super::envoy::Envoy;
use super::generator::Case;

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) reachable: usize,
    pub(crate) unreachable: usize,
    pub(crate) unknown: HashMap<&'static str, usize>,
    pub(crate) replayed: usize,
    pub(crate) not_sent: usize,
    pub(crate) random: usize,
    pub(crate) wrong: Vec<String>,
}

/// A witness as the client sends it; nothing for one that needs a TLS connection or HTTP/2.
pub(crate) fn line(request: &Request, manager: &Value) -> Option<Value> {
    let mut headers = request.headers.clone();
    if let Some(tls) = &request.connection.tls {
        // Only where the proxy believes the header can plaintext stand in for TLS.
        if tls.certificate.is_some() || manager.get("use_remote_address").is_some_and(|is| is != false) {
            return None;
        }
        headers.push(("x-forwarded-proto".to_owned(), "https".to_owned()));
    }
    if request.connection.tls.is_none()
        && let Some(scheme) = &request.scheme
    {
        headers.push(("x-forwarded-proto".to_owned(), scheme.clone()));
    }
    // HTTP/1 takes known methods only, which HTTP/2 does not ask for.
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"];
    if !known.contains(&&*request.method) {
        return None;
    }
    // Nor does it take a CONNECT without a port.
    let has_port = |host: &str| host.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
    if request.is_connect() && !has_port(request.authority.as_deref().unwrap_or_default()) {
        return None;
    }
    Some(json!({"method": request.method, "authority": request.authority, "path": request.path, "headers": headers}))
}

/// The conditions of a route.
fn conditions<'c>(case: &'c Case, name: &str) -> Option<&'c Value> {
    let hosts = case.config["virtual_hosts"].as_array()?.iter();
    let mut routes = hosts.filter_map(|host| host["routes"].as_array()).flatten();
    routes.find(|route| route["name"] == json!(name)).map(|route| &route["match"])
}

pub(crate) fn check(envoy: &Envoy, version: EnvoyVersion, seeds: &[u64], cases: &[Case], total: &mut Outcome) {
    let ports = envoy.ports();
    let document = Document::read("bootstrap", Text::from(&*bootstrap(cases).to_string()));
    let roots: Vec<_> = document.roots().collect();
    let dump = Dump::of(&document, &roots);
    let simulator = Simulator::of(&dump, Some(version));
    let mut verdicts: HashMap<String, HashMap<String, Reach>> = HashMap::new();
    for host in reach(&simulator) {
        // The probes have names of no routes.
        let of_config = verdicts.entry(host.config.name().to_owned()).or_default();
        of_config.extend(
            host.routes.into_iter().filter(|(r, _)| !r.name().is_empty()).map(|(r, v)| (r.name().to_owned(), v)),
        );
    }
    let mut sent: HashMap<String, (usize, Option<String>, String)> = HashMap::new();
    for (place, case) in cases.iter().enumerate() {
        let mut client = Client::new(ports[&format!("m{place}")]);
        let none = HashMap::new();
        let mut names: Vec<_> = verdicts.get(case.config["name"].as_str().unwrap()).unwrap_or(&none).iter().collect();
        names.sort_by_key(|(name, _)| (*name).clone());
        for (name, verdict) in names {
            match verdict {
                Reach::Reachable(request) => {
                    total.reachable += 1;
                    // The client's address is what a proxy with `use_remote_address` adds there.
                    let asks_address =
                        conditions(case, name).is_some_and(|c| c.to_string().contains("x-forwarded-for"));
                    let Some(request) = line(request, &case.manager).filter(|_| !asks_address) else {
                        total.not_sent += 1;
                        continue;
                    };
                    let id = format!("w{place}.{name}");
                    client.send(&request, &id);
                    sent.insert(id, (place, Some(name.clone()), request.to_string()));
                }
                Reach::Covered(_) | Reach::Impossible(_) => total.unreachable += 1,
                Reach::Unknown(why) => *total.unknown.entry(why).or_default() += 1,
            }
        }
        for (number, request) in case.requests.iter().enumerate() {
            let id = format!("{place}.{number}");
            client.send(request, &id);
            sent.insert(id, (place, None, request.to_string()));
        }
    }
    let log = envoy.log(sent.len());
    let logged: HashMap<&str, &Value> = log.iter().filter_map(|row| Some((row["id"].as_str()?, row))).collect();
    for (id, (place, wanted, request)) in &sent {
        let row = logged.get(id.as_str());
        let route = row.and_then(|row| row["route"].as_str()).unwrap_or_default();
        if let Some(wanted) = wanted {
            total.replayed += 1;
            if wanted != route {
                let conditions = conditions(&cases[*place], wanted).map(Value::to_string);
                let came = row.map(ToString::to_string).unwrap_or_default();
                let seed = seeds[*place];
                total.wrong.push(format!("seed {seed}: witness of {wanted} {conditions:?} came to {came}: {request}"));
            }
            continue;
        }
        total.random += 1;
        let of_config = verdicts.get(cases[*place].config["name"].as_str().unwrap());
        let verdict = of_config.and_then(|routes| routes.get(route));
        if matches!(verdict, Some(Reach::Covered(_) | Reach::Impossible(_))) {
            total.wrong.push(format!("seed {}: {route} is {verdict:?} and was hit by {request}", seeds[*place]));
        }
    }
}
