//! `Gateway`: <https://istio.io/latest/docs/reference/config/networking/gateway/>.

use crate::document::{Node, Spanned};
use crate::kube::{Labels, Object};

/// A `Gateway` of Istio's own API.
#[derive(Clone, Copy, Debug)]
pub struct Gateway<'d> {
    /// The resource.
    pub object: Object<'d>,
}

/// An entry of `servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server<'d> {
    /// The entry.
    pub node: Node<'d>,
}

/// `tls` of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerTls<'d> {
    /// The setting.
    pub node: Node<'d>,
}

impl<'d> Gateway<'d> {
    /// The Gateway that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::NETWORKING, "Gateway").then_some(Self { object })
    }

    /// `selector`: the gateway pods that take this configuration. None mean all of them.
    pub fn selector(self) -> Option<Node<'d>> {
        self.object.spec()?.get("selector")
    }

    /// The labels of `selector`.
    pub fn selector_labels(self) -> Labels<'d> {
        Labels::of(self.selector())
    }

    /// `servers`, in order.
    pub fn servers(self) -> impl Iterator<Item = Server<'d>> {
        let servers = self.object.spec().and_then(|s| s.get("servers")).into_iter().flat_map(Node::items);
        servers.map(|node| Server { node })
    }
}

impl<'d> Server<'d> {
    /// `port.number`.
    pub fn port(self) -> Option<Spanned<'d, u64>> {
        self.node.get("port")?.number_at("number")
    }

    /// `port.protocol` in upper case, as istiod compares it.
    pub fn protocol(self) -> String {
        let protocol = self.node.get("port").and_then(|p| p.text_at("protocol"));
        protocol.map_or_else(String::new, |p| p.to_ascii_uppercase())
    }

    /// `bind`.
    pub fn bind(self) -> &'d str {
        self.node.text_at("bind").map_or("", |b| b.value)
    }

    /// `hosts`: `[namespace/]dnsName`.
    pub fn hosts(self) -> impl Iterator<Item = Spanned<'d, &'d str>> + Clone {
        self.node.texts_at("hosts")
    }

    /// `tls`.
    pub fn tls(self) -> Option<ServerTls<'d>> {
        self.node.get("tls").map(|node| ServerTls { node })
    }

    /// Whether requests on this server are routed by HTTP: plain HTTP, or HTTPS that ends here.
    pub fn is_http_routed(self) -> bool {
        match self.protocol().as_str() {
            "HTTPS" => self.tls().is_some_and(|tls| !tls.is_passthrough()),
            _ => self.is_plain_http(),
        }
    }

    /// Whether requests in plain text are routed, be it to HTTPS.
    pub fn is_plain_http(self) -> bool {
        matches!(self.protocol().as_str(), "HTTP" | "HTTP2" | "HTTP_PROXY" | "GRPC" | "GRPC-WEB")
    }

    /// Whether the port speaks TLS: not so a plain one that only redirects to HTTPS.
    pub fn is_tls(self) -> bool {
        self.tls().is_some() && !self.is_plain_http()
    }
}

impl<'d> ServerTls<'d> {
    /// `mode`; absent means PASSTHROUGH.
    pub fn mode(self) -> Option<Spanned<'d, &'d str>> {
        self.node.text_at("mode")
    }

    /// Whether TLS goes through to the backend.
    pub fn is_passthrough(self) -> bool {
        self.mode().is_none_or(|m| matches!(*m, "PASSTHROUGH" | "AUTO_PASSTHROUGH"))
    }

    /// Whether it goes through by the names of clusters, without any routes.
    pub fn is_auto_passthrough(self) -> bool {
        self.mode().is_some_and(|mode| *mode == "AUTO_PASSTHROUGH")
    }

    /// `credentialName` and the entries of `credentialNames`.
    pub fn credentials(self) -> impl Iterator<Item = Spanned<'d, &'d str>> {
        self.node.text_at("credentialName").into_iter().chain(self.node.texts_at("credentialNames"))
    }
}
