//! What the inputs hold, so that the absence of something from them means something.
//!
//! The inputs are known to hold the objects of a kind and namespace if the user says so
//! (`--complete`), or if some of them are there: whoever passes one Service of a namespace passes
//! them all, unless a kustomization or a chart brings more than is there, or an operator may make what
//! is asked for. An object whose namespace is [open](crate::kube::is_open) may be anywhere.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::document::Node;
use crate::istio::NETWORKING;
use crate::kube::{GATEWAY_API, Labels, Object, PodTemplate, is_open, may_be_same, shown};
use crate::similar::is_slip;

use super::{CompleteKind, Mesh, Service};

/// What there is, by what questions ask for.
#[derive(Debug, Default)]
pub(super) struct Known<'d> {
    /// Whether it is unknown of some namespace which it is.
    has_open_namespaces: bool,
    /// Namespaces of which some objects are known to be elsewhere, and how.
    partial_namespaces: FxHashMap<&'d str, String>,
    /// Namespaces with pods whose labels are not those that are written.
    labelled_namespaces: FxHashSet<&'d str>,
    /// Custom resources by their namespaces.
    custom: FxHashMap<&'d str, Vec<Object<'d>>>,
    /// Namespaces with Kubernetes services.
    service_namespaces: FxHashSet<&'d str>,
    /// Namespaces with other services.
    entry_namespaces: FxHashSet<&'d str>,
    services: Places<'d>,
    gateways: Places<'d>,
    virtual_services: Places<'d>,
}

/// The namespaces of the objects of one kind, and those of each name.
#[derive(Debug, Default)]
struct Places<'d> {
    namespaces: FxHashSet<&'d str>,
    by_name: FxHashMap<&'d str, Vec<&'d str>>,
    /// The names of those whose namespace is not known.
    unplaced: FxHashSet<&'d str>,
}

impl<'d> Places<'d> {
    fn of(objects: impl Iterator<Item = Object<'d>>) -> Self {
        let mut places = Self::default();
        for object in objects {
            places.namespaces.insert(object.namespace());
            places.by_name.entry(object.name()).or_default().push(object.namespace());
            if !object.is_placed() {
                places.unplaced.insert(object.name());
            }
        }
        places
    }

    /// Whether an object of this name may turn out to be in `namespace`, because it says none or one of
    /// the two namespaces is open.
    fn may_have(&self, name: &str, namespace: &str) -> bool {
        let mut others = self.by_name.get(name).into_iter().flatten().filter(|other| **other != namespace);
        self.unplaced.contains(name) || others.any(|other| may_be_same(other, namespace))
    }
}

impl<'d> Known<'d> {
    pub(super) fn of(objects: &[Object<'d>], services: &[Service<'d>]) -> Self {
        let all = |kind: &'static str| objects.iter().filter(move |o| o.is(NETWORKING, kind)).copied();
        let in_kubernetes = || services.iter().filter(|s| s.is_kubernetes());
        Self {
            has_open_namespaces: objects.iter().any(|object| is_open(object.namespace())),
            partial_namespaces: objects.iter().filter_map(|object| part(*object)).collect(),
            labelled_namespaces: objects.iter().filter(|o| is_labelled(**o)).map(|o| o.namespace()).collect(),
            custom: by_namespace(objects.iter().copied().filter(|object| object.is_custom())),
            service_namespaces: in_kubernetes().map(|s| s.namespace).collect(),
            entry_namespaces: services.iter().filter(|s| !s.is_kubernetes()).map(|s| s.namespace).collect(),
            services: Places::of(in_kubernetes().map(Service::object)),
            gateways: Places::of(all("Gateway")),
            virtual_services: Places::of(all("VirtualService")),
        }
    }
}

/// Whether a host or the name of a subset may be one that a template leaves open: no other has such
/// characters.
pub fn may_be_placeholder(text: &str) -> bool {
    text.contains(['{', '$'])
}

/// The namespace that an object shows to have more than is among the inputs, and how.
fn part(object: Object<'_>) -> Option<(&str, String)> {
    if object.node().document().build().is_partial {
        return Some((object.namespace(), "kustomizations make more of it than is among the inputs".to_owned()));
    }
    let spec = object.spec()?;
    let namespace = match (object.group(), object.kind()) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") | ("helm.cattle.io", "HelmChart") => spec.get("targetNamespace"),
        ("argoproj.io", "Application" | "ApplicationSet") => {
            let spec = spec.at(["template", "spec"]).unwrap_or(spec);
            let mut sources = spec.get("sources").into_iter().flat_map(Node::items).chain(spec.get("source"));
            sources.find_map(|source| source.get("chart"))?;
            spec.at(["destination", "namespace"])
        }
        _ => return None,
    };
    let namespace = namespace.and_then(Node::text).unwrap_or(object.namespace());
    Some((namespace, format!("{} {} installs more of it", object.kind(), object.name())))
}

