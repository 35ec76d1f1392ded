//! What to change for another end.

use crate::envoy::{BLACK_HOLE, ClusterName, Dump};

use super::super::answer::Answer;
use super::super::cluster::ClusterState;
use super::super::filters::Effect;
use super::super::request::Request;
use super::super::simulator::Simulator;
use super::hosts::near_misses;

/// The most names that are listed.
const MOST_NAMES: usize = 8;

/// What to change, by the flag and the details of the end.
pub(super) fn of(dump: &Dump<'_>, simulator: &Simulator<'_>, request: &Request, answer: &Answer<'_>) -> Vec<String> {
    let mut advice = Vec::new();
    for share in &answer.clusters {
        match share.state {
            ClusterState::Missing => advice.push(missing_cluster(dump, simulator, &share.name)),
            ClusterState::NoEndpoints => advice.push(no_endpoints(&share.name)),
            _ => {}
        }
    }
    match (answer.flags, answer.details.as_str()) {
        (_, "connection_refused") => advice.push(no_listener(simulator, request)),
        ("NR", "filter_chain_not_found") => advice.push(
            "no filter chain takes such a connection: compare server name, ALPN and TLS with what the chains ask"
                .to_owned(),
        ),
        ("NR", "route_configuration_not_found") => {
            advice.push(
                "the proxy never got these routes: look at what the control plane sent, and take the dump again"
                    .to_owned(),
            );
        }
        ("NR", _) => advice.push(no_route(answer)),
        (_, "upgrade_failed") => {
            advice.push("list the protocol in upgrade_configs of the connection manager or of the route".to_owned());
        }
        (_, "path_normalization_failed") => {
            advice.push("send a path without escaped slashes, %00 and fragments".to_owned());
        }
        (_, "absolute_path_rejected") => advice.push("send a path that starts with a slash".to_owned()),
        (_, details) if details.starts_with("rbac_access_denied") => advice.extend(denied(answer)),
        ("FI", _) => {
            advice.push("remove the fault from the route (in Istio: `fault` of the VirtualService)".to_owned());
        }
        (_, "direct_response") if answer.requires_tls => {
            advice.push("send https, or remove require_tls (in Istio: `tls.httpsRedirect` of the Gateway)".to_owned());
        }
        _ => {}
    }
    match answer.virtual_host.map(|(_, host)| host.name()) {
        Some("block_all") => advice.push(unregistered(answer.authority.as_deref().unwrap_or_default())),
        Some("allow_any") => {
            let host = answer.authority.as_deref().unwrap_or_default();
            let near = answer.route_config.and_then(|config| near_misses(config, host).first().map(|(d, _)| d.value));
            advice.extend(near.map(|near| format!("the mesh does not know {host}: did you mean {near}?")));
        }
        _ => {}
    }
    advice.dedup();
    advice
}

fn unregistered(host: &str) -> String {
    format!("the mesh lets out only registered hosts: add a ServiceEntry for {host}")
}

fn missing_cluster(dump: &Dump<'_>, simulator: &Simulator<'_>, name: &str) -> String {
    let Some(parts) = ClusterName::parse(name) else {
        return match name {
            "" => "the header that names the cluster is absent".to_owned(),
            _ => format!("define the cluster {name}, or change the route"),
        };
    };
    let whole = format!("{}|{}||{}", parts.direction, parts.port, parts.host);
    if !parts.subset.is_empty() && simulator.cluster(&whole).is_some() {
        return format!(
            "define the subset {} for {} in a DestinationRule that this proxy sees",
            parts.subset, parts.host
        );
    }
    let mut ports: Vec<u16> = dump
        .clusters
        .iter()
        .filter_map(|entry| ClusterName::parse(entry.cluster.name.value))
        .filter(|other| other.host == parts.host && other.direction == parts.direction)
        .map(|other| other.port)
        .collect();
    ports.sort_unstable();
    ports.dedup();
    match &ports[..] {
        [] => format!(
            "this proxy does not know the host {}: a typing error, a Sidecar that hides it, or no such service",
            parts.host
        ),
        ports => {
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            format!("{} has no port {}; its ports are {}", parts.host, parts.port, ports.join(", "))
        }
    }
}

fn no_endpoints(name: &str) -> String {
    match ClusterName::parse(name) {
        _ if name == BLACK_HOLE => "the mesh lets out only registered hosts: add a ServiceEntry".to_owned(),
        Some(parts) if !parts.subset.is_empty() => {
            format!("no ready pod of {} has the labels of subset {}", parts.host, parts.subset)
        }
        Some(parts) => format!("no ready pod is behind {}: look at the service's selector and the pods", parts.host),
        None => format!("no endpoint of {name} can be used"),
    }
}

fn no_listener(simulator: &Simulator<'_>, request: &Request) -> String {
    let names: Vec<&str> = simulator.listener_names().collect();
    let port = request.connection.port.map_or(String::new(), |port| format!(" on port {port}"));
    let more = if names.len() > MOST_NAMES { ", …" } else { "" };
    let shown = names.get(..names.len().min(MOST_NAMES)).unwrap_or_default().join(", ");
    format!("the proxy does not listen{port}; its listeners are {shown}{more}")
}

fn no_route(answer: &Answer<'_>) -> String {
    let host = answer.authority.as_deref().unwrap_or_default();
    let Some((_, found)) = answer.virtual_host else {
        let near = answer.route_config.and_then(|config| near_misses(config, host).first().map(|(d, _)| d.value));
        return match near {
            Some(near) => format!("send Host: {near}, or give a virtual host the domain {host}"),
            None => format!("no virtual host has the domain {host}, and there is none for `*`"),
        };
    };
    match found.routes().count() {
        0 => format!("the virtual host {} has no routes at all: nothing is bound to it", found.name()),
        _ => format!("add a route for the request to {}, such as a last one for prefix /", found.name()),
    }
}

fn denied(answer: &Answer<'_>) -> Vec<String> {
    let policies = answer.filters.iter().filter_map(|note| match &note.effect {
        Effect::Denies(policy) => Some(policy.as_deref()),
        _ => None,
    });
    let policies: Vec<Option<&str>> = policies.collect();
    let policies = if policies.is_empty() { vec![None] } else { policies };
    let advise = |policy: Option<&str>| match policy.map(|name| (name, istio_policy(name))) {
        None => {
            "some policy allows, and none allows this: add a rule for it (its peer, method, path or port)".to_owned()
        }
        Some((_, Some((namespace, name, rule)))) => {
            format!("change rule {rule} of the AuthorizationPolicy {name} in namespace {namespace}")
        }
        Some((name, None)) => format!("change the policy {name}"),
    };
    policies.into_iter().map(advise).collect()
}

/// Reads `ns[default]-policy[deny]-rule[0]`.
fn istio_policy(name: &str) -> Option<(&str, &str, &str)> {
    let rest = name.strip_prefix("ns[")?;
    let (namespace, rest) = rest.split_once("]-policy[")?;
    let (policy, rest) = rest.split_once("]-rule[")?;
    Some((namespace, policy, rest.strip_suffix(']')?))
}
