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
//! flag `NC` (`cluster_not_found`).
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
use crate::mesh::{Cluster, DestinationUse, PreparedVirtualService, Scope, Service, Source, is_wildcard};

const META: Meta =
    Meta { id: "invisible-destination", family: Family::Visibility, severity: Severity::Error, aliases: &["IST0101"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let effects = context.effects(service);
    for outcome in effects.outcomes(|u| matches!(u.cluster, Cluster::Invisible { .. })) {
        let use_ = outcome.example;
        let Cluster::Invisible { service: target } = use_.cluster else {
            continue;
        };
        let host = context.brief(use_.host);
        let clients = describe::clients(&outcome.clients);
        let draft = Draft::new(use_.destination.host, format!("{host} is not visible to {clients}"))
            .note("requests that take this route get 503 NC (cluster_not_found) there");
        findings.push(match (target.visibility.includes(use_.client.namespace), use_.client.sidecar) {
            (true, Some(sidecar)) => draft
                .label(format!("not imported by the Sidecar with port {}", use_.port))
                .related(sidecar.object.name_node(), "imports only some ports, or only for the routes of some clients")
                .help(format!("add `{}/*` to the Sidecar's egress hosts", target.namespace)),
            _ => explain_export(draft.label("not exported to these clients"), target),
        });
    }
    for outcome in effects.outcomes(|u| is_left_out_by_sidecar(context, service, u)) {
        let use_ = outcome.example;
        let host = context.brief(use_.host);
        let clients = describe::clients(&outcome.clients);
        let mut draft = Draft::new(
            use_.destination.host,
            format!("{host} can be reached by this route only from {clients}"),
        )
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

/// Whether only the route's own sake gives the client the cluster. Worth a note where one hand wrote
/// both: the routes for a service that the Sidecar imports, some of which lead to what it imports, and
/// the Sidecar that leaves this destination out.
fn is_left_out_by_sidecar<'m, 'd>(
    context: &Context<'m, 'd>,
    route: &PreparedVirtualService<'d>,
    use_: &DestinationUse<'m, 'd>,
) -> bool {
    let (Cluster::Present { service } | Cluster::WithoutEndpoints { service, .. }) = use_.cluster else {
        return false;
    };
    let client = use_.client;
    let scope = Scope::of(context.mesh, client);
    let imports_host = |host: &str| context.mesh.services_within(host).any(|s| scope.imports(s));
    // A VirtualService of which every route leads out of what is imported means to.
    let stays_within = || route.destinations().any(|(_, destination)| imports_host(&destination.host));
    client.sidecar.is_some()
        && client.namespace == route.namespace
        && service.is_kubernetes()
        && service.visibility.includes(client.namespace)
        && !scope.imports(service)
        && route.hosts.iter().any(|h| !is_wildcard(&h.value) && imports_host(&h.value))
        && stays_within()
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
