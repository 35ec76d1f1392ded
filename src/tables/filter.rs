//! What to show of a section.

use super::look::Look;

/// The flags of `proxy-config`; each section looks at its own. Empty text and zero mean any.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Clusters: part of the name.
    pub fqdn: String,
    /// Clusters: part of the name.
    pub direction: String,
    /// Clusters: part of the name.
    pub subset: String,
    /// Clusters, listeners and endpoints: the port.
    pub port: u64,
    /// Listeners and endpoints: the address.
    pub address: String,
    /// Listeners: HTTP, TCP, HTTP+TCP or UNKNOWN.
    pub kind: String,
    /// Routes: the name of the table.
    pub name: String,
    /// Endpoints: the name of the cluster.
    pub cluster: String,
    /// Endpoints: the health.
    pub status: String,
    /// Listeners and routes: a row for each match.
    pub verbose: bool,
    /// Listeners: as the chains of a waypoint.
    pub waypoint: bool,
    /// All: a heading above each section.
    pub with_headers: bool,
    /// Secrets: the seconds since 1970 at which certificates are judged.
    pub now: i64,
    /// How tables look.
    pub look: Look,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            fqdn: String::new(),
            direction: String::new(),
            subset: String::new(),
            port: 0,
            address: String::new(),
            kind: String::new(),
            name: String::new(),
            cluster: String::new(),
            status: String::new(),
            verbose: true,
            waypoint: false,
            with_headers: false,
            now: 0,
            look: Look::default(),
        }
    }
}

/// Whether `wanted` is empty or the same as `text`, whatever the case.
pub(super) fn is(wanted: &str, text: &str) -> bool {
    wanted.is_empty() || wanted.eq_ignore_ascii_case(text)
}
