//! Meshes and dumps from a stream of choices. Few names, so that things refer to each other, hide
//! each other and collide.

use serde_json::{Map, Value, json};

use crate::choices::Choices;

const NAMESPACES: &[&str] = &["alpha", "beta", "gamma", "istio-system"];
const NAMES: &[&str] = &["s0", "s1", "s2"];
const VERSIONS: &[&str] = &["v1", "v2", "v3"];
const PORTS: &[u64] = &[80, 8080, 9090, 443, 5432];
const PORT_NAMES: &[&str] = &["http", "http-web", "grpc", "tcp-db", "tls", "auto", "https", "udp-x"];
const HOSTS: &[&str] = &[
    "s0",
    "s1",
    "s2",
    "s0.alpha.svc.cluster.local",
    "s1.alpha.svc.cluster.local",
    "s0.beta.svc.cluster.local",
    "s1.beta.svc.cluster.local",
    "s2.gamma.svc.cluster.local",
    "s0.alpha",
    "s1.beta.svc",
    "*",
    "*.local",
    "*.beta.svc.cluster.local",
    "ext.example.com",
    "api.example.com",
    "*.example.com",
    "s9",
    "nowhere.example.org",
    "*-x.example.com",
    "",
];
const TEXTS: &[&str] = &[
    "/", "/a", "/a/", "/a/b", "/A", "/ab", "a", "", "b", "GET", "é", "x=1", "/a.*", ".*", "[", "a|/", "(?i)/A", "/a?",
];
const EXPORTS: &[&str] = &[".", "*", "~", "alpha", "beta"];
const GATEWAYS: &[&str] = &["mesh", "gw", "alpha/gw", "beta/gw", "istio-system/gw", "gw2", "nowhere/gw"];

/// The resources of a mesh, as JSON texts one behind the other.
pub fn manifests(choices: &mut Choices<'_>) -> Vec<Value> {
    let mut objects = Vec::new();
    while !choices.is_empty() && objects.len() < 30 {
        objects.push(object(choices));
    }
    objects
}

fn object(c: &mut Choices<'_>) -> Value {
    let (api_version, kind, spec) = match c.below(16) {
        0..4 => ("networking.istio.io/v1", "VirtualService", virtual_service(c)),
        4..6 => ("networking.istio.io/v1beta1", "DestinationRule", destination_rule(c)),
        6..8 => ("v1", "Service", service(c)),
        8..10 => ("apps/v1", "Deployment", deployment(c)),
        10 => ("networking.istio.io/v1alpha3", "Gateway", gateway(c)),
        11 => ("networking.istio.io/v1", "Sidecar", sidecar(c)),
        12 => ("networking.istio.io/v1", "ServiceEntry", service_entry(c)),
        13 => ("security.istio.io/v1", "PeerAuthentication", peer_authentication(c)),
        14 => ("security.istio.io/v1", "AuthorizationPolicy", authorization_policy(c)),
        _ => return other(c),
    };
    let mut metadata = metadata(c);
    if kind == "Gateway" && c.below(2) == 0 {
        metadata.insert("name".into(), json!(c.of(&["gw", "gw2"])));
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
}

fn metadata(c: &mut Choices<'_>) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("name".into(), json!(c.of(NAMES)));
    if !c.once_in(8) {
        metadata.insert("namespace".into(), json!(c.of(NAMESPACES)));
    }
    if c.once_in(8) {
        let day = c.below(3) + 1;
        metadata.insert("creationTimestamp".into(), json!(format!("2024-01-0{day}T00:00:00Z")));
    }
    metadata
}

fn other(c: &mut Choices<'_>) -> Value {
    let namespace = c.of(NAMESPACES);
    match c.below(6) {
        0 => {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"istio-injection": "enabled"}}})
        }
        1 => {
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cert", "namespace": namespace}, "data": {"tls.crt": "YWJj"}})
        }
        2 => {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ingress", "namespace": namespace, "labels": {"istio": "ingressgateway", "app": "gw"}}, "spec": {"containers": [{"name": "istio-proxy"}]}})
        }
        3 => {
            let mesh = json!({
                "defaultServiceExportTo": exports(c), "defaultVirtualServiceExportTo": exports(c),
                "defaultDestinationRuleExportTo": exports(c), "rootNamespace": c.of(NAMESPACES),
                "outboundTrafficPolicy": {"mode": c.of(&["REGISTRY_ONLY", "ALLOW_ANY"])},
            });
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": mesh.to_string()}})
        }
        4 => json!({"apiVersion": "v1", "kind": "List", "items": [object(c), object(c)]}),
        _ => {
            json!({"apiVersion": "networking.istio.io/v1", "kind": c.of(&["EnvoyFilter", "VirtualServic", "WorkloadEntry"]), "metadata": metadata(c), "spec": {}})
        }
    }
}

