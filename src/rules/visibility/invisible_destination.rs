//! A route leads to a service that the client does not see.
//!
//! ## What it finds
//! A destination whose service is not exported to the namespace of a client that has the route
//! (`exportTo`, or the annotation `networking.istio.io/exportTo`). And, as a note, one that the
//! client's Sidecar leaves out: istiod then adds the cluster for the sake of the route, but the
//! client cannot call the service in any other way.
//!
//! ## Why it matters
//! A service that is not exported to the client has no cluster there: requests end in `503` with the
//! flag `NC` (`cluster_not_found`). One that is exported to nobody (`~`) has a cluster without
//! endpoints in its own namespace: `503 UH`.
//!
//! ## Example
//! ```yaml
//! kind: Sidecar
//! spec:
//!   egress:
//!   - hosts: ["./*", "istio-system/*"]
//! ---
//! kind: VirtualService
//! spec:
//!   http:
//!   - route:
//!     - destination: {host: store.data.svc.cluster.local}   # data/* is not imported
//! ```
//!
//! ## Use instead
//! Export the service to the client's namespace, or import `data/*` in the Sidecar.
//!
//! ## When to ignore it
//! A note about a Sidecar: when the route is the only way that is wanted.
//!
//! ## Inputs
//! The Services, Sidecars and VirtualServices.

use super::prelude::*;
use crate::mesh::{Cluster, DestinationUse, PreparedVirtualService, Scope, Service, Source};

const META: Meta = Meta {
    id: "invisible-destination",
    family: Family::Visibility,
    severity: Severity::Error,
    aliases: &["IST0101"],
};

pub(crate) const RULE: Rule = Rule {
    meta: &META,
    checks: &[Check::VirtualService(check)],
};

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let effects = context.effects(service);
    let is_hidden = |u: &DestinationUse<'_, '_>| matches!(u.cluster, Cluster::Invisible { .. } | Cluster::Withheld { .. });
    for outcome in effects.outcomes(is_hidden) {
        let use_ = outcome.example;
        let (target, failure) = match use_.cluster {
            Cluster::Invisible { service } => (service, "503 NC (cluster_not_found)"),
            Cluster::Withheld { service } => (service, "503 UH (no_healthy_upstream)"),
            _ => continue,
        };
        let host = context.brief(&use_.host);
        let clients = describe::clients(&outcome.clients);
        let draft = Draft::new(use_.destination.host, format!("{host} is not visible to {clients}"))
            .label("not exported to these clients")
            .note(format!("requests that take this route get {failure} there"));
        findings.push(explain_export(draft, target));
    }
    for outcome in effects.outcomes(|u| is_left_out_by_sidecar(context, u)) {
        let use_ = outcome.example;
        let host = context.brief(&use_.host);
        let clients = describe::clients(&outcome.clients);
        let mut draft = Draft::new(use_.destination.host, format!("{host} can be reached by this route only from {clients}"))
            .label("not among the hosts that the Sidecar imports")
            .severity(Severity::Info)
            .note("istiod adds the cluster for the sake of this route; calls of the service by its own name go past it");
        if let Some(sidecar) = use_.client.sidecar {
            let hosts = sidecar.egress().find_map(|e| e.hosts().next());
            draft = draft.related(hosts.map_or_else(|| sidecar.object.name_node(), |h| h.node), "imports only these");
        }
        if let Cluster::Present { service } | Cluster::WithoutEndpoints { service, .. } = use_.cluster {
            draft = draft.help(format!("add `{}/*` to the Sidecar's egress hosts", service.namespace));
        }
        findings.push(draft);
    }
}

/// Whether only the route's own sake gives the client the cluster.
fn is_left_out_by_sidecar<'m, 'd>(context: &Context<'m, 'd>, use_: &DestinationUse<'m, 'd>) -> bool {
    let (Cluster::Present { service } | Cluster::WithoutEndpoints { service, .. }) = use_.cluster else { return false };
    use_.client.sidecar.is_some()
        && service.visibility.includes(use_.client.namespace)
        && !Scope::of(context.mesh, use_.client).imports(service)
}

fn explain_export<'d>(draft: Draft<'d>, service: &Service<'d>) -> Draft<'d> {
    let list = match service.source {
        Source::Kubernetes(kubernetes) => kubernetes.object.annotation("networking.istio.io/exportTo").map(|a| a.node),
        Source::Entry(entry) => entry.export_to(),
    };
    match list {
        Some(node) => draft.related(node, "exported to these namespaces only").help("add the namespace of the clients"),
        None => draft.related(service.host_node, "not exported by the mesh's default"),
    }
}
