//! `meshlint bundle`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::input::discover;
use crate::inventory::{Inventory, take, write_inventory};

use super::{Outcome, print};

/// Arguments of `bundle`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A bug report or must-gather: a folder, .tar.gz, .tgz, .tar or .zip
    #[arg(value_name = "BUNDLE")]
    path: PathBuf,

    /// How to print it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Full,
    /// For programs.
    Json,
}

/// Runs `bundle`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let name = arguments.path.display().to_string();
    let inventory = take(&name, discover(std::slice::from_ref(&arguments.path)));
    let text = match arguments.format {
        Format::Json => serde_json::to_string_pretty(&inventory).map(|text| text + "\n").map_err(|e| e.to_string())?,
        Format::Full => text(&inventory).map_err(|error| error.to_string())?,
    };
    print(&text)?;
    Ok(match (inventory.is_empty(), inventory.is_damaged()) {
        (_, true) => Outcome::Unreadable,
        (true, false) => Outcome::Nothing,
        (false, false) => Outcome::Clean,
    })
}

fn text(inventory: &Inventory) -> io::Result<String> {
    let mut bytes = Vec::new();
    write_inventory(inventory, &mut bytes)?;
    bytes.flush()?;
    // Names come from the bundle, and a terminal obeys control characters.
    let printable = |c: char| if c.is_control() && c != '\n' { '?' } else { c };
    Ok(String::from_utf8_lossy(&bytes).chars().map(printable).collect())
}
