//! HTTP filters before the router, as far as the configuration decides what they do
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/http_filters>).

use crate::document::Node;
use crate::envoy::{Fraction, HeaderMatch, type_name, typed_config};

use super::conditions::HeaderTest;
use super::rbac::{self, Access, Verdict};
use super::request::Chance;

/// What a filter does with a request, where it does anything.
#[derive(Clone, Debug)]
pub struct FilterNote<'d> {
    /// The filter.
    pub filter: Node<'d>,
    /// Where the configuration stands that decides.
    pub decided_by: Node<'d>,
    /// What it does.
    pub effect: Effect,
}

/// What a filter does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Access control lets the request pass: the policy, if one says so.
    Allows(Option<String>),
    /// Access control denies it: the policy, or nothing if none allows it.
    Denies(Option<String>),
    /// It asks something that is not in the configuration: what it is.
    Asks(&'static str),
    /// It answers instead of the upstream, for this share of requests (in percent).
    Aborts(u16, f64),
    /// It waits, for this share of requests (in percent).
    Delays(String, f64),
}

/// A reply that a filter sends instead of the upstream.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) flags: &'static str,
    pub(super) details: String,
}

/// Runs the filters of a connection manager. `levels` are the holders of per-route configuration, the
/// nearest first: the route, its virtual host, the route configuration.
pub(super) fn run<'d>(
    access: Access<'_, '_, 'd>,
    levels: &[Node<'d>],
    has_route: bool,
    cluster: Option<&str>,
    notes: &mut Vec<FilterNote<'d>>,
) -> Option<Reply> {
    for filter in access.manager.filters() {
        let Some(config) = effective(filter, levels) else { continue };
        let kind = type_name(config.own).unwrap_or_default();
        let reply = match kind {
            "RBAC" => rbac(filter, config, access, notes),
            "HTTPFault" => fault(filter, config, access, cluster, notes),
            // It asks only for requests that have a route.
            "ExtAuthz" if !has_route => None,
            _ => {
                let asks = asks(kind, filter);
                notes.extend(asks.map(|what| FilterNote { filter, decided_by: filter, effect: Effect::Asks(what) }));
                None
            }
        };
        if reply.is_some() {
            return reply;
        }
    }
    None
}

/// The configuration of a filter for one route.
#[derive(Clone, Copy)]
struct Config<'d> {
    own: Node<'d>,
    per_route: Option<Node<'d>>,
}

/// The configuration of a filter; nothing if it is disabled.
fn effective<'d>(filter: Node<'d>, levels: &[Node<'d>]) -> Option<Config<'d>> {
    let own = typed_config(filter)?;
    let name = filter.get("name").and_then(Node::text).unwrap_or_default();
    let at = |level: &Node<'d>| {
        let configs = level.field("typed_per_filter_config").or_else(|| level.field("per_filter_config"))?;
        configs.entries().find(|(key, _)| key.text == name).map(|(_, config)| config)
    };
    let is_disabled = |node: Node<'d>| node.get("disabled").and_then(Node::as_bool) == Some(true);
    match levels.iter().find_map(at) {
        Some(found) if type_name(found) == Some("FilterConfig") => {
            let per_route = found.get("config");
            (!is_disabled(found)).then_some(Config { own, per_route })
        }
        Some(found) if type_name(found) == Some("ExtAuthzPerRoute") && is_disabled(found) => None,
        Some(found) => Some(Config { own, per_route: Some(found) }),
        None => (!is_disabled(filter)).then_some(Config { own, per_route: None }),
    }
}

