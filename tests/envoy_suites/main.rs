//! Requests that a real Envoy answered, held against the simulator. Each suite runs in full; it is
//! skipped where its data is not beside the project.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::expect_used, missing_docs)]

mod access;
mod listeners;
mod meshes;
mod router_check;
mod routes;

use std::path::PathBuf;

use meshlint::document::Document;
use meshlint::input::Text;

/// A folder beside the project; nothing, with a line that says so, where it is not there.
fn shared(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MESHLINT_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = folder.join(path);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

fn document(name: &str, text: &str) -> Document {
    Document::read(name, Text::from(text))
}

fn file(path: &std::path::Path) -> Document {
    let bytes = std::fs::read(path).unwrap();
    let mut text = bytes.clone();
    if bytes.starts_with(b"\x1f\x8b") {
        text.clear();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*bytes), &mut text).unwrap();
    }
    Document::read(path.display().to_string(), Text::from(text))
}

/// The files of a folder with an ending, in order.
fn files(folder: &std::path::Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    found.sort();
    found
}

/// Collects disagreements and prints the first few.
#[derive(Default)]
struct Tally {
    asked: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn check(&mut self, agrees: bool, describe: impl FnOnce() -> String) {
        self.asked += 1;
        if !agrees {
            self.wrong.push(describe());
        }
    }

    fn finish(self, suite: &str, unit: &str) {
        println!("{suite}: {} {unit}, {} disagreements", self.asked, self.wrong.len());
        for wrong in self.wrong.iter().take(12) {
            println!("  {}", wrong.chars().take(900).collect::<String>());
        }
        assert!(self.asked > 0, "{suite} asked nothing");
        assert!(self.wrong.is_empty(), "{suite}: {} disagreements", self.wrong.len());
    }
}
