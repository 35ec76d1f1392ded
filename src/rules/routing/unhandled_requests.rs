//! Some requests for a host find no route.
//!
//! ## What it finds
//! A host of VirtualServices for which a plain GET of some path meets no condition of any route. At
//! a gateway the routes of all VirtualServices with the host count together, since istiod merges
//! them.
//!
//! ## Why it matters
//! Such requests end in `404` with the flag `NR` (`route_not_found`). There is no way back to what
//! the service would do without a VirtualService.
//!
//! ## Example
//! ```yaml
//! http:
//! - match:
//!   - uri: {prefix: /shop}
//!   route: …
//! # and nothing for /
//! ```
//!
//! ## Use instead
//! A last route without `match`.
//!
//! ## When to ignore it
//! When the other paths are meant to be closed.
//!
//! ## Inputs
//! The VirtualServices of the host.

use super::prelude::*;
use crate::document::Spanned;
use crate::mesh::{MESH_GATEWAY, PreparedVirtualService};
use crate::routing::{Condition, Request};
use crate::simulate::unhandled_path;

const META: Meta = Meta { id: "unhandled-requests", family: Family::Routing, severity: Severity::Info, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

/// Paths that stand for "the rest".
const PROBES: [&str; 3] = ["/", "/index.html", "/meshlint-probe/x"];

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let Some(last) = service.routes.last() else { return };
    let mut reported: Vec<String> = Vec::new();
    for reference in &service.gateways {
        for host in &service.hosts {
            let is_told_later = || {
                reference.name != MESH_GATEWAY
                    && later_with(context, service, &host.value).any(|(s, h)| applies(context, s, &reference.name, h))
            };
            if !applies(context, service, &reference.name, host) || reported.contains(&host.value) || is_told_later() {
                continue;
            }
            let conditions = conditions(context, service, &reference.name, &host.value);
            let Some(path) = unhandled(&conditions) else {
                continue;
            };
            reported.push(host.value.clone());
            findings.push(draft(service, last.route.node, &host.value, &path, &conditions));
        }
    }
}

/// A path of a GET that no condition takes: one that stands for many, or any.
fn unhandled(conditions: &[&Condition]) -> Option<String> {
    let misses = |condition: &&Condition, path: &str| condition.takes(&Request::get(path)) == Some(false);
    let missed = |path: &str| conditions.iter().all(|condition| misses(condition, path));
    if let Some(path) = PROBES.iter().find(|path| missed(path)) {
        return Some((*path).to_owned());
    }
    // Where a condition takes everything, there is nothing to search for.
    if conditions.iter().any(|condition| condition.takes_everything()) {
        return None;
    }
    unhandled_path(conditions).filter(|path| missed(path))
}

/// Whether the routes of a VirtualService are in a gateway, or in sidecars, for one of its hosts.
fn applies<'d>(
    context: &Context<'_, 'd>,
    service: &PreparedVirtualService<'d>,
    gateway: &str,
    host: &Spanned<'d, String>,
) -> bool {
    let effects = context.effects(service);
    match gateway == MESH_GATEWAY {
        true => effects.sidecars.iter().any(|e| e.virtual_hosts.iter().any(|v| v.named.node == host.node)),
        false => effects
            .gateways
            .iter()
            .any(|e| e.gateway.full_name == gateway && e.virtual_hosts.iter().any(|v| v.named.node == host.node)),
    }
}

/// VirtualServices behind this one that have the host, too. At a gateway their routes come after
/// its own, so it is the last of them that could take the rest.
fn later_with<'m, 'd>(
    context: &Context<'m, 'd>,
    service: &PreparedVirtualService<'d>,
    host: &str,
) -> impl Iterator<Item = (&'m PreparedVirtualService<'d>, &'m Spanned<'d, String>)> {
    let all = context.mesh.virtual_services_for(host);
    let later = all.skip_while(move |other| !std::ptr::eq(*other, service)).skip(1);
    later.filter_map(move |other| Some((other, other.hosts.iter().find(|h| h.value == host)?)))
}

/// The conditions of every route that the host has at one gateway.
fn conditions<'c, 'd>(
    context: &'c Context<'_, 'd>,
    service: &PreparedVirtualService<'d>,
    gateway: &str,
    host: &str,
) -> Vec<&'c Condition> {
    let own = |service: &PreparedVirtualService<'d>| context.effects(service).conditions.iter().flatten();
    let mut all: Vec<&Condition> = own(service).collect();
    if gateway == MESH_GATEWAY {
        return all; // in a sidecar only one VirtualService has the host
    }
    for other in context.mesh.virtual_services_for(host) {
        if other.is_bound_to(gateway) && !std::ptr::eq(other, service) {
            all.extend(own(other));
        }
    }
    all
}

fn draft<'d>(
    service: &PreparedVirtualService<'d>,
    last: crate::document::Node<'d>,
    host: &str,
    path: &str,
    conditions: &[&Condition],
) -> Draft<'d> {
    let mut paths: Vec<String> = conditions.iter().map(|c| c.path.describe()).collect();
    paths.sort();
    paths.dedup();
    let shown = if path.contains("probe") { "/…" } else { path };
    let mut draft = Draft::new(last, format!("no route for other requests to {host}, such as GET {shown}"))
        .label("the last route; it does not take the rest")
        .note(format!("they get 404 NR (route_not_found): there are routes for {} only", describe::list(&paths, 4)))
        .help("add a last route without `match`, if they are to be served");
    if let Some(named) = service.hosts.iter().find(|h| h.value == host) {
        draft = draft.related(named, "");
    }
    draft
}
