//! Which resource a message is, by its type or else by its fields.

use crate::document::Node;

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Cluster,
    Listener,
    Routes,
    Endpoints,
    Secret,
    Filter,
}

/// The last part of a message's `@type`.
pub(super) fn last_name(node: Node<'_>) -> Option<&str> {
    let url = node.get("@type")?.text()?;
    url.rsplit(['.', '/']).next()
}

/// What a message is.
pub(super) fn resource_of(node: Node<'_>) -> Option<Resource> {
    match last_name(node) {
        Some("Cluster") => Some(Resource::Cluster),
        Some("Listener") => Some(Resource::Listener),
        Some("RouteConfiguration") => Some(Resource::Routes),
        Some("ClusterLoadAssignment") => Some(Resource::Endpoints),
        Some("Secret") => Some(Resource::Secret),
        Some("TypedExtensionConfig") => Some(Resource::Filter),
        Some(_) => None,
        None => by_fields(node),
    }
}

fn by_fields(node: Node<'_>) -> Option<Resource> {
    let has = |name: &str| node.field(name).is_some();
    let has_list = |name: &str| node.field(name).is_some_and(Node::is_array);
    let of_cluster = ["connect_timeout", "eds_cluster_config", "load_assignment", "lb_policy", "circuit_breakers"];
    if has_list("virtual_hosts") {
        Some(Resource::Routes)
    } else if has_list("filter_chains") {
        Some(Resource::Listener)
    } else if has("name") && of_cluster.iter().any(|name| has(name)) {
        Some(Resource::Cluster)
    } else if has("cluster_name") && has_list("endpoints") {
        Some(Resource::Endpoints)
    } else if has("tls_certificate") || has("validation_context") {
        Some(Resource::Secret)
    } else {
        None
    }
}
