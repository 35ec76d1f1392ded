//! A workload wants a host that its proxy does not let it reach.
//!
//! ## What it finds
//! In a mesh that lets out only what is registered (`REGISTRY_ONLY`): a host that falls to the
//! catch-all of a sidecar (`block_all`, `BlackHoleCluster`) and that is wanted all the same. It is
//! wanted if the workload's pod template names it in its environment or arguments, if a Sidecar
//! of its namespace imports it by name, or if another proxy of the same workload has it. The
//! catch-all by itself is nothing: it is what such a mesh is for.
//!
//! ## Why it matters
//! HTTP requests get `502` from the sidecar, other connections are closed.
//!
//! ## Example
//! ```yaml
//! env:
//! - name: PAYMENT_URL
//!   value: http://api.example.org/pay   # no ServiceEntry has this host
//! ```
//!
//! ## Use instead
//! A ServiceEntry for the host, exported to the namespace, and imported where a Sidecar restricts
//! what the workload sees.
//!
//! ## When to ignore it
//! When the address is only shown to somebody and not called.
//!
//! ## Inputs
//! Dumps of sidecars, with the manifests of their workloads or with dumps of other pods of the same
//! workload.

use super::prelude::*;
use crate::istio::{NETWORKING, Sidecar};
use crate::kube::{Address, PodTemplate};
use crate::mesh::{Mesh, Service, fqdn};
use crate::rules::{Proxy, Registry};

const META: Meta = Meta { id: "blackholed-host", family: Family::Proxy, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

const OUTCOME: &str = "HTTP requests for it get 502 from the sidecar, other connections are closed";

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    for proxy in context.proxies {
        let Some(registry) = &proxy.registry else { continue };
        of_pod_template(context.mesh, proxy, registry, findings);
        of_sidecar(context.mesh, proxy, registry, findings);
    }
    of_siblings(context.proxies, findings);
}

fn of_pod_template<'d>(mesh: &Mesh<'d>, proxy: &Proxy, registry: &Registry, findings: &mut Findings<'d>) {
    for workload in mesh.workloads.iter().filter(|workload| proxy.is_of(workload)) {
        let Some(template) = workload.template.filter(|t| !bypasses(*t)) else { continue };
        for address in template.addresses() {
            if names(mesh, workload.namespace, address.host).iter().any(|name| registry.admits(name)) {
                continue;
            }
            if is_excluded(template, address) {
                continue;
            }
            let id = workload.object.id();
            let draft =
                Draft::new(address.node, format!("{id} calls {}, which its proxy does not let out", address.host))
                    .confidence(Confidence::Medium)
                    .label("called from here, by all appearances");
            findings.push(finish(draft, mesh, proxy, registry, address.host));
        }
    }
}

fn of_sidecar<'d>(mesh: &Mesh<'d>, proxy: &Proxy, registry: &Registry, findings: &mut Findings<'d>) {
    for sidecar in mesh.all_of(NETWORKING, "Sidecar").iter().filter_map(|object| Sidecar::of(*object)) {
        if proxy.namespace.as_deref() != Some(sidecar.object.namespace()) || sidecar.workload_selector().is_some() {
            continue;
        }
        for entry in sidecar.egress().flat_map(crate::istio::Egress::hosts) {
            let host = entry.value.split_once('/').map_or(entry.value, |(_, host)| host);
            if host.starts_with('*') || registry.admits(host) {
                continue;
            }
            let message = format!("{} imports {host}, which its proxies do not know", sidecar.object.id());
            let draft = Draft::new(entry, message).label("wanted here");
            findings.push(finish(draft, mesh, proxy, registry, host));
        }
    }
}

fn finish<'d>(draft: Draft<'d>, mesh: &Mesh<'d>, proxy: &Proxy, registry: &Registry, host: &str) -> Draft<'d> {
    let namespace = proxy.namespace.as_deref().unwrap_or_default();
    let draft = draft.pinned(&registry.catch_all, format!("in {}, it ends here", proxy.name)).note(OUTCOME);
    match hidden_service(mesh, namespace, host) {
        Some(service) => draft.related(service.host_node, "declared here, but not for this proxy").help(format!(
            "export it to namespace {namespace}, and import it where a Sidecar restricts what the workload sees"
        )),
        None => draft.help(format!("declare {host} by a ServiceEntry that namespace {namespace} sees")),
    }
}

fn hidden_service<'m, 'd>(mesh: &'m Mesh<'d>, namespace: &str, host: &str) -> Option<&'m Service<'d>> {
    names(mesh, namespace, host).iter().find_map(|name| mesh.services_of(name).next())
}

/// What a name may stand for: itself, or by Kubernetes' search path a service.
fn names(mesh: &Mesh<'_>, namespace: &str, host: &str) -> Vec<String> {
    let domain = &mesh.options.cluster_domain;
    vec![host.to_owned(), fqdn(host, namespace, domain), format!("{host}.svc.{domain}"), format!("{host}.{domain}")]
}

/// Whether something keeps the pod's traffic from its proxy that cannot be read off a name.
fn bypasses(template: PodTemplate<'_>) -> bool {
    let annotations = ["includeOutboundIPRanges", "excludeOutboundIPRanges", "includeOutboundPorts"];
    annotations
        .iter()
        .any(|name| template.annotation(&format!("traffic.sidecar.istio.io/{name}")).is_some_and(|v| v != "*"))
}

fn is_excluded(template: PodTemplate<'_>, address: Address<'_>) -> bool {
    let port = address.port.unwrap_or(if address.scheme == Some("https") { 443 } else { 80 });
    let excluded = template.annotation("traffic.sidecar.istio.io/excludeOutboundPorts").unwrap_or_default();
    excluded.split(',').any(|one| one.trim().parse() == Ok(port))
}

/// Hosts that other pods of the same workload have.
fn of_siblings(proxies: &[&Proxy], findings: &mut Findings<'_>) {
    for proxy in proxies {
        let Some(registry) = &proxy.registry else { continue };
        let is_sibling = |other: &&Proxy| {
            other.name != proxy.name
                && other.workload.is_some()
                && other.workload == proxy.workload
                && other.namespace == proxy.namespace
        };
        for sibling in proxies.iter().copied().filter(is_sibling) {
            let Some(theirs) = &sibling.registry else { continue };
            let mut missing: Vec<String> =
                theirs.hosts.iter().filter(|host| !registry.admits(host)).map(|host| (**host).to_owned()).collect();
            if missing.is_empty() {
                continue;
            }
            missing.sort();
            let message = format!(
                "{} does not let out to {}, {} of the same workload does",
                proxy.name,
                describe::list(&missing, 3),
                sibling.name
            );
            let mut finding = registry.catch_all.finding(&META, message, "they end here");
            finding.notes.push(OUTCOME.to_owned());
            finding.help = Some("find out why the control plane sends the two different configuration".to_owned());
            findings.finished.push(finding);
            break;
        }
    }
}
