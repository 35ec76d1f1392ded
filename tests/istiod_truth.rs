//! Random meshes with what a real istiod made of every VirtualService in them
//! (`../shared/conformance/istiod-truth`).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use meshlint::document::Document;
use meshlint::engine::{Settings, run};
use meshlint::finding::{Finding, Subject};
use meshlint::input::{Text, discover};
use meshlint::kube;
use meshlint::mesh::{Cluster, MESH_GATEWAY, Mesh, Options, Scope, VirtualHost};
use serde_json::Value;

/// Rules that say that a destination is dead.
const DEAD: [&str; 5] =
    ["unknown-host", "unknown-subset", "unknown-port", "invisible-destination", "half-qualified-host"];
/// Rules that say why a VirtualService has no effect.
const INEFFECTIVE: [&str; 9] = [
    "unknown-delegate",
    "conflicting-virtual-services",
    "unknown-gateway",
    "gateway-host-mismatch",
    "ineffective-virtual-service",
    "half-qualified-host",
    "http-route-on-tcp-port",
    "conflicting-gateways",
    "selector-selects-nothing",
];
/// Rules that say that something has no endpoints.
const EMPTY: [&str; 4] =
    ["subset-selects-nothing", "selector-selects-nothing", "unexported-destination", "unresolved-gateway-destination"];

fn meshes() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/istiod-truth");
    let Ok(folder) = std::fs::read_dir(&root) else {
        println!("skipped: {} is not here", root.display());
        return None;
    };
    let mut meshes: Vec<_> = folder.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    meshes.sort();
    Some(meshes)
}

fn truth_of(mesh: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(mesh.join("truth.json")).unwrap()).unwrap()
}

fn options() -> Options {
    let mut options = Options::default();
    options.complete.add("all").unwrap();
    options
}

fn is_about(finding: &Finding, service: &str, span: (u32, u32)) -> bool {
    let (namespace, name) = service.split_once('/').unwrap();
    let own = matches!(&finding.subject, Subject::Object(id) if id.kind == "VirtualService" && id.namespace == namespace && id.name == name);
    let within = |start: u32| span.0 <= start && start < span.1;
    own || within(finding.location.span.start) || finding.related.iter().any(|r| within(r.location.span.start))
}

/// What a linter must get right: dead destinations, sound VirtualServices, those without effect.
#[test]
fn findings_agree_with_istiods_verdicts() {
    let Some(meshes) = meshes() else { return };
    let settings = Settings { mesh: options(), ..Settings::default() };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for mesh in &meshes {
        let file = mesh.join("manifests.yaml");
        let analysis = run(discover(std::slice::from_ref(&file)), &settings);
        let document = Document::read("", Text::from(std::fs::read(&file).unwrap()));
        let (objects, _) = kube::objects(&document);
        for (service, verdict) in truth_of(mesh)["virtual_services"].as_object().unwrap() {
            let (namespace, name) = service.split_once('/').unwrap();
            let object =
                objects.iter().find(|o| o.kind() == "VirtualService" && o.name() == name && o.namespace() == namespace);
            let span = object.unwrap().node().span();
            let about = |rules: &[&str]| {
                let mut found = analysis.findings.iter().filter(|f| rules.contains(&f.rule.id));
                found.any(|f| is_about(f, service, (span.start, span.end)))
            };
            let has = |key: &str| verdict["destinations"].as_array().unwrap().iter().any(|d| d.get(key).is_some());
            let is_seen = !verdict["seen_by"].as_array().unwrap().is_empty();
            let is_whole = verdict["all_routes_generated"].as_bool().unwrap();
            let mut judge = |what: &'static str, right: bool| {
                *counts.entry(what).or_default() += 1;
                if !right {
                    wrong.push(format!("{} {service}: {what}", mesh.file_name().unwrap().display()));
                }
            };
            if has("missing") {
                judge("dead destination", about(&DEAD));
            } else if is_seen && is_whole {
                judge("sound", !about(&DEAD));
            }
            if is_seen {
                let mut all = analysis.findings.iter();
                let says_so = all.any(|f| f.message == format!("VirtualService {service} has no effect"));
                judge("has effect", !says_so);
            } else {
                judge("without effect", about(&INEFFECTIVE));
            }
            if has("no-endpoints") {
                let anywhere = analysis.findings.iter().any(|f| EMPTY.contains(&f.rule.id));
                judge("no endpoints", anywhere);
            }
        }
    }
    println!("{counts:?}, wrong: {}", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
}

