//! A route leads to a service that is exported to nobody.
//!
//! ## What it finds
//! A Service or ServiceEntry with `exportTo: ["~"]` that a route of its own namespace leads to.
//!
//! ## Why it matters
//! Istiod gives the clients of the namespace a cluster for the sake of the route, but no endpoints:
//! requests end in `503` with the flag `UH` (`no_healthy_upstream`).
//!
//! ## Example
//! ```yaml
//! kind: Service
//! metadata:
//!   annotations:
//!     networking.istio.io/exportTo: "~"
//! ```
//!
//! ## Use instead
//! `.` for the service's own namespace, or the namespaces of its clients.
//!
//! ## When to ignore it
//! Never, once it is evaluated.
//!
//! ## Inputs
//! The Services and VirtualServices.

use super::prelude::*;
use crate::document::Node;
use crate::mesh::{Cluster, Service, Source};

const META: Meta =
    Meta { id: "unexported-destination", family: Family::Visibility, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mut reported: Vec<*const Service<'d>> = Vec::new();
    for service in &context.mesh.virtual_services {
        for outcome in context.effects(service).outcomes(|u| matches!(u.cluster, Cluster::Withheld { .. })) {
            let Cluster::Withheld { service: target } = outcome.example.cluster else {
                continue;
            };
            if reported.contains(&std::ptr::from_ref(target)) {
                continue;
            }
            reported.push(std::ptr::from_ref(target));
            let host = context.brief(&target.host);
            let clients = describe::clients(&outcome.clients);
            let draft = Draft::new(export_of(target), format!("{host} is exported to nobody, and a route leads to it"))
                .label("nobody sees it")
                .related(outcome.example.destination.host, "the route")
                .note(format!("requests that take the route get 503 UH (no_healthy_upstream) in {clients}"))
                .help("`.` exports it to its own namespace");
            findings.push(draft);
        }
    }
}

fn export_of<'d>(service: &Service<'d>) -> Node<'d> {
    let list = match service.source {
        Source::Kubernetes(kubernetes) => kubernetes.object.annotation("networking.istio.io/exportTo").map(|a| a.node),
        Source::Entry(entry) => entry.export_to(),
    };
    list.unwrap_or(service.host_node)
}
