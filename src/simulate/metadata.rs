//! Conditions on dynamic metadata
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/value.proto>).

use serde_json::Value;

use crate::document::Node;
use crate::envoy::{MetadataMatch, StringMatch};

use super::text::TextTest;

/// Whether metadata, by namespace, meets a matcher. Nothing where that cannot be told.
pub(super) fn met(matcher: MetadataMatch<'_>, metadata: &Value) -> Option<bool> {
    let value = matcher.path().fold(metadata.get(matcher.filter), |value, key| value.and_then(|v| v.get(key)));
    let met = match (matcher.value, value) {
        (Some(test), value) => takes(test, value)?,
        (None, _) => false,
    };
    Some(met != matcher.is_inverted)
}

/// Whether a value meets a `ValueMatcher`; what is not there meets none but `null_match: {}`'s opposite.
fn takes(test: Node<'_>, value: Option<&Value>) -> Option<bool> {
    let (key, body) = test.entries().next()?;
    let Some(value) = value else {
        return Some(false);
    };
    match key.text {
        "null_match" | "nullMatch" => Some(value.is_null()),
        "present_match" | "presentMatch" => Some(body.as_bool() == Some(true)),
        "bool_match" | "boolMatch" => Some(value.as_bool() == body.as_bool()),
        "double_match" | "doubleMatch" => value.as_f64().map_or(Some(false), |number| double(body, number)),
        "string_match" | "stringMatch" => match value.as_str() {
            Some(text) => TextTest::of(StringMatch::of(body)?).takes(text),
            None => Some(false),
        },
        "list_match" | "listMatch" => {
            let one = body.field("one_of")?;
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            Some(items.iter().any(|item| takes(one, Some(item)) == Some(true)))
        }
        "or_match" | "orMatch" => {
            let tests = body.field("value_matchers").into_iter().flat_map(Node::items);
            Some(tests.into_iter().any(|test| takes(test, Some(value)) == Some(true)))
        }
        _ => None,
    }
}

fn double(test: Node<'_>, value: f64) -> Option<bool> {
    if let Some(exact) = test.get("exact").and_then(Node::as_f64) {
        return Some((exact - value).abs() < f64::EPSILON);
    }
    let range = test.get("range")?;
    let bound = |name| range.get(name).and_then(Node::as_f64).unwrap_or(0.0);
    Some((bound("start")..bound("end")).contains(&value))
}
