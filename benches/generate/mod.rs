//! Inputs for the benchmarks: meshes of any size, the same for the same seed.

pub(crate) mod rules;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

/// A small generator of numbers (SplitMix64): the inputs must not depend on a crate's version.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % limit
    }
}

const NAMES: [&str; 8] = ["cart", "catalog", "checkout", "payment", "reviews", "shipping", "users", "search"];
const NAMESPACES: [&str; 8] = ["shop", "edge", "data", "auth", "billing", "media", "mobile", "internal"];
const PORTS: [u16; 4] = [8080, 9080, 3000, 50051];

struct Service {
    name: String,
    namespace: &'static str,
    port: u16,
}

impl Service {
    fn numbered(number: usize) -> Self {
        Self {
            name: format!("{}-{number}", NAMES[number % NAMES.len()]),
            namespace: NAMESPACES[number / 3 % NAMESPACES.len()],
            port: PORTS[number / 5 % PORTS.len()],
        }
    }

    fn host(&self) -> String {
        format!("{}.{}.svc.cluster.local", self.name, self.namespace)
    }

    fn cluster(&self, subset: &str) -> String {
        format!("outbound|{}|{subset}|{}", self.port, self.host())
    }
}

/// Writes a config dump of about `bytes` bytes, as Envoy's admin endpoint prints it. One route in
/// two thousand leads nowhere.
pub(crate) fn dump(path: &Path, bytes: u64, seed: u64) -> io::Result<()> {
    let services = (bytes / 19_000).max(1) as usize;
    let services: Vec<_> = (0..services).map(Service::numbered).collect();
    let mut numbers = Numbers(seed);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"{\n \"configs\": [\n")?;
    let bootstrap = json!({
        "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
        "bootstrap": {"node": {"id": format!("sidecar~10.1.0.{}~client-{seed}.shop~shop.svc.cluster.local", seed % 250)}},
    });
    item(&mut out, 2, &bootstrap, false)?;
    let subsets = ["", "v1", "v2"];
    let clusters = services.iter().flat_map(|s| subsets.iter().map(move |subset| cluster(s, subset)));
    section(&mut out, "Clusters", "dynamic_active_clusters", clusters)?;
    let listeners = services.iter().map(listener);
    section(&mut out, "Listeners", "dynamic_listeners", listeners)?;
    section(&mut out, "ScopedRoutes", "inline_scoped_route_configs", std::iter::empty())?;
    let tables = PORTS.iter().map(|port| table(*port, &services, &mut numbers)).collect::<Vec<_>>();
    section(&mut out, "Routes", "dynamic_route_configs", tables.into_iter())?;
    let endpoints = services.iter().flat_map(|s| subsets.iter().map(move |subset| endpoints(s, subset)));
    section(&mut out, "Endpoints", "dynamic_endpoint_configs", endpoints)?;
    item(&mut out, 2, &json!({"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"}), true)?;
    out.write_all(b" ]\n}\n")?;
    out.flush()
}

fn section(out: &mut impl Write, kind: &str, list: &str, items: impl Iterator<Item = Value>) -> io::Result<()> {
    write!(
        out,
        "  {{\n   \"@type\": \"type.googleapis.com/envoy.admin.v3.{kind}ConfigDump\",\n   \"version_info\": \"2026-01-01T00:00:00Z/1\",\n   \"{list}\": [\n"
    )?;
    let mut items = items.peekable();
    while let Some(value) = items.next() {
        item(out, 4, &value, items.peek().is_none())?;
    }
    out.write_all(b"   ]\n  },\n")
}

/// One element of a list, indented by one space per level as Envoy does.
fn item(out: &mut impl Write, indent: usize, value: &Value, is_last: bool) -> io::Result<()> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    serde::Serialize::serialize(value, &mut serializer)?;
    let mut lines = text.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        out.write_all(&b"        "[..indent])?;
        out.write_all(line)?;
        let ends = lines.peek().is_none();
        out.write_all(if ends && !is_last { b",\n" } else { b"\n" })?;
    }
    Ok(())
}

