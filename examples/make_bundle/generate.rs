//! A bug report of a large mesh, as text: every proxy knows every service, and three things are
//! wrong in all of them.

use std::fmt::Write as _;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mesh {
    /// Proxies of which there is a dump.
    pub(crate) proxies: usize,
    /// Services that each of them knows: some 6 kB of its dump for each.
    pub(crate) services: usize,
}

/// The services that something is wrong with.
const UNKNOWN_SUBSET: usize = 0;
const EMPTY_SUBSET: usize = 1;
/// When everything was captured.
pub(crate) const CAPTURED: u64 = 1_714_557_600;

impl Mesh {
    /// Calls `put` for each file, in the order of `istioctl bug-report`.
    pub(crate) fn write<E>(self, mut put: impl FnMut(&str, &str) -> Result<(), E>) -> Result<(), E> {
        put("bug-report/bug-report.log", "2024-05-01T10:00:00.000000Z\tinfo\tTarget cluster context: synthetic\n")?;
        put("bug-report/cluster/crs", &custom_resources())?;
        put("bug-report/cluster/k8s-resources", &self.resources())?;
        put("bug-report/cluster/kubectl-version", "Client Version: v1.29.3\nServer Version: v1.29.1\n")?;
        put("bug-report/versions", VERSIONS)?;
        let istiod = "bug-report/istio/istio-system/istiod-5f9c7d8b6-x2x4z";
        put(&format!("{istiod}/discovery.log"), "2024-05-01T09:00:00.000000Z\tinfo\tads\tPush debounce stable\n")?;
        put(&format!("{istiod}/debug/syncz"), "[]")?;
        let dump = Dump::of(self);
        for number in 0..self.proxies {
            let service = number % self.services;
            let pod = format!("svc-{service}-7d4b9c6f5-{number:05}");
            let folder = format!("bug-report/proxies/ns-{}/{pod}", service % 10);
            put(&format!("{folder}/certs"), "{\n \"certificates\": []\n}\n")?;
            put(&format!("{folder}/clusters"), &clusters(self))?;
            put(&format!("{folder}/config_dump?include_eds"), &dump.of_pod(&pod, service, number))?;
            put(&format!("{folder}/istio-proxy.log"), &log(number))?;
            put(&format!("{folder}/server_info"), SERVER_INFO)?;
            put(&format!("{folder}/stats/prometheus"), "# TYPE envoy_server_live gauge\nenvoy_server_live{} 1\n")?;
        }
        Ok(())
    }

    /// Every service with the workload behind it.
    fn resources(self) -> String {
        let mut text = "apiVersion: v1\nitems:\n".to_owned();
        for service in 0..self.services {
            let namespace = service % 10;
            let _ = write!(
                text,
                "- apiVersion: v1\n  kind: Service\n  metadata:\n    name: svc-{service}\n    namespace: ns-{namespace}\n  \
                 spec:\n    ports:\n    - name: http\n      port: 80\n      targetPort: 8080\n    selector:\n      app: svc-{service}\n\
                 - apiVersion: apps/v1\n  kind: Deployment\n  metadata:\n    name: svc-{service}\n    namespace: ns-{namespace}\n  \
                 spec:\n    replicas: 2\n    selector:\n      matchLabels:\n        app: svc-{service}\n    template:\n      \
                 metadata:\n        labels:\n          app: svc-{service}\n          version: v1\n      spec:\n        containers:\n        \
                 - name: app\n          image: example/app:1\n          ports:\n          - containerPort: 8080\n"
            );
        }
        text + "kind: List\nmetadata:\n  resourceVersion: \"\"\n"
    }
}

fn custom_resources() -> String {
    "apiVersion: v1\nitems:\n".to_owned() + CAUSES + "kind: List\nmetadata:\n  resourceVersion: \"\"\n"
}

