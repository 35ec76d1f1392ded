//! Envoy's matchers of text and addresses.

use std::cell::RefCell;
use std::net::IpAddr;

use regex::Regex;
use rustc_hash::FxHashMap;

use crate::document::Node;

/// Regular expressions that were compiled.
#[derive(Default)]
pub(super) struct Expressions(RefCell<FxHashMap<String, Option<Regex>>>);

impl Expressions {
    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, expression: &str, text: &str) -> Result<bool, String> {
        let mut known = self.0.borrow_mut();
        if !known.contains_key(expression) {
            known.insert(expression.to_owned(), Regex::new(&format!("^(?:{expression})$")).ok());
        }
        match known.get(expression) {
            Some(Some(regex)) => Ok(regex.is_match(text)),
            _ => Err(format!("the regular expression `{expression}` cannot be read")),
        }
    }
}

/// `StringMatcher`.
pub(super) fn string(matcher: Node<'_>, text: &str, expressions: &Expressions) -> Result<bool, String> {
    let ignore_case = matcher.field("ignore_case").and_then(Node::as_bool) == Some(true);
    let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    for (key, value) in matcher.entries() {
        let wanted = || fold(value.text().unwrap_or_default());
        return Ok(match key.text {
            "exact" => fold(text) == wanted(),
            "prefix" => fold(text).starts_with(&wanted()),
            "suffix" => fold(text).ends_with(&wanted()),
            "contains" => fold(text).contains(&wanted()),
            "safe_regex" | "safeRegex" => {
                let regex = value.get("regex").and_then(Node::text).unwrap_or_default();
                return expressions.matches(regex, text);
            }
            "ignore_case" | "ignoreCase" => continue,
            other => return Err(format!("a text cannot be compared by `{other}`")),
        });
    }
    Ok(text.is_empty())
}

/// `HeaderMatcher`.
pub(super) fn header(matcher: Node<'_>, value: Option<&str>, expressions: &Expressions) -> Result<bool, String> {
    let inverted = matcher.field("invert_match").and_then(Node::as_bool) == Some(true);
    let as_empty = matcher.field("treat_missing_header_as_empty").and_then(Node::as_bool) == Some(true);
    let value = value.or(if as_empty { Some("") } else { None });
    if let Some(present) = matcher.field("present_match").and_then(Node::as_bool) {
        return Ok((value.is_some() == present) != inverted);
    }
    // A header that is not there does not match, nor does its opposite.
    let Some(text) = value else { return Ok(false) };
    let matched = if let Some(inner) = matcher.field("string_match") {
        string(inner, text, expressions)?
    } else if let Some(range) = matcher.field("range_match") {
        let bound = |name: &str| range.get(name).and_then(Node::as_i64).unwrap_or(0);
        text.parse::<i64>().is_ok_and(|number| bound("start") <= number && number < bound("end"))
    } else {
        old_header(matcher, text, expressions)?
    };
    Ok(matched != inverted)
}

/// The fields that there were before `string_match`.
fn old_header(matcher: Node<'_>, text: &str, expressions: &Expressions) -> Result<bool, String> {
    let value = |name: &str| matcher.field(name).and_then(Node::text);
    if let Some(regex) = matcher.field("safe_regex_match").and_then(|r| r.get("regex")).and_then(Node::text) {
        return expressions.matches(regex, text);
    }
    if let Some(regex) = value("regex_match") {
        return expressions.matches(regex, text);
    }
    Ok(value("exact_match")
        .map(|wanted| wanted == text)
        .or_else(|| value("prefix_match").map(|wanted| text.starts_with(wanted)))
        .or_else(|| value("suffix_match").map(|wanted| text.ends_with(wanted)))
        .or_else(|| value("contains_match").map(|wanted| text.contains(wanted)))
        .unwrap_or(true))
}

/// `CidrRange`.
pub(super) fn address(range: Node<'_>, address: Option<IpAddr>) -> bool {
    let prefix = range.field("address_prefix").and_then(Node::text).and_then(|text| text.parse::<IpAddr>().ok());
    let length = range.field("prefix_len").and_then(Node::as_u64).unwrap_or(0);
    match (prefix, address) {
        (Some(IpAddr::V4(prefix)), Some(IpAddr::V4(address))) => {
            let shift = 32_u64.saturating_sub(length) as u32;
            u32::from(prefix).checked_shr(shift) == u32::from(address).checked_shr(shift)
        }
        (Some(IpAddr::V6(prefix)), Some(IpAddr::V6(address))) => {
            let shift = 128_u64.saturating_sub(length) as u32;
            u128::from(prefix).checked_shr(shift) == u128::from(address).checked_shr(shift)
        }
        _ => false,
    }
}
