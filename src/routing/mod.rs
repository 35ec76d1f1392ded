//! The algebra of matching: which requests a route takes, and whether others leave it any.
//!
//! VirtualService matches and Envoy routes lower into one [`Condition`]. Here one condition is only
//! held against another (*does it take everything that the other takes?*) and against concrete
//! requests; both answers are exact where they are given, and "no" where nothing is known. Proofs about
//! several conditions together start from these and are found in [`simulate`](crate::simulate).

mod condition;
mod envoy;
mod expression;
mod istio;
mod order;
mod path;
mod request;
mod sample;
mod starts;
mod text;
mod word;

pub use condition::{Atom, Condition, Dimension};
pub(crate) use expression::{Expression, translate};
pub use order::{Earlier, Left};
pub use path::{PathCondition, PathKind};
pub use request::Request;
pub use starts::Starts;
pub use text::TextCondition;
pub(crate) use text::literal_start;
