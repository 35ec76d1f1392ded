//! Role-based access control
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter>).

use std::net::IpAddr;

use crate::document::Node;
use crate::envoy::{HeaderMatch, MetadataMatch, StringMatch, type_name, typed_config};

use super::address::Range;
use super::conditions::{HeaderTest, Subject};
use super::headers::remote_address;
use super::manager::Manager;
use super::text::TextTest;
use super::version::Rules;
use super::{metadata, template};
use crate::routing::Expression;

/// The filter state under which Istio's proxies keep the peer's name.
const ISTIO_PEER: &str = "io.istio.peer_principal";

/// What a filter of access control says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict<'d> {
    /// The request goes on; the policy that says so, if there is one.
    Allowed(Option<Node<'d>>),
    /// It is denied by this policy, or because none allows it.
    Denied(Option<Node<'d>>),
    /// The configuration does not tell; this condition decides.
    Unknown(Node<'d>),
}

/// What conditions of access control are about.
#[derive(Clone, Copy)]
pub(super) struct Access<'a, 'r, 'd> {
    pub(super) subject: &'a Subject<'r>,
    pub(super) manager: &'a Manager<'d>,
    pub(super) rules: &'a Rules<'d>,
    /// The client's address, where it is known and not to be found out.
    pub(super) remote: Option<IpAddr>,
}

/// Asks the `rules` of a filter.
pub(super) fn decide<'d>(filter: Node<'d>, access: Access<'_, '_, 'd>) -> Verdict<'d> {
    if let Some(matcher) = filter.get("matcher") {
        return Verdict::Unknown(matcher);
    }
    let Some(rules) = filter.get("rules") else {
        return Verdict::Allowed(None);
    };
    let found = match first_policy(rules, access) {
        Ok(found) => found,
        Err(unknown) => return Verdict::Unknown(unknown),
    };
    match (rules.get("action").and_then(Node::text).unwrap_or("ALLOW"), found) {
        ("LOG" | "2", found) => Verdict::Allowed(found),
        ("DENY" | "1", Some(policy)) => Verdict::Denied(Some(policy)),
        ("DENY" | "1", None) => Verdict::Allowed(None),
        (_, Some(policy)) => Verdict::Allowed(Some(policy)),
        (_, None) => Verdict::Denied(None),
    }
}

/// Whether a filter notes what matches and decides nothing.
pub(super) fn is_log(filter: Node<'_>) -> bool {
    let action = filter.get("rules").and_then(|rules| rules.get("action")).and_then(Node::text);
    matches!(action, Some("LOG" | "2"))
}

/// The first policy, by name, that a request meets.
pub(super) fn first_policy<'d>(rules: Node<'d>, access: Access<'_, '_, 'd>) -> Result<Option<Node<'d>>, Node<'d>> {
    let mut policies: Vec<Node<'d>> = rules.get("policies").into_iter().flat_map(Node::values).collect();
    policies.sort_by_key(|policy| policy.key().map_or("", |key| key.text));
    for policy in policies {
        let any = |field: &str| or(policy.get(field).into_iter().flat_map(Node::items), access);
        match and([any("permissions"), any("principals")].into_iter()) {
            Some(true) if policy.get("condition").or_else(|| policy.field("checked_condition")).is_some() => {
                return Err(policy.get("condition").unwrap_or(policy));
            }
            Some(true) => return Ok(Some(policy)),
            Some(false) => {}
            None => return Err(policy),
        }
    }
    Ok(None)
}

fn and(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

fn or<'d>(parts: impl Iterator<Item = Node<'d>>, access: Access<'_, '_, 'd>) -> Option<bool> {
    and(parts.map(|part| holds(part, access).map(|met| !met))).map(|none| !none)
}