fn rbac<'d>(
    filter: Node<'d>,
    config: Config<'d>,
    access: Access<'_, '_, 'd>,
    notes: &mut Vec<FilterNote<'d>>,
) -> Option<Reply> {
    let deciding = match config.per_route {
        Some(per_route) => per_route.get("rbac")?, // an empty one switches it off
        None => config.own,
    };
    let name = |policy: Option<Node<'d>>| policy.and_then(Node::key).map(|key| key.text.to_owned());
    let mut note = |decided_by: Node<'d>, effect| notes.push(FilterNote { filter, decided_by, effect });
    match rbac::decide(deciding, access) {
        Verdict::Allowed(None) => None,
        Verdict::Allowed(policy) => {
            note(policy.unwrap_or(deciding), Effect::Allows(name(policy)));
            None
        }
        Verdict::Unknown(node) => {
            note(node, Effect::Asks("access control on what the configuration does not tell"));
            None
        }
        Verdict::Denied(policy) => {
            note(policy.unwrap_or(deciding), Effect::Denies(name(policy)));
            Some(Reply { status: 403, flags: "-", details: rbac::denial(policy) })
        }
    }
}

fn fault<'d>(
    filter: Node<'d>,
    config: Config<'d>,
    access: Access<'_, '_, 'd>,
    cluster: Option<&str>,
    notes: &mut Vec<FilterNote<'d>>,
) -> Option<Reply> {
    let fault = config.per_route.unwrap_or(config.own);
    let wanted = fault.field("upstream_cluster").and_then(Node::text).filter(|name| !name.is_empty());
    if wanted.is_some_and(|wanted| cluster != Some(wanted)) || !headers_met(fault, access) {
        return None;
    }
    let percent = |of: Node<'d>| of.get("percentage").map_or(0.0, |share| Fraction::of(share).percent());
    if let Some(delay) = fault.get("delay").filter(|delay| percent(*delay) > 0.0) {
        let time = delay.field("fixed_delay").and_then(Node::text).unwrap_or("some time").to_owned();
        notes.push(FilterNote { filter, decided_by: delay, effect: Effect::Delays(time, percent(delay)) });
    }
    let abort = fault.get("abort").filter(|abort| percent(*abort) > 0.0)?;
    let status = abort.field("http_status").and_then(Node::as_u64).and_then(|status| u16::try_from(status).ok())?;
    notes.push(FilterNote { filter, decided_by: abort, effect: Effect::Aborts(status, percent(abort)) });
    let is_taken = match access.subject.request.chance {
        Chance::Number(number) | Chance::Key(_, number) => {
            let share = Fraction::of(abort.get("percentage")?);
            number % share.denominator < share.numerator
        }
        Chance::Likely | Chance::Decided(_) => {
            access.subject.request.chance.decision(abort).map_or(percent(abort) > 50.0, |decision| decision == 1)
        }
    };
    is_taken.then(|| Reply { status, flags: "FI", details: "fault_filter_abort".to_owned() })
}

fn headers_met(fault: Node<'_>, access: Access<'_, '_, '_>) -> bool {
    fault.get("headers").into_iter().flat_map(Node::items).all(|matcher| {
        let test = HeaderTest::of(HeaderMatch::of(matcher));
        test.met_by(&access.subject.headers, access.rules.headers_individually) == Some(true)
    })
}

/// What a filter asks outside the configuration.
fn asks(kind: &str, filter: Node<'_>) -> Option<&'static str> {
    let name = filter.get("name").and_then(Node::text).unwrap_or_default();
    Some(match kind {
        "ExtAuthz" => "ext_authz",
        "Lua" => "a Lua script",
        "Wasm" if !name.starts_with("istio.") && !name.starts_with("envoy.wasm.") => "a Wasm plugin",
        "JwtAuthentication" if asks_for_tokens(filter) => "jwt_authn",
        "LocalRateLimit" | "RateLimit" => "rate limiting",
        "ExternalProcessor" => "ext_proc",
        "OAuth2" => "oauth2",
        _ => return None,
    })
}

/// Whether a filter for tokens has any rule.
fn asks_for_tokens(filter: Node<'_>) -> bool {
    let rules = typed_config(filter).and_then(|config| config.get("rules"));
    rules.is_some_and(|rules| rules.items().next().is_some())
}
