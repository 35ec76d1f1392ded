//! What a file of route tests may hold.

use serde_json::{Map, Value, json};

use super::property::{Property, Shape};

/// The keys of a file.
pub(super) const FILE: [(&str, &str); 5] = [
    ("dump", "Config dumps that the tests are for, relative to this file: one, or a list"),
    ("envoy_version", "Envoy's version, where the dump names none"),
    ("defaults", "Keys of requests that hold where a request does not say them"),
    ("tests", "The tests"),
    ("$schema", "The schema of this file, for editors"),
];

/// The keys of a test.
pub(super) const TEST: [(&str, &str); 3] = [
    ("name", "What the test is about"),
    ("request", "The request"),
    ("expect", "What is expected of it; a list of all its ends, where chance decides between several"),
];

/// The keys of a request: those of the lines that `trace --requests` reads, and a URL.
pub(super) const REQUEST: [(&str, &str); 13] = [
    ("url", "Where it goes; fills in all that is not said: http://reviews:9080/api?x=1"),
    ("method", "GET by default"),
    ("authority", "Host or :authority"),
    ("path", "Path with its query; / by default"),
    ("headers", "An object, or a list of pairs where names repeat"),
    ("scheme", "What a proxy before says: x-forwarded-proto"),
    ("tls", "The client's side of TLS; false for plaintext"),
    ("from", "Address of the client"),
    ("to", "Address that the connection goes to"),
    ("port", "Port that the connection goes to"),
    ("direction", "From the workload of the proxy, or to it"),
    ("listener", "Name of the listener where it enters"),
    ("route_config", "Name of the route configuration where it enters"),
];

/// The keys of `tls`.
pub(super) const TLS: [(&str, &str); 3] = [
    ("sni", "Server name that the client asks for"),
    ("alpn", "Protocols that it offers, in its order"),
    ("client_cert", "Its certificate: valid, untrusted, or the name that it bears"),
];

/// The JSON Schema of files of route tests.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Route tests of meshlint (*.test.yaml)",
        "type": "object",
        "properties": described(&FILE, |name| match name {
            "dump" => one_or_more(&text()),
            "defaults" => json!({"$ref": "#/$defs/request"}),
            "tests" => json!({"type": "array", "items": {"$ref": "#/$defs/test"}}),
            "envoy_version" => json!({"type": ["string", "number"]}),
            _ => text(),
        }),
        "required": ["tests"],
        "additionalProperties": false,
        "$defs": {
            "test": {
                "type": "object",
                "properties": described(&TEST, |name| match name {
                    "request" => json!({"$ref": "#/$defs/request"}),
                    "expect" => json!({"anyOf": [
                        {"$ref": "#/$defs/outcome"},
                        {"type": "array", "items": {"$ref": "#/$defs/outcome"}, "minItems": 1},
                    ]}),
                    _ => text(),
                }),
                "required": ["name", "request", "expect"],
                "additionalProperties": false,
            },
            "request": {
                "type": "object",
                "properties": described(&REQUEST, request),
                "additionalProperties": false,
            },
            "outcome": {
                "type": "object",
                "properties": outcome(),
                "minProperties": 1,
                "additionalProperties": false,
            },
        },
    })
}

fn request(name: &str) -> Value {
    let value = json!({"type": ["string", "number", "boolean"]});
    match name {
        "headers" => json!({"anyOf": [
            {"type": "object", "additionalProperties": one_or_more(&value)},
            {"type": "array", "items": {"type": "array", "items": value, "minItems": 2, "maxItems": 2}},
        ]}),
        "tls" => json!({"anyOf": [{"type": "boolean"}, {
            "type": "object",
            "properties": described(&TLS, |name| match name {
                "alpn" => one_or_more(&text()),
                "client_cert" => json!({"type": ["string", "boolean"]}),
                _ => text(),
            }),
            "additionalProperties": false,
        }]}),
        "port" => json!({"type": "integer", "minimum": 0, "maximum": 65535}),
        "direction" => json!({"enum": ["outbound", "inbound"]}),
        _ => json!({"type": "string"}),
    }
}

fn outcome() -> Map<String, Value> {
    let property = |(_, name, shape, description): &(Property, &str, Shape, &str)| {
        let mut schema = match shape {
            Shape::Weights => json!({"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}),
            Shape::Names => json!({"type": "array", "items": text()}),
            Shape::Status => one_or_more(&json!({"type": ["integer", "null"], "minimum": 100, "maximum": 599})),
            Shape::Index => one_or_more(&json!({"type": ["integer", "null"], "minimum": 0})),
            Shape::Name(names) => {
                let known: Vec<Value> = names.iter().map(|name| json!(name)).chain([Value::Null]).collect();
                one_or_more(&json!({"enum": known}))
            }
            Shape::Text => one_or_more(&json!({"type": ["string", "number", "null"]})),
        };
        schema["description"] = json!(description);
        ((*name).to_owned(), schema)
    };
    Property::ALL.iter().map(property).collect()
}

fn described(keys: &[(&str, &str)], schema: impl Fn(&str) -> Value) -> Map<String, Value> {
    let property = |(name, description): &(&str, &str)| {
        let mut schema = schema(name);
        schema["description"] = json!(description);
        ((*name).to_owned(), schema)
    };
    keys.iter().map(property).collect()
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn one_or_more(of: &Value) -> Value {
    json!({"anyOf": [of, {"type": "array", "items": of, "minItems": 1}]})
}
