//! A host is written as `name.namespace`, which is not completed.
//!
//! ## What it finds
//! A host in a VirtualService, a destination or a DestinationRule of the form `reviews.default` or
//! `reviews.default.svc`, where a service of that name and namespace exists.
//!
//! ## Why it matters
//! Istiod completes only names without a dot. `reviews.default` therefore names a host of its own
//! that nobody has: as the host of a VirtualService its rules apply to nobody who calls the service
//! by another name, as a destination it ends in `503 NC`, in a DestinationRule its policy is for
//! nothing.
//!
//! ## Example
//! ```yaml
//! hosts:
//! - reviews.default
//! ```
//!
//! ## Use instead
//! ```yaml
//! hosts:
//! - reviews.default.svc.cluster.local
//! ```
//!
//! ## When to ignore it
//! When a ServiceEntry declares a host of just this name.
//!
//! ## Inputs
//! The Services of the namespace that the name seems to mean.

use super::prelude::*;
use crate::document::Spanned;
use crate::istio::{DestinationRule, NETWORKING};
use crate::mesh::{PreparedVirtualService, Scope};

const META: Meta =
    Meta { id: "half-qualified-host", family: Family::Reference, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check), Check::Mesh(check_rules)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    for host in service.view.hosts() {
        if let Some(full) = mesh.half_qualified(host.value)
            && !is_served_as_written(context, service, host, &full)
        {
            let note = "the rules are for requests whose Host is just this name, on port 80; calls of the service by any \
                        other name do not see them";
            findings.push(draft(host, &full).note(note));
        }
    }
    for (_, destination) in service.destinations().filter(|(_, destination)| !destination.is_idle) {
        let written = destination.written.host;
        if let Some(full) = mesh.half_qualified(written.value) {
            let note = "requests that take this route get 503 NC (cluster_not_found)";
            findings.push(draft(written, &full).note(note).severity(Severity::Error));
        }
    }
}

/// Whether the name does what it says after all: requests with just this name find the routes, those
/// lead somewhere, and nobody calls the service on another port than 80. A host whose routes do not
/// lead to the service may well be a name of its own.
fn is_served_as_written<'m, 'd>(
    context: &Context<'m, 'd>,
    service: &'m PreparedVirtualService<'d>,
    host: Spanned<'d, &'d str>,
    full: &str,
) -> bool {
    let mesh = context.mesh;
    let is_meant = service.destinations().any(|(_, destination)| destination.host == full);
    let called_elsewhere = is_meant
        && mesh.services_of(full).flat_map(|s| &s.ports).any(|p| p.protocol.is_http_or_sniffed() && p.number != 80);
    let effects = context.effects(service);
    let has_host = |e: &crate::mesh::SidecarEffect<'_, '_>| e.virtual_hosts.iter().any(|v| v.named.node == host.node);
    !called_elsewhere && effects.sidecars.iter().any(has_host) && !leads_nowhere(context, service, host)
}

/// Whether some route of the virtual host that the name makes has a cluster that does not exist.
fn leads_nowhere<'m, 'd>(
    context: &Context<'m, 'd>,
    service: &'m PreparedVirtualService<'d>,
    host: Spanned<'d, &'d str>,
) -> bool {
    let mesh = context.mesh;
    context.effects(service).sidecars.iter().any(|effect| {
        let scope = Scope::of(mesh, effect.client);
        let own = effect.virtual_hosts.iter().filter(|v| v.named.node == host.node);
        own.into_iter().flat_map(|v| scope.destinations(mesh, v)).any(|u| u.cluster.is_missing())
    })
}

fn check_rules<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let rules =
        context.mesh.all_of(NETWORKING, "DestinationRule").iter().filter_map(|object| DestinationRule::of(*object));
    for host in rules.filter_map(DestinationRule::host) {
        if let Some(full) = context.mesh.half_qualified(host.value) {
            findings.push(draft(host, &full).note("the rule's policy and subsets are for no service"));
        }
    }
}

fn draft<'d>(host: Spanned<'d, &'d str>, full: &str) -> Draft<'d> {
    Draft::new(host, format!("`{}` does not mean {full}", host.value))
        .label("only names without a dot are completed")
        .help(format!("write `{full}`"))
}
