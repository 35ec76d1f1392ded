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
use crate::mesh::{MESH_GATEWAY, PreparedVirtualService, VirtualHost};
use crate::routing::{Condition, Request};
use crate::simulate::unhandled_path;

const META: Meta = Meta { id: "unhandled-requests", family: Family::Routing, severity: Severity::Info, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

/// Paths that stand for "the rest".
const PROBES: [&str; 3] = ["/", "/index.html", "/meshlint-probe/x"];

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let Some(last) = service.routes.last() else { return };
    let mut reported: Vec<&str> = Vec::new();
    for reference in &service.gateways {
        for host in &service.hosts {
            if reported.contains(&host.value.as_str()) {
                continue;
            }
            let gap = match reference.name == MESH_GATEWAY {
                true => in_sidecars(context, service, host),
                false => at_gateway(context, service, &reference.name, host),
            };
            if let Some(gap) = gap {
                reported.push(&host.value);
                findings.push(draft(last.route.node, host, &gap));
            }
        }
    }
}

/// Requests that no route takes.
struct Gap<'c> {
    /// Their host.
    host: &'c str,
    /// The path of one of them.
    path: String,
    /// What the routes take.
    conditions: Vec<&'c Condition>,
}

/// In a sidecar only one VirtualService has a host.
fn in_sidecars<'c, 'd>(
    context: &'c Context<'_, 'd>,
    service: &PreparedVirtualService<'d>,
    host: &'c Spanned<'d, String>,
) -> Option<Gap<'c>> {
    let effects = context.effects(service);
    let mut virtual_hosts = effects.sidecars.iter().flat_map(|effect| &effect.virtual_hosts);
    virtual_hosts.find(|virtual_host| virtual_host.named.node == host.node)?;
    let conditions: Vec<&Condition> = effects.conditions.iter().flatten().collect();
    Some(Gap { host: &host.value, path: unhandled(&conditions)?, conditions })
}

/// At a gateway the routes of all VirtualServices that have a host there come one after the other. It
/// is the last of them that could take the rest.
fn at_gateway<'c, 'd>(
    context: &'c Context<'_, 'd>,
    service: &PreparedVirtualService<'d>,
    gateway: &str,
    host: &Spanned<'d, String>,
) -> Option<Gap<'c>> {
    let mut given = hosts_at(context, service, gateway).filter(|virtual_host| virtual_host.named.node == host.node);
    given.find_map(|virtual_host| {
        let host = virtual_host.host.as_str();
        let has_it = |other: &&PreparedVirtualService<'d>| hosts_at(context, other, gateway).any(|v| v.host == host);
        let all: Vec<_> = context.mesh.virtual_services_sharing(host).into_iter().filter(has_it).collect();
        all.last().filter(|last| std::ptr::eq(**last, service))?;
        let conditions: Vec<&Condition> =
            all.iter().flat_map(|s| context.effects(s).conditions.iter().flatten()).collect();
        Some(Gap { host, path: unhandled(&conditions)?, conditions })
    })
}

/// What a VirtualService gives through a Gateway.
fn hosts_at<'c, 'm, 'd>(
    context: &'c Context<'m, 'd>,
    service: &PreparedVirtualService<'d>,
    gateway: &str,
) -> impl Iterator<Item = &'c VirtualHost<'m, 'd>> {
    let effects = context.effects(service).gateways.iter().filter(move |e| e.gateway.full_name == gateway);
    effects.flat_map(|effect| &effect.virtual_hosts)
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

fn draft<'d>(last: crate::document::Node<'d>, named: &Spanned<'d, String>, gap: &Gap<'_>) -> Draft<'d> {
    let Gap { host, path, conditions } = gap;
    let describe_one = |condition: &&Condition| match condition.atoms.is_empty() {
        true => condition.path.describe(),
        false => format!("{} under further conditions", condition.path.describe()),
    };
    let mut paths: Vec<String> = conditions.iter().map(describe_one).collect();
    paths.sort();
    paths.dedup();
    let shown = if path.contains("probe") { "/…" } else { path };
    Draft::new(last, format!("no route for other requests to {host}, such as GET {shown}"))
        .label("the last route; it does not take the rest")
        .note(format!("they get 404 NR (route_not_found): there are routes for {} only", describe::list(&paths, 4)))
        .help("add a last route without `match`, if they are to be served")
        .related(named, "")
}
