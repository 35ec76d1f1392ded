//! From the paths on the command line to files.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// The path that stands for standard input.
pub(super) const STDIN: &str = "-";

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
}

impl Candidate {
    /// What it is applied together with: the files of one folder, or all that the user named.
    pub fn unit(&self) -> Option<&Path> {
        self.path.parent().filter(|_| !self.is_named)
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
            });
            continue;
        }
        match fs::metadata(path) {
            Err(error) => found.unreadable.push((display(path), reason(&error))),
            Ok(metadata) if metadata.is_dir() => search(path, &mut found),
            Ok(metadata) => found.candidates.push(Candidate {
                path: path.clone(),
                name: display(path),
                size: metadata.len(),
                is_named: true,
            }),
        }
    }
    let mut seen = rustc_hash::FxHashSet::default();
    found.candidates.retain(|candidate| seen.insert(candidate.path.clone()));
    found
}

fn search(folder: &Path, found: &mut Discovery) {
    let walk = WalkBuilder::new(folder).sort_by_file_path(Path::cmp).build();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.unreadable.push((display(folder), error.to_string()));
                continue;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let path = entry.into_path();
        let size = fs::metadata(&path).map_or(0, |m| m.len());
        if has_known_name(&path) || starts_like_ours(&path) {
            found.candidates.push(Candidate { name: display(&path), path, size, is_named: false });
        } else {
            found.skipped += 1;
        }
    }
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
    let head = head.get(..length).unwrap_or_default();
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