fn cluster(service: &Service, subset: &str) -> Value {
    let name = service.cluster(subset);
    let tls = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": ["istio-peer-exchange", "istio"],
            "tls_certificate_sds_secret_configs": [{"name": "default", "sds_config": {"ads": {}, "resource_api_version": "V3"}}],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": [{
                    "san_type": "URI",
                    "matcher": {"exact": format!("spiffe://cluster.local/ns/{}/sa/{}", service.namespace, service.name)},
                }]},
                "validation_context_sds_secret_config": {"name": "ROOTCA", "sds_config": {"ads": {}, "resource_api_version": "V3"}},
            },
        },
        "sni": format!("outbound_.{}_.{subset}_.{}", service.port, service.host()),
    });
    json!({
        "version_info": "2026-01-01T00:00:00Z/1",
        "cluster": {
            "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            "name": name,
            "type": "EDS",
            "eds_cluster_config": {
                "eds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
                "service_name": name,
            },
            "connect_timeout": "10s",
            "lb_policy": "LEAST_REQUEST",
            "circuit_breakers": {"thresholds": [{"max_connections": 4_294_967_295_u32, "max_requests": 4_294_967_295_u32, "track_remaining": true}]},
            "metadata": {"filter_metadata": {"istio": {"services": [{"host": service.host(), "name": service.name, "namespace": service.namespace}]}}},
            "transport_socket_matches": [
                {"name": "tlsMode-istio", "match": {"tlsMode": "istio"}, "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls}},
                {"name": "tlsMode-disabled", "match": {}, "transport_socket": {"name": "envoy.transport_sockets.raw_buffer"}},
            ],
        },
        "last_updated": "2026-01-01T00:00:00.000Z",
    })
}

fn listener(service: &Service) -> Value {
    let access_log = json!([{"name": "envoy.access_loggers.file", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": "/dev/stdout",
        "log_format": {"text_format_source": {"inline_string": "[%START_TIME%] \"%REQ(:METHOD)% %PROTOCOL%\" %RESPONSE_CODE%\n"}},
    }}]);
    json!({
        "name": format!("10.96.0.1_{}_{}", service.port, service.name),
        "active_state": {
            "version_info": "2026-01-01T00:00:00Z/1",
            "listener": {
                "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
                "name": format!("10.96.0.1_{}_{}", service.port, service.name),
                "address": {"socket_address": {"address": "10.96.0.1", "port_value": service.port}},
                "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    "stat_prefix": format!("outbound_{}", service.port),
                    "rds": {"config_source": {"ads": {}, "resource_api_version": "V3"}, "route_config_name": service.port.to_string()},
                    "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
                    "tracing": {"client_sampling": {"value": 100}, "random_sampling": {"value": 1}, "overall_sampling": {"value": 100}},
                    "access_log": access_log,
                    "normalize_path": true,
                }}]}],
                "bind_to_port": false,
                "traffic_direction": "OUTBOUND",
            },
            "last_updated": "2026-01-01T00:00:00.000Z",
        },
    })
}

fn table(port: u16, services: &[Service], numbers: &mut Numbers) -> Value {
    let hosts = services.iter().filter(|service| service.port == port);
    let hosts: Vec<_> = hosts.map(|service| virtual_host(service, numbers)).collect();
    json!({
        "version_info": "2026-01-01T00:00:00Z/1",
        "route_config": {
            "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            "name": port.to_string(),
            "virtual_hosts": hosts,
            "validate_clusters": false,
            "ignore_port_in_host_matching": true,
        },
        "last_updated": "2026-01-01T00:00:00.000Z",
    })
}

fn virtual_host(service: &Service, numbers: &mut Numbers) -> Value {
    let route = |place: u64, matching: Value, cluster: String| {
        json!({
            "name": format!("{}-{place}", service.name),
            "match": matching,
            "route": {
                "cluster": cluster,
                "timeout": "0s",
                "retry_policy": {"retry_on": "connect-failure,refused-stream,unavailable,cancelled", "num_retries": 2,
                    "retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"}}],
                    "host_selection_retry_max_attempts": "5"},
                "max_grpc_timeout": "0s",
            },
            "metadata": {"filter_metadata": {"istio": {"config": format!("/apis/networking.istio.io/v1/namespaces/{}/virtual-service/{}", service.namespace, service.name)}}},
            "decorator": {"operation": format!("{}:{}/*", service.host(), service.port)},
        })
    };
    let mut routes: Vec<Value> = (0..3)
        .map(|place| {
            let subset = if numbers.below(2000) == 0 { "gone" } else { "v1" };
            route(place, json!({"prefix": format!("/api/v{place}/"), "case_sensitive": true}), service.cluster(subset))
        })
        .collect();
    routes.push(route(3, json!({"safe_regex": {"regex": "/item/[0-9]+(/.*)?"}}), service.cluster("v2")));
    routes.push(route(4, json!({"prefix": "/"}), service.cluster("")));
    json!({
        "name": format!("{}:{}", service.host(), service.port),
        "domains": [service.host(), format!("{}.{}", service.name, service.namespace), format!("{}.{}.svc", service.name, service.namespace)],
        "routes": routes,
        "include_request_attempt_count": true,
    })
}

