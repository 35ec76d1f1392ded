//! Finding, opening and recognising what the user named.

mod discover;
mod open;
mod text;

pub use discover::{Candidate, Discovery, discover};
pub use open::open;
pub use text::Text;
