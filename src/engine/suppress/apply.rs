//! Taking suppressed findings out, and telling what suppresses nothing.

use rustc_hash::FxHashMap;

use crate::engine::{Analysis, Selection, Suppressed};
use crate::finding::{Finding, Findings, Suppression};
use crate::rules::{self, Check};

use super::Directive;

/// Moves what is suppressed out of the findings, and adds what is found in the suppressions.
pub(crate) fn apply(analysis: &mut Analysis, directives: &[Directive], selection: &Selection) {
    if directives.is_empty() {
        return;
    }
    let mut used = vec![false; directives.len()];
    let by_file = by_file(directives);
    for finding in std::mem::take(&mut analysis.findings) {
        match first_match(&finding, directives, &by_file, &mut used) {
            Some(directive) => {
                analysis.suppressed.push(Suppressed { finding, reason: directive.what.reason.clone() });
            }
            None => analysis.findings.push(finding),
        }
    }
    let unused = directives.iter().zip(used).filter(|(directive, used)| !used && is_fault(directive, analysis));
    let unused: Vec<&Suppression> = unused.map(|(directive, _)| &directive.what).collect();
    let found = judge(&unused, selection);
    analysis.findings.extend(found);
}

/// The directives of each file, and under the empty name those that are for several.
fn by_file(directives: &[Directive]) -> FxHashMap<&str, Vec<usize>> {
    let mut by_file: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (place, directive) in directives.iter().enumerate() {
        by_file.entry(directive.scope.file().unwrap_or_default()).or_default().push(place);
    }
    by_file
}

/// The first directive that covers a finding. All that do are marked as used.
fn first_match<'a>(
    finding: &Finding,
    directives: &'a [Directive],
    by_file: &FxHashMap<&str, Vec<usize>>,
    used: &mut [bool],
) -> Option<&'a Directive> {
    let cause = finding.cause.as_ref().map(|cause| cause.location.file.as_str());
    let cause = cause.filter(|file| *file != finding.location.file);
    let files = [Some(""), Some(finding.location.file.as_str()), cause];
    let mut first = None;
    for place in files.into_iter().flatten().filter_map(|file| by_file.get(file)).flatten() {
        let Some(directive) = directives.get(*place).filter(|directive| directive.covers(finding)) else { continue };
        first = first.or(Some(directive));
        if let Some(used) = used.get_mut(*place) {
            *used = true;
        }
    }
    first
}

/// Whether it is known that a directive is of no use: its rules have run and left nothing open.
fn is_fault(directive: &Directive, analysis: &Analysis) -> bool {
    let Ok(rules) = &directive.what.rules else { return true };
    let has_run = |id: &&str| analysis.rules.contains(id);
    let is_open = |id: &&str| analysis.not_evaluated.iter().any(|open| open.rule == *id);
    directive.must_be_used && rules.iter().any(has_run) && !rules.iter().any(is_open)
}

fn judge(unused: &[&Suppression], selection: &Selection) -> Vec<Finding> {
    let mut found = Findings::default();
    for rule in rules::all().filter(|rule| selection.includes(rule.meta.id)) {
        for check in rule.checks {
            if let Check::Suppression(check) = check {
                for suppression in unused {
                    check(suppression, &mut found);
                }
            }
        }
    }
    found.finished
}
