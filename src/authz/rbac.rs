//! Envoy's RBAC: policies of permissions and principals
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto>).

use crate::document::Node;

use super::matcher::{self, Expressions};
use super::path::template_matches;
use super::{Request, metadata};

/// Applies filters; keeps what it has compiled.
#[derive(Default)]
pub struct Evaluator {
    expressions: Expressions,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it goes through.
    pub is_allowed: bool,
    /// The policy that decided, by its name in the filter: `ns[…]-policy[…]-rule[…]`. Nothing if
    /// it was let through by no policy, or refused because none allows it.
    pub policy: Option<String>,
    /// Envoy's wording for a refusal.
    pub details: Option<String>,
}

impl Decision {
    /// The policy as `NAMESPACE/NAME` and the number of its rule.
    pub fn rule(&self) -> Option<(String, String)> {
        let name = self.policy.as_deref()?;
        let part = |name: &str, key: &str| {
            let from = name.find(key)? + key.len();
            let rest = name.get(from..)?;
            Some(rest.get(..rest.find(']')?)?.to_owned())
        };
        let namespace = part(name, "ns[")?;
        Some((format!("{namespace}/{}", part(name, "-policy[")?), part(name, "-rule[")?))
    }
}

/// The authorizer and the rule of `istio-ext-authz-PROVIDER-ns[…]-policy[…]-rule[…]`.
fn asked(policy: &str) -> Option<(&str, &str)> {
    let rest = policy.strip_prefix("istio-ext-authz-")?;
    let at = rest.find("-ns[")?;
    Some((rest.get(..at)?, rest.get(at + 1..)?))
}

impl Evaluator {
    /// Applies one filter; nothing if the request passes it without being allowed by a policy.
    ///
    /// # Errors
    /// A condition that cannot be decided from a file.
    pub(super) fn apply(&self, filter: Node<'_>, request: &Request) -> Result<Option<Decision>, String> {
        self.ask_external(filter, request)?;
        let Some(rules) = filter.get("rules") else {
            if filter.get("matcher").is_some() {
                return Err("the filter decides by a tree of matchers".to_owned());
            }
            return Ok(None);
        };
        let matched = self.first_match(rules, request)?;
        let denied = |policy: Option<String>| {
            let name = policy.as_deref().unwrap_or("none").replace(' ', "_");
            let details = Some(format!("rbac_access_denied_matched_policy[{name}]"));
            Some(Decision { is_allowed: false, policy, details })
        };
        let action = rules.get("action").and_then(Node::text).unwrap_or("ALLOW");
        Ok(match (action, matched) {
            ("DENY" | "1", Some(policy)) => denied(Some(policy.to_owned())),
            ("ALLOW" | "0", None) => denied(None),
            ("ALLOW" | "0", Some(policy)) => {
                Some(Decision { is_allowed: true, policy: Some(policy.to_owned()), details: None })
            }
            _ => None,
        })
    }

    /// A request that an external authorizer decides cannot be decided here.
    fn ask_external(&self, filter: Node<'_>, request: &Request) -> Result<(), String> {
        let prefix = filter.field("shadow_rules_stat_prefix").and_then(Node::text);
        let Some(rules) = filter.field("shadow_rules").filter(|_| prefix == Some("istio_ext_authz_")) else {
            return Ok(());
        };
        match self.first_match(rules, request)? {
            Some(policy) => Err(match asked(policy) {
                Some((provider, rule)) => format!("the external authorizer `{provider}` decides, asked by {rule}"),
                None => format!("an external authorizer decides, asked by {policy}"),
            }),
            None => Ok(()),
        }
    }

