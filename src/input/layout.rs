//! What the paths in a bug report say: which proxy a file is of, and which answer of whom it is.
//!
//! Files have no endings that tell, so the path decides where it can, and the content elsewhere.
//! Every layout of `istioctl bug-report` since Istio 1.8 and that of must-gather is known; the folder
//! above may have any name, or be missing.

use std::path::Path;

/// What a file of a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The configuration dump of a proxy.
    Dump,
    /// Another answer of a proxy: `clusters`, `certs`, ….
    Proxy(&'static str),
    /// An answer of istiod: `istiod syncz`, ….
    Istiod(&'static str),
    /// Resources of the cluster.
    Manifests,
    /// What the tool that made the bundle noted: `versions`, `analyze`, ….
    Note(&'static str),
    /// A log.
    Log,
    /// Something that the path does not tell.
    Unknown,
}

/// What the path of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub role: Role,
    /// The pod it is of, with its namespace.
    pub pod: Option<(String, String)>,
}

impl Place {
    pub(super) const UNKNOWN: Self = Self { role: Role::Unknown, pod: None };

    /// Reads a path within a bundle. `must-gather.local.X/image/namespaces/…` is two levels deep, and
    /// people put reports into folders of theirs.
    pub fn of(path: &str) -> Self {
        found(&parts(path)).map_or(Self::UNKNOWN, |(_, place)| place)
    }

    /// `pod.namespace`.
    pub fn proxy(&self) -> Option<String> {
        self.pod.as_ref().map(|(namespace, pod)| format!("{pod}.{namespace}"))
    }
}

/// The folder of the bundle that a path leads into, within an archive that may hold those of several
/// clusters; empty if the path tells nothing.
pub fn root_of(path: &str) -> String {
    let parts = parts(path);
    let depth = found(&parts).map_or(0, |(depth, _)| depth);
    parts.get(..depth).unwrap_or_default().join("/")
}

fn parts(path: &str) -> Vec<&str> {
    path.split(['/', '\\']).filter(|part| !part.is_empty()).collect()
}

/// What a path says, and how many folders stand above the bundle.
fn found(parts: &[&str]) -> Option<(usize, Place)> {
    let mut depths = (0..parts.len().min(5)).filter_map(|depth| Some((depth, place_of(parts.get(depth..)?)?)));
    depths.next()
}

/// Answers of a proxy's admin interface, by the files that hold them.
const PROXY: [&str; 12] = [
    "certs",
    "clusters",
    "listeners",
    "logging",
    "memory",
    "server_info",
    "runtime",
    "netstat",
    "stats",
    "prometheus",
    "proxy_stats",
    "init_dump",
];
/// Answers of istiod, by the files that hold them.
const ISTIOD: [(&str, &str); 22] = [
    ("adsz", "istiod adsz"),
    ("ambientz", "istiod ambientz"),
    ("authorizationz", "istiod authorizationz"),
    ("cachez", "istiod cachez"),
    ("cdsz", "istiod cdsz"),
    ("clusterz", "istiod clusterz"),
    ("configz", "istiod configz"),
    ("endpointShardz", "istiod endpointShardz"),
    ("endpointz", "istiod endpointz"),
    ("inject", "istiod inject"),
    ("instancesz", "istiod instancesz"),
    ("krtz", "istiod krtz"),
    ("mcsz", "istiod mcsz"),
    ("mesh", "istiod mesh"),
    ("metrics", "istiod metrics"),
    ("networkz", "istiod networkz"),
    ("push_status", "istiod push_status"),
    ("registryz", "istiod registryz"),
    ("resourcesz", "istiod resourcesz"),
    ("syncz", "istiod syncz"),
    ("telemetryz", "istiod telemetryz"),
    ("edsz", "istiod edsz"),
];
/// Notes of the tool, by the files that hold them.
const NOTES: [&str; 5] = ["describe-pods", "events", "cluster-context", "kubectl-version", "versions"];

fn place_of(parts: &[&str]) -> Option<Place> {
    let of_pod = |role, namespace: &str, pod: &str| Place { role, pod: Some((namespace.to_owned(), pod.to_owned())) };
    let plain = |role| Place { role, pod: None };
    Some(match *parts {
        ["proxies", namespace, pod, ref rest @ ..] => of_pod(proxy_file(rest)?, namespace, pod),
        ["istio", namespace, pod, "debug", name] => of_pod(Role::Istiod(istiod(name)), namespace, pod),
        ["istio", namespace, pod, "metrics"] => of_pod(Role::Istiod("istiod metrics"), namespace, pod),
        ["istio" | "operator", namespace, pod, log] if is_log(log) => of_pod(Role::Log, namespace, pod),
        ["cni", .., log] if is_log(log) => plain(Role::Log),
        ["cluster", name] => plain(cluster_file(name)?),
        ["analyze", _, ..] => plain(Role::Note("analyze")),
        ["bug-report.log"] => plain(Role::Note("bug-report.log")),
        ["versions"] => plain(Role::Note("versions")),
        ["namespaces", namespace, "pods", pod, name] => of_pod(gathered(name)?, namespace, pod),
        ["namespaces", namespace, "pods", pod, .., log] if is_log(log) => of_pod(Role::Log, namespace, pod),
        ["namespaces", _, "debug-syncz.json"] | ["namespaces", _, _, "debug-syncz.json"] => {
            plain(Role::Istiod("istiod syncz"))
        }
        ["namespaces" | "cluster-scoped-resources", .., name] if is_manifest(name) => plain(Role::Manifests),
        _ => return None,
    })
}

/// A file below `proxies/NAMESPACE/POD`.
fn proxy_file(rest: &[&str]) -> Option<Role> {
    match *rest {
        ["stats", "prometheus"] => Some(Role::Proxy("stats")),
        ["cores", ..] => Some(Role::Proxy("core")),
        [name] if is_log(name) => Some(Role::Log),
        [name] if is_dump(name) => Some(Role::Dump),
        [name] => {
            let name = ["", ".json", ".txt", ".gz"].into_iter().find_map(|ending| {
                let stem = name.strip_suffix(ending)?;
                PROXY.into_iter().find(|known| *known == stem)
            });
            name.map(Role::Proxy)
        }
        _ => None,
    }
}

/// `config_dump?include_eds`, and what unpackers on Windows make of it.
fn is_dump(name: &str) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let name = name.strip_suffix(".json").unwrap_or(name);
    let Some(rest) = name.strip_prefix("config_dump") else {
        return false;
    };
    matches!(rest, "" | "_proxy") || rest.ends_with("include_eds")
}

