//! What one file of a bundle says.

use std::collections::BTreeMap;

use crate::document::{Document, Node};
use crate::engine::Piece;
use crate::envoy::{self, Dump, Form};
use crate::input::{Place, Role, Text, looks_like_ours};
use crate::kube::objects;

use super::{Proxy, secrets, texts};

/// What a file says.
pub(super) enum Fact {
    Unreadable(String),
    /// A dump with its proxies.
    Dump {
        found: Vec<Proxy>,
        secrets: Vec<String>,
    },
    /// Another file of a proxy.
    OfProxy {
        proxy: Proxy,
        file: &'static str,
        envoy: Option<String>,
    },
    /// An answer of istiod, or its log.
    OfIstiod {
        pod: String,
        answer: Option<&'static str>,
    },
    Resources {
        kinds: BTreeMap<String, usize>,
        nodes: Vec<String>,
        secrets: Vec<String>,
    },
    Versions {
        client: Option<String>,
        control_plane: BTreeMap<String, String>,
    },
    Kubectl {
        client: Option<String>,
        server: Option<String>,
    },
    /// Nothing that is known, or too broken to be known, with keys in it.
    Text {
        secrets: Vec<String>,
    },
    /// When the tool was started.
    Started(Option<String>),
    Log,
    Other,
}

/// What is read.
pub(super) fn wants(role: Role, path: &str, head: &[u8]) -> bool {
    match role {
        Role::Dump | Role::Manifests => true,
        Role::Proxy(name) => name == "server_info",
        Role::Note(name) => matches!(name, "versions" | "kubectl-version" | "bug-report.log"),
        Role::Unknown => looks_like_ours(path, head),
        Role::Istiod(_) | Role::Log => false,
    }
}

pub(super) fn of(piece: Piece) -> Fact {
    let role = piece.role();
    let text = match piece.text {
        Some(Err(reason)) => return Fact::Unreadable(reason),
        Some(Ok(text)) => Some(text),
        None => None,
    };
    let place = piece.place;
    match role {
        Role::Dump | Role::Manifests | Role::Unknown => match text {
            Some(text) => of_document(piece.name, text, place.as_ref()),
            None => Fact::Other,
        },
        Role::Proxy(name) => of_proxy(place.as_ref(), name, text.as_deref().and_then(texts::envoy_version)),
        Role::Istiod(name) => {
            Fact::OfIstiod { pod: istiod(place), answer: Some(name.strip_prefix("istiod ").unwrap_or(name)) }
        }
        Role::Log if is_istiods(place.as_ref(), &piece.name) => Fact::OfIstiod { pod: istiod(place), answer: None },
        Role::Log if piece.name.contains("istio-proxy") => of_proxy(place.as_ref(), "log", None),
        Role::Log => Fact::Log,
        Role::Note(name) => of_note(name, text.as_deref().unwrap_or_default()),
    }
}

fn istiod(place: Option<Place>) -> String {
    place.and_then(|place| place.proxy()).unwrap_or_else(|| "istiod".to_owned())
}

fn is_istiods(place: Option<&Place>, name: &str) -> bool {
    name.ends_with("discovery.log")
        || place.and_then(|p| p.pod.as_ref()).is_some_and(|(_, pod)| pod.starts_with("istiod"))
}

fn of_note(name: &str, text: &[u8]) -> Fact {
    let text = String::from_utf8_lossy(text);
    match name {
        "versions" => {
            let (client, control_plane) = texts::istio_versions(&text);
            Fact::Versions { client, control_plane }
        }
        "kubectl-version" => {
            let (client, server) = texts::kubectl_versions(&text);
            Fact::Kubectl { client, server }
        }
        "bug-report.log" => Fact::Started(texts::first_time(&text)),
        _ => Fact::Other,
    }
}

fn of_proxy(place: Option<&Place>, file: &'static str, envoy: Option<String>) -> Fact {
    match place.and_then(named) {
        Some(proxy) => Fact::OfProxy { proxy, file, envoy },
        None => Fact::Other,
    }
}

/// The proxy of a pod, of which only the path is known.
fn named(place: &Place) -> Option<Proxy> {
    let (namespace, pod) = place.pod.as_ref()?;
    Some(Proxy {
        name: format!("{pod}.{namespace}"),
        namespace: namespace.clone(),
        workload: workload_of(pod).to_owned(),
        ..Proxy::default()
    })
}

/// `web` of `web-7d4b9c6f5-x2x4z`, as far as the name has that form.
pub fn workload_of(pod: &str) -> &str {
    let is_random = |part: &str| part.len() >= 5 && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let Some((rest, _)) = pod.rsplit_once('-').filter(|(_, last)| is_random(last)) else {
        return pod;
    };
    rest.rsplit_once('-').filter(|(_, hash)| is_random(hash) && hash.len() >= 8).map_or(rest, |(name, _)| name)
}

