//! Who may call a workload: the RBAC filters of a proxy, and the policies that they are made of.
//!
//! [`Filters`] are read from a dump, or made of AuthorizationPolicies as istiod makes them
//! ([`policies`]); [`Filters::decide`] applies them as Envoy does, by [`crate::simulate`].

mod check;
mod decision;
mod extension;
mod filters;
pub mod policies;
mod request;

pub use check::check;
pub use decision::Decision;
pub use filters::{Filters, generated};
pub use request::Request;
