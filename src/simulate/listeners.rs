//! Which listener takes a connection
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/original_dst_filter>).

use std::net::IpAddr;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::document::Node;
use crate::envoy::{Dump, FilterChain, Listener, ListenerState};

use super::filter_chain::Chains;
use super::manager::Manager;
use super::request::{Connection, Direction};
use super::version::Rules;

/// The listeners of a proxy.
#[derive(Debug, Default)]
pub(super) struct Listeners<'d> {
    pub(super) entries: Vec<ListenerOf<'d>>,
    by_name: FxHashMap<&'d str, usize>,
    by_address: FxHashMap<(String, u16), usize>,
}

/// A listener that takes traffic.
#[derive(Debug)]
pub(super) struct ListenerOf<'d> {
    pub(super) name: &'d str,
    pub(super) view: Listener<'d>,
    /// Whether it opens its port; others only get connections handed over.
    pub(super) binds: bool,
    /// Whether it hands connections over to the listener of their original destination.
    pub(super) hands_over: bool,
    direction: Option<Direction>,
    chains: OnceLock<Chains<'d>>,
    managers: OnceLock<FxHashMap<u32, Manager<'d>>>,
}

/// How a listener was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The user named it.
    Named,
    /// It has exactly the address and port.
    Exact,
    /// It has the port on every address.
    AnyAddress,
    /// No listener has the address; the one that redirected connections come to keeps them.
    CatchAll,
}

impl<'d> Listeners<'d> {
    /// Reads the listeners of a dump that take traffic.
    pub(super) fn of(dump: &Dump<'d>) -> Self {
        let mut listeners = Self::default();
        for entry in &dump.listeners {
            let takes = |state: &ListenerState| matches!(state, ListenerState::Active | ListenerState::Static);
            let Some((_, view)) = entry.versions.iter().find(|(state, _)| takes(state)) else {
                continue;
            };
            let place = listeners.entries.len();
            listeners.entries.push(ListenerOf::of(entry.name, *view));
            listeners.by_name.entry(entry.name).or_insert(place);
            for (address, port) in addresses(*view) {
                listeners.by_address.entry((address.to_owned(), port)).or_insert(place);
            }
        }
        listeners
    }

    /// The listener of this name.
    pub(super) fn named(&self, name: &str) -> Option<&ListenerOf<'d>> {
        self.by_name.get(name).and_then(|place| self.entries.get(*place))
    }

    /// The listener that takes a connection.
    pub(super) fn find(&self, connection: &Connection, name: Option<&str>) -> Option<(&ListenerOf<'d>, Entrance)> {
        let first = match name {
            Some(name) => (self.named(name)?, Entrance::Named),
            None => self.entrance(connection)?,
        };
        if !first.0.hands_over {
            return Some(first);
        }
        let (listener, entrance) = self.by_destination(connection, false).unwrap_or((first.0, Entrance::CatchAll));
        // The one that handed it over is found again where it was itself the destination.
        Some((listener, if std::ptr::eq(listener, first.0) { Entrance::CatchAll } else { entrance }))
    }

    /// Where a connection comes in: a sidecar's redirected port, or the socket it was made to.
    fn entrance(&self, connection: &Connection) -> Option<(&ListenerOf<'d>, Entrance)> {
        let direction = connection.direction.unwrap_or(Direction::Outbound);
        let redirected = self.entries.iter().find(|l| l.hands_over && l.binds && l.direction == Some(direction));
        let inbound = || self.named("virtualInbound").filter(|_| direction == Direction::Inbound);
        match redirected.or_else(inbound) {
            Some(listener) => Some((listener, Entrance::CatchAll)),
            None => self.by_destination(connection, true),
        }
    }

    fn by_destination(&self, connection: &Connection, must_bind: bool) -> Option<(&ListenerOf<'d>, Entrance)> {
        let port = connection.port?;
        let at = |address: String| {
            let place = self.by_address.get(&(address, port))?;
            self.entries.get(*place).filter(|listener| listener.binds || !must_bind)
        };
        let exact = connection.destination.and_then(|address| at(address.to_string()));
        let any = || match connection.destination {
            Some(IpAddr::V6(_)) => at("::".to_owned()),
            Some(IpAddr::V4(_)) => at("0.0.0.0".to_owned()),
            None => at("0.0.0.0".to_owned()).or_else(|| at("::".to_owned())),
        };
        exact.map(|l| (l, Entrance::Exact)).or_else(|| any().map(|l| (l, Entrance::AnyAddress)))
    }
}

impl<'d> ListenerOf<'d> {
    fn of(name: &'d str, view: Listener<'d>) -> Self {
        let flag = |field| view.node.field(field).and_then(Node::as_bool);
        let deprecated =
            view.node.field("deprecated_v1").and_then(|v1| v1.field("bind_to_port")).and_then(Node::as_bool);
        let names = ["envoy.filters.listener.original_dst", "envoy.listener.original_dst"];
        let restores = view.has_listener_filter("OriginalDst", &names);
        let hands_over = flag("use_original_dst").or_else(|| flag("hidden_envoy_deprecated_use_original_dst"));
        let direction = match view.node.field("traffic_direction").and_then(Node::text) {
            Some("OUTBOUND" | "2") => Some(Direction::Outbound),
            Some("INBOUND" | "1") => Some(Direction::Inbound),
            _ if name == "virtualOutbound" => Some(Direction::Outbound),
            _ if name == "virtualInbound" => Some(Direction::Inbound),
            _ => None,
        };
        Self {
            name,
            view,
            binds: flag("bind_to_port").or(deprecated) != Some(false),
            hands_over: hands_over.unwrap_or(false) || (restores && hands_over.is_none() && name == "virtualOutbound"),
            direction,
            chains: OnceLock::new(),
            managers: OnceLock::new(),
        }
    }

    /// Its filter chains.
    pub(super) fn chains(&self) -> &Chains<'d> {
        self.chains.get_or_init(|| Chains::of(self.view))
    }

    /// The connection manager of one of its chains.
    pub(super) fn manager(&self, chain: FilterChain<'d>, rules: &Rules<'d>) -> Option<&Manager<'d>> {
        let all = || {
            let managers = self
                .view
                .filter_chains()
                .filter_map(|chain| Some((chain.node.index(), Manager::of(chain.connection_manager()?, rules))));
            managers.collect()
        };
        self.managers.get_or_init(all).get(&chain.node.index())
    }
}

/// The addresses of a listener.
fn addresses(listener: Listener<'_>) -> Vec<(&str, u16)> {
    let additional = listener.node.field("additional_addresses").into_iter().flat_map(Node::items);
    let additional = additional.filter_map(|a| {
        let socket = a.get("address")?.field("socket_address")?;
        let port = socket.field("port_value").and_then(Node::as_u64).unwrap_or(0);
        Some((socket.get("address")?.text()?, u16::try_from(port).ok()?))
    });
    listener.socket().into_iter().chain(additional).collect()
}
