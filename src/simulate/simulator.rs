//! The walk of a request through a proxy, as Envoy does it
//! (<https://www.envoyproxy.io/docs/envoy/latest/intro/life_of_a_request>).

use std::borrow::Cow;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::document::Node;
use crate::envoy::{Cluster, ConnectionManager, Dump, FilterChain, RouteAction, RouteConfiguration, RouteSource};

use super::action::{self, ClusterShare};
use super::answer::Answer;
use super::cluster::{ClusterState, Clusters};
use super::conditions::{Met, Subject};
use super::filter_chain::Facts;
use super::filters;
use super::headers::{Headers, is_upgrade};
use super::listeners::{ListenerOf, Listeners};
use super::manager::Manager;
use super::normalize::normalize;
use super::rbac::{self, Access, Verdict};
use super::request::Request;
use super::rewrite;
use super::scopes::{Scoped, Scopes};
use super::table::{Choice, Table};
use super::version::{EnvoyVersion, Rules};

/// A proxy's configuration, made ready for many requests.
#[derive(Debug)]
pub struct Simulator<'d> {
    rules: Rules<'d>,
    listeners: Listeners<'d>,
    tables: Vec<(RouteConfiguration<'d>, OnceLock<Table<'d>>)>,
    by_name: FxHashMap<&'d str, usize>,
    by_node: FxHashMap<u32, usize>,
    clusters: Clusters<'d>,
    standalone: Manager<'d>,
    scopes: Scopes<'d>,
    has_listeners: bool,
}

/// Where a request enters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The listener of this name; by the connection's addresses otherwise.
    pub listener: Option<&'a str>,
    /// The route configuration of this name: as reached through the listener, or without one.
    pub route_config: Option<&'a str>,
}

impl<'d> Simulator<'d> {
    /// Makes a dump ready. `version` overrides the version that the dump names.
    pub fn of(dump: &Dump<'d>, version: Option<EnvoyVersion>) -> Self {
        let rules = Rules::of(dump, version);
        let listeners = Listeners::of(dump);
        let mut simulator = Self {
            listeners,
            tables: Vec::new(),
            by_name: FxHashMap::default(),
            by_node: FxHashMap::default(),
            clusters: Clusters::of(dump, &rules),
            standalone: Manager::standing_alone(&rules),
            scopes: Scopes::of(dump),
            has_listeners: !dump.listeners.is_empty(),
            rules,
        };
        for entry in &dump.route_configs {
            simulator.add_table(entry.config, true);
        }
        for config in dump.route_configurations() {
            simulator.add_table(*config, false);
        }
        simulator.add_scoped_tables(dump);
        simulator
    }

    fn add_table(&mut self, config: RouteConfiguration<'d>, by_name: bool) {
        let place = self.tables.len();
        if self.by_node.contains_key(&config.node.index()) {
            return;
        }
        self.by_node.insert(config.node.index(), place);
        if by_name || !self.by_name.contains_key(config.name()) {
            self.by_name.insert(config.name(), place);
        }
        self.tables.push((config, OnceLock::new()));
    }

    /// The same with the options of a connection manager for route configurations that stand alone.
    pub fn with_manager(mut self, node: Node<'d>) -> Self {
        self.standalone = Manager::of(ConnectionManager { node }, &self.rules);
        self
    }

