//! Which virtual host takes a host
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-virtualhost>).

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::document::Node;
use crate::envoy::RouteConfiguration;

use super::headers::Headers;
use super::normalize::port_start;

/// The domains of a route configuration by their kind, in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Domains<'d> {
    exact: FxHashMap<String, u32>,
    suffixes: Wildcards,
    prefixes: Wildcards,
    default: Option<u32>,
    ignores_port: bool,
    header: Option<&'d str>,
}

#[derive(Clone, Debug, Default)]
struct Wildcards {
    hosts: FxHashMap<String, u32>,
    /// The lengths that occur, longest first.
    lengths: Vec<usize>,
}

impl Wildcards {
    fn add(&mut self, text: &str, host: u32) {
        self.hosts.entry(text.to_owned()).or_insert(host);
        if let Err(place) = self.lengths.binary_search_by(|length| text.len().cmp(length)) {
            self.lengths.insert(place, text.len());
        }
    }

    fn find<'h>(&self, host: &'h str, part: impl Fn(&'h str, usize) -> Option<&'h str>) -> Option<u32> {
        // The wildcard stands for at least one character.
        let lengths = self.lengths.iter().filter(|length| **length < host.len());
        lengths.filter_map(|length| part(host, *length)).find_map(|part| self.hosts.get(part).copied())
    }
}

impl<'d> Domains<'d> {
    /// Sorts the domains of a route configuration.
    pub(super) fn of(config: RouteConfiguration<'d>) -> Self {
        let mut domains = Self { ignores_port: config.ignores_port(), ..Self::default() };
        domains.header = config.node.field("vhost_header").and_then(Node::text).filter(|h| !h.is_empty());
        for (index, host) in config.virtual_hosts().enumerate() {
            let index = index as u32;
            for domain in host.domains() {
                let domain = lower(domain.value);
                if domain == "*" {
                    domains.default.get_or_insert(index);
                } else if let Some(suffix) = domain.strip_prefix('*') {
                    domains.suffixes.add(suffix, index);
                } else if let Some(prefix) = domain.strip_suffix('*') {
                    domains.prefixes.add(prefix, index);
                } else {
                    domains.exact.entry(domain.into_owned()).or_insert(index);
                }
            }
        }
        domains
    }

    /// The virtual host for a request.
    pub(super) fn find(&self, headers: &Headers<'_>) -> Option<usize> {
        if self.exact.is_empty() && self.suffixes.hosts.is_empty() && self.prefixes.hosts.is_empty() {
            return self.default.map(|index| index as usize);
        }
        let host = match self.header {
            Some(name) => headers.first(&lower(name))?,
            None => headers.first(":authority")?,
        };
        self.find_host(host)
    }

    /// The virtual host for a host.
    pub(super) fn find_host(&self, host: &str) -> Option<usize> {
        let host = match port_start(host).filter(|_| self.ignores_port) {
            Some(start) => host.get(..start).unwrap_or(host),
            None => host,
        };
        let host = &*lower(host);
        let found = self.exact.get(host).copied();
        let found = found.or_else(|| self.suffixes.find(host, |host, length| host.get(host.len() - length..)));
        let found = found.or_else(|| self.prefixes.find(host, str_start));
        found.or(self.default).map(|index| index as usize)
    }
}

fn str_start(host: &str, length: usize) -> Option<&str> {
    host.get(..length)
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
