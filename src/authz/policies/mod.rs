//! AuthorizationPolicies as the RBAC filters that istiod makes of them.

mod conditions;
mod providers;
mod rule;
mod select;
mod trust;

use serde_json::{Map, Value, json};

use crate::istio::AuthorizationPolicy;

pub use providers::{Provider, providers};
use rule::{Rule, Target};
pub use select::{Applicable, applicable};
pub use trust::TrustDomains;

/// What the mesh adds to the policies.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    /// The trust domain and its aliases.
    pub trust_domains: TrustDomains,
    /// The external authorizers that the mesh configuration declares; nothing if it is not known,
    /// and then every authorizer is taken for a sound one.
    pub providers: Option<Vec<Provider>>,
}

/// A filter that istiod makes.
#[derive(Clone, Debug)]
pub struct Filter {
    /// `name` and `typedConfig`.
    pub json: Value,
}

/// The filters for requests, or for bare connections, in the order in which they stand.
pub fn filters(policies: &[AuthorizationPolicy<'_>], mesh: &Mesh, is_tcp: bool) -> Vec<Filter> {
    let mut filters = Vec::new();
    for provider in asked(policies) {
        filters.extend(custom(policies, provider, mesh, is_tcp));
    }
    for action in ["AUDIT", "DENY", "ALLOW"] {
        let of_action: Vec<_> = policies.iter().filter(|policy| policy.action() == action).copied().collect();
        if !of_action.is_empty() {
            filters.push(filter(&of_action, action, mesh, is_tcp));
        }
    }
    filters
}

/// The authorizers that policies ask, each once.
pub fn asked<'d>(policies: &[AuthorizationPolicy<'d>]) -> Vec<&'d str> {
    let mut names: Vec<&str> = policies.iter().filter(|p| p.action() == "CUSTOM").map(|p| provider(*p)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn provider(policy: AuthorizationPolicy<'_>) -> &str {
    let provider = policy.object.spec().and_then(|spec| spec.get("provider"));
    provider.and_then(|p| p.text_at("name")).map_or("", |name| name.value)
}

/// The filter that asks an authorizer: rules that decide nothing but note what matched. Where the
/// authorizer cannot be asked, everything is refused that would have been its to decide. One that
/// speaks HTTP has no say on bare connections.
fn custom(policies: &[AuthorizationPolicy<'_>], name: &str, mesh: &Mesh, is_tcp: bool) -> Option<Filter> {
    let declared = mesh.providers.as_ref().map(|known| known.iter().find(|known| known.name == name));
    let is_bad = declared.is_some_and(|provider| provider.is_none_or(|provider| provider.fault.is_some()));
    if is_tcp && !is_bad && declared.flatten().is_some_and(|provider| provider.is_http_only) {
        return None;
    }
    let mut keyed = Map::new();
    for policy in policies.iter().filter(|p| p.action() == "CUSTOM" && provider(**p) == name) {
        for (key, rule) in generate(*policy, "CUSTOM", mesh, is_tcp) {
            let suffix = if is_bad { "-deny-due-to-bad-CUSTOM-action" } else { "" };
            keyed.insert(format!("istio-ext-authz-{name}-{key}{suffix}"), rule);
        }
    }
    let rules = json!({ "action": "DENY", "policies": keyed });
    let mut config = Map::new();
    if is_bad {
        config.insert("rules".to_owned(), rules);
    } else {
        config.insert("shadowRules".to_owned(), rules);
        config.insert("shadowRulesStatPrefix".to_owned(), "istio_ext_authz_".into());
    }
    Some(wrap(config, is_tcp))
}

fn filter(policies: &[AuthorizationPolicy<'_>], action: &str, mesh: &Mesh, is_tcp: bool) -> Filter {
    let (mut enforced, mut shadow) = (Map::new(), Map::new());
    let (mut has_enforced, mut has_shadow) = (false, false);
    for policy in policies {
        let dry = policy.object.annotation("istio.io/dry-run").is_some_and(|value| value.value == "true");
        let target = if dry { &mut shadow } else { &mut enforced };
        target.extend(generate(*policy, action, mesh, is_tcp));
        has_enforced |= !dry;
        has_shadow |= dry;
    }
    let rules = |policies: Map<String, Value>| {
        let mut rules = Map::new();
        match action {
            "DENY" => _ = rules.insert("action".to_owned(), "DENY".into()),
            "AUDIT" => _ = rules.insert("action".to_owned(), "LOG".into()),
            _ => {}
        }
        if !policies.is_empty() {
            rules.insert("policies".to_owned(), policies.into());
        }
        Value::from(rules)
    };
    let mut config = Map::new();
    let prefix = if has_shadow && action == "DENY" { "istio_dry_run_deny_" } else { "istio_dry_run_allow_" };
    config.insert("shadowRulesStatPrefix".to_owned(), prefix.into());
    if has_enforced {
        config.insert("rules".to_owned(), rules(enforced));
    }
    if has_shadow {
        config.insert("shadowRules".to_owned(), rules(shadow));
    }
    wrap(config, is_tcp)
}

fn wrap(mut config: Map<String, Value>, is_tcp: bool) -> Filter {
    let kind = if is_tcp { "network" } else { "http" };
    config
        .insert("@type".to_owned(), format!("type.googleapis.com/envoy.extensions.filters.{kind}.rbac.v3.RBAC").into());
    if is_tcp {
        config.insert("statPrefix".to_owned(), "tcp.".into());
    }
    Filter { json: json!({ "name": format!("envoy.filters.{kind}.rbac"), "typedConfig": config }) }
}

/// The rules of a policy by the keys that Envoy knows them by.
fn generate(policy: AuthorizationPolicy<'_>, action: &str, mesh: &Mesh, is_tcp: bool) -> Vec<(String, Value)> {
    let (namespace, name) = (policy.object.namespace(), policy.object.name());
    let key = |place: usize| format!("ns[{namespace}]-policy[{name}]-rule[{place}]");
    let target = Target { namespace, mesh, is_tcp, is_allow: action == "ALLOW" };
    let mut generated = Vec::new();
    let mut is_empty = true;
    for (place, node) in policy.rules().enumerate() {
        is_empty = false;
        generated.extend(Rule::of(node, &target).to_json(&target).map(|rule| (key(place), rule)));
    }
    if is_empty {
        // A policy without rules matches nothing.
        let nothing =
            json!({ "permissions": [{ "notRule": { "any": true } }], "principals": [{ "notId": { "any": true } }] });
        generated.push((key(0), nothing));
    }
    generated
}
