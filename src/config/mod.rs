//! `.meshlint.yaml`: what a repository says about how it is to be checked.
//!
//! The file is read with our own reader, so that whatever is wrong with it is shown where it stands.
//! What it may hold is told once, in [`keys`]; the schema, the hints and `config show` follow.

mod find;
mod keys;
mod read;
mod show;

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::engine::Directive;
use crate::finding::Severity;

pub use crate::fault::Fault;
pub use find::{find, repository_of};
pub use keys::schema;
pub(crate) use read::paths_matching;
pub use read::{parse, read, rule_folders};
pub use show::show;

/// The name of the file.
pub const NAME: &str = ".meshlint.yaml";

/// What the file says; nothing where there is none.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file.
    pub file: Option<PathBuf>,
    /// The folder that its paths are relative to.
    pub root: PathBuf,
    /// The rules that run; all if there are none.
    pub select: Vec<String>,
    /// The rules that do not.
    pub off: Vec<&'static str>,
    /// Severities other than the rules' own.
    pub severities: FxHashMap<&'static str, Severity>,
    /// What is not to be reported.
    pub ignores: Vec<Directive>,
    /// Files that are passed over where folders are searched.
    pub exclude: Vec<String>,
    /// `fail-on`.
    pub fail_on: Option<Severity>,
    /// `min-severity`.
    pub min_severity: Option<Severity>,
    /// `complete`.
    pub complete: Vec<String>,
    /// `namespace`.
    pub namespace: Option<String>,
    /// `mesh-config`.
    pub mesh_config: Option<PathBuf>,
    /// `cluster-domain`.
    pub cluster_domain: Option<String>,
    /// `root-namespace`.
    pub root_namespace: Option<String>,
    /// `istio-version`.
    pub istio_version: Option<String>,
    /// `baseline`.
    pub baseline: Option<PathBuf>,
    /// What was written, as JSON, and in which line.
    written: FxHashMap<&'static str, (String, u32)>,
}

impl Config {
    /// Whether these inputs are all that the file is for, so that what it suppresses must be there.
    pub fn is_covered_by(&self, paths: &[PathBuf]) -> bool {
        let covers = |path: &PathBuf| std::fs::canonicalize(path).is_ok_and(|path| self.root.starts_with(path));
        self.file.is_some() && paths.iter().any(covers)
    }

    /// A path that the file names.
    fn resolve(&self, path: &str) -> PathBuf {
        // An absolute path stays what it is.
        self.root.join(Path::new(path))
    }
}
