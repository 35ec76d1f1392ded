//! `meshlint proxy-status`: which proxies have what istiod has sent, from saved pages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::tables::{Istiod, Missing, StatusOptions, compare, print_status, read_status};

use super::Outcome;
use super::proxy_config::OutputName;
use super::source::{parse_time, read, say, today, write};

/// Arguments of `proxy-status`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Answers of each istiod: /debug/syncz, or what `istioctl proxy-status -o json` prints
    #[arg(value_name = "FILE", required_unless_present = "istiod")]
    files: Vec<PathBuf>,

    /// Compare this dump of istiod (/debug/config_dump?proxyID=) with --file, the one of Envoy
    #[arg(long, value_name = "DUMP", requires = "envoy", conflicts_with = "files")]
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
}

/// Runs `proxy-status`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    if let (Some(istiod), Some(envoy)) = (&arguments.istiod, &arguments.envoy) {
        return run_compare(istiod, envoy);
    }
    let mut istiods = Vec::new();
    for path in &arguments.files {
        match read(path)? {
            Err(message) => return say(&message, Outcome::Unreadable),
            Ok(document) => match read_status(&document, &istiod_name(path)) {
                Some(istiod) => istiods.push(istiod),
                None => return say(&format!("{} is no answer of istiod", document.name()), Outcome::Nothing),
            },
        }
    }
    let options = StatusOptions {
        namespace: arguments.namespace.clone(),
        verbosity: arguments.verbosity,
        now: arguments.at.unwrap_or_else(today),
    };
    match print_status(&istiods, &options, arguments.output.into()) {
        Err(Missing(message)) => say(&message, Outcome::Nothing),
        Ok(text) => {
            let outcome = write(&text)?;
            remark(&istiods);
            Ok(outcome)
        }
    }
}

/// The pod of `…/POD/debug/syncz`, or else the name of the file.
fn istiod_name(path: &Path) -> String {
    let mut parents = path.ancestors().skip(1);
    let is_debug = parents.next().and_then(Path::file_name).is_some_and(|name| name == "debug");
    let pod = parents.next().and_then(Path::file_name).filter(|_| is_debug);
    pod.or_else(|| path.file_stem()).unwrap_or_default().to_string_lossy().into_owned()
}

/// What the table does not say goes to the other stream, so that a pipe gets the table alone.
fn remark(istiods: &[Istiod]) {
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for istiod in istiods {
        istiod.remarks().iter().for_each(|remark| anstream::eprintln!("{remark}"));
        istiod.proxies().filter(|(_, v)| !v.is_empty()).for_each(|(_, v)| *versions.entry(v).or_default() += 1);
    }
    if versions.len() > 1 {
        let list: Vec<String> = versions.iter().map(|(version, count)| format!("{count} of {version}")).collect();
        anstream::eprintln!("proxies of different versions: {}", list.join(", "));
    }
}

fn run_compare(istiod: &Path, envoy: &Path) -> Result<Outcome, String> {
    let (istiod, envoy) = match (read(istiod)?, read(envoy)?) {
        (Ok(istiod), Ok(envoy)) => (istiod, envoy),
        (Err(message), _) | (_, Err(message)) => return say(&message, Outcome::Unreadable),
    };
    match compare(&istiod, &envoy) {
        Err(Missing(message)) => say(&message, Outcome::Nothing),
        Ok(text) => {
            write(&text)?;
            Ok(if text.contains(" Don't Match") { Outcome::Findings } else { Outcome::Clean })
        }
    }
}
