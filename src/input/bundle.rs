//! Taking single files out of a bundle: a folder or an archive with what was saved of many pods.

use std::path::{Path, PathBuf};

use super::archive::{ArchiveKind, Member, Sink, read_archive};
use super::{Candidate, Place, Text, archive_kind, discover_bundle, inflated, open};

/// A bundle.
#[derive(Debug)]
pub struct Bundle {
    /// How it is called: as the user wrote it.
    pub name: String,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Folder(Vec<Candidate>),
    Archive(PathBuf, ArchiveKind),
}

/// A file that was taken out.
#[derive(Debug)]
pub struct Taken {
    /// How it is called: the path of the bundle, and that within it.
    pub name: String,
    /// The path that it was wanted by.
    pub path: String,
    /// What its path within the bundle says.
    pub place: Place,
    /// Its text, or why it cannot be read.
    pub text: Result<Text, String>,
}

/// Decides by a path whether a file is taken. It is asked about every file once.
type Wants<'w> = &'w mut dyn FnMut(&Place, &str) -> bool;

impl Bundle {
    /// Opens a bundle. Nothing in it is read yet.
    ///
    /// # Errors
    /// One line on why it is none.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        if path.is_dir() {
            return Ok(Self { name, form: Form::Folder(discover_bundle(path).candidates) });
        }
        if let Err(error) = std::fs::metadata(path) {
            return Err(format!("cannot read {name}: {error}"));
        }
        let kind = archive_kind(path).ok_or_else(|| format!("{name} is no folder and no archive"))?;
        Ok(Self { name, form: Form::Archive(path.to_owned(), kind) })
    }

    /// Takes files out. Of a folder no other file is opened, and an archive is passed once; why not
    /// all of it could be passed is the other part of the result.
    pub fn take(&self, wants: Wants<'_>) -> (Vec<Taken>, Option<String>) {
        match &self.form {
            Form::Folder(candidates) => (of_folder(candidates, wants), None),
            Form::Archive(path, kind) => self.of_archive(path, *kind, wants),
        }
    }

    fn of_archive(&self, path: &Path, kind: ArchiveKind, wants: Wants<'_>) -> (Vec<Taken>, Option<String>) {
        let mut taking = Taking { archive: &self.name, wants, wanted: Vec::new(), taken: Vec::new() };
        let mut of_archive = None;
        for (member, reason) in read_archive(path, kind, &mut taking) {
            match member {
                Some(path) if taking.wanted.contains(&path) => {
                    let (name, place) = (member_name(&self.name, &path), Place::of(&path));
                    taking.taken.push(Taken { name, path, place, text: Err(reason) });
                }
                Some(_) => {} // nobody's concern here
                None => of_archive = of_archive.or(Some(reason)),
            }
        }
        (taking.taken, of_archive)
    }
}

fn of_folder(candidates: &[Candidate], wants: Wants<'_>) -> Vec<Taken> {
    let placed = candidates.iter().map(|candidate| (candidate, candidate.place().unwrap_or(Place::UNKNOWN)));
    let wanted = placed.filter(|(candidate, place)| wants(place, &candidate.name));
    let name = |candidate: &Candidate| candidate.name.clone();
    let taken = wanted.map(|(file, place)| Taken { name: name(file), path: name(file), place, text: open(file) });
    taken.collect()
}

/// Takes members of an archive.
struct Taking<'w> {
    archive: &'w str,
    wants: Wants<'w>,
    wanted: Vec<String>,
    taken: Vec<Taken>,
}

impl Sink for Taking<'_> {
    fn wants(&mut self, path: &str, _: &[u8]) -> bool {
        let is_wanted = (self.wants)(&Place::of(path), path);
        if is_wanted {
            self.wanted.push(path.to_owned());
        }
        is_wanted
    }

    fn take(&mut self, member: Member) {
        let name = member_name(self.archive, &member.path);
        let text = inflated(Text::from(member.bytes));
        self.taken.push(Taken { name, place: Place::of(&member.path), path: member.path, text });
    }

    fn list(&mut self, _: &str, _: u64, _: u64) {}
}

/// How a member is called: `bug-report.tar.gz!bug-report/proxies/ns/pod/clusters`.
pub fn member_name(archive: &str, path: &str) -> String {
    let printable = |c: char| if c.is_control() { '?' } else { c };
    format!("{archive}!{}", path.chars().map(printable).collect::<String>())
}
