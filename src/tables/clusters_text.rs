//! Envoy's `/clusters` as text, made into the JSON that the same page gives with `?format=json`.
//!
//! `CLUSTER::ADDRESS::KEY::VALUE` for hosts, `CLUSTER::KEY::VALUE` for clusters. An address may
//! itself hold `::`, so lines are read from their end.

use serde_json::{Map, Value, json};

/// The keys of a host; anything else is about a cluster.
const COUNTERS: [&str; 6] = ["cx_connect_fail", "cx_total", "rq_error", "rq_success", "rq_timeout", "rq_total"];
const GAUGES: [&str; 2] = ["cx_active", "rq_active"];
const OTHER: [&str; 10] = [
    "hostname",
    "health_flags",
    "weight",
    "region",
    "zone",
    "sub_zone",
    "canary",
    "priority",
    "success_rate",
    "local_origin_success_rate",
];

/// Reads the page; nothing if it is something else.
pub(super) fn to_json(text: &[u8]) -> Option<String> {
    if !looks_like_it(text) {
        return None;
    }
    let mut clusters: Vec<Cluster> = Vec::new();
    for line in String::from_utf8_lossy(text).lines() {
        read_line(line.trim_end(), &mut clusters);
    }
    let statuses: Vec<Value> = clusters.into_iter().map(Cluster::into_json).collect();
    (!statuses.is_empty()).then(|| json!({ "cluster_statuses": statuses }).to_string())
}

/// Whether a line near the start says something of a cluster that only this page says.
fn looks_like_it(text: &[u8]) -> bool {
    let head = text.get(..text.len().min(4096)).unwrap_or_default();
    let first = head.trim_ascii_start().first();
    !matches!(first, Some(b'{' | b'['))
        && memchr::memmem::find(head, b"::default_priority::max_connections::").is_some()
}

struct Cluster {
    name: String,
    added_via_api: bool,
    hosts: Vec<Host>,
}

struct Host {
    address: String,
    values: Vec<(String, String)>,
}

fn read_line(line: &str, clusters: &mut Vec<Cluster>) {
    let Some((name, rest)) = line.split_once("::") else { return };
    let Some((rest, value)) = rest.rsplit_once("::") else { return };
    let (address, key) = rest.rsplit_once("::").unwrap_or(("", rest));
    if clusters.last().is_none_or(|cluster| cluster.name != name) {
        clusters.push(Cluster { name: name.to_owned(), added_via_api: false, hosts: Vec::new() });
    }
    let Some(cluster) = clusters.last_mut() else { return };
    if address.is_empty() {
        cluster.added_via_api |= key == "added_via_api" && value == "true";
        return;
    }
    let known = COUNTERS.contains(&key) || GAUGES.contains(&key) || OTHER.contains(&key);
    if !known || matches!(address, "default_priority" | "high_priority" | "outlier") {
        return;
    }
    if cluster.hosts.last().is_none_or(|host| host.address != address) {
        cluster.hosts.push(Host { address: address.to_owned(), values: Vec::new() });
    }
    if let Some(host) = cluster.hosts.last_mut() {
        host.values.push((key.to_owned(), value.to_owned()));
    }
}

impl Cluster {
    fn into_json(self) -> Value {
        let mut json = Map::new();
        json.insert("name".to_owned(), self.name.into());
        if self.added_via_api {
            json.insert("added_via_api".to_owned(), true.into());
        }
        let hosts: Vec<Value> = self.hosts.into_iter().map(Host::into_json).collect();
        if !hosts.is_empty() {
            json.insert("host_statuses".to_owned(), hosts.into());
        }
        json.into()
    }
}

impl Host {
    fn into_json(self) -> Value {
        let mut json = Map::new();
        let mut stats = Vec::new();
        let mut locality = Map::new();
        json.insert("address".to_owned(), address(&self.address));
        for (key, value) in &self.values {
            match key.as_str() {
                "health_flags" => _ = json.insert("health_status".to_owned(), health(value)),
                "hostname" if !value.is_empty() => _ = json.insert(key.clone(), value.as_str().into()),
                "region" | "zone" | "sub_zone" if !value.is_empty() => {
                    locality.insert(key.clone(), value.as_str().into());
                }
                "weight" | "priority" => {
                    if let Ok(number @ 1..) = value.parse::<u32>() {
                        json.insert(key.clone(), number.into());
                    }
                }
                key if COUNTERS.contains(&key) => stats.push(json!({ "name": key, "value": value })),
                key if GAUGES.contains(&key) => stats.push(json!({ "type": "GAUGE", "name": key, "value": value })),
                _ => {}
            }
        }
        json.insert("stats".to_owned(), stats.into());
        if !locality.is_empty() {
            json.insert("locality".to_owned(), locality.into());
        }
        json.into()
    }
}

fn address(text: &str) -> Value {
    if let Some((listener, endpoint)) = text.strip_prefix("envoy://").and_then(|rest| rest.split_once('/')) {
        return json!({ "envoy_internal_address": { "server_listener_name": listener, "endpoint_id": endpoint } });
    }
    if let Some((ip, port)) = text.rsplit_once(':')
        && let Ok(port) = port.parse::<u16>()
    {
        let ip = ip.trim_start_matches('[').trim_end_matches(']');
        return json!({ "socket_address": { "address": ip, "port_value": port } });
    }
    json!({ "pipe": { "path": text } })
}

/// `healthy`, or what is wrong: `/failed_outlier_check/failed_active_hc`.
fn health(flags: &str) -> Value {
    let mut json = Map::new();
    let mut eds = "HEALTHY";
    for flag in flags.split('/') {
        let field = match flag {
            "failed_active_hc" => "failed_active_health_check",
            "failed_outlier_check" => "failed_outlier_check",
            "degraded_active_hc" => "failed_active_degraded_check",
            "pending_dynamic_removal" => "pending_dynamic_removal",
            "pending_active_hc" => "pending_active_hc",
            "excluded_via_immediate_hc_fail" => "excluded_via_immediate_hc_fail",
            "active_hc_timeout" => "active_hc_timeout",
            "failed_eds_health" => {
                eds = "UNHEALTHY";
                continue;
            }
            "degraded_eds_health" => {
                eds = "DEGRADED";
                continue;
            }
            "eds_status_draining" => {
                eds = "DRAINING";
                continue;
            }
            _ => continue,
        };
        json.insert(field.to_owned(), true.into());
    }
    json.insert("eds_health_status".to_owned(), eds.into());
    json.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_the_end_of_a_line() {
        let page = "a|b::default_priority::max_connections::1\n\
                    a|b::[fd00::1]:80::health_flags::/failed_outlier_check\n\
                    a|b::[fd00::1]:80::hostname::\n";
        let json: Value = serde_json::from_str(&to_json(page.as_bytes()).unwrap()).unwrap();
        let host = json.pointer("/cluster_statuses/0/host_statuses/0").unwrap();
        assert_eq!(host.pointer("/address/socket_address/address"), Some(&"fd00::1".into()));
        assert_eq!(host.pointer("/health_status/failed_outlier_check"), Some(&true.into()));
    }
}