fn endpoints(service: &Service, subset: &str) -> Value {
    let endpoint = |last: u8| {
        json!({
            "endpoint": {"address": {"socket_address": {"address": format!("10.244.3.{last}"), "port_value": service.port}}, "health_check_config": {}},
            "health_status": "HEALTHY",
            "metadata": {"filter_metadata": {"istio": {"workload": format!("{};{};{};v1;Kubernetes", service.name, service.namespace, service.name)},
                "envoy.transport_socket_match": {"tlsMode": "istio"}}},
            "load_balancing_weight": 1,
        })
    };
    json!({"endpoint_config": {
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": service.cluster(subset),
        "endpoints": [{"locality": {"region": "eu", "zone": "eu-1"}, "lb_endpoints": [endpoint(4), endpoint(9)], "load_balancing_weight": 2}],
        "policy": {"overprovisioning_factor": 140},
    }})
}

/// Writes a route configuration with one virtual host of `count` routes, a tenth of them regular
/// expressions.
pub(crate) fn routes(path: &Path, count: usize) -> io::Result<()> {
    let route = |place: usize| match place % 10 {
        0 => {
            json!({"match": {"safe_regex": {"regex": format!("/shop/{place}/[a-z]+/[0-9]{{1,{}}}", 1 + place % 7)}}, "route": {"cluster": "a"}})
        }
        1 => json!({"match": {"path": format!("/shop/{place}")}, "route": {"cluster": "a"}}),
        _ => json!({"match": {"prefix": format!("/shop/{place}/")}, "route": {"cluster": "a"}}),
    };
    let routes: Vec<_> = (0..count).map(route).collect();
    let config = json!({"name": "many", "virtual_hosts": [{"name": "shop", "domains": ["*"], "routes": routes}]});
    fs::write(path, serde_json::to_vec_pretty(&config)?)
}

/// Writes manifests of `count` services, each with a DestinationRule and a VirtualService.
pub(crate) fn manifests(path: &Path, count: usize) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for service in (0..count).map(Service::numbered) {
        let Service { name, namespace, port } = &service;
        let host = service.host();
        write!(
            out,
            "apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app: {name}
    app.kubernetes.io/managed-by: Helm
spec:
  selector:
    app: {name}
  ports:
  - name: http-{port}
    port: {port}
    targetPort: {port}
    protocol: TCP
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
        version: v1
    spec:
      containers:
      - name: {name}
        image: registry.example.com/{namespace}/{name}:1.0.7
        ports:
        - containerPort: {port}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: {name}
  namespace: {namespace}
spec:
  host: {host}
  trafficPolicy:
    connectionPool:
      tcp:
        maxConnections: 100
    outlierDetection:
      consecutive5xxErrors: 7
      interval: 5m
  subsets:
  - name: v1
    labels:
      version: v1
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: {name}
  namespace: {namespace}
spec:
  hosts:
  - {host}
  http:
  - name: api
    match:
    - uri:
        prefix: /api/
      headers:
        end-user:
          exact: jason
    timeout: 5s
    retries:
      attempts: 3
      perTryTimeout: 2s
    route:
    - destination:
        host: {host}
        subset: v1
        port:
          number: {port}
      weight: 90
    - destination:
        host: {name}
        port:
          number: {port}
      weight: 10
  - name: rest
    route:
    - destination:
        host: {host}
        port:
          number: {port}
---
"
        )?;
    }
    out.flush()
}
