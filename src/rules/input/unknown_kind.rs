//! A resource of Istio has a kind or a version that does not exist.
//!
//! ## What it finds
//! A kind that Istio's API groups do not have, a version that no release served, and a group that is
//! spelt almost like one of Istio's.
//!
//! ## Why it matters
//! The API server refuses the resource; with a misspelt group and a lenient tool it is just not
//! there.
//!
//! ## Example
//! ```yaml
//! apiVersion: networking.istio.io/v1
//! kind: VirtualServices
//! ```
//!
//! ## Use instead
//! ```yaml
//! kind: VirtualService
//! ```
//!
//! ## When to ignore it
//! When a fork of Istio adds the kind.
//!
//! ## Inputs
//! Manifests.

use super::prelude::*;
use crate::document::Node;
use crate::kube::{GATEWAY_API, Object, kinds_of_group, known_group, known_kind, known_kinds};
use crate::similar::similar;

const META: Meta = Meta { id: "unknown-kind", family: Family::Input, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

const NOTE: &str = "the API server refuses the resource";

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    for object in &context.mesh.written {
        findings.extend_with(judge(*object));
    }
}

fn judge(object: Object<'_>) -> Option<Draft<'_>> {
    let (group, kind) = (object.group(), object.kind());
    let (kind_node, version_node) = (object.node().get("kind")?, object.node().get("apiVersion")?);
    if let Some(known) = known_kind(group, kind) {
        // The Gateway API still adds versions; Istio's own are settled.
        let served = known.versions.contains(&object.version());
        return (known_group(group) && !served).then(|| unknown_version(object, version_node, known.versions));
    }
    let kinds = || kinds_of_group(group).map(|k| k.kind);
    if known_group(group) {
        let home = known_kinds().iter().find(|k| k.kind == kind && k.group.ends_with("istio.io"));
        let draft = Draft::new(kind_node, format!("{group} has no kind `{kind}`")).label("does not exist").note(NOTE);
        return Some(match (similar(kind, kinds()), home) {
            (Some(near), _) => draft.help(format!("did you mean `{near}`?")),
            (None, Some(home)) => draft.help(format!("`{kind}` belongs to {}", home.group)),
            (None, None) => draft
                .help(format!("its kinds are {}", describe::list(&kinds().map(str::to_owned).collect::<Vec<_>>(), 12))),
        });
    }
    if group == GATEWAY_API {
        let near = similar(kind, kinds())?;
        let draft = Draft::new(kind_node, format!("{group} has no kind `{kind}`")).label("does not exist").note(NOTE);
        return Some(draft.help(format!("did you mean `{near}`?")));
    }
    misspelt_group(object, version_node)
}

fn unknown_version<'d>(object: Object<'d>, node: Node<'d>, versions: &[&str]) -> Draft<'d> {
    let known: Vec<String> = versions.iter().map(|v| (*v).to_owned()).collect();
    Draft::new(node, format!("{} has no version `{}`", object.kind(), object.version()))
        .label("no release served it")
        .note(NOTE)
        .help(format!("its versions are {}", describe::list(&known, 4)))
}

/// A group that is almost one of Istio's, with a kind that is Istio's.
fn misspelt_group<'d>(object: Object<'d>, node: Node<'d>) -> Option<Draft<'d>> {
    let ours = known_kinds().iter().filter(|k| known_group(k.group) && k.kind == object.kind());
    let near = similar(object.group(), ours.map(|k| k.group))?;
    let draft = Draft::new(node, format!("`{}` is none of Istio's API groups", object.group()))
        .label("no such group")
        .note(NOTE);
    Some(draft.help(format!("did you mean `{near}`?")))
}
