//! `meshlint proxy-status`: which proxies have what istiod has sent, from saved pages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::ArgValueCompleter;

use crate::document::Document;
use crate::input::{Bundle, Role};
use crate::inventory::{is_meant, no_such_pod};
use crate::tables::{ControlPlane, Istiod, Missing, StatusOptions, compare, print_status, read_status};

use super::complete::file_or_pod;
use super::look::Looks;
use super::proxy_config::OutputName;
use super::source::{self, parse_time, read, today, with_warning, write};
use super::{Outcome, Refusal};

/// What istiod would send to a proxy, as must-gather saves it.
const WANTED: Role = Role::Istiod("istiod config_dump");

/// Arguments of `proxy-status`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Answers of each istiod: /debug/syncz, or what `istioctl proxy-status -o json` prints. With --bundle
    /// one proxy: POD[.NAMESPACE]
    #[arg(value_name = "FILE|POD", required_unless_present_any = ["istiod", "bundle"], add = ArgValueCompleter::new(file_or_pod))]
    names: Vec<PathBuf>,

    /// The answers of all istiods in a bundle, and the proxies that none of them knows; of one proxy also
    /// what istiod would send against what Envoy has, where must-gather has saved both
    #[arg(long, value_name = "BUNDLE", conflicts_with = "istiod")]
    bundle: Option<PathBuf>,

    /// Compare this dump of istiod (/debug/config_dump?proxyID=) with --file, the one of Envoy
    #[arg(long, value_name = "DUMP", requires = "envoy", conflicts_with = "names")]
    istiod: Option<PathBuf>,

    /// The dump of Envoy
    #[arg(long = "file", short = 'f', value_name = "DUMP", requires = "istiod")]
    envoy: Option<PathBuf>,

    /// How to print
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "short")]
    output: OutputName,

    /// Only proxies of this namespace
    #[arg(long, short, value_name = "NAMESPACE", default_value = "")]
    namespace: String,

    /// 1: a column for each type
    #[arg(long, value_name = "LEVEL", default_value_t = 0)]
    verbosity: u8,

    /// Count ages from this time and not from now
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<i64>,

    #[command(flatten)]
    looks: Looks,
}

/// Runs `proxy-status`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    if let (Some(istiod), Some(envoy)) = (&arguments.istiod, &arguments.envoy) {
        return print_comparison(&read(istiod)?, &read(envoy)?);
    }
    let options = StatusOptions {
        namespace: arguments.namespace.clone(),
        proxy: String::new(),
        verbosity: arguments.verbosity,
        now: arguments.at.unwrap_or_else(today),
        look: arguments.looks.of_terminal(),
    };
    let Some(bundle) = &arguments.bundle else {
        let istiods: Vec<Istiod> = arguments.names.iter().map(|path| answer(path)).collect::<Result<_, _>>()?;
        return print(&ControlPlane { istiods, ..ControlPlane::default() }, &options, arguments.output);
    };
    match &arguments.names[..] {
        [] => print(&control_plane(bundle)?, &options, arguments.output),
        [pod] => of_pod(bundle, &pod.to_string_lossy(), options, arguments.output),
        _ => Err("name one pod of the bundle, or none".into()),
    }
}

fn control_plane(bundle: &Path) -> Result<ControlPlane, Refusal> {
    let bundle = Bundle::open(bundle).map_err(Refusal::unreadable)?;
    ControlPlane::of(&bundle).map_err(Refusal::nothing)
}

/// What istiod would send to a pod against what its Envoy has, or else its state by type.
fn of_pod(bundle: &Path, name: &str, options: StatusOptions, output: OutputName) -> Result<Outcome, Refusal> {
    let both = source::pod(bundle, name, &[WANTED, Role::Dump]).ok();
    if let Some(mut pod) = both
        && let Some(istiod) = pod.take(&[WANTED]).map_err(Refusal::unreadable)?.map(with_warning)
        && let Some(envoy) = pod.take(&[Role::Dump]).map_err(Refusal::unreadable)?.map(with_warning)
    {
        return print_comparison(&istiod, &envoy);
    }
    let plane = control_plane(bundle)?;
    let known: BTreeSet<String> =
        plane.istiods.iter().flat_map(Istiod::proxies).map(|(name, _)| name.to_owned()).collect();
    if !known.iter().any(|known| is_meant(known, name)) {
        return Err(Refusal::nothing(no_such_pod(&bundle.display().to_string(), name, &known)));
    }
    print(&plane, &StatusOptions { proxy: name.to_owned(), verbosity: 1, ..options }, output)
}

/// Reads the answer of an istiod.
fn answer(path: &Path) -> Result<Istiod, Refusal> {
    let document = read(path)?;
    let answer = read_status(&document, &istiod_name(path));
    answer.ok_or_else(|| Refusal::nothing(format!("{} is no answer of istiod", document.name())))
}

/// The pod of `…/POD/debug/syncz`, or else the name of the file.
fn istiod_name(path: &Path) -> String {
    let mut parents = path.ancestors().skip(1);
    let is_debug = parents.next().and_then(Path::file_name).is_some_and(|name| name == "debug");
    let pod = parents.next().and_then(Path::file_name).filter(|_| is_debug);
    pod.or_else(|| path.file_stem()).unwrap_or_default().to_string_lossy().into_owned()
}

fn print(plane: &ControlPlane, options: &StatusOptions, output: OutputName) -> Result<Outcome, Refusal> {
    match print_status(&plane.istiods, options, output.into()) {
        Err(Missing(message)) => Err(Refusal::nothing(message)),
        Ok(text) => {
            let outcome = write(&text)?;
            remark(plane, options);
            Ok(outcome)
        }
    }
}

/// What the table does not say goes to the other stream, so that a pipe gets the table alone.
fn remark(plane: &ControlPlane, options: &StatusOptions) {
    let of_proxies = plane.istiods.iter().flat_map(|istiod| istiod.remarks(options));
    let of_all = plane.remarks.iter().cloned().chain(plane.skew()).filter(|_| options.proxy.is_empty());
    of_proxies.chain(of_all).for_each(|remark| anstream::eprintln!("{remark}"));
}

fn print_comparison(istiod: &Document, envoy: &Document) -> Result<Outcome, Refusal> {
    let text = compare(istiod, envoy).map_err(|Missing(message)| Refusal::nothing(message))?;
    write(&text)?;
    Ok(if text.contains(" Don't Match") { Outcome::Findings } else { Outcome::Clean })
}
