//! An answer for people: each hop, what decided it and where that stands, and what to change.

mod advice;
mod chain;
mod describe;
mod hosts;

use crate::document::Node;
use crate::envoy::{Dump, RouteAction, RouteMatch, typed_config};

use super::answer::Answer;
use super::cluster::ClusterState;
use super::filters::Effect;
use super::listeners::Entrance;
use super::request::Request;
use super::simulator::Simulator;

pub use describe::route_match;

/// The most that is told of each kind of thing beside the way.
const FEW: usize = 3;

/// A step of the way.
#[derive(Clone, Debug)]
pub struct Hop<'d> {
    /// What it is: `listener`, `route`, ….
    pub kind: &'static str,
    /// What was chosen, and by what.
    pub text: String,
    /// Where that stands.
    pub place: Option<Node<'d>>,
    /// What else there is to know, each with its place.
    pub asides: Vec<(String, Option<Node<'d>>)>,
}

/// The whole way.
#[derive(Clone, Debug)]
pub struct Explanation<'d> {
    /// The steps.
    pub hops: Vec<Hop<'d>>,
    /// What has to be so for this end: `if ext_authz allows`.
    pub provisos: Vec<String>,
    /// What to change.
    pub advice: Vec<String>,
}

impl<'d> Hop<'d> {
    fn new(kind: &'static str, text: impl Into<String>, place: Option<Node<'d>>) -> Self {
        Self { kind, text: text.into(), place, asides: Vec::new() }
    }

    fn aside(mut self, text: impl Into<String>, place: Option<Node<'d>>) -> Self {
        self.asides.push((text.into(), place));
        self
    }
}

/// Explains an answer.
pub fn explain<'d>(
    simulator: &Simulator<'d>,
    dump: &Dump<'d>,
    request: &Request,
    answer: &Answer<'d>,
) -> Explanation<'d> {
    let mut hops = Vec::new();
    hops.extend(listener(answer, request));
    hops.extend(chain::hop(answer, request));
    hops.extend(routes(answer, request));
    hops.extend(hosts::hop(answer));
    hops.extend(filters(answer));
    hops.extend(route(simulator, request, answer));
    hops.extend(destinations(simulator, answer));
    Explanation { hops, provisos: provisos(answer), advice: advice::of(dump, simulator, request, answer) }
}

fn listener<'d>(answer: &Answer<'d>, request: &Request) -> Option<Hop<'d>> {
    let (listener, entrance) = answer.listener?;
    let port = request.connection.port.map_or_else(|| "the port".to_owned(), |port| format!("port {port}"));
    let how = match entrance {
        Entrance::Named => "as named".to_owned(),
        Entrance::Exact => format!(
            "has the address {}:{}",
            request.connection.destination.map(|ip| ip.to_string()).unwrap_or_default(),
            request.connection.port.unwrap_or_default()
        ),
        Entrance::AnyAddress => format!("has {port} on every address"),
        Entrance::CatchAll => match request.connection.direction {
            Some(super::Direction::Inbound) => "takes all inbound connections".to_owned(),
            _ => format!("keeps the connection: no listener has {port}"),
        },
    };
    let place = listener.node.get("name").unwrap_or(listener.node);
    let is_handed = listener.node.field("bind_to_port").and_then(Node::as_bool) == Some(false);
    let handed =
        if is_handed && entrance != Entrance::Named { ", handed over by its original destination" } else { "" };
    Some(Hop::new("listener", format!("{} {how}{handed}", listener.name()), Some(place)))
}

fn routes<'d>(answer: &Answer<'d>, request: &Request) -> Option<Hop<'d>> {
    if let Some(name) = answer.missing_route_config {
        let (chain, _) = answer.filter_chain?;
        return Some(Hop::new("routes", format!("{name} is not in the dump"), Some(chain.node)));
    }
    let config = answer.route_config?;
    let name = if config.name().is_empty() { "(without a name)" } else { config.name() };
    let mut hop = Hop::new("routes", name, Some(config.node.get("name").unwrap_or(config.node)));
    let changed =
        |before: Option<&str>, after: Option<&str>| after.filter(|after| Some(*after) != before).map(str::to_owned);
    if let Some(path) = changed(request.path.as_deref(), answer.path.as_deref()) {
        hop = hop.aside(format!("the path becomes {path}"), None);
    }
    if let Some(host) = changed(request.authority.as_deref(), answer.authority.as_deref()) {
        hop = hop.aside(format!("the host becomes {host}"), None);
    }
    Some(hop)
}

fn filters<'d>(answer: &Answer<'d>) -> Vec<Hop<'d>> {
    let hop = |note: &super::FilterNote<'d>| {
        let name = note.filter.get("name").and_then(Node::text).unwrap_or_default();
        let name = name.strip_prefix("envoy.filters.http.").unwrap_or(name);
        let text = match &note.effect {
            Effect::Allows(policy) => format!("{name} lets it pass by {}", policy.as_deref().unwrap_or("a policy")),
            Effect::Denies(Some(policy)) => format!("{name} denies it by {policy}"),
            Effect::Denies(None) => format!("{name} denies it: no policy allows it"),
            Effect::Asks(what) => format!("{name} asks {what}"),
            Effect::Aborts(status, percent) => format!("{name} answers {status} to {} % of requests", number(*percent)),
            Effect::Delays(time, percent) => format!("{name} waits {time} for {} % of requests", number(*percent)),
        };
        Hop::new("filter", text, Some(note.decided_by))
    };
    answer.filters.iter().map(hop).collect()
}

