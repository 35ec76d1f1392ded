//! What is kept of each proxy for rules that look at several, or at proxies and manifests together.

use rustc_hash::FxHashSet;

use crate::document::Node;
use crate::envoy::{self, Dump};
use crate::finding::{Draft, Pinned, Subject};
use crate::mesh::Workload;

/// A proxy whose dump is among the inputs.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// `pod.namespace`, or what stands in for it.
    pub name: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// The workload that its pod is of.
    pub workload: Option<String>,
    /// The pod's labels.
    labels: Vec<(String, String)>,
    /// The hosts that it lets requests out to, if it lets out to those only.
    pub registry: Option<Registry>,
}

/// The hosts that a proxy knows.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Where requests for other hosts end.
    pub catch_all: Pinned,
    /// The hosts.
    pub hosts: FxHashSet<Box<str>>,
}

impl Proxy {
    /// What is kept of a dump.
    pub fn of(dump: &Dump<'_>) -> Self {
        let metadata = dump.metadata();
        let text = |key| metadata.and_then(|m| m.get(key)).and_then(Node::text).map(str::to_owned);
        let labels = metadata.and_then(|m| m.get("LABELS")).into_iter().flat_map(Node::entries);
        Self {
            name: dump.proxy().to_owned(),
            namespace: dump.namespace().map(str::to_owned),
            workload: text("WORKLOAD_NAME"),
            labels: labels
                .map(|(key, value)| (key.text.to_owned(), value.text().unwrap_or_default().to_owned()))
                .collect(),
            registry: envoy::Registry::of(dump).and_then(|registry| Registry::keep(&registry, dump)),
        }
    }

    /// Whether its pod is one of a workload.
    pub fn is_of(&self, workload: &Workload<'_>) -> bool {
        let has = |key: &str, value: &str| self.labels.iter().any(|(k, v)| k == key && v == value);
        let mut labels = workload.labels.iter().peekable();
        self.namespace.as_deref() == Some(workload.namespace)
            && labels.peek().is_some()
            && labels.all(|(k, v)| has(k, v))
    }
}

impl Registry {
    fn keep(registry: &envoy::Registry<'_>, dump: &Dump<'_>) -> Option<Self> {
        let subject = Subject::Proxy { proxy: dump.proxy().to_owned(), section: "routes", resource: String::new() };
        let catch_all = Pinned::of(Draft::new(registry.catch_all, "").subject(subject))?;
        Some(Self { catch_all, hosts: registry.hosts.iter().map(|host| Box::from(*host)).collect() })
    }

    /// Whether requests for a host get out.
    pub fn admits(&self, host: &str) -> bool {
        let mut rest = host;
        if self.hosts.contains(host) {
            return true;
        }
        while let Some((_, parent)) = rest.split_once('.') {
            if self.hosts.contains(format!("*.{parent}").as_str()) {
                return true;
            }
            rest = parent;
        }
        false
    }
}
