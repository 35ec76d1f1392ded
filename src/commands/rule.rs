//! `meshlint rule`.

use clap::Args;

use crate::rules::{self, Rule};
use crate::similar::similar;

use super::{Outcome, print};

/// Arguments of `rule`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The rule: its id or an alias such as IST0101
    #[arg(value_name = "RULE", required_unless_present = "all")]
    name: Option<String>,

    /// List all rules
    #[arg(long, conflicts_with = "name")]
    all: bool,
}

/// Runs `rule`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let Some(name) = &arguments.name else {
        print(&rules::all().map(line).collect::<String>())?;
        return Ok(Outcome::Clean);
    };
    let found = rules::find(name);
    if found.is_empty() {
        let known = rules::all().map(|rule| rule.meta.id);
        return Err(match similar(name, known) {
            Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
            None => format!("there is no rule `{name}`; `meshlint rule --all` lists them"),
        });
    }
    print(&found.into_iter().map(page).collect::<String>())?;
    Ok(Outcome::Clean)
}

/// A rule in the list of all.
fn line(rule: &Rule) -> String {
    let meta = rule.meta;
    let summary = rules::first_sentence(&rules::manual(rule).summary);
    format!("{:32} {:13} {:8} {summary}\n", meta.id, meta.family.name(), meta.severity.to_string())
}

/// The manual of a rule as a page of Markdown.
pub(crate) fn page(rule: &Rule) -> String {
    let manual = rules::manual(rule);
    let aliases = match rule.meta.aliases.is_empty() {
        true => String::new(),
        false => format!(" · also known as {}", rule.meta.aliases.join(", ")),
    };
    let mut page = format!(
        "# {}\n\n{}\n\n*{}* · family *{}*{aliases}\n",
        rule.meta.id, manual.summary, rule.meta.severity, rule.meta.family
    );
    for (heading, body) in &manual.sections {
        page.push_str(&format!("\n## {heading}\n\n{body}\n"));
    }
    page
}
