//! Requests and answers as lines of JSON.

use std::fmt;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::request::{Certificate, Chance, Connection, Direction, Request, Tls};
use super::simulator::Entry;

/// A request of a line, and where it enters.
#[derive(Clone, Debug)]
pub struct Line {
    /// What tells it from the others; given back as it is.
    pub id: Value,
    /// The request.
    pub request: Request,
    /// The name of a listener.
    pub listener: Option<String>,
    /// The name of a route configuration.
    pub route_config: Option<String>,
}

impl Line {
    /// Reads a line. Keys that are not known are ignored.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Self::of(&value)
    }

    /// Reads a request from JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(value: &Value) -> Result<Self, String> {
        let Value::Object(line) = value else {
            return Err("a request must be an object".to_owned());
        };
        let text = |key: &str| text(line, key);
        let method = text("method")?.unwrap_or("GET").to_owned();
        let path = match text("path")? {
            None if method == "CONNECT" => None,
            path => Some(path.unwrap_or("/").to_owned()),
        };
        let scheme = text("scheme")?.map(str::to_owned);
        let request = Request {
            method,
            authority: text("authority")?.map(str::to_owned),
            path,
            headers: headers(line.get("headers"))?,
            scheme,
            connection: connection(line)?,
            metadata: line.get("metadata").cloned().unwrap_or_default(),
            chance: Chance::Likely,
        };
        Ok(Self {
            id: line.get("id").cloned().unwrap_or_default(),
            request,
            listener: text("listener")?.map(str::to_owned),
            route_config: text("route_config")?.map(str::to_owned),
        })
    }

    /// Where the request enters.
    pub fn entry(&self) -> Entry<'_> {
        Entry { listener: self.listener.as_deref(), route_config: self.route_config.as_deref() }
    }
}

fn text<'v>(line: &'v Map<String, Value>, key: &str) -> Result<Option<&'v str>, String> {
    match line.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("`{key}` must be a string, not {other}")),
    }
}

/// Headers: an object, or a list of pairs where a name may occur several times.
fn headers(value: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    let wrong = || "`headers` must be an object of strings or a list of pairs".to_owned();
    let mut headers = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (name, value) in map {
                let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                for value in values {
                    headers.push((name.to_ascii_lowercase(), scalar(value).ok_or_else(wrong)?));
                }
            }
        }
        Some(Value::Array(pairs)) => {
            for pair in pairs {
                let [name, value] = pair.as_array().map(Vec::as_slice).unwrap_or_default() else {
                    return Err(wrong());
                };
                let name = name.as_str().ok_or_else(wrong)?;
                headers.push((name.to_ascii_lowercase(), scalar(value).ok_or_else(wrong)?));
            }
        }
        Some(_) => return Err(wrong()),
    }
    Ok(headers)
}

fn connection(line: &Map<String, Value>) -> Result<Connection, String> {
    let (source, source_port) = address(text(line, "from")?, "from")?;
    let (destination, to_port) = address(text(line, "to")?, "to")?;
    let port = match line.get("port") {
        None | Some(Value::Null) => to_port,
        Some(port) => {
            let number = port.as_u64().and_then(|port| u16::try_from(port).ok());
            Some(number.ok_or_else(|| format!("`port` must be a port number, not {port}"))?)
        }
    };
    let direction = match text(line, "direction")? {
        None => None,
        Some("outbound") => Some(Direction::Outbound),
        Some("inbound") => Some(Direction::Inbound),
        Some(other) => return Err(format!("`direction` is outbound or inbound, not {other}")),
    };
    let tls = tls(line.get("tls"))?;
    let plain_protocol = Some("http/1.1");
    Ok(Connection { tls, source, source_port, direct_source: None, destination, port, direction, plain_protocol })
}

