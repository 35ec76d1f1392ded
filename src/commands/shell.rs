//! `meshlint completions` and `meshlint man`: what packages install beside the program.

use std::path::PathBuf;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::env::Shells;

use super::{Cli, Outcome, print};

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionArguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Zsh => "zsh",
        }
    }
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write the pages of all subcommands to this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Prints what a shell runs to ask the program what can be typed: names of pods in a bundle are
/// nothing that a fixed script could know.
pub(super) fn completions(arguments: &CompletionArguments) -> Result<Outcome, String> {
    let name = arguments.shell.name();
    let shells = Shells::builtins();
    let shell = shells.completer(name).ok_or_else(|| format!("{name} is no shell that is known"))?;
    let mut text = Vec::new();
    shell.write_registration("COMPLETE", "meshlint", "meshlint", "meshlint", &mut text).map_err(|e| e.to_string())?;
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
