//! What a bundle should hold and does not.

use super::{Inventory, Proxy};

/// How many proxies are named.
const NAMED: usize = 5;

/// One line for each thing that is missing, the greatest first.
pub(super) fn of(inventory: &Inventory) -> Vec<String> {
    let mut lines = Vec::new();
    if inventory.resources.is_empty() {
        lines.push("resources of the cluster (cluster/k8s-resources, cluster/crs)".to_owned());
    } else if !inventory.resources.contains_key("Service") {
        lines.push("the cluster's Services (cluster/k8s-resources)".to_owned());
    }
    if !inventory.istiod.iter().any(|istiod| istiod.debug.contains("syncz")) {
        lines.push("istiod's syncz: which proxies have its configuration".to_owned());
    }
    if inventory.proxies.is_empty() {
        lines.push("any proxy".to_owned());
    }
    let without_dump = |proxy: &Proxy| proxy.dump.is_none();
    lines.extend(of_proxies("config_dump", &inventory.proxies, without_dump));
    for section in ["bootstrap", "clusters", "listeners", "routes", "endpoints"] {
        let lacks =
            |proxy: &Proxy| proxy.dump.is_some() && proxy.kind != "ztunnel" && !proxy.sections.contains(&section);
        let what = match section {
            "endpoints" => "endpoints in the dump (taken without include_eds)".to_owned(),
            _ => format!("{section} in the dump"),
        };
        lines.extend(of_proxies(&what, &inventory.proxies, lacks));
    }
    // A directory of dumps has none of these, which is nobody's loss.
    for file in ["clusters", "certs", "server_info", "log"] {
        if inventory.proxies.iter().any(|proxy| proxy.files.contains(file)) {
            let lacks = |proxy: &Proxy| proxy.kind != "ztunnel" && !proxy.files.contains(file);
            lines.extend(of_proxies(file, &inventory.proxies, lacks));
        }
    }
    lines
}

fn of_proxies(what: &str, proxies: &[Proxy], lacks: impl Fn(&Proxy) -> bool) -> Option<String> {
    let names: Vec<&str> = proxies.iter().filter(|proxy| lacks(proxy)).map(|proxy| proxy.name.as_str()).collect();
    let first = names.get(..NAMED).unwrap_or(&names).join(", ");
    match names.len() {
        0 => None,
        1 => Some(format!("{what}: {first}")),
        count if count <= NAMED => Some(format!("{what} of {count} proxies: {first}")),
        count => Some(format!("{what} of {count} proxies: {first} and {} more", count - NAMED)),
    }
}
