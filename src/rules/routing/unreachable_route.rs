//! A route gets no request, because earlier ones take them all.
//!
//! ## What it finds
//! A route of a VirtualService, or of a virtual host in a dump, all of whose alternatives are
//! covered by a single earlier route each: the earlier one's path holds the later one's, and every
//! further condition of the earlier one is met by what meets the later one.
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

use super::prelude::*;
use crate::envoy::{Dump, IstioMetadata, Route, RouteConfiguration, VirtualHost};
use crate::finding::Subject;
use crate::mesh::{PreparedRoute, PreparedVirtualService};
use crate::routing::{Condition, Earlier};

const META: Meta =
    Meta { id: "unreachable-route", family: Family::Routing, severity: Severity::Warning, aliases: &["IST0130"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check), Check::Dump(check_dump)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let mut earlier = Earlier::default();
    let mut owners: Vec<&PreparedRoute<'d>> = Vec::new();
    for (route, own) in service.routes.iter().zip(&context.effects(service).conditions) {
        let cover = |condition: &Condition| owners.get(earlier.first_covering(condition)?).copied();
        let covers: Vec<_> = own.iter().filter_map(cover).collect();
        for condition in own {
            earlier.push(condition);
            owners.push(route);
        }
        if covers.len() < own.len() || covers.is_empty() {
            continue;
        }
        let mut draft = Draft::new(route.route.node, format!("no request reaches {}", name(route, own)))
            .label("nothing is left for this one")
            .note("what this route says never happens");
        let mut shown: Vec<&PreparedRoute<'d>> = Vec::new();
        for cover in covers {
            if !shown.iter().any(|s| s.route == cover.route) {
                shown.push(cover);
            }
        }
        for cover in shown.iter().take(3) {
            draft = draft.related(cover.route.node, taken_by(cover));
        }
        findings.push(draft.help("move it before them, or delete it"));
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

fn taken_by(cover: &PreparedRoute<'_>) -> String {
    match cover.matches.is_empty() {
        true => "takes every request".to_owned(),
        false => "takes these requests already".to_owned(),
    }
}

fn check_dump<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    for &config in dump.route_configurations() {
        for host in config.virtual_hosts() {
            check_virtual_host(dump, config, host, findings);
        }
    }
}

fn check_virtual_host<'d>(
    dump: &Dump<'d>,
    config: RouteConfiguration<'d>,
    host: VirtualHost<'d>,
    findings: &mut Findings<'d>,
) {
    let mut routes = host.routes();
    let (Some(first), Some(second)) = (routes.next(), routes.next()) else {
        return;
    };
    let all: Vec<(Route<'d>, Condition)> =
        [first, second].into_iter().chain(routes).map(|route| (route, Condition::of_envoy(route))).collect();
    let mut earlier = Earlier::default();
    for (place, (route, condition)) in all.iter().enumerate() {
        let cover = earlier.first_covering(condition).and_then(|cover| all.get(cover));
        earlier.push(condition);
        let Some((cover, _)) = cover else { continue };
        let name = if route.name().is_empty() { condition.path.describe() } else { format!("`{}`", route.name()) };
        let pointed = |route: &Route<'d>| route.conditions().unwrap_or(route.node);
        let draft = Draft::new(pointed(route), format!("no request reaches the route {name} of {}", host.name()))
            .label("nothing is left for this one")
            .related(pointed(cover), "takes these requests already")
            .note("what this route says never happens")
            .subject(Subject::Proxy {
                proxy: dump.proxy().to_owned(),
                section: "routes",
                resource: format!("{} › {} › route {place}", config.name(), host.name()),
            })
            .origin(IstioMetadata::of(route.node).and_then(IstioMetadata::origin));
        findings.push(draft);
    }
}
