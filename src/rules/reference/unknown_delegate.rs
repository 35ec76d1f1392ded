//! A route delegates to a VirtualService that does not exist.
//!
//! ## What it finds
//! A `delegate` that names no VirtualService, or one with hosts of its own (which is no delegate),
//! or one that is not exported to the namespace of the route.
//!
//! ## Why it matters
//! Istiod leaves the route out and only logs it: requests that would take it end in `404` with the
//! flag `NR`, or go on to a later route.
//!
//! ## Example
//! ```yaml
//! http:
//! - delegate:
//!     name: frontend-routes
//! ```
//!
//! ## Use instead
//! The name of a VirtualService without `hosts`, with its namespace if that is another.
//!
//! ## When to ignore it
//! When the delegate lies elsewhere and is not among the inputs.
//!
//! ## Inputs
//! The VirtualServices of the delegate's namespace. Of a namespace that nothing of is among the inputs,
//! a delegate is found only if a letter of the namespace is missing, too many or swapped.

use super::prelude::*;
use crate::istio::{NETWORKING, VirtualService};
use crate::mesh::{PreparedVirtualService, Visibility, is_delegate};
use crate::similar::similar;

const META: Meta =
    Meta { id: "unknown-delegate", family: Family::Reference, severity: Severity::Error, aliases: &["IST0101"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::VirtualService(check)] };

fn check<'m, 'd>(context: &Context<'m, 'd>, service: &'m PreparedVirtualService<'d>, findings: &mut Findings<'d>) {
    let options = context.mesh.options;
    for reference in service.view.http().filter_map(crate::istio::HttpRoute::delegate) {
        let Some(name) = reference.text_at("name") else {
            continue;
        };
        let namespace = reference.text_at("namespace").map_or(service.namespace, |n| n.value);
        let all = || context.mesh.all_of(NETWORKING, "VirtualService").iter().filter_map(|o| VirtualService::of(*o));
        let here = || all().filter(|v| v.object.namespace() == namespace);
        let note = "istiod leaves the route out: requests that would take it get 404 NR, or go on to a later route";
        let Some(target) = here().find(|v| v.object.name() == name.value) else {
            let meant = context.mesh.virtual_service_namespace_meant(name.value, namespace);
            let is_known = context.mesh.knows_virtual_service(namespace, name.value);
            if !is_known && meant.is_none() {
                findings.skip(
                    "delegate",
                    format!("in namespace `{namespace}` {}", context.mesh.why_unknown("VirtualService", namespace)),
                    format!("pass its VirtualServices, or say --complete virtualservices:{namespace}"),
                );
                continue;
            }
            let names = here().filter(|v| is_delegate(*v)).map(|v| v.object.name());
            let wrong = reference.text_at("namespace").filter(|_| meant.is_some()).unwrap_or(name);
            let mut draft =
                Draft::new(wrong, format!("there is no VirtualService `{namespace}/{}` to delegate to", name.value))
                    .label("does not exist")
                    .note(note);
            if let Some(near) = similar(name.value, names) {
                draft = draft.help(format!("did you mean `{near}`?"));
            } else if let Some(meant) = meant {
                draft = draft.help(format!("did you mean namespace `{meant}`?"));
            }
            if !is_known {
                draft = draft.confidence(Confidence::Medium);
            }
            findings.push(draft);
            continue;
        };
        if let Some(host) = target.hosts().next() {
            let draft =
                Draft::new(name, format!("`{namespace}/{}` is no delegate: it has hosts of its own", name.value))
                    .related(host, "a delegate has no hosts")
                    .note(note);
            findings.push(draft);
            continue;
        }
        let visibility = Visibility::of_list(target.export_to(), namespace, options.virtual_service_export);
        if !visibility.includes(service.namespace) {
            let exported = target.export_to().unwrap_or_else(|| target.object.name_node());
            let draft = Draft::new(
                name,
                format!("`{namespace}/{}` is not exported to namespace {}", name.value, service.namespace),
            )
            .related(exported, "exported to these namespaces only")
            .note(note);
            findings.push(draft);
        }
    }
}
