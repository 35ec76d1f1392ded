//! What the manifests do not say about a mesh: its mesh configuration, and how much of it the
//! inputs hold.

use std::collections::BTreeSet;

use super::visibility;
use crate::document::{Document, Node};
use crate::input::Text;
use crate::kube::{LabelSelector, Object};

/// Settings of the mesh that istiod takes from `MeshConfig` and its own flags.
#[derive(Clone, Debug)]
pub struct Options {
    /// Domain of Kubernetes service names.
    pub cluster_domain: String,
    /// Namespace whose policies hold for the whole mesh.
    pub root_namespace: String,
    /// Istio's version, where it is known.
    pub istio_version: Option<String>,
    /// `defaultServiceExportTo`.
    pub service_export: visibility::Default,
    /// `defaultVirtualServiceExportTo`.
    pub virtual_service_export: visibility::Default,
    /// `defaultDestinationRuleExportTo`.
    pub destination_rule_export: visibility::Default,
    /// `outboundTrafficPolicy.mode` is `REGISTRY_ONLY`.
    pub registry_only: bool,
    /// `discoverySelectors`: the namespaces that istiod does not ignore; all of them, if there are none.
    pub discovery: Vec<LabelSelector>,
    /// Of which kinds the inputs hold all there is.
    pub complete: Completeness,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cluster_domain: "cluster.local".to_owned(),
            root_namespace: "istio-system".to_owned(),
            istio_version: None,
            service_export: visibility::Default::Public,
            virtual_service_export: visibility::Default::Public,
            destination_rule_export: visibility::Default::Public,
            registry_only: false,
            discovery: Vec::new(),
            complete: Completeness::default(),
        }
    }
}

impl Options {
    /// Takes over what a `MeshConfig` says. Its fields:
    /// <https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/>.
    pub fn apply_mesh_config(&mut self, config: Node<'_>) {
        if let Some(root) = config.field("root_namespace").and_then(Node::text) {
            self.root_namespace = root.to_owned();
        }
        let export = |name| config.field(name).and_then(|list| list.items().next()).and_then(Node::text);
        let read = |name, current| match export(name) {
            Some("*") => visibility::Default::Public,
            Some(_) => visibility::Default::Private,
            None => current,
        };
        self.service_export = read("default_service_export_to", self.service_export);
        self.virtual_service_export = read("default_virtual_service_export_to", self.virtual_service_export);
        self.destination_rule_export = read("default_destination_rule_export_to", self.destination_rule_export);
        if let Some(selectors) = config.field("discovery_selectors") {
            self.discovery = selectors.items().map(LabelSelector::of).collect();
        }
        let mode = config.field("outbound_traffic_policy").and_then(|p| p.get("mode")).and_then(Node::text);
        if let Some(mode) = mode {
            self.registry_only = mode == "REGISTRY_ONLY";
        }
    }

    /// Takes over what istiod's own ConfigMap (`istio`, key `mesh`) says, if `object` is that.
    /// Returns whether it is.
    pub fn apply_config_map(&mut self, object: Object<'_>) -> bool {
        let is_ours = object.is("", "ConfigMap") && (object.name() == "istio" || object.name().starts_with("istio-"));
        let mesh = object.node().get("data").and_then(|data| data.get("mesh")).and_then(Node::text);
        let Some(mesh) = mesh.filter(|_| is_ours) else {
            return false;
        };
        let document = Document::read("", Text::from(mesh));
        let Some(root) = document.roots().next().filter(|r| r.is_object()) else {
            return false;
        };
        // istiod's namespace is the root namespace unless the configuration names another.
        if let Some(namespace) = object.written_namespace() {
            self.root_namespace = namespace.to_owned();
        }
        self.apply_mesh_config(root);
        true
    }
}

/// Kinds of which the user says that the inputs hold all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    everything: bool,
    /// Kind, and the namespace for which that holds; the empty one for every namespace.
    kinds: BTreeSet<(CompleteKind, String)>,
}

/// What can be declared complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompleteKind {
    /// Services and ServiceEntries: every host there is.
    Services,
    /// Pods and what makes them.
    Workloads,
    /// Secrets.
    Secrets,
    /// VirtualServices.
    VirtualServices,
    /// DestinationRules.
    DestinationRules,
    /// Gateways.
    Gateways,
    /// Namespaces.
    Namespaces,
}

impl CompleteKind {
    /// Every kind with the name that the command line has for it.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("services", Self::Services),
        ("workloads", Self::Workloads),
        ("secrets", Self::Secrets),
        ("virtualservices", Self::VirtualServices),
        ("destinationrules", Self::DestinationRules),
        ("gateways", Self::Gateways),
        ("namespaces", Self::Namespaces),
    ];

    /// The kind of a name: singular or plural, in any case, also the names that people use.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = match name.as_str() {
            "svc" | "serviceentry" | "serviceentries" | "se" | "hosts" => "services",
            "pods" | "pod" | "deployments" | "deployment" => "workloads",
            "vs" => "virtualservices",
            "dr" => "destinationrules",
            "gw" => "gateways",
            "ns" => "namespaces",
            other => other,
        };
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name || known.strip_suffix('s') == Some(name))
            .map(|(_, kind)| *kind)
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl Completeness {
    /// Reads `all`, `KIND` or `KIND:NAMESPACE`.
    ///
    /// # Errors
    /// The kind, if it is not known.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        if text == "all" {
            self.everything = true;
            return Ok(());
        }
        let (kind, namespace) = text.split_once(':').unwrap_or((text, ""));
        let kind = CompleteKind::parse(kind).ok_or_else(|| kind.to_owned())?;
        self.kinds.insert((kind, namespace.to_owned()));
        Ok(())
    }

    /// Whether the inputs are declared to hold everything.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether the inputs are declared to hold all of `kind` in `namespace`.
    pub fn covers(&self, kind: CompleteKind, namespace: &str) -> bool {
        self.everything || self.names(kind, namespace)
    }

    /// Whether the kind itself is declared complete in `namespace`, and not just everything.
    pub fn names(&self, kind: CompleteKind, namespace: &str) -> bool {
        let declared = |namespace: &str| self.kinds.contains(&(kind, namespace.to_owned()));
        declared("") || declared(namespace)
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        !self.everything && self.kinds.is_empty()
    }

    /// Whether the inputs are declared to hold all of `kind` in every namespace.
    pub fn covers_all(&self, kind: CompleteKind) -> bool {
        self.covers(kind, "")
    }
}
