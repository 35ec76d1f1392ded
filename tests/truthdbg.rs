use std::collections::{BTreeMap, BTreeSet};
use meshlint::document::Document;
use meshlint::input::Text;
use meshlint::kube;
use meshlint::mesh::*;

#[test]
fn truth() {
    let root = std::path::Path::new("../shared/conformance/istiod-truth");
    let (mut vs_total, mut vs_ok, mut shown) = (0, 0, 0);
    let mut dirs: Vec<_> = std::fs::read_dir(root).unwrap().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    for dir in dirs {
        let text = std::fs::read_to_string(dir.join("manifests.yaml")).unwrap();
        let truth: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(dir.join("truth.json")).unwrap()).unwrap();
        let doc = Document::read("m", Text::from(text.as_str()));
        let (objects, _) = kube::objects(&doc);
        let mut options = Options::default();
        options.complete.add("all").unwrap();
        let mesh = Mesh::new(&objects, &options);
        let proxies: Vec<&str> = truth["proxies"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        for (name, expected) in truth["virtual_services"].as_object().unwrap() {
            vs_total += 1;
            let vs = mesh.virtual_services.iter().find(|v| format!("{}/{}", v.namespace, v.view.object.name()) == *name).unwrap();
            let mut seen = BTreeSet::new();
            let mut dests: BTreeMap<(String, String, String, u64), BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
            for proxy in &proxies {
                let (ns, _) = proxy.split_once('.').unwrap();
                let mut add = |scope: &Scope, vhs: &[VirtualHost]| {
                    for vh in vhs {
                        seen.insert(proxy.to_string());
                        for u in scope.destinations(&mesh, vh) {
                            let state = match u.cluster { Cluster::Present { .. } => "ok", Cluster::WithoutEndpoints { .. } | Cluster::Withheld { .. } => "no-endpoints", _ => "missing" };
                            dests.entry((if u.is_mirror { "mirror" } else { "route" }.into(), u.host.clone(), u.destination.subset.map_or("", |s| s.value).into(), u.port.into())).or_default().entry(state.into()).or_default().insert(proxy.to_string());
                        }
                    }
                };
                if proxy.ends_with("ingressgateway") {
                    let client = mesh.gateway_clients.iter().find(|c| c.namespace == ns).unwrap();
                    let scope = Scope::of(&mesh, client);
                    for g in &vs.gateways {
                        if g.name == MESH_GATEWAY { continue; }
                        let Some(gw) = mesh.gateway(&g.name) else { continue };
                        let e = scope.gateway_effect(&mesh, vs, gw);
                        add(&scope, &e.virtual_hosts);
                    }
                } else {
                    let Some(client) = mesh.clients.iter().find(|c| c.namespace == ns) else { panic!("{proxy}") };
                    let scope = Scope::of(&mesh, client);
                    let e = scope.effect_of(&mesh, vs);
                    add(&scope, &e.virtual_hosts);
                }
            }
            let exp_seen: BTreeSet<String> = expected["seen_by"].as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_string()).collect();
            let mut exp: BTreeMap<(String, String, String, u64), BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
            for d in expected["destinations"].as_array().unwrap() {
                let e = exp.entry((d["kind"].as_str().unwrap().into(), d["host"].as_str().unwrap().into(), d["subset"].as_str().unwrap().into(), d["port"].as_u64().unwrap())).or_default();
                for s in ["ok", "missing", "no-endpoints"] {
                    if let Some(a) = d.get(s) { e.insert(s.into(), a.as_array().unwrap().iter().map(|x| x.as_str().unwrap().to_string()).collect()); }
                }
            }
            if seen == exp_seen && dests == exp { vs_ok += 1; }
            else if shown < 12 {
                shown += 1;
                println!("== {} {name}: seen {seen:?}\n   expected    {exp_seen:?}", dir.file_name().unwrap().to_str().unwrap());
                for (k, v) in &dests { if exp.get(k) != Some(v) { println!("   ours {k:?} {v:?}"); } }
                for (k, v) in &exp { if dests.get(k) != Some(v) { println!("   want {k:?} {v:?}"); } }
            }
        }
    }
    println!("{vs_ok} of {vs_total}");
}
