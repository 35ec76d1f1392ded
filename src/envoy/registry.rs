//! The hosts that a sidecar knows, where it lets nothing else out
//! ([`REGISTRY_ONLY`](https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-OutboundTrafficPolicy-Mode)).

use rustc_hash::FxHashSet;

use crate::document::{Node, Spanned};

use super::{ClusterName, Dump};

/// The cluster to which istiod sends what must not leave.
pub const BLACK_HOLE: &str = "BlackHoleCluster";
/// The virtual host that answers 502 to every host that is not known.
const BLOCK_ALL: &str = "block_all";
/// The chain of `virtualOutbound` that is there in any case, against loops.
const LOOP_GUARD: &str = "virtualOutbound-blackhole";

/// What a sidecar lets out.
#[derive(Clone, Debug)]
pub struct Registry<'d> {
    /// Where everything else ends.
    pub catch_all: Node<'d>,
    /// Hosts; one that starts with `*.` stands for every name below.
    pub hosts: FxHashSet<&'d str>,
}

impl<'d> Registry<'d> {
    /// The registry of a proxy; nothing if it lets everything out, or if the dump does not tell.
    pub fn of(dump: &Dump<'d>) -> Option<Self> {
        if !dump.knows_clusters() {
            return None;
        }
        let catch_all = blocking_virtual_host(dump).or_else(|| blocking_chain(dump))?;
        let mut hosts: FxHashSet<&'d str> = FxHashSet::default();
        hosts.reserve(dump.clusters.len());
        hosts.extend(dump.clusters.iter().filter_map(|c| ClusterName::parse(c.cluster.name.value)).map(|n| n.host));
        for config in dump.route_configurations() {
            let domains = config.virtual_hosts().flat_map(super::VirtualHost::domains);
            hosts.extend(domains.map(|domain| without_port(domain.value)));
        }
        for (_, listener) in dump.current_listeners() {
            let conditions = listener.filter_chains().filter_map(super::FilterChain::conditions);
            hosts.extend(conditions.flat_map(|c| c.texts_at("server_names")).map(|name| name.value));
        }
        hosts.remove("");
        hosts.remove("*");
        Some(Self { catch_all, hosts })
    }
}

fn blocking_virtual_host<'d>(dump: &Dump<'d>) -> Option<Node<'d>> {
    let configs = dump.route_configurations();
    let mut hosts = configs.iter().flat_map(|config| config.virtual_hosts());
    let is_it = |name: &Node<'_>| name.text_bytes() == Some(BLOCK_ALL.as_bytes());
    hosts.find_map(|host| host.node.get("name").filter(is_it))
}

fn blocking_chain<'d>(dump: &Dump<'d>) -> Option<Node<'d>> {
    let (_, outbound) = dump.current_listeners().find(|(entry, _)| entry.name == "virtualOutbound")?;
    let chains = outbound.filter_chains().filter(|chain| chain.name() != LOOP_GUARD);
    let clusters = chains.filter_map(super::FilterChain::tcp_proxy).flat_map(super::TcpProxy::clusters);
    let names: Vec<Spanned<'d, &'d str>> = clusters.map(|cluster| cluster.name).collect();
    names.into_iter().find(|name| name.value == BLACK_HOLE).map(|name| name.node)
}

fn without_port(domain: &str) -> &str {
    match domain.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => domain,
    }
}
