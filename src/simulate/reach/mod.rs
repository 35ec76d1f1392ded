//! For every route either a request that reaches it, or a proof that none can.
//!
//! Conditions are sets of values, each in one dimension; languages of texts are automata, so that
//! what is said to be covered is covered, also by several routes together. A witness is confirmed
//! by the simulator before it is given.

mod atom;
mod conditions;
mod language;
mod search;
mod space;

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::document::{Node, Spanned};
use crate::envoy::{PathMatch, Route, RouteConfiguration, RouteMatch, VirtualHost};

use super::manager::Manager;
use super::normalize::port_start;
use super::request::{Request, Tls};
use super::simulator::Simulator;
use super::table::Table;

use atom::{Dimension, Languages};
pub use conditions::{Cover, unhandled_path};
use search::{AllAtoms, Found, Landing, Search};
use space::{Frame, Point, request};

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
    pub dead_domains: Vec<Spanned<'d, &'d str>>,
    /// Its routes.
    pub routes: Vec<(Route<'d>, Reach)>,
}

/// The most requests that are tried for one route.
const MOST_TRIES: usize = 600;
/// What may be spent on one dump where single routes are asked about: about a second.
const FUEL: u64 = 30_000_000;

/// The verdicts on every virtual host and route of a proxy.
pub fn reach<'d>(simulator: &Simulator<'d>) -> Vec<HostReach<'d>> {
    reach_of(simulator, &|_, _| true)
}

/// The verdicts on those virtual hosts that are wanted, each by its configuration and its place.
pub fn reach_of<'d>(
    simulator: &Simulator<'d>,
    is_wanted: &dyn Fn(RouteConfiguration<'d>, usize) -> bool,
) -> Vec<HostReach<'d>> {
    let prover = Prover { most_tries: MOST_TRIES, languages: Languages::default(), ..Prover::new(simulator) };
    let mut verdicts = Vec::new();
    for config in simulator.route_configs() {
        let hosts = config.virtual_hosts().enumerate().filter(|(index, _)| is_wanted(config, *index));
        verdicts.extend(hosts.filter_map(|(index, host)| prover.host_reach(config, index, host)));
    }
    verdicts
}

/// Says of single routes whether they can be reached.
#[derive(Debug)]
pub struct Prover<'s, 'd> {
    simulator: &'s Simulator<'d>,
    managers: FxHashMap<usize, &'s Manager<'d>>,
    languages: Languages,
    most_tries: usize,
}

/// A virtual host that is asked about.
#[derive(Clone, Copy)]
struct Host<'s, 'd> {
    table: &'s Table<'d>,
    manager: &'s Manager<'d>,
    index: usize,
    view: VirtualHost<'d>,
}

/// How requests come to a virtual host.
struct Way<'d> {
    /// One that does, or why there is none.
    verdict: Result<(Request, Frame), Reach>,
    dead_domains: Vec<Spanned<'d, &'d str>>,
}

impl<'s, 'd> Prover<'s, 'd> {
    /// Gets ready; gives up on a route sooner than [`reach`] does.
    pub fn new(simulator: &'s Simulator<'d>) -> Self {
        let languages = Languages::bounded(FUEL);
        Self { simulator, managers: simulator.managers(), languages, most_tries: MOST_TRIES / 6 }
    }

    /// The verdicts on routes of a virtual host, by their places; none if nothing comes to the host.
    pub fn routes(&self, config: RouteConfiguration<'d>, index: usize, places: &[usize]) -> Vec<Reach> {
        let view = config.virtual_hosts().nth(index);
        let Some(host) = view.and_then(|view| self.host(config, index, view)) else { return Vec::new() };
        match self.way_to(host).verdict {
            Ok((_, frame)) => self.verdicts(host, &frame, places.iter().copied()),
            Err(_) => Vec::new(),
        }
    }

    fn host(&self, config: RouteConfiguration<'d>, index: usize, view: VirtualHost<'d>) -> Option<Host<'s, 'd>> {
        let (table, manager) = self.simulator.table_with_manager(config, &self.managers)?;
        Some(Host { table, manager, index, view })
    }

