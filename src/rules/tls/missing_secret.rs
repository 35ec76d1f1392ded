//! A secret that TLS needs does not exist.
//!
//! ## What it finds
//! In manifests, a Gateway's `credentialName` without a Secret of that name in the namespace of the
//! gateway's pods (not that of the Gateway), or with one that lacks the keys of a certificate. In a
//! dump, a secret that a listener, a cluster or a sign-in (OAuth2) waits for and that never came.
//!
//! ## Why it matters
//! Without its certificate the listener does not accept connections on that host: the TLS handshake
//! fails. A cluster without its certificate answers `503` with the flag `UF`.
//!
//! ## Example
//! ```yaml
//! tls:
//!   mode: SIMPLE
//!   credentialName: shop-cert   # there is none in istio-system
//! ```
//!
//! ## Use instead
//! `kubectl create -n istio-system secret tls shop-cert --cert=… --key=…`
//!
//! ## When to ignore it
//! When something creates the Secret that is not among the inputs, such as cert-manager.
//!
//! ## Inputs
//! The Secrets, by name and keys only. Since they are rarely among manifests, the rule is evaluated
//! only if `--complete secrets` (or `secrets:NAMESPACE`) says that they are all there. In a dump,
//! its section of secrets.

use super::prelude::*;
use crate::document::Spanned;
use crate::envoy::{Dump, FilterChain, ResourceState};
use crate::finding::Subject;
use crate::kube::Object;
use crate::mesh::CompleteKind;
use crate::similar::similar;

const META: Meta =
    Meta { id: "missing-secret", family: Family::Tls, severity: Severity::Error, aliases: &["IST0101", "IST0161"] };

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check), Check::Dump(check_dump)] };

/// The keys that hold a certificate and its key, by each convention that istiod reads.
const KEY_PAIRS: [(&str, &str); 2] = [("tls.crt", "tls.key"), ("cert", "key")];

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    for gateway in &mesh.gateways {
        let mut namespaces: Vec<&str> = mesh.proxies_of(gateway).map(|client| client.namespace).collect();
        namespaces.dedup();
        for credential in gateway
            .view
            .servers()
            .filter_map(crate::istio::Server::tls)
            .flat_map(|tls| tls.credentials().collect::<Vec<_>>())
        {
            if credential.contains("://") {
                continue; // a file, or another provider's
            }
            for namespace in &namespaces {
                judge(context, gateway.namespace, namespace, credential, findings);
            }
        }
    }
}

fn judge<'d>(
    context: &Context<'_, 'd>,
    home: &str,
    namespace: &str,
    credential: Spanned<'d, &'d str>,
    findings: &mut Findings<'d>,
) {
    let mesh = context.mesh;
    let secrets = || mesh.all_of("", "Secret").iter();
    let here = || secrets().filter(|s| s.namespace() == namespace);
    if let Some(secret) = here().find(|s| s.name() == credential.value) {
        findings.extend_with(lacks_keys(*secret, credential));
        return;
    }
    if is_made_by_certificate(context, namespace, credential.value) {
        return;
    }
    if !mesh.is_complete(CompleteKind::Secrets, namespace) {
        findings.skip(
            "credential",
            format!("of gateways in namespace `{namespace}` (Secrets are rarely among manifests)"),
            format!("pass its Secrets and say --complete secrets:{namespace}"),
        );
        return;
    }
    let mut draft =
        Draft::new(credential, format!("there is no Secret `{}` in namespace {namespace}", credential.value))
            .label(format!("looked up in {namespace}, where the gateway's pods run"))
            .note("TLS handshakes for the hosts of this server fail");
    if let Some(other) = secrets().find(|s| s.name() == credential.value) {
        let place =
            if other.namespace() == home { "the Gateway's namespace does not count" } else { "in another namespace" };
        draft = draft.related(*other, place).help(format!("create it in namespace {namespace}"));
    } else if let Some(near) = similar(credential.value, here().map(|s| s.name())) {
        draft = draft.help(format!("did you mean `{near}`?"));
    }
    findings.push(draft);
}

