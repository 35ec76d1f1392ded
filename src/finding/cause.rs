//! What a proxy's configuration shows, and what it was made of.

use crate::document::Span;
use crate::kube::ObjectId;

use super::{Location, Meta, Severity};

/// What a proxy shows of a fault that lies in the manifests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Symptom {
    /// A route leads to a cluster of this name, and there is none.
    MissingCluster(String),
    /// The cluster of this name has no endpoints.
    EmptyCluster(String),
}

/// The manifest object behind a finding about a proxy.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The object.
    pub object: ObjectId,
    /// The place in it.
    pub location: Location,
    /// JSON pointer to it within the object.
    pub path: String,
    /// Where something was found there, in bytes.
    pub found_at: Option<Span>,
    /// What was found there, if anything was.
    pub finding: Option<(&'static Meta, Severity)>,
}
