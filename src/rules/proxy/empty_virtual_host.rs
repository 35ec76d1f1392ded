//! A virtual host has no routes.
//!
//! ## What it finds
//! In a dump: a virtual host without a route and without a matcher, unless it redirects to HTTPS.
//!
//! ## Why it matters
//! Its domains are a black hole: every request for them ends in `404` with the flag `NR`, also where
//! another virtual host with a wildcard would have a route. Istiod makes `blackhole:80` of a
//! Gateway server that no VirtualService is bound to.
//!
//! ## Example
//! ```json
//! {"name": "blackhole:80", "domains": ["*"]}
//! ```
//!
//! ## Use instead
//! A VirtualService with `gateways` that names the Gateway and with one of its hosts.
//!
//! ## When to ignore it
//! When nothing is exposed yet.
//!
//! ## Inputs
//! A dump with its routes.

use super::prelude::*;
use crate::envoy::Dump;
use crate::finding::Subject;

const META: Meta = Meta { id: "empty-virtual-host", family: Family::Proxy, severity: Severity::Warning, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    for config in dump.route_configurations().iter().filter(|config| !config.has_vhds()) {
        for host in config.virtual_hosts() {
            if host.routes().next().is_some() || host.has_matcher() || host.requires_tls() {
                continue;
            }
            let domains: Vec<String> = host.domains().map(|d| d.value.to_owned()).collect();
            let for_whom = match domains.as_slice() {
                [all] if all == "*" => "every request".to_owned(),
                _ => format!("requests for {}", describe::list(&domains, 3)),
            };
            let is_blackhole = host.name().starts_with("blackhole:");
            let place = host.node.get("name").unwrap_or(host.node);
            let draft = Draft::new(place, format!("virtual host {} has no routes: 404 NR for {for_whom}", host.name()))
                .label(if is_blackhole {
                    "istiod's placeholder for a Gateway server without a VirtualService"
                } else {
                    "no routes"
                })
                .note("a virtual host that was chosen is final: no other one is asked")
                .help(match is_blackhole {
                    true => "bind a VirtualService with one of the Gateway's hosts to it; check the names of both",
                    false => "give it routes, or leave its domains to another virtual host",
                })
                .subject(Subject::Proxy {
                    proxy: dump.proxy().to_owned(),
                    section: "routes",
                    resource: format!("{} › {}", config.name(), host.name()),
                });
            findings.push(draft);
        }
    }
}
