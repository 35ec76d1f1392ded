//! What a rule reports: a [`Draft`] that points at nodes, and the [`Finding`] that is made of it
//! once nothing of the document is needed any more.

mod cause;
mod draft;
mod excerpt;
mod fingerprint;
mod group;
mod level;
mod pinned;
mod redact;
mod resolve;
mod suppression;

pub use cause::{Cause, Symptom};
pub use draft::{Draft, Findings, Place, Skip, Subject};
pub use excerpt::{Excerpt, Mark};
pub use group::{Seen, group};
pub use level::{Confidence, Family, Meta, Severity};
pub use pinned::Pinned;
pub(crate) use redact::Redaction;
pub use resolve::{Finding, Location, Related, resolve};
pub use suppression::Suppression;
