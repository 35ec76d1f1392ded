//! A concrete request.

/// A request, as far as routes look at it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `:method`.
    pub method: &'a str,
    /// `:authority`.
    pub authority: &'a str,
    /// `:scheme`.
    pub scheme: &'a str,
    /// `:path` before the first `?`.
    pub path: &'a str,
    /// What follows it.
    pub query_string: &'a str,
    /// Other headers, names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Request<'a> {
    /// A plain GET.
    pub fn get(target: &'a str) -> Self {
        let (path, query_string) = target.split_once('?').unwrap_or((target, ""));
        Self { method: "GET", authority: "example.com", scheme: "http", path, query_string, headers: &[] }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        match name {
            ":method" => Some(self.method),
            ":authority" | "host" => Some(self.authority),
            ":scheme" => Some(self.scheme),
            _ => self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value),
        }
    }

    /// The first value of a query parameter, not decoded, as Envoy compares it.
    pub fn query(&self, name: &str) -> Option<&'a str> {
        let pairs = self.query_string.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut named = pairs.filter(|(key, _)| !self.query_string.is_empty() && *key == name);
        named.next().map(|(_, value)| value)
    }
}
