//! What the manifests mean together: hosts, services, workloads, visibility, bindings.
//!
//! This is a model of how istiod reads them. Where it follows a particular function of istiod, the
//! module names it.

mod audience;
mod cluster;
mod declarations;
mod destination_rules;
mod gateway_chains;
mod gateway_listeners;
mod gateways;
mod host;
mod host_gap;
mod host_index;
mod knowledge;
mod layer4;
mod mtls;
mod options;
mod protocol;
mod proxied;
mod routes;
mod scope;
mod service;
mod virtual_services;
mod visibility;
mod workload;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::istio::{Gateway, Sidecar};
use crate::kube::{Labels, Object, is_given};

use host_index::HostIndex;
use knowledge::Known;

pub use audience::Audience;
pub use cluster::Cluster;
pub use destination_rules::{DestinationRules, MergedRule};
pub use gateway_listeners::{AcceptedServer, GatewayListeners, RejectedServer, Rejection};
pub use gateways::{Front, GatewayEffect, NoGatewayEffect, PreparedGateway, ServerHost, selects};
pub use host::{brief, fqdn, intersection, is_subset_of, is_wildcard, kubernetes_parts, overlaps, resolve};
pub use knowledge::may_be_placeholder;
pub use layer4::NoLayer4Effect;
pub use mtls::{PortMode, ServerMode};
pub use options::{CompleteKind, Completeness, Options};
pub use protocol::Protocol;
pub use routes::{DestinationUse, GeneratedRoute, NoEffect, SidecarEffect, VirtualHost};
pub use scope::{Client, Scope};
pub use service::{Port, Service, Source};
pub use virtual_services::{
    GatewayRef, Layer4Kind, Layer4Match, Layer4Route, MESH_GATEWAY, PreparedDestination, PreparedRoute,
    PreparedVirtualService, RouteMatch, SourceCondition, is_delegate, resolve_gateway,
};
pub use visibility::Visibility;
pub use workload::{Workload, are_of_gateway};

/// The meaning of a set of manifests.
#[derive(Debug)]
pub struct Mesh<'d> {
    /// What the manifests do not say.
    pub options: &'d Options,
    /// Every resource as it was written, in the order of the inputs.
    pub written: Vec<Object<'d>>,
    /// Every resource once: of several with one identity the last, as applying them leaves it.
    /// Oldest first.
    pub objects: Vec<Object<'d>>,
    /// Hosts, oldest first.
    pub services: Vec<Service<'d>>,
    /// VirtualServices, oldest first.
    pub virtual_services: Vec<PreparedVirtualService<'d>>,
    /// DestinationRules as clients look for them.
    pub destination_rules: DestinationRules<'d>,
    /// Workloads.
    pub workloads: Vec<Workload<'d>>,
    /// The kinds of sidecars that there are, or may be.
    pub clients: Vec<Client<'d>>,
    /// Istio's Gateways, oldest first.
    pub gateways: Vec<PreparedGateway<'d>>,
    /// The proxies that serve them.
    pub gateway_clients: Vec<Client<'d>>,
    /// A gateway of which nothing is known, to ask what one would find.
    pub some_gateway: Client<'d>,
    /// Resources by group and kind, oldest first.
    by_kind: FxHashMap<(&'d str, &'d str), Vec<Object<'d>>>,
    gateways_by_name: FxHashMap<String, u32>,
    by_host: HostIndex,
    http_ports: FxHashMap<u16, Vec<u32>>,
    ports: FxHashMap<u16, Vec<u32>>,
    /// Ports on which some clients listen for HTTP and others do not.
    private_http_ports: FxHashSet<u16>,
    virtual_services_by_host: HostIndex,
    virtual_services_by_destination: FxHashMap<String, Vec<u32>>,
    delegates: virtual_services::Delegates<'d>,
    /// Whether every VirtualService is the same for every client.
    virtual_services_are_plain: bool,
    workloads_by_namespace: FxHashMap<&'d str, Vec<u32>>,
    known: Known<'d>,
}

