//! What a bundle holds: who took it of what and when, and what is missing from it.
//!
//! Nothing is judged here. Secrets that nobody blackened are named, so that whoever passes the
//! bundle on knows; they are never printed.

mod facts;
mod missing;
mod pod;
mod print;
mod secrets;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::engine::{Visited, visit};
use crate::input::{Discovery, Place, Role, root_of};

use facts::Fact;

pub use facts::workload_of;
pub use pod::{Pod, find_pod, is_meant, no_such_pod, pods};
pub use print::write_inventory;
pub use texts::control_plane_versions;

/// Version of the form that programs read.
const VERSION: &str = "1";

/// What is in a bundle.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    version: &'static str,
    /// What the user named.
    bundle: String,
    /// The folders of the bundles in it, if there are several.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    bundles: BTreeSet<String>,
    /// Files or members, whatever they are.
    files: usize,
    /// Their size together.
    bytes: u64,
    captured: Captured,
    istio: Istio,
    /// Proxies by the version of their Envoy.
    envoy: BTreeMap<String, usize>,
    kubernetes: Kubernetes,
    istiod: Vec<Istiod>,
    /// Resources by kind.
    resources: BTreeMap<String, usize>,
    proxies: Vec<Proxy>,
    logs: Vec<Log>,
    /// What should be there and is not.
    missing: Vec<String>,
    /// Secrets that nobody blackened.
    secrets: Vec<Secret>,
    unreadable: Vec<Unreadable>,
}

/// When it was made.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Captured {
    /// By the log of the tool that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    /// The time of its oldest file.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_file: Option<String>,
    /// The time of its newest file.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_file: Option<String>,
}

/// Versions of Istio.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Istio {
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    /// By revision.
    control_plane: BTreeMap<String, String>,
    /// Number of proxies by version.
    proxies: BTreeMap<String, usize>,
}

/// Versions of Kubernetes.
#[derive(Debug, Default, Serialize)]
struct Kubernetes {
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    /// Number of nodes by the version of their kubelet.
    nodes: BTreeMap<String, usize>,
}

/// A pod of istiod.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Istiod {
    pod: String,
    /// Its answers that are there.
    debug: BTreeSet<&'static str>,
    has_log: bool,
}

/// A proxy, or a pod that should be one.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Proxy {
    /// `pod.namespace`.
    name: String,
    namespace: String,
    workload: String,
    /// `sidecar`, `router`, `waypoint`, `ztunnel`; empty if nothing tells.
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    istio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    envoy: Option<String>,
    /// The file of its dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    dump: Option<String>,
    /// The sections of its dump.
    sections: Vec<&'static str>,
    /// Its other files.
    files: BTreeSet<&'static str>,
}

/// A log, which is not read.
#[derive(Debug, Serialize)]
struct Log {
    file: String,
    bytes: u64,
}

/// A secret in clear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Secret {
    file: String,
    what: String,
}

#[derive(Debug, Serialize)]
struct Unreadable {
    file: String,
    reason: String,
}

/// Looks through what was discovered.
pub fn take(bundle: &str, discovery: Discovery) -> Inventory {
    use rayon::prelude::*;
    let look = |candidate| visit(candidate, &facts::wants, &|piece| (piece.size, piece.modified, facts::of(piece)));
    let visited: Vec<Visited<(u64, u64, Fact)>> = discovery.candidates.par_iter().with_max_len(1).map(look).collect();
    let mut inventory = Inventory { version: VERSION, bundle: bundle.to_owned(), ..Inventory::default() };
    let unreadable = |(file, reason)| Unreadable { file, reason };
    inventory.unreadable.extend(discovery.unreadable.into_iter().map(unreadable));
    let mut proxies: BTreeMap<String, Proxy> = BTreeMap::new();
    let (mut oldest, mut newest) = (u64::MAX, 0);
    let mut roots = BTreeSet::new();
    for visited in visited {
        inventory.files += visited.skipped;
        inventory.unreadable.extend(visited.unreadable.into_iter().map(unreadable));
        for (name, (size, modified, fact)) in visited.results {
            inventory.files += 1;
            inventory.bytes += size;
            roots.extend(root_within(bundle, &name));
            if modified > 0 {
                (oldest, newest) = (oldest.min(modified), newest.max(modified));
            }
            inventory.add(name, size, fact, &mut proxies);
        }
    }
    inventory.captured.oldest_file = Some(oldest).filter(|_| newest > 0).and_then(texts::time);
    inventory.captured.newest_file = Some(newest).filter(|_| newest > 0).and_then(texts::time);
    if roots.len() > 1 {
        inventory.bundles = roots;
    }
    inventory.finish(proxies)
}

