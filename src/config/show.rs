//! `meshlint config show`: what holds, and who says so.

use std::fmt::Write as _;

use super::keys::KEYS;
use super::{Config, NAME};

/// The configuration as YAML, each key with where it comes from.
pub fn show(config: &Config) -> String {
    let mut text = match &config.file {
        Some(file) => format!("# {}\n", file.display()),
        None => format!("# no {NAME}: these are the defaults\n"),
    };
    for key in KEYS.iter().filter(|key| key.name != "$schema") {
        let _ = match config.written.get(key.name) {
            Some((value, line)) => writeln!(text, "{}: {value}  # line {line}", key.name),
            None if key.default == "none" => writeln!(text, "# {}:  # not set", key.name),
            None => writeln!(text, "{}: {}  # default", key.name, key.default),
        };
    }
    text
}