fn istiod(name: &str) -> &'static str {
    let name = name.split('.').next().unwrap_or(name);
    ISTIOD.iter().find(|(known, _)| *known == name).map_or("istiod debug", |(_, label)| label)
}

/// A file of `cluster/`.
fn cluster_file(name: &str) -> Option<Role> {
    let name = [".yaml", ".json", ".txt"].into_iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    if let Some(note) = NOTES.into_iter().find(|known| *known == name) {
        return Some(Role::Note(note));
    }
    let holds_resources =
        matches!(name, "k8s-resources" | "k8s-cluster-resources" | "crs" | "nodes" | "pods" | "secrets");
    holds_resources.then_some(Role::Manifests)
}

/// A file of must-gather in the folder of a pod.
fn gathered(name: &str) -> Option<Role> {
    match name {
        "config_dump_proxy.json" => Some(Role::Dump),
        "config_dump_istiod.json" => Some(Role::Istiod("istiod config_dump")),
        "proxy_stats" => Some(Role::Proxy("stats")),
        _ if is_manifest(name) => Some(Role::Manifests),
        _ => None,
    }
}

fn is_log(name: &str) -> bool {
    name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".log").is_some()
}

fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
}

/// Whether a folder is a bug report or a must-gather: it, or the only folder in it, holds what they
/// hold.
pub(super) fn is_bundle(folder: &Path) -> bool {
    let mut folder = folder.to_owned();
    for _ in 0..3 {
        if holds_a_bundle(&folder) {
            return true;
        }
        let mut folders = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut folders = folders.by_ref().map(|entry| entry.path()).filter(|path| path.is_dir());
        let (Some(only), None) = (folders.next(), folders.next()) else {
            return false;
        };
        folder = only;
    }
    false
}