/// Two of the three causes: a subset that nobody declares, and one whose labels nobody carries.
const CAUSES: &str = "\
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata:
    name: svc-0
    namespace: ns-0
  spec:
    hosts:
    - svc-0.ns-0.svc.cluster.local
    http:
    - route:
      - destination:
          host: svc-0.ns-0.svc.cluster.local
          subset: v9
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata:
    name: svc-1
    namespace: ns-1
  spec:
    hosts:
    - svc-1.ns-1.svc.cluster.local
    http:
    - route:
      - destination:
          host: svc-1.ns-1.svc.cluster.local
          subset: v2
- apiVersion: networking.istio.io/v1
  kind: DestinationRule
  metadata:
    name: svc-1
    namespace: ns-1
  spec:
    host: svc-1.ns-1.svc.cluster.local
    subsets:
    - name: v2
      labels:
        version: v2
";

const VERSIONS: &str = r#"CLI version:
version.BuildInfo{Version:"1.24.1", GitRevision:"0", GolangVersion:"go1.23.2", BuildStatus:"Clean", GitTag:"1.24.1"}

The following Istio control plane revisions/versions were found in the cluster:
Revision default:
&version.MeshInfo{version.ServerInfo{Component:"pilot", Revision:"default", Info:version.BuildInfo{Version:"1.24.1", GitRevision:"0", GolangVersion:"go1.23.2", BuildStatus:"Clean", GitTag:"1.24.1"}}}

The following proxy revisions/versions were found in the cluster:
Revision default: Versions {1.24.1}
"#;

const SERVER_INFO: &str = "{\n \"version\": \"a1b2c3/1.32.2/Clean/RELEASE/BoringSSL\",\n \"state\": \"LIVE\",\n \"command_line_options\": {}\n}\n";

/// What `/clusters` prints.
fn clusters(mesh: Mesh) -> String {
    let mut text = String::new();
    for service in 0..mesh.services {
        let name = host(service);
        let _ = writeln!(text, "outbound|80||{name}::10.1.{}.7:8080::health_flags::healthy", service % 250);
        let _ = writeln!(text, "outbound|80||{name}::10.1.{}.7:8080::cx_active::0", service % 250);
    }
    text
}

fn log(number: usize) -> String {
    let line = |n: usize| {
        format!(
            "[2024-05-01T09:{:02}:{:02}.{:03}Z] \"GET /items/{} HTTP/1.1\" 200 - via_upstream\n",
            n % 60,
            n * 7 % 60,
            n * 37 % 1000,
            n * number
        )
    };
    (0..200).map(line).collect()
}

/// Something that is like nothing else, as much of a real dump is: a third of what it is packed into.
fn unlike(number: usize) -> String {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}", (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9))
}

fn address(number: usize) -> String {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    format!("10.{}.{}.{}", mixed >> 16, mixed >> 8 & 255, mixed & 255)
}

fn host(service: usize) -> String {
    format!("svc-{service}.ns-{}.svc.cluster.local", service % 10)
}

/// The dump of any proxy, in pieces between which stands what is the proxy's own.
struct Dump {
    clusters: String,
    endpoints: String,
    listeners: String,
    routes: String,
}

impl Dump {
    fn of(mesh: Mesh) -> Self {
        let all = |one: &dyn Fn(usize) -> String| (0..mesh.services).map(one).collect::<Vec<_>>().join(",\n");
        let empty = format!("outbound|80|v2|{}", host(EMPTY_SUBSET));
        Self {
            clusters: all(&|service| cluster(&format!("outbound|80||{}", host(service)), service))
                + ",\n"
                + &cluster(&empty, EMPTY_SUBSET),
            endpoints: all(&|service| endpoint(&format!("outbound|80||{}", host(service)), service))
                + &format!(
                    ",\n    {{\n     \"endpoint_config\": {{\n      \"cluster_name\": \"{empty}\"\n     }}\n    }}"
                ),
            listeners: LISTENERS.to_owned(),
            routes: all(&virtual_host),
        }
    }