fn of_document(name: String, text: Text, place: Option<&Place>) -> Fact {
    let in_clear = secrets::in_text(&text);
    let mut document = Document::read(name, text);
    if let Some(proxy) = place.and_then(Place::proxy) {
        document.set_owner(&proxy);
    }
    match envoy::form_of(&document) {
        Form::Envoy => {
            let dumps = envoy::dumps(&document);
            let mut secrets: Vec<String> = dumps.iter().flat_map(secrets::in_dump).collect();
            secrets.extend(in_clear);
            Fact::Dump { found: dumps.iter().map(|dump| proxy(dump, place)).collect(), secrets }
        }
        Form::Ztunnel => {
            let found = Proxy { kind: "ztunnel".to_owned(), ..place.and_then(named).unwrap_or_default() };
            Fact::Dump { found: vec![found], secrets: in_clear }
        }
        Form::Manifests => resources(&document, in_clear),
        Form::Admin(_) | Form::Other => match place.filter(|place| place.role == Role::Dump) {
            Some(place) => of_proxy(Some(place), "no dump", None), // an error of whoever asked for it
            None if in_clear.is_empty() => Fact::Other,
            None => Fact::Text { secrets: in_clear },
        },
    }
}

fn proxy(dump: &Dump<'_>, place: Option<&Place>) -> Proxy {
    const SECTIONS: [&str; 7] = ["bootstrap", "clusters", "listeners", "routes", "endpoints", "secrets", "ecds"];
    let by_path = place.and_then(named).unwrap_or_default();
    let metadata = dump.metadata();
    let text = |key| metadata.and_then(|m| m.get(key)).and_then(Node::text).map(str::to_owned);
    let kind = dump.node_id().and_then(|id| id.split_once('~')).map_or("", |(kind, _)| kind);
    // A pod that the path names has the files beside this one.
    let name = if by_path.name.is_empty() { dump.proxy().to_owned() } else { by_path.name };
    Proxy {
        namespace: match by_path.namespace.is_empty() {
            true => dump.namespace().unwrap_or_default().to_owned(),
            false => by_path.namespace,
        },
        workload: text("WORKLOAD_NAME").filter(|name| !name.is_empty()).unwrap_or(match by_path.workload.is_empty() {
            true => name.split('.').next().map(workload_of).unwrap_or_default().to_owned(),
            false => by_path.workload,
        }),
        name,
        kind: kind.to_owned(),
        istio: text("ISTIO_VERSION"),
        envoy: envoy_version(dump),
        dump: None,
        sections: SECTIONS.into_iter().filter(|section| dump.has_section(section)).collect(),
        files: std::collections::BTreeSet::new(),
    }
}

fn envoy_version(dump: &Dump<'_>) -> Option<String> {
    let node = dump.bootstrap?.get("node")?;
    if let Some(version) = node.field("user_agent_build_version").and_then(|build| build.get("version")) {
        let number = |key| version.field(key).and_then(Node::text).unwrap_or("0");
        return Some(format!("{}.{}.{}", number("major_number"), number("minor_number"), number("patch")));
    }
    texts::version_of_build(node.field("build_version")?.text()?)
}

fn resources(document: &Document, in_clear: Vec<String>) -> Fact {
    let mut kinds = BTreeMap::new();
    let mut nodes = Vec::new();
    let mut secrets = Vec::new();
    for object in objects(document).0 {
        *kinds.entry(object.kind().to_owned()).or_default() += 1;
        if object.is("", "Node") {
            let version = object.node().at(["status", "nodeInfo", "kubeletVersion"]).and_then(Node::text);
            nodes.extend(version.map(str::to_owned));
        }
        if object.is("", "Secret") {
            secrets.extend(secrets::in_object(object));
        }
    }
    secrets.extend(in_clear);
    Fact::Resources { kinds, nodes, secrets }
}

#[cfg(test)]
mod tests {
    use super::workload_of;

    #[test]
    fn pods_are_named_after_their_workloads() {
        assert_eq!(workload_of("web-7d4b9c6f5-x2x4z"), "web");
        assert_eq!(workload_of("istio-ingressgateway-6c5b7f8d9-abcde"), "istio-ingressgateway");
        assert_eq!(workload_of("ztunnel-8w2sx"), "ztunnel");
        assert_eq!(workload_of("db-0"), "db-0");
        assert_eq!(workload_of("web"), "web");
    }
}
