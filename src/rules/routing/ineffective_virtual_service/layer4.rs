//! Why no connection meets the `tls` and `tcp` routes of a VirtualService that has no others
//! (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#TLSRoute>).

use super::{Effects, GatewayRef, Reason, names_unknown_gateway, names_unserved_gateway};
use crate::document::Node;
use crate::istio::Server;
use crate::mesh::{
    CompleteKind, Layer4Kind, Mesh, NoLayer4Effect, Port, PreparedVirtualService, Protocol, Service, fqdn,
    is_subset_of, is_wildcard, kubernetes_parts,
};
use crate::rules::Context;

/// The reason that is nearest to an effect, of all proxies.
pub(super) fn reason<'d>(
    context: &Context<'_, 'd>,
    service: &PreparedVirtualService<'d>,
    effects: &Effects<'_, 'd>,
    gateways: &[GatewayRef<'_>],
) -> Option<Reason<'d>> {
    let mesh = context.mesh;
    if is_explained(mesh, service, effects, gateways) || is_open(mesh, service, effects) {
        return None;
    }
    let nearest = effects.layer4.failures.iter().rev().max_by_key(|(_, _, failure)| failure.rank());
    let (client, gateway, failure) = nearest?;
    Some(match failure {
        NoLayer4Effect::NotExported => match gateway {
            Some(gateway) => super::not_exported_to_gateway(service, client, gateway),
            None => super::not_exported(service),
        },
        NoLayer4Effect::NotImported => super::not_imported(service, effects),
        NoLayer4Effect::NoService => no_service(mesh, service)?,
        NoLayer4Effect::NoServer | NoLayer4Effect::Privileged(_) => return None,
        NoLayer4Effect::Alias(target) => alias(service, target),
        NoLayer4Effect::OtherProtocol(target, port) => other_protocol(context, service, target, port),
        NoLayer4Effect::OtherServer(server) => other_server(service, *server),
        NoLayer4Effect::NoMatch(target, port) => {
            let what = format!("port {} of {}", port.number, context.brief(&target.host));
            no_match(service, port.node, &what)
        }
        NoLayer4Effect::NoMatchAtServer(server) => {
            let what = format!("port {} of this server", server.port().map_or(0, |p| p.value));
            no_match(service, server.node, &what)
        }
        NoLayer4Effect::Taken(winner) => taken(service, winner),
    })
}

/// Whether a rule of its own says why, or pods that nobody knows may use it.
fn is_explained(
    mesh: &Mesh<'_>,
    service: &PreparedVirtualService<'_>,
    effects: &Effects<'_, '_>,
    gateways: &[GatewayRef<'_>],
) -> bool {
    names_unknown_gateway(mesh, gateways)
        || names_unserved_gateway(mesh, gateways)
        || effects.layer4.failures.iter().any(|(_, _, failure)| matches!(failure, NoLayer4Effect::NoServer))
        || service.view.hosts().any(|h| mesh.half_qualified(h.value).is_some())
}

/// Whether a service that is not among the inputs may have one of the hosts: sidecars that have
/// the VirtualService would listen for it.
fn is_open(mesh: &Mesh<'_>, service: &PreparedVirtualService<'_>, effects: &Effects<'_, '_>) -> bool {
    let has_it = |failure: &NoLayer4Effect<'_, '_>| {
        !matches!(failure, NoLayer4Effect::NotExported | NoLayer4Effect::NotImported)
    };
    let mut failures = effects.layer4.failures.iter();
    if !failures.any(|(_, gateway, failure)| gateway.is_none() && has_it(failure)) {
        return false;
    }
    let is_known = |host: &str| match is_wildcard(host) {
        false => mesh.services_of(host).next().is_some() || mesh.knows_host(host, service.namespace),
        true => knows_all_within(mesh, host, service.namespace),
    };
    !service.hosts.iter().all(|h| is_known(&h.value))
}

fn knows_all_within(mesh: &Mesh<'_>, wildcard: &str, namespace: &str) -> bool {
    let options = mesh.options;
    let ingress = fqdn("istio-ingressgateway", &options.root_namespace, &options.cluster_domain);
    if mesh.assumes_ingress_gateway() && is_subset_of(&ingress, wildcard) {
        return false; // its service has ports of many kinds
    }
    let is_in_one_namespace = kubernetes_parts(wildcard, &options.cluster_domain).is_some();
    options.complete.covers_all(CompleteKind::Services) || (is_in_one_namespace && mesh.knows_host(wildcard, namespace))
}

fn first_entry<'d>(service: &PreparedVirtualService<'d>) -> Option<Node<'d>> {
    service.layer4.first().map(|route| route.node)
}

