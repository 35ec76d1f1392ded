//! A domain of a virtual host can never match.
//!
//! ## What it finds
//! A domain with a port in a route configuration that ignores ports (`ignore_port_in_host_matching`):
//! the port is cut off the request's host and not off the domain. Where the same virtual host has
//! the domain without its port, too, nothing is lost and nothing is said.
//!
//! ## Why it matters
//! Requests for the host go to another virtual host, or end in `404` with the flag `NR`.
//!
//! ## Example
//! ```yaml
//! ignore_port_in_host_matching: true
//! virtual_hosts:
//! - name: shop
//!   domains: ["shop.example.com:8080"]
//! ```
//!
//! ## Use instead
//! `shop.example.com`, which then matches with every port.
//!
//! ## When to ignore it
//! Never.
//!
//! ## Inputs
//! A dump with its routes, or a route configuration.

use super::prelude::*;
use crate::envoy::{Dump, VirtualHost};
use crate::finding::Subject;

const META: Meta = Meta { id: "dead-domain", family: Family::Proxy, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    for config in dump.route_configurations().iter().filter(|config| config.ignores_port()) {
        for host in config.virtual_hosts() {
            let dead = host.domains().find_map(|domain| Some((domain, without_port(domain.value)?)));
            let Some((domain, bare)) = dead.filter(|(_, bare)| !has_domain(host, bare)) else {
                continue;
            };
            let draft = Draft::new(domain, format!("the domain {} can never match", domain.value))
                .label("requests are matched without their port, this keeps it")
                .note(format!("requests for {bare} go past this virtual host"))
                .help(format!("write `{bare}`"))
                .subject(Subject::Proxy {
                    proxy: dump.proxy().to_owned(),
                    section: "routes",
                    resource: format!("{} › {}", config.name(), host.name()),
                });
            let flag = config.node.field("ignore_port_in_host_matching");
            findings.push(match flag {
                Some(flag) => draft.related(flag, "ports are ignored"),
                None => draft,
            });
        }
    }
}

/// The domain without its port, if it has one.
fn without_port(domain: &str) -> Option<&str> {
    if !domain.as_bytes().last()?.is_ascii_digit() {
        return None;
    }
    let (host, port) = domain.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let is_address = host.contains(':') && !host.ends_with(']');
    (is_port && !is_address).then_some(host)
}

fn has_domain(host: VirtualHost<'_>, wanted: &str) -> bool {
    host.domains().any(|d| d.value == wanted)
}
