//! A domain stands twice in one table of routes.
//!
//! ## What it finds
//! Two equal domains (case does not count) in one route configuration, in one virtual host or in
//! two.
//!
//! ## Why it matters
//! Envoy refuses the whole route configuration: "Only unique values for domains are permitted". What
//! was in use before stays in use.
//!
//! ## Example
//! ```yaml
//! virtual_hosts:
//! - {name: a, domains: [shop.example.com]}
//! - {name: b, domains: [Shop.example.com]}
//! ```
//!
//! ## Use instead
//! One virtual host per domain.
//!
//! ## When to ignore it
//! Never.
//!
//! ## Inputs
//! A dump with its routes, or a route configuration.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::prelude::*;
use crate::document::{Node, Spanned};
use crate::envoy::{Dump, RouteConfiguration, VirtualHost};
use crate::finding::Subject;

const META: Meta = Meta { id: "duplicate-domain", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let mut hashes = FxHashSet::default();
    // istiod gives most hosts several domains; in a mesh there are about as many of them as clusters.
    hashes.reserve(2 * dump.clusters.len());
    for config in dump.route_configurations() {
        hashes.clear();
        // Hashes alone first: there is hardly ever a domain twice.
        let domains = config.virtual_hosts().flat_map(VirtualHost::domain_nodes);
        if domains.filter_map(Node::text_bytes).all(|domain| hashes.insert(hash(domain))) {
            continue;
        }
        check_config(dump, *config, findings);
    }
}

fn check_config<'d>(dump: &Dump<'d>, config: RouteConfiguration<'d>, findings: &mut Findings<'d>) {
    let mut seen: FxHashMap<String, Spanned<'d, &'d str>> = FxHashMap::default();
    for host in config.virtual_hosts() {
        for domain in host.domains() {
            let Some(first) = seen.insert(domain.value.to_ascii_lowercase(), domain) else { continue };
            let draft = Draft::new(domain, format!("the domain {} stands twice in {}", domain.value, config.name()))
                .label("again")
                .related(first, "first here")
                .note("Envoy refuses the whole route configuration: only unique values for domains are permitted")
                .help("leave the domain to one virtual host")
                .subject(Subject::Proxy {
                    proxy: dump.proxy().to_owned(),
                    section: "routes",
                    resource: format!("{} › {}", config.name(), host.name()),
                });
            findings.push(draft);
        }
    }
}

/// Of a domain as Envoy compares it: without regard to case.
fn hash(domain: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    // Setting the bit of lower case confuses a few other characters; the closer look does not.
    let (words, rest) = domain.as_chunks::<8>();
    for word in words {
        hasher.write_u64(u64::from_le_bytes(*word) | 0x2020_2020_2020_2020);
    }
    for byte in rest {
        hasher.write_u8(byte | 0x20);
    }
    hasher.finish()
}
