//! A request to decide on.

use std::net::IpAddr;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

/// A request as it reaches a proxy.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whatever tells it from others.
    pub id: Value,
    /// The SPIFFE id of the client, without the scheme; nothing if it came as plain text.
    pub principal: Option<String>,
    /// The address of the peer.
    pub source_ip: Option<IpAddr>,
    /// The address of the client, as trusted proxies tell it.
    pub remote_ip: Option<IpAddr>,
    /// The address that the client called.
    pub destination_ip: Option<IpAddr>,
    /// The port that the client called.
    pub port: u64,
    /// The name that the client asked for in TLS.
    pub sni: String,
    /// Headers by lower-case name, `:method`, `:path` and `:authority` among them.
    pub headers: FxHashMap<String, String>,
    /// What filters noted: the claims of a token.
    pub metadata: Value,
    /// Whether it is a bare connection.
    pub is_tcp: bool,
}

impl Request {
    /// Reads a request: `principal`, `source_ip`, `remote_ip`, `destination_ip`, `method`, `host`,
    /// `path`, `port`, `sni`, `headers`, `claims`.
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
        let mut headers = FxHashMap::default();
        for (name, value) in object.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            headers.insert(name.to_ascii_lowercase(), value);
        }
        let is_tcp = text("method").is_none() && text("path").is_none();
        if !is_tcp {
            headers.insert(":method".to_owned(), text("method").unwrap_or("GET").to_owned());
            headers.insert(":path".to_owned(), text("path").unwrap_or("/").to_owned());
            headers.insert(":authority".to_owned(), text("host").unwrap_or_default().to_owned());
        }
        let source_ip = address("source_ip")?;
        Ok(Self {
            id: object.get("id").cloned().unwrap_or(Value::Null),
            principal: text("principal").map(|p| p.strip_prefix("spiffe://").unwrap_or(p).to_owned()),
            source_ip,
            remote_ip: address("remote_ip")?.or(source_ip),
            destination_ip: address("destination_ip")?,
            port: object.get("port").and_then(Value::as_u64).ok_or("a request has a port")?,
            sni: text("sni").unwrap_or_default().to_owned(),
            headers,
            metadata: metadata(object.get("claims")),
            is_tcp,
        })
    }

    /// The path, without query and fragment.
    pub(super) fn path(&self) -> &str {
        let path = self.headers.get(":path").map_or("", String::as_str);
        path.split(['?', '#']).next().unwrap_or(path)
    }

    /// The client's identity as a URI.
    pub(super) fn spiffe(&self) -> Option<String> {
        self.principal.as_ref().map(|principal| format!("spiffe://{principal}"))
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
