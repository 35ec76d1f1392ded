//! `describe service`, and the block on a service.

use crate::document::Document;
use crate::istio::{DestinationRule, VirtualService};
use crate::kube::{Labels, Object, PodTemplate, Service};
use crate::mesh;

use super::destination_rule::{self, Subsets};
use super::virtual_service::{self, Destination};
use super::world::{World, phase, statuses};
use super::{ingress, proxy};

/// Describes a service.
///
/// # Errors
/// There is none of this name.
pub fn describe_service(world: &World<'_>, name: &str) -> Result<String, String> {
    let (name, namespace) = name.split_once('.').unwrap_or((name, &world.namespace));
    let service =
        world.object("Service", namespace, name).ok_or_else(|| format!("there is no Service {namespace}/{name}"))?;
    let mut out = String::new();
    let pods = world.pods_of(service);
    if pods.is_empty() {
        out.push_str(&format!("Service \"{}\" has no pods.\n", world.called(name, namespace)));
        return Ok(out);
    }
    let usable: Vec<PodTemplate<'_>> = pods.iter().copied().filter(|pod| is_usable(*pod, &mut out)).collect();
    if usable.is_empty() {
        let (name, count) = (world.called(name, namespace), pods.len());
        out.push_str(&format!("Service \"{name}\" has no Istio pods.  ({count} pods in service).\n"));
        out.push_str("Use `istioctl kube-inject` or redeploy with Istio automatic sidecar injection.\n");
        return Ok(out);
    }
    print(world, service, &usable, &mut out);
    ingress::print(world, service, &usable, &mut out);
    Ok(out)
}

fn is_usable(pod: PodTemplate<'_>, out: &mut String) -> bool {
    if phase(pod) != "Running" {
        out.push_str(&format!("   Pod is not Running ({})\n", phase(pod)));
        return false;
    }
    let is_proxy = |name: Option<&str>| name == Some("istio-proxy");
    // The injector adds the proxy to what a workload makes.
    let is_pod = pod.owner.kind() == "Pod";
    if is_pod && !pod.containers().any(|container| is_proxy(container.text_at("name").map(|n| n.value))) {
        out.push_str(&format!("Pod {}: no container \"istio-proxy\" in pod\n", pod.owner.name()));
        return false;
    }
    if statuses(pod, "containerStatuses").iter().any(|(name, ready)| is_proxy(Some(name)) && !ready) {
        out.push_str(&format!("WARNING: Pod {} Container istio-proxy NOT READY\n", pod.owner.name()));
        return false;
    }
    true
}

/// A port of a service, for which the rules are looked up.
pub(super) struct Port {
    pub(super) number: u64,
}

/// Prints the block on a service that the pods serve.
pub(super) fn print(world: &World<'_>, object: Object<'_>, pods: &[PodTemplate<'_>], out: &mut String) {
    let Some(service) = Service::of(object) else { return };
    out.push_str(&format!("Service: {}\n", world.called(object.name(), object.namespace())));
    for port in service.ports() {
        // istioctl looks at ports that say that they are TCP. The API server makes them say it;
        // manifests that were never applied leave it out.
        let default = if pods.iter().any(|pod| pod.owner.kind() != "Pod") { "TCP" } else { "" };
        if port.node.text_at("protocol").map_or(default, |protocol| protocol.value) != "TCP" {
            continue;
        }
        out.push_str(&port_line(port, pods));
    }
    let dump = pods.iter().find_map(|pod| world.dump(*pod));
    if dump.is_none() {
        out.push_str("   (from manifests, without a dump)\n");
    }
    let ports: Vec<u64> = service.ports().map(|port| u64::from(port.number)).collect();
    let labels: Vec<Labels<'_>> = pods.iter().map(|pod| pod.labels()).collect();
    let is_several = ports.len() > 1;
    for number in ports {
        let indent = if is_several { "   " } else { "" };
        if is_several {
            out.push_str(&format!("{number}:\n"));
        }
        print_port(world, object, dump, &labels, &Port { number }, indent, out);
        let policies = dump.map(proxy::authorization).unwrap_or_default();
        if !policies.is_empty() {
            let prefix = if is_several { format!("{number} ") } else { String::new() };
            out.push_str(&format!("{indent}{prefix}RBAC policies: {}\n", policies.join(", ")));
        }
    }
}

fn port_line(port: crate::kube::ServicePort<'_>, pods: &[PodTemplate<'_>]) -> String {
    let name = port.name();
    let protocol = match (name.is_empty(), port.app_protocol()) {
        (true, None) => "auto-detect",
        (_, app) => protocol(app.unwrap_or(name)),
    };
    let target = port.node.get("targetPort").and_then(crate::document::Node::text);
    let number = match target {
        None => Some(u64::from(port.number)),
        Some(text) => text.parse().ok().or_else(|| named_port(text, pods)),
    };
    match (number, target) {
        (Some(number), _) => format!("   Port: {name} {}/{protocol} targets pod port {number}\n", port.number),
        (None, target) => format!("   no pod has a port named {}\n", target.unwrap_or_default()),
    }
}

