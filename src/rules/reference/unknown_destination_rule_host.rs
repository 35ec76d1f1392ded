//! A DestinationRule is for a host that does not exist.
//!
//! ## What it finds
//! A `host` that no Service and no ServiceEntry has, and no part of a wildcard `host` either.
//!
//! ## Why it matters
//! The rule's policy and subsets are for nothing. Where routes lead to its subsets, those do not
//! exist: `503 NC`.
//!
//! ## Example
//! ```yaml
//! kind: DestinationRule
//! spec:
//!   host: catalogue   # the Service is called catalog
//! ```
//!
//! ## Use instead
//! The host of the service; a short name means a service in the rule's own namespace.
//!
//! ## When to ignore it
//! When the service is created by something that is not among the inputs.
//!
//! ## Inputs
//! The Services of the host's namespace, or ServiceEntries for a host outside the cluster. Of a namespace
//! that nothing of is among the inputs, a host is found only if a letter of the namespace is missing,
//! too many or swapped, and the service is in the namespace that is meant.

use super::prelude::*;
use crate::istio::{DestinationRule, NETWORKING};
use crate::mesh::{is_wildcard, kubernetes_parts, resolve};
use crate::similar::similar;

const META: Meta = Meta {
    id: "unknown-destination-rule-host",
    family: Family::Reference,
    severity: Severity::Warning,
    aliases: &["IST0174", "KIA0202"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    let domain = &mesh.options.cluster_domain;
    for rule in mesh.all_of(NETWORKING, "DestinationRule").iter().filter_map(|object| DestinationRule::of(*object)) {
        let Some(host) = rule.host() else { continue };
        let namespace = rule.object.namespace();
        let full = resolve(host.value, namespace, domain);
        if mesh.services_within(&full).next().is_some() || mesh.half_qualified(host.value).is_some() {
            continue;
        }
        // A name under a wildcard ServiceEntry is a host that can be called.
        let covered = mesh.services.iter().any(|s| is_wildcard(&s.host) && crate::mesh::is_subset_of(&full, &s.host));
        if covered {
            continue;
        }
        let example = full.strip_prefix("*.").map(|suffix| format!("x.{suffix}"));
        let unknown = mesh.why_host_unknown(example.as_deref().unwrap_or(&full), namespace);
        let is_known = unknown.is_none();
        let parts = kubernetes_parts(&full, domain);
        let meant = parts.and_then(|(name, home)| Some((name, mesh.namespace_meant(name, home)?)));
        if let Some((why, remedy)) = unknown.filter(|_| meant.is_none()) {
            findings.skip("host", why, remedy);
            continue;
        }
        let mut draft = Draft::new(host, format!("no service has the host `{}`", host.value))
            .label(match full == host.value {
                true => "does not exist".to_owned(),
                false => format!("stands for {full}, which does not exist"),
            })
            .note("the rule's policy and subsets are for no service");
        let neighbours = mesh.services.iter().filter_map(|s| kubernetes_parts(&s.host, domain));
        let neighbours = neighbours.filter(|(_, home)| *home == namespace).map(|(name, _)| name);
        let hosts = mesh.services.iter().map(|s| s.host.as_str());
        if let Some(near) = similar(host.value, neighbours).or_else(|| similar(&full, hosts)) {
            draft = draft.help(format!("did you mean `{near}`?"));
        }
        if !is_known {
            draft = draft.confidence(Confidence::Medium);
        }
        findings.push(draft);
    }
}