impl<'d> Mesh<'d> {
    /// Makes the model of `objects`, which are in the order in which they would be applied.
    pub fn new(objects: &[Object<'d>], options: &'d Options) -> Self {
        let written = objects.to_vec();
        let objects = discovered(applied(objects), options);
        let mut services: Vec<Service<'d>> = objects.iter().flat_map(|o| Service::of(*o, options)).collect();
        services.sort_by(|a, b| a.age().cmp(&b.age()));
        let (virtual_services, delegates) = virtual_services::prepare(&objects, options);
        let workloads = objects.iter().filter_map(|o| Workload::of(*o)).collect();
        let mut mesh = Self {
            options,
            destination_rules: DestinationRules::of(&objects, options),
            known: Known::of(&objects, &services),
            by_kind: FxHashMap::default(),
            gateways_by_name: FxHashMap::default(),
            by_host: HostIndex::default(),
            http_ports: FxHashMap::default(),
            ports: FxHashMap::default(),
            private_http_ports: FxHashSet::default(),
            virtual_services_by_host: HostIndex::default(),
            virtual_services_by_destination: FxHashMap::default(),
            delegates,
            virtual_services_are_plain: virtual_services.iter().all(audience::is_plain),
            workloads_by_namespace: FxHashMap::default(),
            clients: Vec::new(),
            gateways: objects.iter().filter_map(|o| prepare_gateway(*o)).collect(),
            gateway_clients: Vec::new(),
            some_gateway: Client {
                namespace: &options.root_namespace,
                labels: None,
                workload: None,
                is_whole_namespace: false,
                sidecar: None,
                is_gateway: true,
                target_ports: Vec::new(),
                is_unprivileged: false,
            },
            objects,
            written,
            services,
            virtual_services,
            workloads,
        };
        mesh.index();
        mesh.clients = mesh.find_clients();
        mesh.gateway_clients = mesh.find_gateway_clients();
        mesh
    }

    fn index(&mut self) {
        for object in &self.objects {
            self.by_kind.entry((object.group(), object.kind())).or_default().push(*object);
        }
        for (gateway, place) in self.gateways.iter().zip(0..) {
            self.gateways_by_name.entry(gateway.full_name.clone()).or_insert(place);
        }
        // A service that stands for another host has no listeners.
        for (place, service) in self.services.iter().enumerate().filter(|(_, s)| s.alias_of.is_none()) {
            for port in service.ports.iter().filter(|p| !p.is_udp()) {
                self.ports.entry(port.number).or_default().push(place as u32);
                if port.protocol == Protocol::Http {
                    self.http_ports.entry(port.number).or_default().push(place as u32);
                }
            }
        }
        let is_private = |port: &&u16| !self.http_services_on(**port).any(|service| service.visibility.is_public);
        self.private_http_ports = self.http_ports.keys().filter(is_private).copied().collect();
        let places = self.services.iter().zip(0..);
        self.by_host = HostIndex::of(places.map(|(service, place)| (service.host.as_str(), place)));
        let places = self.virtual_services.iter().zip(0..);
        let hosts =
            places.flat_map(|(service, place)| service.hosts.iter().map(move |host| (host.value.as_str(), place)));
        self.virtual_services_by_host = HostIndex::of(hosts);
        for (service, place) in self.virtual_services.iter().zip(0..) {
            for host in service.destinations().map(|(_, destination)| &destination.host) {
                let places = self.virtual_services_by_destination.entry(host.clone()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        for (place, workload) in self.workloads.iter().enumerate() {
            self.workloads_by_namespace.entry(workload.namespace).or_default().push(place as u32);
        }
        self.select_workloads();
    }

    /// Works out which workloads each service selects, starting from its rarest label.
    fn select_workloads(&mut self) {
        let mut by_label: FxHashMap<(&str, &str, &str), Vec<u32>> = FxHashMap::default();
        for (workload, place) in self.workloads.iter().zip(0..) {
            for (key, value) in workload.labels.iter() {
                by_label.entry((workload.namespace, key, value)).or_default().push(place);
            }
        }
        for service in &mut self.services {
            let selector = &service.selector;
            let with =
                |(key, value)| by_label.get(&(service.namespace, key, value)).map(Vec::as_slice).unwrap_or_default();
            // What pods are given stands in no template.
            let written = selector.iter().filter(|(key, _)| !is_given(key));
            let rarest = written.map(with).min_by_key(|places| places.len());
            let all = || self.workloads_by_namespace.get(service.namespace).filter(|_| !selector.is_empty());
            let candidates = rarest.or_else(|| all().map(Vec::as_slice)).unwrap_or_default();
            let has_all = |place: &&u32| self.workloads.get(**place as usize).is_some_and(|w| w.may_have(selector));
            service.selected = candidates.iter().filter(has_all).copied().collect();
        }
    }

    /// The resources of a group and kind, in whatever version, oldest first.
    pub fn all_of(&self, group: &'static str, kind: &'static str) -> &[Object<'d>] {
        self.by_kind.get(&(group, kind)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The services with exactly this host, oldest first.
    pub fn services_of(&self, host: &str) -> impl Iterator<Item = &Service<'d>> {
        self.by_host.exactly(host).iter().filter_map(|place| self.services.get(*place as usize))
    }

    /// The services that a host of a VirtualService or a DestinationRule can stand for.
    pub fn services_within<'m>(&'m self, host: &'m str) -> Box<dyn Iterator<Item = &'m Service<'d>> + 'm> {
        if !is_wildcard(host) {
            return Box::new(self.services_of(host));
        }
        let places = self.by_host.overlapping(host).into_iter();
        Box::new(places.filter_map(|place| self.services.get(place as usize)))
    }

    /// The services that are declared to speak HTTP on `port`.
    pub fn http_services_on(&self, port: u16) -> impl Iterator<Item = &Service<'d>> {
        let places = self.http_ports.get(&port).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.services.get(*place as usize))
    }

    /// The services on `port`, whatever they speak, UDP apart.
    pub fn services_on(&self, port: u16) -> impl Iterator<Item = &Service<'d>> {
        let places = self.ports.get(&port).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.services.get(*place as usize))
    }

    /// The VirtualServices that name exactly this host, oldest first.
    pub fn virtual_services_for(&self, host: &str) -> impl Iterator<Item = &PreparedVirtualService<'d>> {
        self.virtual_services_by_host
            .exactly(host)
            .iter()
            .filter_map(|place| self.virtual_services.get(*place as usize))
    }

