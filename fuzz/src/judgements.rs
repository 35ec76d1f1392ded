//! What must hold between the parts of the model.

use std::mem::discriminant;

use meshlint::document::Document;
use meshlint::envoy;
use meshlint::input::Text;
use meshlint::kube;
use meshlint::mesh::{
    Client, Cluster, DestinationUse, GeneratedRoute, MESH_GATEWAY, Mesh, NoEffect, Options, PreparedVirtualService,
    Scope,
};
use meshlint::routing::{Condition, Request};

use crate::choices::Choices;
use crate::meshes::text;

/// Clients of one audience find the same.
pub fn audiences_find_the_same(manifests: &str, options: &Options) {
    let document = Document::read("fuzz", Text::from(manifests));
    let (objects, _) = kube::objects(&document);
    let mut options = options.clone();
    for object in &objects {
        options.apply_config_map(*object);
    }
    let mesh = Mesh::new(&objects, &options);
    for service in mesh.virtual_services.iter().filter(|s| s.gateways.iter().any(|g| g.name == MESH_GATEWAY)) {
        let audiences = mesh.audiences(service);
        let members: usize = audiences.iter().map(|audience| audience.len()).sum();
        assert_eq!(members, mesh.clients.len(), "every client belongs to one audience");
        for audience in &audiences {
            let Some((first, others)) = audience.split_first() else { continue };
            let expected = found_by(first, service, &mesh);
            for other in others {
                let (name, found) = (service.view.object.id(), found_by(other, service, &mesh));
                assert_eq!(expected, found, "{name}: {} and {} differ", first.describe(), other.describe());
            }
        }
    }
}

/// Everything that a client finds in a VirtualService, without a word on who it is.
fn found_by<'d>(client: &Client<'d>, service: &PreparedVirtualService<'d>, mesh: &Mesh<'d>) -> Vec<String> {
    let scope = Scope::of(mesh, client);
    let effect = scope.effect_of(mesh, service);
    let mut found = Vec::new();
    for host in &effect.virtual_hosts {
        let routes: Vec<_> = host.routes.iter().map(route).collect();
        found.push(format!("{} {:?} {} {routes:?}", host.host, host.named.node, host.port));
        found.extend(scope.destinations(mesh, host).iter().map(|use_| destination(use_)));
    }
    found.extend(scope.layer4_destinations(mesh, service).iter().map(|use_| destination(use_)));
    found.extend(effect.failures.iter().map(|(host, failure)| {
        let with = match failure {
            NoEffect::Conflict(other) => other.view.object.id().to_string(),
            NoEffect::NotHttp(service) => service.object().id().to_string(),
            _ => String::new(),
        };
        format!("{:?} {:?} {with}", host.node, discriminant(failure))
    }));
    found
}

fn route(route: &GeneratedRoute<'_, '_>) -> (u32, Option<*const ()>) {
    (route.route.route.node.index(), route.condition.map(|condition| std::ptr::from_ref(condition).cast()))
}

fn destination(use_: &DestinationUse<'_, '_>) -> String {
    let (service, rule) = match use_.cluster {
        Cluster::Present { service } | Cluster::UnderWildcard { service } | Cluster::Invisible { service } => {
            (Some(service), None)
        }
        Cluster::Withheld { service } | Cluster::UnknownPort { service } | Cluster::Alias { service } => {
            (Some(service), None)
        }
        Cluster::WithoutEndpoints { service, rule }
        | Cluster::UnknownSubset { service, rule }
        | Cluster::EmptySubset { service, rule } => (Some(service), rule),
        Cluster::UnknownHost => (None, None),
    };
    let service = service.map(|s| (s.object().id().to_string(), s.host_node.index()));
    let rule = rule.map(|rule| std::ptr::from_ref(rule));
    format!(
        "{:?} {} {} {:?} {service:?} {rule:?}",
        use_.destination.node,
        use_.host,
        use_.port,
        discriminant(&use_.cluster)
    )
}

/// Where one condition covers another, every request that meets the other meets it.
pub fn covering_is_sound(texts: &[String], choices: &mut Choices<'_>) {
    let documents: Vec<Document> = texts.iter().map(|text| Document::read("fuzz", Text::from(text.as_str()))).collect();
    let options = Options::default();
    let objects: Vec<_> = documents.iter().flat_map(|document| kube::objects(document).0).collect();
    let mesh = Mesh::new(&objects, &options);
    let mut tables: Vec<Vec<Condition>> = Vec::new();
    for service in &mesh.virtual_services {
        let alternatives = service.routes.iter().flat_map(|route| &route.matches);
        tables.push(alternatives.map(Condition::of_virtual_service).collect());
    }
    for dump in documents.iter().flat_map(envoy::dumps) {
        for host in dump.route_configurations().into_iter().flat_map(|config| config.virtual_hosts()) {
            tables.push(host.routes().map(Condition::of_envoy).collect());
        }
    }
    for _ in 0..8 {
        let path = format!("/{}", ["", "a", "a/", "a/b", "A", "ab", "b", "a\u{e9}"][choices.below(8)]);
        let query = ["", "x=1", "q=/a&x", "q"][choices.below(4)];
        let headers: Vec<(&str, &str)> = choices.several(3, |c| (c.of(&["x", "y", "end-user"]), text(c)));
        let request = Request {
            method: choices.of(&["GET", "POST"]),
            authority: choices.of(&["a", "b", "ext.example.com"]),
            scheme: "http",
            path: &path,
            query_string: query,
            headers: &headers,
        };
        for table in &tables {
            for (outer, inner) in table.iter().flat_map(|outer| table.iter().map(move |inner| (outer, inner))) {
                let escapes = inner.takes(&request) == Some(true) && outer.takes(&request) == Some(false);
                assert!(!(outer.covers(inner) && escapes), "{outer:?} does not cover {inner:?}: {request:?}");
            }
            for condition in table.iter().filter(|condition| condition.takes_everything()) {
                assert_ne!(condition.takes(&request), Some(false), "{condition:?} does not take {request:?}");
            }
        }
    }
}
