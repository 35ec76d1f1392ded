//! The external authorizers of the mesh, which policies with the action CUSTOM ask
//! (<https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider>).

use crate::document::{Document, Node};
use crate::input::Text;
use crate::kube::{Object, objects};

/// The spellings of an external authorizer in the mesh configuration, and whether it decides
/// requests only, or bare connections as well.
const KINDS: [(&str, bool); 2] = [("envoyExtAuthzHttp", true), ("envoyExtAuthzGrpc", false)];

/// An external authorizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// Where it is: `HOST:PORT`.
    pub address: String,
    /// Whether it decides requests only: it speaks HTTP.
    pub is_http_only: bool,
    /// Why istiod cannot use it. What it should decide is denied then.
    pub fault: Option<String>,
}

/// The authorizers that the mesh configuration among the documents declares; nothing if it is not
/// among them.
pub fn providers(documents: &[Document]) -> Option<Vec<Provider>> {
    let all: Vec<Object<'_>> = documents.iter().flat_map(|document| objects(document).0).collect();
    let configs: Vec<Document> = all.iter().filter_map(|object| mesh_config(*object)).collect();
    let declared = configs.iter().flat_map(Document::roots).flat_map(|root| {
        let list = root.field("extension_providers");
        list.into_iter().flat_map(Node::items).collect::<Vec<_>>()
    });
    let mut found: Vec<Provider> = Vec::new();
    for mut provider in declared.filter_map(|node| provider(node, &all)) {
        if found.iter().any(|known| known.name == provider.name) {
            provider.fault = Some("two providers have this name".to_owned());
            found.retain(|known| known.name != provider.name);
        }
        found.push(provider);
    }
    (!configs.is_empty()).then_some(found)
}

/// The mesh configuration that a resource holds: istiod's ConfigMap, or what makes it.
fn mesh_config(object: Object<'_>) -> Option<Document> {
    let is_operator = object.kind() == "IstioOperator" || object.is("sailoperator.io", "Istio");
    if is_operator {
        let spec = object.spec()?;
        let config = spec.get("meshConfig").or_else(|| spec.get("values")?.get("meshConfig"))?;
        return Some(Document::read("", Text::from(config.to_json().into_bytes())));
    }
    let is_own = object.is("", "ConfigMap") && (object.name() == "istio" || object.name().starts_with("istio-"));
    let text = object.node().get("data")?.get("mesh")?.text().filter(|_| is_own)?;
    Some(Document::read("", Text::from(text)))
}

fn provider(node: Node<'_>, all: &[Object<'_>]) -> Option<Provider> {
    let (config, is_http_only) = KINDS.iter().find_map(|(kind, is_http)| Some((node.get(kind)?, *is_http)))?;
    let text = |node: Node<'_>, name: &str| node.get(name).and_then(Node::text).unwrap_or_default().to_owned();
    let (service, port) = (text(config, "service"), config.get("port").and_then(Node::as_u64).unwrap_or(0));
    let fault = match (service.as_str(), port) {
        ("", _) => Some("it names no service".to_owned()),
        (_, 1..=65535) if is_known_missing(&service, all) => Some(format!("there is no service {service}")),
        (_, 1..=65535) => None,
        _ => Some(format!("{port} is no port")),
    };
    Some(Provider { name: text(node, "name"), address: format!("{service}:{port}"), is_http_only, fault })
}

/// Whether the inputs hold the services of its namespace and it is not among them. `service` is
/// `[NAMESPACE/]HOST`.
fn is_known_missing(service: &str, all: &[Object<'_>]) -> bool {
    let host = service.split_once('/').map_or(service, |(_, host)| host);
    let Some((name, namespace)) = host.strip_suffix(".svc.cluster.local").and_then(|short| short.split_once('.'))
    else {
        return false; // of a ServiceEntry, or of another cluster
    };
    let of_namespace: Vec<&str> =
        all.iter().filter(|o| o.is("", "Service") && o.namespace() == namespace).map(|o| o.name()).collect();
    let has_entry = all
        .iter()
        .filter(|object| object.kind() == "ServiceEntry")
        .any(|entry| entry.spec().is_some_and(|spec| spec.texts_at("hosts").any(|declared| declared.value == host)));
    !of_namespace.is_empty() && !of_namespace.contains(&name) && !has_entry
}