/// Whether a text is one of the values in a node.
fn mentions(node: Node<'_>, text: &str) -> bool {
    node.text() == Some(text) || node.values().chain(node.items()).any(|value| mentions(value, text))
}

/// Whether its pods get other labels than are written.
fn is_labelled(object: Object<'_>) -> bool {
    let is_changed = object.node().document().build().is_labelled || object.is_patched();
    is_changed && PodTemplate::of(object).is_some()
}

fn by_namespace<'d>(objects: impl Iterator<Item = Object<'d>>) -> FxHashMap<&'d str, Vec<Object<'d>>> {
    let mut all: FxHashMap<_, Vec<_>> = FxHashMap::default();
    for object in objects {
        all.entry(object.namespace()).or_default().push(object);
    }
    all
}

impl<'d> Mesh<'d> {
    /// Why the inputs do not tell whether a namespace has another object of a kind.
    pub fn why_unknown(&self, kind: &str, namespace: &str) -> String {
        if let Some(why) = self.known.partial_namespaces.get(namespace) {
            return format!("({why})");
        }
        match is_open(namespace) {
            true => format!("(no {kind} in the same folder, and which namespace that is, it does not say)"),
            false => format!("(no {kind} of it among the inputs)"),
        }
    }

    /// Why the inputs do not tell whether a namespace has pods with some labels.
    pub fn why_workloads_unknown(&self, namespace: &str) -> &'static str {
        match self.known.labelled_namespaces.contains(namespace) {
            true => "(kustomizations change the labels of its pods)",
            false => "(its workloads are not, or not all, among the inputs)",
        }
    }

    /// Whether some objects of a namespace are known to be elsewhere.
    pub fn is_partial(&self, namespace: &str) -> bool {
        self.known.partial_namespaces.contains_key(namespace)
    }

    /// Whether a namespace has resources of kinds that an operator reads.
    pub fn has_custom_resources(&self, namespace: &str) -> bool {
        self.known.custom.contains_key(namespace)
    }

    /// What shows that there may be a Service `name`, and how: a custom resource by which it is called
    /// (`events-kafka-bootstrap` for `Kafka events`) or by its kind (`prometheus-operated`), a Gateway of
    /// the Gateway API
    /// ([`web-istio`](https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment)),
    /// or a custom resource that names it (`stableService` of Argo's Rollout).
    pub(super) fn hint_at(&self, name: &str, namespace: &str) -> Option<(Object<'d>, &'static str)> {
        let is_in = |word: &str| !word.is_empty() && name.contains(word);
        let is_called_by = |object: &Object<'d>| is_in(object.name()) || is_in(&object.kind().to_ascii_lowercase());
        let custom = || self.known.custom.get(namespace).into_iter().flatten().copied();
        let gateways = self.all_of(GATEWAY_API, "Gateway").iter().copied();
        let mut gateways = gateways.filter(|gateway| gateway.namespace() == namespace && is_in(gateway.name()));
        let maker = custom().find(is_called_by).or_else(|| gateways.next());
        let names_it = |object: &Object<'d>| object.spec().is_some_and(|spec| mentions(spec, name));
        let rollouts = self.all_of("argoproj.io", "Rollout").iter().copied();
        let mut users = custom().chain(rollouts.filter(|rollout| rollout.namespace() == namespace));
        maker.map(|maker| (maker, "may make it")).or_else(|| Some((users.find(names_it)?, "names it")))
    }

    /// Whether pods with such a label may be made for a custom resource (`catalog-primary` for `Canary
    /// catalog`).
    pub fn may_be_label_of_custom(&self, value: &str, namespace: &str) -> bool {
        let mut custom = self.known.custom.get(namespace).into_iter().flatten();
        custom.any(|object| !object.name().is_empty() && value != object.name() && value.contains(object.name()))
    }

    /// Whether the user says that the inputs hold all of a kind in a namespace.
    pub fn is_complete(&self, kind: CompleteKind, namespace: &str) -> bool {
        let (complete, namespace) = (&self.options.complete, shown(namespace));
        // Who gives "all" of a mesh without a single workload did not think of them.
        if kind == CompleteKind::Workloads && self.workloads_by_namespace.is_empty() {
            return complete.names(kind, &namespace);
        }
        !complete.is_empty() && complete.covers(kind, &namespace)
    }

    /// Whether the inputs hold the workloads of a namespace: some of them, or the user says so.
    pub fn knows_workloads_of(&self, namespace: &str) -> bool {
        let has_some = self.workloads_by_namespace.contains_key(namespace)
            && !self.is_partial(namespace)
            && !self.known.labelled_namespaces.contains(namespace);
        has_some || self.is_complete(CompleteKind::Workloads, namespace)
    }

    /// Whether a workload with these labels may turn out to be in `namespace`: machines register by a
    /// WorkloadGroup, and it may be that of another where one of the two namespaces is open.
    pub fn may_have_workload(&self, namespace: &str, labels: &Labels<'_>) -> bool {
        let mut groups = self.all_of(NETWORKING, "WorkloadGroup").iter().filter(|g| g.namespace() == namespace);
        let registered = |group: &Object<'d>| Labels::of(group.spec().and_then(|s| s.at(["metadata", "labels"])));
        if groups.any(|group| labels.is_subset_of(&registered(group))) {
            return true;
        }
        if !self.known.has_open_namespaces {
            return false;
        }
        let mut others =
            self.workloads.iter().filter(|w| w.namespace != namespace && may_be_same(w.namespace, namespace));
        others.any(|w| w.may_have(labels))
    }

    /// Whether the inputs hold the Kubernetes services of a namespace.
    pub fn knows_services_of(&self, namespace: &str) -> bool {
        let has_some = self.known.service_namespaces.contains(namespace) && !self.is_partial(namespace);
        has_some || self.is_complete(CompleteKind::Services, namespace)
    }

    /// Whether the inputs hold the ServiceEntries of a namespace.
    pub(super) fn knows_entries_of(&self, namespace: &str) -> bool {
        self.known.entry_namespaces.contains(namespace) && !self.is_partial(namespace)
    }

    /// Whether a Service may turn out to be in `namespace`.
    pub(super) fn may_have_service(&self, name: &str, namespace: &str) -> bool {
        self.known.services.may_have(name, namespace)
    }

    /// Whether the inputs would hold the Gateway `name` of `namespace`, if there were one.
    pub fn knows_gateway(&self, namespace: &str, name: &str) -> bool {
        if self.is_complete(CompleteKind::Gateways, namespace) {
            return true;
        }
        let gateways = &self.known.gateways;
        gateways.namespaces.contains(namespace) && !self.is_partial(namespace) && !gateways.may_have(name, namespace)
    }

    /// Whether the inputs would hold the VirtualService `name` of `namespace`, if there were one.
    pub fn knows_virtual_service(&self, namespace: &str, name: &str) -> bool {
        if self.is_complete(CompleteKind::VirtualServices, namespace) {
            return true;
        }
        let services = &self.known.virtual_services;
        services.namespaces.contains(namespace)
            && !self.is_partial(namespace)
            && !services.may_have(name, namespace)
            && self.hint_at(name, namespace).is_none()
    }

    /// The namespace that has a service `name`, where one that nothing of is among the inputs is
    /// written nearly alike.
    pub fn namespace_meant(&self, name: &str, namespace: &str) -> Option<&str> {
        self.meant(&self.known.services, name, namespace)
    }

    /// The same for a VirtualService.
    pub fn virtual_service_namespace_meant(&self, name: &str, namespace: &str) -> Option<&str> {
        self.meant(&self.known.virtual_services, name, namespace)
    }

    fn meant<'m>(&'m self, places: &'m Places<'_>, name: &str, namespace: &str) -> Option<&'m str> {
        let alike = places.by_name.get(name)?.iter().find(|other| is_slip(namespace, other))?;
        let is_there =
            |o: &Object<'_>| o.namespace() == namespace || (o.kind() == "Namespace" && o.name() == namespace);
        (!self.objects.iter().any(is_there)).then_some(*alike)
    }

    /// Whether to take Istio's own ingress gateway for granted: nothing in the inputs says how
    /// traffic enters.
    pub fn assumes_ingress_gateway(&self) -> bool {
        !self.known.service_namespaces.contains(self.options.root_namespace.as_str())
    }
}
