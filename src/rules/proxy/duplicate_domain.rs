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

use rustc_hash::FxHashMap;
use std::borrow::Cow;

use super::prelude::*;
use crate::document::Spanned;
use crate::envoy::Dump;
use crate::finding::Subject;

const META: Meta = Meta { id: "duplicate-domain", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let mut seen: FxHashMap<Cow<'d, str>, Spanned<'d, &'d str>> = FxHashMap::default();
    for config in dump.route_configurations() {
        seen.clear();
        for host in config.virtual_hosts() {
            for domain in host.domains() {
                let Some(first) = seen.insert(key(domain.value), domain) else { continue };
                let draft =
                    Draft::new(domain, format!("the domain {} stands twice in {}", domain.value, config.name()))
                        .label("again")
                        .related(first, "first here")
                        .note(
                            "Envoy refuses the whole route configuration: only unique values for domains are permitted",
                        )
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
}

/// A domain as Envoy compares it. Hardly any is written in capitals.
fn key(domain: &str) -> Cow<'_, str> {
    match domain.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(domain.to_ascii_lowercase()),
        false => Cow::Borrowed(domain),
    }
}
