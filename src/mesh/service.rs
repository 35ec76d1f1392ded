//! Hosts that the mesh knows: Kubernetes services and the hosts of ServiceEntries, as istiod's
//! service registry holds them (`pilot/pkg/serviceregistry` in istio/istio).

use crate::document::{Node, Spanned};
use crate::istio::ServiceEntry;
use crate::kube::{self, Labels, Object, TargetPort};

use super::Options;
use super::host;
use super::protocol::Protocol;
use super::visibility::Visibility;

/// One host in one namespace.
#[derive(Clone, Debug)]
pub struct Service<'d> {
    /// The full host name, or a wildcard.
    pub host: String,
    /// The namespace of the object that declares it.
    pub namespace: &'d str,
    /// Who sees it.
    pub visibility: Visibility<'d>,
    /// Its ports.
    pub ports: Vec<Port<'d>>,
    /// What declares it.
    pub source: Source<'d>,
    /// Where the host stands: the service's name, or the entry's host.
    pub host_node: Node<'d>,
    /// The labels that its workloads have; none if it does not select them.
    pub selector: Labels<'d>,
    /// The workloads of its namespace that its selector selects, by their places in the mesh.
    pub(super) selected: Vec<u32>,
    /// The host that it stands for, if it is an `ExternalName` service.
    pub alias_of: Option<&'d str>,
}

/// What declares a host.
#[derive(Clone, Copy, Debug)]
pub enum Source<'d> {
    /// A Kubernetes service.
    Kubernetes(kube::Service<'d>),
    /// A ServiceEntry.
    Entry(ServiceEntry<'d>),
}

/// A port of a host.
#[derive(Clone, Copy, Debug)]
pub struct Port<'d> {
    /// The number that clients use.
    pub number: u16,
    /// The name; empty where it has none.
    pub name: &'d str,
    /// What istiod takes it to speak.
    pub protocol: Protocol,
    /// The port of the containers, if a name stands for it.
    pub target_name: Option<&'d str>,
    /// The entry of `ports`.
    pub node: Node<'d>,
}

impl Port<'_> {
    /// Whether it is one for UDP, which proxies leave alone.
    pub fn is_udp(&self) -> bool {
        self.protocol == Protocol::Udp
    }
}

impl<'d> Service<'d> {
    /// The hosts that `object` declares.
    pub fn of(object: Object<'d>, options: &'d Options) -> Vec<Self> {
        if let Some(service) = kube::Service::of(object) {
            return vec![Self::of_kubernetes(service, options)];
        }
        let Some(entry) = ServiceEntry::of(object) else {
            return Vec::new();
        };
        entry.hosts().map(|host| Self::of_entry(entry, host, options)).collect()
    }

    fn of_kubernetes(service: kube::Service<'d>, options: &'d Options) -> Self {
        let object = service.object;
        let namespace = object.namespace();
        let exports = object.annotation("networking.istio.io/exportTo").map_or("", |a| a.value);
        let entries = exports.split(',').map(str::trim);
        let ports = service.ports().map(|port| Port {
            number: port.number,
            name: port.name(),
            protocol: Protocol::of_service_port(port.number, port.name(), port.transport(), port.app_protocol()),
            target_name: match port.target() {
                TargetPort::Name(name) => Some(name),
                TargetPort::Number(_) => None,
            },
            node: port.node,
        });
        Self {
            host: host::fqdn(object.name(), namespace, &options.cluster_domain),
            namespace,
            visibility: Visibility::of(entries, namespace, options.service_export),
            ports: ports.collect(),
            source: Source::Kubernetes(service),
            host_node: object.name_node(),
            selector: service.selector_labels(),
            selected: Vec::new(),
            alias_of: service.external_name().map(|name| name.value),
        }
    }

    fn of_entry(entry: ServiceEntry<'d>, host: Spanned<'d, &'d str>, options: &'d Options) -> Self {
        let namespace = entry.object.namespace();
        let ports = entry.ports().map(|port| Port {
            number: port.number,
            name: port.name(),
            protocol: Protocol::parse(port.protocol()),
            target_name: None,
            node: port.node,
        });
        Self {
            host: host.value.to_owned(),
            namespace,
            visibility: Visibility::of_list(entry.export_to(), namespace, options.service_export),
            ports: ports.collect(),
            source: Source::Entry(entry),
            host_node: host.node,
            selector: entry.workload_selector().unwrap_or_default(),
            selected: Vec::new(),
            alias_of: None,
        }
    }

    /// The object that declares it.
    pub fn object(&self) -> Object<'d> {
        match self.source {
            Source::Kubernetes(service) => service.object,
            Source::Entry(entry) => entry.object,
        }
    }

    /// Whether a Kubernetes service declares it.
    pub fn is_kubernetes(&self) -> bool {
        matches!(self.source, Source::Kubernetes(_))
    }

    /// Whether Envoy itself resolves the names of its endpoints, instead of istiod.
    pub(super) fn is_resolved_by_envoy(&self) -> bool {
        matches!(self.source, Source::Entry(entry) if matches!(entry.resolution(), "DNS" | "DNS_ROUND_ROBIN"))
    }

    /// Whether a sidecar sends requests to the address that its client wanted: a ServiceEntry
    /// without resolution and without endpoints.
    pub fn is_passed_on(&self) -> bool {
        matches!(self.source, Source::Entry(entry) if entry.resolution() == "NONE"
            && entry.endpoints().next().is_none() && self.selector.is_empty())
    }

    /// The port with this number.
    pub fn port(&self, number: u16) -> Option<&Port<'d>> {
        self.ports.iter().find(|port| port.number == number && !port.is_udp())
    }

    /// The only port, if there is just one.
    pub fn only_port(&self) -> Option<&Port<'d>> {
        match &self.ports[..] {
            [port] => Some(port),
            _ => None,
        }
    }

    /// Its place among services of the same host: oldest first, then by name and namespace.
    pub(super) fn age(&self) -> ((bool, &'d str), &str, &'d str) {
        let name = match self.source {
            Source::Kubernetes(service) => service.object.name(),
            Source::Entry(_) => &self.host,
        };
        (super::birth(self.object()), name, self.namespace)
    }
}
