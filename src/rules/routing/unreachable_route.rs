//! A route gets no request, because earlier ones take them all.
//!
//! ## What it finds
//! A route of a VirtualService, or of a virtual host in a dump, that earlier routes leave nothing:
//! one of them alone, or several together. Conditions on paths, headers, methods, query parameters,
//! cookies and certificates are sets of texts, and a route is only reported if it is proved that
//! each request that meets its conditions meets those of an earlier route. Also a route whose own
//! conditions no request can meet: a path that does not start with a slash, or one with a query.
//! Alternatives of one `match` that overlap are nothing, as they do the same.
//!
//! ## Why it matters
//! Envoy takes the first route that matches. What the later route was meant to do never happens,
//! and nothing says so: istiod even drops what stands behind a route that takes everything.
//!
//! ## Example
//! ```yaml
//! http:
//! - route:                    # takes everything
//!   - destination: {host: catalog, subset: v1}
//! - match:
//!   - headers: {x-canary: {exact: "true"}}
//!   route:                    # so nothing is left for this one
//!   - destination: {host: catalog, subset: v2}
//! ```
//!
//! ## Use instead
//! The narrower route first.
//!
//! ## When to ignore it
//! Never: such a route can be deleted without any effect.
//!
//! ## Inputs
//! The VirtualService, with its delegates; or the dump.

use std::collections::BTreeSet;

use super::prelude::*;
use crate::envoy::{Callers, Dump, IstioMetadata, Route, RouteConfiguration, VirtualHost};
use crate::finding::Subject;
use crate::mesh::{PreparedRoute, PreparedVirtualService};
use crate::routing::{Condition, Earlier, Left};
use crate::simulate::{Cover, Prover, Reach, Simulator};

const META: Meta =
    Meta { id: "unreachable-route", family: Family::Routing, severity: Severity::Warning, aliases: &["IST0130"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check), Check::Dump(check_dump)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let mut earlier = Cover::default();
    let mut owners: Vec<&PreparedRoute<'d>> = Vec::new();
    for (route, own) in service.routes.iter().zip(&context.effects(service).conditions) {
        let cover = |condition| match Condition::has_impossible_path(condition) {
            true => Some(BTreeSet::new()),
            false => earlier.of(condition),
        };
        let covers: Option<Vec<_>> = own.iter().map(cover).collect();
        for condition in own {
            earlier.push(condition);
            owners.push(route);
        }
        let Some(covers) = covers.filter(|covers| !covers.is_empty()) else { continue };
        let covers: BTreeSet<usize> = covers.into_iter().flatten().collect();
        let mut shown: Vec<&PreparedRoute<'d>> =
            covers.iter().filter_map(|cover| owners.get(*cover).copied()).collect();
        shown.dedup_by(|a, b| a.route == b.route);
        let mut draft = Draft::new(route.route.node, format!("no request reaches {}", name(route, own)))
            .label(if shown.is_empty() { "no path is like this" } else { "nothing is left for this one" })
            .note("what this route says never happens");
        if shown.len() > 1 {
            let names = shown.iter().map(|cover| spoken_of(cover, service)).collect::<Vec<_>>();
            draft =
                draft.note(format!("all of its requests are taken by {} together", describe::list(&names, MOST_NAMED)));
        }
        for cover in shown.iter().take(MOST_SHOWN) {
            draft = draft.related(cover.route.node, taken_by(cover, shown.len()));
        }
        findings.push(draft.help(match shown.is_empty() {
            true => "paths start with a slash and are matched without their query: use `queryParams` for that",
            false => "move it before them, or delete it",
        }));
    }
}

fn name(route: &PreparedRoute<'_>, own: &[Condition]) -> String {
    if let Some(name) = route.route.name() {
        return format!("the route `{}`", name.value);
    }
    match own {
        [only] => format!("the route for {}", only.path.describe()),
        _ => "this route".to_owned(),
    }
}

/// A route by its name, or by its place.
fn spoken_of<'d>(cover: &PreparedRoute<'d>, service: &PreparedVirtualService<'d>) -> String {
    let place = service.routes.iter().position(|route| route.route == cover.route).unwrap_or_default();
    cover.route.name().map_or_else(|| format!("http[{place}]"), |name| format!("`{}`", name.value))
}

