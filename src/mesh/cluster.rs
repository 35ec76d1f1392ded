//! Whether a proxy has the cluster that a route leads to, and if not, why.

use crate::istio::{ServiceEntry, Subset};
use crate::kube::{Labels, is_of_place};

use super::Mesh;
use super::declarations::Declared;
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

    /// How far from an answer requests are.
    fn badness(&self) -> u8 {
        match self {
            Self::Present { .. } => 0,
            Self::WithoutEndpoints { .. } | Self::Withheld { .. } => 1,
            _ => 2,
        }
    }
}

impl<'m, 'd> Scope<'m, 'd> {
    /// The cluster for a destination. Where several declarations of the host are equally old, so that
    /// istiod takes any of them for the first, the best that may be there.
    pub fn cluster(&self, mesh: &'m Mesh<'d>, host: &str, port: u16, subset: Option<&str>) -> Cluster<'m, 'd> {
        let declared = self.declared(host).into_iter();
        let found = declared.map(|declared| self.cluster_of(mesh, &declared, port, subset));
        found.min_by_key(Cluster::badness).unwrap_or_else(|| match self.destination_service(host) {
            Some(service) if service.port(port).is_none() => Cluster::UnknownPort { service },
            _ => mesh.absent_host(host),
        })
    }

    fn cluster_of(
        &self,
        mesh: &'m Mesh<'d>,
        declared: &Declared<'m, 'd>,
        port: u16,
        subset: Option<&str>,
    ) -> Cluster<'m, 'd> {
        let service = declared.service;
        if service.alias_of.is_some() {
            return Cluster::Alias { service };
        }
        let Some(service_port) = declared.port(port) else {
            // Of a service that the client has only for the sake of routes, it has what they ask for.
            return match service.port(port) {
                Some(_) => Cluster::Invisible { service },
                None => Cluster::UnknownPort { service },
            };
        };
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
        let labels = subset.map(|subset| subset.labels());
        let own = match service.source {
            Source::Entry(entry) if service.selector.is_empty() => Some(has_addresses(entry, labels.as_ref())),
            _ => self.selects_endpoints(service, port, labels.as_ref()),
        };
        // Whatever its namespace declares for one host has the same endpoints.
        let mut others =
            self.services_of(&service.host).filter(|s| s.namespace == service.namespace && !std::ptr::eq(*s, service));
        match own != Some(true) && others.any(|other| self.adds_endpoints(service, port, other, labels.as_ref())) {
            true => None,
            false => own,
        }
    }

    /// As [`Mesh::has_endpoints`], of a service that selects them.
    fn selects_endpoints(&self, service: &Service<'d>, port: &Port<'d>, labels: Option<&Labels<'_>>) -> Option<bool> {
        if service.selector.is_empty() || !self.knows_workloads_of(service.namespace) {
            return None; // its endpoints are somebody else's affair, or not among the inputs
        }
        let serves = |workload: &Workload<'d>| {
            labels.is_none_or(|labels| workload.may_be_in(labels))
                && port.target_name.is_none_or(|name| workload.has_port_named(name))
        };
        let any = self.workloads_behind(service).any(serves);
        (any || !self.may_have_workload(service.namespace, &service.selector)).then_some(any)
    }

    /// Whether another declaration of the host may add endpoints to a port of `service`: one with a
    /// port of that name or number that has some.
    fn adds_endpoints(
        &self,
        service: &Service<'d>,
        port: &Port<'d>,
        other: &Service<'d>,
        labels: Option<&Labels<'_>>,
    ) -> bool {
        let is_meant = |own: &&Port<'_>| own.number == port.number || own.name == port.name;
        let Some(meant) = other.ports.iter().find(is_meant) else { return false };
        let Source::Entry(entry) = other.source else {
            return other.alias_of.is_none() && self.selects_endpoints(other, meant, labels) != Some(false);
        };
        match other.selector.is_empty() {
            true => {
                (service.is_resolved_by_envoy() || entry.endpoints().next().is_some()) && has_addresses(entry, labels)
            }
            false => self.selects_endpoints(other, meant, labels) != Some(false),
        }
    }

    /// The workloads that a service selects.
    pub fn workloads_behind(&self, service: &Service<'d>) -> impl Iterator<Item = &Workload<'d>> {
        service.selected.iter().filter_map(|place| self.workloads.get(*place as usize))
    }
}

/// Whether a ServiceEntry that selects no workloads has endpoints.
fn has_addresses(entry: ServiceEntry<'_>, subset: Option<&Labels<'_>>) -> bool {
    let matches = |found: Labels<'_>| subset.is_none_or(|labels| labels.may_be_in(&found, is_of_place));
    match (entry.resolution(), entry.endpoints().next()) {
        ("STATIC", None) => false,           // its addresses are those that clients ask for
        ("NONE" | "DYNAMIC_DNS", _) => true, // wherever the client connects to
        (_, None) => matches(Labels::default()),
        (_, Some(_)) => entry.endpoints().any(|endpoint| matches(Labels::of(endpoint.get("labels")))),
    }
}
