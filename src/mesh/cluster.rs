//! Whether a proxy has the cluster that a route leads to, and if not, why.

use crate::istio::{ServiceEntry, Subset};
use crate::kube::Labels;

use super::Mesh;
use super::destination_rules::MergedRule;
use super::scope::Scope;
use super::service::{Port, Service, Source};
use super::workload::Workload;

/// The cluster `outbound|PORT|SUBSET|HOST` of one client.
#[derive(Clone, Copy, Debug)]
pub enum Cluster<'m, 'd> {
    /// It is there, and as far as the inputs tell it has endpoints.
    Present {
        /// The service it is for; nothing for a host of Kubernetes or Istio itself.
        service: &'m Service<'d>,
    },
    /// It is there and has no endpoint: 503 UH.
    WithoutEndpoints {
        /// The service it is for.
        service: &'m Service<'d>,
        /// The rule that declares the subset, where the subset is the reason.
        rule: Option<&'m MergedRule<'d>>,
    },
    /// No service and no ServiceEntry has the host: 503 NC.
    UnknownHost,
    /// Only a wildcard covers the host, and istiod makes no cluster for a name under it: 503 NC.
    UnderWildcard {
        /// The wildcard host.
        service: &'m Service<'d>,
    },
    /// The host is there, but this client does not see it: 503 NC.
    Invisible {
        /// The service that it does not see.
        service: &'m Service<'d>,
    },
    /// A service of the client's own namespace that is exported to nobody: it has a cluster, but
    /// not its endpoints: 503 UH.
    Withheld {
        /// The service.
        service: &'m Service<'d>,
    },
    /// The service does not have the port: 503 NC.
    UnknownPort {
        /// The service.
        service: &'m Service<'d>,
    },
    /// An `ExternalName` service, which stands for another host and has no cluster of its own, and
    /// istiod did not put that host in its place: 503 NC.
    Alias {
        /// The service.
        service: &'m Service<'d>,
    },
    /// A subset of which istiod makes no cluster, because Envoy would resolve the names of its
    /// endpoints and none of them has its labels: 503 NC.
    EmptySubset {
        /// The service.
        service: &'m Service<'d>,
        /// The rule that declares the subset.
        rule: Option<&'m MergedRule<'d>>,
    },
    /// No DestinationRule that this client uses declares the subset: 503 NC.
    UnknownSubset {
        /// The service.
        service: &'m Service<'d>,
        /// The rule it uses, if any.
        rule: Option<&'m MergedRule<'d>>,
    },
}

impl Cluster<'_, '_> {
    /// Whether requests end in 503 NC.
    pub fn is_missing(&self) -> bool {
        !matches!(self, Self::Present { .. } | Self::WithoutEndpoints { .. } | Self::Withheld { .. })
    }
}

impl<'m, 'd> Scope<'m, 'd> {
    /// The cluster for a destination.
    pub fn cluster(&self, mesh: &'m Mesh<'d>, host: &str, port: u16, subset: Option<&str>) -> Cluster<'m, 'd> {
        let Some(service) = self.destination_service(host) else {
            return mesh.absent_host(host);
        };
        if service.alias_of.is_some() {
            return Cluster::Alias { service };
        }
        let found = service.port(port).map(|found| (service, found));
        let merged = || self.merged_with(service, port).and_then(|other| Some((other, other.port(port)?)));
        let Some((service, service_port)) = found.or_else(merged) else {
            return Cluster::UnknownPort { service };
        };
        if !self.has_port_of(mesh, service, port) {
            return Cluster::Invisible { service };
        }
        if subset.is_none() && service.visibility.is_nobody() {
            return Cluster::Withheld { service };
        }
        let Some(subset) = subset else {
            return match self.has_endpoints(mesh, service, service_port, None) {
                Some(false) => Cluster::WithoutEndpoints { service, rule: None },
                _ => Cluster::Present { service },
            };
        };
        let rule = self.destination_rule(service);
        let Some(declared) = rule.and_then(|r| r.subset(subset)) else {
            return Cluster::UnknownSubset { service, rule };
        };
        if service.visibility.is_nobody() {
            return Cluster::Withheld { service };
        }
        if self.has_endpoints(mesh, service, service_port, None) == Some(false) {
            return Cluster::WithoutEndpoints { service, rule: None };
        }
        match self.has_endpoints(mesh, service, service_port, Some(declared)) {
            Some(false) if service.is_resolved_by_envoy() => Cluster::EmptySubset { service, rule },
            Some(false) => Cluster::WithoutEndpoints { service, rule },
            _ => Cluster::Present { service },
        }
    }

