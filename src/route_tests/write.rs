//! Tests as text, from requests that are known to reach routes.

use serde_json::{Map, Value, json};

use crate::simulate::{Branch, HostReach, Line, Reach, Simulator, reach};

/// A file with a test for every route that is reached by a request; nothing where there is none.
pub fn all_tests(simulator: &Simulator<'_>, dump: &str) -> Option<String> {
    let hosts = reach(simulator);
    let places = |host: &HostReach<'_>| (0..host.routes.len()).collect::<Vec<_>>();
    let tests: String = hosts
        .iter()
        .flat_map(|host| places(host).into_iter().filter_map(|place| test_of(simulator, host, place)))
        .collect();
    (!tests.is_empty()).then(|| format!("dump: {}\ntests:\n{tests}", scalar(dump)))
}

/// A test for a route by its witness, with what the dump does now; nothing where there is no witness, or it
/// comes there only in a way that a test cannot say.
pub fn test_of(simulator: &Simulator<'_>, host: &HostReach<'_>, place: usize) -> Option<String> {
    let (route, Reach::Reachable(witness)) = host.routes.get(place)? else { return None };
    let mut request = witness.to_json();
    if let Some(request) = request.as_object_mut() {
        request.retain(|key, value| match &**key {
            "headers" => value.as_array().is_some_and(|headers| !headers.is_empty()),
            "method" => value != "GET",
            _ => true,
        });
        let named = request.get("headers").and_then(by_name);
        named.map(|named| request.insert("headers".to_owned(), named));
    }
    if simulator.route_configs().count() > 1 || !host.config.name().is_empty() {
        request["route_config"] = json!(host.config.name());
    }
    let line = Line::of(&request).ok()?;
    let branches = simulator.branches(&line.request, line.entry())?;
    let comes_here = |branch: &Branch<'_>| {
        let answer = &branch.answer;
        answer.route_config.is_some_and(|config| config.node == host.config.node)
            && answer.route.is_some_and(|(_, found)| found.node == route.node)
    };
    if !branches.iter().any(comes_here) {
        return None;
    }
    let name = if route.name().is_empty() { String::new() } else { format!(" {}", route.name()) };
    let title = format!("{} #{place}{name}", host.host.name());
    let mut text = format!("- name: {}\n", scalar(title.trim_start()));
    text.push_str(&format!("  request:\n{}", members(&request, "    ")));
    text.push_str(&expected(&branches));
    Some(text)
}

/// What is so at each of these ends: once, or in a list where they differ.
fn expected(branches: &[Branch<'_>]) -> String {
    let mut ends: Vec<Value> = Vec::new();
    for branch in branches {
        let end = end(branch);
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    match &ends[..] {
        [only] => format!("  expect:\n{}", members(only, "    ")),
        several => {
            let item = |end: &Value| members(end, "    ").replacen("    ", "  - ", 1);
            format!("  expect:\n{}", several.iter().map(item).collect::<String>())
        }
    }
}

fn end(branch: &Branch<'_>) -> Value {
    let answer = &branch.answer;
    let mut end = json!({"status": answer.status});
    if let Some((_, host)) = answer.virtual_host.filter(|(_, host)| !host.name().is_empty()) {
        end["virtual_host"] = json!(host.name());
    }
    if let Some(place) = answer.route.and_then(|(place, _)| place) {
        end["route_index"] = json!(place);
    }
    if let Some(share) = answer.clusters.first() {
        end["cluster"] = json!(share.name);
    }
    if let Some(location) = &answer.location {
        end["location"] = json!(location);
    }
    end
}

/// The members of an object, each on its line.
fn members(object: &Value, indent: &str) -> String {
    let shown = |value: &Value| match value {
        Value::String(value) => scalar(value),
        other => other.to_string(),
    };
    let entries = object.as_object().into_iter().flatten();
    entries.map(|(key, value)| format!("{indent}{key}: {}\n", shown(value))).collect()
}

/// Headers as an object, where no name repeats.
fn by_name(pairs: &Value) -> Option<Value> {
    let mut names = Map::new();
    for pair in pairs.as_array()? {
        let [name, value] = pair.as_array().map(Vec::as_slice)? else { return None };
        if names.insert(name.as_str()?.to_owned(), value.clone()).is_some() {
            return None;
        }
    }
    Some(Value::Object(names))
}

/// A text as YAML: plain where nobody can take it for something else.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-|:".contains(c);
    let first = text.chars().next();
    let is_word = text.chars().all(is_plain) && first.is_some_and(|c| c.is_ascii_alphabetic() || c == '/');
    let means_else = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if is_word && !text.ends_with(':') && !means_else.contains(&&*text.to_ascii_lowercase()) {
        return text.to_owned();
    }
    Value::from(text).to_string()
}
