//! What a file holds of a proxy: the lists that tables are made of, whatever the file looks like.
//!
//! The typed views of [`crate::envoy`] keep what rules read; a table prints messages whole, so this
//! reads the nodes themselves.

use crate::document::{Document, Node};
use crate::envoy::dynamic_entry;

use super::classify::{Resource, last_name, resource_of};

/// Where a resource is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// From the control plane, in use.
    Active,
    /// From the bootstrap, or written within another resource.
    Static,
    /// From the control plane, waiting for something.
    Warming,
    /// Replaced, and finishing what it has.
    Draining,
}

/// A resource of a list.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'d> {
    /// The message.
    pub node: Node<'d>,
    /// Its state.
    pub state: State,
}

/// A list of resources, if the file holds one, be it empty.
pub type List<'d> = Option<Vec<Entry<'d>>>;

/// One proxy's configuration, by section.
#[derive(Debug, Default)]
pub struct Sections<'d> {
    /// The section with the `bootstrap`, or the bootstrap itself.
    pub bootstrap: Option<Node<'d>>,
    /// `Cluster`.
    pub clusters: List<'d>,
    /// `Listener`; those that were refused have none.
    pub listeners: List<'d>,
    /// `RouteConfiguration`.
    pub routes: List<'d>,
    /// `ClusterLoadAssignment`.
    pub endpoints: List<'d>,
    /// Entries with `name`, `secret` and their dates.
    pub secrets: List<'d>,
    /// The whole section of secrets.
    pub secret_section: Option<Node<'d>>,
    /// Entries with an `ecds_filter`, or filters themselves.
    pub filters: List<'d>,
    /// The sections of filters.
    pub filter_sections: Vec<Node<'d>>,
    /// `ClusterStatus`, of the admin interface.
    pub statuses: Option<Vec<Node<'d>>>,
}

/// The proxies that a document holds: one, except for tools that print several at once. A name is
/// only given where there are several.
pub fn proxies(document: &Document) -> Vec<(Option<String>, Sections<'_>)> {
    let roots: Vec<Node<'_>> = document.roots().collect();
    if let [root] = roots[..]
        && root.is_object()
        && root.get("configs").is_none()
    {
        let named = several(root);
        if let [(_, only)] = &named[..] {
            return vec![(None, Sections::of(&[*only]))];
        }
        if !named.is_empty() {
            return named.into_iter().map(|(name, node)| (Some(name), Sections::of(&[node]))).collect();
        }
    }
    vec![(None, Sections::of(&roots))]
}

/// `{NAMESPACE: {POD: {configs: …}}}`, as tools of gateways print, and the clients of an xDS server.
fn several(root: Node<'_>) -> Vec<(String, Node<'_>)> {
    if let Some(clients) = root.get("config").filter(|clients| clients.is_array()) {
        let name = |client: Node<'_>| client.get("node").and_then(|n| n.text_at("id")).map(|id| id.value.to_owned());
        return clients.items().map(|client| (name(client).unwrap_or_default(), client)).collect();
    }
    let pods =
        root.entries().flat_map(|(namespace, pods)| pods.entries().map(move |(pod, node)| (namespace, pod, node)));
    let has_dump = |node: Node<'_>| node.get("configs").is_some();
    pods.filter(|(_, _, node)| has_dump(*node))
        .map(|(ns, pod, node)| (format!("{}/{}", ns.text, pod.text), node))
        .collect()
}

