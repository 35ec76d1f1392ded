//! The hop of the virtual host: the domain that matched, and near misses.

use crate::envoy::{RouteConfiguration, VirtualHost};

use super::super::answer::Answer;
use super::super::normalize::port_start;
use super::{FEW, Hop};

/// The hop.
pub(super) fn hop<'d>(answer: &Answer<'d>) -> Option<Hop<'d>> {
    let config = answer.route_config?;
    let host = answer.authority.as_deref()?;
    let hop = if let Some((_, found)) = answer.virtual_host {
        let domain = matching_domain(found, host, config.ignores_port());
        let place = domain.map_or(found.node, |domain| domain.node);
        let by = domain.map_or(String::new(), |domain| format!(" by domain {}", domain.value));
        Hop::new("virtual host", format!("{}{by}", found.name()), Some(place))
    } else {
        let text = format!("none has a domain for {host}");
        Hop::new("virtual host", text, config.node.field("virtual_hosts").or(Some(config.node)))
    };
    let is_fallback = answer.virtual_host.is_none_or(|(_, found)| found.domains().any(|d| d.value == "*"));
    let misses = if is_fallback { near_misses(config, host) } else { Vec::new() };
    Some(
        misses
            .into_iter()
            .fold(hop, |hop, (domain, why)| hop.aside(format!("near: {} {why}", domain.value), Some(domain.node))),
    )
}

type Domain<'d> = crate::document::Spanned<'d, &'d str>;

/// The domain of a virtual host that takes a host.
fn matching_domain<'d>(found: VirtualHost<'d>, host: &str, ignores_port: bool) -> Option<Domain<'d>> {
    let cut = port_start(host).filter(|_| ignores_port).and_then(|start| host.get(..start));
    let host = cut.unwrap_or(host).to_ascii_lowercase();
    let rank = |domain: &str| {
        let domain = domain.to_ascii_lowercase();
        if domain == host {
            return Some((3, 0));
        }
        if let Some(suffix) = domain.strip_prefix('*').filter(|suffix| !suffix.is_empty()) {
            return host.ends_with(suffix).then_some((2, suffix.len()));
        }
        let prefix = domain.strip_suffix('*')?;
        host.starts_with(prefix).then_some((u8::from(!prefix.is_empty()), prefix.len()))
    };
    found
        .domains()
        .filter_map(|domain| Some((rank(domain.value)?, domain)))
        .max_by_key(|(rank, _)| *rank)
        .map(|(_, d)| d)
}

/// Domains that a host nearly has: with another port, or spelt a little differently.
pub(super) fn near_misses<'d>(config: RouteConfiguration<'d>, host: &str) -> Vec<(Domain<'d>, &'static str)> {
    let bare = |text: &str| port_start(text).and_then(|start| text.get(..start)).unwrap_or(text).to_ascii_lowercase();
    let wanted = bare(host);
    let mut found: Vec<(usize, Domain<'d>, &'static str)> = Vec::new();
    for virtual_host in config.virtual_hosts() {
        let scored = virtual_host.domains().filter_map(|domain| {
            let name = bare(domain.value);
            if name == wanted {
                return Some((0, domain, "has another port"));
            }
            let distance = strsim::damerau_levenshtein(&name, &wanted);
            (distance <= wanted.len() / 5 + 1).then_some((distance, domain, "is spelt differently"))
        });
        found.extend(scored.min_by_key(|(distance, ..)| *distance));
    }
    found.sort_by_key(|(distance, ..)| *distance);
    found.into_iter().take(FEW).map(|(_, domain, why)| (domain, why)).collect()
}
