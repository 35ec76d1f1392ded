//! Through which gateways a service can be reached from outside.

use std::collections::BTreeSet;

use crate::document::Node;
use crate::istio::VirtualService;
use crate::kube::{Labels, Object, PodTemplate};
use crate::mesh;

use super::destination_rule::Subsets;
use super::proxy;
use super::service::{Port, rule_of};
use super::virtual_service::{self, Destination};
use super::world::{World, phase, text};

/// Prints what the ingress gateways say of a service.
pub(super) fn print(world: &World<'_>, service: Object<'_>, pods: &[PodTemplate<'_>], out: &mut String) {
    let gateways: Vec<PodTemplate<'_>> = world.pods(is_gateway);
    if gateways.is_empty() {
        out.push_str("Skipping Gateway information (no ingress gateway pods)\n");
        return;
    }
    let labels: Vec<Labels<'_>> = pods.iter().map(|pod| pod.labels()).collect();
    let mut seen = BTreeSet::new();
    for pod in &gateways {
        let Some(dump) = world.dump(*pod) else { continue };
        let ports = service.spec().and_then(|spec| spec.get("ports")).into_iter().flat_map(Node::items);
        for number in ports.filter_map(|port| port.get("port")?.as_u64()) {
            let Some((namespace, name)) = proxy::virtual_service(dump, service.name(), service.namespace(), number)
            else {
                continue;
            };
            let Some(found) = world.object("VirtualService", &namespace, &name).and_then(VirtualService::of) else {
                continue;
            };
            let host = mesh::fqdn(service.name(), service.namespace(), &world.domain);
            let mut ignored = String::new();
            let rule = rule_of(world, service, Some(dump), &host, &Port { number }, "", &mut ignored);
            let subsets = rule.map(|rule| Subsets::of(rule, &labels)).unwrap_or_default();
            let destination = Destination { host: &host, subsets: &subsets, rule };
            for gateway in gateways_of(found) {
                if seen.insert(gateway.clone()) {
                    print_gateway(world, &gateway, &gateways, (found, &destination), out);
                }
            }
        }
    }
}

/// Whether a pod is a running ingress gateway.
pub(super) fn is_gateway(pod: &PodTemplate<'_>) -> bool {
    pod.labels().get("istio") == Some("ingressgateway") && phase(*pod) == "Running"
}

/// `NAMESPACE`, `NAME` of the gateways that a VirtualService is bound to.
fn gateways_of(service: VirtualService<'_>) -> Vec<(String, String)> {
    let own = service.object.namespace();
    let names = service.gateways().map(|name| name.value).filter(|name| *name != "mesh");
    names
        .map(|name| {
            let (namespace, name) = name.split_once('/').unwrap_or((own, name));
            (namespace.to_owned(), name.to_owned())
        })
        .collect()
}

fn print_gateway(
    world: &World<'_>,
    (namespace, name): &(String, String),
    pods: &[PodTemplate<'_>],
    (service, destination): (VirtualService<'_>, &Destination<'_, '_>),
    out: &mut String,
) {
    let Some(gateway) = world.object("Gateway", namespace, name) else {
        let line = format!("WARNING: Proxy is stale; it references to non-existent gateway {namespace}/{name}\n");
        out.push_str(&line);
        return;
    };
    let selector = Labels::of(gateway.spec().and_then(|spec| spec.get("selector")));
    if selector.is_empty() {
        out.push_str(&format!("Ingress Gateway {namespace}/{name} be applied all workloads"));
        return;
    }
    let selected: Vec<PodTemplate<'_>> =
        pods.iter().copied().filter(|pod| selector.is_subset_of(&pod.labels())).collect();
    if selected.is_empty() {
        return;
    }
    out.push_str("--------------------\n");
    for url in urls(world, &selected) {
        out.push_str(&format!("Exposed on Ingress Gateway http://{url}\n"));
    }
    virtual_service::print(world, service, destination, "", out);
}

/// Where the gateways can be reached, by address.
fn urls(world: &World<'_>, pods: &[PodTemplate<'_>]) -> BTreeSet<String> {
    let mut urls = BTreeSet::new();
    for pod in pods {
        for service in world.of_kind("Service").filter(|service| service.namespace() == pod.owner.namespace()) {
            let selector = Labels::of(service.spec().and_then(|spec| spec.get("selector")));
            if selector.is_empty() || !selector.is_subset_of(&pod.labels()) {
                continue;
            }
            let balancer =
                service.node().get("status").and_then(|s| s.get("loadBalancer")).and_then(|l| l.get("ingress"));
            let address = balancer.and_then(|list| list.items().next()).and_then(|first| first.text_at("ip"));
            let host = text(pod.owner.node().get("status"), &["hostIP"]);
            let ip = address.map(|ip| ip.value).or(host).unwrap_or("unknown");
            let ports = service.spec().and_then(|spec| spec.get("ports")).into_iter().flat_map(Node::items);
            for port in ports.filter(|port| matches!(port.text_at("name").map(|n| n.value), Some("http" | "http2"))) {
                match port.get("port").and_then(Node::as_u64) {
                    Some(80) | None => urls.insert(ip.to_owned()),
                    Some(number) => urls.insert(format!("{ip}:{number}")),
                };
            }
        }
    }
    urls
}
