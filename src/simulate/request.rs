//! The request that is asked about, and the connection that carries it.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::document::Node;

/// A request with its connection.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// `Host` or `:authority`; nothing where the request has none.
    pub authority: Option<String>,
    /// The path with its query; nothing for a plain CONNECT.
    pub path: Option<String>,
    /// Other headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The scheme that the client or a proxy before says (`x-forwarded-proto`).
    pub scheme: Option<String>,
    /// The connection.
    pub connection: Connection,
    /// Dynamic metadata by namespace, where something outside the dump sets it.
    pub metadata: serde_json::Value,
    /// How fractions and weights are decided.
    pub chance: Chance,
}

/// How fractions and weights are decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Chance {
    /// The likelier case is taken, and both are told.
    #[default]
    Likely,
    /// As for [`Chance::Likely`], except for what is decided here.
    Decided(Decisions),
    /// By this random number.
    Number(u64),
    /// By this random number, and fractions hold only for this runtime key, up to and with their
    /// numerator: the semantics of Envoy's router check tool, not those of Envoy itself.
    Key(String, u64),
}

/// What was decided of conditions and weights that the configuration leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions(FxHashMap<u32, usize>);

impl Decisions {
    /// Decides: 0 or 1 whether a condition holds, a place for one of several clusters.
    pub(super) fn with(mut self, what: Node<'_>, decision: usize) -> Self {
        self.0.insert(what.index(), decision);
        self
    }
}

impl Chance {
    /// What was decided of it.
    pub(super) fn decision(&self, what: Node<'_>) -> Option<usize> {
        match self {
            Self::Decided(decisions) => decisions.0.get(&what.index()).copied(),
            _ => None,
        }
    }
}

/// A connection.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// TLS, if it is encrypted.
    pub tls: Option<Tls>,
    /// The peer.
    pub source: Option<IpAddr>,
    /// The peer's port.
    pub source_port: Option<u16>,
    /// The peer of the socket, where a proxy in between names another one as the source.
    pub direct_source: Option<IpAddr>,
    /// Where it was going before it was redirected to the proxy.
    pub destination: Option<IpAddr>,
    /// The port it was going to.
    pub port: Option<u16>,
    /// Whether it comes from the workload or to it.
    pub direction: Option<Direction>,
    /// The protocol of a plaintext connection, as the HTTP inspector names it; nothing for what is no HTTP.
    pub plain_protocol: Option<&'static str>,
}

/// Which way a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the workload of the proxy.
    Outbound,
    /// To the workload of the proxy.
    Inbound,
}

/// The client's side of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The server name that it asks for.
    pub sni: Option<String>,
    /// The protocols that it offers, in its order.
    pub alpn: Vec<String>,
    /// Its certificate.
    pub certificate: Option<Certificate>,
}

/// A client's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whether the proxy finds it valid.
    pub is_valid: bool,
    /// Its name: `spiffe://cluster.local/ns/default/sa/web`.
    pub name: String,
}

impl Request {
    /// A GET of `path` at `authority` over plaintext.
    pub fn get(authority: &str, path: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            authority: Some(authority.to_owned()),
            path: Some(path.to_owned()),
            headers: Vec::new(),
            scheme: None,
            connection: Connection { plain_protocol: Some("http/1.1"), ..Connection::default() },
            metadata: serde_json::Value::Null,
            chance: Chance::Likely,
        }
    }

    /// Whether this is a CONNECT, which has no path.
    pub fn is_connect(&self) -> bool {
        self.method == "CONNECT"
    }

    /// Whether local replies to it are those of gRPC: HTTP 200 with the status in `grpc-status`.
    pub fn is_grpc(&self) -> bool {
        let mut types = self.headers.iter().filter(|(name, _)| name == "content-type");
        !self.is_connect() && types.next().is_some_and(|(_, value)| is_grpc_type(value.trim_matches([' ', '\t'])))
    }
}

/// Whether a content type is that of gRPC.
pub(super) fn is_grpc_type(content_type: &str) -> bool {
    content_type.strip_prefix("application/grpc").is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
}

impl Connection {
    /// Whether the client is on the same host.
    pub(super) fn is_local(&self) -> bool {
        let loopback = |ip: IpAddr| ip.to_string() == "127.0.0.1" || ip.to_string() == "::1";
        self.source.is_some_and(|source| Some(source) == self.destination || loopback(source))
    }
}