/// The protocol that a name declares, as Istio writes it.
fn protocol(name: &str) -> &'static str {
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_prefix("kubernetes.io/").unwrap_or(&lower);
    if lower == "grpc-web" || lower.starts_with("grpc-web-") {
        return "GRPC-Web";
    }
    match lower.split('-').next().unwrap_or_default() {
        "http" | "ws" => "HTTP",
        "http2" | "h2c" => "HTTP2",
        "https" | "wss" => "HTTPS",
        "grpc" => "GRPC",
        "tcp" => "TCP",
        "tls" => "TLS",
        "udp" => "UDP",
        "mongo" => "Mongo",
        "mysql" => "MySQL",
        "redis" => "Redis",
        "hbone" => "HBONE",
        _ => "UnsupportedProtocol",
    }
}

fn named_port(name: &str, pods: &[PodTemplate<'_>]) -> Option<u64> {
    let ports = pods.iter().flat_map(|pod| pod.containers().collect::<Vec<_>>()).filter_map(|c| c.get("ports"));
    let mut ports = ports.flat_map(crate::document::Node::items);
    let port = ports.find(|port| port.text_at("name").is_some_and(|own| own.value == name))?;
    port.get("containerPort")?.as_u64()
}

fn print_port(
    world: &World<'_>,
    service: Object<'_>,
    dump: Option<&Document>,
    labels: &[Labels<'_>],
    port: &Port,
    indent: &str,
    out: &mut String,
) {
    let host = mesh::fqdn(service.name(), service.namespace(), &world.domain);
    let rule = rule_of(world, service, dump, &host, port, indent, out);
    let subsets = rule.map(|rule| Subsets::of(rule, labels)).unwrap_or_default();
    if let Some(rule) = rule {
        destination_rule::print(world, rule, &subsets, indent, out);
    }
    let source = match dump {
        Some(dump) => proxy::virtual_service(dump, service.name(), service.namespace(), port.number),
        None => by_manifests(world, "VirtualService", &host),
    };
    if let Some((namespace, name)) = source {
        let found = world.object("VirtualService", &namespace, &name).and_then(VirtualService::of);
        match found {
            Some(found) => {
                let destination = Destination { host: &host, subsets: &subsets, rule };
                virtual_service::print(world, found, &destination, indent, out);
            }
            None => stale(world, "virtual service", &name, &namespace, indent, out),
        }
    }
}

/// The DestinationRule that holds for a host's port; says so if the proxy has one that is gone.
pub(super) fn rule_of<'d>(
    world: &World<'d>,
    service: Object<'_>,
    dump: Option<&Document>,
    host: &str,
    port: &Port,
    indent: &str,
    out: &mut String,
) -> Option<DestinationRule<'d>> {
    let _ = service;
    let (namespace, name) = match dump {
        Some(dump) => proxy::destination_rule(dump, host, port.number)?,
        None => by_manifests(world, "DestinationRule", host)?,
    };
    let found = world.object("DestinationRule", &namespace, &name).and_then(DestinationRule::of);
    if found.is_none() {
        stale(world, "destination rule", &name, &namespace, indent, out);
    }
    found
}

fn stale(world: &World<'_>, kind: &str, name: &str, namespace: &str, indent: &str, out: &mut String) {
    let _ = world;
    out.push_str(&format!(
        "{indent}WARNING: Proxy is stale; it references to non-existent {kind} {name}.{namespace}\n"
    ));
}

/// The first resource of a kind that names the host.
fn by_manifests(world: &World<'_>, kind: &str, host: &str) -> Option<proxy::Source> {
    let names_it = |object: &Object<'_>| {
        let spec = object.spec();
        let one = spec.and_then(|spec| spec.text_at("host")).map(|host| host.value);
        let several = spec.into_iter().flat_map(|spec| spec.texts_at("hosts")).map(|host| host.value);
        one.into_iter().chain(several).any(|own| mesh::resolve(own, object.namespace(), &world.domain) == host)
    };
    let found = world.of_kind(kind).find(names_it)?;
    Some((found.namespace().to_owned(), found.name().to_owned()))
}
