//! What can be expected of the end of a request.

use crate::simulate::{Answer, Branch, ClusterShare, Effect};

/// A property of the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// The status that the client gets.
    Status,
    /// The response flag of access logs.
    Flags,
    /// `response_code_details`, or why the connection is closed.
    Details,
    /// The listener's name.
    Listener,
    /// The filter chain's name.
    FilterChain,
    /// The route configuration's name.
    RouteConfig,
    /// The virtual host's name.
    VirtualHost,
    /// The virtual host's place.
    VirtualHostIndex,
    /// The route's name.
    Route,
    /// The route's place.
    RouteIndex,
    /// The field of the route's action.
    Action,
    /// The cluster that is drawn.
    Cluster,
    /// All clusters of the route with their weights.
    Clusters,
    /// Where a redirect leads to.
    Location,
    /// The path that the upstream gets.
    RewrittenPath,
    /// The host that the upstream gets.
    RewrittenHost,
    /// The policy that denies the request.
    DeniedBy,
    /// The filters that ask somebody outside of the configuration.
    Asks,
}

/// What a property may be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// An HTTP status.
    Status,
    /// A place, from 0.
    Index,
    /// One of these names.
    Name(&'static [&'static str]),
    /// Any text.
    Text,
    /// An object of names and weights.
    Weights,
    /// A list of names.
    Names,
}

const ACTIONS: &[&str] = &["route", "redirect", "direct_response", "non_forwarding_action", "filter_action"];

/// The values of a property: one, or several that belong together.
pub(super) enum Actual {
    One(Option<String>),
    Several(Vec<String>),
}

impl Property {
    /// Every property with its key, what it may be, and what it says.
    pub(super) const ALL: [(Self, &str, Shape, &str); 18] = [
        (Self::Status, "status", Shape::Status, "Status that the client gets; null if the connection is closed"),
        (Self::Flags, "flags", Shape::Text, "Response flag of access logs, such as NR, NC, UH or FI; null for none"),
        (Self::Details, "details", Shape::Text, "response_code_details, such as route_not_found or via_upstream"),
        (Self::Listener, "listener", Shape::Text, "Name of the listener"),
        (Self::FilterChain, "filter_chain", Shape::Text, "Name of the filter chain"),
        (Self::RouteConfig, "route_config", Shape::Text, "Name of the route configuration"),
        (Self::VirtualHost, "virtual_host", Shape::Text, "Name of the virtual host; null for none"),
        (Self::VirtualHostIndex, "virtual_host_index", Shape::Index, "Place of the virtual host, from 0"),
        (Self::Route, "route", Shape::Text, "Name of the route; null for none, or one without a name"),
        (Self::RouteIndex, "route_index", Shape::Index, "Place of the route in its virtual host, from 0"),
        (Self::Action, "action", Shape::Name(ACTIONS), "What the route does; null for no route"),
        (Self::Cluster, "cluster", Shape::Text, "Cluster that the request goes to; null for none"),
        (Self::Clusters, "clusters", Shape::Weights, "All clusters of the route with their weights"),
        (Self::Location, "location", Shape::Text, "Where the client is redirected to; null for no redirect"),
        (Self::RewrittenPath, "rewritten_path", Shape::Text, "Path that the upstream gets; null if it is not changed"),
        (Self::RewrittenHost, "rewritten_host", Shape::Text, "Host that the upstream gets; null if it is not changed"),
        (
            Self::DeniedBy,
            "denied_by",
            Shape::Text,
            "Policy that denies the request: as Envoy logs it, or NAMESPACE/NAME; `none` if no policy allows it, null if it is not denied",
        ),
        (
            Self::Asks,
            "asks",
            Shape::Names,
            "Filters that ask somebody outside of the configuration (ext_authz, lua, …), all of them; [] for none",
        ),
    ];

