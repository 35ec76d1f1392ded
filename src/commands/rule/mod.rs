//! `meshlint rule`.

mod new;
mod test;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config;
use crate::declaration;
use crate::rules::{self, Rule};
use crate::similar::similar;

use super::config::RuleArguments;
use super::{Outcome, print};

/// Arguments of `rule`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// The rule: its id or an alias such as IST0101
    #[arg(value_name = "RULE", required_unless_present = "all")]
    name: Option<String>,

    /// List all rules
    #[arg(long, conflicts_with = "name")]
    all: bool,

    #[command(flatten)]
    rules: RuleArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the file of a declarative rule of your own, to be filled in.
    New(new::Arguments),
    /// Run the good and bad examples of declarative rules.
    Test {
        /// Files and folders with rules; those of the configuration if nothing is said
        #[arg(value_name = "DIR")]
        paths: Vec<PathBuf>,
    },
    /// Print the JSON Schema of rule files.
    Schema,
}

/// Runs `rule`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    match &arguments.command {
        Some(Command::New(arguments)) => new::run(arguments),
        Some(Command::Test { paths }) => test::run(paths),
        Some(Command::Schema) => {
            let schema = serde_json::to_string_pretty(&declaration::schema()).map_err(|error| error.to_string())?;
            print(&(schema + "\n"))?;
            Ok(Outcome::Clean)
        }
        None => show(arguments),
    }
}

fn show(arguments: &Arguments) -> Result<Outcome, String> {
    arguments.rules.load(config::find(&[]).as_deref())?;
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
