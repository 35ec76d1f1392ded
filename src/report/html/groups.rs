//! Findings by what causes them.

use rustc_hash::FxHashMap;

use crate::finding::{Cause, Finding, Severity, Subject};

use super::super::remarks::{manual_url, remarks, subject};
use super::class;
use super::source::{Window, windows};

/// What is found about one object, or because of it.
pub(super) struct Group<'a> {
    pub(super) title: String,
    pub(super) file: &'a str,
    pub(super) severity: &'static str,
    pub(super) cards: Vec<Card<'a>>,
    worst: Severity,
}

/// One finding as it is shown.
pub(super) struct Card<'a> {
    pub(super) rule: &'static str,
    pub(super) manual: Option<String>,
    pub(super) severity: &'static str,
    pub(super) message: &'a str,
    pub(super) place: String,
    pub(super) remarks: Vec<(&'static str, String)>,
    pub(super) windows: Vec<Window>,
    pub(super) namespaces: Vec<String>,
    pub(super) fingerprint: &'a str,
    rank: Severity,
    /// Whether it is seen in a proxy and caused elsewhere.
    is_symptom: bool,
}

impl Card<'_> {
    /// The namespaces in one attribute, which the script splits at blanks.
    pub(super) fn namespace_list(&self) -> String {
        self.namespaces.join(" ")
    }
}

/// The worst groups first, in each the cause before its symptoms.
pub(super) fn of(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut places: FxHashMap<(String, &str), usize> = FxHashMap::default();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let (title, file) = cause(finding);
        let place = *places.entry((title.clone(), file)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group { title, file, severity: "", cards: Vec::new(), worst: Severity::Info });
        }
        if let Some(group) = groups.get_mut(place) {
            group.worst = group.worst.max(finding.severity);
            group.severity = class(group.worst);
            group.cards.push(card(finding));
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.worst));
    for group in &mut groups {
        group.cards.sort_by_key(|card| (card.is_symptom, std::cmp::Reverse(card.rank)));
    }
    groups
}

/// What is behind a finding, and the file that holds it.
fn cause(finding: &Finding) -> (String, &str) {
    let file = &finding.location.file;
    match (&finding.cause, &finding.subject) {
        (Some(cause), _) => (cause.object.to_string(), &cause.location.file),
        (None, Subject::Proxy { proxy, .. }) => (format!("proxy {proxy}"), file),
        (None, _) => (subject(finding), file),
    }
}

fn card(finding: &Finding) -> Card<'_> {
    let start = finding.location.start;
    Card {
        rule: finding.rule.id,
        manual: manual_url(finding.rule.id),
        severity: class(finding.severity),
        message: &finding.message,
        place: format!("{}:{}:{}", finding.location.file, start.line, start.column),
        remarks: remarks(finding),
        windows: windows(&finding.excerpts),
        namespaces: namespaces(&finding.subject, finding.cause.as_ref()),
        fingerprint: &finding.fingerprint,
        rank: finding.severity,
        is_symptom: finding.cause.is_some(),
    }
}

fn namespaces(subject: &Subject, cause: Option<&Cause>) -> Vec<String> {
    let own = match subject {
        Subject::Object(id) => Some(id.namespace.as_str()),
        Subject::Proxy { proxy, .. } => namespace_of(proxy),
        Subject::File => None,
    };
    let mut all: Vec<String> =
        own.into_iter().chain(cause.map(|c| c.object.namespace.as_str())).map(str::to_owned).collect();
    all.retain(|namespace| !namespace.is_empty());
    all.sort();
    all.dedup();
    all
}

/// The namespace in the id of a proxy: `sidecar~10.0.0.1~pod.shop~shop.svc.cluster.local`, or `pod.shop`.
fn namespace_of(proxy: &str) -> Option<&str> {
    let pod = proxy.split('~').nth(2).unwrap_or(proxy);
    let (_, namespace) = pod.rsplit_once('.')?;
    let is_name = !namespace.is_empty() && namespace.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_file = matches!(namespace, "json" | "yaml" | "yml" | "gz" | "txt");
    (is_name && !is_file).then_some(namespace)
}

#[cfg(test)]
mod tests {
    use super::namespace_of;

    #[test]
    fn proxies_name_their_namespace() {
        assert_eq!(namespace_of("sidecar~10.0.0.1~web-1.shop~shop.svc.cluster.local"), Some("shop"));
        assert_eq!(namespace_of("web-1.shop"), Some("shop"));
        assert_eq!(namespace_of("dumps/web.json"), None);
        assert_eq!(namespace_of("web"), None);
    }
}
