//! `meshlint describe`: what of Istio's configuration concerns a pod or a service.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::describe::{World, describe_pod, describe_service};
use crate::document::Document;
use crate::envoy;
use crate::input::{self, discover};

use super::Outcome;
use super::source::{read, say, write};

/// Arguments of `describe`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Describe a pod
    #[command(visible_alias = "po")]
    Pod(Flags),
    /// Describe a service
    #[command(visible_alias = "svc")]
    Service(Flags),
}

#[derive(Debug, Args)]
struct Flags {
    /// The pod or service: NAME or NAME.NAMESPACE
    #[arg(value_name = "NAME")]
    name: String,

    /// Files and folders with the resources: pods, services, Istio's
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The dump of a pod: FILE, or POD=FILE where the dump does not say whose it is
    #[arg(long = "dump", value_name = "[POD=]FILE")]
    dumps: Vec<String>,

    /// The namespace of the pod or service
    #[arg(long, short, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,

    /// Namespace whose policies hold for the whole mesh
    #[arg(long, value_name = "NAMESPACE", default_value = "istio-system")]
    root_namespace: String,
}

/// Runs `describe`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let (flags, is_pod) = match &arguments.command {
        Command::Pod(flags) => (flags, true),
        Command::Service(flags) => (flags, false),
    };
    let mut documents = Vec::new();
    for candidate in discover(&flags.paths).candidates {
        let text = input::open(&candidate).map_err(|reason| format!("cannot read {}: {reason}", candidate.name))?;
        documents.push(Document::read(candidate.name.as_str(), text));
    }
    let mut dumps = Vec::new();
    for dump in &flags.dumps {
        let (pod, path) = dump.split_once('=').map_or((None, dump.as_str()), |(pod, path)| (Some(pod), path));
        match read(Path::new(path))? {
            Ok(document) => dumps.push((pod.map(str::to_owned), document)),
            Err(message) => return say(&message, Outcome::Unreadable),
        }
    }
    let named =
        dumps.iter().map(|(pod, document)| (pod.clone().unwrap_or_else(|| owner(document)), document)).collect();
    let world = World::new(&documents, named, &flags.namespace).with_root_namespace(&flags.root_namespace);
    let described = if is_pod { describe_pod(&world, &flags.name) } else { describe_service(&world, &flags.name) };
    match described {
        Ok(text) => write(&text),
        Err(message) => say(&message, Outcome::Nothing),
    }
}

/// The pod that a dump is of: `NAME.NAMESPACE`.
fn owner(document: &Document) -> String {
    envoy::dumps(document).first().map_or_else(String::new, |dump| dump.proxy().to_owned())
}
