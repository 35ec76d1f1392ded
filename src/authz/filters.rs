//! The RBAC filters that a request meets in a proxy.

use crate::document::{Document, Node};
use crate::envoy::{self, ConnectionManager, typed_config};
use crate::input::Text;
use crate::istio::AuthorizationPolicy;
use crate::simulate::{AccessControl, EnvoyVersion, Rules};
use crate::tables::{Sections, State, proxies};

use super::extension::{connection_manager_config, filter_type};
use super::policies::{self, Mesh};
use super::{Decision, Request};

/// The filters of one workload.
pub struct Filters<'d> {
    chains: Vec<Chain<'d>>,
}

/// The filters behind one condition.
struct Chain<'d> {
    port: Option<u64>,
    transport: Option<&'d str>,
    is_http: bool,
    /// What a connection meets, and then its requests.
    controls: Vec<AccessControl<'d>>,
}

impl<'d> Filters<'d> {
    /// The filters of a dump: those of the chains for inbound traffic.
    ///
    /// # Errors
    /// The document holds no listener that takes requests.
    pub fn of_dump(document: &'d Document) -> Result<Self, String> {
        let dumps = envoy::dumps(document);
        let rules = dumps.first().map_or_else(|| Rules::of_version(EnvoyVersion::LATEST), |dump| Rules::of(dump, None));
        let mut chains = Vec::new();
        for (_, sections) in proxies(document) {
            chains.extend(inbound(&sections).flat_map(|listener| chains_of(listener, &rules).collect::<Vec<_>>()));
        }
        if chains.is_empty() {
            return Err(format!("{} holds no listener for inbound traffic", document.name()));
        }
        Ok(Self { chains })
    }

    /// The filters of policies, which [`generated`] wrote.
    pub fn of_generated(document: &'d Document) -> Self {
        let list = |name: &str| -> Vec<Node<'d>> {
            let filters = document.roots().next().and_then(|root| root.get(name));
            filters.into_iter().flat_map(Node::items).filter_map(typed_config).collect()
        };
        let rules = Rules::of_version(EnvoyVersion::LATEST);
        let chain = |is_http, control| Chain { port: None, transport: None, is_http, controls: vec![control] };
        let http = AccessControl::of_istio(list("http"), rules.clone());
        Self { chains: vec![chain(true, http), chain(false, AccessControl::of_connections(list("tcp"), rules))] }
    }

    /// Decides a request as Envoy does: filter by filter, the first refusal counts.
    ///
    /// # Errors
    /// A condition that cannot be decided from a file, or no chain takes the request.
    pub fn decide(&self, request: &Request) -> Result<Decision, String> {
        let chain = self.chain(request).ok_or_else(|| format!("no filter chain takes port {}", request.port))?;
        let sent = request.as_sent();
        let mut allowed = Decision { is_allowed: true, policy: None, details: None };
        for control in &chain.controls {
            let decision = Decision::of(&control.decide(&sent, request.remote_ip))?;
            if !decision.is_allowed {
                return Ok(decision);
            }
            allowed.policy = allowed.policy.or(decision.policy);
        }
        Ok(allowed)
    }

    /// The chain for the port, or else for every port; TLS for clients with a certificate.
    fn chain(&self, request: &Request) -> Option<&Chain<'d>> {
        let wanted = if request.is_encrypted() { "tls" } else { "raw_buffer" };
        let of_port = |chain: &&Chain<'d>| chain.port == Some(request.port);
        let has_port = self.chains.iter().any(|chain| of_port(&chain));
        let candidates = self.chains.iter().filter(|c| if has_port { of_port(c) } else { c.port.is_none() });
        let score = |chain: &&Chain<'d>| {
            let transport = match chain.transport {
                Some(transport) if transport == wanted => 2,
                None => 1,
                Some(_) => 0,
            };
            (chain.is_http == request.target.is_some(), transport)
        };
        // Of equals the first counts.
        candidates.rev().max_by_key(score)
    }
}

/// The filters that istiod makes of policies, as a document to decide by.
pub fn generated(policies: &[AuthorizationPolicy<'_>], mesh: &Mesh) -> Document {
    let list = |is_tcp: bool| -> Vec<serde_json::Value> {
        policies::filters(policies, mesh, is_tcp).into_iter().map(|filter| filter.json).collect()
    };
    let json = serde_json::json!({ "http": list(false), "tcp": list(true) });
    Document::read("policies", Text::from(json.to_string().into_bytes()))
}

/// The listeners that take what comes from outside.
fn inbound<'d>(sections: &Sections<'d>) -> impl Iterator<Item = Node<'d>> {
    let entries = sections.listeners.clone().unwrap_or_default();
    let active: Vec<Node<'d>> = entries.iter().filter(|e| e.state == State::Active).map(|e| e.node).collect();
    let is_inbound = |node: &Node<'d>| {
        let direction = node.field("traffic_direction").and_then(Node::text);
        let name = node.text_at("name").map_or("", |name| name.value);
        name == "virtualInbound" || matches!(direction, Some("INBOUND" | "1")) || name == "main_internal"
    };
    // A gateway has no direction: all its listeners take requests.
    let some = active.iter().any(is_inbound);
    active.into_iter().filter(move |node| !some || is_inbound(node))
}

fn chains_of<'d>(listener: Node<'d>, rules: &Rules<'d>) -> impl Iterator<Item = Chain<'d>> {
    let chains = listener.field("filter_chains").into_iter().flat_map(Node::items);
    let port = listener.get("address").and_then(|a| a.field("socket_address")).and_then(|s| s.field("port_value"));
    let own_port = port.and_then(Node::as_u64).filter(|port| *port != 15006);
    chains.chain(listener.field("default_filter_chain")).map(move |chain| chain_of(chain, own_port, rules))
}

fn chain_of<'d>(chain: Node<'d>, own_port: Option<u64>, rules: &Rules<'d>) -> Chain<'d> {
    let conditions = chain.field("filter_chain_match");
    let port = conditions.and_then(|c| c.field("destination_port")).and_then(Node::as_u64);
    let transport = conditions.and_then(|c| c.field("transport_protocol")).and_then(Node::text);
    let filters = || chain.get("filters").into_iter().flat_map(Node::items);
    let of_connections = filters().filter(|filter| is_rbac(*filter)).filter_map(typed_config).collect();
    let mut controls = vec![AccessControl::of_connections(of_connections, rules.clone())];
    let manager = filters().find_map(connection_manager_config);
    if let Some(manager) = manager {
        let filters = manager.field("http_filters").into_iter().flat_map(Node::items).filter(|f| is_rbac(*f));
        let filters = filters.filter_map(typed_config).collect();
        controls.push(AccessControl::of_requests(ConnectionManager { node: manager }, filters, rules.clone()));
    }
    Chain { port: port.or(own_port), transport, is_http: manager.is_some(), controls }
}

fn is_rbac(filter: Node<'_>) -> bool {
    match filter_type(filter) {
        Some(name) => name == "RBAC",
        None => filter.get("name").and_then(Node::text).is_some_and(|name| name.rsplit('.').next() == Some("rbac")),
    }
}
