//! Envoy's mind: what a proxy does with a request, by its configuration alone.
//!
//! A [`Simulator`] makes a dump ready once and then answers many requests: the listener, the filter
//! chain, what the connection manager makes of path and host, the virtual host, the filters, the
//! route, its clusters, and the status, flag and details that Envoy would log. It holds to Envoy's
//! semantics, which tests compare with a real Envoy.

mod access;
mod action;
mod address;
mod answer;
mod branch;
mod chain_matcher;
mod cluster;
mod conditions;
mod domains;
mod explain;
mod filter_chain;
mod filters;
mod headers;
mod line;
mod listeners;
mod manager;
mod matcher_tree;
mod metadata;
mod normalize;
mod rbac;
mod reach;
mod request;
mod resolve;
mod rewrite;
mod route_index;
mod scopes;
mod server_name;
mod simulator;
mod table;
mod target;
mod template;
mod text;
mod url;
mod version;

pub use access::{AccessControl, Ruling};
pub use action::{ClusterShare, action_name};
pub use answer::Answer;
pub use branch::Branch;
pub use cluster::{ClusterState, takes_requests};
pub use explain::{Explanation, Hop, explain, route_match as describe_match};
pub use filter_chain::Criterion;
pub use filters::{Effect, FilterNote};
pub use line::Line;
pub use listeners::Entrance;
pub use reach::{Cover, HostReach, Prover, Reach, reach, reach_of, unhandled_path};
pub use request::{Certificate, Chance, Connection, Decisions, Direction, Request, Tls};
pub use resolve::Resolved;
pub use simulator::{Entry, Simulator};
pub use table::Doubt;
pub use url::Url;
pub use version::{EnvoyVersion, Rules, Runtime};
