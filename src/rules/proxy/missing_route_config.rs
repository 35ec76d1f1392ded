//! A listener waits for routes that never came.
//!
//! ## What it finds
//! In a dump: an HTTP connection manager whose `route_config_name` is not among the route
//! configurations.
//!
//! ## Why it matters
//! Until its routes come, the listener is warming; when it has waited long enough it starts with an
//! empty table, and every request ends in `404` with the flag `NR`.
//!
//! ## Example
//! ```json
//! {"rds": {"route_config_name": "9080"}}
//! ```
//!
//! ## Use instead
//! Look for the reason at the control plane: is the proxy connected, was the table refused?
//!
//! ## When to ignore it
//! When the dump was taken while the proxy started.
//!
//! ## Inputs
//! A dump with its listeners and routes.

use rustc_hash::FxHashSet;

use super::prelude::*;
use crate::envoy::{Dump, FilterChain, ListenerState, RouteSource};
use crate::finding::Subject;

const META: Meta = Meta { id: "missing-route-config", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    if !dump.has_section("listeners") {
        return;
    }
    if !dump.has_section("routes") || dump.document.loses_content() {
        findings.skip("proxy", "(its routes are not, or not all, in the dump)", "take the whole dump");
        return;
    }
    let known: FxHashSet<&str> = dump.route_configs.iter().map(|entry| entry.config.name()).collect();
    let mut reported: FxHashSet<&str> = FxHashSet::default();
    for (entry, listener) in dump.current_listeners() {
        if entry.versions.iter().all(|(state, _)| *state == ListenerState::Warming) {
            continue; // that it waits, and what for, is another rule's
        }
        for manager in listener.filter_chains().filter_map(FilterChain::connection_manager) {
            let Some(RouteSource::Rds(name)) = manager.routes() else {
                continue;
            };
            if known.contains(name.value) || !reported.insert(name.value) {
                continue;
            }
            let draft = Draft::new(name, format!("the routes `{}` of listener {} never came", name.value, entry.name))
                .label("not among this proxy's route configurations")
                .note("requests to this listener get 404 NR (route_not_found), as long as it takes any")
                .help("see in istiod's or the control plane's log whether this proxy is connected and what it was sent")
                .subject(Subject::Proxy {
                    proxy: dump.proxy().to_owned(),
                    section: "listeners",
                    resource: entry.name.to_owned(),
                });
            findings.push(draft);
        }
    }
}
