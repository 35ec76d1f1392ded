//! Finding, opening and recognising what the user named.

mod text;

pub use text::Text;