type Destinations = BTreeMap<(String, String, String, u64), BTreeMap<String, BTreeSet<String>>>;

/// The model behind the rules, held against the whole of istiod's answer: who has each
/// VirtualService, and what each of its destinations is for each proxy.
#[test]
fn the_model_sees_what_istiod_sees() {
    /// Istiod gives endpoints to the trimmed copy of a service that is exported to nobody; no rule
    /// depends on it.
    const KNOWN: [&str; 1] = ["1134 beta/v3"];
    let Some(meshes) = meshes() else { return };
    let options = options();
    let mut different = Vec::new();
    let mut total = 0;
    for folder in &meshes {
        let document = Document::read("", Text::from(std::fs::read(folder.join("manifests.yaml")).unwrap()));
        let (objects, _) = kube::objects(&document);
        let mesh = Mesh::new(&objects, &options);
        let truth = truth_of(folder);
        let proxies: Vec<&str> = truth["proxies"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        for (name, verdict) in truth["virtual_services"].as_object().unwrap() {
            total += 1;
            let (seen, destinations) = ours(&mesh, name, &proxies);
            let expected: BTreeSet<String> = strings(&verdict["seen_by"]);
            if seen != expected || destinations != theirs(verdict) {
                different.push(format!("{} {name}", folder.file_name().unwrap().display()));
            }
        }
    }
    println!("{} of {total} VirtualServices exactly as istiod has them", total - different.len());
    assert_eq!(different, KNOWN);
}

fn strings(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(|s| s.as_str().unwrap().to_owned()).collect()
}

fn theirs(verdict: &Value) -> Destinations {
    let mut destinations = Destinations::new();
    for entry in verdict["destinations"].as_array().unwrap() {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        let states = destinations
            .entry((text("kind"), text("host"), text("subset"), entry["port"].as_u64().unwrap()))
            .or_default();
        for state in ["ok", "missing", "no-endpoints"] {
            if let Some(proxies) = entry.get(state) {
                states.insert(state.to_owned(), strings(proxies));
            }
        }
    }
    destinations
}

fn ours(mesh: &Mesh<'_>, name: &str, proxies: &[&str]) -> (BTreeSet<String>, Destinations) {
    let service =
        mesh.virtual_services.iter().find(|s| format!("{}/{}", s.namespace, s.view.object.name()) == name).unwrap();
    let mut seen = BTreeSet::new();
    let mut destinations = Destinations::new();
    for proxy in proxies {
        let namespace = proxy.split('.').next().unwrap();
        let mut take = |scope: &Scope<'_, '_>, hosts: &[VirtualHost<'_, '_>]| {
            for host in hosts {
                seen.insert((*proxy).to_owned());
                for used in scope.destinations(mesh, host) {
                    let state = match used.cluster {
                        Cluster::Present { .. } => "ok",
                        Cluster::WithoutEndpoints { .. } | Cluster::Withheld { .. } => "no-endpoints",
                        _ => "missing",
                    };
                    let kind = if used.is_mirror { "mirror" } else { "route" };
                    let subset = used.destination.subset.map_or("", |s| s.value);
                    let key = (kind.to_owned(), used.host.to_string(), subset.to_owned(), u64::from(used.port));
                    destinations
                        .entry(key)
                        .or_default()
                        .entry(state.to_owned())
                        .or_default()
                        .insert((*proxy).to_owned());
                }
            }
        };
        if proxy.ends_with("ingressgateway") {
            let client = mesh.gateway_clients.iter().find(|c| c.namespace == namespace).unwrap();
            let (scope, listeners) = (Scope::of(mesh, client), mesh.listeners_of(client));
            for gateway in
                service.gateways.iter().filter(|g| g.name != MESH_GATEWAY).filter_map(|g| mesh.gateway(&g.name))
            {
                take(&scope, &listeners.effect_of(service, gateway).virtual_hosts);
            }
        } else {
            let scope = Scope::of(mesh, mesh.clients.iter().find(|c| c.namespace == namespace).unwrap());
            take(&scope, &scope.effect_of(mesh, service).virtual_hosts);
        }
    }
    (seen, destinations)
}
