//! A domain of a virtual host can never match.
//!
//! ## What it finds
//! A domain with a port in a route configuration that ignores ports (`ignore_port_in_host_matching`),
//! or of which all listeners take the port off (`strip_any_host_port`): the port is cut off the
//! request's host and not off the domain. Where the same virtual host has
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

use rustc_hash::FxHashMap;

use super::prelude::*;
use crate::document::Node;
use crate::envoy::{Dump, ManagerEntry, RouteConfiguration, RouteSource, VirtualHost};
use crate::finding::Subject;

const META: Meta = Meta { id: "dead-domain", family: Family::Proxy, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let stripping = Stripping::of(dump);
    for &config in dump.route_configurations() {
        let flag = config.node.field("ignore_port_in_host_matching").filter(|_| config.ignores_port());
        let Some(flag) = flag.or_else(|| stripping.flag(config)) else { continue };
        for host in config.virtual_hosts() {
            // Nearly all end in a letter, for which a look at that is enough.
            let numbered = host.domain_nodes().filter(|domain| domain.text_bytes().is_some_and(ends_in_digit));
            let mut domains = numbered.filter_map(Node::spanned_text);
            let dead = domains.find_map(|domain| Some((domain, without_port(domain.value)?)));
            let Some((domain, bare)) = dead.filter(|(_, bare)| !has_domain(host, bare)) else {
                continue;
            };
            let draft = Draft::new(domain, format!("the domain {} can never match", domain.value))
                .label("requests are matched without their port, this keeps it")
                .note(format!("requests for {bare} go past this virtual host"))
                .help(format!("write `{bare}`"))
                .related(flag, "ports are ignored")
                .subject(Subject::Proxy {
                    proxy: dump.proxy().to_owned(),
                    section: "routes",
                    resource: format!("{} › {}", config.name(), host.name()),
                });
            findings.push(draft);
        }
    }
}

/// The tables that only requests without a port come to, because their listeners take it off
/// (`strip_any_host_port`), with the field that says so.
#[derive(Default)]
struct Stripping<'d> {
    by_rds: FxHashMap<&'d str, Option<Node<'d>>>,
    inline: FxHashMap<u32, Node<'d>>,
}

impl<'d> Stripping<'d> {
    fn of(dump: &Dump<'d>) -> Self {
        let mut all = Self::default();
        let managers = || dump.managers().iter();
        if managers().any(|entry| entry.manager.strips_any_port()) {
            managers().for_each(|entry| all.note(entry));
        }
        all
    }

    fn note(&mut self, entry: &ManagerEntry<'d>) {
        let manager = entry.manager;
        let flag = manager.node.field("strip_any_host_port").filter(|_| manager.strips_any_port());
        match entry.routes {
            // A table may serve several listeners, and some of them keep the port.
            Some(RouteSource::Rds(name)) => {
                let known = self.by_rds.entry(name.value).or_insert(flag);
                *known = known.and(flag);
            }
            Some(RouteSource::Inline(config)) => {
                self.inline.extend(flag.map(|flag| (config.node.index(), flag)));
            }
            _ => {}
        }
    }

    fn flag(&self, config: RouteConfiguration<'d>) -> Option<Node<'d>> {
        let inline = self.inline.get(&config.node.index()).copied();
        inline.or_else(|| self.by_rds.get(config.name()).copied().flatten())
    }
}

fn ends_in_digit(domain: &[u8]) -> bool {
    domain.last().is_some_and(u8::is_ascii_digit)
}

/// The domain without its port, if it has one.
fn without_port(domain: &str) -> Option<&str> {
    let (host, port) = domain.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let is_address = host.contains(':') && !host.ends_with(']');
    (is_port && !is_address).then_some(host)
}

fn has_domain(host: VirtualHost<'_>, wanted: &str) -> bool {
    host.domains().any(|d| d.value == wanted)
}
