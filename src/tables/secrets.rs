//! `proxy-config secret`: certificates, never keys.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use crate::document::{Node, Span};

use super::classify::last_name;
use super::grid::Grid;
use super::sections::{Entry, State};

/// A row of the table.
struct Row<'d> {
    span: Span,
    name: &'d str,
    state: &'static str,
    certificate: Option<Certificate>,
    trust_domain: String,
}

/// What the table says of a certificate.
struct Certificate {
    kind: &'static str,
    is_valid: bool,
    serial: String,
    not_after: String,
    not_before: String,
    trust_domain: String,
}

/// The secrets that a proxy has or waits for; those of the bootstrap are not shown.
pub(super) fn shown<'d>(entries: &[Entry<'d>]) -> Vec<Entry<'d>> {
    let of_state = |state: State| entries.iter().filter(move |entry| entry.state == state).copied();
    of_state(State::Warming).chain(of_state(State::Active)).collect()
}

/// The table, for certificates judged `now`; `prefixed` names start with the kind of resource.
pub(super) fn table<'d>(entries: &[Entry<'d>], now: i64, prefixed: bool) -> Grid<'d> {
    let rows: Vec<Row<'d>> = entries.iter().flat_map(|entry| rows_of(*entry, now)).collect();
    let with_domain = rows.iter().all(|row| !row.trust_domain.is_empty());
    let mut grid = Grid::new(5);
    let mut headings =
        vec!["RESOURCE NAME", "TYPE", "STATUS", "VALID CERT", "SERIAL NUMBER", "NOT AFTER", "NOT BEFORE"];
    if with_domain {
        headings.push("TRUST DOMAIN");
    }
    grid.heading(&headings);
    for row in rows {
        let span = row.span;
        grid.push(cells(row, prefixed, with_domain));
        grid.about(Some(span), None);
    }
    grid
}

fn cells<'d>(row: Row<'d>, prefixed: bool, with_domain: bool) -> Vec<Cow<'d, str>> {
    let name: Cow<'d, str> = if prefixed { format!("secret/{}", row.name).into() } else { row.name.into() };
    let mut cells = match row.certificate {
        Some(certificate) => vec![
            name,
            certificate.kind.into(),
            row.state.into(),
            certificate.is_valid.to_string().into(),
            certificate.serial.into(),
            certificate.not_after.into(),
            certificate.not_before.into(),
        ],
        None => vec![name, "".into(), row.state.into(), "false".into(), "".into(), "".into(), "".into()],
    };
    if with_domain {
        cells.push(row.trust_domain.into());
    }
    cells
}

fn rows_of(entry: Entry<'_>, now: i64) -> Vec<Row<'_>> {
    let secret = entry.node.get("secret").unwrap_or(entry.node);
    let name = entry.node.text_at("name").or_else(|| secret.text_at("name")).map_or("", |name| name.value);
    let state = if entry.state == State::Warming { "WARMING" } else { "ACTIVE" };
    let row = |certificate: Option<Certificate>, domain: Option<&str>| {
        let own = certificate.as_ref().map(|c| c.trust_domain.clone()).unwrap_or_default();
        Row { span: entry.node.span(), name, state, certificate, trust_domain: domain.map_or(own, str::to_owned) }
    };
    if let Some(data) = inline_bytes(secret) {
        return vec![row(certificate(data, now), None)];
    }
    let bundles = spiffe_bundles(secret);
    if bundles.is_empty() {
        return vec![row(None, None)];
    }
    bundles.into_iter().map(|(domain, data)| row(certificate(data, now), Some(domain))).collect()
}

/// The certificates of a secret, as base64 of PEM.
fn inline_bytes(secret: Node<'_>) -> Option<&str> {
    let chain = secret.field("tls_certificate").and_then(|c| c.field("certificate_chain"));
    let trusted = secret.field("validation_context").and_then(|c| c.field("trusted_ca"));
    let mut sources = chain.into_iter().chain(trusted);
    sources.find_map(|source| source.field("inline_bytes")?.text().filter(|text| !text.is_empty()))
}

/// The bundles of a SPIFFE validator by trust domain.
fn spiffe_bundles(secret: Node<'_>) -> Vec<(&str, &str)> {
    let validator = secret.field("validation_context").and_then(|c| c.field("custom_validator_config"));
    let config = validator.and_then(|validator| validator.field("typed_config"));
    let config = config.filter(|config| last_name(*config) == Some("SPIFFECertValidatorConfig"));
    let domains = config.and_then(|config| config.field("trust_domains")).into_iter().flat_map(Node::items);
    domains.filter_map(|domain| Some((domain.text_at("name")?.value, bundle_of(domain)?))).collect()
}

fn bundle_of(domain: Node<'_>) -> Option<&str> {
    domain.field("trust_bundle")?.field("inline_bytes")?.text()
}

/// Reads the first certificate.
fn certificate(data: &str, now: i64) -> Option<Certificate> {
    let pem = STANDARD.decode(data).ok()?;
    let pem = Pem::iter_from_buffer(&pem).next()?.ok()?;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
    let (from, to) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    Some(Certificate {
        kind: if certificate.is_ca() { "CA" } else { "Cert Chain" },
        is_valid: from < now && now < to,
        serial: format!("{:0>32}", certificate.serial.to_str_radix(16)),
        not_after: rfc3339(to),
        not_before: rfc3339(from),
        trust_domain: trust_domain(&certificate),
    })
}

fn trust_domain(certificate: &X509Certificate<'_>) -> String {
    let names = certificate.subject_alternative_name().ok().flatten();
    let mut uris = names.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix("spiffe://"),
        _ => None,
    });
    let id = uris.next().unwrap_or_default();
    id.split('/').next().unwrap_or_default().to_owned()
}

/// Seconds since 1970 as `2026-11-20T17:09:47Z`.
pub(super) fn rfc3339(seconds: i64) -> String {
    let Ok(time) = time::OffsetDateTime::from_unix_timestamp(seconds) else {
        return String::new();
    };
    let (date, clock) = (time.date(), time.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}