    fn host_reach(&self, config: RouteConfiguration<'d>, index: usize, view: VirtualHost<'d>) -> Option<HostReach<'d>> {
        let host = self.host(config, index, view)?;
        let Way { verdict, dead_domains } = self.way_to(host);
        let (verdict, verdicts) = match verdict {
            Ok((request, frame)) => {
                let verdicts = self.verdicts(host, &frame, 0..view.routes().count());
                (Reach::Reachable(Box::new(request)), verdicts)
            }
            Err(verdict) => (verdict.clone(), view.routes().map(|_| verdict.clone()).collect()),
        };
        let routes = view.routes().zip(verdicts).collect();
        Some(HostReach { config, index, host: view, verdict, dead_domains, routes })
    }

    fn way_to(&self, host: Host<'s, 'd>) -> Way<'d> {
        let config = host.table.config;
        let lands = |request: &Request| self.simulator.host_of(host.table, host.manager, request) == Some(host.index);
        let host_header = config.node.field("vhost_header").and_then(Node::text).map(str::to_ascii_lowercase);
        let request_to = |name: String| {
            let mut request = Request::get(&name, "/");
            request.headers.extend(host_header.clone().map(|header| (header, name)));
            request
        };
        let mut dead_domains = Vec::new();
        let mut found: Option<Request> = None;
        for domain in host.view.domains() {
            let candidates = hosts_for(domain.value);
            match candidates.into_iter().map(request_to).find(|request| lands(request)) {
                Some(request) => found = found.or(Some(request)),
                None => dead_domains.push(domain),
            }
        }
        let Some(mut request) = found else {
            let is_exact = host.view.domains().all(|domain| !domain.value.contains('*'));
            let verdict = match is_exact {
                true => Reach::Impossible("no request's host can be one of its domains"),
                false => Reach::Unknown("no host was found for its domains"),
            };
            return Way { verdict: Err(verdict), dead_domains };
        };
        let is_https = host.view.requires_tls();
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
            hosts: host_header.is_none().then(|| host_expression(config, host.view)),
            host_header,
            is_https,
            strips_parameters: host.table.strips_parameters(),
            individually: self.simulator.rules().headers_individually,
        };
        Way { verdict: Ok((request, frame)), dead_domains }
    }

    fn verdicts(&self, host: Host<'s, 'd>, frame: &Frame, targets: impl Iterator<Item = usize>) -> Vec<Reach> {
        if host.view.has_matcher() {
            return Vec::new(); // its routes stand in a tree
        }
        let routes: Vec<Route<'d>> = host.view.routes().collect();
        let read = |place: usize| {
            let atoms = |route: &Route<'d>| self.languages.atoms(*route, place, self.simulator.rules());
            routes.get(place).map(atoms).unwrap_or_default()
        };
        let atoms = AllAtoms::new(routes.len(), &read);
        let verdict = |target| {
            let land = |_: &Point, request: &Request| {
                let landed = self.simulator.lands_at(host.table, host.manager, host.index, target, request);
                landed.map_or(Landing::Elsewhere, Landing::Route)
            };
            let plain = routes.get(target).and_then(|route| plain_request(*route, frame));
            if let Some((point, request)) = plain
                && land(&point, &request) == Landing::Route(target)
            {
                return Reach::Reachable(Box::new(request));
            }
            let search = Search {
                atoms: &atoms,
                target,
                frame,
                languages: &self.languages,
                land: &land,
                tries: self.most_tries,
                blockers: BTreeSet::new(),
                doubt: None,
            };
            search.run().into()
        };
        targets.map(verdict).collect()
    }
}

/// The request whose path is that of a route which asks nothing else: most routes are reached so, without
/// any automaton.
fn plain_request(route: Route<'_>, frame: &Frame) -> Option<(Point, Request)> {
    let read = RouteMatch::of(route.conditions()?);
    let (PathMatch::Prefix(text) | PathMatch::Exact(text) | PathMatch::SeparatedPrefix(text)) = read.path else {
        return None;
    };
    let is_natural = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
    if !read.conditions.is_empty() || !text.starts_with('/') || !text.bytes().all(is_natural) {
        return None;
    }
    let point = Point::from([(Dimension::Path, vec![text.to_owned()])]);
    let request = request(&point, frame, false);
    Some((point, request))
}

impl From<Found> for Reach {
    fn from(found: Found) -> Self {
        match found {
            Found::Witness(request) => Self::Reachable(request),
            Found::Covered(blockers) if blockers.is_empty() => Self::Impossible("no request meets its own conditions"),
            Found::Covered(blockers) => Self::Covered(blockers),
            Found::Unknown(why) => Self::Unknown(why),
        }
    }
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

/// An expression for every host that might come to a virtual host, and perhaps for more.
fn host_expression(config: RouteConfiguration<'_>, host: VirtualHost<'_>) -> String {
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
    patterns.join("|")
}
