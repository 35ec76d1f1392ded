//! One object is declared twice, with different contents.
//!
//! ## What it finds
//! Two resources with the same group, kind, namespace and name whose contents differ.
//!
//! ## Why it matters
//! Whichever is applied last replaces the other as a whole. Which one that is depends on the order
//! of files, and nothing says that there were two. meshlint takes the last one in the order of the
//! inputs for the other rules.
//!
//! ## Example
//! ```yaml
//! kind: VirtualService
//! metadata: {name: catalog, namespace: shop}
//! spec: …
//! ---
//! kind: VirtualService
//! metadata: {name: catalog, namespace: shop}
//! spec: …   # something else
//! ```
//!
//! ## Use instead
//! One object, or two names.
//!
//! ## When to ignore it
//! When the files are alternatives of which only one is ever applied.
//!
//! ## Inputs
//! Manifests.

use rustc_hash::FxHashMap;

use super::prelude::*;
use crate::kube::Object;

const META: Meta = Meta { id: "duplicate-object", family: Family::Conflict, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mut seen: FxHashMap<_, Object<'d>> = FxHashMap::default();
    for object in context.mesh.written.iter().filter(|o| !o.name().is_empty() && is_ours(**o)) {
        let identity = (object.group(), object.kind(), object.namespace(), object.name());
        let Some(earlier) = seen.insert(identity, *object) else {
            continue;
        };
        if earlier.content() == object.content() {
            continue;
        }
        let draft = Draft::new(*object, format!("{} is declared twice, with different contents", object.id()))
            .label("declared again")
            .related(earlier, "first declared here")
            .note("the one that is applied last replaces the other as a whole; here this one is taken to be that")
            .help("merge them, or give one another name");
        findings.push(draft);
    }
}

/// Only what rules read: other kinds are nobody's business here.
fn is_ours(object: Object<'_>) -> bool {
    crate::kube::known_kind(object.group(), object.kind()).is_some()
}
