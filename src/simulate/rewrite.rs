//! Redirects and rewrites: the path and host that go on.

use regex::{Captures, Regex};

use crate::document::Node;

use super::conditions::Subject;
use super::normalize::port_start;
use super::text::equal;
use crate::routing::translate;

/// The `Location` of a redirect
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-redirectaction>).
pub(super) fn location(redirect: Node<'_>, conditions: Option<Node<'_>>, subject: &Subject<'_>) -> String {
    let text = |field: &str| redirect.field(field).and_then(Node::text).filter(|t| !t.is_empty());
    let header = |name: &str| subject.headers.first(name).unwrap_or_default();
    let forwarded = header("x-forwarded-proto");
    let is_https = redirect.field("https_redirect").and_then(Node::as_bool) == Some(true);
    let scheme = text("scheme_redirect").unwrap_or(if is_https { "https" } else { header(":scheme") });
    let port = text("port_redirect").filter(|port| *port != "0");
    let host = text("host_redirect").unwrap_or_else(|| own_host(header(":authority"), scheme, forwarded, port));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let strips_query = redirect.field("strip_query").and_then(Node::as_bool) == Some(true);
    let full = subject.headers.path().unwrap_or_default();
    let (path, query) = full.split_at(full.find('?').unwrap_or(full.len()));
    let query = if strips_query { "" } else { query };
    let target = match text("path_redirect") {
        Some(fixed) if fixed.contains('?') => fixed.to_owned(),
        Some(fixed) => format!("{fixed}{query}"),
        None => format!("{}{query}", rewritten_path(redirect, conditions, path).unwrap_or_else(|| path.to_owned())),
    };
    format!("{scheme}://{host}{port}{target}")
}

/// The request's own host; a port goes where another replaces it or the scheme makes it wrong.
fn own_host<'h>(host: &'h str, scheme: &str, forwarded: &str, port: Option<&str>) -> &'h str {
    let Some(start) = port_start(host) else {
        return host;
    };
    let own = host.get(start..).unwrap_or_default();
    let is_default = (forwarded == "https" && own == ":443") || (forwarded == "http" && own == ":80");
    if port.is_some() || (scheme != forwarded && is_default) { host.get(..start).unwrap_or(host) } else { host }
}

/// The path after the rewrite of a route or redirect; nothing where there is none. `path` has no query.
pub(super) fn rewritten_path(action: Node<'_>, conditions: Option<Node<'_>>, path: &str) -> Option<String> {
    if let Some(prefix) = action.field("prefix_rewrite").and_then(Node::text).filter(|p| !p.is_empty()) {
        let rest = path.get(matched_length(conditions, path)..).unwrap_or_default();
        return Some(format!("{prefix}{rest}"));
    }
    regex_rewrite(action.field("regex_rewrite")?, path)
}

/// The host after the rewrite of a route; nothing where there is none.
pub(super) fn rewritten_host(action: Node<'_>, subject: &Subject<'_>) -> Option<String> {
    let text = |field: &str| action.field(field).and_then(Node::text).filter(|t| !t.is_empty());
    if let Some(host) = text("host_rewrite_literal").or_else(|| text("host_rewrite")) {
        return Some(host.to_owned());
    }
    if let Some(name) = text("host_rewrite_header") {
        return subject.headers.first(&name.to_ascii_lowercase()).filter(|v| !v.is_empty()).map(str::to_owned);
    }
    regex_rewrite(action.field("host_rewrite_path_regex")?, subject.headers.path_only()?)
}

/// How much of a path a prefix rewrite replaces: the prefix or path of the route (path parameters
/// may follow), or all that an expression matched.
fn matched_length(conditions: Option<Node<'_>>, path: &str) -> usize {
    let Some(conditions) = conditions else { return 0 };
    let insensitive = conditions.field("case_sensitive").and_then(Node::as_bool) == Some(false);
    let prefixes = ["prefix", "path_separated_prefix", "path"];
    let prefix = prefixes.iter().find_map(|field| conditions.field(field)).and_then(Node::text);
    let length = prefix.map_or(path.len(), str::len);
    let head = path.get(..length).unwrap_or_default();
    if prefix.is_none_or(|prefix| equal(head, prefix, insensitive)) { length } else { 0 }
}

/// `RegexMatchAndSubstitute`: every match is replaced; `\1` is what a group matched.
fn regex_rewrite(rewrite: Node<'_>, text: &str) -> Option<String> {
    let pattern = rewrite.get("pattern")?.get("regex")?.text()?;
    let substitution = rewrite.get("substitution").and_then(Node::text).unwrap_or_default();
    let regex = Regex::new(&translate(pattern)).ok()?;
    Some(regex.replace_all(text, |found: &Captures<'_>| expand(substitution, found)).into_owned())
}

fn expand(substitution: &str, found: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut characters = substitution.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next().filter(|_| character == '\\')) {
            ('\\', Some(next)) => {
                characters.next();
                match next.to_digit(10) {
                    Some(group) => out.push_str(found.get(group as usize).map_or("", |m| m.as_str())),
                    None => out.push(next),
                }
            }
            _ => out.push(character),
        }
    }
    out
}