    fn of_pod(&self, pod: &str, service: usize, number: usize) -> String {
        let namespace = service % 10;
        let (high, low) = (number / 250, number % 250);
        let Self { clusters, endpoints, listeners, routes } = self;
        // Every proxy got its configuration at another time.
        let updated = format!(
            "2024-05-01T{:02}:{:02}:{:02}.{:03}Z",
            8 + number % 2,
            number * 7 % 60,
            number * 13 % 60,
            number % 1000
        );
        let text = format!(
            r#"{{
 "configs": [
  {{
   "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
   "bootstrap": {{
    "node": {{
     "id": "sidecar~10.2.{high}.{low}~{pod}.ns-{namespace}~ns-{namespace}.svc.cluster.local",
     "cluster": "svc-{service}.ns-{namespace}",
     "metadata": {{
      "NAME": "{pod}",
      "NAMESPACE": "ns-{namespace}",
      "ISTIO_VERSION": "1.24.1",
      "WORKLOAD_NAME": "svc-{service}",
      "LABELS": {{
       "app": "svc-{service}",
       "version": "v1"
      }}
     }},
     "user_agent_build_version": {{
      "version": {{
       "major_number": 1,
       "minor_number": 32,
       "patch": 2
      }}
     }}
    }}
   }},
   "last_updated": "@UPDATED@"
  }},
  {{
   "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
   "version_info": "2024-05-01T08:00:00Z/42",
   "dynamic_active_clusters": [
{clusters}
   ]
  }},
  {{
   "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
   "version_info": "2024-05-01T08:00:00Z/42",
   "dynamic_listeners": [
{listeners}
   ]
  }},
  {{
   "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump",
   "dynamic_route_configs": [
    {{
     "version_info": "2024-05-01T08:00:00Z/42",
     "route_config": {{
      "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
      "name": "80",
      "virtual_hosts": [
{routes}
      ],
      "validate_clusters": false
     }},
     "last_updated": "@UPDATED@"
    }}
   ]
  }},
  {{
   "@type": "type.googleapis.com/envoy.admin.v3.EndpointsConfigDump",
   "dynamic_endpoint_configs": [
{endpoints}
   ]
  }}
 ]
}}
"#
        );
        text.replace("@UPDATED@", &updated)
    }
}

fn cluster(name: &str, service: usize) -> String {
    let limit = |n: usize| format!("         \"max_{n}\": 429496729{n},\n");
    let limits = [0, 1, 2, 3].map(limit).concat();
    format!(
        r#"    {{
     "version_info": "2024-05-01T08:00:00Z/42",
     "cluster": {{
      "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
      "name": "{name}",
      "type": "EDS",
      "eds_cluster_config": {{
       "eds_config": {{
        "ads": {{}},
        "initial_fetch_timeout": "0s",
        "resource_api_version": "V3"
       }},
       "service_name": "{name}"
      }},
      "connect_timeout": "10s",
      "lb_policy": "LEAST_REQUEST",
      "circuit_breakers": {{
       "thresholds": [
        {{
{limits}         "max_retries": 4294967295,
         "track_remaining": true
        }}
       ]
      }},
      "common_lb_config": {{
       "locality_weighted_lb_config": {{}}
      }},
      "metadata": {{
       "filter_metadata": {{
        "istio": {{
         "services": [
          {{
           "host": "{host}",
           "name": "svc-{service}",
           "namespace": "ns-{namespace}"
          }}
         ]
        }}
       }}
      }},
      "transport_socket_matches": [
       {{
        "name": "tlsMode-istio",
        "match": {{
         "tlsMode": "istio"
        }},
        "transport_socket": {{
         "name": "envoy.transport_sockets.tls",
         "typed_config": {{
          "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
          "common_tls_context": {{
           "alpn_protocols": [
            "istio-peer-exchange",
            "istio"
           ]
          }},
          "sni": "outbound_.80_._.{host}"
         }}
        }}
       }},
       {{
        "name": "tlsMode-disabled",
        "match": {{}},
        "transport_socket": {{
         "name": "envoy.transport_sockets.raw_buffer",
         "typed_config": {{
          "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
         }}
        }}
       }}
      ]
     }},
     "last_updated": "@UPDATED@"
    }}"#,
        host = host(service),
        namespace = service % 10,
    )
}

