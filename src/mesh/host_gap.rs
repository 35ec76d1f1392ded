//! Why the inputs do not tell whether there is a host.

use crate::kube::{Object, is_open};

use super::knowledge::may_be_placeholder;
use super::{CompleteKind, Mesh, kubernetes_parts};

/// What may bring a host that is not among the inputs.
enum HostGap<'h, 'd> {
    /// It is not known which host that is.
    Template,
    /// Istio's installation, which is hardly ever among the inputs.
    Istio { namespace: &'h str },
    /// Every cluster has it.
    Cluster { namespace: &'h str },
    /// An operator, or whoever wrote a resource for one.
    Hint { namespace: &'h str, resource: Object<'d>, what: &'static str },
    /// Services of that namespace that are not among the inputs.
    Elsewhere { namespace: &'h str },
    /// A Service of the same name, of a namespace that is not known.
    Open { namespace: &'h str },
    /// Another cluster, or the same if its domain is another.
    OtherDomain,
    /// A ServiceEntry.
    Entry,
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
        let of = |namespace: &str, why: &str| {
            let remedy = match is_open(namespace) {
                true => "say --namespace, if folders are applied to one".to_owned(),
                false => format!("pass its Services, or say --complete services:{namespace}"),
            };
            (format!("of namespace `{namespace}` {why}"), remedy)
        };
        Some(match self.host_gap(host, home)? {
            HostGap::Template => ("of a template".to_owned(), "render the template".to_owned()),
            HostGap::Istio { namespace } => of(namespace, "(Istio's installation brings it)"),
            HostGap::Cluster { namespace } => of(namespace, "(every cluster has its own)"),
            HostGap::Hint { namespace, resource, what } => {
                of(namespace, &format!("({} {} of {} {what})", resource.kind(), resource.name(), resource.group()))
            }
            HostGap::Elsewhere { namespace } => of(namespace, &self.why_unknown("Service", namespace)),
            HostGap::Open { namespace } => of(namespace, "(a Service of that name has no namespace)"),
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
            Some((name, namespace)) => self.service_gap(name, namespace),
            None => self.entry_gap(host, home),
        }
    }

    fn service_gap<'h>(&self, name: &str, namespace: &'h str) -> Option<HostGap<'h, 'd>> {
        if self.is_complete(CompleteKind::Services, namespace) {
            return None;
        }
        if namespace == self.options.root_namespace && name.starts_with("istio") {
            return Some(HostGap::Istio { namespace });
        }
        if namespace == "kube-system" || (namespace, name) == ("default", "kubernetes") {
            return Some(HostGap::Cluster { namespace });
        }
        if self.is_partial(namespace) {
            return Some(HostGap::Elsewhere { namespace });
        }
        if let Some((resource, what)) = self.hint_at(name, namespace) {
            return Some(HostGap::Hint { namespace, resource, what });
        }
        if !self.knows_services_of(namespace) {
            return Some(HostGap::Elsewhere { namespace });
        }
        self.may_have_service(name, namespace).then_some(HostGap::Open { namespace })
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