/// What lies in the folder of a bug report, by which it is known.
const REPORT: [&str; 6] = ["bug-report.log", "versions", "proxies", "cluster/k8s-resources", "cluster/crs", "analyze"];

/// Whether a folder holds what a bug report or a must-gather holds.
pub(super) fn holds_a_bundle(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    let gathered = has("namespaces") && (has("cluster-scoped-resources") || has("version"));
    gathered || REPORT.iter().filter(|name| has(name)).count() >= 2
}

/// Whether a file or folder of this name may lie in the folder of a bundle.
pub(super) fn is_mark(name: &str) -> bool {
    matches!(name, "namespaces" | "cluster") || REPORT.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_place(path: &str, role: Role, proxy: Option<&str>) {
        let place = Place::of(path);
        assert_eq!((place.role, place.proxy().as_deref()), (role, proxy), "{path}");
    }

    #[test]
    fn files_of_bug_reports_are_known_under_any_folder() {
        for root in ["", "bug-report/", "./case-17/bug-report/"] {
            let at = |path: &str| format!("{root}{path}");
            for name in
                ["config_dump", "config_dump?include_eds", "config_dump_include_eds", "config_dump%3Finclude_eds.json"]
            {
                assert_place(&at(&format!("proxies/shop/web-1/{name}")), Role::Dump, Some("web-1.shop"));
            }
            assert_place(&at("proxies/shop/web-1/stats/prometheus"), Role::Proxy("stats"), Some("web-1.shop"));
            assert_place(&at("proxies/shop/web-1/clusters"), Role::Proxy("clusters"), Some("web-1.shop"));
            assert_place(&at("proxies/shop/web-1/istio-proxy.log"), Role::Log, Some("web-1.shop"));
            assert_place(
                &at("istio/istio-system/istiod-7/debug/syncz"),
                Role::Istiod("istiod syncz"),
                Some("istiod-7.istio-system"),
            );
            assert_place(&at("cluster/crs"), Role::Manifests, None);
            assert_place(&at("cluster/kubectl-version"), Role::Note("kubectl-version"), None);
            assert_place(&at("analyze/allNamespaces/allNamespaces"), Role::Note("analyze"), None);
            assert_place(&at("cni/istio-cni-node-x/cni.log"), Role::Log, None);
            assert_place(&at("versions"), Role::Note("versions"), None);
        }
    }

    #[test]
    fn files_of_must_gather_are_known_under_the_folder_of_the_image() {
        let at = |path: &str| format!("must-gather.local.42/quay-io-istio-must-gather-sha256-1/{path}");
        assert_place(&at("namespaces/shop/pods/web-1/config_dump_proxy.json"), Role::Dump, Some("web-1.shop"));
        let istiods = Role::Istiod("istiod config_dump");
        assert_place(&at("namespaces/shop/pods/web-1/config_dump_istiod.json"), istiods, Some("web-1.shop"));
        assert_place(&at("namespaces/shop/pods/web-1/web-1.yaml"), Role::Manifests, Some("web-1.shop"));
        assert_place(&at("namespaces/shop/pods/web-1/proxy_stats"), Role::Proxy("stats"), Some("web-1.shop"));
        let log = "namespaces/shop/pods/web-1/app/app/logs/current.log";
        assert_place(&at(log), Role::Log, Some("web-1.shop"));
        assert_place(&at("namespaces/istio-system/default/debug-syncz.json"), Role::Istiod("istiod syncz"), None);
        assert_place(&at("namespaces/istio-system/debug-syncz.json"), Role::Istiod("istiod syncz"), None);
        assert_place(&at("namespaces/shop/networking.istio.io/virtualservices/web.yaml"), Role::Manifests, None);
        assert_place(&at("cluster-scoped-resources/core/nodes/a.yaml"), Role::Manifests, None);
    }

    #[test]
    fn other_paths_tell_nothing() {
        for path in ["a.yaml", "istio/values.yaml", "cluster/main.tf", "proxies/web", "src/config_dump.rs"] {
            assert_eq!(Place::of(path), Place::UNKNOWN, "{path}");
        }
    }
}
