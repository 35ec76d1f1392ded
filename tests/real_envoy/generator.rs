//! Random route configurations and requests that have a chance to meet them.
#![allow(
    clippy::same_functions_in_if_condition,
    clippy::single_match_else,
    clippy::range_minus_one,
    clippy::range_plus_one,
    clippy::if_same_then_else,
    clippy::semicolon_if_nothing_returned,
    clippy::explicit_auto_deref,
    clippy::manual_range_patterns
)]

use serde_json::{Map, Value, json};

use super::random::Random;

const SERVICES: [&str; 6] = ["reviews", "ratings", "cart", "api", "web", "checkout"];
const NAMESPACES: [&str; 3] = ["default", "shop", "prod"];
const PUBLIC: [&str; 5] = ["example.com", "Shop.example.com", "foo.io", "corp.example.com", "a.b.c.example.org"];
const SEGMENTS: [&str; 11] = ["api", "v1", "v2", "users", "Login", "static", "a", "b", "x.y", "img", "~u-1_"];
const HEADERS: [(&str, &[&str]); 14] = [
    ("x-user", &["jason", "Jason", "tester-1", "", "jason,tester-1"]),
    ("x-version", &["v1", "v2", "v10", "canary"]),
    ("end-user", &["jason", "j", "abc"]),
    ("x-env", &["prod", "staging", "PROD", "dev-1"]),
    ("x-num", &["0", "5", "10", "-3", "10.5", "abc", "007", "+5", " 9", "99999999999999999999"]),
    ("cookie", &["user=jason; a=b", "a=b", "user=bob", "user=\"jason\"; z=1", "a=b;a=c"]),
    ("user-agent", &["curl/8.0", "Mozilla/5.0"]),
    ("X-Mixed", &["Q", "q"]),
    ("content-type", &["application/grpc", "application/grpc+proto", "application/grpc-web", "text/plain"]),
    ("accept", &["*/*", "text/html"]),
    ("te", &["trailers", "gzip", "gzip, trailers", "Trailers"]),
    ("x-envoy-retry-on", &["5xx"]),
    ("x-envoy-original-path", &["/old"]),
    ("x-forwarded-for", &["10.1.2.3", "8.8.8.8", "8.8.8.8, 10.0.0.9"]),
];
const PSEUDO: [(&str, &[&str]); 6] = [
    (":method", &["GET", "POST", "PUT"]),
    (":authority", &["reviews", "example.com"]),
    ("host", &["reviews", "example.com"]),
    (":path", &["/api", "/api/v1?x=1"]),
    (":scheme", &["http", "https"]),
    ("x-forwarded-proto", &["http", "https"]),
];
const PARAMETERS: [&str; 4] = ["x", "debug", "user", "q"];
const VALUES: [&str; 6] = ["1", "true", "", "jason", "TRUE", "a%20b"];
const REGEXES: [&str; 15] = [
    r"/api/.*",
    r"/[^/]+",
    r"/(api|v1)(/.*)?",
    r".*\.y",
    r"/users/\w+",
    r"/",
    r"/a|/b",
    r"/API/.*",
    r"/v\d/?.*",
    r"^/static/.*$",
    r"(?i)/login",
    r"/[a-z]{2,4}/.*",
    r"/a{",
    r"/[\w.~-]+/?",
    r"\/img\/?.*",
];
const TEMPLATES: [&str; 9] =
    ["/api/{id}", "/{a}/{b}", "/api/**", "/*", "/{x=api/*}/users", "/v1/{rest=**}", "/*/v1", "/a/*/b", "/{file=**}.y"];

/// One configuration with its requests.
pub(crate) struct Case {
    pub(crate) config: Value,
    pub(crate) manager: Value,
    pub(crate) requests: Vec<Value>,
}

