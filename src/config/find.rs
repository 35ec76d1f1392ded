//! Where the configuration is.

use std::path::{Path, PathBuf};

use super::NAME;

/// How people call it as well; it counts where there is none of the proper name.
const OTHER_NAME: &str = ".meshlint.yml";

/// The repository that holds a path: the folder with `.git` in or above it.
pub fn repository_of(path: &Path) -> Option<PathBuf> {
    let path = std::fs::canonicalize(path).ok()?;
    path.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

/// The configuration for what is checked: at the root of the repository that holds the first of the
/// inputs; of none, in the current folder. A file within the inputs does not count: what is checked
/// has no say in how.
pub fn find(inputs: &[PathBuf]) -> Option<PathBuf> {
    let here = || std::env::current_dir().ok();
    let first = inputs.iter().find(|path| path.exists()).cloned().or_else(here)?;
    let folder = repository_of(&first).or_else(here)?;
    [NAME, OTHER_NAME].into_iter().map(|name| folder.join(name)).find(|file| file.is_file())
}
