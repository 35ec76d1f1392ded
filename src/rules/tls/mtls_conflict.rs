//! Clients send what the server does not take.
//!
//! ## What it finds
//! A DestinationRule that makes clients send plaintext (`DISABLE`) or TLS of another kind (`SIMPLE`,
//! `MUTUAL`) to a service whose workloads have sidecars and take Istio's mutual TLS only (`STRICT`,
//! by the nearest PeerAuthentication). The same for a subset with `tls` of its own that routes lead
//! to.
//!
//! ## Why it matters
//! The server resets the connection: clients see `503` with the flag `UC` or `UF`.
//!
//! ## Example
//! ```yaml
//! kind: PeerAuthentication
//! spec: {mtls: {mode: STRICT}}
//! ---
//! kind: DestinationRule
//! spec:
//!   host: catalog
//!   trafficPolicy: {tls: {mode: DISABLE}}
//! ```
//!
//! ## Use instead
//! No `tls` at all (sidecars then agree by themselves), or `ISTIO_MUTUAL`.
//!
//! ## When to ignore it
//! Never, once it is evaluated.
//!
//! ## Inputs
//! The Service, its workloads, their Namespace (whether they have sidecars), DestinationRules and
//! PeerAuthentications.

use super::prelude::*;
use crate::document::Node;
use crate::istio::{SECURITY, TlsMode};
use crate::kube::Labels;
use crate::mesh::{
    Client, Cluster, DestinationUse, Mesh, Port, PortMode, Scope, ServerMode, Service, Source, Workload,
};

const META: Meta = Meta {
    id: "mtls-conflict",
    family: Family::Tls,
    severity: Severity::Error,
    aliases: &["KIA0205", "KIA0206", "KIA0501"],
};

pub(crate) const RULE: Rule = Rule { meta: &META, checks: &[Check::Mesh(check)] };

