//! Which DestinationRule a client uses for a host: istiod's index of them and the merging of rules
//! for one host (`destinationRule` and `mergeDestinationRule` in `pilot/pkg/model`, istio/istio).

use rustc_hash::FxHashMap;

use crate::istio::{DestinationRule, Subset};
use crate::kube::{Labels, Object};

use super::host;
use super::host_index::{HostSet, Wildcards};
use super::visibility::{self, Visibility};
use super::{Options, Service};

/// The rules of one namespace for one host that act as one.
#[derive(Clone, Debug)]
pub struct MergedRule<'d> {
    /// The host, completed.
    pub host: String,
    /// The rules, oldest first. The first one's traffic policy counts, or the first that there is.
    pub rules: Vec<DestinationRule<'d>>,
    /// Their subsets; of several with one name the first.
    pub subsets: Vec<Subset<'d>>,
    /// Who sees it; nothing where the rule leaves it to the default.
    export: Export<'d>,
    /// The clients it is for.
    pub workload_selector: Option<Labels<'d>>,
}

/// An `exportTo` list, kept as it is written because equal lists are what lets rules merge.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Export<'d> {
    written: Vec<&'d str>,
    visibility: Visibility<'d>,
}

/// The rules of one namespace by host.
#[derive(Clone, Debug, Default)]
struct RuleSet<'d> {
    by_host: FxHashMap<String, Vec<MergedRule<'d>>>,
    wildcards: Wildcards,
}

/// All DestinationRules as clients look for them.
#[derive(Debug, Default)]
pub struct DestinationRules<'d> {
    /// For clients of the rule's own namespace.
    local: FxHashMap<&'d str, RuleSet<'d>>,
    /// For clients of other namespaces.
    exported: FxHashMap<&'d str, RuleSet<'d>>,
    /// The root namespace's rules that only its own clients see.
    root_private: RuleSet<'d>,
    /// The hosts of rules that are not for every client.
    particular: HostSet,
}

impl<'d> MergedRule<'d> {
    fn of(rule: DestinationRule<'d>, host: &str, export: &Export<'d>) -> Self {
        let mut merged = Self {
            host: host.to_owned(),
            rules: Vec::new(),
            subsets: Vec::new(),
            export: export.clone(),
            workload_selector: rule.workload_selector(),
        };
        merged.add(rule);
        merged
    }

    fn add(&mut self, rule: DestinationRule<'d>) {
        for subset in rule.subsets() {
            if self.subset(subset.name.value).is_none() {
                self.subsets.push(subset);
            }
        }
        self.rules.push(rule);
    }

    /// The subset of this name.
    pub fn subset(&self, name: &str) -> Option<&Subset<'d>> {
        self.subsets.iter().find(|subset| *subset.name == name)
    }

    /// The oldest of the rules, which gives the merged rule its name.
    pub fn first(&self) -> DestinationRule<'d> {
        match self.rules.first() {
            Some(rule) => *rule,
            None => unreachable!("a merged rule is made of a rule"),
        }
    }

    /// The traffic policy that counts.
    pub fn traffic_policy(&self) -> Option<crate::document::Node<'d>> {
        self.rules.iter().find_map(|rule| rule.traffic_policy())
    }
}

impl<'d> RuleSet<'d> {
    /// The rules of the most specific host that holds `name`.
    fn most_specific(&self, name: &str) -> Option<&[MergedRule<'d>]> {
        if let Some(rules) = self.by_host.get(name) {
            return Some(rules);
        }
        self.by_host.get(self.wildcards.holding(name).next()?).map(Vec::as_slice)
    }

    /// The rules of every host that holds `name`.
    fn holding<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s MergedRule<'d>> + 's {
        let exact = (!host::is_wildcard(name)).then_some(name);
        exact.into_iter().chain(self.wildcards.holding(name)).filter_map(|host| self.by_host.get(host)).flatten()
    }

    fn insert(&mut self, rule: DestinationRule<'d>, host: &str, export: &Export<'d>) {
        self.wildcards.insert(host);
        let known = self.by_host.entry(host.to_owned()).or_default();
        let mut stands_alone = true;
        for merged in known.iter_mut() {
            if merged.export.written != export.written {
                continue;
            }
            let same_clients = match (&merged.workload_selector, rule.workload_selector()) {
                (None, None) => true,
                (Some(a), Some(b)) => a.is_same_as(&b),
                _ => false,
            };
            if same_clients {
                merged.add(rule);
                stands_alone = false;
            }
        }
        if stands_alone {
            known.push(MergedRule::of(rule, host, export));
        }
    }
}