fn no_service<'d>(mesh: &Mesh<'d>, service: &PreparedVirtualService<'d>) -> Option<Reason<'d>> {
    let host = service.hosts.first()?;
    let declared = mesh.services_within(&host.value).next();
    let label = match declared {
        Some(_) => "no client that has the VirtualService sees a service of this host",
        None => "no service has this host, and sidecars listen for connections to services only",
    };
    Some(Reason {
        place: Some(host.node),
        label: label.to_owned(),
        help: "name the host of a service, or declare it by a ServiceEntry".to_owned(),
        related: declared.map(|declared| (declared.host_node, "declared here".to_owned())),
    })
}

fn alias<'d>(service: &PreparedVirtualService<'d>, target: &Service<'d>) -> Reason<'d> {
    Reason {
        place: service.hosts.first().map(|h| h.node),
        label: "sidecars do not listen for a service that stands for another host".to_owned(),
        help: format!("name `{}`, and declare it by a ServiceEntry", target.alias_of.unwrap_or_default()),
        related: Some((target.host_node, "of type ExternalName".to_owned())),
    }
}

fn other_protocol<'d>(
    context: &Context<'_, 'd>,
    service: &PreparedVirtualService<'d>,
    target: &Service<'d>,
    port: &Port<'d>,
) -> Reason<'d> {
    let place = format!("port {} of {}", port.number, context.brief(&target.host));
    let (asked, help) = match port.protocol {
        Protocol::Http => ("http", "write `http` routes, or, if it does not speak HTTP, let the port's name say so"),
        Protocol::Tls => {
            ("tls", "write `tls` routes with `sniHosts`, or, if it does not speak TLS, let the port's name say so")
        }
        Protocol::Tcp | Protocol::Sniffed => {
            ("tcp", "write `tcp` routes, or, if it speaks TLS, let the port's name start with `tls-` or `https-`")
        }
        Protocol::Udp => return udp(service, port),
    };
    Reason {
        place: first_entry(service),
        label: format!("for {place}, sidecars ask `{asked}` routes only"),
        help: help.to_owned(),
        related: Some((port.node, "declared here".to_owned())),
    }
}

fn udp<'d>(service: &PreparedVirtualService<'d>, port: &Port<'d>) -> Reason<'d> {
    Reason {
        place: service.hosts.first().map(|h| h.node),
        label: "sidecars leave UDP alone".to_owned(),
        help: "leave the VirtualService out".to_owned(),
        related: Some((port.node, "speaks UDP".to_owned())),
    }
}

fn other_server<'d>(service: &PreparedVirtualService<'d>, server: Server<'d>) -> Reason<'d> {
    let (label, help) = match server.tls() {
        _ if server.is_http_routed() => ("its server ends connections and looks at requests", "use `http` routes"),
        Some(tls) if tls.is_auto_passthrough() => {
            ("its server goes by the names of clusters, and asks no routes", "let the server's mode be PASSTHROUGH")
        }
        Some(tls) if tls.is_passthrough() => {
            ("its server passes TLS on, by `tls` routes only", "use `tls` routes with `sniHosts`")
        }
        Some(_) => {
            ("its server ends TLS, and asks `tcp` routes then", "use `tcp` routes, or let the server pass TLS on")
        }
        None => (
            "its server does not look for TLS, and asks `tcp` routes only",
            "use `tcp` routes, or let the server pass TLS on",
        ),
    };
    Reason {
        place: first_entry(service),
        label: label.to_owned(),
        help: help.to_owned(),
        related: Some((server.node, "the server for this host".to_owned())),
    }
}

fn no_match<'d>(service: &PreparedVirtualService<'d>, place: Node<'d>, what: &str) -> Reason<'d> {
    let mut conditions = service.layer4.iter().flat_map(|route| &route.matches);
    let condition = conditions.next().map(|m| m.node.get("port").unwrap_or(m.node));
    Reason {
        place: condition.or_else(|| first_entry(service)),
        label: "no connection that comes in here meets its port or gateway".to_owned(),
        help: "use a port of the service (or of the Gateway's server), or leave the condition out".to_owned(),
        related: Some((place, format!("{what} is one for which these routes are asked"))),
    }
}

fn taken<'d>(service: &PreparedVirtualService<'d>, winner: &PreparedVirtualService<'d>) -> Reason<'d> {
    let kind = if winner.has_layer4(Layer4Kind::Tcp) { "connections" } else { "server names" };
    Reason {
        place: service.hosts.first().map(|h| h.node),
        label: format!(
            "{} takes all its {kind}: it is exported more narrowly, older, or first by name",
            winner.view.object.id()
        ),
        help: "move the routes into one VirtualService".to_owned(),
        related: Some((winner.view.object.name_node(), "this one is used".to_owned())),
    }
}
