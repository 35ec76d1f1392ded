//! `meshlint describe`: what of Istio's configuration concerns a pod or a service.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;

use crate::describe::{Subject, World, describe_pod, describe_service, dumps_wanted};
use crate::document::Document;
use crate::envoy;
use crate::input::{Bundle, Role, Taken};

use super::complete::file_or_pod;
use super::source::{read, resources, taken, write};
use super::{Outcome, Refusal};

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
    #[arg(value_name = "NAME", add = ArgValueCompleter::new(file_or_pod))]
    name: String,

    /// Files and folders with the resources: pods, services, Istio's
    #[arg(value_name = "PATH", required_unless_present = "bundle")]
    paths: Vec<PathBuf>,

    /// Take the resources and dumps from this bundle: a folder, .tar.gz, .tgz, .tar or .zip
    #[arg(long, value_name = "BUNDLE")]
    bundle: Option<PathBuf>,

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

/// The dump of a pod.
type Dump = (String, Document);

/// Runs `describe`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let (flags, subject) = match &arguments.command {
        Command::Pod(flags) => (flags, Subject::Pod),
        Command::Service(flags) => (flags, Subject::Service),
    };
    let mut documents = resources(&flags.paths)?;
    let mut dumps: Vec<Dump> = flags.dumps.iter().map(|dump| named(dump)).collect::<Result<_, _>>()?;
    if let Some(bundle) = &flags.bundle {
        let (of_bundle, more) = of_bundle(bundle, flags, subject)?;
        documents.extend(of_bundle);
        dumps.extend(more);
    }
    let dumps = dumps.iter().map(|(pod, document)| (pod.clone(), document)).collect();
    let world = World::new(&documents, dumps, &flags.namespace).with_root_namespace(&flags.root_namespace);
    let described = match subject {
        Subject::Pod => describe_pod(&world, &flags.name),
        Subject::Service => describe_service(&world, &flags.name),
    };
    write(&described.map_err(Refusal::nothing)?)
}

/// The dump that `[POD=]FILE` names; without a pod it is of the one that it says itself.
fn named(dump: &str) -> Result<Dump, Refusal> {
    let (pod, path) = dump.split_once('=').map_or((None, dump), |(pod, path)| (Some(pod), path));
    let document = read(Path::new(path))?;
    let own = || envoy::dumps(&document).first().map_or_else(String::new, |dump| dump.proxy().to_owned());
    Ok((pod.map_or_else(own, str::to_owned), document))
}

/// The resources of a bundle, and of its dumps those that the description looks at.
fn of_bundle(path: &Path, flags: &Flags, subject: Subject) -> Result<(Vec<Document>, Vec<Dump>), Refusal> {
    let bundle = Bundle::open(path).map_err(Refusal::unreadable)?;
    let mut with_dump = BTreeSet::new();
    let (files, _) = bundle.take(&mut |place, _| {
        with_dump.extend(place.proxy().filter(|_| place.role == Role::Dump));
        place.role == Role::Manifests
    });
    let documents: Vec<Document> = files.into_iter().filter_map(taken).collect();
    let world = World::new(&documents, Vec::new(), &flags.namespace);
    let wanted = dumps_wanted(&world, subject, &flags.name, &|pod| with_dump.contains(pod));
    let (files, _) =
        bundle.take(&mut |place, _| place.role == Role::Dump && place.proxy().is_some_and(|pod| wanted.contains(&pod)));
    let dump = |file: Taken| Some((file.place.proxy()?, taken(file)?));
    let dumps = files.into_iter().filter_map(dump).collect();
    Ok((documents, dumps))
}
