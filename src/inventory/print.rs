//! An inventory for people.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use super::{Inventory, Proxy};

/// How many secrets are listed.
const SECRETS: usize = 20;

/// Prints an inventory.
///
/// # Errors
/// Those of the output.
pub fn write_inventory(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let files = if inventory.files == 1 { "file" } else { "files" };
    writeln!(out, "{}: {} {files}, {}", inventory.bundle, inventory.files, size(inventory.bytes))?;
    if !inventory.bundles.is_empty() {
        let bundles: Vec<&str> = inventory.bundles.iter().map(String::as_str).collect();
        writeln!(out, "bundles     {}: what follows is of all of them together", bundles.join(", "))?;
    }
    for (name, text) in head(inventory).into_iter().filter(|(_, text)| !text.is_empty()) {
        writeln!(out, "{name:<12}{text}")?;
    }
    proxies(inventory, out)?;
    list("missing", &inventory.missing, usize::MAX, out)?;
    let secrets: Vec<String> = inventory.secrets.iter().map(|s| format!("{}: {}", s.file, s.what)).collect();
    list("secrets in clear", &secrets, SECRETS, out)?;
    let unreadable: Vec<String> = inventory.unreadable.iter().map(|u| format!("{}: {}", u.file, u.reason)).collect();
    list("cannot be read", &unreadable, usize::MAX, out)
}

fn head(inventory: &Inventory) -> [(&'static str, String); 6] {
    let Inventory { istio, kubernetes, envoy, .. } = inventory;
    let control_plane = istio.control_plane.iter().map(|(revision, version)| format!("{version} ({revision})"));
    let control_plane: Vec<String> = control_plane.collect();
    [
        ("captured", captured(inventory)),
        (
            "Istio",
            parts([
                ("control plane", control_plane.join(", ")),
                ("proxies", counts(&istio.proxies)),
                ("istioctl", istio.client.clone().unwrap_or_default()),
            ]),
        ),
        ("Envoy", counts(envoy)),
        (
            "Kubernetes",
            parts([
                ("server", kubernetes.server.clone().unwrap_or_default()),
                ("nodes", counts(&kubernetes.nodes)),
                ("kubectl", kubernetes.client.clone().unwrap_or_default()),
            ]),
        ),
        ("istiod", istiods(inventory)),
        ("resources", resources(&inventory.resources)),
    ]
}

fn captured(inventory: &Inventory) -> String {
    let captured = &inventory.captured;
    match (&captured.started, &captured.oldest_file, &captured.newest_file) {
        (Some(started), ..) => started.clone(),
        (None, Some(oldest), Some(newest)) if oldest == newest => format!("{newest}, by the times of the files"),
        (None, Some(oldest), Some(newest)) => format!("{oldest} to {newest}, by the times of the files"),
        _ => String::new(),
    }
}

fn istiods(inventory: &Inventory) -> String {
    let one = |istiod: &super::Istiod| {
        let answers: Vec<&str> = istiod.debug.iter().copied().chain(istiod.has_log.then_some("log")).collect();
        format!("{}: {}", istiod.pod, answers.join(", "))
    };
    inventory.istiod.iter().map(one).collect::<Vec<_>>().join("\n            ")
}

/// `250 Service, 3 VirtualService`, the most numerous first.
fn resources(kinds: &BTreeMap<String, usize>) -> String {
    let mut kinds: Vec<_> = kinds.iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
    kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

fn counts(versions: &BTreeMap<String, usize>) -> String {
    let all = versions.iter().map(|(version, count)| format!("{version} ({count})"));
    all.collect::<Vec<_>>().join(", ")
}

fn parts<const N: usize>(parts: [(&str, String); N]) -> String {
    let known = parts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}"));
    known.collect::<Vec<_>>().join(" · ")
}

/// Proxies by namespace and workload, with what their dumps hold.
fn proxies(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    if inventory.proxies.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nproxies ({})", inventory.proxies.len())?;
    let width = inventory.proxies.iter().map(|proxy| proxy.workload.chars().count()).max().unwrap_or(0);
    for of_namespace in inventory.proxies.chunk_by(|a, b| a.namespace == b.namespace) {
        let namespace = of_namespace.first().map_or("", |proxy| proxy.namespace.as_str());
        let namespace = if namespace.is_empty() { "(no namespace)" } else { namespace };
        writeln!(out, "  {namespace} ({})", of_namespace.len())?;
        for of_workload in of_namespace.chunk_by(|a, b| (&a.workload, what(a)) == (&b.workload, what(b))) {
            let Some(first) = of_workload.first() else { continue };
            let kind = if first.kind.is_empty() { "?" } else { &first.kind };
            writeln!(out, "    {:<width$} {:>4}  {kind:<9} {}", first.workload, of_workload.len(), what(first))?;
        }
    }
    Ok(())
}

/// The sections of a proxy's dump.
fn what(proxy: &Proxy) -> String {
    match (&proxy.dump, proxy.kind.as_str()) {
        (None, _) => "not captured".to_owned(),
        (Some(_), "ztunnel") => "dump of a ztunnel".to_owned(),
        (Some(_), _) if proxy.sections.is_empty() => "empty dump".to_owned(),
        (Some(_), _) => proxy.sections.join(" "),
    }
}

fn list(title: &str, lines: &[impl Display], limit: usize, out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for line in lines.iter().take(limit) {
        writeln!(out, "  {line}")?;
    }
    match lines.len().saturating_sub(limit) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more; --format json lists all of them"),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
