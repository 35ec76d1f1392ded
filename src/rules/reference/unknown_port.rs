//! A route leads to a port that the service does not have.
//!
//! ## What it finds
//! A destination with a port number that its service does not declare, or one without a number
//! where the port of the request is not one of the service's. Without a number, a sidecar takes the
//! port of the request, even if the service has only one other; a gateway takes the only port if
//! there is just one.
//!
//! ## Why it matters
//! The route's cluster does not exist: requests end in `503` with the flag `NC`
//! (`cluster_not_found`).
//!
//! ## Example
//! ```yaml
//! route:
//! - destination:
//!     host: frontend   # its Service has port 80 only
//!     port:
//!       number: 8081
//! ```
//!
//! ## Use instead
//! The port of the Service (`port`, not `targetPort`).
//!
//! ## When to ignore it
//! Never, once it is evaluated.
//!
//! ## Inputs
//! The Service or ServiceEntry of the host.

use super::prelude::*;
use crate::mesh::{Cluster, DestinationUse, PreparedVirtualService};

const META: Meta =
    Meta { id: "unknown-port", family: Family::Reference, severity: Severity::Error, aliases: &["IST0101", "IST0112"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let is_unknown = |u: &DestinationUse<'_, '_>| matches!(u.cluster, Cluster::UnknownPort { .. });
    if !context.effects(service).open_ports.is_empty() {
        let why = "that take the port of the request, on hosts whose Services are not among the inputs";
        findings.skip("VirtualService", why, "pass the Services, or say --complete services");
    }
    for outcome in context.effects(service).outcomes(is_unknown) {
        let use_ = outcome.example;
        let Cluster::UnknownPort { service: target } = use_.cluster else {
            continue;
        };
        let host = context.brief(use_.host);
        let clients = describe::clients(&outcome.clients);
        let draft = match use_.destination.port {
            Some(port) => Draft::new(port, format!("{host} has no port {}", port.value)).label("no such port"),
            None => Draft::new(
                use_.destination.host,
                format!("requests on port {} go to {host}, which has no such port", use_.port),
            )
            .label("no port is named, so that of the request counts"),
        };
        let target_port = target_port_meant(target, use_.port);
        let draft = draft
            .note(describe::no_cluster(service, use_, &clients))
            .related(port_list(target), format!("{host} has {}", describe::ports(target)));
        findings.push(match (target_port, target.only_port()) {
            (Some(meant), _) => draft.help(format!("{} is the target port; clients use {meant}", use_.port)),
            (None, Some(only)) => draft.help(format!("port: {{number: {}}}", only.number)),
            (None, None) => draft.help("name one of the service's ports"),
        });
    }
}

/// The port of a service whose target port somebody took for it.
fn target_port_meant(service: &crate::mesh::Service<'_>, number: u16) -> Option<u16> {
    let crate::mesh::Source::Kubernetes(service) = service.source else {
        return None;
    };
    let target = crate::kube::TargetPort::Number(number);
    service.ports().find(|port| port.target() == target).map(|port| port.number)
}

fn port_list<'d>(service: &crate::mesh::Service<'d>) -> crate::document::Node<'d> {
    let first = service.ports.first().map(|p| p.node);
    first.map_or(service.host_node, |port| port.get("port").or_else(|| port.get("number")).unwrap_or(port))
}
