//! The user's own declarative rules: `--rules DIR`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::declaration::{self, Declaration};
use crate::document::Document;
use crate::fault::{Fault, rendered};
use crate::input::Text;

use super::registry::{self, Declared};

/// The most bytes that a rule file has.
const LARGEST: u64 = 1 << 20;
/// The most files that are read.
const MOST_FILES: usize = 10_000;
/// How deep folders lie in folders.
const DEEPEST: usize = 16;

/// Reads the rules in files and folders and adds them to those in the program. Gives back the ids.
///
/// # Errors
/// All that is wrong with them, where it stands.
pub fn load(paths: &[PathBuf]) -> Result<Vec<&'static str>, String> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, 0, &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut own: Vec<Declared> = Vec::new();
    let mut ids = Vec::new();
    let mut wrong = Vec::new();
    for path in &files {
        match read(path, &own) {
            Ok(Some(declared)) => {
                ids.push(declared.declaration.meta.id);
                own.push(declared);
            }
            Ok(None) => ids.extend(shipped_as(path)),
            Err(words) => wrong.push(words),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n\n"));
    }
    if !own.is_empty() {
        registry::add(own)?;
    }
    Ok(ids)
}

/// The YAML files in a folder, or the file. Links to folders are not followed: they may lead back.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let shown = path.display();
    let metadata = fs::metadata(path).map_err(|error| format!("cannot read the rules {shown}: {error}"))?;
    if metadata.is_file() {
        files.push(path.to_owned());
    } else if metadata.is_dir() {
        if depth > DEEPEST {
            return Err(format!("cannot read the rules {shown}: folders lie more than {DEEPEST} deep"));
        }
        let entries = fs::read_dir(path).map_err(|error| format!("cannot read the rules {shown}: {error}"))?;
        for entry in entries.flatten().filter(is_relevant) {
            collect(&entry.path(), depth + 1, files)?;
        }
    } else {
        return Err(format!("cannot read the rules {shown}: this is neither a file nor a folder"));
    }
    match files.len() > MOST_FILES {
        true => Err(format!("cannot read the rules {shown}: there are more than {MOST_FILES} files")),
        false => Ok(()),
    }
}

fn is_relevant(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    if name.to_string_lossy().starts_with('.') {
        return false;
    }
    if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
        return true;
    }
    let path = entry.path();
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") && path.is_file()
}

/// Reads one file. One that is in the program as it stands is nothing new.
fn read(path: &Path, own: &[Declared]) -> Result<Option<Declared>, String> {
    let shown = path.display().to_string();
    let text = text_of(path).map_err(|reason| format!("cannot read the rule {shown}: {reason}"))?;
    if registry::shipped().iter().any(|shipped| *shipped.file.bytes() == *text.as_bytes()) {
        return Ok(None);
    }
    let file: &'static Document = Box::leak(Box::new(Document::read(shown, Text::from(text.into_bytes()))));
    let declaration = declaration::read(file).and_then(|declaration| match clash(&declaration, own) {
        Some(fault) => Err(vec![fault]),
        None => Ok(declaration),
    });
    match declaration {
        Ok(declaration) => Ok(Some(Declared { declaration: Box::leak(Box::new(declaration)), file, is_own: true })),
        Err(faults) => Err(format!("the rule {} cannot be used\n\n{}", file.name(), rendered(file, &faults))),
    }
}

fn shipped_as(path: &Path) -> Option<&'static str> {
    let text = fs::read(path).ok()?;
    let shipped = registry::shipped().iter().find(|shipped| shipped.file.bytes() == text)?;
    Some(shipped.declaration.meta.id)
}

fn text_of(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("it has {size} bytes; a rule has {LARGEST} at most"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".to_owned())
}

/// Another rule of the same name.
fn clash(declaration: &Declaration, own: &[Declared]) -> Option<Fault> {
    let id = declaration.meta.id;
    let message = format!("there is a rule `{id}` already");
    if let Some(other) = own.iter().find(|other| other.declaration.meta.id == id) {
        let help = format!("it is declared in {}", other.file.name());
        return Some(Fault::new(declaration.id_span, message).help(Some(help)));
    }
    // Who names the other rule must not mean this one as well.
    let is_rule =
        |name: &&&str| registry::is_taken(name) || own.iter().any(|other| other.declaration.meta.id == **name);
    if let Some(alias) = declaration.meta.aliases.iter().find(is_rule) {
        return Some(Fault::new(declaration.id_span, format!("its alias `{alias}` is the id of another rule")));
    }
    let help = "it comes with meshlint; give yours another name".to_owned();
    registry::is_taken(id).then(|| Fault::new(declaration.id_span, message).help(Some(help)))
}
