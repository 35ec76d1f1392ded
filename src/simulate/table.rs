//! A route configuration made ready for many requests.

use std::sync::OnceLock;

use crate::document::Node;
use crate::envoy::{Route, RouteConfiguration, VirtualHost};

use super::conditions::{Conditions, Met, Subject};
use super::domains::Domains;
use super::matcher_tree::{self, Found};
use super::route_index::RouteIndex;
use super::version::Rules;

/// A route configuration.
#[derive(Debug)]
pub(super) struct Table<'d> {
    pub(super) config: RouteConfiguration<'d>,
    pub(super) domains: Domains<'d>,
    hosts: Vec<Host<'d>>,
    strips_parameters: bool,
}

#[derive(Debug)]
struct Host<'d> {
    view: VirtualHost<'d>,
    requires_tls: Option<TlsRequirement>,
    routes: OnceLock<Vec<CompiledRoute<'d>>>,
    index: OnceLock<RouteIndex>,
}

/// `require_tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TlsRequirement {
    All,
    External,
}

/// A route with its conditions.
#[derive(Debug)]
pub(super) struct CompiledRoute<'d> {
    pub(super) view: Route<'d>,
    pub(super) conditions: Conditions<'d>,
}

/// What a virtual host does with a request.
#[derive(Clone, Debug)]
pub(super) enum Choice<'d> {
    /// This route takes it.
    Route {
        /// Its place among the routes; nothing where a matcher tree chose it.
        index: Option<usize>,
        route: Route<'d>,
    },
    /// The client is sent to HTTPS.
    RequiresTls,
    /// No route takes it.
    Nothing,
}

/// A decision that depends on what the configuration does not tell.
#[derive(Clone, Debug)]
pub struct Doubt<'d> {
    /// The condition.
    pub condition: Node<'d>,
    /// The route that has it, by its place.
    pub route: usize,
    /// Whether it was taken to be met.
    pub assumed: bool,
}

impl<'d> Table<'d> {
    /// Makes a route configuration ready.
    pub(super) fn of(config: RouteConfiguration<'d>) -> Self {
        let flag = config.node.field("ignore_path_parameters_in_path_matching").and_then(Node::as_bool);
        let host = |view: VirtualHost<'d>| Host {
            view,
            requires_tls: TlsRequirement::of(view),
            routes: OnceLock::new(),
            index: OnceLock::new(),
        };
        Self {
            config,
            domains: Domains::of(config),
            hosts: config.virtual_hosts().map(host).collect(),
            strips_parameters: flag == Some(true),
        }
    }

    /// The virtual host at a place.
    pub(super) fn host(&self, index: usize) -> Option<VirtualHost<'d>> {
        self.hosts.get(index).map(|host| host.view)
    }

    /// The compiled routes of the virtual host at a place.
    pub(super) fn routes(&self, index: usize) -> &[CompiledRoute<'d>] {
        let Some(host) = self.hosts.get(index) else { return &[] };
        host.routes.get_or_init(|| host.view.routes().map(CompiledRoute::of).collect())
    }

    /// The routes of the virtual host at a place whose condition on the path a request may meet,
    /// with their places, in order.
    fn candidates<'t>(
        &'t self,
        index: usize,
        subject: &Subject<'_>,
    ) -> impl Iterator<Item = (usize, &'t CompiledRoute<'d>)> + use<'t, 'd> {
        let routes = self.routes(index);
        let starts = || RouteIndex::of(routes.iter().map(|route| route.conditions.path_start()));
        let found = self.hosts.get(index).map(|host| host.index.get_or_init(starts));
        let places = found.map(|found| found.places(subject.path.as_deref())).unwrap_or_default();
        places.into_iter().filter_map(move |place| Some((place, routes.get(place)?)))
    }

    /// The first route of the virtual host at a place that takes a request. Routes before `target`
    /// that only may take it are passed over.
    pub(super) fn first_route(
        &self,
        index: usize,
        target: usize,
        subject: &Subject<'_>,
        rules: &Rules<'d>,
    ) -> Option<usize> {
        if self.hosts.get(index)?.requires_tls.is_some_and(|requirement| requirement.sends_away(subject)) {
            return None;
        }
        let takes = |(place, route): (usize, &CompiledRoute<'d>)| match route.conditions.met_by(subject, rules) {
            Met::No(_) => false,
            Met::Yes => true,
            Met::Perhaps(..) => place == target,
        };
        self.candidates(index, subject).find(|candidate| takes(*candidate)).map(|(place, _)| place)
    }

    /// The path as this table's routes match it.
    pub(super) fn matched_path(&self, path: &str, rules: &Rules<'_>) -> String {
        match (self.strips_parameters, rules.parameters_by_segment) {
            (false, _) => path.to_owned(),
            (true, false) => path.split(';').next().unwrap_or_default().to_owned(),
            (true, true) => {
                let segments = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default());
                segments.collect::<Vec<_>>().join("/")
            }
        }
    }

    /// Whether path parameters are cut before routes match.
    pub(super) fn strips_parameters(&self) -> bool {
        self.strips_parameters
    }

    /// What the virtual host at a place does with a request.
    pub(super) fn choose(
        &self,
        index: usize,
        subject: &Subject<'_>,
        rules: &Rules<'d>,
        doubts: &mut Vec<Doubt<'d>>,
    ) -> Choice<'d> {
        let Some(host) = self.hosts.get(index) else {
            return Choice::Nothing;
        };
        if host.requires_tls.is_some_and(|requirement| requirement.sends_away(subject)) {
            return Choice::RequiresTls;
        }
        if let Some(tree) = host.view.node.get("matcher") {
            let found = match matcher_tree::find(tree, subject) {
                Some(Found::Route(route)) => vec![route],
                Some(Found::List(routes)) => routes,
                None => Vec::new(),
            };
            let met = |route: &Route<'d>| CompiledRoute::of(*route).conditions.met_by(subject, rules) == Met::Yes;
            let found = found.into_iter().find(met);
            return found.map_or(Choice::Nothing, |route| Choice::Route { index: None, route });
        }
        for (place, route) in self.candidates(index, subject) {
            match route.conditions.met_by(subject, rules) {
                Met::No(_) => continue,
                Met::Yes => {}
                Met::Perhaps(condition, likely) => {
                    let assumed = subject.request.chance.decision(condition).map_or(likely, |decision| decision == 1);
                    doubts.push(Doubt { condition, route: place, assumed });
                    if !assumed {
                        continue;
                    }
                }
            }
            return Choice::Route { index: Some(place), route: route.view };
        }
        Choice::Nothing
    }
}

impl<'d> CompiledRoute<'d> {
    fn of(view: Route<'d>) -> Self {
        let conditions = Conditions::of(view.conditions().unwrap_or(view.node));
        Self { view, conditions }
    }
}

impl TlsRequirement {
    fn of(host: VirtualHost<'_>) -> Option<Self> {
        match host.node.field("require_tls").and_then(Node::text)? {
            "ALL" | "2" => Some(Self::All),
            "EXTERNAL_ONLY" | "1" => Some(Self::External),
            _ => None,
        }
    }

    fn sends_away(self, subject: &Subject<'_>) -> bool {
        let header = |name| subject.headers.first(name);
        let is_internal = header("x-envoy-internal") == Some("true");
        header("x-forwarded-proto") != Some("https") && (self == Self::All || !is_internal)
    }
}
