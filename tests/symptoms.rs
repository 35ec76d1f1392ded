//! What is said of a proxy's symptom beside its place: its cause in the manifests, and the help.

#![allow(clippy::unwrap_used, missing_docs)]

use meshlint::engine::{Settings, run};
use meshlint::finding::{Finding, Subject};
use meshlint::input::discover;

/// What `rule` finds in a fixture's dumps.
fn symptoms(rule: &str, fixture: &str) -> Vec<Finding> {
    let path = format!("testdata/rules/{rule}/{fixture}");
    let analysis = run(discover(&[path.into()]), &Settings::default());
    let is_symptom = |finding: &Finding| finding.rule.id == rule && matches!(finding.subject, Subject::Proxy { .. });
    analysis.findings.into_iter().filter(is_symptom).collect()
}

#[test]
fn another_fault_of_the_same_object_is_not_the_cause() {
    let found = symptoms("unreachable-route", "bad-with-other-fault");
    let causes: Vec<_> = found.iter().map(|f| f.cause.as_ref().unwrap().finding.unwrap().0.id).collect();
    assert_eq!(causes, ["unreachable-route"]); // not `unknown-subset`, which is worse
}

#[test]
fn the_fault_of_the_destination_is_the_cause() {
    let found = symptoms("missing-cluster", "bad-with-cause");
    let causes: Vec<_> = found.iter().map(|f| f.cause.as_ref().unwrap().finding.unwrap().0.id).collect();
    assert_eq!(causes, ["unknown-subset"]);
}

#[test]
fn help_is_about_what_is_missing() {
    let found = symptoms("missing-cluster", "bad-help.json");
    let help: Vec<_> = found.iter().map(|f| f.help.as_deref().unwrap()).collect();
    assert_eq!(
        help,
        [
            "use a port that ads.shop.svc.cluster.local has",
            "write `ads.shop.svc.cluster.local`: a host with a dot is taken as it stands",
            "declare the subset `v2` in the DestinationRule that this proxy uses for catalog.shop.svc.cluster.local",
        ]
    );
}
