//! `meshlint.dev/ignore: rule,rule` on an object, and Istio's own annotation with its codes.

use crate::document::{Document, Node, Spanned};
use crate::kube::{Object, objects};
use crate::rules;

use super::{Scope, Written, rules_of};

const OWN: &str = "meshlint.dev/ignore";
/// What our own annotations begin with. There is only one.
const PREFIX: &str = "meshlint.dev/";
/// The annotation of `istioctl analyze`: codes such as `IST0101`, or patterns of them.
const ISTIO: &str = "galley.istio.io/analyze-suppress";

/// The suppressions in the annotations of a document.
pub(super) fn read(document: &Document) -> Vec<Written<'_>> {
    let has = |name: &str| memchr::memmem::find(document.bytes(), name.as_bytes()).is_some();
    let (has_own, has_istio) = (has(PREFIX), has(ISTIO));
    if !has_own && !has_istio {
        return Vec::new();
    }
    objects(document).0.into_iter().flat_map(of_object).collect()
}

fn of_object(object: Object<'_>) -> Vec<Written<'_>> {
    let own = object.annotation(OWN).into_iter().flat_map(|value| named(object, value, true));
    let istio = object.annotation(ISTIO).into_iter().flat_map(|value| named(object, value, false));
    own.chain(istio).chain(useless(object)).collect()
}

/// Annotations that look like ours and leave out nothing: others by name, and those without a rule.
fn useless(object: Object<'_>) -> impl Iterator<Item = Written<'_>> {
    let metadata = object.node().get("metadata").and_then(|metadata| metadata.get("annotations"));
    let annotations = metadata.into_iter().flat_map(Node::entries);
    annotations.filter(|(key, _)| key.text.starts_with(PREFIX)).filter_map(move |(key, value)| {
        let text = value.text().unwrap_or_default();
        let is_empty = text.split(',').all(|name| name.trim().is_empty());
        let problem = match key.text == OWN {
            false => format!("did you mean `{OWN}`?"),
            true if is_empty => "it names no rule".to_owned(),
            true => return None,
        };
        Some(Written {
            name: key.text,
            rules: Err(problem),
            reason: None,
            place: value.into(),
            scope: Scope::Nowhere,
            must_be_used: true,
        })
    })
}

fn named<'d>(object: Object<'d>, value: Spanned<'d, &'d str>, is_own: bool) -> impl Iterator<Item = Written<'d>> {
    let names = value.value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let document = object.node().document();
    names.map(move |name| Written {
        name,
        rules: if is_own { rules_of(name) } else { Ok(rules_of_codes(name)) },
        reason: None,
        place: value.into(),
        scope: Scope::Range { file: document.name().to_owned(), span: object.node().span() },
        must_be_used: is_own,
    })
}

/// The rules that find what Istio calls so. Codes that we have no rule for are none of our business.
fn rules_of_codes(pattern: &str) -> Vec<&'static str> {
    let fits = |alias: &&str| alias.starts_with("IST") && matches(pattern, alias);
    rules::all().filter(|rule| rule.meta.aliases.iter().any(&fits)).map(|rule| rule.meta.id).collect()
}

/// Whether a code matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, code: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = code.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_match_patterns() {
        for (pattern, is_match) in [
            ("IST0101", true),
            ("*", true),
            ("IST01*", true),
            ("*01", true),
            ("I*1*1", true),
            ("IST", false),
            ("IST02*", false),
        ] {
            assert_eq!(matches(pattern, "IST0101"), is_match, "{pattern}");
        }
        assert!(!matches("IST0101*1", "IST0101"));
    }
}
