//! `meshlint config`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::config::{self, Config};
use crate::rules;

use super::{Outcome, print};

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what holds, and where it is written.
    Show {
        /// Files and folders that would be checked
        #[arg(value_name = "PATH", default_value = ".")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        source: SourceArguments,
    },
    /// Print the JSON Schema of .meshlint.yaml.
    Schema {
        #[command(flatten)]
        rules: RuleArguments,
    },
}

/// Which configuration is used.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// The configuration; the file that MESHLINT_CONFIG names, or else `.meshlint.yaml` at the root
    /// of the repository, if nothing is said
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Use no configuration
    #[arg(long, conflicts_with = "config")]
    no_config: bool,

    #[command(flatten)]
    rules: RuleArguments,
}

/// Rules besides those of the program.
#[derive(Debug, Args)]
pub(super) struct RuleArguments {
    /// Files and folders with declarative rules of your own; may be given several times
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

impl RuleArguments {
    /// Reads these rules, and those that a configuration names.
    pub(super) fn load(&self, config: Option<&Path>) -> Result<(), String> {
        let mut paths = config.map(config::rule_folders).unwrap_or_default();
        paths.extend(self.rules.iter().cloned());
        rules::load(&paths).map(drop)
    }
}

impl SourceArguments {
    /// Reads the configuration for what is checked.
    pub(super) fn read(&self, paths: &[PathBuf]) -> Result<Config, String> {
        // Not by clap: what is set for all runs gives way to an option, and may be empty.
        let set = || std::env::var_os("MESHLINT_CONFIG").filter(|file| !file.is_empty()).map(PathBuf::from);
        let named = self.config.clone().or_else(set);
        let file = named.or_else(|| config::find(paths)).filter(|_| !self.no_config);
        self.rules.load(file.as_deref())?;
        file.map_or_else(|| Ok(Config::default()), |file| config::read(&file))
    }
}

/// Runs `config`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    match &arguments.command {
        Command::Show { paths, source } => print(&config::show(&source.read(paths)?))?,
        Command::Schema { rules } => {
            rules.load(None)?;
            let schema = serde_json::to_string_pretty(&config::schema()).map_err(|error| error.to_string())?;
            print(&(schema + "\n"))?;
        }
    }
    Ok(Outcome::Clean)
}
