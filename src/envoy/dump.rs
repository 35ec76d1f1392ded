//! A proxy's configuration: the resources of a dump, whatever it looks like.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::document::{Document, Node, Spanned};

use super::cluster::{Cluster, LoadAssignment};
use super::form::{is_cluster, is_listener, is_resource, is_section};
use super::hosts::{HostClusters, on_port_80};
use super::listener::{ConnectionManager, Listener, RouteSource};
use super::references::{self, ClusterName, Lead, StoredReference};
use super::route::{RouteConfiguration, is_route_configuration};
use super::secret::Secret;
use super::xds_any::type_name;

/// The configuration of one proxy.
#[derive(Debug)]
pub struct Dump<'d> {
    /// The document it was read from.
    pub document: &'d Document,
    /// `bootstrap`.
    pub bootstrap: Option<Node<'d>>,
    /// Clusters.
    pub clusters: Vec<ClusterEntry<'d>>,
    /// Listeners in each of their states.
    pub listeners: Vec<ListenerEntry<'d>>,
    /// Route configurations that came by RDS or that a section lists.
    pub route_configs: Vec<RouteConfigEntry<'d>>,
    /// Endpoints.
    pub endpoints: Vec<LoadAssignment<'d>>,
    /// Secrets.
    pub secrets: Vec<SecretEntry<'d>>,
    /// The names of the filters that came by discovery (ECDS).
    pub discovered_filters: Vec<&'d str>,
    /// The names of the sets of scopes that came by discovery (SRDS).
    pub discovered_scopes: Vec<&'d str>,
    /// The tables that scopes name, other than those that are only asked for when a request needs them.
    pub scoped_tables: Vec<Spanned<'d, &'d str>>,
    /// What Envoy noted of refused updates, other than listeners.
    pub errors: Vec<ErrorState<'d>>,
    /// Sections of types that nobody here knows.
    pub unknown_sections: usize,
    present: FxHashSet<&'static str>,
    cluster_places: FxHashMap<&'d str, u32>,
    references: OnceLock<Vec<StoredReference>>,
    route_configurations: OnceLock<Vec<RouteConfiguration<'d>>>,
    managers: OnceLock<Vec<ManagerEntry<'d>>>,
    asks_for_clusters: OnceLock<bool>,
    host_clusters: OnceLock<HostClusters<'d>>,
    hosts_on_port_80: OnceLock<FxHashSet<&'d str>>,
}

/// Where a resource is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceState {
    /// From the bootstrap.
    Static,
    /// From the control plane, in use.
    Active,
    /// From the control plane, waiting for something.
    Warming,
}

/// A cluster with its state.
#[derive(Clone, Copy, Debug)]
pub struct ClusterEntry<'d> {
    /// The cluster.
    pub cluster: Cluster<'d>,
    /// Its state.
    pub state: ResourceState,
}

/// A state of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerState {
    /// From the bootstrap.
    Static,
    /// Takes traffic.
    Active,
    /// Waits for something and takes no traffic yet.
    Warming,
    /// An old version that finishes what it has.
    Draining,
}

/// A listener by its name, with its states.
#[derive(Clone, Debug)]
pub struct ListenerEntry<'d> {
    /// The entry of the section.
    pub node: Node<'d>,
    /// Its name.
    pub name: &'d str,
    /// Its versions.
    pub versions: Box<[(ListenerState, Listener<'d>)]>,
    /// What Envoy noted of its last update, if that was refused. Hardly any was.
    pub error: Option<Box<ErrorState<'d>>>,
}

/// A refused update: <https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump_shared.proto>.
#[derive(Clone, Copy, Debug)]
pub struct ErrorState<'d> {
    /// The note.
    pub node: Node<'d>,
    /// The kind of resource: `listeners`, `clusters`, ….
    pub section: &'static str,
    /// The resource that was refused.
    pub name: &'d str,
    /// Envoy's reason.
    pub details: Option<Spanned<'d, &'d str>>,
}

/// A route configuration with its state.
#[derive(Clone, Copy, Debug)]
pub struct RouteConfigEntry<'d> {
    /// The table.
    pub config: RouteConfiguration<'d>,
    /// Whether it came by RDS; otherwise it stands in a listener too.
    pub is_dynamic: bool,
}

