//! Envoy's configuration as views on nodes: config dumps and the resources in them.
//!
//! Field names are those of the v3 API (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/api>);
//! the views also read camelCase, v2, and what Go tools print.

mod awaited;
mod cluster;
mod dump;
mod form;
mod hosts;
mod listener;
mod origin;
mod references;
mod refusal;
mod registry;
mod route;
mod route_match;
mod secret;
mod services;
mod string_match;
mod xds_any;

pub use awaited::{Awaited, AwaitedKind};
pub use cluster::{Cluster, ClusterKind, LoadAssignment};
pub(crate) use dump::dynamic_entry;
pub use dump::{
    ClusterEntry, Dump, ErrorState, ListenerEntry, ListenerState, ManagerEntry, ResourceState, RouteConfigEntry,
    SecretEntry,
};
pub use form::{Form, dumps, form_of, looks_like_dump};
pub use hosts::{Callers, HostClusters};
pub use listener::{ConnectionManager, FilterChain, Listener, RouteSource, TcpProxy};
pub use origin::{IstioMetadata, Origin, origin_of_path};
pub use references::{ClusterName, Lead, Reference, ReferencePlace};
pub use refusal::Refusal;
pub use registry::{BLACK_HOLE, Registry};
pub use route::{ClusterReference, PathMatch, ReferenceKind, Route, RouteAction, RouteConfiguration, VirtualHost};
pub use route_match::{
    ConditionKind, Fraction, HeaderMatch, MetadataMatch, RouteCondition, RouteMatch, ValueTest, header_input,
};
pub use secret::Secret;
pub use services::Service;
pub use string_match::{StringMatch, StringMatchKind};
pub use xds_any::{type_name, typed_config};
