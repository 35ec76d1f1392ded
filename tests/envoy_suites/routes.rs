use meshlint::envoy::Dump;
use meshlint::simulate::{Entry, EnvoyVersion, Line, Simulator};
use serde_json::{Value, json};

use super::{Tally, document, files, shared};

/// Whether the simulator gives what Envoy gave.
fn agrees(expected: &Value, got: &Value) -> bool {
    if expected.is_null() {
        return got["virtual_host_index"].is_null() && got["route_index"].is_null() && got["flags"] == "NR";
    }
    let same = |ours: &str, theirs: &str| got[ours] == *expected.get(theirs).unwrap_or(&Value::Null);
    let redirected = expected["ssl_redirect"] == json!(true);
    let routed = expected["route_index"].is_u64();
    same("virtual_host_index", "vhost_index")
        && same("route_index", "route_index")
        && (routed || got["status"] == expected["status"])
        && (routed || same("details", "details"))
        && (routed || got["flags"] == *expected.get("flags").unwrap_or(&json!("-")))
        && (!redirected || got["action"] == "redirect")
}

fn run(folder: &str, version: EnvoyVersion) {
    let Some(folder) = shared(folder) else { return };
    let mut tally = Tally::default();
    for path in files(&folder, ".json") {
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if case.get("expected").is_none() {
            continue;
        }
        ask(&case, "expected", version, &mut tally, &path.display().to_string(), agrees);
    }
    tally.finish(&format!("{} as Envoy {version}", folder.display()), "requests");
}

fn ask(
    case: &Value,
    expected: &str,
    version: EnvoyVersion,
    tally: &mut Tally,
    name: &str,
    agrees: impl Fn(&Value, &Value) -> bool,
) {
    let config = document(name, &case["route_config"].to_string());
    let hcm = document("hcm", &if case["hcm"].is_null() { json!({}) } else { case["hcm"].clone() }.to_string());
    let roots: Vec<_> = config.roots().collect();
    let dump = Dump::of(&config, &roots);
    let simulator = Simulator::of(&dump, Some(version)).with_manager(hcm.roots().next().unwrap());
    let requests = case["requests"].as_array().unwrap();
    for (request, expected) in requests.iter().zip(case[expected].as_array().unwrap()) {
        let line = Line::of(request).unwrap();
        let answer = simulator.answer(&line.request, Entry::default());
        let got = answer.to_json(&json!(0));
        tally.check(agrees(expected, &got), || format!("{name}: {request} expected {expected} got {got}"));
    }
}

#[test]
fn random_route_configurations() {
    run("conformance/envoy-routes/fuzz", EnvoyVersion::LATEST);
}

#[test]
fn random_route_configurations_of_an_older_envoy() {
    run("conformance/envoy-routes/fuzz_1.36", EnvoyVersion::parse("1.36.4").unwrap());
}

/// `[virtual host, marker of the route, status, path, details]`.
fn agrees_with_row(expected: &Value, got: &Value, names: &[String]) -> bool {
    let marker = match (got["virtual_host_index"].as_u64(), got["route_index"].as_u64(), got["action"].is_null()) {
        (Some(host), Some(route), _) => json!(format!("v{host}r{route}")),
        (Some(host), None, false) if expected[1].is_string() => {
            // A matcher tree's routes are numbered in the order in which they are written.
            let place = names.iter().position(|name| got["route"] == json!(name));
            place.map_or(Value::Null, |place| json!(format!("v{host}m{place}")))
        }
        _ => Value::Null,
    };
    let routed = expected[1].is_string();
    got["virtual_host"] == expected[0]
        && marker == expected[1]
        && (routed || (got["status"] == expected[2] && got["details"] == expected[4]))
}

/// The names of the routes of matcher trees; those that stand alone first, then those of lists.
fn tree_routes(value: &Value, lists: bool, names: &mut Vec<String>) {
    let kind = value["@type"].as_str().unwrap_or_default();
    if kind.ends_with(".RouteList") && lists {
        names.extend(value["routes"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()));
    } else if kind.ends_with(".Route") && !lists {
        names.push(value["name"].as_str().unwrap().to_owned());
    }
    match value {
        Value::Object(map) => map.values().for_each(|v| tree_routes(v, lists, names)),
        Value::Array(list) => list.iter().for_each(|v| tree_routes(v, lists, names)),
        _ => {}
    }
}

#[test]
fn edge_cases() {
    let Some(path) = shared("conformance/envoy-routes/edge_cases.json") else { return };
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for (version, key) in [("1.40.0", "expected_1.40.0"), ("1.36.4", "expected_1.36.4")] {
        let (mut tally, mut groups, mut rejected) = (Tally::default(), 0, 0);
        for case in &cases {
            // A text is the reason why Envoy rejected the configuration.
            if !case[key].is_array() {
                rejected += 1;
                continue;
            }
            groups += 1;
            let mut names = Vec::new();
            tree_routes(&case["route_config"], false, &mut names);
            tree_routes(&case["route_config"], true, &mut names);
            let title = case["title"].as_str().unwrap();
            ask(case, key, EnvoyVersion::parse(version).unwrap(), &mut tally, title, |expected, got| {
                agrees_with_row(expected, got, &names)
            });
        }
        println!("edge cases {version}: {groups} groups, {rejected} more are rejected by Envoy itself");
        tally.finish(&format!("edge cases {version}"), "requests");
    }
}