    /// Its key.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(property, ..)| *property == self).map_or("", |(_, name, ..)| name)
    }

    /// What it is.
    pub(super) fn of(self, branch: &Branch<'_>) -> Actual {
        let answer = &branch.answer;
        let name = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        Actual::One(match self {
            Self::Status => answer.status.map(|status| status.to_string()),
            Self::Flags => name(answer.flags).filter(|flags| flags != "-"),
            Self::Details => name(&answer.details),
            Self::Listener => answer.listener.and_then(|(listener, _)| name(listener.name())),
            Self::FilterChain => answer.filter_chain.and_then(|(chain, _)| name(chain.name())),
            Self::RouteConfig => answer.route_config.and_then(|config| name(config.name())),
            Self::VirtualHost => answer.virtual_host.and_then(|(_, host)| name(host.name())),
            Self::VirtualHostIndex => answer.virtual_host.map(|(place, _)| place.to_string()),
            Self::Route => answer.route.and_then(|(_, route)| name(route.name())),
            Self::RouteIndex => answer.route.and_then(|(place, _)| place).map(|place| place.to_string()),
            Self::Action => answer.action().map(str::to_owned),
            Self::Cluster => cluster(answer),
            Self::Location => answer.location.clone(),
            Self::RewrittenPath => answer.rewritten_path.clone(),
            Self::RewrittenHost => answer.rewritten_host.clone(),
            Self::DeniedBy => denied_by(&answer.details).map(str::to_owned),
            Self::Clusters => return Actual::Several(branch.shares.iter().map(share).collect()),
            Self::Asks => return Actual::Several(asked(answer)),
        })
    }

    /// Whether a value is the one that is written.
    pub(super) fn is_meant(self, written: &str, value: &str) -> bool {
        written == value || (self == Self::DeniedBy && istio_policy(value).is_some_and(|policy| written == policy))
    }
}

/// A cluster and its weight, in a text that is compared.
fn share(share: &ClusterShare<'_>) -> String {
    weighted(&share.name, share.weight)
}

/// A cluster and its weight, in a text that is compared.
pub(super) fn weighted(name: &str, weight: u64) -> String {
    format!("{name}: {weight}")
}

fn cluster(answer: &Answer<'_>) -> Option<String> {
    // Who is denied or aborted goes nowhere.
    let is_answered_before = answer.details == "fault_filter_abort" || denied_by(&answer.details).is_some();
    let first = answer.clusters.first().filter(|_| !is_answered_before);
    first.map(|share| share.name.clone()).filter(|name| !name.is_empty())
}

/// The policy in `rbac_access_denied_matched_policy[…]`.
fn denied_by(details: &str) -> Option<&str> {
    details.strip_prefix("rbac_access_denied_matched_policy[")?.strip_suffix(']')
}

/// The AuthorizationPolicy in the name that istiod gives to its rules: `ns[shop]-policy[deny]-rule[0]`.
fn istio_policy(name: &str) -> Option<String> {
    let (namespace, rest) = name.strip_prefix("ns[")?.split_once("]-policy[")?;
    let (policy, _) = rest.split_once("]-rule[")?;
    Some(format!("{namespace}/{policy}"))
}

/// The filters that ask somebody outside of the configuration.
fn asked(answer: &Answer<'_>) -> Vec<String> {
    let asks = answer.filters.iter().filter(|note| matches!(note.effect, Effect::Asks(_)));
    let names = asks.filter_map(|note| note.filter.text_at("name"));
    names.map(|name| name.value.strip_prefix("envoy.filters.http.").unwrap_or(name.value).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_meant_by_both_of_its_names() {
        let value = denied_by("rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]").unwrap_or_default();
        assert!(Property::DeniedBy.is_meant("shop/deny", value));
        assert!(Property::DeniedBy.is_meant("ns[shop]-policy[deny]-rule[0]", value));
        assert!(!Property::DeniedBy.is_meant("shop/allow", value));
        assert!(!Property::Cluster.is_meant("shop/deny", value));
    }
}
