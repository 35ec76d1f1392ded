//! Random clients: where they come from, who they are and what they ask for.

#![allow(clippy::explicit_auto_deref)] // what is picked from is not inferred without

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use super::super::random::Random;
use super::CLAIMS;
use super::certificates::{Authority, IDENTITIES};

pub(super) const HOSTS: [&str; 6] =
    ["example.com", "www.example.com", "Example.COM", "httpbin.foo", "example.com:8080", "a.b.example.org"];
pub(super) const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
pub(super) const PATHS: [&str; 22] = [
    "/",
    "/api",
    "/api/",
    "/api/v1",
    "/api/v1/users",
    "/API/v1",
    "/info",
    "/admin/info",
    "/admin",
    "/a/b/c/end",
    "/api/x/users",
    "/static/app.js",
    "//admin",
    "/./admin",
    "/api/../admin",
    "/admin%2Fx",
    "/%61dmin",
    "/admin;x=1",
    "/admin/",
    "/api//v1",
    "/a%20b",
    "/api/*",
];
pub(super) const PORTS: [u16; 5] = [80, 8080, 9080, 443, 15006];
pub(super) const SERVER_NAMES: [&str; 3] = ["example.com", "www.example.com", "outbound_.80_._.httpbin.foo"];
pub(super) const HEADERS: [(&str, &[&str]); 7] = [
    ("x-user", &["admin", "Admin", "guest", "", "admin-2"]),
    ("x-token", &["abc", "abcdef", "xyz"]),
    ("x-num", &["0", "5", "10", "-3", "abc"]),
    ("user-agent", &["curl/8.0", "Mozilla/5.0 (X11)"]),
    ("cookie", &["user=admin; a=b", "a=b"]),
    ("content-type", &["application/json", "text/plain"]),
    ("x-forwarded-for", &["8.8.8.8", "10.1.2.3, 127.0.0.3", "10.1.2.3", "2001:db8::1", "127.0.0.2, 8.8.8.8, 10.9.9.9"]),
];

/// The client's side of TLS.
#[derive(Debug)]
pub(super) struct Encryption {
    pub(super) server_name: Option<String>,
    /// Which of the identities has the certificate.
    pub(super) identity: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Client {
    /// The address of the socket.
    pub(super) address: Ipv4Addr,
    /// The source that a PROXY header names, with its port; the destination it always names.
    proxied: (Ipv4Addr, u16),
    pub(super) destination: Ipv4Addr,
    pub(super) destination_port: u16,
    pub(super) tls: Option<Encryption>,
    method: &'static str,
    host: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    claims: Option<usize>,
}

pub(super) fn client(random: &mut Random, is_network: bool, number: usize) -> Client {
    let address = Ipv4Addr::new(127, 0, 0, 1 + random.below(6) as u8);
    let source = match random.percent(75) {
        true => address,
        false => *random.pick(&[Ipv4Addr::new(10, 1, 2, 3), Ipv4Addr::new(192, 168, 7, 9), Ipv4Addr::new(8, 8, 8, 8)]),
    };
    let tls = random.percent(55).then(|| Encryption {
        server_name: random.percent(80).then(|| (*random.pick(&SERVER_NAMES)).to_owned()),
        identity: random.percent(92).then(|| random.below(IDENTITIES.len())),
    });
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, values) in HEADERS {
        if random.percent(30) && !is_network {
            headers.push((name.to_owned(), (*random.pick(values)).to_owned()));
            if name.starts_with("x-user") && random.percent(20) {
                headers.push((name.to_owned(), (*random.pick(values)).to_owned()));
            }
        }
    }
    let claims = (random.percent(45) && !is_network).then(|| random.below(CLAIMS.len()));
    headers.extend(claims.map(|number| ("x-claims".to_owned(), number.to_string())));
    let mut path = (*random.pick(&PATHS)).to_owned();
    if random.percent(25) {
        path.push_str(*random.pick(&["?x=1", "?", "?a=/admin", "?x=/../y"]));
    }
    Client {
        address,
        // The port tells connections apart.
        proxied: (source, 1024 + number as u16),
        destination: *random.pick(&[Ipv4Addr::new(10, 96, 0, 1), Ipv4Addr::new(10, 97, 1, 2)]),
        destination_port: *random.pick(&PORTS),
        tls,
        method: *random.pick(&METHODS),
        host: *random.pick(&HOSTS),
        path,
        headers,
        claims,
    }
}

