//! Random rules of Envoy itself, of every form that a file decides.

use serde_json::{Map, Value, json};

use super::super::random::Random;
use super::certificates::IDENTITIES;
use super::clients::{HEADERS, HOSTS, METHODS, PATHS, PORTS, SERVER_NAMES};

const RANGES: [(&str, u32); 8] = [
    ("127.0.0.2", 32),
    ("127.0.0.0", 30),
    ("10.0.0.0", 8),
    ("0.0.0.0", 0),
    ("8.8.8.8", 32),
    ("192.168.7.8", 31),
    ("2001:db8::", 32),
    ("10.96.0.0", 16),
];
const TEMPLATES: [&str; 8] =
    ["/api/{id}", "/{a}/{b}", "/api/**", "/*", "/{x=api/*}/users", "/a/{rest=**}", "/*/info", "/{file=**}.js"];
const EXPRESSIONS: [&str; 7] =
    ["/api/.*", ".*admin.*", r"/[^/]+", "(?i)/API.*", r"spiffe://[^/]+/ns/foo/.*", r"\w+", ".*"];

pub(super) fn filters(random: &mut Random, is_network: bool) -> Vec<Value> {
    (0..=random.below(3)).map(|place| filter(random, is_network, place)).collect()
}

fn filter(random: &mut Random, is_network: bool, place: usize) -> Value {
    let kind = if is_network { "network" } else { "http" };
    let mut config = json!({"@type": format!("type.googleapis.com/envoy.extensions.filters.{kind}.rbac.v3.RBAC")});
    if is_network {
        config["stat_prefix"] = json!("n");
    }
    let mut generator = Rules { random, is_network };
    if generator.random.percent(92) {
        config["rules"] = generator.rules();
    }
    if generator.random.percent(20) {
        config["shadow_rules"] = generator.rules();
        config["shadow_rules_stat_prefix"] = json!("shadow_");
    }
    json!({"name": format!("rbac-{place}"), "typed_config": config})
}

struct Rules<'r> {
    random: &'r mut Random,
    is_network: bool,
}