impl<'d> DestinationRules<'d> {
    /// Indexes the rules among `objects`, which are sorted by age.
    pub(super) fn of(objects: &[Object<'d>], options: &'d Options) -> Self {
        let mut index = Self::default();
        for rule in objects.iter().filter_map(|object| DestinationRule::of(*object)) {
            index.insert(rule, options);
        }
        index
    }

    fn insert(&mut self, rule: DestinationRule<'d>, options: &'d Options) {
        let Some(host) = rule.host() else { return };
        let namespace = rule.object.namespace();
        let host = host::resolve(host.value, namespace, &options.cluster_domain);
        let export = export_of(rule, namespace, options);
        if rule.workload_selector().is_some() || !export.visibility.is_public {
            self.particular.insert(&host);
        }
        if export.written.is_empty() || export.visibility.includes(namespace) {
            self.local.entry(namespace).or_default().insert(rule, &host, &export);
        }
        let is_private = match export.written[..] {
            [] => options.destination_rule_export == visibility::Default::Private,
            [only] => only == "." || only == namespace,
            _ => false,
        };
        if !is_private {
            self.exported.entry(namespace).or_default().insert(rule, &host, &export);
        } else if namespace == options.root_namespace {
            self.root_private.insert(rule, &host, &export);
        }
    }

    /// The rule that a client of `namespace` with these labels uses for `service`: of the first
    /// namespace that has any for the host, of the client's own, the service's, the root namespace.
    pub fn for_client(
        &self,
        service: &Service<'d>,
        namespace: &str,
        labels: Option<&Labels<'_>>,
        options: &Options,
    ) -> Option<&MergedRule<'d>> {
        let root = options.root_namespace.as_str();
        let own = match namespace == root {
            true => Some(&self.root_private),
            false => self.local.get(namespace),
        };
        if let Some(rules) = own.and_then(|set| set.most_specific(&service.host)) {
            return pick(rules.iter(), labels);
        }
        let is_visible =
            |rule: &&MergedRule<'d>| rule.export.written.is_empty() || rule.export.visibility.includes(namespace);
        // Rules that the client does not see leave the word to those of the root namespace.
        let exported = |home: &str| {
            let rules = self.exported.get(home)?.most_specific(&service.host)?.iter().filter(is_visible);
            rules.clone().next().map(|_| pick(rules, labels.filter(|_| home == namespace)))
        };
        exported(service.namespace).or_else(|| exported(root))?
    }

    /// Every rule of any namespace whose host holds `host`, with its namespace, whoever sees it.
    pub fn covering<'s>(&'s self, host: &'s str) -> impl Iterator<Item = &'s MergedRule<'d>> + 's {
        self.local.values().chain(self.exported.values()).flat_map(move |set| set.holding(host))
    }

    /// Whether some rule that may count for `host` is not for every client.
    pub(super) fn tell_clients_apart(&self, host: &str) -> bool {
        self.particular.holds(host)
    }

    /// Whether the clients of `namespace` have rules of their own for `host`.
    pub fn has_local(&self, namespace: &str, host: &str) -> bool {
        self.local.get(namespace).is_some_and(|rules| rules.most_specific(host).is_some())
    }

    /// Whether there is any rule in `namespace`.
    pub fn has_any_in(&self, namespace: &str) -> bool {
        self.local.contains_key(namespace) || self.exported.contains_key(namespace)
    }
}

/// The rule for workloads with these labels, else the last one that is for all.
fn pick<'s, 'd>(
    rules: impl DoubleEndedIterator<Item = &'s MergedRule<'d>> + Clone,
    labels: Option<&Labels<'_>>,
) -> Option<&'s MergedRule<'d>> {
    let is_for = |rule: &&MergedRule<'d>| {
        rule.workload_selector.as_ref().is_some_and(|s| labels.is_some_and(|l| s.is_subset_of(l)))
    };
    rules.clone().find(is_for).or_else(|| rules.rev().find(|rule| rule.workload_selector.is_none()))
}

fn export_of<'d>(rule: DestinationRule<'d>, namespace: &'d str, options: &Options) -> Export<'d> {
    // A rule for some clients only is never exported.
    if rule.workload_selector().is_some() {
        return Export {
            written: vec!["."],
            visibility: Visibility::of(std::iter::once("."), namespace, options.destination_rule_export),
        };
    }
    let list = rule.export_to();
    let mut written: Vec<&str> =
        list.into_iter().flat_map(crate::document::Node::items).filter_map(crate::document::Node::text).collect();
    written.sort_unstable();
    written.dedup();
    Export { visibility: Visibility::of_list(list, namespace, options.destination_rule_export), written }
}
