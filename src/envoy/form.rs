//! Which output of which tool a document is: decided by its content.

use crate::document::{Document, Node};
use crate::kube::Object;

use super::dump::Dump;
use super::route::is_route_configuration;
use super::xds_any::type_name;

/// What a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Envoy configuration: a dump, sections of one, or single resources.
    Envoy,
    /// Kubernetes or Istio resources.
    Manifests,
    /// The configuration dump of a ztunnel.
    Ztunnel,
    /// Another answer of an admin interface or of istiod: its name.
    Admin(&'static str),
    /// Something else.
    Other,
}

/// Recognises a document by its first root.
pub fn form_of(document: &Document) -> Form {
    document.roots().map(form_of_root).find(|form| *form != Form::Other).unwrap_or(Form::Other)
}

fn form_of_root(root: Node<'_>) -> Form {
    if Object::of(root).is_some() {
        return Form::Manifests;
    }
    if root.is_array() {
        return root.items().next().map_or(Form::Other, form_of_item);
    }
    if !root.is_object() {
        return Form::Other;
    }
    let has = |name: &str| root.field(name).is_some();
    if has("configs") || has("bootstrap") || has("static_resources") || is_resource(root) || is_section(root) {
        return Form::Envoy;
    }
    if root.get("config").is_some_and(Node::is_array) {
        return Form::Envoy; // client status discovery
    }
    let ztunnel = ["workloads", "services_by_ip", "by_addr", "policies"];
    if ztunnel.iter().filter(|name| has(name)).count() >= 2 {
        return Form::Ztunnel;
    }
    let admin = [
        ("cluster_statuses", "clusters"),
        ("listener_statuses", "listeners"),
        ("certificates", "certs"),
        ("stats", "stats"),
        ("command_line_options", "server_info"),
    ];
    if let Some((_, name)) = admin.iter().find(|(field, _)| has(field)) {
        return Form::Admin(name);
    }
    // `egctl config`: dumps by namespace and pod.
    let nested = |v: Node<'_>| v.values().any(|pod| pod.get("configs").is_some());
    if root.values().any(nested) { Form::Envoy } else { Form::Other }
}

fn form_of_item(item: Node<'_>) -> Form {
    if Object::of(item).is_some() {
        return Form::Manifests;
    }
    let has = |name: &str| item.field(name).is_some();
    if is_resource(item) || is_section(item) {
        return Form::Envoy;
    }
    let admin = [
        ("host_statuses", "endpoints"),
        ("cluster_sent", "syncz"),
        ("ep", "endpointz"),
        ("hostname", "registryz"),
        ("cluster_name", "edsz"),
    ];
    let admin = admin.iter().find(|(field, _)| has(field));
    admin.map_or(Form::Other, |(_, name)| Form::Admin(name))
}

/// Whether a node is a section of a dump.
pub(super) fn is_section(node: Node<'_>) -> bool {
    type_name(node).is_some_and(|name| name.ends_with("ConfigDump"))
        || SECTION_LISTS.iter().any(|list| node.field(list).is_some_and(Node::is_array))
}

/// The lists that sections have.
pub(super) const SECTION_LISTS: [&str; 13] = [
    "static_clusters",
    "dynamic_active_clusters",
    "dynamic_warming_clusters",
    "static_listeners",
    "dynamic_listeners",
    "dynamic_active_listeners",
    "dynamic_warming_listeners",
    "static_route_configs",
    "dynamic_route_configs",
    "static_endpoint_configs",
    "dynamic_endpoint_configs",
    "static_secrets",
    "dynamic_active_secrets",
];

/// Whether a node is a single resource.
pub(super) fn is_resource(node: Node<'_>) -> bool {
    if let Some(name) = type_name(node)
        && matches!(name, "Cluster" | "Listener" | "RouteConfiguration" | "ClusterLoadAssignment" | "Secret")
    {
        return true;
    }
    is_route_configuration(node) || is_listener(node) || is_cluster(node)
}

/// Whether a node is a listener by its type or its fields.
pub(super) fn is_listener(node: Node<'_>) -> bool {
    type_name(node) == Some("Listener") || node.field("filter_chains").is_some_and(Node::is_array)
}

/// Whether a node is a cluster by its type or its fields.
pub(super) fn is_cluster(node: Node<'_>) -> bool {
    let fields = ["connect_timeout", "eds_cluster_config", "load_assignment", "lb_policy", "circuit_breakers"];
    type_name(node) == Some("Cluster")
        || (node.get("name").is_some() && fields.iter().any(|field| node.field(field).is_some()))
}

/// The dumps that a document holds: one, except for tools that print several pods at once.
pub fn dumps(document: &Document) -> Vec<Dump<'_>> {
    let roots: Vec<Node<'_>> = document.roots().collect();
    if let [root] = roots[..]
        && root.is_object()
        && root.get("configs").is_none()
    {
        let pods = root.values().flat_map(Node::values).filter(|pod| pod.get("configs").is_some());
        let dumps: Vec<Dump<'_>> = pods.map(|pod| Dump::of(document, &[pod])).collect();
        if !dumps.is_empty() {
            return dumps;
        }
        if let Some(clients) = root.get("config").filter(|c| c.is_array()) {
            return clients.items().map(|client| Dump::of(document, &[client])).collect();
        }
    }
    vec![Dump::of(document, &roots)]
}

/// A guess from the first bytes, good enough to decide what to read first.
pub fn looks_like_dump(head: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [b"\"configs\"", b"envoy.admin.v", b"envoy.config."];
    marks.iter().any(|mark| memchr::memmem::find(head, mark).is_some())
}