impl Rules<'_> {
    fn rules(&mut self) -> Value {
        let mut policies = Map::new();
        for place in 0..self.random.below(4) {
            let permissions: Vec<Value> = (0..=self.random.below(2)).map(|_| self.permission(2)).collect();
            let principals: Vec<Value> = (0..=self.random.below(2)).map(|_| self.principal(2)).collect();
            let name = *self.random.pick(&["policy", "a policy", "z", "ns[foo]-policy[p]-rule[0]"]);
            policies.insert(format!("{name} {place}"), json!({"permissions": permissions, "principals": principals}));
        }
        let mut rules = json!({"policies": policies});
        if self.random.percent(85) {
            rules["action"] = json!(self.random.pick(&["ALLOW", "ALLOW", "DENY", "DENY", "LOG"]));
        }
        rules
    }

    fn permission(&mut self, depth: usize) -> Value {
        let list = |own: &mut Self| -> Vec<Value> {
            let count = 1 + own.random.below(3);
            (0..count).map(|_| own.permission(depth - 1)).collect()
        };
        match self.random.below(if depth == 0 { 9 } else { 13 }) {
            0 => json!({"any": true}),
            1 => self.header_or_any(),
            2 if !self.is_network => json!({"url_path": {"path": self.string(&PATHS)}}),
            3 if !self.is_network => {
                let kind = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig";
                let template = self.random.pick(&TEMPLATES);
                json!({"uri_template": {"name": "t", "typed_config": {"@type": kind, "path_template": template}}})
            }
            4 => json!({"destination_port": self.random.pick(&PORTS)}),
            5 => {
                let start = *self.random.pick(&[1, 80, 443]);
                json!({"destination_port_range": {"start": start, "end": self.random.pick(&[444, 8080, 8081, 20_000])}})
            }
            6 => json!({"destination_ip": self.range()}),
            7 => json!({"requested_server_name": self.string(&SERVER_NAMES)}),
            8 => self.metadata(),
            9 => json!({"and_rules": {"rules": list(self)}}),
            10 => json!({"or_rules": {"rules": list(self)}}),
            _ if depth > 0 => json!({"not_rule": self.permission(depth - 1)}),
            _ => json!({"any": true}),
        }
    }

    fn principal(&mut self, depth: usize) -> Value {
        let list = |own: &mut Self| -> Vec<Value> {
            let count = 1 + own.random.below(3);
            (0..count).map(|_| own.principal(depth - 1)).collect()
        };
        match self.random.below(if depth == 0 { 10 } else { 14 }) {
            0 => json!({"any": true}),
            1 => json!({"authenticated": {}}),
            2 => json!({"authenticated": {"principal_name": self.string(&IDENTITIES)}}),
            3 => json!({"source_ip": self.range()}),
            4 => json!({"direct_remote_ip": self.range()}),
            5 => json!({"remote_ip": self.range()}),
            6 => self.header_or_any(),
            7 if !self.is_network => json!({"url_path": {"path": self.string(&PATHS)}}),
            8 => self.metadata(),
            9 if !self.is_network => {
                json!({"filter_state": {"key": "io.istio.peer_principal", "string_match": self.string(&IDENTITIES)}})
            }
            10 => json!({"and_ids": {"ids": list(self)}}),
            11 => json!({"or_ids": {"ids": list(self)}}),
            _ if depth > 0 => json!({"not_id": self.principal(depth - 1)}),
            _ => json!({"any": true}),
        }
    }

    fn range(&mut self) -> Value {
        let (prefix, length) = *self.random.pick(&RANGES);
        json!({"address_prefix": prefix, "prefix_len": length})
    }

    fn string(&mut self, values: &[&str]) -> Value {
        let value = *self.random.pick(values);
        let value = if value.is_empty() { "admin" } else { value };
        let half = value.len() / 2;
        let mut matcher = match self.random.below(6) {
            0 | 1 => json!({"exact": value}),
            2 => json!({"prefix": value[..half.max(1)]}),
            3 => json!({"suffix": value[half.min(value.len() - 1)..]}),
            4 => json!({"contains": value[half / 2..half.max(half / 2 + 1)]}),
            _ => return json!({"safe_regex": {"regex": self.random.pick(&EXPRESSIONS)}}),
        };
        if self.random.percent(25) {
            matcher["ignore_case"] = json!(true);
        }
        matcher
    }

    fn header_or_any(&mut self) -> Value {
        if self.is_network {
            return json!({"any": true});
        }
        let pseudo: [(&str, &[&str]); 3] = [(":method", &METHODS), (":authority", &HOSTS), (":path", &PATHS)];
        let (name, values) =
            if self.random.percent(40) { *self.random.pick(&pseudo) } else { *self.random.pick(&HEADERS) };
        let mut matcher = match self.random.below(10) {
            0..6 => json!({"name": name, "string_match": self.string(values)}),
            6 | 7 => json!({"name": name, "present_match": self.random.percent(60)}),
            8 => {
                json!({"name": "x-num", "range_match": {"start": self.random.pick(&[-5, 0, 5]), "end": self.random.pick(&[6, 10, 11])}})
            }
            _ => json!({"name": name}),
        };
        if self.random.percent(25) {
            matcher["invert_match"] = json!(true);
        }
        if self.random.percent(20) {
            matcher["treat_missing_header_as_empty"] = json!(true);
        }
        json!({"header": matcher})
    }

    fn metadata(&mut self) -> Value {
        let paths: [&[&str]; 8] =
            [&["iss"], &["sub"], &["aud"], &["groups"], &["nested", "role"], &["level"], &["flag"], &["none"]];
        let path: Vec<Value> =
            ["payload"].iter().chain(*self.random.pick(&paths)).map(|key| json!({"key": key})).collect();
        let value = self.value(2);
        json!({"metadata": {"filter": "envoy.filters.http.jwt_authn", "path": path, "value": value, "invert": self.random.percent(20)}})
    }

    fn value(&mut self, depth: usize) -> Value {
        let texts = ["issuer-1", "user-1", "app-1", "admin", "dev", "7"];
        match self.random.below(if depth == 0 { 5 } else { 8 }) {
            0 | 1 => json!({"string_match": self.string(&texts)}),
            2 => json!({"present_match": self.random.percent(70)}),
            3 => json!({"bool_match": self.random.percent(50)}),
            4 => match self.random.percent(50) {
                true => json!({"double_match": {"exact": 7}}),
                false => json!({"double_match": {"range": {"start": 1, "end": self.random.pick(&[7, 8])}}}),
            },
            5 | 6 => json!({"list_match": {"one_of": self.value(depth - 1)}}),
            _ => json!({"or_match": {"value_matchers": [self.value(depth - 1), self.value(depth - 1)]}}),
        }
    }
}