/// `1.2.3.4`, `1.2.3.4:80`, `::1` or `[::1]:80`.
fn address(text: Option<&str>, key: &str) -> Result<(Option<std::net::IpAddr>, Option<u16>), String> {
    let Some(text) = text else {
        return Ok((None, None));
    };
    if let Ok(ip) = text.parse() {
        return Ok((Some(ip), None));
    }
    match text.parse::<std::net::SocketAddr>() {
        Ok(socket) => Ok((Some(socket.ip()), Some(socket.port()))),
        Err(_) => Err(format!("`{key}` must be an IP address, not {text}")),
    }
}

fn tls(value: Option<&Value>) -> Result<Option<Tls>, String> {
    let map = match value {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
        Some(Value::Bool(true)) => return Ok(Some(Tls::default())),
        Some(Value::Object(map)) => map,
        Some(other) => return Err(format!("`tls` must be an object, not {other}")),
    };
    let alpn = match map.get("alpn") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(other) => return Err(format!("`alpn` must be a list, not {other}")),
    };
    Ok(Some(Tls { sni: text(map, "sni")?.map(str::to_owned), alpn, certificate: certificate(map)? }))
}

/// `client_cert`: `valid`, `untrusted`, or the name that it bears.
fn certificate(tls: &Map<String, Value>) -> Result<Option<Certificate>, String> {
    if tls.get("client_cert").and_then(Value::as_bool).is_some_and(|has| !has) {
        return Ok(None);
    }
    if tls.get("client_cert").and_then(Value::as_bool) == Some(true) {
        return Ok(Some(Certificate { is_valid: true, name: String::new() }));
    }
    Ok(text(tls, "client_cert")?.map(|name| Certificate {
        is_valid: name != "untrusted",
        name: if matches!(name, "valid" | "untrusted") { String::new() } else { name.to_owned() },
    }))
}

impl Request {
    /// The request in the form that [`Line::of`] reads.
    pub fn to_json(&self) -> Value {
        let mut line = json!({"method": self.method, "authority": self.authority, "headers": self.headers});
        if let Some(path) = &self.path {
            line["path"] = json!(path);
        }
        if let Some(scheme) = &self.scheme {
            line["scheme"] = json!(scheme);
        }
        if let Some(tls) = &self.connection.tls {
            let certificate = tls.certificate.as_ref().map(|c| if c.is_valid { "valid" } else { "untrusted" });
            line["tls"] = json!({"client_cert": certificate});
        }
        line
    }
}

/// For people: `GET http://reviews:9080/ end-user: jason`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (&self.scheme, &self.connection.tls) {
            (Some(scheme), _) => scheme,
            (None, Some(_)) => "https",
            (None, None) => "http",
        };
        let host = self.authority.as_deref().unwrap_or_default();
        write!(f, "{} {scheme}://{host}{}", self.method, self.path.as_deref().unwrap_or_default())?;
        self.headers.iter().try_for_each(|(name, value)| write!(f, " {name}: {value}"))
    }
}

impl Answer<'_> {
    /// The answer as JSON: one line for programs.
    pub fn to_json(&self, id: &Value) -> Value {
        let clusters: Vec<Value> = self
            .clusters
            .iter()
            .map(|share| json!({"name": share.name, "weight": share.weight, "state": share.state.name()}))
            .collect();
        let route_name = self.route.and_then(|(_, route)| route.node.text_at("name")).map(|name| name.value);
        json!({
            "id": id,
            "listener": self.listener.map(|(listener, _)| listener.name()),
            "filter_chain": self.filter_chain.map(|(chain, _)| chain.name()),
            "route_config": self.route_config.map(crate::envoy::RouteConfiguration::name),
            "virtual_host": self.virtual_host.map(|(_, host)| host.name()),
            "virtual_host_index": self.virtual_host.map(|(place, _)| place),
            "route": route_name,
            "route_index": self.route.and_then(|(place, _)| place),
            "action": self.action(),
            "clusters": clusters,
            "status": self.status,
            "flags": self.flags,
            "details": self.details,
        })
    }
}
