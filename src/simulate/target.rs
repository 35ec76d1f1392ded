//! The connection by which a client sends a request to a URL.

use std::net::IpAddr;

use crate::envoy::Dump;

use super::request::{Connection, Direction, Tls};
use super::resolve::Resolved;
use super::url::Url;

/// What a sidecar's client offers where it opens mutual TLS.
const MESH_PROTOCOLS: [&str; 3] = ["istio-http/1.1", "istio", "http/1.1"];
/// What other clients offer.
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

impl Connection {
    /// Fills in what is not said of a connection to a URL: the direction, the addresses as DNS would
    /// give them, and TLS for https, unless it `is_plaintext`.
    pub fn toward(mut self, url: &Url, dump: &Dump<'_>, is_plaintext: bool) -> Self {
        let is_gateway = dump.node_id().is_some_and(|id| id.starts_with("router~"));
        let own = dump.node_id().and_then(|id| id.split('~').nth(1)).and_then(|ip| ip.parse().ok());
        self.direction = self.direction.or((!is_gateway).then_some(Direction::Outbound));
        let resolved = match self.direction {
            Some(Direction::Inbound) => Resolved { address: url.host.parse().ok().or(own), port: None },
            Some(Direction::Outbound) => Resolved::outbound(dump, &url.host, url.port),
            None => Resolved { address: url.host.parse().ok(), ..Resolved::gateway(dump, url.port) },
        };
        self.destination = self.destination.or(resolved.address);
        self.port = self.port.or(Some(resolved.port.unwrap_or(url.port)));
        self.source = self.source.or(own.filter(|_| self.direction == Some(Direction::Outbound)));
        self.tls = match self.tls {
            _ if is_plaintext => None,
            None if !url.is_tls => None,
            tls => Some(offered(tls.unwrap_or_default(), url, self.direction)),
        };
        self
    }
}

fn offered(mut tls: Tls, url: &Url, direction: Option<Direction>) -> Tls {
    let is_from_mesh = tls.certificate.is_some() && direction == Some(Direction::Inbound);
    if tls.alpn.is_empty() {
        let usual: &[&str] = if is_from_mesh { &MESH_PROTOCOLS } else { &PROTOCOLS };
        tls.alpn = usual.iter().map(|name| (*name).to_owned()).collect();
    }
    if tls.sni.is_none() && !is_from_mesh && url.host.parse::<IpAddr>().is_err() {
        tls.sni = Some(url.host.clone());
    }
    tls
}
