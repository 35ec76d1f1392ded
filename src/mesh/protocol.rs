//! What istiod takes a port to speak (`pkg/config/kube/conversion.go` in istio/istio).

/// The protocol of a port, as far as routing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP of some kind: requests are routed.
    Http,
    /// TLS that is passed on: connections are routed by SNI.
    Tls,
    /// Any other protocol over TCP: connections are routed by address.
    Tcp,
    /// Not declared: the proxy looks at the first bytes and routes requests if they are HTTP.
    Sniffed,
    /// UDP: ignored.
    Udp,
}

/// Ports whose usual protocols a server starts, so that sniffing would wait for ever.
const SERVER_FIRST_PORTS: [u16; 4] = [25, 53, 3306, 27017];

/// The protocols that a port can be declared to speak.
const KNOWN: [&str; 13] = [
    "http",
    "http2",
    "http_proxy",
    "grpc",
    "grpc-web",
    "tls",
    "https",
    "tcp",
    "udp",
    "mongo",
    "redis",
    "mysql",
    "hbone",
];

impl Protocol {
    /// Whether HTTP routes apply.
    pub fn is_http_or_sniffed(self) -> bool {
        matches!(self, Self::Http | Self::Sniffed)
    }

    /// By the name of a protocol, in any case (`pkg/config/protocol/instance.go`).
    pub fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "http" | "http2" | "http_proxy" | "grpc" | "grpc-web" => Self::Http,
            "tls" | "https" => Self::Tls,
            "tcp" | "mongo" | "redis" | "mysql" | "hbone" | "double-hbone" => Self::Tcp,
            "udp" => Self::Udp,
            _ => Self::Sniffed,
        }
    }

    /// Of a port of a Kubernetes service.
    pub fn of_service_port(number: u16, name: &str, transport: &str, app_protocol: Option<&str>) -> Self {
        Self::parse(declared_protocol(number, name, transport, app_protocol))
    }
}

/// The name that istiod has for what a port of a Kubernetes service is declared to speak; empty for
/// what it does not know.
pub(super) fn declared_protocol(number: u16, name: &str, transport: &str, app_protocol: Option<&str>) -> &'static str {
    if transport == "UDP" {
        return "udp";
    }
    let declared = match app_protocol {
        Some("kubernetes.io/h2c") => "http2",
        Some("kubernetes.io/ws") => "http",
        Some("kubernetes.io/wss") => "https",
        Some(protocol) => protocol,
        None => name,
    };
    let declared = declared.to_ascii_lowercase();
    let protocol = match declared.starts_with("grpc-web") {
        true => "grpc-web",
        false => declared.split('-').next().unwrap_or(""),
    };
    match KNOWN.into_iter().find(|known| *known == protocol) {
        Some(known) => known,
        None if SERVER_FIRST_PORTS.contains(&number) => "tcp",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_app_protocols_declare() {
        let of = |number, name, app| Protocol::of_service_port(number, name, "TCP", app);
        assert_eq!(of(80, "http-web", None), Protocol::Http);
        assert_eq!(of(80, "HTTP2", None), Protocol::Http);
        assert_eq!(of(80, "grpc-web-x", None), Protocol::Http);
        assert_eq!(of(80, "web", None), Protocol::Sniffed);
        assert_eq!(of(80, "httpweb", None), Protocol::Sniffed);
        assert_eq!(of(3306, "db", None), Protocol::Tcp);
        assert_eq!(of(3306, "http", None), Protocol::Http);
        assert_eq!(of(443, "https", None), Protocol::Tls);
        assert_eq!(of(1, "http", Some("tcp")), Protocol::Tcp);
        assert_eq!(of(1, "x", Some("kubernetes.io/h2c")), Protocol::Http);
        assert_eq!(Protocol::of_service_port(53, "http", "UDP", None), Protocol::Udp);
    }
}