/// The bundle that a file belongs to, of those that lie in a folder or an archive.
fn root_within(bundle: &str, name: &str) -> Option<String> {
    let path = name.strip_prefix(bundle)?.trim_start_matches(['!', '/']);
    (Place::of(path).role != Role::Unknown).then(|| root_of(path))
}

impl Inventory {
    /// Whether there is nothing that anybody could look at.
    pub fn is_empty(&self) -> bool {
        self.proxies.is_empty() && self.resources.is_empty() && self.istiod.is_empty()
    }

    /// Whether some of it cannot be read.
    pub fn is_damaged(&self) -> bool {
        !self.unreadable.is_empty()
    }

    fn add(&mut self, name: String, size: u64, fact: Fact, proxies: &mut BTreeMap<String, Proxy>) {
        match fact {
            Fact::Unreadable(reason) => self.unreadable.push(Unreadable { file: name, reason }),
            Fact::Dump { found, secrets } => {
                for mut proxy in found {
                    proxy.dump = Some(name.clone());
                    let known = proxies.entry(proxy.name.clone()).or_default();
                    let files = std::mem::take(&mut known.files);
                    let envoy = known.envoy.take();
                    proxy.files.extend(files);
                    proxy.envoy = proxy.envoy.or(envoy);
                    *known = proxy;
                }
                self.add_secrets(&name, secrets);
            }
            Fact::OfProxy { proxy, file, envoy } => {
                let known = proxies.entry(proxy.name.clone()).or_insert(proxy);
                known.files.insert(file);
                known.envoy = known.envoy.take().or(envoy);
                if file == "log" {
                    self.logs.push(Log { file: name, bytes: size });
                }
            }
            Fact::OfIstiod { pod, answer } => {
                let place = self.istiod.iter().position(|known| known.pod == pod);
                let place = place.unwrap_or_else(|| {
                    self.istiod.push(Istiod { pod, ..Istiod::default() });
                    self.istiod.len() - 1
                });
                if let Some(istiod) = self.istiod.get_mut(place) {
                    istiod.has_log |= answer.is_none();
                    istiod.debug.extend(answer);
                }
                if answer.is_none() {
                    self.logs.push(Log { file: name, bytes: size });
                }
            }
            Fact::Resources { kinds, nodes, secrets } => {
                for (kind, count) in kinds {
                    *self.resources.entry(kind).or_default() += count;
                }
                for version in nodes {
                    *self.kubernetes.nodes.entry(version).or_default() += 1;
                }
                self.add_secrets(&name, secrets);
            }
            Fact::Versions { client, control_plane } => {
                self.istio.client = client;
                self.istio.control_plane = control_plane;
            }
            Fact::Kubectl { client, server } => {
                self.kubernetes.client = client;
                self.kubernetes.server = server;
            }
            Fact::Started(time) => self.captured.started = time,
            Fact::Log => self.logs.push(Log { file: name, bytes: size }),
            Fact::Text { secrets } => self.add_secrets(&name, secrets),
            Fact::Other => {}
        }
    }

    fn add_secrets(&mut self, file: &str, secrets: Vec<String>) {
        self.secrets.extend(secrets.into_iter().map(|what| Secret { file: file.to_owned(), what }));
    }

    fn finish(mut self, proxies: BTreeMap<String, Proxy>) -> Self {
        self.proxies = proxies.into_values().collect();
        self.proxies.sort_by(|a, b| (&a.namespace, &a.workload, &a.name).cmp(&(&b.namespace, &b.workload, &b.name)));
        for proxy in &self.proxies {
            if let Some(version) = &proxy.istio {
                *self.istio.proxies.entry(version.clone()).or_default() += 1;
            }
            if let Some(version) = &proxy.envoy {
                *self.envoy.entry(version.clone()).or_default() += 1;
            }
        }
        self.secrets.sort();
        self.secrets.dedup();
        self.missing = missing::of(&self);
        self
    }
}