fn exports(c: &mut Choices<'_>) -> Value {
    json!(c.several(2, |c| c.of(EXPORTS)))
}

fn labels(c: &mut Choices<'_>) -> Value {
    let mut labels = Map::new();
    if !c.once_in(4) {
        labels.insert("app".into(), json!(c.of(NAMES)));
    }
    if c.once_in(2) {
        labels.insert("version".into(), json!(c.of(VERSIONS)));
    }
    Value::Object(labels)
}

fn service(c: &mut Choices<'_>) -> Value {
    let ports = c.several(3, |c| {
        let mut port = json!({"name": c.of(PORT_NAMES), "port": c.of(PORTS)});
        if c.once_in(3) {
            port["targetPort"] = c.of(&[json!(8080), json!("web"), json!(0)].each_ref()).clone();
        }
        if c.once_in(6) {
            port["appProtocol"] = json!(c.of(&["http", "tcp", "grpc", "kubernetes.io/h2c"]));
        }
        port
    });
    let mut spec = json!({"ports": ports});
    match c.below(6) {
        0 => spec["clusterIP"] = json!("None"),
        1 => spec = json!({"type": "ExternalName", "externalName": c.of(HOSTS)}),
        _ => {}
    }
    if !c.once_in(5) {
        spec["selector"] = labels(c);
    }
    spec
}

