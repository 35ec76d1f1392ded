//! Access control by itself: what the RBAC filters of a chain decide, without the rest of Envoy.

use std::net::IpAddr;

use crate::document::Node;
use crate::envoy::ConnectionManager;

use super::conditions::Subject;
use super::headers::Headers;
use super::manager::Manager;
use super::normalize::normalize;
use super::rbac::{self, Access, Verdict};
use super::request::Request;
use super::version::Rules;

/// The prefix of the notes that istiod's filters for external authorizers leave.
const EXTERNAL: &str = "istio_ext_authz_";

/// RBAC filters in their order, and what stands before them.
#[derive(Clone, Debug)]
pub struct AccessControl<'d> {
    manager: Manager<'d>,
    rules: Rules<'d>,
    is_http: bool,
    filters: Vec<Node<'d>>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling<'d> {
    /// It goes through: the first policy that allows it, if it takes one.
    Allowed(Option<Node<'d>>),
    /// It is denied, by a policy or because none allows it; the text that Envoy logs.
    Denied(Option<Node<'d>>, String),
    /// An external authorizer decides: the policy that has it asked.
    Asked(Node<'d>),
    /// The configuration does not tell: the condition that decides.
    Unknown(Node<'d>),
    /// The connection manager turns it away before: the text that Envoy logs.
    Refused(&'static str),
}

impl<'d> AccessControl<'d> {
    /// Filters of requests; they see paths and headers as the connection manager leaves them.
    pub fn of_requests(manager: ConnectionManager<'d>, filters: Vec<Node<'d>>, rules: Rules<'d>) -> Self {
        Self { manager: Manager::of(manager, &rules), rules, is_http: true, filters }
    }

    /// Filters of requests behind a connection manager as istiod makes it.
    pub fn of_istio(filters: Vec<Node<'d>>, rules: Rules<'d>) -> Self {
        let mut manager = Manager::standing_alone(&rules);
        manager.normalizes_path = true;
        Self { manager, rules, is_http: true, filters }
    }

    /// Filters of bare connections.
    pub fn of_connections(filters: Vec<Node<'d>>, rules: Rules<'d>) -> Self {
        Self { manager: Manager::standing_alone(&rules), rules, is_http: false, filters }
    }

    /// Asks filter by filter; the first refusal counts. `remote` is the client's address where
    /// somebody knows better than `x-forwarded-for`.
    pub fn decide(&self, request: &Request, remote: Option<IpAddr>) -> Ruling<'d> {
        // A connection has no headers and no path.
        let (headers, path) = match self.is_http {
            false => (Headers::default(), None),
            true => match normalize(request, &self.manager) {
                Err(refused) => return Ruling::Refused(refused.details),
                Ok(normal) => {
                    let headers = Headers::of(request, normal.authority, normal.path, &self.manager);
                    let path = headers.path_only().map(str::to_owned);
                    (headers, path)
                }
            },
        };
        let subject = Subject { request, headers, path };
        self.ask(Access { subject: &subject, manager: &self.manager, rules: &self.rules, remote })
    }

    fn ask(&self, access: Access<'_, '_, 'd>) -> Ruling<'d> {
        let mut allowed_by = None;
        for filter in &self.filters {
            if let Some(ruling) = asked(*filter, access) {
                return ruling;
            }
            match rbac::decide(*filter, access) {
                Verdict::Allowed(policy) => allowed_by = allowed_by.or(policy.filter(|_| !rbac::is_log(*filter))),
                Verdict::Denied(policy) => return Ruling::Denied(policy, rbac::denial(policy)),
                Verdict::Unknown(node) => return Ruling::Unknown(node),
            }
        }
        Ruling::Allowed(allowed_by)
    }
}

/// What an external authorizer decides cannot be decided here.
fn asked<'d>(filter: Node<'d>, access: Access<'_, '_, 'd>) -> Option<Ruling<'d>> {
    let prefix = filter.field("shadow_rules_stat_prefix").and_then(Node::text);
    let rules = filter.field("shadow_rules").filter(|_| prefix == Some(EXTERNAL))?;
    match rbac::first_policy(rules, access) {
        Ok(policy) => policy.map(Ruling::Asked),
        Err(unknown) => Some(Ruling::Unknown(unknown)),
    }
}
