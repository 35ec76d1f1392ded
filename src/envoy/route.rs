//! `RouteConfiguration`, virtual hosts and routes.

use std::collections::BTreeMap;

use crate::document::{Node, Spanned};

use super::route_match::path_match;
use super::services::{Service, actions};
use super::xds_any::{type_name, typed_config};

/// A table of virtual hosts.
#[derive(Clone, Copy, Debug)]
pub struct RouteConfiguration<'d> {
    /// The message.
    pub node: Node<'d>,
}

/// A virtual host.
#[derive(Clone, Copy, Debug)]
pub struct VirtualHost<'d> {
    /// The message.
    pub node: Node<'d>,
}

/// A route.
#[derive(Clone, Copy, Debug)]
pub struct Route<'d> {
    /// The message.
    pub node: Node<'d>,
}

/// How a route matches the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathMatch<'d> {
    /// The path starts with it.
    Prefix(&'d str),
    /// The path is it.
    Exact(&'d str),
    /// The path is it, or continues with a slash.
    SeparatedPrefix(&'d str),
    /// All of the path matches the expression.
    Regex(&'d str),
    /// CONNECT requests.
    Connect,
    /// The path follows a URI template.
    Template(&'d str),
    /// Something unknown.
    Other,
}

/// What a route does.
#[derive(Clone, Copy, Debug)]
pub enum RouteAction<'d> {
    /// Forwards the request.
    Forward(Node<'d>),
    /// Sends the client elsewhere.
    Redirect(Node<'d>),
    /// Answers itself.
    DirectResponse(Node<'d>),
    /// Anything else.
    Other,
}

/// A cluster that something leads to.
#[derive(Clone, Copy, Debug)]
pub struct ClusterReference<'d> {
    /// Its name.
    pub name: Spanned<'d, &'d str>,
    /// How it is referred to.
    pub kind: ReferenceKind,
}

/// How a cluster is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// All requests of a route.
    Route,
    /// A share of them.
    Weighted {
        /// Of how many parts.
        weight: u32,
        /// Of how many in all.
        total: u32,
    },
    /// Copies of them.
    Mirror,
    /// Connections.
    TcpProxy,
    /// What a filter, a log or a tracer calls on its own.
    Service {
        /// What for.
        service: Service,
        /// Whether it goes on without an answer.
        is_open: bool,
    },
    /// One of the clusters that an aggregate cluster is made of.
    Member {
        /// Whether others of them are there.
        has_others: bool,
    },
}

impl ReferenceKind {
    /// Whether requests and connections go on without the cluster.
    pub fn is_dispensable(self) -> bool {
        match self {
            Self::Mirror | Self::Member { has_others: true } => true,
            Self::Service { service, is_open } => service.is_dispensable(is_open),
            _ => false,
        }
    }
}

impl<'d> RouteConfiguration<'d> {
    /// `name`.
    pub fn name(self) -> &'d str {
        self.node.text_at("name").map_or("", |n| n.value)
    }

    /// `virtual_hosts`, in order.
    pub fn virtual_hosts(self) -> impl Iterator<Item = VirtualHost<'d>> {
        let hosts = self.node.field("virtual_hosts").into_iter().flat_map(Node::items);
        hosts.map(|node| VirtualHost { node })
    }

    /// `ignore_port_in_host_matching`.
    pub fn ignores_port(self) -> bool {
        self.node.field("ignore_port_in_host_matching").and_then(Node::as_bool) == Some(true)
    }

    /// Whether istiod made it for the server of a gateway: `http.8080`, `https.443.https.web.shop`.
    /// The tables of sidecars are named by a port, or by a host and a port.
    pub fn is_of_gateway(self) -> bool {
        let name = self.name();
        name.starts_with("http.") || name.starts_with("https.")
    }

    /// Whether more virtual hosts come on demand.
    pub fn has_vhds(self) -> bool {
        self.node.get("vhds").is_some()
    }
}

impl<'d> VirtualHost<'d> {
    /// `name`.
    pub fn name(self) -> &'d str {
        self.node.text_at("name").map_or("", |n| n.value)
    }

    /// The host and the port that istiod made it for, by its name.
    pub fn address(self) -> Option<(&'d str, u16)> {
        let (host, port) = self.name().rsplit_once(':')?;
        Some((host, port.parse().ok()?))
    }

    /// `domains`, in order.
    pub fn domains(self) -> impl Iterator<Item = Spanned<'d, &'d str>> {
        self.domain_nodes().filter_map(Node::spanned_text)
    }

    /// The nodes of [`VirtualHost::domains`].
    pub(crate) fn domain_nodes(self) -> impl Iterator<Item = Node<'d>> {
        self.node.get("domains").into_iter().flat_map(Node::items)
    }

    /// `routes`, in order.
    pub fn routes(self) -> impl Iterator<Item = Route<'d>> {
        self.node.get("routes").into_iter().flat_map(Node::items).map(|node| Route { node })
    }

    /// Whether a matcher tree stands in for `routes`. An empty one does not.
    pub fn has_matcher(self) -> bool {
        self.node.get("matcher").is_some_and(|matcher| matcher.values().next().is_some())
    }

    /// The routes that its matcher tree may choose, in the tree's order.
    pub fn matcher_routes(self) -> impl Iterator<Item = Route<'d>> {
        let chosen = self.node.get("matcher").map(actions).unwrap_or_default();
        chosen.into_iter().flat_map(|action| match type_name(action) {
            Some("Route") => vec![Route { node: action }],
            Some("RouteList") => {
                action.get("routes").into_iter().flat_map(Node::items).map(|node| Route { node }).collect()
            }
            _ => Vec::new(),
        })
    }

    /// `require_tls` other than NONE: plain requests are redirected, with or without a route.
    pub fn requires_tls(self) -> bool {
        let requirement = self.node.field("require_tls").and_then(Node::text);
        requirement.is_some_and(|r| !matches!(r, "NONE" | "0"))
    }
}