/// A secret with its state.
#[derive(Clone, Copy, Debug)]
pub struct SecretEntry<'d> {
    /// The secret; nothing where one is only awaited.
    pub secret: Option<Secret<'d>>,
    /// The name.
    pub name: Spanned<'d, &'d str>,
    /// Its state.
    pub state: ResourceState,
}

impl<'d> Dump<'d> {
    /// Reads the resources of `roots`: a dump, its sections, or single resources.
    pub fn of(document: &'d Document, roots: &[Node<'d>]) -> Self {
        let mut dump = Self {
            document,
            bootstrap: None,
            clusters: Vec::new(),
            listeners: Vec::new(),
            route_configs: Vec::new(),
            endpoints: Vec::new(),
            secrets: Vec::new(),
            discovered_filters: Vec::new(),
            discovered_scopes: Vec::new(),
            scoped_tables: Vec::new(),
            errors: Vec::new(),
            unknown_sections: 0,
            present: FxHashSet::default(),
            cluster_places: FxHashMap::default(),
            references: OnceLock::new(),
            route_configurations: OnceLock::new(),
            managers: OnceLock::new(),
            asks_for_clusters: OnceLock::new(),
            host_clusters: OnceLock::new(),
            hosts_on_port_80: OnceLock::new(),
        };
        for root in roots {
            dump.read_root(*root);
        }
        dump
    }

    fn add_cluster(&mut self, cluster: Cluster<'d>, state: ResourceState) {
        let (name, place) = (cluster.name.value, self.clusters.len() as u32);
        self.clusters.push(ClusterEntry { cluster, state });
        // A later version of a cluster of the same name is the one in use; so is one from the
        // control plane over one that is warming.
        if state == ResourceState::Warming {
            self.cluster_places.entry(name).or_insert(place);
        } else {
            self.cluster_places.insert(name, place);
        }
    }

    fn read_root(&mut self, root: Node<'d>) {
        if let Some(configs) = root.get("configs") {
            // A list since Envoy 1.8; a map before.
            configs.items().chain(configs.values()).for_each(|section| self.read_section(section));
            return;
        }
        if let Some(resources) = root.field("generic_xds_configs").or_else(|| root.field("xds_config")) {
            self.read_client_status(root, resources);
            return;
        }
        if root.is_array() {
            root.items().for_each(|item| self.read_section(item));
            return;
        }
        self.read_section(root);
    }

    fn read_section(&mut self, section: Node<'d>) {
        if let Some(resources) = section.field("static_resources").filter(|_| section.get("bootstrap").is_none()) {
            self.read_bootstrap(section, resources);
            return;
        }
        if is_section(section) || section.get("bootstrap").is_some() {
            self.read_lists(section);
            return;
        }
        if let Some(inner) = dynamic_entry(section) {
            self.read_entry(inner, section);
            return;
        }
        if is_resource(section) {
            self.read_resource(section, ResourceState::Active);
            return;
        }
        self.unknown_sections += 1;
    }

    fn read_lists(&mut self, section: Node<'d>) {
        let known = self.name_section(section);
        for (key, value) in section.entries() {
            let is_known = match key.text {
                "bootstrap" => {
                    self.bootstrap = Some(value);
                    self.present.insert("bootstrap");
                    true
                }
                "static_clusters" | "staticClusters" => self.read_clusters(value, ResourceState::Static),
                "dynamic_active_clusters" | "dynamicActiveClusters" => self.read_clusters(value, ResourceState::Active),
                "dynamic_warming_clusters" | "dynamicWarmingClusters" => {
                    self.read_clusters(value, ResourceState::Warming)
                }
                "static_listeners" | "staticListeners" => self.read_listeners(value, ListenerState::Static),
                "dynamic_listeners" | "dynamicListeners" => self.read_dynamic_listeners(value),
                "dynamic_active_listeners" | "dynamicActiveListeners" => {
                    self.read_listeners(value, ListenerState::Active)
                }
                "dynamic_warming_listeners" | "dynamicWarmingListeners" => {
                    self.read_listeners(value, ListenerState::Warming)
                }
                "dynamic_draining_listeners" | "dynamicDrainingListeners" => {
                    self.read_listeners(value, ListenerState::Draining)
                }
                "static_route_configs" | "staticRouteConfigs" => self.read_routes(value, false),
                "dynamic_route_configs" | "dynamicRouteConfigs" => self.read_routes(value, true),
                "static_endpoint_configs"
                | "staticEndpointConfigs"
                | "dynamic_endpoint_configs"
                | "dynamicEndpointConfigs" => self.read_endpoints(value),
                "static_secrets" | "staticSecrets" => self.read_secrets(value, ResourceState::Static),
                "dynamic_active_secrets" | "dynamicActiveSecrets" => self.read_secrets(value, ResourceState::Active),
                "dynamic_warming_secrets" | "dynamicWarmingSecrets" => self.read_secrets(value, ResourceState::Warming),
                "ecds_filters" | "ecdsFilters" => {
                    let filters = value.items().map(|entry| entry.field("ecds_filter").unwrap_or(entry));
                    self.discovered_filters.extend(names(filters));
                    true
                }
                "dynamic_scoped_route_configs" | "dynamicScopedRouteConfigs" => {
                    self.discovered_scopes.extend(names(value.items()));
                    self.scoped_tables.extend(value.items().flat_map(tables_of_scopes));
                    true
                }
                "inline_scoped_route_configs" | "inlineScopedRouteConfigs" => {
                    self.scoped_tables.extend(value.items().flat_map(tables_of_scopes));
                    true
                }
                _ => false,
            };
            if !is_known && !known && value.is_array() {
                self.unknown_sections += 1;
            }
        }
    }

    /// Notes that a section is there, also when it is empty.
    fn name_section(&mut self, section: Node<'d>) -> bool {
        let name = match type_name(section) {
            Some("ClustersConfigDump") => "clusters",
            Some("ListenersConfigDump") => "listeners",
            Some("RoutesConfigDump") => "routes",
            Some("EndpointsConfigDump") => "endpoints",
            Some("SecretsConfigDump") => "secrets",
            Some("BootstrapConfigDump") => "bootstrap",
            Some("ScopedRoutesConfigDump") => "scoped routes",
            Some("EcdsConfigDump") => "ecds",
            _ => return false,
        };
        self.present.insert(name);
        true
    }

    fn read_clusters(&mut self, list: Node<'d>, state: ResourceState) -> bool {
        self.present.insert("clusters");
        let expected = expected(list);
        self.clusters.reserve_exact(expected);
        self.cluster_places.reserve(expected);
        for entry in list.items() {
            self.note_error(entry, "clusters");
            let node = entry.get("cluster").unwrap_or(entry);
            if let Some(cluster) = Cluster::of(node) {
                self.add_cluster(cluster, state);
            }
        }
        true
    }

    fn read_listeners(&mut self, list: Node<'d>, state: ListenerState) -> bool {
        self.present.insert("listeners");
        for entry in list.items() {
            let listener = Listener { node: entry.get("listener").unwrap_or(entry) };
            self.listeners.push(ListenerEntry {
                node: entry,
                name: listener.name(),
                versions: Box::new([(state, listener)]),
                error: error_of(entry, "listeners", listener.name()).map(Box::new),
            });
        }
        true
    }

    fn read_dynamic_listeners(&mut self, list: Node<'d>) -> bool {
        self.present.insert("listeners");
        self.listeners.reserve_exact(expected(list));
        for entry in list.items() {
            let states = [
                ("active_state", ListenerState::Active),
                ("warming_state", ListenerState::Warming),
                ("draining_state", ListenerState::Draining),
            ];
            let version = |(field, state)| Some((state, Listener { node: entry.field(field)?.get("listener")? }));
            let versions: Box<[_]> = states.into_iter().filter_map(version).collect();
            let name = entry.text_at("name").map(|n| n.value);
            let name = name.or_else(|| versions.first().map(|(_, listener)| listener.name()));
            let error = error_of(entry, "listeners", name.unwrap_or_default()).map(Box::new);
            self.listeners.push(ListenerEntry {
                node: entry,
                name: name.or_else(|| error.as_ref().map(|error| error.name)).unwrap_or_default(),
                versions,
                error,
            });
        }
        true
    }

    fn read_routes(&mut self, list: Node<'d>, is_dynamic: bool) -> bool {
        self.present.insert("routes");
        for entry in list.items() {
            self.note_error(entry, "routes");
            let config = entry.field("route_config").or_else(|| is_route_configuration(entry).then_some(entry));
            self.route_configs
                .extend(config.map(|node| RouteConfigEntry { config: RouteConfiguration { node }, is_dynamic }));
        }
        true
    }

    fn read_endpoints(&mut self, list: Node<'d>) -> bool {
        self.present.insert("endpoints");
        self.endpoints.reserve_exact(expected(list));
        for entry in list.items() {
            self.note_error(entry, "endpoints");
            let node = entry.field("endpoint_config").unwrap_or(entry);
            self.endpoints.extend(LoadAssignment::of(node, ""));
        }
        true
    }

    fn read_secrets(&mut self, list: Node<'d>, state: ResourceState) -> bool {
        self.present.insert("secrets");
        for entry in list.items() {
            self.note_error(entry, "secrets");
            let secret = entry.get("secret").and_then(Secret::of);
            let name = entry.text_at("name").or(secret.map(|s| s.name));
            self.secrets.extend(name.map(|name| SecretEntry { secret, name, state }));
        }
        true
    }

    fn note_error(&mut self, entry: Node<'d>, section: &'static str) {
        if entry.field("error_state").is_none() {
            return;
        }
        let name = ["cluster", "route_config", "endpoint_config", "secret"].into_iter().find_map(|f| entry.field(f));
        let name = name.and_then(|n| n.text_at("name").or_else(|| n.text_at("cluster_name")));
        let name = name.or_else(|| entry.text_at("name")).map_or("", |n| n.value);
        self.errors.extend(error_of(entry, section, name));
    }

    /// One entry of a list by itself, as `/config_dump?resource=dynamic_active_clusters` prints it.
    fn read_entry(&mut self, kind: &str, entry: Node<'d>) {
        let state = match kind {
            "StaticCluster" | "StaticListener" | "StaticRouteConfig" | "StaticSecret" => ResourceState::Static,
            _ => ResourceState::Active,
        };
        match kind {
            "DynamicListener" if entry.field("active_state").is_some() || entry.field("error_state").is_some() => {
                self.present.insert("listeners");
                let states = [("active_state", ListenerState::Active), ("warming_state", ListenerState::Warming)];
                let version = |(field, state)| Some((state, Listener { node: entry.field(field)?.get("listener")? }));
                let name = entry.text_at("name").map_or("", |n| n.value);
                self.listeners.push(ListenerEntry {
                    node: entry,
                    name,
                    versions: states.into_iter().filter_map(version).collect(),
                    error: error_of(entry, "listeners", name).map(Box::new),
                });
            }
            _ => {
                let fields = ["cluster", "listener", "route_config", "endpoint_config", "secret"];
                let resource = fields.into_iter().find_map(|field| entry.field(field));
                self.read_resource(resource.unwrap_or(entry), state);
            }
        }
    }

    fn read_resource(&mut self, node: Node<'d>, state: ResourceState) {
        if is_route_configuration(node) {
            self.present.insert("routes");
            self.route_configs.push(RouteConfigEntry {
                config: RouteConfiguration { node },
                is_dynamic: state != ResourceState::Static,
            });
        } else if is_listener(node) {
            self.present.insert("listeners");
            let listener = Listener { node };
            self.listeners.push(ListenerEntry {
                node,
                name: listener.name(),
                versions: Box::new([(ListenerState::Active, listener)]),
                error: None,
            });
        } else if type_name(node) == Some("ClusterLoadAssignment") {
            self.present.insert("endpoints");
            self.endpoints.extend(LoadAssignment::of(node, ""));
        } else if is_cluster(node) {
            self.present.insert("clusters");
            if let Some(cluster) = Cluster::of(node) {
                self.add_cluster(cluster, state);
            }
        } else if let Some(secret) = Secret::of(node).filter(|_| type_name(node) == Some("Secret")) {
            self.present.insert("secrets");
            self.secrets.push(SecretEntry { name: secret.name, secret: Some(secret), state });
        }
    }

    /// A configuration file for Envoy itself.
    fn read_bootstrap(&mut self, bootstrap: Node<'d>, resources: Node<'d>) {
        self.bootstrap = Some(bootstrap);
        self.present.insert("bootstrap");
        if let Some(clusters) = resources.get("clusters") {
            self.read_clusters(clusters, ResourceState::Static);
        }
        if let Some(listeners) = resources.get("listeners") {
            self.read_listeners(listeners, ListenerState::Static);
        }
    }

    /// The answer of the client status discovery service.
    fn read_client_status(&mut self, root: Node<'d>, resources: Node<'d>) {
        if root.get("node").is_some() {
            self.bootstrap = Some(root);
        }
        for resource in resources.items() {
            // Per type (`xds_config`) or one by one (`generic_xds_configs`).
            let sections =
                ["listener_config", "cluster_config", "route_config", "endpoint_config", "scoped_route_config"];
            for section in sections.into_iter().filter_map(|name| resource.field(name)) {
                self.read_lists(section);
            }
            if let Some(config) = resource.field("xds_config") {
                self.read_resource(config, ResourceState::Active);
            }
        }
    }

    /// Whether the dump has a section: `clusters`, `listeners`, `routes`, `endpoints`, `secrets`.
    pub fn has_section(&self, name: &str) -> bool {
        self.present.contains(name)
    }

    /// The node id: `sidecar~10.1.2.3~pod.namespace~domain`.
    pub fn node_id(&self) -> Option<&'d str> {
        self.bootstrap?.get("node")?.text_at("id").map(|id| id.value)
    }

    /// For people: `pod.namespace`, the node id, or the file where not even its place tells.
    pub fn proxy(&self) -> &'d str {
        let Some(id) = self.node_id().filter(|id| !id.is_empty()) else {
            return self.document.owner().unwrap_or(self.document.name());
        };
        id.split('~').nth(2).filter(|name| name.contains('.')).unwrap_or(id)
    }

    /// What the proxy says of itself to the control plane.
    pub fn metadata(&self) -> Option<Node<'d>> {
        self.bootstrap?.get("node")?.get("metadata")
    }

    /// The namespace of the proxy, where its node id or metadata tells.
    pub fn namespace(&self) -> Option<&'d str> {
        let named = self.metadata().and_then(|m| m.text_at("NAMESPACE")).map(|n| n.value);
        let id = self.node_id()?.split('~').nth(2).and_then(|name| name.rsplit_once('.'));
        named.or(id.map(|(_, namespace)| namespace))
    }

    /// The cluster of this name.
    pub fn cluster(&self, name: &str) -> Option<&ClusterEntry<'d>> {
        self.cluster_places.get(name).and_then(|place| self.clusters.get(*place as usize))
    }

    /// Where the cluster of this name stands in the list.
    pub fn cluster_place(&self, name: &str) -> Option<u32> {
        self.cluster_places.get(name).copied()
    }

    /// Every reference from a route, a filter or a cluster to a cluster.
    pub fn references(&self) -> impl ExactSizeIterator<Item = Lead<'_, 'd>> {
        let stored = self.references.get_or_init(|| references::collect(self));
        stored.iter().map(|stored| Lead::new(self, *stored))
    }

    /// The ports that the clusters of each host have, by istiod's names.
    pub fn host_clusters(&self) -> &HostClusters<'d> {
        self.host_clusters.get_or_init(|| HostClusters::read(self))
    }

    /// The hosts that have a virtual host on port 80.
    pub(super) fn hosts_on_port_80(&self) -> &FxHashSet<&'d str> {
        self.hosts_on_port_80.get_or_init(|| on_port_80(self))
    }

    /// The outbound clusters of a host, by istiod's names.
    pub fn clusters_of_host(&self, host: &str) -> impl Iterator<Item = ClusterName<'d>> {
        let places = self.host_clusters().places(host);
        places.filter_map(|place| ClusterName::parse(self.clusters.get(place)?.cluster.name.value))
    }

    /// Whether the list of clusters can be trusted to be all: it is there, and nothing of the text
    /// is missing.
    pub fn knows_clusters(&self) -> bool {
        self.has_section("clusters") && !self.clusters.is_empty() && !self.document.loses_content()
    }

    /// Whether some of its listeners ask for clusters of routes when they are needed (ODCDS).
    pub fn asks_for_clusters(&self) -> bool {
        *self.asks_for_clusters.get_or_init(|| self.managers().iter().any(|entry| entry.manager.asks_for_clusters()))
    }

    /// The HTTP connection managers of [`Dump::current_listeners`].
    pub fn managers(&self) -> &[ManagerEntry<'d>] {
        self.managers.get_or_init(|| {
            let chains = self.current_listeners().flat_map(|(entry, listener)| {
                let is_warming = entry.versions.iter().all(|(state, _)| *state == ListenerState::Warming);
                listener.filter_chains().map(move |chain| (entry.name, is_warming, chain))
            });
            let managers = chains.filter_map(|(listener, is_warming, chain)| {
                let manager = chain.connection_manager()?;
                Some(ManagerEntry { listener, is_warming, manager, routes: manager.routes() })
            });
            managers.collect()
        })
    }

    /// Listeners that take traffic, or will: not those that drain.
    pub fn current_listeners(&self) -> impl Iterator<Item = (&ListenerEntry<'d>, Listener<'d>)> {
        let version = |entry: &ListenerEntry<'d>| {
            let current = entry.versions.iter().find(|(state, _)| *state != ListenerState::Draining);
            current.map(|(_, listener)| *listener)
        };
        self.listeners.iter().filter_map(move |entry| Some((entry, version(entry)?)))
    }

    /// Every table of routes once: those that came by RDS, and those that stand in listeners.
    /// Without listeners, what the section of routes lists.
    pub fn route_configurations(&self) -> &[RouteConfiguration<'d>] {
        self.route_configurations.get_or_init(|| self.find_route_configurations())
    }

    fn find_route_configurations(&self) -> Vec<RouteConfiguration<'d>> {
        let has_listeners = self.has_section("listeners");
        let listed = self.route_configs.iter().filter(|entry| entry.is_dynamic || !has_listeners);
        let mut configs: Vec<_> = listed.map(|entry| entry.config).collect();
        for entry in self.managers() {
            match entry.routes {
                Some(RouteSource::Inline(config)) => configs.push(config),
                Some(RouteSource::Scoped) => configs.extend(entry.manager.scoped_tables()),
                _ => {}
            }
        }
        configs
    }
}

