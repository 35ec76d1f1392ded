//! The addresses that a workload is told to call: in its environment and arguments.

use crate::document::Node;

use super::PodTemplate;

/// An address in a container's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'d> {
    /// The value that holds it.
    pub node: Node<'d>,
    /// `http`, `https`, `grpc`, …; nothing for a plain `host:port`.
    pub scheme: Option<&'d str>,
    /// The host: a name, not an IP address.
    pub host: &'d str,
    /// The port, if it is written.
    pub port: Option<u16>,
}

impl<'d> PodTemplate<'d> {
    /// The addresses in the environment and the arguments of its containers.
    pub fn addresses(self) -> Vec<Address<'d>> {
        let mut found = Vec::new();
        for container in self.containers() {
            let list = |name| container.get(name).into_iter().flat_map(Node::items);
            let values = list("env").filter_map(|variable| variable.get("value"));
            for node in values.chain(list("args")).chain(list("command")) {
                found.extend(addresses_in(node));
            }
        }
        found
    }
}

fn addresses_in(node: Node<'_>) -> Vec<Address<'_>> {
    let Some(text) = node.text() else { return Vec::new() };
    if !text.contains("://") {
        // Only a value that is nothing but an address: `catalog:8080`.
        let (scheme, address) = (None, text.trim());
        let found = of_text(node, scheme, address);
        return found.filter(|address| address.port.is_some()).into_iter().collect();
    }
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let before = text.get(..at).unwrap_or_default();
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+').map_or(0, |end| end + 1);
        let after = text.get(at + 3..).unwrap_or_default();
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || "-._:@".contains(c))).unwrap_or(after.len());
        let authority = after.get(..end).unwrap_or_default();
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        found.extend(of_text(node, before.get(start..).filter(|s| !s.is_empty()), authority));
    }
    found
}

fn of_text<'d>(node: Node<'d>, scheme: Option<&'d str>, text: &'d str) -> Option<Address<'d>> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (text, None),
    };
    let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && host.bytes().any(|b| b.is_ascii_alphabetic())
        && !host.starts_with(['.', '-']);
    let is_own = host == "localhost" || host.ends_with(".localhost");
    (is_name && !is_own).then_some(Address { node, scheme, host: host.trim_end_matches('.'), port })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::input::Text;

    fn found(text: &str) -> Vec<(String, Option<u16>)> {
        let document = Document::read("", Text::from(format!("{text:?}").as_str()));
        let root = document.roots().next().unwrap_or_else(|| unreachable!("a string is a value"));
        addresses_in(root).into_iter().map(|a| (a.host.to_owned(), a.port)).collect()
    }

    #[test]
    fn names_are_found_and_nothing_else() {
        let host = |name: &str, port| vec![(name.to_owned(), port)];
        assert_eq!(found("http://catalog:8080/items"), host("catalog", Some(8080)));
        assert_eq!(found("--upstream=https://api.example.org/v1"), host("api.example.org", None));
        assert_eq!(found("catalog.shop:8080"), host("catalog.shop", Some(8080)));
        assert_eq!(found("postgres://user@db.example.org:5432/x"), host("db.example.org", Some(5432)));
        for nothing in ["catalog", "http://10.1.2.3:80", "http://localhost:1", "1:2", "image:v1", "$(HOST):80", "a b:1"]
        {
            assert_eq!(found(nothing), Vec::new(), "{nothing}");
        }
    }
}
