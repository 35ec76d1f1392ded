//! Istio's resources as views on nodes.
//!
//! Field names and their meaning: <https://istio.io/latest/docs/reference/config/>.

mod destination_rule;
mod gateway;
mod matching;
mod policy;
mod service_entry;
mod sidecar;
mod virtual_service;

pub use destination_rule::{DestinationRule, Subset, TlsMode};
pub use gateway::{Gateway, Server, ServerTls};
pub use matching::{StringMatch, StringMatchKind};
pub use policy::{AuthorizationPolicy, PeerAuthentication};
pub use service_entry::{EntryPort, ServiceEntry, WorkloadEntry};
pub use sidecar::{Egress, Sidecar};
pub use virtual_service::{Destination, HttpMatch, HttpRoute, VirtualService};

/// Group of VirtualService, DestinationRule, Gateway, ServiceEntry, Sidecar, ….
pub const NETWORKING: &str = "networking.istio.io";
/// Group of AuthorizationPolicy, PeerAuthentication, RequestAuthentication.
pub const SECURITY: &str = "security.istio.io";
