//! A certificate had expired when the dump was taken.
//!
//! ## What it finds
//! A certificate among a proxy's secrets whose validity ended before the latest `last_updated` of
//! the dump: the dump was taken then or later. The time of the run does not count, because a
//! certificate of a dump from last year has expired by now in any case.
//!
//! ## Why it matters
//! The other side refuses the TLS handshake: `503` with the flag `UF` at clients.
//!
//! ## Example
//! ```json
//! {"name": "kubernetes://shop-cert", "last_updated": "2026-08-02T09:30:00Z",
//!  "secret": {"tls_certificate": {"certificate_chain": {"inline_bytes": "… not after 2025-01-31 …"}}}}
//! ```
//!
//! ## Use instead
//! A new certificate. For workload certificates, see why istiod does not renew them (istio-agent's
//! log).
//!
//! ## When to ignore it
//! For a trusted root that is about to be removed.
//!
//! ## Inputs
//! A dump with its secrets. Private keys are never read.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::pem::Pem;
use x509_parser::time::ASN1Time;

use super::prelude::*;
use crate::document::Node;
use crate::envoy::Dump;
use crate::finding::Subject;

const META: Meta = Meta { id: "expired-certificate", family: Family::Tls, severity: Severity::Error, aliases: &[] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Dump(check)] };

fn check<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    let secrets: Vec<_> = dump.secrets.iter().filter_map(|entry| entry.secret).collect();
    if secrets.is_empty() {
        return;
    }
    let Some(taken) = time_of(dump) else {
        findings.skip("proxy", "(the dump does not say when it was taken)", "");
        return;
    };
    for secret in secrets {
        let is_trusted = secret.node.field("tls_certificate").is_none();
        for (node, pem) in secret.certificates() {
            let Some(problem) = Pem::iter_from_buffer(&pem).flatten().find_map(|block| judge(&block, taken.0)) else {
                continue;
            };
            let what = if is_trusted { "a root that is trusted" } else { "the certificate" };
            let draft = Draft::new(node, format!("{what} in `{}` {problem}", secret.name.value))
                .label("this certificate")
                .related(taken.1, "the dump is from this time, or later")
                .note("the other side refuses TLS handshakes with it")
                .help("renew it; for a workload's certificate, see in the istio-proxy log why istiod does not")
                .subject(Subject::Proxy {
                    proxy: dump.proxy().to_owned(),
                    section: "secrets",
                    resource: secret.name.value.to_owned(),
                });
            findings.push(if is_trusted { draft.severity(Severity::Warning) } else { draft });
        }
    }
}

/// When a certificate expired, if that was before a time (seconds since 1970).
fn judge(block: &Pem, now: i64) -> Option<String> {
    let certificate = block.parse_x509().ok()?;
    let end: ASN1Time = certificate.validity().not_after;
    let shown = end.to_rfc2822().unwrap_or_else(|_| end.to_string());
    (end.timestamp() < now).then(|| format!("expired on {shown}"))
}

/// The latest time that the dump mentions for any of its resources.
fn time_of<'d>(dump: &Dump<'d>) -> Option<(i64, Node<'d>)> {
    let first = dump.secrets.first()?;
    let root = first.name.node.document().root_of(first.name.node)?;
    let mut latest: Option<(i64, Node<'d>)> = None;
    for time in sections(root).into_iter().flat_map(times) {
        if let Some(seconds) = time.text().and_then(seconds_of)
            && latest.is_none_or(|(known, _)| seconds > known)
        {
            latest = Some((seconds, time));
        }
    }
    latest
}

/// The sections of a dump; a section or a list of them may stand alone (`istioctl pc secret`).
fn sections(root: Node<'_>) -> Vec<Node<'_>> {
    match root.get("configs") {
        Some(configs) => configs.items().chain(configs.values()).collect(),
        None if root.is_array() => root.items().collect(),
        None => vec![root],
    }
}

/// The times that a section mentions: of itself, of its resources, of their states.
fn times(section: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    const STATES: [&str; 4] = ["active_state", "warming_state", "draining_state", "error_state"];
    let entries = section.values().filter(|list| list.is_array()).flat_map(Node::items);
    let within = |entry| {
        let states = STATES.into_iter().filter_map(move |name| Node::field(entry, name));
        states.chain([entry])
    };
    let all = entries.flat_map(within).chain([section]);
    all.filter_map(|node| node.field("last_updated").or_else(|| node.field("last_update_attempt")))
}

/// Seconds since 1970 of a time as protobuf prints it.
fn seconds_of(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}
