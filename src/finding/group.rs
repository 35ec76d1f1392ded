//! The same fault in many proxies is one finding.
//!
//! Findings about proxies that say the same of the same thing become one with the list of proxies.
//! In a bundle whose manifests hold what caused it, that is where the finding points, and what the
//! proxies show stands under it. What a rule found there already is the finding then.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::envoy::Origin;

use super::fingerprint::fingerprint;
use super::{Finding, Location, Meta, Related, Severity, Subject, Symptom};

/// A proxy that shows what a finding is about.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The proxy.
    pub proxy: String,
    /// The rule that found it there.
    pub rule: &'static Meta,
    /// What is so there.
    pub message: String,
    /// Where in the dump: `clusters`, `listeners`, `routes`, ….
    pub section: &'static str,
    /// The name of the resource; empty if it is the section itself.
    pub resource: String,
    /// Where it is.
    pub location: Location,
}

/// What findings have in common that are one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    rule: &'static str,
    severity: Severity,
    message: String,
    symptom: Option<Symptom>,
    origin: Option<Origin>,
    cause: Option<Location>,
    notes: Vec<String>,
}

impl Key {
    fn of(finding: &Finding) -> Self {
        let is_tied = finding.symptom.is_some() || finding.origin.is_some() || finding.cause.is_some();
        Self {
            rule: finding.rule.id,
            severity: finding.severity,
            message: finding.message.clone(),
            symptom: finding.symptom.clone(),
            origin: finding.origin.clone(),
            cause: finding.cause.as_ref().map(|cause| cause.location.clone()),
            // Where nothing else ties them together, all that is said must be the same.
            notes: if is_tied { Vec::new() } else { finding.notes.clone() },
        }
    }
}

/// Makes one finding of what several proxies show. In a bundle what proxies show, be it one, is
/// brought to its cause.
pub fn group(findings: Vec<Finding>, is_bundle: bool) -> Vec<Finding> {
    let is_of_proxy = |finding: &Finding| matches!(finding.subject, Subject::Proxy { .. });
    let (of_proxies, mut found): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_of_proxy);
    let mut symptoms = Vec::new();
    for same in buckets(of_proxies) {
        let is_one = same.iter().map(proxy_of).collect::<FxHashSet<_>>().len() < 2;
        let has_cause = same.first().is_some_and(|finding| finding.cause.is_some());
        match (is_one, has_cause) {
            (true, true) if !is_bundle => found.extend(same),
            (true, false) => found.extend(same),
            _ => symptoms.push(same),
        }
    }
    for same in symptoms {
        let seen = same.iter().filter_map(Seen::of).collect();
        // Whoever names manifests and dumps asks about both; a bundle is asked for causes.
        match cause_of(&same, &mut found).filter(|_| is_bundle) {
            Some(cause) => cause.add(seen, &same),
            None => found.extend(merged(same, seen, is_bundle)),
        }
    }
    found
}

fn proxy_of(finding: &Finding) -> &str {
    match &finding.subject {
        Subject::Proxy { proxy, .. } => proxy,
        _ => "",
    }
}

/// Findings that are one, in the order of their first, each sorted by proxy.
fn buckets(findings: Vec<Finding>) -> Vec<Vec<Finding>> {
    let mut places: FxHashMap<Key, usize> = FxHashMap::default();
    let mut buckets: Vec<Vec<Finding>> = Vec::new();
    for finding in findings {
        let place = *places.entry(Key::of(&finding)).or_insert(buckets.len());
        match buckets.get_mut(place) {
            Some(bucket) => bucket.push(finding),
            None => buckets.push(vec![finding]),
        }
    }
    for bucket in &mut buckets {
        bucket.sort_by(|a, b| (proxy_of(a), &a.location).cmp(&(proxy_of(b), &b.location)));
    }
    buckets
}

impl Seen {
    fn of(finding: &Finding) -> Option<Self> {
        let Subject::Proxy { proxy, section, resource } = &finding.subject else {
            return None;
        };
        Some(Self {
            proxy: proxy.clone(),
            rule: finding.rule,
            message: finding.message.clone(),
            section,
            resource: resource.clone(),
            location: finding.location.clone(),
        })
    }
}

