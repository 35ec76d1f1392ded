//! A route leads to a host that does not exist.
//!
//! ## What it finds
//! A destination or mirror of a VirtualService whose host no Service and no ServiceEntry has. Short
//! names are completed with the namespace of the VirtualService, as istiod does. A host that only a
//! wildcard ServiceEntry covers is found too: istiod makes a cluster for the wildcard, not for the
//! names under it. An `ExternalName` service stands for its host only in requests on one of its own
//! ports, and has no cluster itself.
//!
//! ## Why it matters
//! Istiod configures the route all the same, with a cluster that does not exist: every request that
//! takes it ends in `503` with the response flag `NC` (`cluster_not_found`).
//!
//! ## Example
//! ```yaml
//! route:
//! - destination:
//!     host: catlog
//! ```
//!
//! ## Use instead
//! ```yaml
//! route:
//! - destination:
//!     host: catalog
//! ```
//! For a host outside the mesh, a ServiceEntry that names it.
//!
//! ## When to ignore it
//! When the service is created by something that the inputs do not show. Where they do, nothing is
//! said: a custom resource whose name or kind is in the host's (`events-kafka-bootstrap` for a `Kafka`
//! that is called `events`), a chart (`HelmRelease`, `Application`), a kustomization that takes in more.
//!
//! ## Inputs
//! The Services of the destination's namespace, or ServiceEntries for a host outside the cluster. Of a
//! namespace that nothing of is among the inputs, a host is found only if a letter of the namespace
//! is missing, too many or swapped, and the service is in the namespace that is meant. Otherwise
//! without them the rule is not evaluated; `--complete services` says that there are no others.

use super::prelude::*;
use crate::mesh::{Cluster, DestinationUse, Mesh, PreparedVirtualService, kubernetes_parts};
use crate::similar::similar;

const META: Meta =
    Meta { id: "unknown-host", family: Family::Reference, severity: Severity::Error, aliases: &["IST0101", "KIA1101"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    let is_unknown = |u: &DestinationUse<'_, '_>| {
        matches!(u.cluster, Cluster::UnknownHost | Cluster::UnderWildcard { .. } | Cluster::Alias { .. })
    };
    for outcome in context.effects(service).outcomes(is_unknown) {
        let use_ = outcome.example;
        let written = use_.destination.host;
        let note = || describe::no_cluster(service, use_, &describe::clients(&outcome.clients));
        if mesh.half_qualified(written.value).is_some() {
            continue; // a rule of its own says so
        }
        if let Cluster::Alias { service: target } = use_.cluster {
            findings.push(alias(use_, target).note(note()));
            continue;
        }
        let unknown = mesh.why_host_unknown(use_.host, service.namespace);
        let is_known = unknown.is_none();
        if let Some((why, remedy)) = unknown.filter(|_| host_meant(mesh, use_.host).is_none()) {
            findings.skip("host", why, remedy);
            continue;
        }
        if let Cluster::UnderWildcard { service: wildcard } = use_.cluster {
            findings.push(under_wildcard(use_, wildcard).note(note()));
            continue;
        }
        let mut draft = Draft::new(written, format!("no service has the host {}", describe::quoted(&written)))
            .label(match use_.host == written.value {
                true => "does not exist".to_owned(),
                false => format!("stands for {}, which does not exist", use_.host),
            })
            .note(note());
        if let Some(near) = nearest(mesh, use_.host) {
            draft = draft.help(format!("did you mean `{near}`?"));
        }
        if !is_known {
            draft = draft.confidence(Confidence::Medium);
        }
        findings.push(draft);
    }
}

fn under_wildcard<'d>(use_: &DestinationUse<'_, 'd>, wildcard: &crate::mesh::Service<'d>) -> Draft<'d> {
    Draft::new(
        use_.destination.host,
        format!("only the wildcard `{}` covers this host, and it has no cluster of its own", wildcard.host),
    )
    .label("istiod makes no cluster for a name under a wildcard")
    .related(wildcard.host_node, "the cluster is made for this")
    .help(format!("list `{}` among the hosts of a ServiceEntry", use_.host))
}

/// Istiod puts the host that an `ExternalName` service stands for in its place only for requests on
/// one of the service's own ports.
fn alias<'d>(use_: &DestinationUse<'_, 'd>, target: &crate::mesh::Service<'d>) -> Draft<'d> {
    let meant = target.alias_of.unwrap_or_default();
    let message = format!("{} is an ExternalName service, which has no cluster of its own", use_.host);
    Draft::new(use_.destination.host, message)
        .label(format!("stands for {meant} only in requests on its own ports"))
        .related(target.host_node, "the service")
        .help(format!("name {meant} itself, as a ServiceEntry declares it"))
}

/// A host that is spelt alike: in the same namespace, else a service of that name in another.
fn nearest(mesh: &Mesh<'_>, host: &str) -> Option<String> {
    let domain = &mesh.options.cluster_domain;
    let Some((name, namespace)) = kubernetes_parts(host, domain) else {
        return similar(host, mesh.services.iter().map(|s| s.host.as_str())).map(str::to_owned);
    };
    let parts = || mesh.services.iter().filter_map(|s| kubernetes_parts(&s.host, domain));
    let neighbours = parts().filter(|(_, home)| *home == namespace).map(|(name, _)| name);
    if let Some(near) = similar(name, neighbours) {
        return Some(near.to_owned());
    }
    let elsewhere = parts().find(|(other, _)| *other == name);
    host_meant(mesh, host).or_else(|| elsewhere.map(|(name, home)| format!("{name}.{home}.svc.{domain}")))
}

/// The service that is meant by a host whose namespace is misspelt.
fn host_meant(mesh: &Mesh<'_>, host: &str) -> Option<String> {
    let domain = &mesh.options.cluster_domain;
    let (name, namespace) = kubernetes_parts(host, domain)?;
    Some(format!("{name}.{}.svc.{domain}", mesh.namespace_meant(name, namespace)?))
}
