//! `proxy-status` of a bundle: what all of its istiods say, and which proxies none of them knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, Node};
use crate::input::{Bundle, Role};
use crate::inventory::control_plane_versions;
use crate::kube::{Object, PodTemplate, objects};

use super::{Istiod, read_status};

/// The container that every proxy of Istio runs in.
const PROXY: &str = "istio-proxy";
/// How many names stand in a line.
const LISTED: usize = 5;

/// The control plane of a bundle.
#[derive(Debug, Default)]
pub struct ControlPlane {
    /// Each istiod whose answer was saved, and last the one that stands for none.
    pub istiods: Vec<Istiod>,
    /// Versions of istiod, by revision.
    pub versions: BTreeMap<String, String>,
    /// What else the table does not say.
    pub remarks: Vec<String>,
}

/// What the resources of a cluster say of its pods.
#[derive(Debug, Default)]
struct Pods {
    /// Those that run a proxy: `POD.NAMESPACE`.
    with_proxy: BTreeSet<String>,
    /// Those of istiod.
    istiods: BTreeSet<String>,
}

impl ControlPlane {
    /// Reads the answers of a bundle's istiods, its resources and its versions.
    ///
    /// # Errors
    /// One line: there is no answer of an istiod.
    pub fn of(bundle: &Bundle) -> Result<Self, String> {
        let wants = |role| matches!(role, Role::Istiod("istiod syncz") | Role::Manifests | Role::Note("versions"));
        let (files, broken) = bundle.take(&mut |place, _| wants(place.role));
        let mut found = Self::default();
        let mut pods = Pods::default();
        let mut answered = BTreeSet::new();
        for file in files {
            let text = match file.text {
                Ok(text) => text,
                Err(reason) => {
                    found.remarks.push(format!("cannot read {}: {reason}", file.name));
                    continue;
                }
            };
            let pod = file.place.proxy();
            match file.place.role {
                Role::Note(_) => found.versions = control_plane_versions(&String::from_utf8_lossy(&text)),
                Role::Manifests => pods.read(&Document::read(file.name, text)),
                _ => {
                    let istiod = file.place.pod.as_ref().map_or("istiod", |(_, pod)| pod);
                    found.istiods.extend(read_status(&Document::read(file.name, text), istiod));
                    answered.extend(pod);
                }
            }
        }
        if found.istiods.is_empty() {
            let note = broken.map(|reason| format!(" ({reason})")).unwrap_or_default();
            return Err(format!("{} holds no answer of an istiod (debug/syncz){note}", bundle.name));
        }
        found.compare(&pods, &answered);
        Ok(found)
    }

    /// The versions of proxies and of istiod, in a line, if they are not all the same.
    pub fn skew(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let versions = self.istiods.iter().flat_map(Istiod::proxies).map(|(_, version)| version);
        versions.filter(|version| !version.is_empty()).for_each(|version| *counts.entry(version).or_default() += 1);
        let is_skewed =
            counts.keys().copied().chain(self.versions.values().map(String::as_str)).collect::<BTreeSet<_>>().len() > 1;
        let proxies = counts.iter().map(|(version, count)| format!("{count} of {version}"));
        let istiods = self.versions.iter().map(|(revision, version)| format!("istiod {revision} of {version}"));
        let listed: Vec<String> = proxies.chain(istiods).collect();
        is_skewed.then(|| format!("proxies of different versions: {}", listed.join(", ")))
    }

    /// The pods that run a proxy, but are in no answer.
    fn compare(&mut self, pods: &Pods, answered: &BTreeSet<String>) {
        let silent: Vec<&str> = pods.istiods.difference(answered).map(String::as_str).collect();
        // Of must-gather nothing tells which istiod it asked.
        if !silent.is_empty() && !answered.is_empty() {
            self.remarks.push(format!("not saved: the answer of {}, which may know more proxies", list(&silent)));
        }
        let known: BTreeSet<&str> = self.istiods.iter().flat_map(Istiod::proxies).map(|(name, _)| name).collect();
        let unknown: Vec<&str> =
            pods.with_proxy.iter().map(String::as_str).filter(|pod| !known.contains(pod)).collect();
        if !unknown.is_empty() {
            self.remarks.push(format!("running, but in no istiod: {}", list(&unknown)));
            self.istiods.push(Istiod::none(&unknown));
        }
    }
}

impl Pods {
    fn read(&mut self, document: &Document) {
        for pod in objects(document).0.into_iter().filter(|object| object.is("", "Pod")).filter(|pod| is_running(*pod))
        {
            let name = format!("{}.{}", pod.name(), pod.namespace());
            let Some(template) = PodTemplate::of(pod) else { continue };
            if template.labels().get("app") == Some("istiod") {
                self.istiods.insert(name);
            } else if template.containers().any(|container| container.text_at("name").is_some_and(|n| n.value == PROXY))
            {
                self.with_proxy.insert(name);
            }
        }
    }
}

fn is_running(pod: Object<'_>) -> bool {
    let phase = pod.node().get("status").and_then(|status| status.get("phase")).and_then(Node::text);
    phase.is_none_or(|phase| phase == "Running")
}

fn list(names: &[&str]) -> String {
    let listed = names.get(..LISTED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}
