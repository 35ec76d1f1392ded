//! `proxy-status POD --file DUMP`: what istiod would send against what Envoy has.

use serde_json::Value;
use similar::TextDiff;

use crate::document::{Document, Node};

use super::proto_json::{self, Typed};
use super::sections::{Entry, Sections, State, proxies};
use super::{Missing, routes};

/// Lines around a difference.
const CONTEXT: usize = 7;

/// Compares two dumps, section by section.
///
/// # Errors
/// One of them holds no dump.
pub fn compare(istiod: &Document, envoy: &Document) -> Result<String, Missing> {
    let (a, b) = (single(istiod)?, single(envoy)?);
    let mut out = String::new();
    section("Clusters", &clusters(&a), &clusters(&b), "", &mut out);
    section("Listeners", &listeners(&a), &listeners(&b), "", &mut out);
    let updated = last_update(envoy).map(|time| format!(" (RDS last loaded at {time})")).unwrap_or_default();
    section("Routes", &route_configs(&a), &route_configs(&b), &updated, &mut out);
    Ok(out)
}

fn single(document: &Document) -> Result<Sections<'_>, Missing> {
    let mut found = proxies(document);
    let (_, sections) = found.pop().ok_or_else(|| Missing(format!("{} is empty", document.name())))?;
    let is_dump = sections.clusters.is_some() || sections.listeners.is_some() || sections.routes.is_some();
    is_dump.then_some(sections).ok_or_else(|| Missing(format!("{} holds no dump", document.name())))
}

fn section(name: &str, a: &str, b: &str, note: &str, out: &mut String) {
    if a == b {
        out.push_str(&format!("{name} Match{note}\n"));
        return;
    }
    out.push_str(&format!("{name} Don't Match{note}\n"));
    let diff = TextDiff::from_lines(a, b);
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(CONTEXT).header(&format!("Istiod {name}"), &format!("Envoy {name}")).to_string();
    out.push_str(&text);
}

fn active<'d>(list: Option<&[Entry<'d>]>) -> Vec<Node<'d>> {
    let entries = list.unwrap_or_default().iter().filter(|entry| entry.state == State::Active);
    let mut nodes: Vec<Node<'d>> = entries.map(|entry| entry.node).collect();
    nodes.sort_by_key(|node| node.text_at("name").map_or("", |name| name.value));
    nodes
}

fn print(nodes: Vec<Node<'_>>, type_name: &'static str) -> String {
    proto_json::list(&nodes.into_iter().map(|node| Typed { node, type_name }).collect::<Vec<_>>()) + "\n"
}

fn clusters(sections: &Sections<'_>) -> String {
    print(active(sections.clusters.as_deref()), "envoy.config.cluster.v3.Cluster")
}

fn listeners(sections: &Sections<'_>) -> String {
    print(active(sections.listeners.as_deref()), "envoy.config.listener.v3.Listener")
}

/// Tables by name, and in each the virtual hosts by name.
fn route_configs(sections: &Sections<'_>) -> String {
    let dynamic: Vec<Entry<'_>> =
        sections.routes.iter().flatten().filter(|entry| entry.state == State::Active).copied().collect();
    let mut nodes = routes::in_order(&dynamic);
    nodes.sort_by_key(|node| node.text_at("name").map_or("", |name| name.value));
    let printed = print(nodes, "envoy.config.route.v3.RouteConfiguration");
    let Ok(mut value) = serde_json::from_str::<Value>(&printed) else {
        return printed;
    };
    for config in value.as_array_mut().into_iter().flatten() {
        if let Some(Value::Array(hosts)) = config.get_mut("virtualHosts") {
            hosts.sort_by_key(|host| host.get("name").and_then(Value::as_str).unwrap_or_default().to_owned());
        }
    }
    super::pretty(&value) + "\n"
}

/// When a table of routes came last.
fn last_update(document: &Document) -> Option<String> {
    let configs = document.roots().filter_map(|root| root.get("configs")).flat_map(Node::items);
    let entries = configs.filter_map(|section| section.field("dynamic_route_configs")).flat_map(Node::items);
    let times = entries.filter_map(|entry| entry.field("last_updated").and_then(Node::text));
    times.max().map(str::to_owned)
}