fn lacks_keys<'d>(secret: Object<'d>, credential: Spanned<'d, &'d str>) -> Option<Draft<'d>> {
    let node = secret.node();
    let has = |key: &str| {
        ["data", "stringData"].iter().any(|field| node.get(field).is_some_and(|data| data.get(key).is_some()))
    };
    let is_complete = KEY_PAIRS.iter().any(|(certificate, key)| has(certificate) && has(key));
    // A Secret whose values were left out of the manifest says nothing about its keys.
    let has_data = node.get("data").is_some() || node.get("stringData").is_some();
    (has_data && !is_complete).then(|| {
        Draft::new(credential, format!("Secret `{}` holds no certificate", credential.value))
            .label("used by this server")
            .related(secret, "has neither tls.crt and tls.key nor cert and key")
            .note("TLS handshakes for the hosts of this server fail")
    })
}

/// Whether a cert-manager Certificate among the inputs will create the Secret.
fn is_made_by_certificate(context: &Context<'_, '_>, namespace: &str, name: &str) -> bool {
    let mut objects = context.mesh.objects.iter();
    objects.any(|o| {
        matches!(o.kind(), "Certificate" | "ExternalSecret" | "SealedSecret")
            && o.namespace() == namespace
            && (o.name() == name || o.spec().and_then(|s| s.text_at("secretName")).is_some_and(|s| *s == name))
    })
}

fn check_dump<'d>(dump: &Dump<'d>, findings: &mut Findings<'d>) {
    if !dump.has_section("secrets") || dump.document.loses_content() {
        return;
    }
    let arrived = |name: &str| {
        dump.secrets.iter().any(|s| s.name.value == name && s.state != ResourceState::Warming && s.secret.is_some())
    };
    let mut reported: Vec<&str> = Vec::new();
    let waits = |name: &str| dump.secrets.iter().any(|s| s.name.value == name && s.state == ResourceState::Warming);
    for wanted in wanted(dump) {
        // Istiod's account of a proxy leaves out what the proxy's agent has for its clusters.
        if wanted.section == "clusters" && !waits(wanted.name.value) {
            continue;
        }
        if arrived(wanted.name.value) || reported.contains(&wanted.name.value) {
            continue;
        }
        reported.push(wanted.name.value);
        let draft = Draft::new(wanted.name, format!("the secret `{}` has not arrived", shown(wanted.name.value)))
            .label(wanted.label)
            .note(wanted.outcome)
            .subject(Subject::Proxy {
                proxy: dump.proxy().to_owned(),
                section: wanted.section,
                resource: wanted.resource.to_owned(),
            });
        findings.push(match wanted.name.strip_prefix("kubernetes://") {
            Some(name) => draft.help(format!("the Secret `{name}` must be in the namespace of this gateway's pods")),
            None => draft.help("see why what its `sds_config` names does not give it; Envoy logs what it refuses"),
        });
    }
}

/// A secret that something in a proxy needs.
struct Wanted<'a, 'd> {
    name: Spanned<'d, &'d str>,
    label: &'static str,
    outcome: &'static str,
    section: &'static str,
    resource: &'a str,
}

/// The secrets of listeners, and of clusters that do not wait for them any more: those that do are
/// another rule's.
fn wanted<'a, 'd>(dump: &'a Dump<'d>) -> Vec<Wanted<'a, 'd>> {
    let mut wanted = Vec::new();
    for (entry, listener) in dump.current_listeners() {
        wanted.extend(listener.filter_chains().flat_map(FilterChain::secrets).map(|name| Wanted {
            name,
            label: "this listener waits for it",
            outcome: "TLS handshakes on this filter chain fail",
            section: "listeners",
            resource: entry.name,
        }));
    }
    for entry in dump.managers() {
        wanted.extend(entry.manager.secrets().into_iter().map(|name| Wanted {
            name,
            label: "the sign-in (OAuth2) waits for it",
            outcome: "requests to this filter get 503, until it has all of its secrets",
            section: "listeners",
            resource: entry.listener,
        }));
    }
    // Envoy lists what it waits for, mostly nothing.
    if dump.secrets.iter().all(|secret| secret.state != ResourceState::Warming) {
        return wanted;
    }
    for entry in dump.clusters.iter().filter(|entry| entry.state != ResourceState::Warming) {
        wanted.extend(entry.cluster.secrets().into_iter().map(|name| Wanted {
            name,
            label: "this cluster waits for it",
            outcome: "requests that are sent there get 503 UF (Secret is not supplied by SDS)",
            section: "clusters",
            resource: entry.cluster.name.value,
        }));
    }
    wanted
}

/// The name without what istiod puts before it.
fn shown(name: &str) -> &str {
    name.strip_prefix("kubernetes://").unwrap_or(name)
}
