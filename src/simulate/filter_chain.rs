//! Which filter chain takes a connection
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch>).

use std::net::IpAddr;

use crate::document::Node;
use crate::envoy::{FilterChain, Listener};

use super::address::Range;
use super::request::Connection;
use super::{chain_matcher, server_name};

/// The criteria of a filter chain, in the order in which Envoy asks them. Each leaves one branch,
/// and there is no way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criterion {
    /// `destination_port`.
    DestinationPort,
    /// `prefix_ranges`.
    DestinationAddress,
    /// `server_names`.
    ServerName,
    /// `transport_protocol`.
    TransportProtocol,
    /// `application_protocols`.
    ApplicationProtocol,
    /// `direct_source_prefix_ranges`.
    DirectSource,
    /// `source_type`.
    SourceType,
    /// `source_prefix_ranges`.
    SourceAddress,
    /// `source_ports`.
    SourcePort,
    /// `filter_chain_matcher`, which stands in for all others.
    Matcher,
}

impl Criterion {
    /// Its field.
    pub fn field(self) -> &'static str {
        match self {
            Self::DestinationPort => "destination_port",
            Self::DestinationAddress => "prefix_ranges",
            Self::ServerName => "server_names",
            Self::TransportProtocol => "transport_protocol",
            Self::ApplicationProtocol => "application_protocols",
            Self::DirectSource => "direct_source_prefix_ranges",
            Self::SourceType => "source_type",
            Self::SourceAddress => "source_prefix_ranges",
            Self::SourcePort => "source_ports",
            Self::Matcher => "filter_chain_matcher",
        }
    }
}

/// What is known of a connection when its filter chain is chosen.
#[derive(Clone, Debug)]
pub(super) struct Facts<'c> {
    pub(super) destination: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) sni: String,
    pub(super) transport: &'static str,
    pub(super) protocols: Vec<&'c str>,
    pub(super) direct_source: Option<IpAddr>,
    pub(super) source: Option<IpAddr>,
    pub(super) source_port: Option<u16>,
    pub(super) is_local: bool,
}

impl<'c> Facts<'c> {
    /// What the listener filters find out about a connection.
    pub(super) fn of(connection: &'c Connection, listener: Listener<'_>) -> Self {
        let inspector = |message: &str, name: &str| listener.has_listener_filter(message, &[name]);
        let sees_tls = inspector("TlsInspector", "envoy.filters.listener.tls_inspector");
        let sees_http = inspector("HttpInspector", "envoy.filters.listener.http_inspector");
        let tls = connection.tls.as_ref().filter(|_| sees_tls);
        let plain = connection.plain_protocol.filter(|_| sees_http && connection.tls.is_none());
        Self {
            destination: connection.destination,
            port: connection.port,
            sni: tls.and_then(|tls| tls.sni.as_deref()).unwrap_or_default().to_ascii_lowercase(),
            transport: if tls.is_some() { "tls" } else { "raw_buffer" },
            protocols: match tls {
                Some(tls) => tls.alpn.iter().map(String::as_str).collect(),
                None => plain.into_iter().collect(),
            },
            direct_source: connection.direct_source.or(connection.source),
            source: connection.source,
            source_port: connection.source_port,
            is_local: connection.is_local(),
        }
    }
}

/// The filter chains of a listener.
#[derive(Clone, Debug)]
pub(super) struct Chains<'d> {
    list: Vec<Chain<'d>>,
    default: Option<FilterChain<'d>>,
    matcher: Option<Node<'d>>,
}

#[derive(Clone, Debug)]
struct Chain<'d> {
    view: FilterChain<'d>,
    port: Option<u16>,
    destinations: Vec<Range>,
    names: Vec<String>,
    transport: &'d str,
    protocols: Vec<&'d str>,
    direct_sources: Vec<Range>,
    source_type: SourceType,
    sources: Vec<Range>,
    source_ports: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SourceType {
    Any,
    Local,
    External,
}

