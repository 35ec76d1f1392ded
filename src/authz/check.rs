//! `authz check`: the policies that a proxy applies.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, Node};
use crate::envoy::typed_config;
use crate::tables::{Grid, State, proxies};

use super::extension::connection_manager_config;

/// The policy that stands for a filter without policies.
const NOTHING: &str = "_anonymous_match_nothing_";
const ORDER: [&str; 4] = ["DENY", "ALLOW", "LOG", "CUSTOM"];
const EXTERNAL: &str = "istio-ext-authz-";

/// Rules by action and policy.
#[derive(Default)]
struct Found {
    policies: BTreeSet<(usize, String)>,
    rules: BTreeMap<String, BTreeSet<String>>,
}

/// The table of policies of a dump.
///
/// # Errors
/// The dump holds no listeners.
pub fn check(document: &Document) -> Result<String, String> {
    let mut found = Found::default();
    let mut has_listeners = false;
    for (_, sections) in proxies(document) {
        for entry in sections.listeners.iter().flatten() {
            has_listeners = true;
            if entry.state == State::Active {
                found.read(entry.node);
            }
        }
    }
    if !has_listeners {
        return Err(format!("{} holds no listeners", document.name()));
    }
    let mut grid = Grid::new(3);
    grid.heading(&["ACTION", "AuthorizationPolicy", "RULES"]);
    for (action, policy) in &found.policies {
        let rules = found.rules.get(policy).map_or(0, BTreeSet::len).to_string();
        grid.row([(*ORDER.get(*action).unwrap_or(&"")).into(), policy.as_str().into(), rules.into()]);
    }
    let mut out = String::new();
    grid.write(&mut out);
    Ok(out)
}

impl Found {
    fn read(&mut self, listener: Node<'_>) {
        for chain in listener.field("filter_chains").into_iter().flat_map(Node::items) {
            for filter in chain.get("filters").into_iter().flat_map(Node::items) {
                if name_is(filter, "envoy.filters.network.rbac")
                    && let Some(config) = typed_config(filter)
                {
                    self.add(config);
                }
                let filters = connection_manager_config(filter).and_then(|m| m.field("http_filters"));
                for inner in
                    filters.into_iter().flat_map(Node::items).filter(|f| name_is(*f, "envoy.filters.http.rbac"))
                {
                    if let Some(config) = typed_config(inner) {
                        self.add(config);
                    }
                }
            }
        }
    }

    fn add(&mut self, config: Node<'_>) {
        let rules = config.get("rules");
        let action = rules.and_then(|rules| rules.get("action")).and_then(Node::text).unwrap_or("ALLOW");
        let names: Vec<&str> = policies(rules).collect();
        if names.is_empty() {
            self.note(action, NOTHING.to_owned(), "0");
        }
        for name in names {
            self.note_key(action, name);
        }
        for name in policies(config.field("shadow_rules")).filter(|name| name.starts_with(EXTERNAL)) {
            self.note_key("CUSTOM", name);
        }
    }

    fn note_key(&mut self, action: &str, key: &str) {
        let part = |open: &str, close: &str| {
            let from = key.find(open)? + open.len();
            let rest = key.get(from..)?;
            rest.get(..rest.rfind(close)?)
        };
        let namespace = part("ns[", "]-policy[");
        let policy = part("]-policy[", "]-rule[");
        if let (Some(namespace), Some(policy), Some(rule)) = (namespace, policy, part("]-rule[", "]")) {
            self.note(action, format!("{policy}.{namespace}"), rule);
        }
    }

    fn note(&mut self, action: &str, policy: String, rule: &str) {
        let place = ORDER.iter().position(|known| *known == action).unwrap_or(ORDER.len());
        self.rules.entry(policy.clone()).or_default().insert(rule.to_owned());
        self.policies.insert((place, policy));
    }
}

fn policies(rules: Option<Node<'_>>) -> impl Iterator<Item = &str> {
    let policies = rules.and_then(|rules| rules.get("policies"));
    policies.into_iter().flat_map(|p| p.entries().map(|(key, _)| key.text).collect::<Vec<_>>())
}

fn name_is(filter: Node<'_>, name: &str) -> bool {
    filter.get("name").and_then(Node::text) == Some(name)
}
