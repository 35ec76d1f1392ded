//! A Gateway serves none of the hosts of a VirtualService that is bound to it.
//!
//! ## What it finds
//! A VirtualService bound to a Gateway none of whose servers has one of its hosts, or has it only
//! for VirtualServices of another namespace (`other/shop.example.com`). Hosts are compared with
//! wildcards on either side.
//!
//! ## Why it matters
//! The gateway gets nothing of the VirtualService: requests for its hosts end in `404` with the
//! flag `NR`.
//!
//! ## Example
//! ```yaml
//! kind: Gateway
//! spec:
//!   servers:
//!   - hosts: [shop.example.com]
//! ---
//! kind: VirtualService
//! spec:
//!   gateways: [shop-gateway]
//!   hosts: [www.shop.example.com]
//! ```
//!
//! ## Use instead
//! The same host on both sides, or `*.shop.example.com` in the Gateway.
//!
//! ## When to ignore it
//! Never, once it is evaluated.
//!
//! ## Inputs
//! The VirtualService and the Gateway.

use super::prelude::*;
use crate::mesh::{MESH_GATEWAY, PreparedGateway, PreparedVirtualService, ServerHost, intersection};

const META: Meta =
    Meta { id: "gateway-host-mismatch", family: Family::Gateway, severity: Severity::Error, aliases: &["IST0132"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let is_for_mesh = service.is_bound_to(MESH_GATEWAY);
    for reference in service.gateways.iter().filter(|g| g.name != MESH_GATEWAY) {
        let Some(gateway) = context.mesh.gateway(&reference.name) else {
            continue;
        };
        let offered: Vec<ServerHost<'d>> = gateway.view.servers().flat_map(|server| gateway.hosts(server)).collect();
        let shared = |own: &str, host: &ServerHost<'_>| intersection(own, host.host).is_some();
        let admitted = |own: &str| offered.iter().any(|h| h.admits(service.namespace) && shared(own, h));
        let missed: Vec<_> = service.hosts.iter().filter(|own| !admitted(&own.value)).collect();
        let is_open = |own: &str| offered.iter().any(|host| shared(own, host)) && !service.view.object.is_placed();
        if missed.iter().any(|own| is_open(&own.value)) {
            findings.skip("VirtualService", "that names no namespace, where a Gateway asks for one", "say --namespace");
            continue;
        }
        if missed.len() == service.hosts.len() {
            if let Some(first) = missed.first() {
                let closed = offered.iter().find(|h| shared(&first.value, h));
                let draft = draft(service, gateway, first, closed, &offered);
                findings.push(if is_for_mesh { draft.severity(Severity::Warning) } else { draft });
            }
        } else if !is_for_mesh && service.gateways.len() == 1 {
            for host in missed {
                let closed = offered.iter().find(|h| shared(&host.value, h));
                findings.push(draft(service, gateway, host, closed, &offered).severity(Severity::Warning));
            }
        }
    }
}

fn draft<'d>(
    service: &PreparedVirtualService<'d>,
    gateway: &PreparedGateway<'d>,
    host: &crate::document::Spanned<'d, String>,
    closed: Option<&ServerHost<'d>>,
    offered: &[ServerHost<'d>],
) -> Draft<'d> {
    let name = &gateway.full_name;
    let note = format!("requests for {} get 404 NR at this gateway", host.value);
    if let Some(closed) = closed {
        let message = format!("Gateway {name} does not take {} from namespace {}", host.value, service.namespace);
        return Draft::new(host, message)
            .label("not admitted")
            .related(closed.node, "only VirtualServices of this namespace are admitted")
            .note(note)
            .help(format!("`{}/{}` or `*/{}` in the Gateway", service.namespace, closed.host, closed.host));
    }
    let mut draft = Draft::new(host, format!("Gateway {name} does not serve {}", host.value))
        .label("no server of the Gateway has this host")
        .note(note);
    for (place, offer) in offered.iter().take(3).enumerate() {
        draft = draft.related(offer.node, if place == 0 { format!("{name} serves these") } else { String::new() });
    }
    draft.help("name the same host in both, or a wildcard in the Gateway")
}