fn check<'d>(context: &Context<'_, 'd>, findings: &mut Findings<'d>) {
    let mesh = context.mesh;
    if mesh.all_of(SECURITY, "PeerAuthentication").is_empty() {
        return;
    }
    let mut reported: Vec<(Node<'_>, String)> = Vec::new();
    let mut report = |conflict: Conflict<'_, 'd>| {
        let key = (conflict.node, conflict.service.host.clone());
        if conflict.mode != TlsMode::IstioMutual && !reported.contains(&key) {
            reported.push(key);
            findings.push(draft(context, &conflict));
        }
    };
    let sidecars = mesh.clients.iter().filter(|client| may_have_sidecar(mesh, client));
    for client in sidecars.chain(&mesh.gateway_clients) {
        let scope = Scope::of(mesh, client);
        for service in mesh.services.iter().filter(|s| s.is_kubernetes() && scope.imports(s)) {
            service.ports.iter().filter_map(|port| of_rule(mesh, &scope, client, service, port)).for_each(&mut report);
        }
    }
    let uses = mesh.virtual_services.iter().flat_map(|service| &context.effects(service).destinations);
    uses.filter_map(|use_| of_subset(mesh, use_)).for_each(report);
}

/// What a client sends to a service that does not take it.
struct Conflict<'m, 'd> {
    client: &'m Client<'d>,
    service: &'m Service<'d>,
    mode: TlsMode,
    /// Where the mode stands.
    node: Node<'d>,
    server: PortMode<'d>,
}

/// The conflict with a rule's settings for the whole host.
fn of_rule<'m, 'd>(
    mesh: &Mesh<'d>,
    scope: &Scope<'_, 'd>,
    client: &'m Client<'d>,
    service: &'m Service<'d>,
    port: &Port<'d>,
) -> Option<Conflict<'m, 'd>> {
    let (mode, node) = client_mode(scope.destination_rule(service)?.traffic_policy()?, port)?;
    let server = strict_server(mesh, service, port, None)?;
    Some(Conflict { client, service, mode, node, server })
}

/// The conflict with the settings of a subset, which take the place of the host's, if a route leads
/// to it.
fn of_subset<'m, 'd>(mesh: &Mesh<'d>, use_: &DestinationUse<'m, 'd>) -> Option<Conflict<'m, 'd>> {
    let name = use_.destination.subset?.value;
    let Cluster::Present { service } = use_.cluster else { return None };
    let client = use_.client;
    if !client.is_gateway && !may_have_sidecar(mesh, client) {
        return None;
    }
    let port = service.ports.iter().find(|p| p.number == use_.port)?;
    let rule = Scope::of(mesh, client).destination_rule(service)?;
    let subset = rule.subset(name)?;
    let (mode, node) = client_mode(subset.traffic_policy()?, port)?;
    let server = strict_server(mesh, service, port, Some(&subset.labels()))?;
    Some(Conflict { client, service, mode, node, server })
}

/// Whether there may be such a sidecar: pods without one send what they like, whatever the rules.
fn may_have_sidecar(mesh: &Mesh<'_>, client: &Client<'_>) -> bool {
    let Some(name) = client.workload else { return true };
    let mut workloads = mesh.workloads_of(client.namespace).filter(|w| w.can_be_client());
    workloads.any(|w| (client.is_whole_namespace || w.object.name() == name) && mesh.has_sidecar(w) != Some(false))
}

/// What a traffic policy makes clients send to a port, and where it says so.
fn client_mode<'d>(policy: Node<'d>, port: &Port<'d>) -> Option<(TlsMode, Node<'d>)> {
    let by_port = policy.get("portLevelSettings").into_iter().flat_map(Node::items).find(|setting| {
        setting.get("port").and_then(|p| p.number_at("number")).is_some_and(|n| *n == u64::from(port.number))
    });
    let tls = match by_port {
        Some(setting) => setting.get("tls")?, // a port's settings replace the others as a whole
        None => policy.get("tls")?,
    };
    Some((TlsMode::of(tls)?, tls.get("mode").unwrap_or(tls)))
}

/// A workload behind a port that takes mutual TLS only, with the setting that says so. Nothing if
/// any of them takes something else, or if it is not known whether they have sidecars.
fn strict_server<'d>(
    mesh: &Mesh<'d>,
    service: &Service<'d>,
    port: &Port<'d>,
    subset: Option<&Labels<'d>>,
) -> Option<PortMode<'d>> {
    let Source::Kubernetes(kubernetes) = service.source else {
        return None;
    };
    let target = kubernetes.ports().find(|p| p.number == port.number)?.target();
    let is_of_subset = |w: &&Workload<'d>| subset.is_none_or(|labels| labels.is_subset_of(&w.labels));
    let mut strict = None;
    for workload in mesh.workloads_behind(service).filter(is_of_subset) {
        let number = workload.target_number(target)?;
        let decided = mesh.server_mode(workload, number);
        if mesh.has_sidecar(workload) != Some(true) || decided.mode != ServerMode::Strict {
            return None;
        }
        strict = Some(decided);
    }
    strict
}

fn draft<'d>(context: &Context<'_, 'd>, conflict: &Conflict<'_, 'd>) -> Draft<'d> {
    let host = context.brief(&conflict.service.host);
    let sends = match conflict.mode {
        TlsMode::Disable => "plaintext",
        _ => "TLS that is not the mesh's own",
    };
    let mut draft = Draft::new(conflict.node, format!("clients send {sends} to {host}, which takes mutual TLS only"))
        .label("what clients send")
        .note(format!(
            "the server resets the connection: 503 UC in {} and wherever else this rule is used",
            conflict.client.describe()
        ))
        .help("leave `tls` out: sidecars agree by themselves; or use ISTIO_MUTUAL");
    if let Some(place) = conflict.server.node {
        draft = draft.related(place, "what the server takes");
    }
    draft
}