fn deployment(c: &mut Choices<'_>) -> Value {
    let labels = labels(c);
    let ports = c.several(2, |c| json!({"name": c.of(&["web", "http"]), "containerPort": c.of(PORTS)}));
    json!({"replicas": c.below(3), "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "ports": ports}]}}})
}

fn text_match(c: &mut Choices<'_>) -> Value {
    match c.below(5) {
        4 => json!({}),
        kind => json!({(["exact", "prefix", "regex", "prefix"][kind]): c.of(TEXTS)}),
    }
}

fn http_match(c: &mut Choices<'_>) -> Value {
    let mut part = Map::new();
    for _ in 0..c.below(4) {
        let (key, value) = match c.below(12) {
            0..3 => ("uri", text_match(c)),
            3 => ("headers", json!({(c.of(&["x", "X", "end-user"])): text_match(c)})),
            4 => ("withoutHeaders", json!({(c.of(&["x", "y"])): text_match(c)})),
            5 => ("queryParams", json!({(c.of(&["q", "x"])): text_match(c)})),
            6 => ("sourceLabels", labels(c)),
            7 => ("sourceNamespace", json!(c.of(NAMESPACES))),
            8 => ("port", json!(c.of(PORTS))),
            9 => ("gateways", json!(c.several(2, |c| c.of(GATEWAYS)))),
            10 => ("ignoreUriCase", json!(c.below(2) == 0)),
            _ => (c.of(&["method", "authority", "scheme"]), text_match(c)),
        };
        part.insert(key.into(), value);
    }
    Value::Object(part)
}

fn destination(c: &mut Choices<'_>) -> Value {
    let mut destination = json!({"host": c.of(HOSTS)});
    if c.once_in(2) {
        destination["subset"] = json!(c.of(VERSIONS));
    }
    if c.once_in(3) {
        destination["port"] = json!({"number": c.of(PORTS)});
    }
    destination
}

fn routes(c: &mut Choices<'_>) -> Value {
    json!(c.several(3, |c| {
        let mut route = json!({"destination": destination(c)});
        if c.once_in(3) {
            route["weight"] = json!(c.of(&[0, 1, 50, 100]));
        }
        route
    }))
}

fn virtual_service(c: &mut Choices<'_>) -> Value {
    let mut spec = json!({"hosts": c.several(3, |c| c.of(HOSTS))});
    if c.once_in(3) {
        spec["gateways"] = json!(c.several(3, |c| c.of(GATEWAYS)));
    }
    if c.once_in(3) {
        spec["exportTo"] = exports(c);
    }
    let http = c.several(4, |c| {
        let mut route = Map::new();
        if c.once_in(2) {
            route.insert("match".into(), json!(c.several(3, http_match)));
        }
        match c.below(8) {
            0 => route.insert("redirect".into(), json!({"uri": c.of(TEXTS)})),
            1 => route.insert("directResponse".into(), json!({"status": 503})),
            2 => route.insert("delegate".into(), json!({"name": c.of(NAMES), "namespace": c.of(NAMESPACES)})),
            _ => route.insert("route".into(), routes(c)),
        };
        if c.once_in(6) {
            route.insert("mirror".into(), destination(c));
        }
        if c.once_in(4) {
            route.insert("name".into(), json!(c.of(NAMES)));
        }
        Value::Object(route)
    });
    spec["http"] = json!(http);
    if c.once_in(5) {
        spec["tcp"] = json!([{"match": [{"port": c.of(PORTS)}], "route": routes(c)}]);
    }
    if c.once_in(5) {
        spec["tls"] =
            json!([{"match": [{"port": c.of(PORTS), "sniHosts": c.several(2, |c| c.of(HOSTS))}], "route": routes(c)}]);
    }
    spec
}

fn tls(c: &mut Choices<'_>) -> Value {
    json!({"tls": {"mode": c.of(&["ISTIO_MUTUAL", "DISABLE", "SIMPLE", "MUTUAL"])}})
}

fn destination_rule(c: &mut Choices<'_>) -> Value {
    let mut spec = json!({"host": c.of(HOSTS)});
    spec["subsets"] = json!(c.several(3, |c| {
        let mut subset = json!({"name": c.of(VERSIONS), "labels": labels(c)});
        if c.once_in(4) {
            subset["trafficPolicy"] = tls(c);
        }
        subset
    }));
    if c.once_in(3) {
        spec["exportTo"] = exports(c);
    }
    if c.once_in(3) {
        spec["trafficPolicy"] = tls(c);
    }
    if c.once_in(5) {
        spec["workloadSelector"] = json!({"matchLabels": labels(c)});
    }
    spec
}

fn gateway(c: &mut Choices<'_>) -> Value {
    let servers = c.several(3, |c| {
        let hosts = c.several(3, |c| match c.once_in(3) {
            true => format!("{}/{}", c.of(&["alpha", ".", "*", "beta"]), c.of(HOSTS)),
            false => c.of(HOSTS).to_owned(),
        });
        let mut server = json!({"hosts": hosts, "port": {"number": c.of(PORTS), "name": c.of(PORT_NAMES), "protocol": c.of(&["HTTP", "HTTPS", "TLS", "TCP", "GRPC", "X"])}});
        if c.once_in(2) {
            server["tls"] = json!({"mode": c.of(&["SIMPLE", "PASSTHROUGH", "MUTUAL"]), "credentialName": c.of(&["cert", "other", ""])});
        }
        server
    });
    let selector = c.of(&[json!({"istio": "ingressgateway"}), json!({"app": "gw"}), json!({})].each_ref()).clone();
    json!({"selector": selector, "servers": servers})
}

fn sidecar(c: &mut Choices<'_>) -> Value {
    let egress = c.several(3, |c| {
        let mut entry = json!({"hosts": c.several(3, |c| format!("{}/{}", c.of(&["*", ".", "~", "alpha", "beta", "~*"]), c.of(HOSTS)))});
        if c.once_in(4) {
            entry["port"] = json!({"number": c.of(PORTS), "protocol": c.of(&["HTTP", "HTTP_PROXY", "TCP"])});
        }
        entry
    });
    let mut spec = json!({"egress": egress});
    if c.once_in(2) {
        spec["workloadSelector"] = json!({"labels": labels(c)});
    }
    spec
}

fn service_entry(c: &mut Choices<'_>) -> Value {
    let mut spec = json!({
        "hosts": c.several(2, |c| c.of(HOSTS)),
        "ports": c.several(2, |c| json!({"number": c.of(PORTS), "name": c.of(PORT_NAMES), "protocol": c.of(&["HTTP", "TCP", "TLS", "HTTPS"])})),
        "resolution": c.of(&["NONE", "STATIC", "DNS"]),
        "location": c.of(&["MESH_EXTERNAL", "MESH_INTERNAL"]),
    });
    match c.below(4) {
        0 => spec["workloadSelector"] = json!({"labels": labels(c)}),
        1 => spec["endpoints"] = json!([{"address": "1.2.3.4", "labels": labels(c)}]),
        _ => {}
    }
    if c.once_in(3) {
        spec["exportTo"] = exports(c);
    }
    spec
}

fn peer_authentication(c: &mut Choices<'_>) -> Value {
    let mut spec = json!({"mtls": {"mode": c.of(&["STRICT", "PERMISSIVE", "DISABLE", "UNSET"])}});
    if c.once_in(2) {
        spec["selector"] = json!({"matchLabels": labels(c)});
    }
    if c.once_in(3) {
        spec["portLevelMtls"] = json!({(c.of(&["80", "8080", "x"])): {"mode": c.of(&["STRICT", "DISABLE"])}});
    }
    spec
}

fn authorization_policy(c: &mut Choices<'_>) -> Value {
    let rules = c.several(2, |c| {
        json!({
            "from": [{"source": {"namespaces": c.several(2, |c| c.of(NAMESPACES)), "principals": c.several(1, |c| c.of(HOSTS))}}],
            "to": [{"operation": {"hosts": c.several(1, |c| c.of(HOSTS)), "paths": c.several(2, |c| c.of(TEXTS))}}],
        })
    });
    let mut spec = json!({"rules": rules, "action": c.of(&["ALLOW", "DENY", "CUSTOM"])});
    if c.once_in(2) {
        spec["selector"] = json!({"matchLabels": labels(c)});
    }
    spec
}

/// A config dump with routes, clusters, endpoints and a listener.
pub fn dump(c: &mut Choices<'_>) -> Value {
    let any = |name: &str| format!("type.googleapis.com/envoy.admin.v3.{name}ConfigDump");
    let configurations: Vec<Value> =
        c.several(3, |c| json!({"version_info": "1", "route_config": route_configuration(c)}));
    let clusters: Vec<Value> = c.several(4, |c| {
        let name = cluster_name(c);
        json!({"cluster": {"name": name, "type": c.of(&["EDS", "STATIC", "ORIGINAL_DST", "STRICT_DNS"]), "eds_cluster_config": {"service_name": name}}})
    });
    let endpoints: Vec<Value> = c.several(3, |c| {
        let hosts: Vec<Value> = c.several(2, |c| json!({"endpoint": {"address": {"socket_address": {"address": "1.2.3.4", "port_value": c.of(PORTS)}}}, "health_status": c.of(&["HEALTHY", "UNHEALTHY"])}));
        json!({"endpoint_config": {"cluster_name": cluster_name(c), "endpoints": [{"lb_endpoints": hosts}]}})
    });
    let listeners: Vec<Value> = c.several(2, |c| {
        let state = json!({"listener": listener(c)});
        let slot = c.of(&["active_state", "warming_state", "draining_state"]);
        let mut entry = json!({"name": "l", (slot): state});
        if c.once_in(5) {
            entry["error_state"] = json!({"details": "no", "last_update_attempt": "2024-01-01T00:00:00Z", "failed_configuration": listener(c)});
        }
        entry
    });
    let slot = c.of(&["dynamic_active_clusters", "static_clusters", "dynamic_warming_clusters"]);
    json!({"configs": [
        {"@type": any("Bootstrap"), "bootstrap": {"node": {"id": "sidecar~1.2.3.4~s0.alpha~alpha.svc.cluster.local"}}},
        {"@type": any("Clusters"), (slot): clusters},
        {"@type": any("Endpoints"), "dynamic_endpoint_configs": endpoints},
        {"@type": any("Listeners"), "dynamic_listeners": listeners},
        {"@type": any("Routes"), "dynamic_route_configs": configurations},
    ]})
}

fn cluster_name(c: &mut Choices<'_>) -> String {
    match c.below(4) {
        0 => c.of(NAMES).to_owned(),
        _ => {
            let subset = c.of(&["", "v1", "v2"]);
            format!("outbound|{}|{subset}|{}", c.of(PORTS), c.of(HOSTS))
        }
    }
}

fn listener(c: &mut Choices<'_>) -> Value {
    let filters = |c: &mut Choices<'_>| {
        let manager =
            "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
        let proxy = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
        match c.below(3) {
            0 => {
                json!([{"name": "http", "typed_config": {"@type": manager, "rds": {"route_config_name": c.of(NAMES)}}}])
            }
            1 => json!([{"name": "http", "typed_config": {"@type": manager, "route_config": route_configuration(c)}}]),
            _ => json!([{"name": "tcp", "typed_config": {"@type": proxy, "cluster": cluster_name(c)}}]),
        }
    };
    let chains: Vec<Value> = c.several(3, |c| {
        let condition = match c.below(4) {
            0 => json!({"server_names": [c.of(HOSTS)]}),
            1 => json!({"destination_port": c.of(PORTS)}),
            2 => json!({"transport_protocol": "tls", "application_protocols": ["h2"]}),
            _ => json!({}),
        };
        json!({"filter_chain_match": condition, "filters": filters(c), "name": c.of(NAMES)})
    });
    let inspectors: Vec<Value> = c.several(2, |c| json!({"name": c.of(&["envoy.filters.listener.tls_inspector", "envoy.filters.listener.original_dst", "other"])}));
    json!({"name": "l", "address": {"socket_address": {"address": "0.0.0.0", "port_value": c.of(PORTS)}}, "filter_chains": chains, "listener_filters": inspectors})
}

fn route_configuration(c: &mut Choices<'_>) -> Value {
    let hosts: Vec<Value> = c.several(3, |c| {
        let domains = c.several(3, |c| match c.once_in(3) {
            true => format!("{}:{}", c.of(HOSTS), c.of(PORTS)),
            false => c.of(HOSTS).to_owned(),
        });
        json!({"name": c.of(HOSTS), "domains": domains, "routes": c.several(5, envoy_route)})
    });
    json!({"name": c.of(NAMES), "virtual_hosts": hosts, "ignore_port_in_host_matching": c.once_in(4)})
}

fn envoy_route(c: &mut Choices<'_>) -> Value {
    let mut condition = Map::new();
    let text = c.of(TEXTS);
    match c.below(7) {
        0..3 => condition.insert("prefix".into(), json!(text)),
        3 => condition.insert("path".into(), json!(text)),
        4 => condition.insert("safe_regex".into(), json!({"regex": text})),
        5 => condition.insert("path_separated_prefix".into(), json!(text)),
        _ => condition.insert("connect_matcher".into(), json!({})),
    };
    if c.once_in(4) {
        condition.insert("case_sensitive".into(), json!(c.below(2) == 0));
    }
    if c.once_in(2) {
        condition.insert("headers".into(), json!(c.several(2, envoy_header)));
    }
    if c.once_in(4) {
        let mut parameter = envoy_header(c);
        parameter["name"] = json!(c.of(&["q", "x"]));
        condition.insert("query_parameters".into(), json!([parameter]));
    }
    if c.once_in(12) {
        condition.insert("runtime_fraction".into(), json!({"default_value": {"numerator": 50}}));
    }
    let mut route = json!({"match": condition});
    match c.below(6) {
        0 => route["redirect"] = json!({"host_redirect": "x"}),
        1 => route["direct_response"] = json!({"status": 404}),
        2 => {
            route["route"] = json!({"weighted_clusters": {"clusters": c.several(3, |c| json!({"name": cluster_name(c), "weight": c.below(3)}))}})
        }
        _ => route["route"] = json!({"cluster": cluster_name(c)}),
    }
    if c.once_in(3) {
        route["name"] = json!(c.of(NAMES));
    }
    route
}

fn envoy_header(c: &mut Choices<'_>) -> Value {
    let mut header = json!({"name": c.of(&["x", "X", ":method", ":authority", "host", "y"])});
    let text = c.of(TEXTS);
    match c.below(7) {
        0 => header["exact_match"] = json!(text),
        1 => header["string_match"] = json!({(c.of(&["exact", "prefix", "suffix", "contains"])): text}),
        2 => header["string_match"] = json!({"safe_regex": {"regex": text}}),
        3 => header["string_match"] = json!({"exact": text, "ignore_case": true}),
        4 => header["present_match"] = json!(c.below(2) == 0),
        5 => header["range_match"] = json!({"start": "1", "end": "5"}),
        _ => {}
    }
    if c.once_in(3) {
        header["invert_match"] = json!(true);
    }
    if c.once_in(4) {
        header["treat_missing_header_as_empty"] = json!(true);
    }
    header
}

/// The texts that requests are made of.
pub fn text(c: &mut Choices<'_>) -> &'static str {
    c.of(TEXTS)
}
