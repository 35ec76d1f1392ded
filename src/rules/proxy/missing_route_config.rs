//! A listener waits for routes that never came.
//!
//! ## What it finds
//! In a dump: an HTTP connection manager whose `route_config_name` is not among the route
//! configurations, or a scope of its `scoped_routes` that names such a table.
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
use crate::document::Spanned;
use crate::envoy::{Dump, RouteSource};
use crate::finding::Subject;

const META: Meta = Meta { id: "missing-route-config", family: Family::Proxy, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let wanted: Vec<Wanted<'_, 'd>> = wanted(dump);
    if wanted.is_empty() {
        return; // no table comes by RDS, and Envoy prints no section of routes without one
    }
    if !dump.has_section("routes") || dump.document.loses_content() {
        findings.skip("proxy", "(its routes are not, or not all, in the dump)", "take the whole dump");
        return;
    }
    let known: FxHashSet<&str> = dump.route_configs.iter().map(|entry| entry.config.name()).collect();
    let mut reported: FxHashSet<&str> = FxHashSet::default();
    for Wanted { name, listener, is_of_scope } in wanted {
        if known.contains(name.value) || !reported.insert(name.value) {
            continue;
        }
        let (whose, whom) = match is_of_scope {
            true => (format!("a scope of listener {listener}"), "requests of this scope"),
            false => (format!("listener {listener}"), "requests to this listener"),
        };
        let draft = Draft::new(name, format!("the routes `{}` of {whose} never came", name.value))
            .label("not among this proxy's route configurations")
            .note(format!("{whom} get 404 NR (route_not_found), as long as it takes any"))
            .help("see in istiod's or the control plane's log whether this proxy is connected and what it was sent")
            .subject(Subject::Proxy {
                proxy: dump.proxy().to_owned(),
                section: if is_of_scope { "scoped routes" } else { "listeners" },
                resource: listener.to_owned(),
            });
        findings.push(draft);
    }
}

/// A table that is to come by RDS.
struct Wanted<'a, 'd> {
    name: Spanned<'d, &'d str>,
    listener: &'a str,
    is_of_scope: bool,
}

/// The tables that listeners ask for which take connections, or their scopes. That a listener waits,
/// and what for, is another rule's.
fn wanted<'a, 'd>(dump: &'a Dump<'d>) -> Vec<Wanted<'a, 'd>> {
    let mut wanted = Vec::new();
    let mut has_scopes = false;
    for entry in dump.managers().iter().filter(|entry| !entry.is_warming) {
        match entry.routes {
            Some(RouteSource::Rds(name)) => {
                wanted.push(Wanted { name, listener: entry.listener, is_of_scope: false });
            }
            // The scopes are listed once, whichever listeners use them.
            Some(RouteSource::Scoped) if !has_scopes => {
                has_scopes = true;
                let tables = dump.scoped_tables.iter();
                wanted.extend(tables.map(|name| Wanted { name: *name, listener: entry.listener, is_of_scope: true }));
            }
            _ => {}
        }
    }
    wanted
}