    /// As [`Mesh::has_endpoints`], for this client: a gateway has no address that its client wanted,
    /// so that a host that is passed on to wherever the client connects has no endpoints there.
    fn has_endpoints(
        &self,
        mesh: &Mesh<'d>,
        service: &Service<'d>,
        port: &Port<'d>,
        subset: Option<&Subset<'_>>,
    ) -> Option<bool> {
        match self.client.is_gateway && service.is_passed_on() {
            true => Some(false),
            false => mesh.has_endpoints(service, port, subset),
        }
    }

    /// The port that a destination without one leads to. In a sidecar that is the port of the
    /// request, even if the destination's only port is another; a gateway takes the only port.
    pub fn destination_port(&self, host: &str, request_port: u16) -> u16 {
        if !self.client.is_gateway {
            return request_port;
        }
        let only = self.destination_service(host).and_then(Service::only_port);
        only.map_or(request_port, |port| port.number)
    }
}

impl<'d> Mesh<'d> {
    /// Why a host has no cluster at all.
    pub(super) fn absent_host(&self, host: &str) -> Cluster<'_, 'd> {
        if let Some(service) = self.services_of(host).next() {
            return Cluster::Invisible { service };
        }
        match self.by_host.holding(host).find_map(|place| self.services.get(place as usize)) {
            Some(service) => Cluster::UnderWildcard { service },
            None => Cluster::UnknownHost,
        }
    }

    /// Whether a port of a service has endpoints, or those of them that a subset's labels select.
    /// Nothing where the inputs do not tell.
    pub fn has_endpoints(&self, service: &Service<'d>, port: &Port<'d>, subset: Option<&Subset<'_>>) -> Option<bool> {
        if let Source::Entry(entry) = service.source
            && service.selector.is_empty()
        {
            return Some(has_addresses(entry, subset.map(|s| s.labels()).as_ref()));
        }
        if service.selector.is_empty() || !self.knows_workloads_of(service.namespace) {
            return None; // its endpoints are somebody else's affair, or not among the inputs
        }
        let labels = subset.map(|subset| subset.labels());
        let serves = |workload: &Workload<'d>| {
            labels.as_ref().is_none_or(|labels| labels.is_subset_of(&workload.labels))
                && port.target_name.is_none_or(|name| workload.has_port_named(name))
        };
        let any = self.workloads_behind(service).any(serves);
        (any || !self.may_have_workload(service.namespace, &service.selector)).then_some(any)
    }

    /// The workloads that a service selects.
    pub fn workloads_behind(&self, service: &Service<'d>) -> impl Iterator<Item = &Workload<'d>> {
        service.selected.iter().filter_map(|place| self.workloads.get(*place as usize))
    }
}

/// Whether a ServiceEntry that selects no workloads has endpoints.
fn has_addresses(entry: ServiceEntry<'_>, subset: Option<&Labels<'_>>) -> bool {
    let matches = |found: Labels<'_>| subset.is_none_or(|labels| labels.is_subset_of(&found));
    match (entry.resolution(), entry.endpoints().next()) {
        ("STATIC", None) => false,           // its addresses are those that clients ask for
        ("NONE" | "DYNAMIC_DNS", _) => true, // wherever the client connects to
        (_, None) => matches(Labels::default()),
        (_, Some(_)) => entry.endpoints().any(|endpoint| matches(Labels::of(endpoint.get("labels")))),
    }
}
