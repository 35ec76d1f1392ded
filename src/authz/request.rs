//! A request to decide on.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::simulate::{self, Certificate, Chance, Connection, Tls};

/// A request as it reaches a proxy.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whatever tells it from others.
    pub id: Value,
    /// The SPIFFE id of the client, without the scheme; nothing if it came as plain text.
    pub principal: Option<String>,
    /// The address of the peer.
    pub source_ip: Option<IpAddr>,
    /// The address that a PROXY header announces in its place.
    pub announced_ip: Option<IpAddr>,
    /// The address of the client, as trusted proxies tell it.
    pub remote_ip: Option<IpAddr>,
    /// The address that the client called.
    pub destination_ip: Option<IpAddr>,
    /// The port that the client called.
    pub port: u64,
    /// The name that the client asked for in TLS.
    pub sni: String,
    /// What it asks for; nothing if it is a bare connection.
    pub target: Option<Target>,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// What filters noted: the claims of a token.
    pub metadata: Value,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The method.
    pub method: String,
    /// The host.
    pub host: String,
    /// The path with its query.
    pub path: String,
}

impl Request {
    /// Reads a request: `principal`, `source_ip`, `announced_ip`, `remote_ip`, `destination_ip`, `method`, `host`,
    /// `path`, `port`, `sni`, `headers` (a header that is sent several times has a list), `claims`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(json: &Value) -> Result<Self, String> {
        let object = json.as_object().ok_or("a request is an object")?;
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let address = |name: &str| match text(name) {
            Some(text) => text.parse::<IpAddr>().map(Some).map_err(|_| format!("{name} `{text}` is no IP address")),
            None => Ok(None),
        };
        let values = |value: &Value| match value {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        let text_of = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut headers = Vec::new();
        for (name, value) in object.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let named = |value| (name.to_ascii_lowercase(), text_of(value));
            headers.extend(values(value).into_iter().map(named));
        }
        let or = |name: &str, default: &str| text(name).unwrap_or(default).to_owned();
        let is_tcp = text("method").is_none() && text("path").is_none();
        let target =
            (!is_tcp).then(|| Target { method: or("method", "GET"), host: or("host", ""), path: or("path", "/") });
        let (source_ip, announced_ip) = (address("source_ip")?, address("announced_ip")?);
        Ok(Self {
            id: object.get("id").cloned().unwrap_or(Value::Null),
            principal: text("principal").map(|p| p.strip_prefix("spiffe://").unwrap_or(p).to_owned()),
            source_ip,
            announced_ip,
            remote_ip: address("remote_ip")?.or(announced_ip).or(source_ip),
            destination_ip: address("destination_ip")?,
            port: object.get("port").and_then(Value::as_u64).ok_or("a request has a port")?,
            sni: text("sni").unwrap_or_default().to_owned(),
            target,
            headers,
            metadata: metadata(object.get("claims")),
        })
    }

    /// Whether it comes over TLS: with a certificate, or at least with the name of a server.
    pub(super) fn is_encrypted(&self) -> bool {
        self.principal.is_some() || !self.sni.is_empty()
    }

    /// The request as a client sends it.
    pub(super) fn as_sent(&self) -> simulate::Request {
        let certificate = |principal: &String| Certificate { is_valid: true, name: format!("spiffe://{principal}") };
        let tls = self.is_encrypted().then(|| Tls {
            sni: Some(self.sni.clone()).filter(|sni| !sni.is_empty()),
            alpn: Vec::new(),
            certificate: self.principal.as_ref().map(certificate),
        });
        let target = self.target.as_ref();
        simulate::Request {
            method: target.map(|target| target.method.clone()).unwrap_or_default(),
            authority: target.map(|target| target.host.clone()),
            path: target.map(|target| target.path.clone()),
            headers: self.headers.clone(),
            scheme: None,
            connection: Connection {
                tls,
                source: self.announced_ip.or(self.source_ip),
                direct_source: self.source_ip,
                destination: self.destination_ip,
                port: u16::try_from(self.port).ok(),
                ..Connection::default()
            },
            metadata: self.metadata.clone(),
            chance: Chance::Likely,
        }
    }
}

/// What the filters of JSON Web Tokens note, of today and of Istio before 1.24.
fn metadata(claims: Option<&Value>) -> Value {
    let Some(claims) = claims.and_then(Value::as_object) else {
        return Value::Null;
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let mut authn = Map::new();
    if let (Some(issuer), Some(subject)) = (text("iss"), text("sub")) {
        authn.insert("request.auth.principal".to_owned(), format!("{issuer}/{subject}").into());
    }
    if let Some(audiences) = claims.get("aud") {
        authn.insert("request.auth.audiences".to_owned(), audiences.clone());
    }
    if let Some(presenter) = text("azp") {
        authn.insert("request.auth.presenter".to_owned(), presenter.into());
    }
    authn.insert("request.auth.claims".to_owned(), listed(claims));
    json!({ "istio_authn": authn, "envoy.filters.http.jwt_authn": { "payload": claims } })
}

/// Claims with each text in a list, and words of a text apart.
fn listed(claims: &Map<String, Value>) -> Value {
    let list = |value: &Value| match value {
        Value::String(text) => text.split(' ').map(Value::from).collect::<Vec<_>>().into(),
        Value::Object(inner) => listed(inner),
        other => other.clone(),
    };
    claims.iter().map(|(name, value)| (name.clone(), list(value))).collect::<Map<_, _>>().into()
}
