//! Finds the rules: every `src/rules/<family>/<rule_id>.rs` becomes a module, an entry of the
//! registry and, through its documentation, a manual page; every `rules/<rule-id>.yaml` goes into
//! the program. Adding a rule touches no list.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::{env, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let folder = root.join("src/rules");
    println!("cargo::rerun-if-changed=src/rules");
    let mut modules = String::new();
    let mut entries = String::new();
    for family in sorted(&folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = stem(&family);
        println!("cargo::rerun-if-changed={}", family.display());
        let rules: Vec<_> =
            sorted(&family)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = writeln!(modules, "mod {name} {{\n    use super::prelude;");
        for rule in rules {
            println!("cargo::rerun-if-changed={}", rule.display());
            let id = stem(&rule);
            let _ = writeln!(modules, "    #[path = {:?}]\n    pub(super) mod {id};", rule.display().to_string());
            let _ = writeln!(entries, "    (&{name}::{id}::RULE, {:?}),", manual(&rule)?);
        }
        modules.push_str("}\n");
    }
    let declared = declared(&root.join("rules"))?;
    let registry = format!(
        "{modules}\nstatic BUILT_IN: &[(&Rule, &str)] = &[\n{entries}];\n\
         static DECLARED: &[(&str, &str)] = &[\n{declared}];\n"
    );
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("registry.rs"), registry)
}

/// The declarative rules with the names of their files.
fn declared(folder: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut entries = String::new();
    for file in sorted(folder)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "yaml")) {
        let name = format!("rules/{}.yaml", stem(&file));
        let _ = writeln!(entries, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    Ok(entries)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The module documentation at the top of a rule file.
fn manual(path: &Path) -> io::Result<String> {
    let source = fs::read_to_string(path)?;
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    Ok(lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n"))
}
