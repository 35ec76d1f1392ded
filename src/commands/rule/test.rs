//! `meshlint rule test`.

use std::path::PathBuf;

use crate::commands::{Outcome, print};
use crate::config;
use crate::declaration::{Declaration, Failure};
use crate::document::Document;
use crate::fault::{Fault, rendered};
use crate::rules;

/// Runs the examples of the rules in these files and folders.
pub(super) fn run(paths: &[PathBuf]) -> Result<Outcome, String> {
    let configured = || config::find(&[]).map(|file| config::rule_folders(&file)).unwrap_or_default();
    let paths = if paths.is_empty() { configured() } else { paths.to_vec() };
    if paths.is_empty() {
        return Err("name a folder with rules, here or as `custom-rules` in .meshlint.yaml".to_owned());
    }
    let ids = rules::load(&paths)?;
    if ids.is_empty() {
        return Err("there are no rules here; `meshlint rule new ID` writes one".to_owned());
    }
    let mut failed = 0;
    for (declaration, file) in rules::declarations().filter(|(declaration, _)| ids.contains(&declaration.meta.id)) {
        let (text, has_failed) = report(declaration, file);
        failed += usize::from(has_failed);
        print(&text)?;
    }
    let (count, noun) = (ids.len(), if ids.len() == 1 { "rule" } else { "rules" });
    print(&match failed {
        0 => format!("{count} {noun}, and all their examples do what they should\n"),
        _ => format!("{failed} of {count} {noun} failed\n"),
    })?;
    Ok(if failed == 0 { Outcome::Clean } else { Outcome::Findings })
}

/// What there is to say about a rule, and whether one of its examples fails.
fn report(declaration: &'static Declaration, file: &Document) -> (String, bool) {
    let failures: Vec<Failure> =
        declaration.examples().iter().flat_map(|example| declaration.run(example, file)).collect();
    let id = declaration.meta.id;
    let bad = declaration.examples().iter().filter(|example| example.is_bad).count();
    let good = declaration.examples().len() - bad;
    if failures.is_empty() {
        return (format!("ok      {id} ({bad} bad, {good} good)\n"), false);
    }
    let faults: Vec<Fault> = failures.into_iter().map(|failure| Fault::new(failure.span, failure.message)).collect();
    (format!("failed  {id}\n\n{}\n\n", rendered(file, &faults)), true)
}
