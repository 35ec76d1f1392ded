//! For every route either a request that reaches it, or a proof that none can.
//!
//! Conditions are sets of values, each in one dimension; languages of texts are automata, so that
//! what is said to be covered is covered, also by several routes together. A witness is confirmed
//! by the simulator before it is given.

mod atom;
mod language;
mod search;
mod space;

use std::collections::BTreeSet;

use crate::document::Node;
use crate::envoy::{Route, RouteConfiguration, VirtualHost};

use super::manager::Manager;
use super::normalize::port_start;
use super::request::{Request, Tls};
use super::simulator::Simulator;
use super::table::Table;

use atom::{Atoms, Languages};
use language::Language;
use search::{Found, Landing, Search};
use space::Frame;

/// Whether a route or a virtual host can be reached.
#[derive(Clone, Debug)]
pub enum Reach {
    /// This request does.
    Reachable(Box<Request>),
    /// None does: these earlier routes take what it would.
    Covered(BTreeSet<usize>),
    /// None does, for this reason.
    Impossible(&'static str),
    /// Not told: why.
    Unknown(&'static str),
}

impl Reach {
    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reachable(_) => "reachable",
            Self::Covered(_) | Self::Impossible(_) => "unreachable",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// The verdicts on a virtual host.
#[derive(Clone, Debug)]
pub struct HostReach<'d> {
    /// The route configuration.
    pub config: RouteConfiguration<'d>,
    /// The place of the virtual host.
    pub index: usize,
    /// The virtual host.
    pub host: VirtualHost<'d>,
    /// Whether any request comes to it.
    pub verdict: Reach,
    /// Domains that no request has.
    pub dead_domains: Vec<crate::document::Spanned<'d, &'d str>>,
    /// Its routes.
    pub routes: Vec<(Route<'d>, Reach)>,
}

/// The verdicts on every virtual host and route of a proxy.
pub fn reach<'d>(simulator: &Simulator<'d>) -> Vec<HostReach<'d>> {
    reach_of(simulator, &|_, _| true)
}

/// The verdicts on those virtual hosts that are wanted, each by its configuration and its place.
pub fn reach_of<'d>(
    simulator: &Simulator<'d>,
    is_wanted: &dyn Fn(RouteConfiguration<'d>, usize) -> bool,
) -> Vec<HostReach<'d>> {
    let mut languages = Languages::default();
    let mut verdicts = Vec::new();
    for (table, manager) in simulator.tables_with_managers() {
        for (index, host) in table.config.virtual_hosts().enumerate() {
            if !is_wanted(table.config, index) {
                continue;
            }
            verdicts.push(host_reach(simulator, table, manager, (index, host), &mut languages));
        }
    }
    verdicts
}

fn host_reach<'d>(
    simulator: &Simulator<'d>,
    table: &Table<'d>,
    manager: &Manager<'d>,
    (index, host): (usize, VirtualHost<'d>),
    languages: &mut Languages,
) -> HostReach<'d> {
    let lands = |request: &Request| simulator.host_of(table, manager, request) == Some(index);
    let host_header = table.config.node.field("vhost_header").and_then(Node::text).map(str::to_ascii_lowercase);
    let request_to = |name: String| {
        let mut request = Request::get(&name, "/");
        request.headers.extend(host_header.clone().map(|header| (header, name)));
        request
    };
    let mut dead_domains = Vec::new();
    let mut found: Option<Request> = None;
    for domain in host.domains() {
        let candidates = hosts_for(domain.value);
        match candidates.into_iter().map(request_to).find(|request| lands(request)) {
            Some(request) => found = found.or(Some(request)),
            None => dead_domains.push(domain),
        }
    }
    let Some(mut request) = found else {
        let is_exact = host.domains().all(|domain| !domain.value.contains('*'));
        let verdict = match is_exact {
            true => Reach::Impossible("no request's host can be one of its domains"),
            false => Reach::Unknown("no host was found for its domains"),
        };
        let routes = host.routes().map(|route| (route, verdict.clone())).collect();
        return HostReach { config: table.config, index, host, verdict, dead_domains, routes };
    };
    let is_https = host.requires_tls();
    if is_https {
        request.connection.tls = Some(Tls::default());
        request.scheme = Some("https".to_owned());
    }
    let name = request.authority.clone().unwrap_or_default();
    let with_port = format!("{}:443", name.trim_end_matches('.'));
    let takes_port = lands(&request_to(with_port.clone()));
    let frame = Frame {
        connect_host: if takes_port && port_start(&name).is_none() { with_port } else { name.clone() },
        host: name,
        // Where a header stands in for it, the host can be anything.
        hosts: host_language(table.config, host).filter(|_| host_header.is_none()),
        host_header,
        is_https,
        strips_parameters: table.strips_parameters(),
        individually: simulator.rules().headers_individually,
    };
    let routes = route_verdicts(simulator, table, manager, (index, host), &frame, languages);
    let verdict = Reach::Reachable(Box::new(request));
    HostReach { config: table.config, index, host, verdict, dead_domains, routes }
}

