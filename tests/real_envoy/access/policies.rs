//! Random AuthorizationPolicies, as istiod translates them.

use meshlint::authz::policies::{Mesh, TrustDomains, filters as translated};
use meshlint::document::Document;
use meshlint::input::Text;
use meshlint::istio::AuthorizationPolicy;
use meshlint::kube::objects;
use serde_json::{Map, Value, json};

use super::super::random::Random;

/// Fields of a `source`, with values that have a chance.
const SOURCE: [(&str, &[&str]); 7] = [
    (
        "principals",
        &[
            "*",
            "cluster.local/ns/foo/sa/sleep",
            "cluster.local/ns/foo/*",
            "*/sa/sleep",
            "td1/*",
            "cluster.local/ns/bar/sa/httpbin",
        ],
    ),
    ("requestPrincipals", &["*", "issuer-1/user-1", "issuer-1/*", "*/user-1", "https://issuer-2/x/user-1"]),
    ("namespaces", &["foo", "foo*", "*bar", "bar", "prod", "*"]),
    ("serviceAccounts", &["sleep", "foo/sleep", "bar/httpbin", "default"]),
    ("ipBlocks", &["127.0.0.2", "127.0.0.0/30", "10.0.0.0/8", "127.0.0.4/31", "0.0.0.0/0"]),
    ("remoteIpBlocks", &["8.8.8.8", "10.0.0.0/8", "127.0.0.0/29", "2001:db8::/32", "192.168.7.9"]),
    ("trustDomains", &["cluster.local", "td1", "old-td"]),
];
const OPERATION: [(&str, &[&str]); 4] = [
    ("hosts", &["example.com", "*.example.com", "example.*", "Example.COM", "*", "httpbin.foo"]),
    ("methods", &["GET", "POST", "P*", "*T", "*", "DELETE"]),
    (
        "paths",
        &[
            "/api",
            "/api/*",
            "*/info",
            "*",
            "/admin",
            "/admin/",
            "/api/{*}/users",
            "/a/{**}/end",
            "/{*}",
            "/{**}",
            "/static/{*}",
            "/a b",
        ],
    ),
    ("ports", &["80", "8080", "9080", "15006"]),
];
const WHEN: [(&str, &[&str]); 18] = [
    ("request.headers[x-user]", &["admin", "admin*", "*", "Admin", "*-2"]),
    ("request.headers[X-Token]", &["abc", "abc*", "*f"]),
    ("request.headers[user-agent]", &["curl/*", "Mozilla/5.0 (X11)"]),
    ("source.ip", &["127.0.0.3", "127.0.0.0/30"]),
    ("remote.ip", &["8.8.8.8", "10.0.0.0/8"]),
    ("source.namespace", &["foo", "f*", "bar"]),
    ("source.principal", &["cluster.local/ns/foo/sa/sleep", "*/sa/sleep", "*"]),
    ("source.serviceAccount", &["foo/sleep", "bar/httpbin"]),
    ("source.trustDomain", &["td1", "cluster.local"]),
    ("request.auth.principal", &["issuer-1/user-1", "*", "issuer-1/*"]),
    ("request.auth.audiences", &["app-1", "app-2", "app*"]),
    ("request.auth.presenter", &["app-1", "*"]),
    ("request.auth.claims[groups]", &["admin", "dev", "*"]),
    ("request.auth.claims[nested][role]", &["admin", "a*"]),
    ("destination.ip", &["10.96.0.1", "10.97.0.0/16"]),
    ("destination.port", &["80", "8080"]),
    ("connection.sni", &["example.com", "*.example.com", "outbound_*", "*"]),
    ("request.auth.claims[level]", &["7"]),
];

/// The filters of some random policies.
pub(super) fn filters(random: &mut Random, is_network: bool) -> Vec<Value> {
    let mut list = Vec::new();
    for place in 0..=random.below(4) {
        list.push(policy(random, place));
    }
    let text = json!({"apiVersion": "v1", "kind": "List", "items": list}).to_string();
    let document = Document::read("policies", Text::from(text.as_str()));
    let (objects, _) = objects(&document);
    let policies: Vec<AuthorizationPolicy<'_>> = objects.into_iter().filter_map(AuthorizationPolicy::of).collect();
    let aliases = if random.percent(30) { vec!["td1".to_owned(), "old-td".to_owned()] } else { Vec::new() };
    let mesh = Mesh { trust_domains: TrustDomains::new("cluster.local", aliases), providers: None };
    translated(&policies, &mesh, is_network).into_iter().map(|filter| filter.json).collect()
}

fn policy(random: &mut Random, place: usize) -> Value {
    let action = *random.pick(&["ALLOW", "ALLOW", "DENY", "DENY", "AUDIT"]);
    let mut spec = json!({"action": action});
    if random.percent(90) {
        spec["rules"] = (0..=random.below(3)).map(|_| rule(random)).collect();
    }
    let mut metadata = json!({"name": format!("policy-{place}"), "namespace": random.pick(&["foo", "istio-system"])});
    if random.percent(12) {
        metadata["annotations"] = json!({"istio.io/dry-run": "true"});
    }
    json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec})
}

fn rule(random: &mut Random) -> Value {
    let mut rule = json!({});
    if random.percent(60) {
        rule["from"] = (0..=random.below(2)).map(|_| json!({"source": fields(random, &SOURCE)})).collect();
    }
    if random.percent(60) {
        rule["to"] = (0..=random.below(2)).map(|_| json!({"operation": fields(random, &OPERATION)})).collect();
    }
    if random.percent(40) {
        rule["when"] = (0..=random.below(2)).map(|_| condition(random)).collect();
    }
    rule
}

/// One or two fields, each of them as it is or negated.
fn fields(random: &mut Random, from: &[(&str, &[&str])]) -> Value {
    let mut fields = Map::new();
    for _ in 0..=random.below(2) {
        let (name, values) = *random.pick(from);
        let mut first = name.chars();
        let negated = format!("not{}{}", first.next().unwrap().to_ascii_uppercase(), first.as_str());
        let name = if random.percent(25) { negated } else { name.to_owned() };
        fields.insert(name, some(random, values));
    }
    fields.into()
}

fn condition(random: &mut Random) -> Value {
    let (key, values) = *random.pick(&WHEN);
    let mut condition = json!({"key": key});
    let field = if random.percent(25) { "notValues" } else { "values" };
    condition[field] = some(random, values);
    condition
}

fn some(random: &mut Random, values: &[&str]) -> Value {
    (0..=random.below(3)).map(|_| json!(random.pick(values))).collect()
}
