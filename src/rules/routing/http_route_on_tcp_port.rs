//! HTTP routes are for a service none of whose ports speaks HTTP.
//!
//! ## What it finds
//! A VirtualService with `http` routes bound to the mesh, for a host whose service declares every
//! port as something else: by `appProtocol`, by the name (`tcp-…`, `mongo-…`), or because port and
//! name tell nothing and the number is that of a server-first protocol.
//!
//! ## Why it matters
//! Sidecars pass connections to such a port on without looking at requests. The routes never apply:
//! no split, no timeout, no header is in effect.
//!
//! ## Example
//! ```yaml
//! kind: Service
//! spec:
//!   ports:
//!   - name: tcp-http   # read as "tcp"
//!     port: 8080
//! ```
//!
//! ## Use instead
//! A name that starts with `http`, `http2` or `grpc`, or `appProtocol: http`.
//!
//! ## When to ignore it
//! Never, once it is evaluated.
//!
//! ## Inputs
//! The Service and the VirtualService.

use super::prelude::*;
use crate::document::Node;
use crate::mesh::{NoEffect, Service};

const META: Meta =
    Meta { id: "http-route-on-tcp-port", family: Family::Routing, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mut services: Vec<(&Service<'d>, Vec<Node<'d>>)> = Vec::new();
    for service in context.mesh.virtual_services.iter().filter(|s| !s.routes.is_empty()) {
        for (_, (named, failure)) in context.effects(service).failures() {
            let NoEffect::NotHttp(target) = failure else { continue };
            if target.ports.iter().any(|p| p.protocol.is_http_or_sniffed()) {
                continue;
            }
            match services.iter_mut().find(|(known, _)| std::ptr::eq(*known, *target)) {
                Some((_, hosts)) if hosts.contains(&named.node) => {}
                Some((_, hosts)) => hosts.push(named.node),
                None => services.push((target, vec![named.node])),
            }
        }
    }
    for (service, hosts) in services {
        findings.extend_with(draft(context, service, &hosts));
    }
}

fn draft<'d>(context: &Context<'_, 'd>, service: &Service<'d>, hosts: &[Node<'d>]) -> Option<Draft<'d>> {
    let port = service.ports.first()?;
    let protocol = port.node.get("protocol").filter(|_| !service.is_kubernetes());
    let declared = port.node.get("appProtocol").or(protocol).or_else(|| port.node.get("name"));
    let host = context.brief(&service.host);
    let message = format!("port {} of {host} is not HTTP, so its HTTP routes never apply", port.number);
    let mut draft = Draft::new(declared.unwrap_or(port.node), message)
        .label("says that the port speaks something else")
        .note("sidecars pass connections to this port on without looking at requests")
        .help("if it speaks HTTP, let the port's name start with `http-` or `grpc-`, or set `appProtocol`");
    for node in hosts {
        draft = draft.related(*node, "HTTP routes for this host");
    }
    Some(draft)
}