impl Client {
    pub(super) fn port(&self) -> u16 {
        self.proxied.1
    }

    pub(super) fn source(&self) -> IpAddr {
        self.proxied.0.into()
    }

    /// `authz eval` knows TLS by a certificate or the name of a server.
    pub(super) fn is_known_to_authz(&self) -> bool {
        self.tls.as_ref().is_none_or(|tls| tls.identity.is_some() || tls.server_name.is_some())
    }

    /// The request as `trace` reads it.
    pub(super) fn line(&self) -> Value {
        json!({"method": self.method, "authority": self.host, "path": self.path, "headers": self.headers})
    }

    pub(super) fn metadata(&self) -> Value {
        let claims = |number: usize| serde_json::from_str::<Value>(CLAIMS[number]).unwrap();
        self.claims.map_or(Value::Null, |number| json!({"envoy.filters.http.jwt_authn": {"payload": claims(number)}}))
    }

    /// The request as `authz eval` reads it.
    pub(super) fn asked(&self, id: &str, remote: Option<String>, is_network: bool) -> Value {
        let mut headers = serde_json::Map::new();
        for (name, value) in self.headers.iter().cloned().chain([("x-id".to_owned(), id.to_owned())]) {
            if let Some(list) = headers.entry(name).or_insert_with(|| json!([])).as_array_mut() {
                list.push(value.into());
            }
        }
        let mut asked = json!({
            "port": self.destination_port, "destination_ip": self.destination, "source_ip": self.address,
            "announced_ip": self.source().to_string(),
            "remote_ip": remote.unwrap_or_else(|| self.source().to_string()),
            "sni": self.tls.as_ref().and_then(|tls| tls.server_name.clone()),
            "principal": self.tls.as_ref().and_then(|tls| tls.identity).map(|place| IDENTITIES[place]),
        });
        if !is_network {
            asked["method"] = json!(self.method);
            asked["host"] = json!(self.host);
            asked["path"] = json!(self.path);
            asked["headers"] = headers.into();
            asked["claims"] = self.claims.map_or(Value::Null, |number| serde_json::from_str(CLAIMS[number]).unwrap());
        }
        asked
    }

    /// Calls, and waits for the end of the answer.
    pub(super) fn call(&self, port: u16, authority: &Authority, is_network: bool, id: &str) {
        let mut stream = self.connect(port);
        let (source, source_port) = self.proxied;
        let line = format!("PROXY TCP4 {source} {} {source_port} {}\r\n", self.destination, self.destination_port);
        stream.write_all(line.as_bytes()).unwrap();
        match &self.tls {
            None => talk(&mut stream, &self.text(is_network, id), is_network),
            Some(tls) => {
                let name = tls.server_name.clone().unwrap_or_else(|| "none.test".to_owned());
                // A name with an underscore is no host name, and goes into the hello all the same.
                let name = ServerName::try_from(name).unwrap();
                let config = authority.client(tls.identity, tls.server_name.is_some());
                let mut stream = StreamOwned::new(ClientConnection::new(config, name).unwrap(), stream);
                talk(&mut stream, &self.text(is_network, id), is_network);
            }
        }
    }

    fn connect(&self, port: u16) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(SocketAddrV4::new(self.address, 0)).into()).unwrap();
        socket.connect(&SocketAddr::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn text(&self, is_network: bool, id: &str) -> String {
        if is_network {
            return "longer than what tells TLS".to_owned();
        }
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.path, self.host);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if matches!(self.method, "POST" | "PUT" | "PATCH") {
            text.push_str("content-length: 0\r\n");
        }
        text + &format!("x-id: {id}\r\nconnection: close\r\n\r\n")
    }
}

/// Sends, and reads what comes: a byte of the echo, or an answer to its end. A connection that is
/// cut off is an answer as well.
fn talk(stream: &mut (impl Read + Write), text: &str, is_network: bool) {
    if stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).is_err() {
        return;
    }
    let mut answer = Vec::new();
    let _ = match is_network {
        true => stream.take(1).read_to_end(&mut answer),
        false => stream.read_to_end(&mut answer),
    };
}