fn taken_by(cover: &PreparedRoute<'_>, covers: usize) -> &'static str {
    match covers {
        _ if cover.matches.is_empty() => "takes every request",
        1 => TAKES_ALL,
        _ => TAKES_SOME,
    }
}

/// The most earlier routes that are shown.
const MOST_SHOWN: usize = 3;
/// The most earlier routes that are named.
const MOST_NAMED: usize = 8;
const TAKES_ALL: &str = "takes these requests already";
const TAKES_SOME: &str = "takes some of these requests already";

fn check_dump<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let mut open: Vec<(RouteConfiguration<'d>, usize, Vec<usize>)> = Vec::new();
    for &config in dump.route_configurations() {
        for (index, host) in config.virtual_hosts().enumerate() {
            let places = check_virtual_host(dump, config, host, findings);
            if !places.is_empty() {
                open.push((config, index, places));
            }
        }
    }
    if open.is_empty() {
        return;
    }
    let simulator = Simulator::of(dump, None);
    let prover = Prover::new(&simulator);
    for (config, index, places) in open {
        let host = config.virtual_hosts().nth(index).filter(|host| is_called(dump, config, *host));
        let Some(host) = host else { continue };
        let routes: Vec<Route<'d>> = host.routes().collect();
        let verdicts = prover.routes(config, index, &places);
        for (place, verdict) in places.into_iter().zip(verdicts) {
            let covers: Vec<(usize, Route<'d>)> = match &verdict {
                Reach::Covered(by) => by.iter().filter_map(|cover| Some((*cover, *routes.get(*cover)?))).collect(),
                Reach::Impossible(_) => Vec::new(),
                Reach::Reachable(_) | Reach::Unknown(_) => continue,
            };
            let Some(route) = routes.get(place) else { continue };
            if !is_alternative(*route, &covers) {
                findings.push(draft(dump, (config, host), (place, *route), &covers));
            }
        }
    }
}

/// The most routes of a virtual host that are looked at closer.
const MOST_PROOFS: usize = 256;

/// Reports the routes that a single earlier one covers, and gives the places of those that several may cover.
fn check_virtual_host<'d>(
    dump: &Dump<'d>,
    config: RouteConfiguration<'d>,
    host: VirtualHost<'d>,
    findings: &mut Findings<'d>,
) -> Vec<usize> {
    let mut routes = host.routes();
    let Some(first) = routes.next() else { return Vec::new() };
    let mut routes = routes.peekable();
    if routes.peek().is_none() && has_plain_prefix(first) {
        return Vec::new(); // as most virtual hosts of sidecars
    }
    let all: Vec<(Route<'d>, Condition)> =
        std::iter::once(first).chain(routes).map(|route| (route, Condition::of_envoy(route))).collect();
    let mut earlier = Earlier::default();
    let mut open = Vec::new();
    for (place, (route, condition)) in all.iter().enumerate() {
        let is_open = match earlier.leave(condition) {
            Left::Nothing(cover) => {
                let covers: Vec<_> = all.get(cover).map(|(route, _)| (cover, *route)).into_iter().collect();
                if is_called(dump, config, host) && !is_alternative(*route, &covers) {
                    findings.push(draft(dump, (config, host), (place, *route), &covers));
                }
                false
            }
            Left::Perhaps => true,
            Left::Something => condition.has_impossible_path(),
        };
        if is_open && open.len() < MOST_PROOFS {
            open.push(place);
        }
        if place + 1 < all.len() {
            earlier.push(condition);
        }
    }
    open
}

/// Whether requests may come at all: istiod repeats the routes of a VirtualService for ports that the
/// host does not have.
fn is_called(dump: &Dump<'_>, config: RouteConfiguration<'_>, host: VirtualHost<'_>) -> bool {
    dump.callers(config, host) != Callers::Nobody
}

/// Whether only routes of the same VirtualService that do the same take its requests. Istiod makes a
/// route of each alternative of a `match`, and that `/api` takes what is left for `/api/v1` is
/// nothing if both lead to the same place.
fn is_alternative<'d>(route: Route<'d>, covers: &[(usize, Route<'d>)]) -> bool {
    let has_origin = || IstioMetadata::of(route.node).and_then(IstioMetadata::origin).is_some();
    // The origin is a part of what is compared.
    !covers.is_empty() && has_origin() && covers.iter().all(|(_, cover)| cover.acts_like(route))
}

/// Whether a route is for a prefix that paths can have.
fn has_plain_prefix(route: Route<'_>) -> bool {
    let prefix = route.conditions().and_then(|conditions| conditions.text_at("prefix"));
    prefix.is_some_and(|prefix| prefix.starts_with('/') && !prefix.contains(['?', '#']))
}

fn draft<'d>(
    dump: &Dump<'d>,
    (config, host): (RouteConfiguration<'d>, VirtualHost<'d>),
    (place, route): (usize, Route<'d>),
    covers: &[(usize, Route<'d>)],
) -> Draft<'d> {
    let condition = Condition::of_envoy(route);
    let name = match route.name() {
        "" => format!("for {}", condition.path.describe()),
        name => format!("`{name}`"),
    };
    let pointed = |route: Route<'d>| route.conditions().unwrap_or(route.node);
    let label = if covers.is_empty() { "no request meets this" } else { "nothing is left for this one" };
    let draft = Draft::new(pointed(route), format!("no request reaches the route {name} of {}", host.name()))
        .label(label)
        .note("what this route says never happens")
        .subject(Subject::Proxy {
            proxy: dump.proxy().to_owned(),
            section: "routes",
            resource: format!("{} › {} › route {place}", config.name(), host.name()),
        })
        .origin(IstioMetadata::of(route.node).and_then(IstioMetadata::origin));
    let draft = match covers {
        [] if condition.has_impossible_path() => {
            draft.help("paths start with a slash and are matched without their query: use `query_parameters` for that")
        }
        [] => draft.note("what it asks of one property excludes itself"),
        [_] => draft.help("move it before that one, or delete it"),
        several => {
            let places: Vec<String> = several.iter().map(|(place, _)| format!("#{place}")).collect();
            draft
                .note(format!("all of its requests are taken by {} together", describe::list(&places, MOST_NAMED)))
                .help("move it before them, or delete it")
        }
    };
    let taken_by = if covers.len() == 1 { TAKES_ALL } else { TAKES_SOME };
    covers.iter().take(MOST_SHOWN).fold(draft, |draft, (_, cover)| draft.related(pointed(*cover), taken_by))
}
