//! A rule of a policy: clients, operations and conditions.

use serde_json::{Value, json};

use crate::document::Node;

use super::{Mesh, conditions};

/// What a rule is made for.
pub(super) struct Target<'a> {
    /// The namespace of the policy.
    pub(super) namespace: &'a str,
    pub(super) mesh: &'a Mesh,
    /// For bare connections, which have no headers and no tokens.
    pub(super) is_tcp: bool,
    pub(super) is_allow: bool,
}

/// One attribute with what it may be and what it may not.
#[derive(Clone, Debug)]
struct Condition {
    only_http: bool,
    wanted: Option<Value>,
    unwanted: Option<Value>,
}

/// A rule: one of the principals and one of the permissions must hold, with all their conditions.
pub(super) struct Rule {
    principals: Vec<Vec<Condition>>,
    permissions: Vec<Vec<Condition>>,
}

/// What makes a condition of the values of a field.
type Make<'a> = &'a dyn Fn(&[&str]) -> Option<Value>;

impl Rule {
    pub(super) fn of(node: Node<'_>, target: &Target<'_>) -> Self {
        let items = |name: &str| node.get(name).into_iter().flat_map(Node::items).collect::<Vec<_>>();
        let (mut of_client, mut of_operation) = (Vec::new(), Vec::new());
        for when in items("when") {
            add_when(when, target, &mut of_client, &mut of_operation);
        }
        let with = |own: Vec<Condition>, common: &[Condition]| own.into_iter().chain(common.iter().cloned()).collect();
        let sources =
            items("from").into_iter().map(|from| from.get("source").map_or_else(Vec::new, |s| source(s, target)));
        let mut principals: Vec<Vec<Condition>> = sources.map(|own| with(own, &of_client)).collect();
        let operations = items("to").into_iter().map(|to| to.get("operation").map_or_else(Vec::new, operation));
        let mut permissions: Vec<Vec<Condition>> = operations.map(|own| with(own, &of_operation)).collect();
        if principals.is_empty() {
            principals.push(of_client);
        }
        if permissions.is_empty() {
            permissions.push(of_operation);
        }
        Self { principals, permissions }
    }

    /// The policy of Envoy; nothing if the rule cannot allow a bare connection.
    pub(super) fn to_json(&self, target: &Target<'_>) -> Option<Value> {
        let list = |all: &[Vec<Condition>], and: &str, items: &str, not: &str| -> Option<Vec<Value>> {
            all.iter().map(|conditions| conjunction(conditions, target, (and, items, not))).collect()
        };
        Some(json!({
            "permissions": list(&self.permissions, "andRules", "rules", "notRule")?,
            "principals": list(&self.principals, "andIds", "ids", "notId")?,
        }))
    }
}

fn conjunction(conditions: &[Condition], target: &Target<'_>, (and, items, not): (&str, &str, &str)) -> Option<Value> {
    let mut all = Vec::new();
    for condition in conditions {
        if condition.only_http && target.is_tcp {
            if target.is_allow {
                return None;
            }
            continue;
        }
        all.extend(condition.wanted.clone());
        all.extend(condition.unwanted.as_ref().map(|value| json!({ not: value })));
    }
    if all.is_empty() {
        all.push(json!({ "any": true }));
    }
    Some(json!({ and: { items: all } }))
}

fn texts<'d>(node: Node<'d>, name: &str) -> Vec<&'d str> {
    node.get(name).into_iter().flat_map(Node::items).filter_map(Node::text).collect()
}

/// The condition of a field and of its opposite, if one of them is there.
fn condition(wanted: &[&str], unwanted: &[&str], only_http: bool, make: Make<'_>) -> Option<Condition> {
    if wanted.is_empty() && unwanted.is_empty() {
        return None;
    }
    let of = |values: &[&str]| if values.is_empty() { None } else { make(values) };
    Some(Condition { only_http, wanted: of(wanted), unwanted: of(unwanted) })
}

fn any_id(values: impl IntoIterator<Item = Value>) -> Value {
    json!({ "orIds": { "ids": values.into_iter().collect::<Vec<_>>() } })
}

fn any_rule(values: impl IntoIterator<Item = Value>) -> Value {
    json!({ "orRules": { "rules": values.into_iter().collect::<Vec<_>>() } })
}

/// Each value by itself.
fn ids(values: &[&str], one: impl Fn(&str) -> Value) -> Value {
    any_id(values.iter().map(|value| one(value)))
}

fn rules(values: &[&str], one: impl Fn(&str) -> Value) -> Value {
    any_rule(values.iter().map(|value| one(value)))
}

fn principals(values: &[&str], target: &Target<'_>) -> Value {
    let expanded = values.iter().flat_map(|value| target.mesh.trust_domains.expand(value));
    any_id(expanded.map(|value| conditions::principal(&value)))
}

fn trust_domains(values: &[&str], target: &Target<'_>) -> Value {
    let expanded = values.iter().flat_map(|value| target.mesh.trust_domains.aliases(value));
    any_id(expanded.map(|value| conditions::trust_domain(&value)))
}