    /// The rules that hold.
    pub fn rules(&self) -> &Rules<'d> {
        &self.rules
    }

    /// Whether there is anything to send requests to.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.listeners.entries.is_empty()
    }

    /// The names of the listeners that take traffic.
    pub fn listener_names(&self) -> impl Iterator<Item = &'d str> + Clone {
        self.listeners.entries.iter().map(|listener| listener.name)
    }

    /// The names of the route configurations.
    pub fn route_config_names(&self) -> impl Iterator<Item = &'d str> + Clone {
        self.tables.iter().map(|(config, _)| config.name())
    }

    /// Every route configuration.
    pub fn route_configs(&self) -> impl Iterator<Item = RouteConfiguration<'d>> {
        self.tables.iter().map(|(config, _)| *config)
    }

    /// A cluster by its name.
    pub fn cluster(&self, name: &str) -> Option<Cluster<'d>> {
        self.clusters.get(name)
    }

    /// The endpoints of a cluster that the dump shows, with whether each can take requests.
    pub fn endpoints(&self, cluster: &Cluster<'d>) -> Vec<(Node<'d>, bool)> {
        let endpoints = self.clusters.endpoints(cluster).into_iter();
        endpoints.map(|endpoint| (endpoint, super::cluster::is_usable(endpoint))).collect()
    }

    pub(super) fn table(&self, place: usize) -> Option<&Table<'d>> {
        let (config, table) = self.tables.get(place)?;
        Some(table.get_or_init(|| Table::of(*config)))
    }

    fn table_of(&self, config: RouteConfiguration<'d>) -> Option<&Table<'d>> {
        self.table(*self.by_node.get(&config.node.index())?)
    }

    fn table_named(&self, name: &str) -> Option<&Table<'d>> {
        self.table(*self.by_name.get(name)?)
    }

    /// What Envoy would do with a request.
    pub fn answer(&self, request: &Request, entry: Entry<'_>) -> Answer<'d> {
        let mut answer = Answer { flags: "-", ..Answer::default() };
        if let Some(name) = entry.route_config.filter(|_| entry.listener.is_none()) {
            self.through_table(request, &self.standalone, self.table_named(name), &mut answer);
            return answer;
        }
        if !self.has_listeners && entry.listener.is_none() {
            self.through_table(request, &self.standalone, self.table(0), &mut answer);
            return answer;
        }
        let Some((listener, entrance)) = self.listeners.find(&request.connection, entry.listener) else {
            answer.close("-", "connection_refused");
            return answer;
        };
        answer.listener = Some((listener.view, entrance));
        self.through_listener(request, listener, entry, &mut answer);
        answer
    }

    fn through_listener(
        &self,
        request: &Request,
        listener: &ListenerOf<'d>,
        entry: Entry<'_>,
        answer: &mut Answer<'d>,
    ) {
        let picked = listener.chains().pick(&Facts::of(&request.connection, listener.view));
        let chain = match entry.route_config {
            Some(name) => self.chain_with_routes(listener, name, picked.chain).or(picked.chain),
            None => picked.chain,
        };
        answer.lost_chains = picked.lost;
        answer.rival_chains = picked.rivals;
        answer.filter_chain = chain;
        let Some((chain, _)) = chain else {
            answer.close("NR", "filter_chain_not_found");
            return;
        };
        let Some(manager) = listener.manager(chain, &self.rules) else {
            self.through_tcp(request, chain, answer);
            return;
        };
        if let Some(Verdict::Denied(policy)) = self.denied_by_network_filter(request, chain, manager) {
            answer.closed_by = policy;
            answer.close("-", rbac::denial(policy));
            return;
        }
        let table = match (manager.routes, entry.route_config) {
            (_, Some(name)) => self.table_named(name).filter(|_| !has_routes(manager, name)),
            _ => None,
        };
        let table = table.or_else(|| match manager.routes {
            Some(RouteSource::Inline(config)) => self.table_of(config),
            Some(RouteSource::Rds(name)) => {
                let table = self.table_named(name.value);
                answer.missing_route_config = table.is_none().then_some(name.value);
                table
            }
            Some(RouteSource::Scoped) | None => None,
        });
        self.through_table(request, manager, table, answer);
    }

    /// The table that the headers of a request choose.
    fn scoped_table(&self, manager: &Manager<'d>, headers: &Headers<'_>) -> Option<&Table<'d>> {
        if !matches!(manager.routes, Some(RouteSource::Scoped)) {
            return None;
        }
        match self.scopes.find(manager.node?, headers)? {
            Scoped::Inline(node) => self.table_of(RouteConfiguration { node }),
            Scoped::Named(name) => self.table_named(name),
        }
    }

    /// Adds the route configurations that stand in scopes.
    fn add_scoped_tables(&mut self, dump: &Dump<'d>) {
        let listeners = dump.current_listeners().map(|(_, listener)| listener);
        let chains = listeners.flat_map(|listener| listener.filter_chains().collect::<Vec<_>>());
        let managers = chains.filter_map(FilterChain::connection_manager);
        for manager in managers.filter(|manager| matches!(manager.routes(), Some(RouteSource::Scoped))) {
            let scopes: Vec<_> = self.scopes.used_by(manager.node).filter_map(Scoped::of).collect();
            for scoped in scopes {
                if let Scoped::Inline(node) = scoped {
                    self.add_table(RouteConfiguration { node }, false);
                }
            }
        }
    }

    /// The chain of a listener that has the routes of this name, the chosen one if that has them.
    fn chain_with_routes(
        &self,
        listener: &ListenerOf<'d>,
        name: &str,
        picked: Option<(FilterChain<'d>, Option<usize>)>,
    ) -> Option<(FilterChain<'d>, Option<usize>)> {
        let has = |chain: FilterChain<'d>| {
            listener.manager(chain, &self.rules).is_some_and(|manager| has_routes(manager, name))
        };
        if let Some(chosen) = picked.filter(|(chain, _)| has(*chain)) {
            return Some(chosen);
        }
        let chains = listener.view.filter_chains().enumerate();
        let found = chains.into_iter().find(|(_, chain)| has(*chain));
        found.map(|(place, chain)| (chain, (!chain.is_default).then_some(place)))
    }

    /// A connection that no connection manager takes.
    fn through_tcp(&self, request: &Request, chain: FilterChain<'d>, answer: &mut Answer<'d>) {
        answer.is_tcp = true;
        let manager = &self.standalone;
        if let Some(Verdict::Denied(policy)) = self.denied_by_network_filter(request, chain, manager) {
            answer.closed_by = policy;
            answer.close("-", rbac::denial(policy));
            return;
        }
        let Some(proxy) = chain.tcp_proxy() else {
            answer.close("-", "");
            return;
        };
        for reference in proxy.clusters() {
            let weight = match reference.kind {
                crate::envoy::ReferenceKind::Weighted { weight, .. } => u64::from(weight),
                _ => 1,
            };
            let state = self.clusters.state(reference.name.value);
            let name = reference.name.value.to_owned();
            answer.clusters.push(ClusterShare { name, node: reference.name.node, weight, state });
        }
        let all = |state: ClusterState| answer.clusters.iter().all(|share| share.state == state);
        match answer.clusters.is_empty() {
            false if all(ClusterState::Missing) => answer.close("NC", "cluster_not_found"),
            false if all(ClusterState::NoEndpoints) => answer.close("UH", "no_healthy_upstream"),
            _ => answer.close("-", "tcp_proxy"),
        }
    }

    /// The policy of a network filter of access control that denies a connection.
    fn denied_by_network_filter(
        &self,
        request: &Request,
        chain: FilterChain<'d>,
        manager: &Manager<'d>,
    ) -> Option<Verdict<'d>> {
        let is_rbac = |config: &Node<'d>| crate::envoy::type_name(*config) == Some("RBAC");
        let configs = chain.filters().filter_map(crate::envoy::typed_config).filter(is_rbac);
        // A connection has no headers and no path.
        let subject = Subject { request, headers: Headers::default(), path: None };
        let access = Access { subject: &subject, manager, rules: &self.rules, remote: None };
        configs.into_iter().map(|c| rbac::decide(c, access)).find(|verdict| matches!(verdict, Verdict::Denied(_)))
    }

    fn through_table(
        &self,
        request: &Request,
        manager: &Manager<'d>,
        table: Option<&Table<'d>>,
        answer: &mut Answer<'d>,
    ) {
        let normalized = match normalize(request, manager) {
            Ok(normalized) => normalized,
            Err(refused) => {
                answer.route_config = table.map(|table| table.config);
                answer.location = refused.location;
                answer.end(local_status(refused.status, request), refused.flags, refused.details);
                return;
            }
        };
        answer.path = normalized.path.as_deref().map(str::to_owned);
        answer.authority = Some(normalized.authority.clone().into_owned());
        let headers = Headers::of(request, normalized.authority, normalized.path, manager);
        let Some(table) = table.or_else(|| self.scoped_table(manager, &headers)) else {
            answer.end(local_status(404, request), "NR", "route_configuration_not_found");
            return;
        };
        answer.route_config = Some(table.config);
        let path = headers.path_only().map(|path| table.matched_path(path, &self.rules));
        let subject = Subject { request, headers, path };
        self.through_routes(manager, table, &subject, answer);
    }

    fn through_routes(&self, manager: &Manager<'d>, table: &Table<'d>, subject: &Subject<'_>, answer: &mut Answer<'d>) {
        let request = subject.request;
        let found = table.domains.find(&subject.headers).and_then(|place| Some((place, table.host(place)?)));
        answer.virtual_host = found;
        let choice = match found {
            Some((place, _)) => table.choose(place, subject, &self.rules, &mut answer.doubts),
            None => Choice::Nothing,
        };
        let route = match &choice {
            Choice::Route { index, route } => Some((*index, *route)),
            _ => None,
        };
        answer.route = route;
        answer.requires_tls = matches!(choice, Choice::RequiresTls);
        let has_route = route.is_some() || answer.requires_tls;
        if has_route && is_upgrade_refused(manager, request, route.map(|(_, route)| route.node)) {
            answer.end(local_status(403, request), "-", "upgrade_failed");
            return;
        }
        let forwards = route.and_then(|(_, route)| match route.action() {
            RouteAction::Forward(action) => Some(action),
            _ => None,
        });
        let clusters = forwards.map(|action| action::clusters(action, subject, &self.rules, &self.clusters));
        let only = clusters.as_ref().and_then(Option::as_ref).filter(|shares| shares.len() == 1);
        let cluster = only.and_then(|shares| shares.first()).map(|share| share.name.clone());
        let levels: Vec<Node<'d>> = route
            .map(|(_, route)| route.node)
            .into_iter()
            .chain(found.map(|(_, host)| host.node))
            .chain(std::iter::once(table.config.node))
            .collect();
        let access = Access { subject, manager, rules: &self.rules, remote: None };
        let reply = filters::run(access, &levels, has_route, cluster.as_deref(), &mut answer.filters);
        answer.clusters = clusters.clone().flatten().unwrap_or_default();
        if let Some(reply) = reply {
            answer.end(local_status(reply.status, request), reply.flags, reply.details);
            return;
        }
        if let Some(action) = forwards {
            forward(action, clusters.flatten().is_none(), subject, answer);
        } else {
            reply_of_route(subject, answer);
        }
    }

    /// For each route before the chosen one (or for all): the first condition that fails.
    pub fn passed_over(&self, request: &Request, answer: &Answer<'d>) -> Vec<(usize, Node<'d>)> {
        let (Some(config), Some((host, _))) = (answer.route_config, answer.virtual_host) else {
            return Vec::new();
        };
        let Some(table) = self.table_of(config) else {
            return Vec::new();
        };
        let manager = self.manager_of(answer);
        let end = answer.route.and_then(|(place, _)| place).unwrap_or(usize::MAX);
        let routes = table.routes(host).iter().enumerate().take(end);
        let failing = self.with_subject(table, manager, request, |subject| {
            let failing = routes.filter_map(|(place, route)| match route.conditions.met_by(subject, &self.rules) {
                Met::No(condition) | Met::Perhaps(condition, false) => Some((place, condition)),
                _ => None,
            });
            failing.collect()
        });
        failing.unwrap_or_default()
    }

    /// The connection managers that use tables, by the places of these.
    pub(super) fn managers(&self) -> FxHashMap<usize, &Manager<'d>> {
        let managers = self.listeners.entries.iter().flat_map(|listener| {
            let chains = listener.view.filter_chains();
            chains.filter_map(|chain| listener.manager(chain, &self.rules))
        });
        let mut of_table: FxHashMap<usize, &Manager<'d>> = FxHashMap::default();
        for manager in managers {
            let places: Vec<Option<&usize>> = match manager.routes {
                Some(RouteSource::Inline(config)) => vec![self.by_node.get(&config.node.index())],
                Some(RouteSource::Rds(name)) => vec![self.by_name.get(name.value)],
                Some(RouteSource::Scoped) => self.scoped_places(manager),
                None => Vec::new(),
            };
            for place in places.into_iter().flatten() {
                of_table.entry(*place).or_insert(manager);
            }
        }
        of_table
    }

    /// The places of all tables that a connection manager may choose from.
    fn scoped_places(&self, manager: &Manager<'d>) -> Vec<Option<&usize>> {
        let scopes = manager.node.into_iter().flat_map(|node| self.scopes.used_by(node));
        let place = |scoped: Scoped<'d>| match scoped {
            Scoped::Inline(node) => self.by_node.get(&node.index()),
            Scoped::Named(name) => self.by_name.get(name),
        };
        scopes.filter_map(Scoped::of).map(place).collect()
    }

    /// The table of a route configuration with the connection manager that uses it, or with Envoy's
    /// defaults where none does.
    pub(super) fn table_with_manager<'s>(
        &'s self,
        config: RouteConfiguration<'d>,
        managers: &FxHashMap<usize, &'s Manager<'d>>,
    ) -> Option<(&'s Table<'d>, &'s Manager<'d>)> {
        let place = *self.by_node.get(&config.node.index())?;
        Some((self.table(place)?, managers.get(&place).copied().unwrap_or(&self.standalone)))
    }

    /// The virtual host that a request comes to.
    pub(super) fn host_of(&self, table: &Table<'d>, manager: &Manager<'d>, request: &Request) -> Option<usize> {
        self.with_subject(table, manager, request, |subject| table.domains.find(&subject.headers))?
    }

    /// The route of a virtual host that a request comes to; routes before `target` that only may take
    /// it are passed over.
    pub(super) fn lands_at(
        &self,
        table: &Table<'d>,
        manager: &Manager<'d>,
        host: usize,
        target: usize,
        request: &Request,
    ) -> Option<usize> {
        self.with_subject(table, manager, request, |subject| {
            let is_here = table.domains.find(&subject.headers) == Some(host);
            is_here.then(|| table.first_route(host, target, subject, &self.rules)).flatten()
        })?
    }

    /// The route of a virtual host that a request comes to, if nothing is left to chance.
    pub(super) fn found_at(
        &self,
        table: &Table<'d>,
        manager: &Manager<'d>,
        host: usize,
        request: &Request,
    ) -> Option<Node<'d>> {
        self.with_subject(table, manager, request, |subject| {
            if table.domains.find(&subject.headers) != Some(host) {
                return None;
            }
            match table.choose(host, subject, &self.rules, &mut Vec::new()) {
                Choice::Route { route, .. } => Some(route.node),
                Choice::RequiresTls | Choice::Nothing => None,
            }
        })?
    }

    fn with_subject<T>(
        &self,
        table: &Table<'d>,
        manager: &Manager<'d>,
        request: &Request,
        ask: impl FnOnce(&Subject<'_>) -> T,
    ) -> Option<T> {
        let normalized = normalize(request, manager).ok()?;
        let headers = Headers::of(request, normalized.authority, normalized.path, manager);
        let path = headers.path_only().map(|path| table.matched_path(path, &self.rules));
        Some(ask(&Subject { request, headers, path }))
    }

    fn manager_of(&self, answer: &Answer<'d>) -> &Manager<'d> {
        let entry =
            answer.listener.and_then(|(view, _)| self.listeners.entries.iter().find(|l| l.view.node == view.node));
        let manager = entry.zip(answer.filter_chain).and_then(|(l, (chain, _))| l.manager(chain, &self.rules));
        manager.unwrap_or(&self.standalone)
    }
}

/// Whether a connection manager has its routes from the configuration of this name.
fn has_routes(manager: &Manager<'_>, name: &str) -> bool {
    match manager.routes {
        Some(RouteSource::Inline(config)) => config.name() == name,
        Some(RouteSource::Rds(rds)) => rds.value == name,
        _ => false,
    }
}

/// The router's own replies: to HTTPS, redirects, direct responses, and that there is no route.
fn reply_of_route(subject: &Subject<'_>, answer: &mut Answer<'_>) {
    let request = subject.request;
    let header = |name| subject.headers.first(name).unwrap_or_default();
    if answer.requires_tls {
        // A CONNECT has no path, and is sent nowhere.
        let target = subject.headers.path();
        answer.location = target.map(|path| format!("https://{}{path}", header(":authority")));
        answer.end(local_status(301, request), "-", "direct_response");
        return;
    }
    let Some((_, route)) = answer.route else {
        answer.end(local_status(404, request), "NR", "route_not_found");
        return;
    };
    match route.action() {
        RouteAction::Redirect(redirect) => {
            // A CONNECT has no path that could go on, except one that replaces its prefix.
            let has_path = subject.headers.path().is_some() || redirect.field("prefix_rewrite").is_some();
            answer.location = has_path.then(|| rewrite::location(redirect, route.conditions(), subject));
            answer.end(local_status(action::redirect_status(redirect), request), "-", "direct_response");
        }
        RouteAction::DirectResponse(response) => {
            let status = response.get("status").and_then(Node::as_u64).and_then(|s| u16::try_from(s).ok());
            answer.end(local_status(status.unwrap_or(200), request), "-", "direct_response");
        }
        RouteAction::Forward(_) | RouteAction::Other => {
            answer.end(local_status(503, request), "NC", "cluster_not_found");
        }
    }
}

/// What comes of forwarding a request.
fn forward(action: Node<'_>, is_unknown: bool, subject: &Subject<'_>, answer: &mut Answer<'_>) {
    let request = subject.request;
    let conditions = answer.route.and_then(|(_, route)| route.conditions());
    let path = subject.headers.path_only();
    answer.rewritten_path = path.and_then(|path| rewrite::rewritten_path(action, conditions, path));
    answer.rewritten_host = rewrite::rewritten_host(action, subject);
    let states: Vec<ClusterState> =
        answer.clusters.iter().filter(|s| s.weight > 0 || answer.clusters.len() == 1).map(|s| s.state).collect();
    let works = |state: &ClusterState| matches!(state, ClusterState::Ok | ClusterState::Unknown);
    // Where some of the shares work, the request most likely does.
    match states.first() {
        _ if is_unknown || states.iter().any(works) => answer.end(200, "-", "via_upstream"),
        Some(ClusterState::Missing) | None => {
            answer.end(local_status(action::missing_cluster_status(action), request), "NC", "cluster_not_found");
        }
        Some(ClusterState::Refuses(flags, details)) => answer.end(local_status(503, request), flags, *details),
        Some(_) => answer.end(local_status(503, request), "UH", "no_healthy_upstream"),
    }
}

/// The HTTP status of a reply of the proxy's own: gRPC clients always get 200.
fn local_status(status: u16, request: &Request) -> u16 {
    if request.is_grpc() { 200 } else { status }
}

/// Whether a request to change the protocol is turned down.
fn is_upgrade_refused(manager: &Manager<'_>, request: &Request, route: Option<Node<'_>>) -> bool {
    let wanted: Cow<'_, str> = if request.is_connect() {
        "CONNECT".into()
    } else if is_upgrade(request) {
        let header = request.headers.iter().find(|(name, _)| name == "upgrade");
        header.map_or("", |(_, value)| value.trim()).into()
    } else {
        return false;
    };
    let configs = route.and_then(|r| r.get("route")).and_then(|action| action.field("upgrade_configs"));
    let own = configs.into_iter().flat_map(Node::items).find(|config| {
        config.field("upgrade_type").and_then(Node::text).is_some_and(|kind| kind.eq_ignore_ascii_case(&wanted))
    });
    match own {
        Some(config) => config.get("enabled").and_then(Node::as_bool) == Some(false),
        None => !manager.upgrades.iter().any(|kind| kind.eq_ignore_ascii_case(&wanted)),
    }
}
