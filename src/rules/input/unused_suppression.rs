//! A suppression suppresses nothing.
//!
//! ## What it finds
//! A comment `# meshlint: ignore[rule]`, an annotation `meshlint.dev/ignore` or an entry of
//! `.meshlint.yaml` under `ignore` that no finding needs any more, or that names no rule there is.
//!
//! ## Why it matters
//! The fault that it was written for is gone. What stays behind hides the next one at the same
//! place, and tells whoever reads the manifest of a problem that does not exist. One that names no
//! rule never did what it was meant to.
//!
//! ## Example
//! ```yaml
//! - destination:
//!     host: catalog   # meshlint: ignore[unknown-host] comes with the next release
//! ```
//!
//! ## Use instead
//! ```yaml
//! - destination:
//!     host: catalog
//! ```
//!
//! ## When to ignore it
//! When the finding comes and goes with what else is among the inputs. A suppression of a rule that
//! could not judge everything is never reported.
//!
//! ## Inputs
//! Any. Entries of `.meshlint.yaml` are judged where the whole repository is checked.

use super::prelude::*;
use crate::finding::Suppression;

const META: Meta = Meta { id: "unused-suppression", family: Family::Input, severity: Severity::Info, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Suppression(check)] };

fn check(unused: &Suppression, findings: &mut Findings<'_>) {
    let Some(place) = &unused.place else { return };
    let name = &unused.name;
    let mut finding = match &unused.rules {
        Ok(_) => place.finding(&META, format!("`{name}` is suppressed here and not found"), "suppresses nothing"),
        Err(problem) => place.finding(&META, format!("this suppresses nothing: {problem}"), "is no rule"),
    };
    match &unused.rules {
        Ok(_) => finding.help = Some(format!("remove `{name}` from it")),
        // What was to be suppressed is reported; whoever wrote this does not know why.
        Err(_) => finding.severity = Severity::Warning,
    }
    findings.finished.push(finding);
}