/// An HTTP connection manager of a listener that takes traffic, or will.
#[derive(Clone, Copy, Debug)]
pub struct ManagerEntry<'d> {
    /// The listener's name.
    pub listener: &'d str,
    /// Whether the listener takes no traffic yet.
    pub is_warming: bool,
    /// The manager.
    pub manager: ConnectionManager<'d>,
    /// Where its routes come from.
    pub routes: Option<RouteSource<'d>>,
}

/// The tables that the scopes of a set name. A scope may have its table in it instead.
fn tables_of_scopes(set: Node<'_>) -> impl Iterator<Item = Spanned<'_, &str>> {
    let scopes = set.field("scoped_route_configs").into_iter().flat_map(Node::items);
    let eager = scopes.filter(|scope| scope.field("on_demand").and_then(Node::as_bool) != Some(true));
    eager.filter_map(|scope| scope.field("route_configuration_name")?.spanned_text()).filter(|name| !name.is_empty())
}

/// Their names, of those that have one.
fn names<'d>(nodes: impl Iterator<Item = Node<'d>>) -> impl Iterator<Item = &'d str> {
    nodes.filter_map(|node| node.get("name")?.text())
}

/// How many entries a list has if all are like the first. To count them is to visit every one.
fn expected(list: Node<'_>) -> usize {
    let values = |node: Node<'_>| (node.end_index() - node.index()) as usize;
    list.items().next().map_or(0, |first| values(list) / values(first))
}

/// The kind of an entry that stands outside its list: `DynamicCluster`, `StaticListener`, ….
pub(crate) fn dynamic_entry(node: Node<'_>) -> Option<&str> {
    let url = node.get("@type")?.text()?;
    let (owner, kind) = url.rsplit_once('.')?;
    owner.ends_with("ConfigDump").then_some(kind)
}

fn error_of<'d>(entry: Node<'d>, section: &'static str, name: &'d str) -> Option<ErrorState<'d>> {
    let node = entry.field("error_state")?;
    let failed = node.field("failed_configuration").and_then(|c| c.text_at("name")).map(|n| n.value);
    Some(ErrorState {
        node,
        section,
        name: if name.is_empty() { failed.unwrap_or_default() } else { name },
        details: node.text_at("details"),
    })
}