impl<'d> Route<'d> {
    /// `name`.
    pub fn name(self) -> &'d str {
        self.node.text_at("name").map_or("", |n| n.value)
    }

    /// `match`.
    pub fn conditions(self) -> Option<Node<'d>> {
        self.node.get("match")
    }

    /// The condition on the path, with its place.
    pub fn path(self) -> Option<(PathMatch<'d>, Node<'d>)> {
        let conditions = self.conditions()?;
        for (key, value) in conditions.entries() {
            if let Some(path) = path_match(key.text, value) {
                return Some((path, value));
            }
        }
        // An empty prefix is a default value, which some printers leave out.
        Some((PathMatch::Prefix(""), conditions))
    }

    /// What it does.
    pub fn action(self) -> RouteAction<'d> {
        if let Some(forward) = self.node.get("route") {
            return RouteAction::Forward(forward);
        }
        if let Some(redirect) = self.node.get("redirect") {
            return RouteAction::Redirect(redirect);
        }
        self.node.field("direct_response").map_or(RouteAction::Other, RouteAction::DirectResponse)
    }

    /// Whether it treats its requests as another one does: all but conditions and name is equal.
    pub fn acts_like(self, other: Self) -> bool {
        self.treatment() == other.treatment()
    }

    fn treatment(self) -> BTreeMap<&'d str, String> {
        let entries = self.node.entries().filter(|(key, _)| !matches!(key.text, "match" | "name"));
        entries.map(|(key, value)| (key.text, value.to_json())).collect()
    }

    /// Hands over the clusters that its requests, shares and copies of them go to.
    pub fn each_cluster(self, mut found: impl FnMut(ClusterReference<'d>)) {
        let RouteAction::Forward(action) = self.action() else {
            return;
        };
        // A route has one of the three.
        if let Some(name) = action.text_at("cluster").filter(|name| !name.is_empty()) {
            found(ClusterReference { name, kind: ReferenceKind::Route });
        } else if let Some(shares) = action.field("weighted_clusters") {
            weighted(shares).for_each(&mut found);
        } else {
            chosen_by_matcher(action).for_each(&mut found);
        }
        // The singular is what Envoy had before 1.11.
        mirrors(action).chain(action.field("request_mirror_policy").and_then(mirror)).for_each(found);
    }

    /// Whether its requests are copied as its virtual host or its table says: it says nothing itself.
    pub fn inherits_mirrors(self) -> bool {
        let RouteAction::Forward(action) = self.action() else { return false };
        ["request_mirror_policies", "request_mirror_policy"].iter().all(|name| action.field(name).is_none())
    }

    /// Whether an extension chooses its cluster, which may leave a request to the next route after all.
    pub fn may_decline(self) -> bool {
        let RouteAction::Forward(action) = self.action() else {
            return false;
        };
        let names_cluster = action.text_at("cluster").is_some_and(|name| !name.is_empty());
        let plugin =
            || action.field("cluster_specifier_plugin").or_else(|| action.field("inline_cluster_specifier_plugin"));
        !names_cluster && plugin().is_some()
    }
}

/// The clusters that copies go to, as a route, a virtual host or a table says.
pub(super) fn mirrors(holder: Node<'_>) -> impl Iterator<Item = ClusterReference<'_>> {
    holder.field("request_mirror_policies").into_iter().flat_map(Node::items).filter_map(mirror)
}

/// The clusters of a matcher in a route. Other extensions may choose any.
fn chosen_by_matcher(action: Node<'_>) -> impl Iterator<Item = ClusterReference<'_>> {
    let plugin = action.field("inline_cluster_specifier_plugin");
    let config = plugin.and_then(|plugin| typed_config(plugin.get("extension")?));
    let matcher = config.and_then(|config| config.field("cluster_matcher"));
    let chosen = matcher.map(actions).unwrap_or_default().into_iter();
    let names =
        chosen.filter(|action| type_name(*action) == Some("ClusterAction")).filter_map(|a| a.text_at("cluster"));
    names.map(|name| ClusterReference { name, kind: ReferenceKind::Route })
}

fn weighted<'d>(weighted: Node<'d>) -> impl Iterator<Item = ClusterReference<'d>> {
    let clusters = || weighted.get("clusters").into_iter().flat_map(Node::items);
    // The sum of the weights is a uint32 to Envoy, too.
    let weight = |cluster: Node<'d>| cluster.get("weight").and_then(Node::as_u64).map_or(0, saturated);
    let total = clusters().map(weight).fold(0, u32::saturating_add);
    clusters().filter_map(move |cluster| {
        Some(ClusterReference {
            name: cluster.text_at("name").filter(|n| !n.is_empty())?,
            kind: ReferenceKind::Weighted { weight: weight(cluster), total },
        })
    })
}

fn saturated(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn mirror(policy: Node<'_>) -> Option<ClusterReference<'_>> {
    Some(ClusterReference { name: policy.text_at("cluster").filter(|n| !n.is_empty())?, kind: ReferenceKind::Mirror })
}

/// Whether a node is a route configuration by its type or its fields.
pub(super) fn is_route_configuration(node: Node<'_>) -> bool {
    matches!(type_name(node), Some("RouteConfiguration")) || node.field("virtual_hosts").is_some_and(Node::is_array)
}