fn endpoint(name: &str, service: usize) -> String {
    let one = |replica: usize| {
        format!(
            r#"        {{
         "endpoint": {{
          "address": {{
           "socket_address": {{
            "address": "{}",
            "port_value": 8080
           }}
          }},
          "health_check_config": {{}}
         }},
         "health_status": "HEALTHY",
         "metadata": {{
          "filter_metadata": {{
           "istio": {{
            "workload": "svc-{service};ns-{};svc-{service};v1;Kubernetes",
            "uid": "{}"
           }},
           "envoy.transport_socket_match": {{
            "tlsMode": "istio"
           }}
          }}
         }},
         "load_balancing_weight": 1
        }}"#,
            address(service * 100 + replica),
            service % 10,
            unlike(service * 100 + replica),
        )
    };
    format!(
        "    {{\n     \"endpoint_config\": {{\n      \"cluster_name\": \"{name}\",\n      \"endpoints\": [\n       {{\n        \"locality\": {{}},\n        \"lb_endpoints\": [\n{},\n{}\n        ]\n       }}\n      ]\n     }}\n    }}",
        one(7),
        one(8),
    )
}

fn virtual_host(service: usize) -> String {
    let host = host(service);
    let (subset, made_of) = match service {
        UNKNOWN_SUBSET => ("v9", made_of("svc-0", "ns-0")),
        EMPTY_SUBSET => ("v2", made_of("svc-1", "ns-1")),
        _ => ("", String::new()),
    };
    format!(
        r#"       {{
        "name": "{host}:80",
        "domains": [
         "{host}",
         "svc-{service}.ns-{namespace}"
        ],
        "routes": [
         {{
          "match": {{
           "prefix": "/"
          }},
          "route": {{
           "cluster": "outbound|80|{subset}|{host}",
           "timeout": "0s",
           "retry_policy": {{
            "retry_on": "connect-failure,refused-stream,unavailable,cancelled",
            "num_retries": 2,
            "host_selection_retry_max_attempts": "5"
           }},
           "max_grpc_timeout": "0s"
          }},{made_of}
          "decorator": {{
           "operation": "{host}:80/*"
          }},
          "name": "default"
         }}
        ],
        "include_request_attempt_count": true
       }}"#,
        namespace = service % 10,
    )
}

fn made_of(name: &str, namespace: &str) -> String {
    format!(
        r#"
          "metadata": {{
           "filter_metadata": {{
            "istio": {{
             "config": "/apis/networking.istio.io/v1/namespaces/{namespace}/virtual-service/{name}"
            }}
           }}
          }},"#
    )
}

/// The third cause: an EnvoyFilter whose listener every proxy refuses.
const LISTENERS: &str = r#"    {
     "name": "0.0.0.0_80",
     "active_state": {
      "version_info": "2024-05-01T08:00:00Z/42",
      "listener": {
       "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
       "name": "0.0.0.0_80",
       "address": {
        "socket_address": {
         "address": "0.0.0.0",
         "port_value": 80
        }
       },
       "filter_chains": [
        {
         "filters": [
          {
           "name": "envoy.filters.network.http_connection_manager",
           "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "outbound_0.0.0.0_80",
            "rds": {
             "config_source": {
              "ads": {},
              "resource_api_version": "V3"
             },
             "route_config_name": "80"
            }
           }
          }
         ]
        }
       ],
       "traffic_direction": "OUTBOUND",
       "bind_to_port": false
      },
      "last_updated": "@UPDATED@"
     }
    },
    {
     "name": "virtualInbound",
     "error_state": {
      "failed_configuration": {
       "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
       "name": "virtualInbound"
      },
      "last_update_attempt": "2024-05-01T08:00:01.000Z",
      "details": "Proto constraint validation failed (LuaValidationError.InlineCode: value length must be at least 1 characters)"
     }
    }"#;