impl<'d> Sections<'d> {
    /// Reads the sections of a dump.
    pub fn of(roots: &[Node<'d>]) -> Self {
        let mut sections = Self::default();
        for root in roots {
            sections.read_root(*root);
        }
        sections
    }

    fn read_root(&mut self, root: Node<'d>) {
        if let Some(configs) = root.get("configs") {
            // A list since Envoy 1.8; a map before.
            for item in configs.items().chain(configs.values()) {
                self.read_item(item);
            }
        } else if root.is_array() {
            for item in root.items() {
                self.read_item(item);
            }
        } else if let Some(resources) = root.field("generic_xds_configs").or_else(|| root.field("xds_config")) {
            self.bootstrap = root.get("node").is_some().then_some(root);
            for resource in resources.items() {
                self.read_client_resource(resource);
            }
        } else if let Some(statuses) = root.field("cluster_statuses") {
            self.statuses.get_or_insert_default().extend(statuses.items());
        } else {
            self.read_item(root);
        }
    }

    /// Client status discovery: by type, or one by one.
    fn read_client_resource(&mut self, resource: Node<'d>) {
        let lists = ["cluster_config", "listener_config", "route_config", "endpoint_config"];
        for section in lists.iter().filter_map(|name| resource.field(name)) {
            self.read_section(section);
        }
        if let Some(config) = resource.field("xds_config") {
            self.read_resource(config, State::Active);
        }
    }

    fn read_item(&mut self, item: Node<'d>) {
        let type_name = last_name(item);
        if type_name.is_some_and(|name| name.ends_with("ConfigDump")) || holds_lists(item) {
            self.read_section(item);
        } else if let Some(resources) = item.field("static_resources") {
            self.read_bootstrap(item, resources);
        } else if item.get("bootstrap").is_some() {
            self.bootstrap = Some(item);
        } else if item.field("host_statuses").is_some() {
            self.statuses.get_or_insert_default().push(item);
        } else if let Some(state) = entry_state(item) {
            self.read_entry(item, state);
        } else {
            self.read_resource(item, State::Active);
        }
    }

    /// A configuration file for Envoy itself.
    fn read_bootstrap(&mut self, bootstrap: Node<'d>, resources: Node<'d>) {
        self.bootstrap = Some(bootstrap);
        let entries = |name: &str| -> List<'d> {
            Some(resources.get(name)?.items().map(|node| Entry { node, state: State::Static }).collect())
        };
        self.clusters = entries("clusters").or(self.clusters.take());
        self.listeners = entries("listeners").or(self.listeners.take());
        self.secrets = entries("secrets").or(self.secrets.take());
    }

    /// A section replaces an earlier one of its kind, except that filters come in several.
    fn read_section(&mut self, section: Node<'d>) {
        match last_name(section) {
            // Sections of other makers have names of their own: `aeraki…RoutesConfigDump`.
            Some(_) if !is_envoys(section) => return,
            Some("BootstrapConfigDump") => return self.bootstrap = Some(section),
            Some("ClustersConfigDump") => self.clusters = Some(Vec::new()),
            Some("ListenersConfigDump") => self.listeners = Some(Vec::new()),
            Some("RoutesConfigDump") => self.routes = Some(Vec::new()),
            Some("EndpointsConfigDump") => self.endpoints = Some(Vec::new()),
            Some("SecretsConfigDump") => self.secrets = Some(Vec::new()),
            Some("EcdsConfigDump") => _ = self.filters.get_or_insert_default(),
            _ => {}
        }
        for (key, list) in section.entries() {
            self.read_list(key.text, list, section);
        }
        if section.get("bootstrap").is_some() {
            self.bootstrap = Some(section);
        }
    }

    fn read_list(&mut self, name: &str, list: Node<'d>, section: Node<'d>) {
        use State::{Active, Draining, Static, Warming};
        let entries = |field: &str, state| {
            let field = field.to_owned();
            list.items().map(move |entry| Entry { node: entry.field(&field).unwrap_or(entry), state })
        };
        match name {
            "static_clusters" | "staticClusters" => add(&mut self.clusters, entries("cluster", Static)),
            "dynamic_active_clusters" | "dynamicActiveClusters" => add(&mut self.clusters, entries("cluster", Active)),
            "dynamic_warming_clusters" | "dynamicWarmingClusters" => {
                add(&mut self.clusters, entries("cluster", Warming));
            }
            "static_listeners" | "staticListeners" => add(&mut self.listeners, entries("listener", Static)),
            "dynamic_listeners" | "dynamicListeners" => {
                add(&mut self.listeners, list.items().flat_map(versions));
            }
            "dynamic_active_listeners" | "dynamicActiveListeners" => {
                add(&mut self.listeners, entries("listener", Active));
            }
            "dynamic_warming_listeners" | "dynamicWarmingListeners" => {
                add(&mut self.listeners, entries("listener", Warming));
            }
            "dynamic_draining_listeners" | "dynamicDrainingListeners" => {
                add(&mut self.listeners, entries("listener", Draining));
            }
            "static_route_configs" | "staticRouteConfigs" => add(&mut self.routes, routes(list, Static)),
            "dynamic_route_configs" | "dynamicRouteConfigs" => add(&mut self.routes, routes(list, Active)),
            "static_endpoint_configs" | "staticEndpointConfigs" => {
                add(&mut self.endpoints, entries("endpoint_config", Static));
            }
            "dynamic_endpoint_configs" | "dynamicEndpointConfigs" => {
                add(&mut self.endpoints, entries("endpoint_config", Active));
            }
            "static_secrets" | "staticSecrets" => self.add_secrets(list, Static, section),
            "dynamic_active_secrets" | "dynamicActiveSecrets" => self.add_secrets(list, Active, section),
            "dynamic_warming_secrets" | "dynamicWarmingSecrets" => self.add_secrets(list, Warming, section),
            "ecds_filters" | "ecdsFilters" => {
                self.filter_sections.push(section);
                add(&mut self.filters, list.items().map(|node| Entry { node, state: Active }));
            }
            _ => {}
        }
    }

