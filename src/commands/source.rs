//! Reading the files that a command names, and writing what it prints.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use clap_complete::ArgValueCompleter;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::document::{Document, Problem};
use crate::envoy::{self, Form};
use crate::input::{self, Bundle, Role, Taken, discover};
use crate::inventory::{Pod, find_pod};
use crate::kube;

use super::complete::file_or_pod;
use super::{Outcome, Refusal};

/// A file, or a pod of a bundle.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The file: a dump, also compressed; - for standard input. With --bundle the pod: POD[.NAMESPACE]
    #[arg(value_name = "FILE|POD", required_unless_present = "file", add = ArgValueCompleter::new(file_or_pod))]
    subject: Option<PathBuf>,

    /// The same, as istioctl calls it
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["subject", "bundle"])]
    file: Option<PathBuf>,

    /// Take what was saved of the pod from this bundle: a folder, .tar.gz, .tgz, .tar or .zip
    #[arg(long, value_name = "BUNDLE")]
    bundle: Option<PathBuf>,
}

impl Source {
    /// Reads the file; of a bundle the pod's file of one of these roles, the first that there is.
    pub(super) fn read(&self, roles: &[Role]) -> Result<Document, Refusal> {
        let name = self.subject.as_ref().or(self.file.as_ref()).ok_or("no file is named")?;
        match &self.bundle {
            Some(bundle) => of_pod(bundle, &name.to_string_lossy(), roles),
            None => read(name),
        }
    }
}

/// Reads the dump in a file, or that of a pod of a bundle.
pub(super) fn dump(bundle: Option<&Path>, name: &Path) -> Result<Document, Refusal> {
    match bundle {
        Some(bundle) => of_pod(bundle, &name.to_string_lossy(), &[Role::Dump]),
        None => read(name),
    }
}

/// Takes a pod's files of some roles out of a bundle.
pub(super) fn pod(bundle: &Path, name: &str, roles: &[Role]) -> Result<Pod, Refusal> {
    let bundle = Bundle::open(bundle).map_err(Refusal::unreadable)?;
    find_pod(&bundle, name, &|role| roles.contains(&role)).map_err(Refusal::nothing)
}

fn of_pod(bundle: &Path, name: &str, roles: &[Role]) -> Result<Document, Refusal> {
    let mut pod = pod(bundle, name, roles)?;
    let document = pod.take(roles).map_err(Refusal::unreadable)?;
    let nothing = || Refusal::nothing(format!("{} holds no such file of {}", bundle.display(), pod.name));
    document.map(with_warning).ok_or_else(nothing)
}

/// Says where something of a document is missing: what is not there then proves nothing.
pub(super) fn with_warning(document: Document) -> Document {
    let is_text = || matches!(envoy::form_of(&document), Form::Other | Form::Admin(_));
    let problem = document.problems().iter().find(|problem| problem.kind.loses_content());
    if let Some(Problem { kind, span, .. }) = problem.filter(|_| !is_text()) {
        let (name, place) = (document.name(), document.position(span.start));
        let missing = "what is missing is not known";
        anstream::eprintln!("meshlint: {name}:{}:{}: {kind}; {missing}", place.line, place.column);
    }
    document
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Document, Refusal> {
    if path.is_dir() {
        return Err(format!("{0} is a folder; name a file, or --bundle {0} and a pod", path.display()).into());
    }
    if path.as_os_str() != "-" && input::archive_kind(path).is_some() {
        return Err(format!("{0} is an archive; name --bundle {0} and a pod", path.display()).into());
    }
    let found = discover(&[path.to_path_buf()]);
    if let Some((name, reason)) = found.unreadable.first() {
        return Err(Refusal::unreadable(format!("cannot read {name}: {reason}")));
    }
    let [candidate] = &found.candidates[..] else {
        return Err(format!("{} is no file", path.display()).into());
    };
    let cannot = |reason| Refusal::unreadable(format!("cannot read {}: {reason}", candidate.name));
    Ok(with_warning(Document::read(candidate.name.as_str(), input::open(candidate).map_err(cannot)?)))
}

/// Reads the resources of files, folders and bundles, as kustomizations among them arrange them.
pub(super) fn resources(paths: &[PathBuf]) -> Result<Vec<Document>, Refusal> {
    let found = discover(paths);
    if let Some((name, reason)) = found.unreadable.first() {
        return Err(Refusal::unreadable(format!("cannot read {name}: {reason}")));
    }
    let mut documents = Vec::new();
    for candidate in found.candidates {
        if input::archive_kind(&candidate.path).is_some() && !candidate.is_stdin() {
            documents.extend(of_archive(&candidate.path)?);
        } else if candidate.place().is_none_or(|place| place.role == Role::Manifests) {
            let cannot = |reason| Refusal::unreadable(format!("cannot read {}: {reason}", candidate.name));
            documents
                .push(with_warning(Document::read(candidate.name.as_str(), input::open(&candidate).map_err(cannot)?)));
        }
    }
    kube::arrange(&mut documents);
    Ok(documents)
}

/// The resources of an archive: of a bundle those of the cluster, of any other the files that may hold some.
fn of_archive(path: &Path) -> Result<Vec<Document>, Refusal> {
    let bundle = Bundle::open(path).map_err(Refusal::unreadable)?;
    let (files, _) = bundle.take(&mut |place, path| match place.role {
        Role::Manifests => true,
        Role::Unknown => input::looks_like_ours(path, &[]),
        _ => false,
    });
    Ok(files.into_iter().filter_map(taken).collect())
}

/// The document in a file of a bundle, if that can be read.
pub(super) fn taken(file: Taken) -> Option<Document> {
    Some(with_warning(Document::read(file.name, file.text.ok()?)))
}

/// Prints a result.
pub(super) fn write(text: &str) -> Result<Outcome, Refusal> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}").into()),
        _ => Ok(Outcome::Clean),
    }
}

/// Reads a time of the command line.
pub(super) fn parse_time(text: &str) -> Result<i64, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| error.to_string())?;
    Ok(time.unix_timestamp())
}

/// Seconds since 1970.
pub(super) fn today() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}