/// The conditions of a `source`, in istiod's order.
fn source(node: Node<'_>, target: &Target<'_>) -> Vec<Condition> {
    let make = |name: &str, not: &str, only_http: bool, make: Make<'_>| {
        condition(&texts(node, name), &texts(node, not), only_http, make)
    };
    let found = [
        make("principals", "notPrincipals", false, &|v| Some(principals(v, target))),
        make("requestPrincipals", "notRequestPrincipals", true, &|v| Some(ids(v, conditions::request_principal))),
        make("trustDomains", "notTrustDomains", false, &|v| Some(trust_domains(v, target))),
        make("namespaces", "notNamespaces", false, &|v| Some(ids(v, conditions::namespace))),
        make("remoteIpBlocks", "notRemoteIpBlocks", false, &|v| Some(ids(v, remote_ip))),
        make("ipBlocks", "notIpBlocks", false, &|v| Some(ids(v, direct_ip))),
        make("serviceAccounts", "notServiceAccounts", false, &|v| {
            Some(ids(v, |value| conditions::service_account(value, target.namespace)))
        }),
    ];
    found.into_iter().flatten().collect()
}

fn remote_ip(value: &str) -> Value {
    json!({ "remoteIp": conditions::cidr(value) })
}

fn direct_ip(value: &str) -> Value {
    json!({ "directRemoteIp": conditions::cidr(value) })
}

fn port(value: &str) -> Value {
    json!({ "destinationPort": value.parse::<u32>().unwrap_or(0) })
}

/// The conditions of an `operation`, in istiod's order.
fn operation(node: Node<'_>) -> Vec<Condition> {
    let make = |name: &str, not: &str, only_http: bool, make: Make<'_>| {
        condition(&texts(node, name), &texts(node, not), only_http, make)
    };
    let found = [
        make("hosts", "notHosts", true, &|v| Some(rules(v, |value| conditions::header(":authority", value, true)))),
        make("methods", "notMethods", true, &|v| Some(rules(v, |value| conditions::header(":method", value, false)))),
        make("paths", "notPaths", true, &|v| Some(rules(v, conditions::path))),
        make("ports", "notPorts", false, &|v| Some(rules(v, port))),
    ];
    found.into_iter().flatten().collect()
}

/// A condition of `when`, on the client or on the operation.
fn add_when(node: Node<'_>, target: &Target<'_>, client: &mut Vec<Condition>, operation: &mut Vec<Condition>) {
    let key = node.text_at("key").map_or("", |key| key.value);
    let (wanted, unwanted) = (texts(node, "values"), texts(node, "notValues"));
    let make = |only_http: bool, make: Make<'_>| condition(&wanted, &unwanted, only_http, make);
    match key {
        "source.ip" => client.extend(make(false, &|v| Some(ids(v, direct_ip)))),
        "remote.ip" => client.extend(make(false, &|v| Some(ids(v, remote_ip)))),
        "source.namespace" => client.extend(make(false, &|v| Some(ids(v, conditions::namespace)))),
        "source.principal" => client.extend(make(false, &|v| Some(principals(v, target)))),
        "source.trustDomain" => client.extend(make(false, &|v| Some(trust_domains(v, target)))),
        "source.serviceAccount" => {
            client.extend(make(false, &|v| Some(ids(v, |value| conditions::service_account(value, target.namespace)))));
        }
        "request.auth.principal" => client.extend(make(true, &|v| Some(ids(v, conditions::request_principal)))),
        "request.auth.audiences" => client.extend(make(true, &|v| Some(conditions::claim(&["aud"], v)))),
        "request.auth.presenter" => client.extend(make(true, &|v| Some(conditions::claim(&["azp"], v)))),
        "destination.ip" => operation
            .extend(make(false, &|v| Some(rules(v, |value| json!({ "destinationIp": conditions::cidr(value) }))))),
        "destination.port" => operation.extend(make(false, &|v| Some(rules(v, port)))),
        "connection.sni" => operation.extend(make(false, &|v| {
            Some(rules(v, |value| json!({ "requestedServerName": conditions::string(value) })))
        })),
        _ => add_named(key, &make, client, operation),
    }
}

/// Conditions whose key names a header, a claim or a note of another filter.
fn add_named(
    key: &str,
    make: &dyn Fn(bool, Make<'_>) -> Option<Condition>,
    client: &mut Vec<Condition>,
    operation: &mut Vec<Condition>,
) {
    if let Some(name) = key.strip_prefix("request.headers[").and_then(|rest| rest.strip_suffix(']')) {
        client.extend(make(true, &|v| Some(ids(v, |value| conditions::header(name, value, false)))));
    } else if let Some(claims) = key.strip_prefix("request.auth.claims[").and_then(|rest| rest.strip_suffix(']')) {
        let path: Vec<&str> = claims.split("][").collect();
        client.extend(make(true, &|v| Some(conditions::claim(&path, v))));
    } else if key.starts_with("experimental.envoy.filters.") {
        operation.extend(make(false, &|v| conditions::noted(key, v)));
    }
}
