//! Where a host is, by the dump alone: what DNS would have answered to the client.

use std::net::IpAddr;

use crate::envoy::{ClusterName, Dump, FilterChain, Listener};

/// Where a connection for a host goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The address, where the dump tells it.
    pub address: Option<IpAddr>,
    /// The port of the proxy, where it is another than the service's.
    pub port: Option<u16>,
}

impl Resolved {
    /// The address of a service: that which istiod lists among the domains of its virtual host, or
    /// that of a listener which leads to it.
    pub fn outbound(dump: &Dump<'_>, host: &str, port: u16) -> Self {
        let address = host.parse().ok();
        let address = address.or_else(|| by_domains(dump, host, port)).or_else(|| by_listeners(dump, host, port));
        Self { address, port: None }
    }

    /// The port of a gateway behind a port of its service: by its own listeners, or by the names that
    /// istiod gives virtual hosts (`example.com:80`).
    pub fn gateway(dump: &Dump<'_>, port: u16) -> Self {
        let listens = |wanted: u16| {
            dump.current_listeners().any(|(_, listener)| listener.socket().is_some_and(|(_, port)| port == wanted))
        };
        if listens(port) {
            return Self::default();
        }
        let suffix = format!(":{port}");
        let leads = |listener: &Listener<'_>| {
            let managers = listener.filter_chains().filter_map(FilterChain::connection_manager);
            let names = managers.filter_map(|manager| match manager.routes() {
                Some(crate::envoy::RouteSource::Rds(name)) => Some(name.value),
                _ => None,
            });
            let mut configs = names.filter_map(|name| dump.route_configs.iter().find(|e| e.config.name() == name));
            configs.any(|entry| entry.config.virtual_hosts().any(|host| host.name().ends_with(&suffix)))
        };
        let mut behind = dump.current_listeners().map(|(_, listener)| listener).filter(leads);
        let found = behind.find_map(Listener::socket).map(|(_, port)| port);
        let usual =
            [(80, 8080), (443, 8443)].into_iter().find(|(outside, _)| *outside == port).map(|(_, inside)| inside);
        Self { address: None, port: found.or(usual.filter(|port| listens(*port))) }
    }
}

fn by_domains(dump: &Dump<'_>, host: &str, port: u16) -> Option<IpAddr> {
    let with_port = format!("{host}:{port}");
    let is_meant = |domain: &str| domain.eq_ignore_ascii_case(host) || domain.eq_ignore_ascii_case(&with_port);
    let configs = dump.route_configurations();
    let mut hosts = configs.iter().flat_map(|config| config.virtual_hosts());
    hosts.find_map(|found| {
        found.domains().any(|domain| is_meant(domain.value)).then_some(())?;
        found.domains().find_map(|domain| domain.value.trim_matches(['[', ']']).parse().ok())
    })
}

fn by_listeners(dump: &Dump<'_>, host: &str, port: u16) -> Option<IpAddr> {
    let is_meant = |cluster: &str| {
        let parts = ClusterName::parse(cluster).filter(|parts| parts.port == port);
        parts.is_some_and(|parts| {
            parts.host == host || parts.host.strip_prefix(host).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let mut listeners = dump.current_listeners().map(|(_, listener)| listener);
    listeners.find_map(|listener| {
        let (address, own) = listener.socket()?;
        let address: IpAddr = address.parse().ok()?;
        let proxies = listener.filter_chains().filter_map(FilterChain::tcp_proxy);
        let mut clusters = proxies.flat_map(crate::envoy::TcpProxy::clusters);
        (own == port && !address.is_unspecified() && clusters.any(|c| is_meant(c.name.value))).then_some(address)
    })
}
