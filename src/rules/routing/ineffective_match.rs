//! An alternative of a route's `match` adds nothing.
//!
//! ## What it finds
//! A `match` entry that earlier ones of the same or of earlier routes cover, alone or together, while
//! the route has others that are not covered; and an entry that can never apply: bound to a gateway that the
//! VirtualService does not name.
//!
//! ## Why it matters
//! The entry has no effect. Often it was meant to be narrower, or to be a condition of the entry
//! before it: a `-` too much turns *and* into *or*.
//!
//! ## Example
//! ```yaml
//! match:
//! - uri: {prefix: /api}
//! - headers: {x-canary: {exact: "true"}}
//!   uri: {prefix: /api}      # every such request is taken by the first entry
//! ```
//!
//! ## Use instead
//! One entry with both conditions, or the narrower one in a route of its own, before.
//!
//! ## When to ignore it
//! When entries are listed for the reader.
//!
//! ## Inputs
//! The VirtualService, with its delegates.

use super::prelude::*;
use crate::mesh::{PreparedVirtualService, resolve_gateway};
use crate::routing::Condition;
use crate::simulate::Cover;

const META: Meta =
    Meta { id: "ineffective-match", family: Family::Routing, severity: Severity::Info, aliases: &["IST0131"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    covered(service, &context.effects(service).conditions, findings);
    foreign_gateways(service, findings);
}

fn covered<'d>(service: &PreparedVirtualService<'d>, conditions: &[Vec<Condition>], findings: &mut Findings<'d>) {
    let mut before = Cover::default();
    let mut places: Vec<crate::document::Node<'d>> = Vec::new();
    for (route, own) in service.routes.iter().zip(conditions) {
        let nodes: Vec<_> = route.matches.iter().map(|m| m.node().unwrap_or(route.route.node)).collect();
        let is_reached_by_none = own.iter().all(|condition| before.of(condition).is_some());
        for (condition, node) in own.iter().zip(&nodes) {
            let covers = if is_reached_by_none { None } else { before.of(condition) };
            if let Some(covers) = covers {
                let earlier: Vec<_> = covers.iter().filter_map(|cover| places.get(*cover)).take(MOST_SHOWN).collect();
                let taken_by =
                    if covers.len() == 1 { "takes all of these already" } else { "takes some of these already" };
                let draft = Draft::new(*node, "this alternative takes no request that is not taken before")
                    .label("adds nothing")
                    .note("the entries of `match` are alternatives: one is enough")
                    .help("if both conditions must hold, put them into one entry");
                findings.push(earlier.into_iter().fold(draft, |draft, node| draft.related(*node, taken_by)));
            }
            before.push(condition);
            places.push(*node);
        }
        if route.matches.is_empty() {
            for condition in own {
                before.push(condition);
                places.push(route.route.node);
            }
        }
    }
}

/// The most earlier alternatives that are shown.
const MOST_SHOWN: usize = 3;

fn foreign_gateways<'d>(service: &PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    for alternative in service.routes.iter().flat_map(|route| &route.matches) {
        for part in alternative.parts() {
            let is_bound = |name: &str| service.is_bound_to(&resolve_gateway(name, service.namespace));
            let mut gateways = part.gateways().peekable();
            let Some(first) = gateways.peek().copied() else {
                continue;
            };
            if gateways.any(|g| is_bound(g.value)) {
                continue;
            }
            let draft = Draft::new(first, "this alternative is for a gateway that the VirtualService is not bound to")
                .label("not among its `gateways`")
                .note("no request meets it")
                .severity(Severity::Warning);
            findings.push(match service.gateways.iter().find_map(|g| g.node) {
                Some(bound) => draft.related(bound, "bound to this"),
                None => draft.help("without `gateways`, a VirtualService is bound to `mesh` only"),
            });
        }
    }
}