/// Makes a case. `is_old` leaves out what Envoy 1.36 does not know.
pub(crate) fn case(seed: u64, requests: usize, is_old: bool) -> Case {
    let mut random = Random::new(seed);
    let mut generator = Generator { random: &mut random, is_old };
    let config = generator.config(seed);
    let manager = generator.manager();
    let requests = (0..requests).map(|_| generator.request(&config)).collect();
    Case { config, manager, requests }
}

struct Generator<'r> {
    random: &'r mut Random,
    is_old: bool,
}

impl Generator<'_> {
    fn config(&mut self, seed: u64) -> Value {
        let mut hosts = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for place in 0..1 + self.random.below(7) {
            let mut domains = self.domains();
            domains.retain(|domain| seen.insert(domain.to_lowercase()));
            if !domains.is_empty() {
                hosts.push(self.virtual_host(place, hosts.len(), &domains));
            }
        }
        let mut config = json!({"name": format!("rc-{seed}"), "virtual_hosts": hosts, "validate_clusters": false});
        let mut flag = |random: &mut Random, name: &str, percent: usize| {
            if random.percent(percent) {
                config[name] = json!(true);
            }
        };
        flag(self.random, "ignore_port_in_host_matching", 40);
        flag(self.random, "ignore_path_parameters_in_path_matching", 20);
        if !self.is_old && self.random.percent(5) {
            config["vhost_header"] = json!("x-host");
        }
        config
    }

    fn domains(&mut self) -> Vec<String> {
        let (service, namespace) = (*self.random.pick(&SERVICES), *self.random.pick(&NAMESPACES));
        let public = *self.random.pick(&PUBLIC);
        match self.random.below(100) {
            0..45 => {
                let port = *self.random.pick(&[80, 8080, 9080]);
                let full = format!("{service}.{namespace}.svc.cluster.local");
                let names = [
                    full,
                    service.to_owned(),
                    format!("{service}.{namespace}"),
                    format!("10.96.0.{}", self.random.below(5)),
                ];
                let mut domains = Vec::new();
                for name in names {
                    if self.random.percent(70) {
                        domains.push(format!("{name}:{port}"));
                    }
                    domains.push(name);
                }
                domains
            }
            45..60 => vec![format!("*.{}", self.random.pick(&["com", "example.com", "svc.cluster.local", "foo.io"]))],
            60..64 => vec![format!("*-bar.{public}")],
            64..72 => {
                vec![self.random.pick(&["reviews.*", "reviews-*", "www.*", "10.96.*", "cart.shop.*"]).to_string()]
            }
            72..92 => vec![match self.random.below(8) {
                0 => format!("www.{public}"),
                1 => public.to_uppercase(),
                2 => format!("{public}:8443"),
                3 => "[::1]".to_owned(),
                4 => "[::1]:8080".to_owned(),
                5 => format!("*{public}"),
                6 => format!("x-bar.{public}"),
                _ => public.to_owned(),
            }],
            _ => vec!["*".to_owned()],
        }
    }

    fn virtual_host(&mut self, place: usize, index: usize, domains: &[String]) -> Value {
        let mut host = json!({"name": format!("vh-{place}"), "domains": domains});
        if self.random.percent(6) {
            host["require_tls"] = json!(self.random.pick(&["ALL", "EXTERNAL_ONLY"]));
        }
        let count = 1 + self.random.below(8);
        let mut routes: Vec<Value> = (0..count).map(|route| self.route(&format!("v{index}r{route}"))).collect();
        if self.random.percent(50) {
            let mut last = self.route(&format!("v{index}r{count}"));
            last["match"] = json!({"prefix": "/"});
            routes.push(last);
        }
        if self.random.percent(6) {
            host["matcher"] = self.tree(routes);
        } else {
            host["routes"] = json!(routes);
        }
        host
    }

    /// A matcher tree over routes.
    fn tree(&mut self, mut routes: Vec<Value>) -> Value {
        let on_match = |route: Value| {
            let mut config = route;
            config["@type"] = json!("type.googleapis.com/envoy.config.route.v3.Route");
            json!({"action": {"name": "route", "typed_config": config}})
        };
        let input = |header: &str| {
            let kind = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput";
            json!({"name": "input", "typed_config": {"@type": kind, "header_name": header}})
        };
        let last = on_match(routes.pop().unwrap());
        let mut tree = match self.random.below(3) {
            0 => {
                let keys = ["v1", "v2", "v10", "canary"].into_iter().zip(routes);
                let map: Map<String, Value> = keys.map(|(key, route)| (key.to_owned(), on_match(route))).collect();
                json!({"matcher_tree": {"input": input("x-version"), "exact_match_map": {"map": map}}})
            }
            1 => {
                let keys = ["/api", "/api/v1", "/a", "/users"].into_iter().zip(routes);
                let map: Map<String, Value> = keys.map(|(key, route)| (key.to_owned(), on_match(route))).collect();
                json!({"matcher_tree": {"input": input(":path"), "prefix_match_map": {"map": map}}})
            }
            _ => {
                let mut matchers = Vec::new();
                for route in routes {
                    let single = |value: &str| json!({"single_predicate": {"input": input("x-user"), "value_match": {"prefix": value}}});
                    let predicate = match self.random.below(3) {
                        0 => single("jas"),
                        1 => json!({"or_matcher": {"predicate": [single("J"), single("tes")]}}),
                        _ => json!({"not_matcher": single("jason")}),
                    };
                    matchers.push(json!({"predicate": predicate, "on_match": on_match(route)}));
                }
                json!({"matcher_list": {"matchers": matchers}})
            }
        };
        let is_empty =
            |value: &Value| value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        let maps =
            ["/matcher_tree/exact_match_map/map", "/matcher_tree/prefix_match_map/map", "/matcher_list/matchers"];
        if maps.iter().any(|path| tree.pointer(path).is_some_and(is_empty)) {
            return json!({"on_no_match": last});
        }
        if self.random.percent(70) {
            tree["on_no_match"] = last;
        }
        tree
    }

    fn route(&mut self, name: &str) -> Value {
        let mut route = json!({"name": name, "match": self.conditions()});
        match self.random.below(100) {
            0..10 => {
                route["redirect"] = self.redirect();
                if route["match"].get("path_match_policy").is_some() {
                    route["redirect"].as_object_mut().unwrap().remove("prefix_rewrite");
                }
            }
            10..14 => route["route"] = json!({"cluster": "nowhere"}),
            14..17 => route["route"] = json!({"cluster": "empty"}),
            17..19 => route["route"] = json!({"cluster_header": "x-cluster"}),
            19..21 => {
                route["route"] = json!({"weighted_clusters": {"clusters": [
                {"name": "empty", "weight": 1}, {"name": "empty", "weight": 3}]}})
            }
            21..23 => route["route"] = json!({"cluster": "nowhere", "cluster_not_found_response_code": "NOT_FOUND"}),
            23 => route["non_forwarding_action"] = json!({}),
            _ => route["direct_response"] = json!({"status": self.random.pick(&[200, 200, 200, 204, 418, 503])}),
        }
        if self.random.percent(4) {
            let kind = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault";
            route["typed_per_filter_config"] = json!({"fault": {"@type": kind,
                "abort": {"http_status": 555, "percentage": {"numerator": self.random.pick(&[0, 100])}}}});
        } else if self.random.percent(4) {
            let kind = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute";
            let rbac = if self.random.percent(30) { json!({}) } else { json!({"rules": self.rbac()}) };
            route["typed_per_filter_config"] = json!({"rbac": {"@type": kind, "rbac": rbac}});
        }
        route
    }

    fn redirect(&mut self) -> Value {
        let mut redirect = json!({});
        if self.random.percent(40) {
            redirect["https_redirect"] = json!(true);
        }
        if self.random.percent(40) {
            redirect["host_redirect"] = json!("other.example.com");
        }
        if self.random.percent(30) {
            redirect["port_redirect"] = json!(8443);
        }
        match self.random.below(4) {
            0 => redirect["path_redirect"] = json!(self.random.pick(&["/new", "/new?z=1"])),
            1 => redirect["prefix_rewrite"] = json!("/pre"),
            2 => {
                redirect["regex_rewrite"] = json!({"pattern": {"regex": r"/(\w+)/(\w+)"}, "substitution": r"/\2/\1"});
            }
            _ => {}
        }
        if self.random.percent(20) {
            redirect["strip_query"] = json!(true);
        }
        if self.random.percent(30) {
            redirect["response_code"] =
                json!(self.random.pick(&["FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT"]));
        }
        redirect
    }

    fn path(&mut self) -> String {
        let segments: Vec<&str> = (0..self.random.below(4)).map(|_| *self.random.pick(&SEGMENTS)).collect();
        let end = if self.random.percent(20) { "/" } else { "" };
        format!("/{}{end}", segments.join("/"))
    }

    fn conditions(&mut self) -> Value {
        let path = self.path();
        let mut conditions = match self.random.below(100) {
            0..35 => {
                let shorter = path[..path.len().saturating_sub(1).max(1)].to_owned();
                json!({"prefix": self.random.pick(&[path.clone(), path, "/".to_owned(), String::new(), shorter])})
            }
            35..55 => json!({"path": path}),
            55..70 => json!({"safe_regex": {"regex": self.random.pick(&REGEXES)}}),
            70..86 => {
                let path = path.trim_end_matches('/');
                json!({"path_separated_prefix": if path.is_empty() { "/api" } else { path }})
            }
            86..93 => {
                let kind = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
                let config = json!({"@type": kind, "path_template": self.random.pick(&TEMPLATES)});
                json!({"path_match_policy": {"name": "template", "typed_config": config}})
            }
            93..95 => json!({"connect_matcher": {}}),
            _ => json!({"prefix": "/"}),
        };
        let is_plain = ["prefix", "path", "path_separated_prefix"].iter().any(|field| conditions.get(field).is_some());
        if is_plain && self.random.percent(20) {
            conditions["case_sensitive"] = json!(self.random.percent(30));
        }
        self.further_conditions(&mut conditions);
        conditions
    }

    fn further_conditions(&mut self, conditions: &mut Value) {
        if self.random.percent(35) {
            let count = 1 + self.random.below(2);
            conditions["headers"] = (0..count).map(|_| self.header_matcher()).collect();
        }
        if self.random.percent(15) {
            conditions["query_parameters"] = (0..1 + self.random.below(2)).map(|_| self.query_matcher()).collect();
        }
        if self.random.percent(6) {
            conditions["grpc"] = json!({});
        }
        if self.random.percent(6) {
            let numerator = *self.random.pick(&[0, 100]);
            // The runtime of the bootstrap turns some of them round.
            let key = *self.random.pick(&["none", "always", "never", "million"]);
            conditions["runtime_fraction"] = json!({"default_value": {"numerator": numerator}, "runtime_key": key});
        }
        if self.random.percent(5) {
            let value = json!({"string_match": self.string_matcher(&["a", "b", "ab"])});
            conditions["dynamic_metadata"] =
                json!([{"filter": "ns1", "path": [{"key": "k"}], "value": value, "invert": self.random.percent(40)}]);
        }
        if !self.is_old && self.random.percent(6) {
            let matcher = self.string_matcher(&["jason", "b", "1"]);
            let name = *self.random.pick(&["user", "a", "z"]);
            conditions["cookies"] =
                json!([{"name": name, "string_match": matcher, "invert_match": self.random.percent(40)}]);
        }
        if self.random.percent(4) {
            let side = *self.random.pick(&["presented", "validated"]);
            conditions["tls_context"] = json!({side: self.random.percent(30)});
        }
    }

    fn string_matcher(&mut self, values: &[&str]) -> Value {
        let value = match *self.random.pick(values) {
            "" => "z",
            value => value,
        };
        let cut = |random: &mut Random| (random.below(3)).min(value.len() - 1);
        let mut matcher = match self.random.below(5) {
            0 => json!({"exact": value}),
            1 => json!({"prefix": value[..value.len() - cut(self.random)]}),
            2 => json!({"suffix": value[cut(self.random)..]}),
            3 => json!({"contains": value[cut(self.random)..]}),
            _ => {
                let expressions = [
                    r"^v\d+$",
                    "v[12]",
                    ".*son.*",
                    "jason|bob",
                    "[a-z]+",
                    ".*",
                    "(?i)prod",
                    "/api/.*",
                    "user=.*",
                    r"[\d.]+",
                    r"\w+",
                ];
                return json!({"safe_regex": {"regex": self.random.pick(&expressions)}});
            }
        };
        if self.random.percent(25) {
            matcher["ignore_case"] = json!(true);
        }
        matcher
    }

    fn header_matcher(&mut self) -> Value {
        let all: Vec<(&str, &[&str])> = HEADERS.iter().chain(PSEUDO.iter()).copied().collect();
        let (name, values) = *self.random.pick(&all);
        let value = match *self.random.pick(values) {
            "" => "z",
            value => value.trim(),
        };
        let mut matcher = match self.random.below(100) {
            0..45 => json!({"name": name, "string_match": self.string_matcher(values)}),
            45..57 => json!({"name": name, "present_match": self.random.percent(60)}),
            57..61 => json!({"name": name}),
            61..72 => json!({"name": "x-num", "range_match": {
                "start": self.random.pick(&[-5, 0, 5]), "end": self.random.pick(&[6, 10, 11])}}),
            72..76 => json!({"name": name, "exact_match": value}),
            76..80 => json!({"name": name, "prefix_match": value[..1]}),
            80..84 => json!({"name": name, "suffix_match": value[value.len() - 1..]}),
            84..88 => json!({"name": name, "contains_match": value[value.len() / 2..]}),
            88..92 => json!({"name": name, "safe_regex_match": {"regex": ".*a.*"}}),
            92..94 => json!({"name": name, "exact_match": ""}),
            _ => json!({"name": name, "string_match": {"exact": ""}}),
        };
        if self.random.percent(25) {
            matcher["invert_match"] = json!(true);
        }
        if self.random.percent(20) {
            matcher["treat_missing_header_as_empty"] = json!(true);
        }
        matcher
    }

    fn query_matcher(&mut self) -> Value {
        let name = *self.random.pick(&PARAMETERS);
        match self.random.below(10) {
            0..6 => json!({"name": name, "string_match": self.string_matcher(&VALUES)}),
            6..8 => json!({"name": name, "present_match": self.random.percent(60)}),
            _ => json!({"name": name}),
        }
    }

    fn manager(&mut self) -> Value {
        let mut manager = json!({});
        for (name, percent) in [
            ("normalize_path", 60),
            ("merge_slashes", 30),
            ("strip_any_host_port", 15),
            ("strip_trailing_host_dot", 15),
            ("use_remote_address", 15),
        ] {
            if self.random.percent(percent) {
                manager[name] = json!(true);
            }
        }
        if self.random.percent(30) {
            let actions = ["KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"];
            manager["path_with_escaped_slashes_action"] = json!(self.random.pick(&actions));
        }
        if self.random.percent(15) {
            manager["internal_address_config"] = json!({"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}, {"address_prefix": "127.0.0.0", "prefix_len": 8}]});
        }
        if self.random.percent(70) {
            manager["upgrade_configs"] = json!([{"upgrade_type": "CONNECT"}]);
        }
        if self.random.percent(25) {
            manager["rbac"] = self.rbac();
        }
        manager
    }

    /// Rules of access control.
    fn rbac(&mut self) -> Value {
        let mut policies = Map::new();
        for place in 0..self.random.below(3) {
            let permission = self.permission(2);
            let principal = match self.random.below(4) {
                0 => json!({"direct_remote_ip": {"address_prefix": "127.0.0.0", "prefix_len": 8}}),
                1 => json!({"not_id": {"header": self.header_matcher()}}),
                2 => json!({"remote_ip": {"address_prefix": "10.0.0.0", "prefix_len": 8}}),
                _ => json!({"any": true}),
            };
            policies.insert(format!("policy {place}"), json!({"permissions": [permission], "principals": [principal]}));
        }
        json!({"action": self.random.pick(&["ALLOW", "DENY", "LOG"]), "policies": policies})
    }

    fn permission(&mut self, depth: usize) -> Value {
        match self.random.below(if depth == 0 { 4 } else { 7 }) {
            0 => json!({"any": true}),
            1 => json!({"header": self.header_matcher()}),
            2 => json!({"url_path": {"path": {"prefix": self.path()}}}),
            3 => json!({"requested_server_name": {"exact": ""}}),
            4 => json!({"not_rule": self.permission(depth - 1)}),
            5 => json!({"and_rules": {"rules": [self.permission(depth - 1), self.permission(depth - 1)]}}),
            _ => json!({"or_rules": {"rules": [self.permission(depth - 1), self.permission(depth - 1)]}}),
        }
    }

    fn request(&mut self, config: &Value) -> Value {
        let hosts = config["virtual_hosts"].as_array().unwrap();
        let host = self.random.pick(hosts).clone();
        let domains = host["domains"].as_array().unwrap();
        let authority = if self.random.percent(85) {
            let domain = self.random.pick(domains).as_str().unwrap().to_owned();
            self.authority(&domain)
        } else {
            (*self.random.pick(&SERVICES)).to_owned()
        };
        let conditions = match host["routes"].as_array() {
            Some(routes) => self.random.pick(routes)["match"].clone(),
            None => json!({"prefix": "/"}),
        };
        if conditions.get("connect_matcher").is_some() && self.random.percent(40) {
            let name = authority.split(':').next().unwrap().trim_end_matches('.').to_owned();
            let name = if name.is_empty() || name.starts_with('[') { "x".to_owned() } else { name };
            return json!({"method": "CONNECT", "authority": format!("{name}:443"), "headers": []});
        }
        let method = *self.random.pick(&["GET", "GET", "GET", "GET", "POST", "PUT", "HEAD", "DELETE"]);
        let mut request = json!({"method": method, "authority": authority, "path": self.request_path(&conditions), "headers": self.request_headers(&conditions)});
        if self.random.percent(12) {
            request["scheme"] = json!(self.random.pick(&["http", "https", "ftp"]));
        }
        // Whether a protocol may change is decided before any filter sets metadata.
        let asks_upgrade = request["headers"].as_array().unwrap().iter().any(|header| header[0] == "upgrade");
        if self.random.percent(15) && !asks_upgrade {
            request["metadata"] = json!({"ns1": {"k": self.random.pick(&["a", "b", "ab", "c"])}});
        }
        request
    }

    fn authority(&mut self, domain: &str) -> String {
        let mut host = match domain {
            "*" => (*self.random.pick(&["anything.test", "reviews", "x"])).to_owned(),
            _ if domain.starts_with('*') => {
                format!("{}{}", self.random.pick(&["www", "a.b", "x-bar", "Z"]), &domain[1..])
            }
            _ if domain.ends_with('*') => {
                format!("{}{}", &domain[..domain.len() - 1], self.random.pick(&["com", "x.y", "1", "a"]))
            }
            _ => domain.to_owned(),
        };
        let has_port = host.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
        match self.random.below(100) {
            0..12 if !has_port => host.push_str(*self.random.pick(&[":80", ":8080", ":9080", ":443"])),
            12..20 => host = host.to_uppercase(),
            20..25 => host.push('.'),
            _ => {}
        }
        host
    }

    fn request_path(&mut self, conditions: &Value) -> String {
        let text = |field: &str| conditions[field].as_str().map(str::to_owned);
        let wanted = text("prefix").or_else(|| text("path")).or_else(|| text("path_separated_prefix"));
        let mut path = match wanted {
            Some(path) => path,
            None => {
                let paths = [
                    "/api/x",
                    "/v1",
                    "/api",
                    "/users/bob",
                    "/img.y",
                    "/a",
                    "/b",
                    "/v2/q",
                    "/static/z",
                    "/LOGIN",
                    "/login",
                    "/api/7/users",
                    "/v1/",
                    "/a/v1",
                    "/ab/x",
                    "/a{",
                    "/a/1/b",
                ];
                (*self.random.pick(&paths)).to_owned()
            }
        };
        match self.random.below(100) {
            0..22 => path.push_str(*self.random.pick(&["/", "x", "/y", "/users/1", ";a=b", ";p=1/z", "/;q/r"])),
            22..28 => path = if self.random.percent(50) { path.to_uppercase() } else { path.to_lowercase() },
            28..40 => path.push_str(*self.random.pick(&[
                "/../b",
                "/./x",
                "//x",
                "/%2e%2e/b",
                "/%2Fx",
                "/a%2fb",
                "/%41",
                "/..",
                "/.",
                "//",
                "/%5cx",
                "\\x",
                "/%zz",
                "/%20",
                "/%00",
                "/<>",
                "/[x]",
                "/a|b",
                "/^",
                "/{y}",
                "/\"",
                "/%",
                "/...",
                "/%7e%2D",
            ])),
            40..42 => path.push_str("#frag"),
            _ => {}
        }
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        if self.random.percent(35) {
            let pairs: Vec<String> = (0..1 + self.random.below(3))
                .map(|_| {
                    let name = *self.random.pick(&PARAMETERS);
                    if self.random.percent(85) {
                        format!("{name}={}", self.random.pick(&VALUES))
                    } else {
                        name.to_owned()
                    }
                })
                .collect();
            path.push_str(&format!("?{}", pairs.join("&")));
        }
        path
    }

    fn request_headers(&mut self, conditions: &Value) -> Value {
        let mut headers: Vec<(String, String)> = Vec::new();
        let has =
            |headers: &[(String, String)], name: &str| headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        for _ in 0..self.random.below(5) {
            let (name, values) = *self.random.pick(&HEADERS);
            let may_repeat = !matches!(name, "content-type" | "te") && self.random.percent(20);
            if !has(&headers, name) || may_repeat {
                headers.push((name.to_owned(), (*self.random.pick(values)).to_owned()));
            }
        }
        for matcher in conditions["headers"].as_array().into_iter().flatten() {
            let name = matcher["name"].as_str().unwrap();
            let values = HEADERS.iter().find(|(known, _)| *known == name).map(|(_, values)| *values);
            if let Some(values) = values.filter(|_| self.random.percent(50) && !has(&headers, name)) {
                let string = &matcher["string_match"];
                let wanted = string["exact"].as_str().or(string["prefix"].as_str()).map(str::to_owned);
                let value = wanted.unwrap_or_else(|| (*self.random.pick(values)).to_owned());
                headers.push((name.to_owned(), value));
            }
        }
        if self.random.percent(10) {
            headers.push(("x-cluster".to_owned(), (*self.random.pick(&["nowhere", "empty"])).to_owned()));
        }
        if self.random.percent(20) {
            headers.push(("x-host".to_owned(), (*self.random.pick(&SERVICES)).to_owned()));
        }
        if self.random.percent(2) {
            headers.push(("connection".to_owned(), "Upgrade".to_owned()));
            headers.push(("upgrade".to_owned(), "websocket".to_owned()));
        }
        headers.sort_by(|a, b| a.0.cmp(&b.0));
        json!(headers)
    }
}
