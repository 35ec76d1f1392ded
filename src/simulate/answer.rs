//! What Envoy would do with a request.

use crate::document::Node;
use crate::envoy::{FilterChain, Listener, Route, RouteConfiguration, VirtualHost};

use super::action::{ClusterShare, action_name};
use super::filter_chain::Criterion;
use super::filters::FilterNote;
use super::listeners::Entrance;
use super::table::Doubt;

/// What Envoy would do with a request.
#[derive(Clone, Debug, Default)]
pub struct Answer<'d> {
    /// The listener that takes the connection.
    pub listener: Option<(Listener<'d>, Entrance)>,
    /// The filter chain, its place among the chains (none for the default chain).
    pub filter_chain: Option<(FilterChain<'d>, Option<usize>)>,
    /// Other chains, and the criterion at which each fell out.
    pub lost_chains: Vec<(usize, Criterion)>,
    /// Chains with the same right as the one that was chosen: Envoy picks differently from start to start.
    pub rival_chains: Vec<usize>,
    /// The route configuration.
    pub route_config: Option<RouteConfiguration<'d>>,
    /// The virtual host and its place.
    pub virtual_host: Option<(usize, VirtualHost<'d>)>,
    /// The route and its place (none where a matcher tree chose it).
    pub route: Option<(Option<usize>, Route<'d>)>,
    /// Whether the virtual host sends the client to HTTPS.
    pub requires_tls: bool,
    /// The clusters that the request may go to.
    pub clusters: Vec<ClusterShare<'d>>,
    /// What filters do.
    pub filters: Vec<FilterNote<'d>>,
    /// Conditions that the configuration does not decide.
    pub doubts: Vec<Doubt<'d>>,
    /// The status; nothing where the connection is closed, or carries no HTTP.
    pub status: Option<u16>,
    /// The response flag in the form of access logs; `-` for none.
    pub flags: &'static str,
    /// `response_code_details`, or the reason why a connection is closed.
    pub details: String,
    /// The `Location` that the client is sent to.
    pub location: Option<String>,
    /// The path as the routes saw it.
    pub path: Option<String>,
    /// The host as the virtual hosts saw it.
    pub authority: Option<String>,
    /// The path after a rewrite, where there is one.
    pub rewritten_path: Option<String>,
    /// The host after a rewrite, where there is one.
    pub rewritten_host: Option<String>,
    /// Whether the chain carries no HTTP: a TCP proxy takes the connection.
    pub is_tcp: bool,
    /// The name of a route configuration that the dump does not hold.
    pub missing_route_config: Option<&'d str>,
    /// The network filter that closes the connection.
    pub closed_by: Option<Node<'d>>,
}

impl Answer<'_> {
    /// The field of the route's action.
    pub fn action(&self) -> Option<&'static str> {
        match self.route {
            Some((_, route)) => Some(action_name(route)),
            None if self.requires_tls => Some("redirect"),
            None => None,
        }
    }

    /// Whether access control or a fault answers, and nothing is asked behind it.
    pub fn is_answered_by_filter(&self) -> bool {
        self.details == "fault_filter_abort" || self.details.starts_with("rbac_access_denied")
    }

    pub(super) fn end(&mut self, status: u16, flags: &'static str, details: impl Into<String>) {
        self.status = Some(status);
        self.flags = flags;
        self.details = details.into();
    }

    pub(super) fn close(&mut self, flags: &'static str, details: impl Into<String>) {
        self.status = None;
        self.flags = flags;
        self.details = details.into();
    }
}