/// Whether a permission or a principal holds. Nothing where that cannot be told.
fn holds<'d>(rule: Node<'d>, access: Access<'_, '_, 'd>) -> Option<bool> {
    let (key, value) = rule.entries().find(|(key, _)| key.text != "@type")?;
    let subject = access.subject;
    let connection = &subject.request.connection;
    let within = |address: Option<IpAddr>| match Range::of(value) {
        Some(range) => address.map(|address| range.holds(address)),
        None => None,
    };
    match key.text {
        "any" => Some(value.as_bool() != Some(false)),
        "and_rules" | "andRules" => and(list(value, "rules").map(|rule| holds(rule, access))),
        "or_rules" | "orRules" => or(list(value, "rules"), access),
        "and_ids" | "andIds" => and(list(value, "ids").map(|rule| holds(rule, access))),
        "or_ids" | "orIds" => or(list(value, "ids"), access),
        "not_rule" | "notRule" | "not_id" | "notId" => holds(value, access).map(|met| !met),
        "header" => {
            HeaderTest::of(HeaderMatch::of(value)).met_by(&subject.headers, access.rules.rbac_headers_individually)
        }
        "url_path" | "urlPath" => url_path(value.get("path")?, access),
        "uri_template" | "uriTemplate" => {
            let config = typed_config(value)?;
            (type_name(config) == Some("UriTemplateMatchConfig")).then_some(())?;
            let expression = template::expression(config.field("path_template")?.text()?);
            Expression::new(&expression).matches(subject.headers.path_only().unwrap_or_default())
        }
        "destination_ip" | "destinationIp" => within(connection.destination),
        "destination_port" | "destinationPort" => connection.port.map(|port| Some(u64::from(port)) == value.as_u64()),
        "destination_port_range" | "destinationPortRange" => {
            let bound = |name| value.get(name).and_then(Node::as_u64).unwrap_or(0);
            connection.port.map(|port| (bound("start")..bound("end")).contains(&u64::from(port)))
        }
        "source_ip" | "sourceIp" => within(connection.source),
        "direct_remote_ip" | "directRemoteIp" => within(connection.direct_source.or(connection.source)),
        "remote_ip" | "remoteIp" => within(access.remote.or_else(|| remote_address(subject.request, access.manager))),
        "requested_server_name" | "requestedServerName" => {
            let sni = connection.tls.as_ref().and_then(|tls| tls.sni.as_deref()).unwrap_or_default();
            TextTest::of(StringMatch::of(value)?).takes(&sni.to_ascii_lowercase())
        }
        "authenticated" => authenticated(value, access),
        "metadata" => metadata::met(MetadataMatch::of(value), &subject.request.metadata),
        "filter_state" | "filterState" if value.text_at("key").is_some_and(|key| key.value == ISTIO_PEER) => {
            let test = TextTest::of(StringMatch::of(value.field("string_match")?)?);
            peer(access).map_or(Some(false), |name| test.takes(name))
        }
        _ => None,
    }
}

fn list<'d>(holder: Node<'d>, field: &str) -> impl Iterator<Item = Node<'d>> {
    holder.get(field).into_iter().flat_map(Node::items)
}

fn url_path(matcher: Node<'_>, access: Access<'_, '_, '_>) -> Option<bool> {
    let stripped = access.subject.path.as_deref().filter(|_| access.rules.rbac_strips_parameters);
    let path = stripped.or_else(|| access.subject.headers.path_only()).unwrap_or_default();
    TextTest::of(StringMatch::of(matcher)?).takes(path)
}

fn authenticated(principal: Node<'_>, access: Access<'_, '_, '_>) -> Option<bool> {
    if access.subject.request.connection.tls.is_none() {
        return Some(false);
    }
    match principal.field("principal_name") {
        None => Some(true),
        Some(name) => TextTest::of(StringMatch::of(name)?).takes(peer(access).unwrap_or_default()),
    }
}

fn peer<'a>(access: Access<'a, '_, '_>) -> Option<&'a str> {
    let certificate = access.subject.request.connection.tls.as_ref()?.certificate.as_ref();
    certificate.filter(|certificate| certificate.is_valid).map(|certificate| certificate.name.as_str())
}

/// The text of `response_code_details` for a denial.
pub(super) fn denial(policy: Option<Node<'_>>) -> String {
    let name = policy.and_then(Node::key).map_or("none", |key| key.text);
    format!("rbac_access_denied_matched_policy[{}]", name.replace(' ', "_"))
}
