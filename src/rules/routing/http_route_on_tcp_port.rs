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
use crate::mesh::{NoEffect, PreparedVirtualService, Service};

const META: Meta = Meta {
    id: "http-route-on-tcp-port",
    family: Family::Routing,
    severity: Severity::Warning,
    aliases: &[],
};

pub(crate) const RULE: Rule = Rule {
    meta: &META,
    checks: &[Check::VirtualService(check)],
};

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    if service.routes.is_empty() {
        return;
    }
    let effects = context.effects(service);
    let mut seen: Vec<*const Service<'d>> = Vec::new();
    for (_, (named, failure)) in effects.failures() {
        let NoEffect::NotHttp(target) = failure else { continue };
        let has_route = effects.sidecars.iter().any(|e| e.virtual_hosts.iter().any(|v| v.host == target.host));
        let speaks_http = target.ports.iter().any(|p| p.protocol.is_http_or_sniffed());
        if has_route || speaks_http || seen.contains(&std::ptr::from_ref(*target)) {
            continue;
        }
        seen.push(std::ptr::from_ref(*target));
        let Some(port) = target.ports.first() else { continue };
        let declared = port.node.get("appProtocol").or_else(|| port.node.get("protocol").filter(|_| !target.is_kubernetes()));
        let node = declared.or_else(|| port.node.get("name")).unwrap_or(port.node);
        let host = context.brief(&target.host);
        let draft = Draft::new(node, format!("port {} of {host} is not HTTP, so its HTTP routes never apply", port.number))
            .label("says that the port speaks something else")
            .related(named, "HTTP routes for this host")
            .note("sidecars pass connections to this port on without looking at requests")
            .help("if it speaks HTTP, let the port's name start with `http-` or `grpc-`, or set `appProtocol`");
        findings.push(draft);
    }
}
