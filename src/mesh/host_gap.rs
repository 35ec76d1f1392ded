//! Why the inputs do not tell whether there is a host.

use crate::kube::{Object, is_open};

use super::knowledge::may_be_placeholder;
use super::{CompleteKind, Mesh, kubernetes_parts};

/// What may bring a host that is not among the inputs.
enum HostGap<'h, 'd> {
    /// It is not known which host that is.
    Template,
    /// The namespace of the Service that it would be.
    Service(&'h str, ServiceGap<'d>),
    /// Another cluster, or the same if its domain is another.
    OtherDomain,
    /// A ServiceEntry.
    Entry,
}

/// What may bring a Service that is not among the inputs.
enum ServiceGap<'d> {
    /// Istio's installation, which is hardly ever among the inputs.
    Istio,
    /// Every cluster has it.
    Cluster,
    /// An operator, or whoever wrote a resource for one.
    Hint(Object<'d>, &'static str),
    /// Not all Services of the namespace are among the inputs.
    Elsewhere,
    /// A Service of the same name, of a namespace that is not known.
    Open,
}

impl<'d> Mesh<'d> {
    /// Whether the inputs would hold the object that declares `host`, if there were one. `home` is
    /// the namespace that asks.
    pub fn knows_host(&self, host: &str, home: &str) -> bool {
        self.host_gap(host, home).is_none()
    }

    /// Why the inputs do not tell whether there is a host, and what would; nothing if they do.
    pub fn why_host_unknown(&self, host: &str, home: &str) -> Option<(String, String)> {
        let domain = &self.options.cluster_domain;
        Some(match self.host_gap(host, home)? {
            HostGap::Template => ("of a template".to_owned(), "render the template".to_owned()),
            HostGap::Service(namespace, gap) => {
                let why = match gap {
                    ServiceGap::Istio => "(Istio's installation brings it)".to_owned(),
                    ServiceGap::Cluster => "(every cluster has its own)".to_owned(),
                    ServiceGap::Hint(o, what) => format!("({} {} of {} {what})", o.kind(), o.name(), o.group()),
                    ServiceGap::Elsewhere => self.why_unknown("Service", namespace),
                    ServiceGap::Open => "(a Service of that name has no namespace)".to_owned(),
                };
                let remedy = match is_open(namespace) {
                    true => "say --namespace, if folders are applied to one".to_owned(),
                    false => format!("pass its Services, or say --complete services:{namespace}"),
                };
                (format!("of namespace `{namespace}` {why}"), remedy)
            }
            HostGap::OtherDomain => (
                format!("of another domain than `{domain}`"),
                "say --cluster-domain if the cluster has another, or --complete services".to_owned(),
            ),
            HostGap::Entry => (
                "outside the cluster (no ServiceEntry among the inputs)".to_owned(),
                "pass the ServiceEntries, or say --complete services".to_owned(),
            ),
        })
    }

    fn host_gap<'h>(&self, host: &'h str, home: &str) -> Option<HostGap<'h, 'd>> {
        if may_be_placeholder(host) {
            return Some(HostGap::Template);
        }
        match kubernetes_parts(host, &self.options.cluster_domain) {
            Some((name, namespace)) => Some(HostGap::Service(namespace, self.service_gap(name, namespace)?)),
            None => self.entry_gap(host, home),
        }
    }

    fn service_gap(&self, name: &str, namespace: &str) -> Option<ServiceGap<'d>> {
        if self.is_complete(CompleteKind::Services, namespace) {
            return None;
        }
        if namespace == self.options.root_namespace && name.starts_with("istio") {
            return Some(ServiceGap::Istio);
        }
        if namespace == "kube-system" || (namespace, name) == ("default", "kubernetes") {
            return Some(ServiceGap::Cluster);
        }
        if self.is_partial(namespace) {
            return Some(ServiceGap::Elsewhere);
        }
        if let Some((resource, what)) = self.hint_at(name, namespace) {
            return Some(ServiceGap::Hint(resource, what));
        }
        if !self.knows_services_of(namespace) {
            return Some(ServiceGap::Elsewhere);
        }
        self.may_have_service(name, namespace).then_some(ServiceGap::Open)
    }

    fn entry_gap<'h>(&self, host: &str, home: &str) -> Option<HostGap<'h, 'd>> {
        if self.options.complete.covers_all(CompleteKind::Services) {
            return None;
        }
        // Like a service: of the domain that the cluster really has, or of a set of clusters
        // (`catalog.shop.svc.clusterset.local`).
        if host.contains(".svc.") {
            return Some(HostGap::OtherDomain);
        }
        (!self.knows_entries_of(home)).then_some(HostGap::Entry)
    }
}
