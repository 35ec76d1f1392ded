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
#[derive(PartialEq, Eq, Hash)]
struct Key<'f> {
    rule: &'static str,
    severity: Severity,
    message: &'f str,
    symptom: Option<&'f Symptom>,
    origin: Option<&'f Origin>,
    cause: Option<&'f Location>,
    notes: &'f [String],
}

impl<'f> Key<'f> {
    fn of(finding: &'f Finding) -> Self {
        let is_tied = finding.symptom.is_some() || finding.origin.is_some() || finding.cause.is_some();
        Self {
            rule: finding.rule.id,
            severity: finding.severity,
            message: &finding.message,
            symptom: finding.symptom.as_ref(),
            origin: finding.origin.as_ref(),
            cause: finding.cause.as_ref().map(|cause| &cause.location),
            // Where nothing else ties them together, all that is said must be the same.
            notes: if is_tied { &[] } else { &finding.notes },
        }
    }
}

/// Makes one finding of what several proxies show. In a bundle what proxies show, be it one, is
/// brought to its cause.
pub fn group(mut findings: Vec<Finding>, is_bundle: bool) -> Vec<Finding> {
    let is_of_proxy = |finding: &Finding| matches!(finding.subject, Subject::Proxy { .. });
    let mut found: Vec<Finding> = findings.extract_if(.., |finding| !is_of_proxy(finding)).collect();
    let mut alone = FxHashSet::default();
    for places in buckets(&findings) {
        let same: Vec<&Finding> = places.iter().filter_map(|place| findings.get(*place)).collect();
        if is_alone(&same, is_bundle) {
            alone.extend(places);
            continue;
        }
        let seen = same.iter().filter_map(|finding| Seen::of(finding)).collect();
        // Whoever names manifests and dumps asks about both; a bundle is asked for causes.
        match cause_of(&same, &mut found).filter(|_| is_bundle) {
            Some(cause) => cause.add(seen, &same),
            None => found.extend(merged(&same, seen, is_bundle)),
        }
    }
    let stay = findings.into_iter().enumerate().filter(|(place, _)| alone.contains(place));
    found.extend(stay.map(|(_, finding)| finding));
    found
}

/// Whether findings that are one stay what they are.
fn is_alone(same: &[&Finding], is_bundle: bool) -> bool {
    let is_one = same.iter().map(|finding| proxy_of(finding)).collect::<FxHashSet<_>>().len() < 2;
    let has_cause = same.first().is_some_and(|finding| finding.cause.is_some());
    is_one && !(is_bundle && has_cause)
}

fn proxy_of(finding: &Finding) -> &str {
    match &finding.subject {
        Subject::Proxy { proxy, .. } => proxy,
        _ => "",
    }
}

/// The places of findings that are one, in the order of their first, each sorted by proxy.
fn buckets(findings: &[Finding]) -> Vec<Vec<usize>> {
    let mut numbers: FxHashMap<Key<'_>, usize> = FxHashMap::default();
    let mut buckets: Vec<Vec<usize>> = Vec::new();
    for (place, finding) in findings.iter().enumerate() {
        let number = *numbers.entry(Key::of(finding)).or_insert(buckets.len());
        match buckets.get_mut(number) {
            Some(bucket) => bucket.push(place),
            None => buckets.push(vec![place]),
        }
    }
    let order = |place: &usize| findings.get(*place).map(|finding| (proxy_of(finding), &finding.location));
    for bucket in &mut buckets {
        bucket.sort_by(|a, b| order(a).cmp(&order(b)));
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
fn cause_of<'f>(same: &[&Finding], found: &'f mut [Finding]) -> Option<&'f mut Finding> {
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
    fn add(&mut self, seen: Vec<Seen>, same: &[&Finding]) {
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
fn merged(same: &[&Finding], seen: Vec<Seen>, is_bundle: bool) -> Option<Finding> {
    let (first, others) = same.split_first()?;
    let mut first = Finding::clone(first);
    for other in others {
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
