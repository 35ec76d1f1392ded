//! `meshlint completions` and `meshlint man`: what packages install beside the program.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Outcome, print};

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionArguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write the pages of all subcommands to this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints the completions of a shell.
pub(super) fn completions(arguments: &CompletionArguments) -> Result<Outcome, String> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "meshlint", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Clean)
}

/// Prints the manual page, or writes all of them.
pub(super) fn man(arguments: &ManArguments) -> Result<Outcome, String> {
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
        return Ok(Outcome::Clean);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(|error| error.to_string())?;
    print(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Clean)
}