    fn add_secrets(&mut self, list: Node<'d>, state: State, section: Node<'d>) {
        self.secret_section = Some(section);
        add(&mut self.secrets, list.items().map(|node| Entry { node, state }));
    }

    /// An entry of a list that stands by itself, as in the answer to `?resource=`.
    fn read_entry(&mut self, entry: Node<'d>, state: State) {
        if entry.get("secret").is_some() {
            add(&mut self.secrets, [Entry { node: entry, state }]);
        } else if let Some(inner) =
            ["cluster", "listener", "route_config", "endpoint_config"].iter().find_map(|f| entry.field(f))
        {
            self.read_resource(inner, state);
        } else {
            add(&mut self.listeners, versions(entry));
        }
    }

    fn read_resource(&mut self, node: Node<'d>, state: State) {
        let entry = [Entry { node, state }];
        match resource_of(node) {
            Some(Resource::Cluster) => add(&mut self.clusters, entry),
            Some(Resource::Listener) => add(&mut self.listeners, entry),
            Some(Resource::Routes) => add(&mut self.routes, entry),
            Some(Resource::Endpoints) => add(&mut self.endpoints, entry),
            Some(Resource::Secret) => add(&mut self.secrets, entry),
            Some(Resource::Filter) => add(&mut self.filters, entry),
            None => {}
        }
    }
}

fn add<'d>(list: &mut List<'d>, entries: impl IntoIterator<Item = Entry<'d>>) {
    list.get_or_insert_default().extend(entries);
}

/// The versions of a listener that came by LDS.
fn versions(entry: Node<'_>) -> impl Iterator<Item = Entry<'_>> {
    let states =
        [("active_state", State::Active), ("warming_state", State::Warming), ("draining_state", State::Draining)];
    let version = move |(field, state)| Some(Entry { node: entry.field(field)?.get("listener")?, state });
    states.into_iter().filter_map(version)
}

/// Route configurations; an entry without one is of a table that never came.
fn routes(list: Node<'_>, state: State) -> impl Iterator<Item = Entry<'_>> {
    let config = |entry: Node<'_>| entry.field("virtual_hosts").is_some() || entry.get("name").is_some();
    list.items().filter_map(move |entry| {
        let node = entry.field("route_config").or_else(|| config(entry).then_some(entry))?;
        Some(Entry { node, state })
    })
}

/// The state of an entry that stands outside its list, by the name of its type.
fn entry_state(node: Node<'_>) -> Option<State> {
    let kind = dynamic_entry(node)?;
    Some(if kind.starts_with("Static") { State::Static } else { State::Active })
}

fn is_envoys(section: Node<'_>) -> bool {
    let url = section.get("@type").and_then(Node::text).unwrap_or_default();
    url.rsplit('/').next().is_some_and(|name| name.starts_with("envoy.admin."))
}

/// Whether a node without a type is a section by the lists that it has.
fn holds_lists(node: Node<'_>) -> bool {
    const LISTS: [&str; 13] = [
        "static_clusters",
        "dynamic_active_clusters",
        "dynamic_warming_clusters",
        "static_listeners",
        "dynamic_listeners",
        "dynamic_active_listeners",
        "static_route_configs",
        "dynamic_route_configs",
        "static_endpoint_configs",
        "dynamic_endpoint_configs",
        "dynamic_active_secrets",
        "dynamic_warming_secrets",
        "ecds_filters",
    ];
    node.get("@type").is_none() && LISTS.iter().any(|list| node.field(list).is_some_and(Node::is_array))
}
