//! Two VirtualServices have the same host, and only one of them is used.
//!
//! ## What it finds
//! A host of a VirtualService that another VirtualService already has in the sidecars: the one that
//! is exported more narrowly, then the older one by `creationTimestamp`, then the first by name and
//! namespace. Among wildcards the longer host wins. At gateways VirtualServices of one host merge
//! and do not conflict.
//!
//! ## Why it matters
//! Nothing of the later one applies to that host: its timeouts, its splits, its headers.
//!
//! ## Example
//! ```yaml
//! metadata: {name: catalog}
//! spec: {hosts: [catalog]}
//! ---
//! metadata: {name: catalog-timeouts}
//! spec: {hosts: [catalog.shop.svc.cluster.local]}
//! ```
//!
//! ## Use instead
//! One VirtualService for the host, with the routes of both.
//!
//! ## When to ignore it
//! Never, once it is evaluated. Without creation times (files have none) the order is that of the
//! names, as for objects that were created in the same second; in a cluster the older one wins.
//!
//! ## Inputs
//! The VirtualServices, and the Services they are for.

use super::prelude::*;
use crate::document::Node;
use crate::mesh::{Client, NoEffect, PreparedVirtualService};

const META: Meta = Meta {
    id: "conflicting-virtual-services",
    family: Family::Conflict,
    severity: Severity::Warning,
    aliases: &["IST0109", "KIA1106"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    if service.view.http().next().is_none() {
        return; // of `tls` and `tcp` routes for one service, all count that take no other's connections
    }
    let effects = context.effects(service);
    let mut conflicts: Vec<(Node<'d>, &PreparedVirtualService<'d>, Vec<&'m Client<'d>>)> = Vec::new();
    for (client, (named, failure)) in effects.failures() {
        let NoEffect::Conflict(winner) = failure else { continue };
        match conflicts.iter_mut().find(|(node, other, _)| *node == named.node && std::ptr::eq(*other, *winner)) {
            Some((_, _, clients)) => clients.push(client),
            None => conflicts.push((named.node, winner, vec![client])),
        }
    }
    for (node, winner, mut clients) in conflicts {
        clients.dedup_by(|a, b| std::ptr::eq(*a, *b));
        let serves = |client: &Client<'d>| {
            let effect = effects.sidecars.iter().find(|e| std::ptr::eq(e.client, client));
            effect.is_some_and(|e| e.virtual_hosts.iter().any(|v| v.named.node == node))
        };
        let is_wildcard = node.text().is_some_and(crate::mesh::is_wildcard);
        if is_wildcard && clients.iter().all(|c| serves(c)) {
            continue; // the wildcard is for the other services: a specific host takes precedence
        }
        findings.push(draft(service, node, winner, &effects.all_of(&clients)));
    }
}

fn draft<'d>(
    service: &PreparedVirtualService<'d>,
    node: Node<'d>,
    winner: &PreparedVirtualService<'d>,
    clients: &[&Client<'d>],
) -> Draft<'d> {
    let winner_id = winner.view.object.id();
    let host = node.text().unwrap_or_default();
    let own = resolved(service, node);
    let place = winner.hosts.iter().find(|h| crate::mesh::overlaps(&h.value, &own));
    let why = why(service, winner);
    let message = match place {
        Some(theirs) if theirs.value != own => {
            format!("{winner_id} has the services of `{host}` already, by its host `{}`", theirs.value)
        }
        _ => format!("{winner_id} has the host `{host}` already"),
    };
    Draft::new(node, message)
        .label("nothing here applies to this host")
        .related(place.map_or_else(|| winner.view.object.name_node(), |h| h.node), format!("this one is used: {why}"))
        .note(format!("sidecars use one VirtualService for a host; that is so in {}", describe::clients(clients)))
        .help("move the routes into one VirtualService")
}

fn resolved(service: &PreparedVirtualService<'_>, node: Node<'_>) -> String {
    let own = service.hosts.iter().find(|h| h.node == node);
    own.map(|h| h.value.clone()).unwrap_or_default()
}

fn why(service: &PreparedVirtualService<'_>, winner: &PreparedVirtualService<'_>) -> &'static str {
    let (own, other) = (service.view.object.created(), winner.view.object.created());
    let longest = |s: &PreparedVirtualService<'_>| {
        s.hosts.iter().map(|h| (!crate::mesh::is_wildcard(&h.value), h.value.len())).max()
    };
    match (own, other) {
        _ if longest(winner) > longest(service) => "its host is more specific",
        _ if service.visibility != winner.visibility => "it is exported more narrowly, or it is older",
        (Some(own), Some(other)) if other < own => "it is older",
        (None, None) => "without creation times, the first by name",
        _ => "it comes first by name",
    }
}
