//! The words of policies as Envoy's matchers.

use serde_json::{Value, json};

const ANY: &str = ".+";

/// How a word with a `*` at one of its ends compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wild<'v> {
    Any,
    Suffix(&'v str),
    Prefix(&'v str),
    Exact(&'v str),
}

impl<'v> Wild<'v> {
    pub(super) fn of(value: &'v str) -> Self {
        match (value, value.strip_prefix('*'), value.strip_suffix('*')) {
            ("*", _, _) => Self::Any,
            (_, Some(suffix), _) => Self::Suffix(suffix),
            (_, _, Some(prefix)) => Self::Prefix(prefix),
            _ => Self::Exact(value),
        }
    }
}

pub(super) fn regex(expression: &str) -> Value {
    json!({ "safeRegex": { "regex": expression } })
}

/// Text.
pub(super) fn string(value: &str) -> Value {
    match Wild::of(value) {
        Wild::Any => regex(ANY),
        Wild::Suffix(suffix) => json!({ "suffix": suffix }),
        Wild::Prefix(prefix) => json!({ "prefix": prefix }),
        Wild::Exact(exact) => json!({ "exact": exact }),
    }
}

/// A header; the host compares whatever the case.
pub(super) fn header(name: &str, value: &str, ignore_case: bool) -> Value {
    if Wild::of(value) == Wild::Any {
        return json!({ "header": { "name": name, "presentMatch": true } });
    }
    let mut matcher = string(value);
    if let (true, Some(object)) = (ignore_case, matcher.as_object_mut()) {
        object.insert("ignoreCase".to_owned(), true.into());
    }
    json!({ "header": { "name": name, "stringMatch": matcher } })
}

/// The path of a request, or a template of it.
pub(super) fn path(value: &str) -> Value {
    if value.contains("{*}") || value.contains("{**}") {
        let template = value.replace("{*}", "*").replace("{**}", "**");
        let kind = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
        let config = json!({ "@type": kind, "pathTemplate": template });
        return json!({ "uriTemplate": { "name": "uri-template", "typedConfig": config } });
    }
    json!({ "urlPath": { "path": string(value) } })
}

/// A range of addresses.
pub(super) fn cidr(value: &str) -> Value {
    let whole = if value.contains(':') { 128 } else { 32 };
    let (address, length) = match value.split_once('/') {
        Some((address, length)) => (address, length.parse().unwrap_or(whole)),
        None => (value, whole),
    };
    json!({ "addressPrefix": address, "prefixLen": length })
}

fn authenticated(matcher: &Value) -> Value {
    json!({ "authenticated": { "principalName": matcher } })
}

/// The identity of a client.
pub(super) fn principal(value: &str) -> Value {
    authenticated(&match Wild::of(value) {
        Wild::Any => regex(ANY),
        Wild::Suffix(suffix) => regex(&format!("spiffe://.*{}", quoted(suffix))),
        Wild::Prefix(prefix) => json!({ "prefix": format!("spiffe://{prefix}") }),
        Wild::Exact(exact) => json!({ "exact": format!("spiffe://{exact}") }),
    })
}

/// The namespace of a client.
pub(super) fn namespace(value: &str) -> Value {
    authenticated(&regex(&format!(".*/ns/{}/.*", quoted(value).replace("\\*", ".*"))))
}

/// The trust domain of a client.
pub(super) fn trust_domain(value: &str) -> Value {
    authenticated(&match Wild::of(value) {
        Wild::Exact(exact) => json!({ "prefix": format!("spiffe://{exact}/") }),
        _ => regex(&format!("spiffe://{}/.*", quoted(value).replace("\\*", "[^/]*"))),
    })
}

/// The service account of a client: `NAMESPACE/NAME`, or a name in the policy's namespace.
pub(super) fn service_account(value: &str, own_namespace: &str) -> Value {
    let (namespace, name) = value.split_once('/').unwrap_or((own_namespace, value));
    let expression = format!("spiffe://.+/ns/{}/(.+/|)sa/{}(/.+)?", quoted(namespace), quoted(name));
    authenticated(&regex(&expression))
}

/// The issuer and the subject of a token: `ISSUER/SUBJECT`.
pub(super) fn request_principal(value: &str) -> Value {
    let (issuer, subject) = match (Wild::of(value), value.rsplit_once('/')) {
        (Wild::Any, _) => (regex(ANY), regex(ANY)),
        (_, Some((issuer, subject))) => (string(issuer), string(subject)),
        (Wild::Suffix(_), None) => (regex(ANY), string(value)),
        (Wild::Prefix(_), None) => (string(value), regex(ANY)),
        (Wild::Exact(_), None) => (string(value), json!({ "exact": "" })),
    };
    let claim = |name: &str, matcher: Value| metadata(JWT, &["payload", name], &json!({ "stringMatch": matcher }));
    json!({ "andIds": { "ids": [claim("iss", issuer), claim("sub", subject)] } })
}

const JWT: &str = "envoy.filters.http.jwt_authn";

fn metadata(filter: &str, path: &[&str], value: &Value) -> Value {
    let path: Vec<Value> = path.iter().map(|key| json!({ "key": key })).collect();
    json!({ "metadata": { "filter": filter, "path": path, "value": value } })
}

fn or_match(values: &[&str]) -> Value {
    let mut matchers: Vec<Value> = values.iter().map(|value| json!({ "stringMatch": string(value) })).collect();
    match &mut matchers[..] {
        [only] => only.take(),
        _ => json!({ "orMatch": { "valueMatchers": matchers } }),
    }
}

/// A claim of a token: text, or a list of it.
pub(super) fn claim(path: &[&str], values: &[&str]) -> Value {
    let mut whole = vec!["payload"];
    whole.extend(path);
    let either = [json!({ "listMatch": { "oneOf": or_match(values) } }), or_match(values)];
    metadata(JWT, &whole, &json!({ "orMatch": { "valueMatchers": either } }))
}

/// What another filter has noted: `experimental.envoy.filters.NAME[KEY]`.
pub(super) fn noted(key: &str, values: &[&str]) -> Option<Value> {
    let filter = key.strip_prefix("experimental.")?;
    let (filter, name) = filter.split_once('[')?;
    Some(metadata(filter, &[name.strip_suffix(']')?], &or_match(values)))
}

/// Text within a regular expression, as Go quotes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
