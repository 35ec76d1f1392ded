use meshlint::document::Node;
use meshlint::envoy::{Dump, RouteAction};
use meshlint::simulate::{Answer, Chance, Entry, EnvoyVersion, Request, Simulator};
use serde_json::{Value, json};

use super::{Tally, document, file, shared};

/// What the simulator has no word for: response headers, statistics.
const LEFT_OUT: [&str; 3] = ["virtual_cluster_name", "response_header_matches", "request_header_matches"];

fn texts<'d>(test: Node<'d>, list: &str, key: &str) -> Vec<(&'d str, Node<'d>)> {
    let items = test.get(list).into_iter().flat_map(Node::items);
    items.map(|item| (item.get(key).unwrap().text().unwrap(), item.get("value").unwrap())).collect()
}

fn request(input: Node<'_>) -> Request {
    let text = |key: &str| input.get(key).and_then(Node::text);
    let flag = |key: &str| input.get(key).and_then(Node::as_bool) == Some(true);
    let mut request = Request::get(text("authority").unwrap(), text("path").unwrap());
    request.method = text("method").unwrap_or("GET").to_owned();
    request.scheme = Some(if flag("ssl") { "https" } else { "http" }.to_owned());
    // The tool sets `x-envoy-internal` itself; Envoy does for such an address in front.
    let source = if flag("internal") { "127.0.0.1" } else { "203.0.113.1" };
    request.headers.push(("x-forwarded-for".to_owned(), source.to_owned()));
    let number = input.get("random_value").and_then(Node::as_u64).unwrap_or(0);
    request.chance = Chance::Key(text("runtime").unwrap_or("none").to_owned(), number);
    for (name, value) in texts(input, "additional_request_headers", "key") {
        request.headers.push((name.to_ascii_lowercase(), value.text().unwrap().to_owned()));
    }
    let mut metadata = json!({});
    for item in input.get("dynamic_metadata").into_iter().flat_map(Node::items) {
        let namespace = item.get("metadata_namespace").unwrap().text().unwrap();
        let overwrites = item.get("allow_overwrite").and_then(Node::as_bool) == Some(true);
        if metadata.get(namespace).is_none() || overwrites {
            metadata[namespace] = serde_json::from_str(&item.get("value").unwrap().to_json()).unwrap();
        }
    }
    request.metadata = metadata;
    request
}

/// What Envoy's tool calls a property of the outcome.
fn actual(answer: &Answer<'_>, key: &str, wanted: Node<'_>) -> Value {
    let forwards = answer.route.filter(|(_, route)| matches!(route.action(), RouteAction::Forward(_)));
    let action = answer.route.and_then(|(_, route)| route.node.get("route"));
    let query = || answer.path.as_deref().and_then(|path| path.find('?').map(|at| path[at..].to_owned()));
    match key {
        "cluster_name" => json!(answer.clusters.first().map_or("", |share| &*share.name)),
        // The tool asks the entry of a forwarding route, which redirects and direct responses have not.
        "virtual_host_name" => json!(forwards.and(answer.virtual_host).map_or("", |(_, host)| host.name())),
        // It gives direct responses a location too: where they are.
        "path_redirect" if answer.action() == Some("direct_response") => {
            json!(format!("http://{}{}", answer.authority.as_deref().unwrap(), answer.path.as_deref().unwrap()))
        }
        "path_redirect" => json!(answer.location.clone().unwrap_or_default()),
        "code_redirect" => json!(answer.status.map_or(0, |status| if answer.clusters.is_empty() { status } else { 0 })),
        "host_rewrite" => json!(forwards.map_or(String::new(), |_| {
            answer.rewritten_host.clone().or(answer.authority.clone()).unwrap_or_default()
        })),
        "path_rewrite" => json!(forwards.map_or(String::new(), |_| {
            let rewritten = answer.rewritten_path.clone().map(|path| path + &query().unwrap_or_default());
            rewritten.or(answer.path.clone()).unwrap_or_default()
        })),
        "timeout" => json!(action.and_then(|a| a.get("timeout")).and_then(Node::text).unwrap_or_default()),
        "route_metadata" => {
            // All listed values have to be there.
            let found = wanted.items().all(|item| {
                let text = |key: &str| item.get(key).unwrap().text().unwrap();
                let metadata = answer.route.and_then(|(_, route)| route.node.at(["metadata", "filter_metadata"]));
                let value = metadata.and_then(|m| m.get(text("namespace"))?.get(text("key"))?.text());
                value == Some(text("value"))
            });
            json!(found)
        }
        other => panic!("{other} is not known"),
    }
}

fn expected(key: &str, wanted: Node<'_>) -> Value {
    match key {
        "code_redirect" => json!(wanted.as_u64()),
        "route_metadata" => json!(true),
        _ => json!(wanted.text().unwrap_or_default()),
    }
}

#[test]
fn envoys_own_router_check_data() {
    let Some(folder) = shared("conformance/envoy-router-check") else { return };
    let index: Value = serde_json::from_slice(&std::fs::read(folder.join("INDEX.json")).unwrap()).unwrap();
    let options =
        r#"{"internal_address_config": {"cidr_ranges": [{"address_prefix": "127.0.0.1", "prefix_len": 32}]}}"#;
    let options = document("options", options);
    let (mut tally, mut left_out, mut cases) = (Tally::default(), 0, 0);
    let trailing_comma = regex::Regex::new(r",(\s*[\]}])").unwrap();
    for pair in index["pairs"].as_array().unwrap() {
        if pair["golden"].as_str().unwrap().ends_with(".pb_text") {
            println!("router check: {} holds the cases of another file as text of protobuf", pair["golden"]);
            continue;
        }
        let config = file(&folder.join(pair["config"].as_str().unwrap()));
        // Protobuf's reader forgives a comma before a bracket.
        let golden = std::fs::read_to_string(folder.join(pair["golden"].as_str().unwrap())).unwrap();
        let golden = trailing_comma.replace_all(&golden, "$1").into_owned();
        let golden = document("golden", &golden);
        let roots: Vec<_> = config.roots().collect();
        let dump = Dump::of(&config, &roots);
        let simulator = Simulator::of(&dump, Some(EnvoyVersion::LATEST)).with_manager(options.roots().next().unwrap());
        let fails = |name: &str| {
            let case = pair["cases"].as_array().into_iter().flatten().find(|case| case["test_name"] == name);
            case.is_some_and(|case| case["expect"] == "fails")
        };
        for test in golden.roots().next().unwrap().get("tests").unwrap().items() {
            cases += 1;
            let name = test.get("test_name").unwrap().text().unwrap();
            let answer = simulator.answer(&request(test.get("input").unwrap()), Entry::default());
            let mut wrong = Vec::new();
            let (mut asked, before) = (0, left_out);
            for (key, wanted) in test.get("validate").unwrap().entries() {
                if LEFT_OUT.contains(&key.text) {
                    left_out += 1;
                    continue;
                }
                asked += 1;
                let (got, wanted) = (actual(&answer, key.text, wanted), expected(key.text, wanted));
                if got != wanted {
                    wrong.push(format!("{} is {got}, not {wanted}", key.text));
                }
            }
            // A case that has to fail may do so by what is left out.
            let agrees = asked == 0 || wrong.is_empty() != fails(name) || (fails(name) && left_out > before);
            tally.check(agrees, || format!("{} {name}: {wrong:?}", pair["golden"]));
        }
    }
    println!("router check: {cases} cases; {left_out} expectations on response headers and statistics are left out");
    tally.finish("router check", "cases");
}
