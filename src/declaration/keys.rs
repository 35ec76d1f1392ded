//! What a rule file may hold.

use serde_json::{Value, json};

use crate::finding::Family;

use super::kind::ResourceKind;
use super::template::WORDS;

/// A key of a rule file.
pub(super) struct Key {
    pub(super) name: &'static str,
    description: &'static str,
    pub(super) is_required: bool,
    schema: fn() -> Value,
}

const fn must(name: &'static str, description: &'static str, schema: fn() -> Value) -> Key {
    Key { name, description, is_required: true, schema }
}

const fn may(name: &'static str, description: &'static str, schema: fn() -> Value) -> Key {
    Key { name, description, is_required: false, schema }
}

/// All keys, in the order in which files have them.
pub(super) const KEYS: [Key; 25] = [
    must("id", "Kebab-case name of the bad pattern", id),
    must("family", "What the rule is about", family),
    must("severity", "What its findings mean for traffic", severity),
    may("confidence", "How sure they are; `high` if nothing is said", confidence),
    may("aliases", "Other names, such as the codes of other tools", texts),
    must("kind", "What it looks at: kinds of resources, or parts of a dump", kinds),
    may("namespace", "Only resources in the root namespace, or only those in other ones", home),
    may("istio-version", "The versions of Istio in which it is wrong, such as `>=1.22` or `>=1.18, <1.24`", text),
    may("find", "JSONPath of what is wrong; `$` is the resource, and found if nothing is said", text),
    may("where", "Condition on what was found: a JSONPath filter without its brackets, `@` is what was found", text),
    may("at", "JSONPath of the place to point at; what was found if nothing is said", text),
    may("values", "Words for the templates: JSONPath of what they stand for", words),
    must("message", "What is wrong, in one line: a template", template),
    may("label", "What the thing at the place is: a template", template),
    may("note", "What happens to traffic: one or more templates", templates),
    may("help", "What to do: a template", template),
    may("related", "Other places that explain the finding", related),
    must("summary", "What it finds, in one short sentence", text),
    may("what", "The same in detail, in Markdown", text),
    may("why", "What happens to traffic, in Markdown", text),
    may("instead", "What to write instead, in Markdown; the first good example if nothing is said", text),
    may("when-to-ignore", "When it is meant, in Markdown", text),
    must("bad", "Texts in which it finds something. `# here` marks the lines, where that matters", examples),
    must("good", "Texts in which it finds nothing", examples),
    may("$schema", "The schema of this file, for editors", text),
];

/// The keys of an entry of `related`.
pub(super) const RELATED_KEYS: [&str; 2] = ["at", "label"];
pub(super) const SEVERITIES: [&str; 3] = ["error", "warning", "info"];
pub(super) const CONFIDENCES: [&str; 2] = ["medium", "high"];
pub(super) const HOMES: [&str; 2] = ["root", "other"];

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn id() -> Value {
    json!({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"})
}

fn family() -> Value {
    json!({"enum": Family::ALL.map(Family::name)})
}

fn severity() -> Value {
    json!({"enum": SEVERITIES})
}

fn confidence() -> Value {
    json!({"enum": CONFIDENCES})
}

fn home() -> Value {
    json!({"enum": HOMES})
}

fn one_or_more(of: &Value) -> Value {
    json!({"anyOf": [of, {"type": "array", "items": of, "minItems": 1}]})
}

fn texts() -> Value {
    one_or_more(&text())
}

fn kinds() -> Value {
    let parts = ResourceKind::NAMES.map(|(name, _)| name);
    one_or_more(&json!({"anyOf": [{"enum": parts}, {"pattern": "^[A-Z][A-Za-z0-9]*(\\.[a-z0-9.-]+)?$"}]}))
}

fn template() -> Value {
    let known = WORDS.map(|(word, _)| format!("{{{word}}}")).join(", ");
    json!({"type": "string", "minLength": 1, "$comment": format!("{known} and those of `values` stand for something")})
}

fn templates() -> Value {
    one_or_more(&template())
}

fn words() -> Value {
    json!({
        "type": "object",
        "propertyNames": {"pattern": "^[a-z][a-z0-9-]*$"},
        "additionalProperties": text(),
    })
}

fn related() -> Value {
    json!({"type": "array", "items": {
        "type": "object",
        "properties": {"at": text(), "label": template()},
        "required": RELATED_KEYS,
        "additionalProperties": false,
    }})
}

fn examples() -> Value {
    json!({"type": "array", "items": text(), "minItems": 1})
}

/// The JSON Schema of a rule file.
pub fn schema() -> Value {
    let property = |key: &Key| {
        let mut schema = (key.schema)();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".into(), key.description.into());
        }
        (key.name.to_owned(), schema)
    };
    let required: Vec<&str> = KEYS.iter().filter(|key| key.is_required).map(|key| key.name).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Declarative rule of meshlint",
        "type": "object",
        "properties": KEYS.iter().map(property).collect::<serde_json::Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}
