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

use super::prelude::*;
use crate::istio::Server;
use crate::mesh::{AcceptedServer, NoGatewayEffect, PreparedGateway, RejectedServer, Rejection};

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
        for (place, own) in proxy.accepted.iter().enumerate() {
            let earlier = proxy.accepted.get(..place).unwrap_or_default();
            let is_twin = |other: &&AcceptedServer<'_, 'd>| {
                !std::ptr::eq(other.gateway, own.gateway)
                    && same_host(other.gateway, other.server, own.gateway, own.server)
            };
            if let Some(twin) = earlier.iter().find(is_twin)
                && !reported.contains(&own.server)
            {
                reported.push(own.server);
                findings.push(of_merged(own.gateway, own.server, twin.gateway, twin.server));
            }
        }
    }
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

fn same_host(a: &PreparedGateway<'_>, a_server: Server<'_>, b: &PreparedGateway<'_>, b_server: Server<'_>) -> bool {
    let ports = (a_server.port().map(|p| p.value), b_server.port().map(|p| p.value));
    let same = |x: crate::mesh::ServerHost<'_>, y: crate::mesh::ServerHost<'_>| {
        x.host == y.host && (x.namespace.is_none() || y.namespace.is_none() || x.namespace == y.namespace)
    };
    ports.0 == ports.1
        && a_server.bind() == b_server.bind()
        && a.hosts(a_server).any(|x| b.hosts(b_server).any(|y| same(x, y)))
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

fn of_merged<'d>(
    gateway: &PreparedGateway<'d>,
    server: Server<'d>,
    other: &PreparedGateway<'d>,
    other_server: Server<'d>,
) -> Draft<'d> {
    let host = gateway.hosts(server).find(|h| other.hosts(other_server).any(|o| o.host == h.host));
    let host = host.map_or("", |h| h.host);
    Draft::new(server.node, format!("Gateway {} serves `{host}` on the same port", other.full_name))
        .label("the same port and host again")
        .related(other_server.node, "served here already")
        .severity(Severity::Info)
        .note("the routes of VirtualServices bound to either are merged into one table, oldest first")
        .help("bind all VirtualServices of the host to one Gateway, so that the order does not depend on their age")
}
