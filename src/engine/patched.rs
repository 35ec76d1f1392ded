//! What is not said of resources that are changed before they are applied.

use crate::document::Trail;
use crate::finding::{Draft, Family, Meta, Skip};
use crate::kube::Object;

type Drafts<'d> = Vec<(&'static Meta, Draft<'d>)>;

/// Takes out what was found in resources that a kustomization patches, or with their help: the patch may
/// have changed that. What is wrong with the text itself stays.
pub(super) fn withhold<'d>(drafts: Drafts<'d>, objects: &[Object<'d>]) -> (Drafts<'d>, Vec<(&'static str, Skip)>) {
    let mut skips = Vec::new();
    if !objects.iter().any(|object| object.is_patched()) {
        return (drafts, skips);
    }
    let mut trail = Trail::default();
    let mut keeps = |meta: &'static Meta, draft: &Draft<'d>| {
        let Some(object) = patched(draft, &mut trail).filter(|_| meta.family != Family::Input) else { return true };
        skips.push((meta.id, skip(object)));
        false
    };
    let kept = drafts.into_iter().filter(|(meta, draft)| keeps(meta, draft)).collect();
    (kept, skips)
}

/// A patched resource that a finding points into.
fn patched<'d>(draft: &Draft<'d>, trail: &mut Trail<'d>) -> Option<Object<'d>> {
    let holder = |node| {
        trail.lead_to(node);
        Object::on(trail)
    };
    let mut holders = draft.places().filter_map(|place| place.node).filter_map(holder);
    holders.find(|object| object.is_patched())
}

fn skip(object: Object<'_>) -> Skip {
    Skip {
        what: "finding",
        why: format!("about {} (a kustomization patches it)", object.id()),
        remedy: "name what `kustomize build` prints".to_owned(),
    }
}
