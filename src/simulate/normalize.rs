//! What the connection manager makes of path and host before it looks for a route
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto>).

use std::borrow::Cow;
use std::fmt::Write;

use super::manager::{EscapedSlashes, Manager};
use super::request::Request;

/// A path and a host, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Normalized<'r> {
    pub(super) path: Option<Cow<'r, str>>,
    pub(super) authority: Cow<'r, str>,
}

/// A request that is answered before anything is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) flags: &'static str,
    pub(super) details: &'static str,
    /// Where the client is sent instead.
    pub(super) location: Option<String>,
}

impl Refused {
    fn new(status: u16, details: &'static str) -> Self {
        Self { status, flags: "-", details, location: None }
    }
}

/// Normalises a request; `port` is the one the connection came to.
pub(super) fn normalize<'r>(request: &'r Request, manager: &Manager<'_>) -> Result<Normalized<'r>, Refused> {
    let Some(authority) = request.authority.as_deref() else {
        return Err(Refused::new(400, "missing_host_header"));
    };
    let path = match request.path.as_deref().filter(|_| !request.is_connect()) {
        Some(path) => Some(normalize_path(path, request, manager)?),
        None if request.is_connect() => None,
        None => return Err(Refused::new(404, "missing_path_rejected")),
    };
    Ok(Normalized { path, authority: normalize_host(authority, manager, request.connection.port) })
}

fn normalize_path<'r>(path: &'r str, request: &Request, manager: &Manager<'_>) -> Result<Cow<'r, str>, Refused> {
    if !path.starts_with('/') {
        return Err(Refused::new(404, "absolute_path_rejected"));
    }
    let failed = || Refused::new(400, "path_normalization_failed");
    if path.contains('#') {
        return Err(failed());
    }
    let (before, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut normal = Cow::Borrowed(before);
    let mut redirects = false;
    if manager.escaped_slashes != EscapedSlashes::Keep {
        let unescaped = unescape_slashes(&normal);
        if *unescaped != *normal {
            match manager.escaped_slashes {
                EscapedSlashes::Reject => return Err(failed()),
                EscapedSlashes::Redirect => redirects = true,
                EscapedSlashes::Keep | EscapedSlashes::Forward => {}
            }
            normal = Cow::Owned(unescaped);
        }
    }
    if manager.normalizes_path {
        normal = Cow::Owned(canonical(&normal).ok_or_else(failed)?);
    }
    if manager.merges_slashes && normal.contains("//") {
        normal = Cow::Owned(merge_slashes(&normal));
    }
    if redirects {
        let status = if request.is_grpc() { 400 } else { 307 };
        let location = (status == 307).then(|| format!("{normal}{query}"));
        return Err(Refused { location, ..Refused::new(status, "path_normalization_failed") });
    }
    Ok(match normal {
        Cow::Borrowed(_) => Cow::Borrowed(path),
        Cow::Owned(normal) => Cow::Owned(normal + query),
    })
}

fn unescape_slashes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (length, text) = match escape.get(..3) {
            Some("%2f" | "%2F") => (3, "/"),
            Some("%5c" | "%5C") => (3, "\\"),
            _ => (1, "%"),
        };
        out.push_str(text);
        rest = escape.get(length..).unwrap_or_default();
    }
    out + rest
}

/// The canonical form of a path: escapes of plain characters are decoded, others are added where
/// they must be, and dot segments are resolved. Nothing for a path that holds `%00`.
pub(super) fn canonical(path: &str) -> Option<String> {
    resolve_dots(&canonical_characters(path)?)
}

fn canonical_characters(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(character) = path.get(at..).and_then(|rest| rest.chars().next()) {
        let escaped = path.get(at + 1..at + 3).filter(|_| character == '%');
        let byte = escaped.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match (character, byte.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (_, Some(0)) => return None,
            (_, Some(byte)) => {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    out.push_str(path.get(at..at + 3).unwrap_or_default());
                }
                at += 2;
            }
            ('\\', None) => out.push('/'),
            ('"' | '<' | '>' | '`' | '{' | '}' | '^' | '|' | ' ', None) => {
                let _ = write!(out, "%{:02X}", character as u32);
            }
            _ => out.push(character),
        }
        at += character.len_utf8();
    }
    Some(out)
}

fn resolve_dots(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = Vec::new();
    let mut rest = path.strip_prefix('/')?.split('/').peekable();
    while let Some(segment) = rest.next() {
        let is_last = rest.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    segments.pop();
                }
                if is_last {
                    segments.push("");
                }
            }
            _ => segments.push(segment),
        }
    }
    Some(format!("/{}", segments.join("/")))
}

fn merge_slashes(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let start = if path.starts_with('/') { "/" } else { "" };
    let end = if path.ends_with('/') { "/" } else { "" };
    format!("{start}{}{end}", segments.join("/"))
}

fn normalize_host<'r>(host: &'r str, manager: &Manager<'_>, port: Option<u16>) -> Cow<'r, str> {
    let host = if manager.strips_trailing_dot { strip_trailing_dot(host) } else { Cow::Borrowed(host) };
    let start = port_start(&host).filter(|_| manager.strips_any_port || manager.strips_matching_port);
    let Some(start) = start else {
        return host;
    };
    let digits = host.get(start + 1..).unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let is_own = port.is_some() && digits.parse().ok() == port;
    if !is_number || !(manager.strips_any_port || is_own) {
        return host;
    }
    match host {
        Cow::Borrowed(host) => Cow::Borrowed(host.get(..start).unwrap_or(host)),
        Cow::Owned(mut host) => {
            host.truncate(start);
            Cow::Owned(host)
        }
    }
}

/// `a.` and `a.:80` become `a` and `a:80`.
fn strip_trailing_dot(host: &str) -> Cow<'_, str> {
    match host.rfind('.').map(|at| host.split_at(at)) {
        Some((before, ".")) => Cow::Borrowed(before),
        Some((before, after)) if after.starts_with(".:") => {
            Cow::Owned(format!("{before}{}", after.get(1..).unwrap_or_default()))
        }
        _ => Cow::Borrowed(host),
    }
}

/// Where the `:` before the port of a host is.
pub(super) fn port_start(host: &str) -> Option<usize> {
    let colon = host.rfind(':')?;
    host.rfind(']').is_none_or(|bracket| bracket < colon).then_some(colon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_canonical() {
        for (path, canonical_path) in [
            ("/a/../b", "/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/b/..", "/"),
            ("/b/.", "/b/"),
            ("/..", "/"),
            ("/a//b", "/a//b"),
            ("/a\\b", "/a/b"),
            ("/%41%2f%7e", "/A%2f~"),
            ("/%zz%", "/%zz%"),
            ("/a b|", "/a%20b%7C"),
        ] {
            assert_eq!(canonical(path).as_deref(), Some(canonical_path), "{path}");
        }
        assert_eq!(canonical("/%00"), None);
        assert_eq!(merge_slashes("//a//b/"), "/a/b/");
        assert_eq!(merge_slashes("//"), "//", "only what stands between the first and the last is merged");
        assert_eq!(unescape_slashes("/a%2fb%5C%252f"), "/a/b\\%252f");
    }
}
