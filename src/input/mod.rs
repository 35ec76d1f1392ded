//! Finding, opening and recognising what the user named.

mod archive;
mod buffer;
mod bundle;
mod discover;
mod layout;
mod open;
mod text;

pub use archive::{ArchiveKind, Member, Sink, read_archive, read_archive_text};
pub use buffer::Buffer;
pub use bundle::{Bundle, Taken, member_name};
pub use discover::{Candidate, Discovery, discover, discover_bundle, looks_like_ours};
pub use layout::{Place, Role, root_of};
pub use open::{archive_kind, archive_kind_of, head, inflated, open, read};
pub use text::Text;
