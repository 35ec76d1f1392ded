//! Envoy's matchers of metadata: what other filters noted of a request.

use serde_json::Value;

use crate::document::Node;

use super::matcher::{Expressions, string};

/// `MetadataMatcher`.
pub(super) fn matches(matcher: Node<'_>, metadata: &Value, expressions: &Expressions) -> Result<bool, String> {
    let filter = matcher.get("filter").and_then(Node::text).unwrap_or_default();
    let mut value = metadata.get(filter);
    for step in matcher.get("path").into_iter().flat_map(Node::items) {
        let key = step.get("key").and_then(Node::text).unwrap_or_default();
        value = value.and_then(|value| value.get(key));
    }
    let inverted = matcher.get("invert").and_then(Node::as_bool) == Some(true);
    let Some(wanted) = matcher.get("value") else { return Ok(inverted) };
    Ok(value_matches(wanted, value, expressions)? != inverted)
}

fn value_matches(wanted: Node<'_>, value: Option<&Value>, expressions: &Expressions) -> Result<bool, String> {
    let Some((key, inner)) = wanted.entries().next() else { return Ok(false) };
    match key.text {
        "string_match" | "stringMatch" => match value {
            Some(Value::String(text)) => string(inner, text, expressions),
            _ => Ok(false),
        },
        "bool_match" | "boolMatch" => Ok(value.and_then(Value::as_bool).is_some_and(|b| Some(b) == inner.as_bool())),
        "present_match" | "presentMatch" => Ok(value.is_some() == (inner.as_bool() == Some(true))),
        "null_match" | "nullMatch" => Ok(value.is_some_and(Value::is_null)),
        "double_match" | "doubleMatch" => {
            let number = value.and_then(Value::as_f64);
            Ok(number.is_some_and(|n| inner.get("exact").and_then(Node::as_f64) == Some(n)))
        }
        "list_match" | "listMatch" => {
            let Some(one_of) = inner.field("one_of") else { return Ok(false) };
            any(value.and_then(Value::as_array).into_iter().flatten(), |item| {
                value_matches(one_of, Some(item), expressions)
            })
        }
        "or_match" | "orMatch" => {
            let matchers = inner.field("value_matchers").into_iter().flat_map(Node::items);
            any(matchers, |matcher| value_matches(matcher, value, expressions))
        }
        other => Err(format!("metadata cannot be compared by `{other}`")),
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
