//! The headers that routes see: the client's, as the connection manager leaves them
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers>).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use super::manager::Manager;
use super::request::Request;

/// Headers in order, names in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers<'r> {
    list: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

/// Headers that Envoy keeps only once: values of several are joined while they are read.
const ONCE: [&str; 22] = [
    "user-agent",
    "content-type",
    "accept",
    "x-forwarded-for",
    "referer",
    "origin",
    "via",
    "x-client-trace-id",
    "grpc-timeout",
    "x-request-id",
    "authorization",
    "host",
    ":authority",
    ":path",
    ":method",
    ":scheme",
    "te",
    "expect",
    "x-forwarded-proto",
    "x-forwarded-host",
    "connection",
    "upgrade",
];

/// Headers of a single connection, which go no further.
const HOP_BY_HOP: [&str; 5] = ["connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"];

/// Headers that only a caller inside may set.
const INTERNAL: [&str; 15] = [
    "x-envoy-retriable-status-codes",
    "x-envoy-retriable-header-names",
    "x-envoy-retry-on",
    "x-envoy-retry-grpc-on",
    "x-envoy-max-retries",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-force-trace",
    "x-envoy-ip-tags",
    "x-envoy-original-url",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
];

/// Headers that are removed at the edge of the mesh.
const EDGE: [&str; 4] = [
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-original-path",
];

impl<'r> Headers<'r> {
    /// The headers of `request` once the connection manager has worked on them.
    pub(super) fn of(
        request: &'r Request,
        authority: Cow<'r, str>,
        path: Option<Cow<'r, str>>,
        manager: &Manager<'_>,
    ) -> Self {
        let mut headers = Self { list: Vec::with_capacity(request.headers.len() + 6) };
        headers.push(":method", &*request.method);
        headers.push(":authority", authority);
        if let Some(path) = path {
            headers.push(":path", path);
        }
        let is_internal = may_be_internal(request, manager) && manager.is_internal(remote_address(request, manager));
        let is_edge = manager.use_remote_address && !is_internal;
        let is_upgrade = is_upgrade(request);
        for (name, value) in &request.headers {
            let value = value.trim_matches([' ', '\t']);
            let dropped = (HOP_BY_HOP.contains(&&**name) && !is_upgrade)
                || (name == "te" && !is_upgrade && !value.is_empty() && !names_trailers(value))
                || (!is_internal && INTERNAL.contains(&&**name))
                || name == "x-envoy-internal"
                || (is_edge && EDGE.contains(&&**name))
                || (name == "x-forwarded-client-cert" && !manager.keeps_client_certificate(&request.connection));
            if !dropped {
                headers.push(
                    &**name,
                    if name == "te" && !is_upgrade && names_trailers(value) { "trailers" } else { value },
                );
            }
        }
        headers.add_own(request, manager);
        if is_internal {
            headers.push("x-envoy-internal", "true");
        }
        headers
    }

    fn add_own(&mut self, request: &'r Request, manager: &Manager<'_>) {
        let socket = if request.connection.tls.is_some() { "https" } else { "http" };
        if manager.use_remote_address && manager.trusted_hops == 0 {
            self.list.retain(|(name, _)| name != "x-forwarded-proto");
            self.push("x-forwarded-proto", socket);
        } else if self.first("x-forwarded-proto").is_none() {
            self.push("x-forwarded-proto", request.scheme.as_deref().unwrap_or(socket));
        }
        let forwarded = self.joined("x-forwarded-proto").map(Cow::into_owned);
        let scheme =
            forwarded.filter(|scheme| matches!(&**scheme, "http" | "https")).unwrap_or_else(|| socket.to_owned());
        if self.first(":scheme").is_none() {
            self.push(":scheme", scheme);
        }
        if self.first("x-request-id").is_none() && manager.generates_request_id {
            self.push("x-request-id", "00000000-0000-0000-0000-000000000000");
        }
        if manager.appends_forwarded_for {
            // It is there in any case, also where the client's address is not known.
            let source = request.connection.source.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            self.push("x-forwarded-for", source.to_string());
        }
    }

    fn push(&mut self, name: impl Into<Cow<'r, str>>, value: impl Into<Cow<'r, str>>) {
        self.list.push((name.into(), value.into()));
    }

    /// All values of a header; `name` in lower case.
    pub(super) fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.list.iter().filter(move |(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The first value of a header.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// All values of a header as one text.
    pub(super) fn joined(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.list.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value);
        let first = values.next()?;
        let rest: Vec<&str> = values.collect();
        if rest.is_empty() {
            return Some(Cow::Borrowed(first));
        }
        Some(Cow::Owned(std::iter::once(first).chain(rest).collect::<Vec<_>>().join(",")))
    }

    /// Whether several values of a header are always joined.
    pub(super) fn is_kept_once(name: &str) -> bool {
        ONCE.contains(&name)
    }

    /// `:path` with its query.
    pub(super) fn path(&self) -> Option<&str> {
        self.first(":path")
    }

    /// The path without query and fragment.
    pub(super) fn path_only(&self) -> Option<&str> {
        let path = self.path()?;
        path.split(['?', '#']).next()
    }
}

/// Whether `te` names trailers, the one thing in it that goes further.
fn names_trailers(te: &str) -> bool {
    te.split(',').any(|token| token.trim() == "trailers")
}

/// Whether a request asks for another protocol.
pub(super) fn is_upgrade(request: &Request) -> bool {
    let header = |wanted: &str| request.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let asks = |value: &String| value.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    header("connection").is_some_and(asks) && header("upgrade").is_some()
}

/// The address that counts as the client's: the peer's, or one from `x-forwarded-for`.
pub(super) fn remote_address(request: &Request, manager: &Manager<'_>) -> Option<IpAddr> {
    let peer = request.connection.source;
    let hops = manager.trusted_hops;
    if manager.use_remote_address && hops == 0 {
        return peer;
    }
    let skipped = if manager.use_remote_address { hops - 1 } else { hops };
    forwarded_for(request, skipped).or(peer)
}

/// Whether the client's address is one that nobody else could have put there.
fn may_be_internal(request: &Request, manager: &Manager<'_>) -> bool {
    let mut forwarded = request.headers.iter().filter(|(name, _)| name == "x-forwarded-for").map(|(_, value)| value);
    match (manager.use_remote_address, forwarded.next()) {
        (true, forwarded) => forwarded.is_none(),
        (false, Some(only)) => forwarded.next().is_none() && !only.contains(',') && manager.trusted_hops == 0,
        (false, None) => false,
    }
}

fn forwarded_for(request: &Request, skipped: usize) -> Option<IpAddr> {
    let values = request.headers.iter().filter(|(name, _)| name == "x-forwarded-for").map(|(_, value)| value);
    let addresses: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    addresses.iter().rev().nth(skipped)?.parse().ok()
}