/// The chain that takes a connection, and why the others do not.
#[derive(Clone, Debug)]
pub(super) struct Picked<'d> {
    /// The chain, and its place among the listener's chains; no place for the default chain.
    pub(super) chain: Option<(FilterChain<'d>, Option<usize>)>,
    /// The criterion at which each other chain fell out, by its place.
    pub(super) lost: Vec<(usize, Criterion)>,
    /// Other chains with the same right: which of them wins differs from start to start.
    pub(super) rivals: Vec<usize>,
}

impl<'d> Chains<'d> {
    /// Reads the chains of a listener.
    pub(super) fn of(listener: Listener<'d>) -> Self {
        let (default, chains): (Vec<_>, Vec<_>) = listener.filter_chains().partition(|chain| chain.is_default);
        Self {
            list: chains.into_iter().map(Chain::of).collect(),
            default: default.first().copied(),
            matcher: listener.matcher(),
        }
    }

    /// The chain at a place.
    pub(super) fn get(&self, place: usize) -> Option<FilterChain<'d>> {
        self.list.get(place).map(|chain| chain.view)
    }

    /// Chooses the chain for a connection.
    pub(super) fn pick(&self, facts: &Facts<'_>) -> Picked<'d> {
        if let Some(matcher) = self.matcher {
            return self.pick_by_matcher(matcher, facts);
        }
        let mut left: Vec<usize> = (0..self.list.len()).collect();
        let mut lost = Vec::new();
        for (criterion, keep) in CRITERIA {
            let kept = keep(self, &left, facts);
            lost.extend(left.iter().filter(|place| !kept.contains(place)).map(|place| (*place, criterion)));
            left = kept;
        }
        let first = left.first().and_then(|place| Some((self.list.get(*place)?.view, Some(*place))));
        let chain = first.or_else(|| self.default.map(|chain| (chain, None)));
        Picked { chain, lost, rivals: left.get(1..).unwrap_or_default().to_vec() }
    }

    fn pick_by_matcher(&self, matcher: Node<'d>, facts: &Facts<'_>) -> Picked<'d> {
        let place_of = |name: &str| self.list.iter().position(|chain| chain.view.name() == name);
        let chosen = chain_matcher::find(matcher, facts);
        let chain = match chosen {
            // A name that no chain has closes the connection.
            Some(name) => place_of(name).and_then(|place| Some((self.get(place)?, Some(place)))),
            None => self.default.map(|chain| (chain, None)),
        };
        let place = chain.and_then(|(_, place)| place);
        let others = (0..self.list.len()).filter(|other| Some(*other) != place);
        Picked { chain, lost: others.map(|other| (other, Criterion::Matcher)).collect(), rivals: Vec::new() }
    }

    fn keep(&self, left: &[usize], test: impl Fn(&Chain<'d>) -> bool) -> Vec<usize> {
        left.iter().copied().filter(|place| self.list.get(*place).is_some_and(&test)).collect()
    }

    /// Those that meet `test`; if none does, those that do not ask.
    fn keep_or(
        &self,
        left: &[usize],
        test: impl Fn(&Chain<'d>) -> bool,
        does_not_ask: impl Fn(&Chain<'d>) -> bool,
    ) -> Vec<usize> {
        let kept = self.keep(left, test);
        if kept.is_empty() { self.keep(left, does_not_ask) } else { kept }
    }

    /// Those with the longest range that holds an address; no range is one of length 0.
    fn keep_longest(
        &self,
        left: &[usize],
        address: Option<IpAddr>,
        ranges: for<'c> fn(&'c Chain<'d>) -> &'c [Range],
    ) -> Vec<usize> {
        let length = |chain: &Chain<'d>| match ranges(chain) {
            [] => Some(0),
            ranges => {
                let holding = ranges.iter().filter(|range| address.is_some_and(|address| range.holds(address)));
                holding.map(|range| range.length).max()
            }
        };
        let longest = left.iter().filter_map(|place| length(self.list.get(*place)?)).max();
        self.keep(left, |chain| longest.is_some() && length(chain) == longest)
    }
}

type Keep = for<'d> fn(&Chains<'d>, &[usize], &Facts<'_>) -> Vec<usize>;

/// The criteria in Envoy's order.
const CRITERIA: [(Criterion, Keep); 9] = [
    (Criterion::DestinationPort, |chains, left, facts| {
        chains.keep_or(left, |chain| chain.port.is_some() && chain.port == facts.port, |chain| chain.port.is_none())
    }),
    (Criterion::DestinationAddress, |chains, left, facts| {
        chains.keep_longest(left, facts.destination, |chain| &chain.destinations)
    }),
    (Criterion::ServerName, |chains, left, facts| {
        for key in server_name::keys(&facts.sni) {
            let kept = chains.keep(left, |chain| chain.names.iter().any(|name| name == key));
            if !kept.is_empty() {
                return kept;
            }
        }
        chains.keep(left, |chain| chain.names.is_empty())
    }),
    (Criterion::TransportProtocol, |chains, left, facts| {
        chains.keep_or(left, |chain| chain.transport == facts.transport, |chain| chain.transport.is_empty())
    }),
    (Criterion::ApplicationProtocol, |chains, left, facts| {
        // The client's order decides.
        for protocol in &facts.protocols {
            let kept = chains.keep(left, |chain| chain.protocols.contains(protocol));
            if !kept.is_empty() {
                return kept;
            }
        }
        chains.keep(left, |chain| chain.protocols.is_empty())
    }),
    (Criterion::DirectSource, |chains, left, facts| {
        chains.keep_longest(left, facts.direct_source, |chain| &chain.direct_sources)
    }),
    (Criterion::SourceType, |chains, left, facts| {
        let wanted = if facts.is_local { SourceType::Local } else { SourceType::External };
        chains.keep_or(left, |chain| chain.source_type == wanted, |chain| chain.source_type == SourceType::Any)
    }),
    (Criterion::SourceAddress, |chains, left, facts| chains.keep_longest(left, facts.source, |chain| &chain.sources)),
    (Criterion::SourcePort, |chains, left, facts| {
        let has = |chain: &Chain<'_>| facts.source_port.is_some_and(|port| chain.source_ports.contains(&port));
        chains.keep_or(left, has, |chain| chain.source_ports.is_empty())
    }),
];

impl<'d> Chain<'d> {
    fn of(view: FilterChain<'d>) -> Self {
        let Some(conditions) = view.conditions() else {
            return Self::any(view);
        };
        let texts = |field: &str| {
            let list = conditions.field(field).into_iter().flat_map(Node::items);
            list.filter_map(Node::text).collect::<Vec<_>>()
        };
        let port = |node: Node<'_>| node.as_u64().and_then(|port| u16::try_from(port).ok());
        let ports = conditions.field("source_ports").into_iter().flat_map(Node::items);
        Self {
            view,
            port: conditions.field("destination_port").and_then(port).filter(|port| *port != 0),
            destinations: Range::list(conditions, "prefix_ranges"),
            names: texts("server_names").into_iter().map(server_name::normal).collect(),
            transport: conditions.field("transport_protocol").and_then(Node::text).unwrap_or_default(),
            protocols: texts("application_protocols"),
            direct_sources: Range::list(conditions, "direct_source_prefix_ranges"),
            source_type: match conditions.field("source_type").and_then(Node::text) {
                Some("SAME_IP_OR_LOOPBACK" | "1") => SourceType::Local,
                Some("EXTERNAL" | "2") => SourceType::External,
                _ => SourceType::Any,
            },
            sources: Range::list(conditions, "source_prefix_ranges"),
            source_ports: ports.filter_map(port).collect(),
        }
    }

    fn any(view: FilterChain<'d>) -> Self {
        Self {
            view,
            port: None,
            destinations: Vec::new(),
            names: Vec::new(),
            transport: "",
            protocols: Vec::new(),
            direct_sources: Vec::new(),
            source_type: SourceType::Any,
            sources: Vec::new(),
            source_ports: Vec::new(),
        }
    }
}
