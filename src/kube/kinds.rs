//! The kinds that meshlint knows: their group, their versions, whether they live in a namespace.

/// Whether resources of a kind live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each in a namespace.
    Namespaced,
    /// One set for the cluster.
    Cluster,
}

/// A kind of resource.
#[derive(Clone, Copy, Debug)]
pub struct KnownKind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Every version that some release served, newest first.
    pub versions: &'static [&'static str],
    /// Whether it lives in a namespace.
    pub scope: Scope,
}

const fn namespaced(group: &'static str, kind: &'static str, versions: &'static [&'static str]) -> KnownKind {
    KnownKind { group, kind, versions, scope: Scope::Namespaced }
}

const fn cluster(group: &'static str, kind: &'static str, versions: &'static [&'static str]) -> KnownKind {
    KnownKind { group, kind, versions, scope: Scope::Cluster }
}

const NETWORKING: &str = "networking.istio.io";
const SECURITY: &str = "security.istio.io";
const TELEMETRY: &str = "telemetry.istio.io";
const EXTENSIONS: &str = "extensions.istio.io";
/// The group of the Gateway API.
pub const GATEWAY_API: &str = "gateway.networking.k8s.io";

const V1_BETA_ALPHA3: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const V1: &[&str] = &["v1"];

/// Kubernetes' own kinds are listed where meshlint reads them or must know their scope; Istio's and
/// the Gateway API's groups are complete, so that a misspelt kind in them can be told.
const KINDS: &[KnownKind] = &[
    namespaced(NETWORKING, "VirtualService", V1_BETA_ALPHA3),
    namespaced(NETWORKING, "DestinationRule", V1_BETA_ALPHA3),
    namespaced(NETWORKING, "Gateway", V1_BETA_ALPHA3),
    namespaced(NETWORKING, "ServiceEntry", V1_BETA_ALPHA3),
    namespaced(NETWORKING, "Sidecar", V1_BETA_ALPHA3),
    namespaced(NETWORKING, "WorkloadEntry", V1_BETA_ALPHA3),
    namespaced(NETWORKING, "WorkloadGroup", V1_BETA_ALPHA3),
    namespaced(NETWORKING, "EnvoyFilter", &["v1alpha3"]),
    namespaced(NETWORKING, "ProxyConfig", &["v1beta1"]),
    namespaced(SECURITY, "AuthorizationPolicy", &["v1", "v1beta1"]),
    namespaced(SECURITY, "PeerAuthentication", &["v1", "v1beta1"]),
    namespaced(SECURITY, "RequestAuthentication", &["v1", "v1beta1"]),
    namespaced(TELEMETRY, "Telemetry", &["v1", "v1alpha1"]),
    namespaced(EXTENSIONS, "WasmPlugin", &["v1alpha1"]),
    namespaced(EXTENSIONS, "TrafficExtension", &["v1alpha1"]),
    cluster(GATEWAY_API, "GatewayClass", &["v1", "v1beta1", "v1alpha2"]),
    namespaced(GATEWAY_API, "Gateway", &["v1", "v1beta1", "v1alpha2"]),
    namespaced(GATEWAY_API, "HTTPRoute", &["v1", "v1beta1", "v1alpha2"]),
    namespaced(GATEWAY_API, "GRPCRoute", &["v1", "v1alpha2"]),
    namespaced(GATEWAY_API, "TLSRoute", &["v1", "v1alpha3", "v1alpha2"]),
    namespaced(GATEWAY_API, "TCPRoute", &["v1alpha2"]),
    namespaced(GATEWAY_API, "UDPRoute", &["v1alpha2"]),
    namespaced(GATEWAY_API, "ReferenceGrant", &["v1", "v1beta1", "v1alpha2"]),
    namespaced(GATEWAY_API, "ReferencePolicy", &["v1alpha2"]),
    namespaced(GATEWAY_API, "BackendTLSPolicy", &["v1", "v1alpha3", "v1alpha2"]),
    namespaced(GATEWAY_API, "BackendLBPolicy", &["v1alpha2"]),
    namespaced(GATEWAY_API, "ListenerSet", &["v1", "v1alpha1"]),
    cluster("", "Namespace", V1),
    cluster("", "Node", V1),
    cluster("", "PersistentVolume", V1),
    namespaced("", "Service", V1),
    namespaced("", "Endpoints", V1),
    namespaced("", "Pod", V1),
    namespaced("", "PodTemplate", V1),
    namespaced("", "ReplicationController", V1),
    namespaced("", "ConfigMap", V1),
    namespaced("", "Secret", V1),
    namespaced("", "ServiceAccount", V1),
    namespaced("discovery.k8s.io", "EndpointSlice", &["v1", "v1beta1"]),
    namespaced("apps", "Deployment", &["v1", "v1beta2", "v1beta1"]),
    namespaced("apps", "StatefulSet", &["v1", "v1beta2", "v1beta1"]),
    namespaced("apps", "DaemonSet", &["v1", "v1beta2"]),
    namespaced("apps", "ReplicaSet", &["v1", "v1beta2"]),
    namespaced("extensions", "Deployment", &["v1beta1"]),
    namespaced("extensions", "DaemonSet", &["v1beta1"]),
    namespaced("extensions", "ReplicaSet", &["v1beta1"]),
    namespaced("extensions", "Ingress", &["v1beta1"]),
    namespaced("batch", "Job", V1),
    namespaced("batch", "CronJob", &["v1", "v1beta1"]),
    namespaced("networking.k8s.io", "Ingress", &["v1", "v1beta1"]),
    cluster("networking.k8s.io", "IngressClass", &["v1", "v1beta1"]),
    namespaced("networking.k8s.io", "NetworkPolicy", V1),
    cluster("apiextensions.k8s.io", "CustomResourceDefinition", &["v1", "v1beta1"]),
    cluster("admissionregistration.k8s.io", "MutatingWebhookConfiguration", &["v1", "v1beta1"]),
    cluster("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", &["v1", "v1beta1"]),
    cluster("rbac.authorization.k8s.io", "ClusterRole", &["v1", "v1beta1"]),
    cluster("rbac.authorization.k8s.io", "ClusterRoleBinding", &["v1", "v1beta1"]),
    cluster("storage.k8s.io", "StorageClass", &["v1", "v1beta1"]),
    cluster("scheduling.k8s.io", "PriorityClass", V1),
    cluster("policy", "PodSecurityPolicy", &["v1beta1"]),
    cluster("certificates.k8s.io", "CertificateSigningRequest", V1),
    namespaced("argoproj.io", "Rollout", &["v1alpha1"]),
    namespaced("apps.openshift.io", "DeploymentConfig", V1),
];

/// The kind of this name in this group.
pub fn known_kind(group: &str, kind: &str) -> Option<&'static KnownKind> {
    KINDS.iter().find(|known| known.kind == kind && known.group == group)
}

/// All kinds.
pub fn known_kinds() -> &'static [KnownKind] {
    KINDS
}

/// The kinds of a group.
pub fn kinds_of_group(group: &str) -> impl Iterator<Item = &'static KnownKind> {
    KINDS.iter().filter(move |known| known.group == group)
}

/// Whether every kind of this group is known, so that another one is a mistake.
pub fn known_group(group: &str) -> bool {
    matches!(group, NETWORKING | SECURITY | TELEMETRY | EXTENSIONS)
}
