//! What the shell offers where a value is to be typed
//! (<https://docs.rs/clap_complete/latest/clap_complete/engine/>).

use std::ffi::OsStr;
use std::path::PathBuf;

use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter};

use crate::input::Bundle;
use crate::inventory::pods;

/// Files, or with `--bundle` the pods in it.
pub(super) fn file_or_pod(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(bundle) = bundle_of(std::env::args()) else {
        return PathCompleter::any().complete(typed);
    };
    let typed = typed.to_string_lossy();
    let names = Bundle::open(&bundle).map(|bundle| pods(&bundle)).unwrap_or_default();
    names.into_iter().filter(|name| name.starts_with(&*typed)).map(CompletionCandidate::new).collect()
}

/// The bundle that the line names so far: the engine shows a completer only the word to complete.
fn bundle_of(mut words: impl Iterator<Item = String>) -> Option<PathBuf> {
    let mut found = None;
    while let Some(word) = words.next() {
        match word.strip_prefix("--bundle") {
            Some("") => found = words.next(),
            Some(rest) => found = rest.strip_prefix('=').map(str::to_owned).or(found),
            None => {}
        }
    }
    found.filter(|path| !path.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_found_in_both_spellings() {
        let bundle_of = |line: &str| super::bundle_of(line.split(' ').map(str::to_owned));
        assert_eq!(bundle_of("meshlint pc c --bundle b.tgz w"), Some(PathBuf::from("b.tgz")));
        assert_eq!(bundle_of("meshlint pc c w --bundle=b"), Some(PathBuf::from("b")));
        assert_eq!(bundle_of("meshlint pc c w"), None);
        assert_eq!(bundle_of("meshlint pc c --bundle"), None);
    }
}
