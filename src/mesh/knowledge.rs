//! What the inputs hold, so that the absence of something from them means something.
//!
//! The inputs are known to hold the objects of a kind and namespace if the user says so
//! (`--complete`), or if some of them are there: whoever passes one Service of a namespace passes
//! them all. An object whose namespace is [open](crate::kube::is_open) may be anywhere.

use crate::kube::{Labels, may_be_same, shown};

use super::{CompleteKind, Mesh, kubernetes_parts};

impl Mesh<'_> {
    /// Whether the user says that the inputs hold all of a kind in a namespace.
    pub fn is_complete(&self, kind: CompleteKind, namespace: &str) -> bool {
        self.options.complete.covers(kind, &shown(namespace))
    }

    /// Whether the inputs hold the workloads of a namespace: some of them, or the user says so.
    pub fn knows_workloads_of(&self, namespace: &str) -> bool {
        self.workloads_by_namespace.contains_key(namespace) || self.is_complete(CompleteKind::Workloads, namespace)
    }

    /// Whether a workload with these labels may turn out to be in `namespace`, because one of the
    /// two namespaces is open.
    pub fn may_have_workload(&self, namespace: &str, labels: &Labels<'_>) -> bool {
        let mut others =
            self.workloads.iter().filter(|w| w.namespace != namespace && may_be_same(w.namespace, namespace));
        others.any(|w| labels.is_subset_of(&w.labels))
    }

    /// Whether the inputs hold the Kubernetes services of a namespace.
    pub fn knows_services_of(&self, namespace: &str) -> bool {
        self.service_namespaces.contains(namespace) || self.is_complete(CompleteKind::Services, namespace)
    }

    /// Whether the inputs would hold the object that declares `host`, if there were one. `home` is
    /// the namespace that asks.
    pub fn knows_host(&self, host: &str, home: &str) -> bool {
        if host.contains(['{', '$']) {
            return false; // a template's placeholder
        }
        let Some((name, namespace)) = kubernetes_parts(host, &self.options.cluster_domain) else {
            let mut entries = self.services.iter().filter(|s| !s.is_kubernetes());
            return self.options.complete.covers_all(CompleteKind::Services) || entries.any(|s| s.namespace == home);
        };
        if self.is_complete(CompleteKind::Services, namespace) {
            return true;
        }
        // Istio's own services come with its installation, which is hardly ever among the inputs.
        let is_istios = namespace == self.options.root_namespace && name.starts_with("istio");
        self.knows_services_of(namespace) && !is_istios && !self.may_have_service(name, namespace)
    }

    /// Whether a service of this name may turn out to be in `namespace`, because one of the two
    /// namespaces is open.
    fn may_have_service(&self, name: &str, namespace: &str) -> bool {
        let mut others = self.services.iter().filter(|s| s.is_kubernetes() && s.namespace != namespace);
        others.any(|s| may_be_same(s.namespace, namespace) && s.object().name() == name)
    }

    /// Whether the inputs would hold the Gateway `name` of `namespace`, if there were one.
    pub fn knows_gateway(&self, namespace: &str, name: &str) -> bool {
        if self.is_complete(CompleteKind::Gateways, namespace) {
            return true;
        }
        let is_there = self.gateways.iter().any(|g| g.namespace == namespace);
        let mut others = self.gateways.iter().filter(|g| g.namespace != namespace && g.view.object.name() == name);
        is_there && !others.any(|g| may_be_same(g.namespace, namespace))
    }

    /// Whether the inputs would hold the VirtualService `name` of `namespace`, if there were one.
    pub fn knows_virtual_service(&self, namespace: &str, name: &str) -> bool {
        if self.is_complete(CompleteKind::VirtualServices, namespace) {
            return true;
        }
        let all = || self.objects.iter().filter(|o| o.is(crate::istio::NETWORKING, "VirtualService"));
        let is_there = all().any(|o| o.namespace() == namespace);
        let others = all().filter(|o| o.namespace() != namespace && o.name() == name);
        is_there && !others.into_iter().any(|o| may_be_same(o.namespace(), namespace))
    }

    /// Whether to take Istio's own ingress gateway for granted: nothing in the inputs says how
    /// traffic enters.
    pub fn assumes_ingress_gateway(&self) -> bool {
        !self.service_namespaces.contains(self.options.root_namespace.as_str())
    }
}