/// The finding about the manifests that these come of.
fn cause_of<'f>(same: &[Finding], found: &'f mut [Finding]) -> Option<&'f mut Finding> {
    let cause = same.first()?.cause.as_ref()?;
    let (rule, _) = cause.finding?;
    let span = cause.found_at?;
    let is_it = |finding: &&mut Finding| {
        finding.rule.id == rule.id && finding.location.file == cause.location.file && finding.location.span == span
    };
    found.iter_mut().find(is_it)
}

impl Finding {
    /// Adds what proxies show of it. It is as bad as that is.
    fn add(&mut self, seen: Vec<Seen>, same: &[Finding]) {
        self.severity = same.iter().map(|finding| finding.severity).fold(self.severity, Severity::max);
        self.seen_in.extend(seen);
    }

    /// Number of proxies that it is seen in.
    pub fn proxy_count(&self) -> usize {
        self.seen_in.iter().map(|seen| &seen.proxy).collect::<FxHashSet<_>>().len()
    }

    /// What proxies show, in one line for each thing that they show, with the names of some of them.
    pub fn seen_lines(&self) -> Vec<String> {
        /// How many proxies are named.
        const NAMED: usize = 5;
        let mut things: Vec<(&Seen, Vec<&str>)> = Vec::new();
        for seen in &self.seen_in {
            let is_same =
                |(other, _): &&mut (&Seen, Vec<&str>)| other.rule == seen.rule && other.message == seen.message;
            match things.iter_mut().find(is_same) {
                Some((_, proxies)) => proxies.push(&seen.proxy),
                None => things.push((seen, vec![&seen.proxy])),
            }
        }
        let line = |(seen, mut proxies): (&Seen, Vec<&str>)| {
            proxies.dedup();
            let shown = proxies.get(..NAMED).unwrap_or(&proxies).join(", ");
            let more = match proxies.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let count = if proxies.len() == 1 { "1 proxy".to_owned() } else { format!("{} proxies", proxies.len()) };
            let what = match seen.rule == self.rule && seen.message == self.message {
                true => String::new(),
                false => format!("{} ({}) in ", seen.message, seen.rule.id),
            };
            format!("{what}{count}: {shown}{more}")
        };
        things.into_iter().map(line).collect()
    }
}

/// One finding of several.
fn merged(same: Vec<Finding>, seen: Vec<Seen>, is_bundle: bool) -> Option<Finding> {
    let mut all = same.into_iter();
    let mut first = all.next()?;
    for other in all {
        first.notes.retain(|note| other.notes.contains(note));
    }
    first.seen_in = seen;
    match is_bundle && first.cause.is_some() {
        true => point_at_cause(&mut first),
        false => forget_proxy(&mut first),
    }
    Some(first)
}

/// Pods come and go: which of them shows it first makes no other finding.
fn forget_proxy(finding: &mut Finding) {
    if let Subject::Proxy { section, resource, .. } = &finding.subject {
        let subject = Subject::Proxy { proxy: String::new(), section, resource: resource.clone() };
        finding.fingerprint = fingerprint(finding.rule.id, &subject, "", &finding.message);
    }
}

/// Makes the manifest's place the primary one, and the dump's a related one.
fn point_at_cause(finding: &mut Finding) {
    let Some(cause) = &finding.cause else { return };
    let label = match finding.related.iter().position(|related| related.location == cause.location) {
        Some(place) => finding.related.remove(place).label,
        None => String::new(),
    };
    let location = std::mem::replace(&mut finding.location, cause.location.clone());
    let shown = std::mem::replace(&mut finding.label, label);
    finding.related.insert(0, Related { location, label: shown });
    finding.subject = Subject::Object(cause.object.clone());
    finding.path.clone_from(&cause.path);
    finding.fingerprint = fingerprint(finding.rule.id, &finding.subject, &finding.location.file, &finding.path);
    let file = &cause.location.file;
    for excerpt in &mut finding.excerpts {
        let is_causes = excerpt.file == *file;
        excerpt.marks.iter_mut().for_each(|mark| mark.is_primary = is_causes);
    }
    finding.excerpts.sort_by_key(|excerpt| excerpt.file != *file);
    finding.origin = None;
    finding.cause = None;
}