    /// The VirtualServices of which a host shares a name with this one, oldest first.
    pub fn virtual_services_sharing(&self, host: &str) -> Vec<&PreparedVirtualService<'d>> {
        let mut places = self.virtual_services_by_host.sharing(host);
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.virtual_services.get(place as usize)).collect()
    }

    /// The VirtualServices that lead to exactly this host, oldest first.
    pub fn virtual_services_to(&self, host: &str) -> impl Iterator<Item = &PreparedVirtualService<'d>> {
        let places = self.virtual_services_by_destination.get(host).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.virtual_services.get(*place as usize))
    }

    /// The workloads of a namespace.
    pub fn workloads_of(&self, namespace: &str) -> impl Iterator<Item = &Workload<'d>> {
        let places = self.workloads_by_namespace.get(namespace).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.workloads.get(*place as usize))
    }

    /// The service that a half-qualified name (`reviews.default`) seems to mean, if there is one and
    /// nobody has just that name. Istiod does not complete such names.
    pub fn half_qualified(&self, written: &str) -> Option<String> {
        let name = written.strip_suffix(".svc").unwrap_or(written);
        let (name, namespace) = name.split_once('.')?;
        if namespace.contains('.') || self.services_of(written).next().is_some() {
            return None;
        }
        let full = fqdn(name, namespace, &self.options.cluster_domain);
        self.services_of(&full).next().map(|_| full.clone())
    }

    /// Every namespace that some object is in.
    pub fn namespaces(&self) -> Vec<&'d str> {
        let mut namespaces: Vec<_> = self.objects.iter().map(|o| o.namespace()).filter(|n| !n.is_empty()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        namespaces
    }

    /// The Sidecar that restricts a workload: one that selects it, else its namespace's, else the
    /// root namespace's.
    fn sidecar_for(
        &self,
        sidecars: &[(&'d str, Sidecar<'d>)],
        namespace: &str,
        labels: Option<&Labels<'_>>,
    ) -> Option<Sidecar<'d>> {
        let own = || sidecars.iter().filter(|(home, _)| *home == namespace).map(|(_, sidecar)| *sidecar);
        let selects =
            |s: &Sidecar<'d>| s.workload_selector().is_some_and(|w| labels.is_some_and(|l| w.is_subset_of(l)));
        let is_default = |s: &Sidecar<'d>| s.workload_selector().is_none();
        let root =
            || sidecars.iter().filter(|(home, _)| *home == self.options.root_namespace).map(|(_, sidecar)| *sidecar);
        own().find(selects).or_else(|| own().find(is_default)).or_else(|| root().find(is_default))
    }

    /// The kinds of sidecars: per namespace one for each Sidecar that selects workloads there and
    /// for each set of labels that some condition asks for.
    fn find_clients(&self) -> Vec<Client<'d>> {
        let sidecars: Vec<_> = self.objects.iter().filter_map(|o| Some((o.namespace(), Sidecar::of(*o)?))).collect();
        let asked = self.labels_asked_for();
        let mut clients = Vec::new();
        for namespace in self.namespaces() {
            let mut seen = FxHashSet::default();
            for workload in self.workloads_of(namespace).filter(|w| w.can_be_client()) {
                let sidecar = self.sidecar_for(&sidecars, namespace, Some(&workload.labels));
                let identity =
                    sidecar.map(|s| (std::ptr::from_ref(s.object.node().document()), s.object.node().index()));
                let values: Vec<_> = asked.iter().map(|key| workload.labels.get(key)).collect();
                if seen.insert((identity, values)) {
                    clients.push(Client {
                        namespace,
                        labels: Some(workload.labels.clone()),
                        workload: Some(workload.object.name()),
                        is_whole_namespace: false,
                        sidecar,
                        is_gateway: false,
                        target_ports: Vec::new(),
                        is_unprivileged: false,
                    });
                }
            }
            if let ([_], Some(only)) = (&seen.iter().collect::<Vec<_>>()[..], clients.last_mut()) {
                only.is_whole_namespace = true;
            }
            let is_root = namespace == self.options.root_namespace;
            // Without a single workload, requests are judged as those of somebody whom no manifest shows.
            let is_empty =
                || !self.workloads_by_namespace.is_empty() && self.is_complete(CompleteKind::Workloads, namespace);
            if seen.is_empty() && !is_root && !is_empty() {
                clients.push(Client {
                    namespace,
                    labels: None,
                    workload: None,
                    is_whole_namespace: true,
                    sidecar: self.sidecar_for(&sidecars, namespace, None),
                    is_gateway: false,
                    target_ports: Vec::new(),
                    is_unprivileged: false,
                });
            }
        }
        clients
    }

    /// The proxies that Gateways select, and Istio's own ingress gateway where nothing is known of
    /// it.
    fn find_gateway_clients(&self) -> Vec<Client<'d>> {
        let selected =
            |w: &&Workload<'d>| w.is_gateway() || self.gateways.iter().any(|g| asks_for_gateway(g, &w.labels));
        let mut clients: Vec<Client<'d>> = Vec::new();
        for workload in self.workloads.iter().filter(selected) {
            let same = |c: &&Client<'d>| {
                c.namespace == workload.namespace && c.labels.as_ref().is_some_and(|l| l.is_same_as(&workload.labels))
            };
            if clients.iter().find(same).is_none() {
                clients.push(Client {
                    namespace: workload.namespace,
                    labels: Some(workload.labels.clone()),
                    workload: Some(workload.object.name()),
                    is_whole_namespace: false,
                    sidecar: None,
                    is_gateway: true,
                    target_ports: self.target_ports(workload.namespace, &workload.labels, Some(workload)),
                    is_unprivileged: workload.is_unprivileged(),
                });
            }
        }
        let standard = Labels::from_pairs([("app", "istio-ingressgateway"), ("istio", "ingressgateway")]);
        let is_known =
            clients.iter().any(|c| c.labels.as_ref().is_some_and(|l| l.get("istio") == Some("ingressgateway")));
        if !is_known && !self.workloads_by_namespace.contains_key(self.options.root_namespace.as_str()) {
            let namespace = self.options.root_namespace.as_str();
            clients.push(Client {
                namespace,
                target_ports: self.target_ports(namespace, &standard, None),
                is_unprivileged: false,
                labels: Some(standard),
                workload: Some("istio-ingressgateway"),
                is_whole_namespace: false,
                sidecar: None,
                is_gateway: true,
            });
        }
        clients
    }

    /// The keys of labels by which VirtualServices and DestinationRules tell clients apart.
    fn labels_asked_for(&self) -> Vec<&'d str> {
        let conditions = self.virtual_services.iter().flat_map(|s| &s.routes).flat_map(|r| &r.matches);
        let sources =
            conditions.flat_map(virtual_services::RouteMatch::parts).map(crate::istio::HttpMatch::source_labels);
        let rules = self.objects.iter().filter_map(|o| crate::istio::DestinationRule::of(*o)?.workload_selector());
        let mut keys: Vec<&'d str> = Vec::new();
        for labels in sources.chain(rules) {
            keys.extend(labels.iter().map(|(key, _)| key));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

fn prepare_gateway(object: Object<'_>) -> Option<PreparedGateway<'_>> {
    let view = Gateway::of(object)?;
    let namespace = object.namespace();
    Some(PreparedGateway { view, namespace, full_name: format!("{namespace}/{}", object.name()) })
}

/// Whether a Gateway selects these labels on purpose: by a label, not by asking for nothing.
fn asks_for_gateway(gateway: &PreparedGateway<'_>, labels: &Labels<'_>) -> bool {
    !gateway.view.selector_labels().is_empty() && selects(gateway, labels)
}

/// When an object was created. What the cluster does not have yet is younger than all that it has.
pub(super) fn birth(object: Object<'_>) -> (bool, &str) {
    object.created().map_or((true, ""), |time| (false, time))
}

/// The objects without those of namespaces that istiod is told to ignore
/// (<https://istio.io/latest/docs/ops/configuration/mesh/configuration-scoping/#discoveryselectors>). Of a
/// namespace whose labels are not among the inputs, nobody knows.
fn discovered<'d>(mut objects: Vec<Object<'d>>, options: &Options) -> Vec<Object<'d>> {
    if options.discovery.is_empty() {
        return objects;
    }
    let is_ignored = |namespace: &Object<'d>| {
        let name = [("kubernetes.io/metadata.name", namespace.name())];
        let labels = Labels::from_pairs(namespace.labels().iter().chain(name));
        namespace.name() != options.root_namespace && !options.discovery.iter().any(|one| one.selects(&labels))
    };
    let namespaces = objects.iter().filter(|object| object.is("", "Namespace"));
    let ignored: FxHashSet<&str> = namespaces.filter(|n| is_ignored(n)).map(|n| n.name()).collect();
    objects.retain(|object| !ignored.contains(object.namespace()));
    objects
}

/// Every object once, the last of several with one identity, sorted as istiod sorts: by creation
/// time, then name, then namespace.
fn applied<'d>(objects: &[Object<'d>]) -> Vec<Object<'d>> {
    let mut last = FxHashMap::default();
    let mut kept: Vec<Option<Object<'d>>> = Vec::with_capacity(objects.len());
    for object in objects {
        let identity = (object.group(), object.kind(), object.namespace(), object.name());
        if let Some(earlier) = last.insert(identity, kept.len())
            && let Some(slot) = kept.get_mut(earlier)
        {
            *slot = None;
        }
        kept.push(Some(*object));
    }
    let mut kept: Vec<Object<'d>> = kept.into_iter().flatten().collect();
    kept.sort_by_cached_key(|object| (birth(*object), object.name(), object.namespace()));
    kept
}
