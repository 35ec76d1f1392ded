//! `meshlint rule new`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::commands::{Outcome, print};
use crate::declaration;
use crate::document::Document;
use crate::fault::Fault;
use crate::input::Text;
use crate::rules;

/// Arguments of `rule new`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What the rule is called: the bad pattern in kebab-case
    #[arg(value_name = "ID")]
    id: String,

    /// The folder that it is written to
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// A rule that works as it stands, with what there is to choose from.
const SKELETON: &str = include_str!("skeleton.yaml");
/// What it is called there.
const NAME: &str = "no-request-timeout";

/// Writes the file.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let text = SKELETON.replace(NAME, &arguments.id);
    let document: &'static Document = Box::leak(Box::new(Document::read("the new rule", Text::from(text.as_str()))));
    declaration::read(document).map_err(|faults| refusal(&arguments.id, &faults))?;
    if !rules::find(&arguments.id).is_empty() {
        return Err(format!("there is a rule `{}` already", arguments.id));
    }
    let file = arguments.folder.join(format!("{}.yaml", arguments.id));
    let shown = file.display();
    fs::create_dir_all(&arguments.folder).map_err(|error| format!("cannot write {shown}: {error}"))?;
    let created = fs::File::create_new(&file).and_then(|mut file| file.write_all(text.as_bytes()));
    created.map_err(|error| format!("cannot write {shown}: {error}"))?;
    print(&format!("{shown} is written; meshlint rule test {shown} runs its examples\n"))?;
    Ok(Outcome::Clean)
}

/// Why there can be no rule of this name. Nothing else of the skeleton can be wrong.
fn refusal(id: &str, faults: &[Fault]) -> String {
    let fault = faults.first();
    let help = fault.and_then(|fault| fault.help.as_ref()).map(|help| format!("; {help}")).unwrap_or_default();
    format!("`{id}`: {}{help}", fault.map(|fault| &*fault.message).unwrap_or_default())
}
