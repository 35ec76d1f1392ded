//! What the configuration may hold.

use serde_json::{Value, json};

use crate::finding::Family;
use crate::mesh::CompleteKind;
use crate::rules;

/// A key of the configuration.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// What holds where it is not written, in words.
    pub(super) default: &'static str,
    schema: fn() -> Value,
}

const fn key(name: &'static str, description: &'static str, default: &'static str, schema: fn() -> Value) -> Key {
    Key { name, description, default, schema }
}

/// All keys, in the order in which `config show` prints them.
pub(super) const KEYS: [Key; 15] = [
    key("select", "Run only these rules: ids, families, or aliases such as IST0101", "[all]", names),
    key("rules", "Severities of rules or families other than their own; `off` does not run them", "{}", severities),
    key("custom-rules", "Files and folders with declarative rules of your own", "[]", globs),
    key("ignore", "Findings that are not reported: rules × paths × namespaces, with a reason", "[]", ignores),
    key("exclude", "Paths that are passed over where folders are searched", "[]", globs),
    key("fail-on", "Exit with 1 if there are findings of at least this severity", "error", severity),
    key("min-severity", "Leave out findings below this severity", "info", severity),
    key("baseline", "Findings that are listed in this file are known", "none", text),
    key("complete", "The inputs hold all of a kind: KIND, KIND:NAMESPACE, or all", "[]", kinds),
    key("namespace", "Namespace of resources that name none", "default", text),
    key("mesh-config", "Istio's mesh configuration, as a file", "none", text),
    key("cluster-domain", "Domain of Kubernetes service names", "cluster.local", text),
    key("root-namespace", "Namespace whose policies hold for the whole mesh", "istio-system", text),
    key("istio-version", "Version of Istio, where behaviour depends on it", "none", version),
    key("$schema", "The schema of this file, for editors", "none", text),
];

/// The keys of an entry of `ignore`.
pub(super) const IGNORE_KEYS: [&str; 4] = ["rules", "paths", "namespaces", "reason"];
/// What a rule's severity may be.
pub(super) const SEVERITIES: [&str; 4] = ["error", "warning", "info", "off"];

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn version() -> Value {
    json!({"type": ["string", "number"]})
}

fn severity() -> Value {
    json!({"enum": ["error", "warning", "info"]})
}

fn one_or_more(of: &Value) -> Value {
    json!({"anyOf": [of, {"type": "array", "items": of, "minItems": 1}]})
}

fn globs() -> Value {
    one_or_more(&text())
}

/// Ids and families are known; codes are not listed, because there are hundreds.
fn names() -> Value {
    let ids = rules::all().map(|rule| rule.meta.id).chain(Family::ALL.map(Family::name));
    let known: Vec<&str> = ids.chain(own_aliases()).collect();
    one_or_more(&json!({"anyOf": [{"enum": known}, {"const": "all"}, {"pattern": "^(IST|KIA)[0-9]{4}$"}]}))
}

/// The aliases that are no codes of istioctl and Kiali: those of users' own rules.
fn own_aliases() -> impl Iterator<Item = &'static str> {
    let aliases = rules::all().flat_map(|rule| rule.meta.aliases).copied();
    aliases.filter(|alias| !alias.starts_with("IST") && !alias.starts_with("KIA"))
}

fn severities() -> Value {
    let known: serde_json::Map<String, Value> = rules::all()
        .map(|rule| (rule.meta.id, rules::first_sentence(&rules::manual(rule).summary)))
        .chain(own_aliases().map(|alias| (alias, "The rules of this name.".to_owned())))
        .chain(Family::ALL.map(|family| (family.name(), format!("All rules on {}.", family.description()))))
        .map(|(name, description)| (name.to_owned(), json!({"$ref": "#/$defs/level", "description": description})))
        .collect();
    json!({
        "type": "object",
        "properties": known,
        "patternProperties": {"^(IST|KIA)[0-9]{4}$": {"$ref": "#/$defs/level"}},
        "additionalProperties": false,
    })
}

fn ignores() -> Value {
    json!({"type": "array", "items": {
        "type": "object",
        "properties": {
            "rules": names(),
            "paths": {"description": "Globs, relative to this file", "$ref": "#/$defs/globs"},
            "namespaces": {"description": "Globs", "$ref": "#/$defs/globs"},
            "reason": {"type": "string", "minLength": 1},
        },
        "required": ["rules", "reason"],
        "additionalProperties": false,
    }})
}

fn kinds() -> Value {
    let names = CompleteKind::NAMES.map(|(name, _)| name).join("|");
    one_or_more(&json!({"type": "string", "pattern": format!("^(all|{names})(:.+)?$")}))
}

/// The JSON Schema of the configuration.
pub fn schema() -> Value {
    let property = |key: &Key| {
        let mut schema = (key.schema)();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".into(), format!("{}. Default: {}", key.description, key.default).into());
        }
        (key.name.to_owned(), schema)
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of meshlint (.meshlint.yaml)",
        "type": "object",
        "properties": KEYS.iter().map(property).collect::<serde_json::Map<_, _>>(),
        "additionalProperties": false,
        "$defs": {
            // YAML 1.1 readers take a bare `off` for false.
            "level": {"enum": ["error", "warning", "info", "off", false]},
            "globs": globs(),
        },
    })
}
