//! What the targets share: the invariants, which the project's own tests check as well on every
//! input that once broke one (`tests/fuzz_findings.rs`).

#[path = "../../tests/invariants/documents.rs"]
pub mod documents;
#[path = "../../tests/invariants/runs.rs"]
pub mod runs;

pub mod choices;
pub mod judgements;
pub mod meshes;