fn route_verdicts<'d>(
    simulator: &Simulator<'d>,
    table: &Table<'d>,
    manager: &Manager<'d>,
    (index, host): (usize, VirtualHost<'d>),
    frame: &Frame,
    languages: &mut Languages,
) -> Vec<(Route<'d>, Reach)> {
    if host.has_matcher() {
        return Vec::new(); // its routes stand in a tree
    }
    let routes: Vec<Route<'d>> = host.routes().collect();
    let atoms: Vec<Atoms> =
        routes.iter().enumerate().map(|(place, route)| languages.atoms(*route, place, simulator.rules())).collect();
    let mut verdicts = Vec::new();
    for (target, route) in routes.into_iter().enumerate() {
        let land = |request: &Request| match simulator.lands_at(table, manager, index, target, request) {
            Some(place) => Landing::Route(place),
            None => Landing::Elsewhere,
        };
        let search = Search {
            atoms: &atoms,
            target,
            frame,
            languages,
            land: &land,
            tries: 0,
            blockers: BTreeSet::new(),
            doubt: None,
        };
        let verdict = match search.run() {
            Found::Witness(request) => Reach::Reachable(request),
            Found::Covered(blockers) if blockers.is_empty() => Reach::Impossible("no request meets its own conditions"),
            Found::Covered(blockers) => Reach::Covered(blockers),
            Found::Unknown(why) => Reach::Unknown(why),
        };
        verdicts.push((route, verdict));
    }
    verdicts
}

/// Hosts that may come to a virtual host by a domain, natural ones first.
fn hosts_for(domain: &str) -> Vec<String> {
    let fillings = ["www", "a", "b", "x1", "zq", "example", "any.example"];
    if domain == "*" {
        return ["example.com", "any.example", "a", "zq.invalid"].map(str::to_owned).to_vec();
    }
    if let Some(suffix) = domain.strip_prefix('*') {
        return fillings.iter().map(|filling| format!("{filling}{suffix}")).collect();
    }
    match domain.strip_suffix('*') {
        Some(prefix) => fillings.iter().map(|filling| format!("{prefix}{filling}")).collect(),
        None => vec![domain.to_owned()],
    }
}

/// Every host that might come to a virtual host, and perhaps more.
fn host_language(config: RouteConfiguration<'_>, host: VirtualHost<'_>) -> Option<Language> {
    let port = if config.ignores_port() { "(?::[0-9]*)?" } else { "" };
    let pattern = |domain: &str| {
        let letters = "[!-~]+";
        match (domain, domain.strip_prefix('*'), domain.strip_suffix('*')) {
            ("*", ..) => letters.to_owned(),
            (_, Some(suffix), _) => format!("{letters}(?i:{}){port}", regex::escape(suffix)),
            (_, _, Some(prefix)) => format!("(?i:{}){letters}{port}", regex::escape(prefix)),
            (exact, ..) => format!("(?i:{}){port}", regex::escape(exact)),
        }
    };
    let patterns: Vec<String> = host.domains().map(|domain| pattern(domain.value)).collect();
    Language::new(&patterns.join("|"))
}