pub(super) fn number(percent: f64) -> String {
    let text = format!("{percent:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn route<'d>(simulator: &Simulator<'d>, request: &Request, answer: &Answer<'d>) -> Option<Hop<'d>> {
    let (_, host) = answer.virtual_host?;
    if answer.requires_tls {
        return Some(Hop::new(
            "route",
            "none is asked: require_tls sends plain requests to https",
            host.node.field("require_tls"),
        ));
    }
    let hop = match answer.route {
        Some((place, route)) => {
            let conditions = route.conditions();
            let shown = conditions.map(|c| describe::route_match(&RouteMatch::of(c))).unwrap_or_default();
            let number = place.map_or_else(String::new, |place| format!("#{place} "));
            let name = if route.name().is_empty() { String::new() } else { format!("{} ", route.name()) };
            Hop::new("route", format!("{number}{name}by {shown}"), Some(conditions.unwrap_or(route.node)))
        }
        None => Hop::new("route", "none takes the request", host.node.get("routes").or(Some(host.node))),
    };
    let passed = simulator.passed_over(request, answer);
    let left = passed.len().saturating_sub(FEW);
    // The nearest ones say most.
    let hop = passed.iter().rev().take(FEW).rev().fold(hop, |hop, (place, condition)| {
        hop.aside(format!("not #{place}: {}", describe::condition(*condition)), Some(*condition))
    });
    Some(if left > 0 { hop.aside(format!("nor {left} routes before"), None) } else { hop })
}

fn destinations<'d>(simulator: &Simulator<'d>, answer: &Answer<'d>) -> Vec<Hop<'d>> {
    let mut hops = Vec::new();
    if let Some((_, route)) = answer.route {
        match route.action() {
            RouteAction::Redirect(node) => {
                let target = answer.location.as_deref().unwrap_or_default();
                hops.push(Hop::new("redirect", format!("to {target}"), Some(node)));
            }
            RouteAction::DirectResponse(node) => hops.push(Hop::new("reply", "by the route itself", Some(node))),
            _ => {}
        }
    }
    for (what, value) in [("path", &answer.rewritten_path), ("host", &answer.rewritten_host)] {
        let action = answer.route.and_then(|(_, route)| route.node.get("route"));
        hops.extend(value.as_ref().map(|value| Hop::new("rewrite", format!("the {what} becomes {value}"), action)));
    }
    let total: u64 = answer.clusters.iter().map(|share| share.weight).sum();
    for share in &answer.clusters {
        let percent = match answer.clusters.len() {
            1 => String::new(),
            #[allow(clippy::cast_precision_loss)] // for people
            _ => format!(" for {} %", number(share.weight as f64 * 100.0 / total.max(1) as f64)),
        };
        let name = if share.name.is_empty() { "(none)" } else { &share.name };
        hops.push(cluster(simulator, share, &format!("{name}{percent}")));
    }
    hops
}

fn cluster<'d>(simulator: &Simulator<'d>, share: &super::ClusterShare<'d>, text: &str) -> Hop<'d> {
    let Some(cluster) = simulator.cluster(&share.name) else {
        let missing = if share.state == ClusterState::Missing { "does not exist" } else { "is not in the input" };
        return Hop::new("cluster", format!("{text} {missing}"), Some(share.node));
    };
    let hop = Hop::new("cluster", text, Some(cluster.name.node));
    let hop = match tls_of(cluster.node) {
        Some((sni, node)) => hop.aside(format!("over TLS{sni}"), Some(node)),
        None => hop,
    };
    let endpoints = simulator.endpoints(&cluster);
    let usable = endpoints.iter().filter(|(_, usable)| *usable).count();
    let hop = match (endpoints.len(), share.state) {
        (0, ClusterState::NoEndpoints) => return hop.aside("no endpoints", None),
        (0, _) => return hop.aside(describe::kind(cluster.kind), None),
        (_, ClusterState::Refuses(_, why)) => hop.aside(format!("refuses requests: {why}"), None),
        _ => hop,
    };
    let hop = endpoints.iter().take(FEW).fold(hop, |hop, (endpoint, usable)| {
        let health = endpoint.field("health_status").and_then(Node::text).unwrap_or("HEALTHY").to_lowercase();
        let mark = if *usable { "" } else { ", not used" };
        hop.aside(format!("endpoint {} {health}{mark}", describe::address(*endpoint)), Some(*endpoint))
    });
    let more = endpoints.len().saturating_sub(FEW);
    if more > 0 { hop.aside(format!("and {more} more endpoints, {usable} usable in all"), None) } else { hop }
}

/// How a cluster's connections are encrypted.
fn tls_of(cluster: Node<'_>) -> Option<(String, Node<'_>)> {
    let matches = cluster.field("transport_socket_matches").into_iter().flat_map(Node::items);
    let sockets = matches.filter_map(|m| m.field("transport_socket")).chain(cluster.field("transport_socket"));
    let contexts = sockets.filter_map(typed_config);
    let context = contexts.into_iter().find(|config| config.field("common_tls_context").is_some())?;
    let sni = context.get("sni").and_then(Node::text).map(|sni| format!(" with server name {sni}")).unwrap_or_default();
    Some((sni, context))
}

pub(super) fn provisos(answer: &Answer<'_>) -> Vec<String> {
    let mut provisos: Vec<String> = Vec::new();
    for note in &answer.filters {
        if let Effect::Asks(what) = &note.effect {
            provisos.push(format!("if {what} allows it"));
        }
    }
    for doubt in &answer.doubts {
        let verb = if doubt.assumed { "holds" } else { "does not hold" };
        provisos.push(format!("if on route #{} {} {verb}", doubt.route, describe::condition(doubt.condition)));
    }
    if !answer.rival_chains.is_empty() {
        provisos.push("if Envoy picks this of several chains with the same right".to_owned());
    }
    provisos.dedup();
    provisos
}
