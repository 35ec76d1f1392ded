//! Who may call a workload: the RBAC filters of a proxy, and the policies that they are made of.
//!
//! [`Filters`] are read from a dump, or made of AuthorizationPolicies as istiod makes them
//! ([`policies`]); [`Filters::decide`] applies them as Envoy does.

mod check;
mod extension;
mod filters;
mod matcher;
mod metadata;
mod path;
pub mod policies;

mod rbac;
mod request;

pub use check::check;
pub use filters::{Filters, generated};
pub use rbac::{Decision, Evaluator};
pub use request::Request;
