//! From the paths on the command line to files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::layout::{Place, holds_a_bundle, is_bundle, is_mark};

/// The path that stands for standard input.
const STDIN: &str = "-";

/// A file that may hold something to analyse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is; `-` for standard input.
    pub path: PathBuf,
    /// How it is called in findings: as the user wrote it.
    pub name: String,
    /// Its size in bytes, where that is known.
    pub size: u64,
    /// Whether the user named it, and not just a folder that holds it. Such a file is always read,
    /// and what is wrong with it is always said.
    pub is_named: bool,
    /// The folder of the bug report that holds it.
    pub bundle: Option<PathBuf>,
}

impl Candidate {
    /// What it is applied together with: the files of one folder or of one bug report, or all that
    /// the user named.
    pub fn unit(&self) -> Option<&Path> {
        let folder = || self.path.parent().filter(|_| !self.is_named);
        self.bundle.as_deref().or_else(folder)
    }

    /// The folder or the archive of the bug report that it belongs to or is.
    pub fn bundle_path(&self) -> &Path {
        self.bundle.as_deref().unwrap_or(&self.path)
    }

    /// Whether it is standard input.
    pub fn is_stdin(&self) -> bool {
        self.path.as_os_str() == STDIN
    }

    /// Whether it can be read only once: standard input, or what a shell makes of `<(istioctl …)`.
    pub fn is_stream(&self) -> bool {
        self.is_stdin() || (self.is_named && fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file()))
    }

    /// When it was written, in seconds since 1970; 0 where that is not known.
    pub fn modified(&self) -> u64 {
        let time = fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        let since = time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        since.map_or(0, |since| since.as_secs())
    }

    /// What its path within a bug report says.
    pub fn place(&self) -> Option<Place> {
        let inner = self.path.strip_prefix(self.bundle.as_ref()?).ok()?;
        Some(Place::of(&inner.to_string_lossy()))
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// Files, in a stable order.
    pub candidates: Vec<Candidate>,
    /// Paths that cannot be read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Files in folders that are something else by their name and first bytes.
    pub skipped: usize,
}

/// Finds the files behind `paths`. Folders are searched through, honouring `.gitignore` and leaving
/// out hidden files.
pub fn discover(paths: &[PathBuf]) -> Discovery {
    let mut found = Discovery::default();
    for path in paths {
        if path.as_os_str() == STDIN {
            found.candidates.push(Candidate {
                path: path.clone(),
                name: "<stdin>".to_owned(),
                size: 0,
                is_named: true,
                bundle: None,
            });
            continue;
        }
        match fs::metadata(path) {
            Err(error) => found.unreadable.push((display(path), reason(&error))),
            Ok(metadata) if metadata.is_dir() && is_bundle(path) => search_bundle(path, &mut found),
            Ok(metadata) if metadata.is_dir() => search(path, &mut found),
            Ok(metadata) => found.candidates.push(Candidate {
                path: path.clone(),
                name: display(path),
                size: metadata.len(),
                is_named: true,
                bundle: None,
            }),
        }
    }
    let mut seen = rustc_hash::FxHashSet::default();
    found.candidates.retain(|candidate| seen.insert(candidate.name.clone()));
    found
}

fn search(folder: &Path, found: &mut Discovery) {
    let entries = files(&WalkBuilder::new(folder), folder, found);
    let bundles = bundles_among(entries.iter().map(DirEntry::path), folder);
    for bundle in &bundles {
        search_bundle(bundle, found);
    }
    let is_elsewhere = |entry: &DirEntry| !bundles.iter().any(|bundle| entry.path().starts_with(bundle));
    for entry in entries.into_iter().filter(is_elsewhere) {
        let path = entry.into_path();
        let size = fs::metadata(&path).map_or(0, |m| m.len());
        if has_known_name(&path) || starts_like_ours(&path) {
            found.candidates.push(Candidate { name: display(&path), path, size, is_named: false, bundle: None });
        } else {
            found.skipped += 1;
        }
    }
}

/// The bundles in a folder that is none: those of several clusters, or one beside manifests.
fn bundles_among<'p>(files: impl Iterator<Item = &'p Path>, folder: &Path) -> BTreeSet<PathBuf> {
    let below = |path: &'p Path| path.ancestors().take_while(|ancestor| *ancestor != folder);
    let marks = files.flat_map(below).filter(|path| path.file_name().and_then(OsStr::to_str).is_some_and(is_mark));
    let parents: BTreeSet<&Path> = marks.filter_map(Path::parent).filter(|parent| *parent != folder).collect();
    let mut bundles: BTreeSet<PathBuf> = BTreeSet::new();
    // A folder comes before what is in it.
    for parent in parents {
        if !parent.ancestors().any(|ancestor| bundles.contains(ancestor)) && holds_a_bundle(parent) {
            bundles.insert(parent.to_owned());
        }
    }
    bundles
}

/// The files that a walk through a folder comes by, in order; what cannot be read is noted.
fn files(walk: &WalkBuilder, folder: &Path, found: &mut Discovery) -> Vec<DirEntry> {
    let mut walk = walk.clone();
    let mut files = Vec::new();
    for entry in walk.sort_by_file_path(Path::cmp).build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => files.push(entry),
            Ok(_) => {}
            Err(error) => found.unreadable.push((display(folder), error.to_string())),
        }
    }
    files
}

/// Finds the files of a bundle, which the user says that the folder or the archive is.
pub fn discover_bundle(path: &Path) -> Discovery {
    if !path.is_dir() {
        return discover(&[path.to_owned()]);
    }
    let mut found = Discovery::default();
    search_bundle(path, &mut found);
    found
}

/// Takes every file of a bug report: its layout says which of them are read. Links are not followed.
fn search_bundle(folder: &Path, found: &mut Discovery) {
    for entry in files(WalkBuilder::new(folder).standard_filters(false), folder, found) {
        let size = entry.metadata().map_or(0, |m| m.len());
        let path = entry.into_path();
        let bundle = Some(folder.to_owned());
        found.candidates.push(Candidate { name: display(&path), path, size, is_named: false, bundle });
    }
}

/// Whether a file in an archive or a bug report may hold something to analyse, by its name and its
/// first bytes.
pub fn looks_like_ours(path: &str, head: &[u8]) -> bool {
    has_known_name(Path::new(path)) || begins_like_ours(head)
}

fn has_known_name(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let known = [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
    known || name.starts_with("config_dump")
}

/// Whether the first bytes are those of a manifest or a dump, whatever the file is called.
fn starts_like_ours(path: &Path) -> bool {
    let mut head = [0; 2048];
    let Ok(length) = fs::File::open(path).and_then(|mut file| file.read(&mut head)) else {
        return false;
    };
    begins_like_ours(head.get(..length).unwrap_or_default())
}

fn begins_like_ours(head: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [b"\"configs\"", b"envoy.admin.v", b"\napiVersion: "];
    head.starts_with(b"apiVersion: ") || marks.iter().any(|mark| memchr::memmem::find(head, mark).is_some())
}

fn display(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