    /// The first policy by name that matches.
    pub(super) fn first_match<'d>(&self, rules: Node<'d>, request: &Request) -> Result<Option<&'d str>, String> {
        let mut policies: Vec<_> =
            rules.get("policies").into_iter().flat_map(|p| p.entries().collect::<Vec<_>>()).collect();
        policies.sort_by_key(|(key, _)| key.text);
        for (key, policy) in policies {
            if policy.get("condition").is_some() || policy.field("checked_condition").is_some() {
                return Err(format!("policy `{}` has a condition in CEL", key.text));
            }
            let list = |name: &str| policy.get(name).into_iter().flat_map(Node::items);
            let permitted = any(list("permissions"), |node| self.permission(node, request))?;
            if permitted && any(list("principals"), |node| self.principal(node, request))? {
                return Ok(Some(key.text));
            }
        }
        Ok(None)
    }

    fn permission(&self, node: Node<'_>, request: &Request) -> Result<bool, String> {
        let Some((key, value)) = node.entries().next() else {
            return Err("a permission is empty".to_owned());
        };
        let rules = || value.get("rules").into_iter().flat_map(Node::items);
        match key.text {
            "and_rules" | "andRules" => all(rules(), |rule| self.permission(rule, request)),
            "or_rules" | "orRules" => any(rules(), |rule| self.permission(rule, request)),
            "not_rule" | "notRule" => self.permission(value, request).map(|matched| !matched),
            "destination_ip" | "destinationIp" => Ok(matcher::address(value, request.destination_ip)),
            "destination_port" | "destinationPort" => Ok(value.as_u64() == Some(request.port)),
            "destination_port_range" | "destinationPortRange" => {
                let bound = |name: &str| value.get(name).and_then(Node::as_u64).unwrap_or(0);
                Ok(bound("start") <= request.port && request.port < bound("end"))
            }
            "requested_server_name" | "requestedServerName" => matcher::string(value, &request.sni, &self.expressions),
            "uri_template" | "uriTemplate" => {
                let template = value.field("typed_config").and_then(|config| config.field("path_template"));
                let template = template.and_then(Node::text).ok_or("a template of paths is empty")?;
                Ok(template_matches(template, request.path()))
            }
            _ => self.common(key.text, value, request),
        }
    }

    fn principal(&self, node: Node<'_>, request: &Request) -> Result<bool, String> {
        let Some((key, value)) = node.entries().next() else {
            return Err("a principal is empty".to_owned());
        };
        let ids = || value.get("ids").into_iter().flat_map(Node::items);
        match key.text {
            "and_ids" | "andIds" => all(ids(), |id| self.principal(id, request)),
            "or_ids" | "orIds" => any(ids(), |id| self.principal(id, request)),
            "not_id" | "notId" => self.principal(value, request).map(|matched| !matched),
            "authenticated" => self.authenticated(value.field("principal_name"), request),
            "source_ip" | "sourceIp" | "direct_remote_ip" | "directRemoteIp" => {
                Ok(matcher::address(value, request.source_ip))
            }
            "remote_ip" | "remoteIp" => Ok(matcher::address(value, request.remote_ip)),
            "filter_state" | "filterState" => self.filter_state(value, request),
            _ => self.common(key.text, value, request),
        }
    }

    /// What permissions and principals share.
    fn common(&self, key: &str, value: Node<'_>, request: &Request) -> Result<bool, String> {
        match key {
            "any" => Ok(value.as_bool() == Some(true)),
            "header" => {
                let name = value.get("name").and_then(Node::text).unwrap_or_default().to_ascii_lowercase();
                matcher::header(value, request.headers.get(&name).map(String::as_str), &self.expressions)
            }
            "url_path" | "urlPath" => match value.get("path") {
                Some(path) if !request.is_tcp => matcher::string(path, request.path(), &self.expressions),
                _ => Ok(false),
            },
            "metadata" => metadata::matches(value, &request.metadata, &self.expressions),
            "sourced_metadata" | "sourcedMetadata" => {
                let inner = value.field("metadata_matcher").ok_or("a matcher of metadata is empty")?;
                metadata::matches(inner, &request.metadata, &self.expressions)
            }
            other => Err(format!("`{other}` cannot be decided from a file")),
        }
    }

    fn authenticated(&self, name: Option<Node<'_>>, request: &Request) -> Result<bool, String> {
        match (request.spiffe(), name) {
            (None, _) => Ok(false),
            (Some(_), None) => Ok(true),
            (Some(id), Some(name)) => matcher::string(name, &id, &self.expressions),
        }
    }

    /// The client as a filter of connections has noted it.
    fn filter_state(&self, value: Node<'_>, request: &Request) -> Result<bool, String> {
        let key = value.get("key").and_then(Node::text).unwrap_or_default();
        if key != "io.istio.peer_principal" {
            return Err(format!("the state `{key}` of a connection is not known from a file"));
        }
        let inner = value.field("string_match").ok_or("a state is compared by something else than text")?;
        match request.spiffe() {
            Some(id) => matcher::string(inner, &id, &self.expressions),
            None => Ok(false),
        }
    }
}

fn any<T>(items: impl Iterator<Item = T>, test: impl Fn(T) -> Result<bool, String>) -> Result<bool, String> {
    for item in items {
        if test(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn all<T>(items: impl Iterator<Item = T>, test: impl Fn(T) -> Result<bool, String>) -> Result<bool, String> {
    any(items, |item| test(item).map(|matched| !matched)).map(|found| !found)
}
