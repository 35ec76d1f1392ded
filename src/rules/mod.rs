//! The rules. One file each, found by the build script: `src/rules/<family>/<rule_id>.rs`, or
//! `rules/<rule-id>.yaml` for those that are declared.
//!
//! A rule file has its manual as its module documentation and a constant `RULE`. Registration and
//! documentation follow from the file being there.

mod context;
mod describe;
mod manual;
mod own;
mod proxies;
mod registry;

use crate::declaration::Declaration;
use crate::document::Document;
use crate::envoy::Dump;
use crate::finding::{Findings, Meta, Suppression};
use crate::mesh::PreparedVirtualService;

pub use context::{Context, Effects, Layer4Effects, Outcome};
pub use manual::{Manual, first_sentence};
pub use own::load;
pub use proxies::{Proxy, Registry};
pub use registry::{all, declarations, file_of, find, manual};

/// A rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// What identifies it.
    pub meta: &'static Meta,
    /// What it looks at.
    pub checks: &'static [Check],
}

/// A function of a rule, by what it looks at.
#[derive(Clone, Copy)]
pub enum Check {
    /// Each text.
    Document(for<'d> fn(&'d Document, &mut Findings<'d>)),
    /// Each proxy's configuration.
    Dump(for<'d> fn(&Dump<'d>, &mut Findings<'d>)),
    /// Each VirtualService.
    VirtualService(for<'m, 'd> fn(&Context<'m, 'd>, &'m PreparedVirtualService<'d>, &mut Findings<'d>)),
    /// All manifests together.
    Mesh(for<'m, 'd> fn(&Context<'m, 'd>, &mut Findings<'d>)),
    /// Each suppression that suppresses nothing.
    Suppression(fn(&Suppression, &mut Findings<'_>)),
    /// What a rule file declares.
    Declared(&'static Declaration),
}

/// What every rule file needs.
mod prelude {
    pub(super) use super::{Check, Context, Rule, describe};
    pub(super) use crate::finding::{Confidence, Draft, Family, Findings, Meta, Severity};
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));
