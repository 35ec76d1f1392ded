//! What several test programs need: the real binary, and the material that lies beside the project.

#![allow(dead_code)] // no test program uses all of it

pub(crate) mod packing;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of the binary left behind.
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// The report of `--format json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {:?}, stderr {:?}", self.out, self.err))
    }

    /// The findings of `--format json`.
    pub(crate) fn findings(&self) -> Vec<Value> {
        self.json()["findings"].as_array().unwrap().clone()
    }
}

/// The binary in a surrounding that nothing of the machine's own gets into.
pub(crate) fn meshlint() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshlint"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "CI", "TERM"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command with this as its standard input.
pub(crate) fn run_with(mut command: Command, input: &[u8]) -> Ran {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // A program that refuses its arguments reads nothing: the pipe is closed then.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("{command:?} was killed: {:?}", output.status));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the binary.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    let mut command = meshlint();
    command.args(arguments);
    run_with(command, b"")
}

/// A folder of the material beside the project; says so where it is not there, because a test that
/// is passed over in silence looks like one that passed.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if !path.is_dir() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

/// The folders in a folder, sorted.
pub(crate) fn folders(path: &Path) -> Vec<PathBuf> {
    sorted(path, Path::is_dir)
}

/// The files in a folder whose names end so, sorted.
pub(crate) fn files(path: &Path, ending: &str) -> Vec<PathBuf> {
    sorted(path, |path| path.is_file() && path.to_string_lossy().ends_with(ending))
}

/// Every file below a folder, folder by folder.
pub(crate) fn everything_in(folder: &Path) -> Vec<PathBuf> {
    let below = folders(folder).into_iter().flat_map(|inner| everything_in(&inner));
    files(folder, "").into_iter().chain(below).collect()
}

fn sorted(path: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut paths: Vec<PathBuf> = entries.unwrap_or_default();
    paths.retain(|path| wanted(path));
    paths.sort();
    paths
}
