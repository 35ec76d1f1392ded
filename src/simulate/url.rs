//! The URL that a request goes to.

/// A URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// `https`.
    pub is_tls: bool,
    /// The host with the port, if that is written.
    pub authority: String,
    /// The host alone, without brackets.
    pub host: String,
    /// The port, the scheme's if none is written.
    pub port: u16,
    /// The path with its query.
    pub path: String,
}

impl Url {
    /// Reads `http://reviews:9080/api?x=1`; without a scheme it is plain HTTP.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" | "grpc" => false,
            "https" | "wss" | "grpcs" => true,
            other => return Err(format!("`{other}` is no scheme of HTTP; write http://host:port/path")),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let bracket = authority.rfind(']').unwrap_or(0);
        let colon = authority.rfind(':').filter(|colon| *colon > bracket);
        let (host, port) = match colon.map(|colon| authority.split_at(colon)) {
            Some((host, port)) => {
                let number = port.trim_start_matches(':').parse();
                (host, number.map_err(|_| format!("`{}` is no port", port.trim_start_matches(':')))?)
            }
            None => (authority, if is_tls { 443 } else { 80 }),
        };
        if host.is_empty() {
            return Err(format!("`{text}` names no host"));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { is_tls, authority: authority.to_owned(), host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let read = |text: &str| Url::parse(text).map(|url| (url.is_tls, url.authority, url.host, url.port, url.path));
        let url = |tls, authority: &str, host: &str, port, path: &str| {
            Ok((tls, authority.to_owned(), host.to_owned(), port, path.to_owned()))
        };
        assert_eq!(read("http://reviews:9080/api?x=1"), url(false, "reviews:9080", "reviews", 9080, "/api?x=1"));
        assert_eq!(read("https://example.com"), url(true, "example.com", "example.com", 443, "/"));
        assert_eq!(read("http://[::1]:80/a"), url(false, "[::1]:80", "::1", 80, "/a"));
        assert_eq!(read("reviews?x"), url(false, "reviews", "reviews", 80, "/?x"));
        assert!(read("ftp://x/").is_err() && read("http://a:b/").is_err() && read("http:///x").is_err());
    }
}
