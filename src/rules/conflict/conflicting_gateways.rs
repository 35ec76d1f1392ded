//! Two Gateways want the same port of the same pods.
//!
//! ## What it finds
//! Servers of Gateways that select the same pods, on one port: an older one speaks HTTP or TCP, and
//! the other TLS or TCP, or both end TLS for the same host. Istiod takes the older Gateway and leaves
//! the other server out. Two plain HTTP servers for one host do not conflict: their VirtualServices merge,
//! which is worth knowing.
//!
//! ## Why it matters
//! The server that loses is not there: connections for its hosts get the certificate, or the routes,
//! of the other, or none.
//!
//! ## Example
//! ```yaml
//! servers:
//! - port: {number: 443, protocol: HTTPS}
//!   tls: {mode: SIMPLE, credentialName: blue}
//!   hosts: [shop.example.com]   # another Gateway has this host on 443, too
//! ```
//!
//! ## Use instead
//! One Gateway for the host, or different hosts.
//!
//! ## When to ignore it
//! When several teams share a plain HTTP host on purpose.
//!
//! ## Inputs
//! The Gateways. Which pods they select is decided by their selectors.

use std::collections::HashMap;

use super::prelude::*;
use crate::istio::Server;
use crate::mesh::{AcceptedServer, NoGatewayEffect, RejectedServer, Rejection, ServerHost};

const META: Meta = Meta {
    id: "conflicting-gateways",
    family: Family::Conflict,
    severity: Severity::Error,
    aliases: &["IST0145", "KIA0301"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mut reported: Vec<Server<'d>> = Vec::new();
    for proxy in &context.gateways {
        for rejected in &proxy.rejected {
            if !reported.contains(&rejected.server) {
                reported.push(rejected.server);
                findings.push(with_victims(context, rejected, of_rejected(rejected)));
            }
        }
        for (own, twin) in twins(&proxy.accepted) {
            if !reported.contains(&own.server) {
                reported.push(own.server);
                findings.push(of_merged(own, twin));
            }
        }
    }
}

/// A server and another that has one of its hosts.
type Twins<'a, 'm, 'd> = (&'a AcceptedServer<'m, 'd>, &'a AcceptedServer<'m, 'd>);

/// The servers that have a host of an earlier one of another Gateway, each with the first such.
fn twins<'a, 'm, 'd>(servers: &'a [AcceptedServer<'m, 'd>]) -> Vec<Twins<'a, 'm, 'd>> {
    let mut served: HashMap<_, Vec<(usize, Option<&str>)>> = HashMap::new();
    let mut twins = Vec::new();
    for (place, own) in servers.iter().enumerate() {
        let port = own.server.port().map(|port| port.value);
        let is_other = |other: &AcceptedServer<'_, '_>| !std::ptr::eq(other.gateway, own.gateway);
        let first = own.gateway.hosts(own.server).filter_map(|ServerHost { host, namespace, .. }| {
            let others = served.entry((port, own.server.bind(), host)).or_default();
            let is_twin = |&&(other, admitted): &&(usize, Option<&str>)| {
                servers.get(other).is_some_and(is_other)
                    && (namespace.is_none() || admitted.is_none() || namespace == admitted)
            };
            let twin = others.iter().find(is_twin).map(|(place, _)| *place);
            others.push((place, namespace));
            twin
        });
        twins.extend(first.min().and_then(|first| Some((own, servers.get(first)?))));
    }
    twins
}

/// The VirtualServices that have no effect because of a server that is left out.
fn with_victims<'d>(context: &Context<'_, 'd>, rejected: &RejectedServer<'_, 'd>, mut draft: Draft<'d>) -> Draft<'d> {
    let is_it = |failure: &NoGatewayEffect<'_, 'd>| matches!(failure, NoGatewayEffect::Rejected(other) if other.server == rejected.server);
    for service in context.victims(rejected.gateway, is_it, |_| false) {
        let id = service.view.object.id();
        draft = draft.related(service.view.object.name_node(), format!("{id} has no effect because of this"));
    }
    draft
}

fn of_rejected<'d>(rejected: &RejectedServer<'_, 'd>) -> Draft<'d> {
    let number = |server: Server<'_>| server.port().map_or(0, |p| p.value);
    let port = match (number(rejected.server), number(rejected.winner_server)) {
        (own, other) if own == other => own.to_string(),
        (own, other) => format!("{other}, which is one port of the pods with {own}"),
    };
    let winner = &rejected.winner.full_name;
    let (message, label) = match rejected.reason {
        Rejection::Protocols => {
            (format!("Gateway {winner} speaks another protocol on port {port}: this server is left out"), "left out")
        }
        Rejection::TlsHost if !rejected.server.is_tls() && !rejected.winner_server.is_tls() => {
            let message = format!("Gateway {winner} redirects the same host on port {port} to HTTPS already");
            return Draft::new(rejected.server.node, message)
                .label("left out, as one that redirects is there")
                .related(rejected.winner_server.node, format!("this one of {winner} is used"))
                .severity(Severity::Info);
        }
        Rejection::TlsHost => {
            (format!("Gateway {winner} ends TLS for the same host on port {port}: this server is left out"), "left out")
        }
    };
    Draft::new(rejected.server.node, message)
        .label(label)
        .related(rejected.winner_server.node, format!("this one of {winner} is used"))
        .note("istiod takes the servers of the older Gateway, then of the first by name")
        .help("use another port or another host, or merge the two Gateways")
}

fn of_merged<'d>(own: &AcceptedServer<'_, 'd>, twin: &AcceptedServer<'_, 'd>) -> Draft<'d> {
    let theirs: Vec<&str> = twin.gateway.hosts(twin.server).map(|host| host.host).collect();
    let host = own.gateway.hosts(own.server).find(|host| theirs.contains(&host.host)).map_or("", |host| host.host);
    Draft::new(own.server.node, format!("Gateway {} serves `{host}` on the same port", twin.gateway.full_name))
        .label("the same port and host again")
        .related(twin.server.node, "served here already")
        .severity(Severity::Info)
        .note("the routes of VirtualServices bound to either are merged into one table, oldest first")
        .help("bind all VirtualServices of the host to one Gateway, so that the order does not depend on their age")
}
