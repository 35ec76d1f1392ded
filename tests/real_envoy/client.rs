//! A client that sends exactly what it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

pub(crate) struct Client {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

/// What came back: the status and the headers.
pub(crate) struct Response {
    pub(crate) headers: Vec<(String, String)>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        Self { port, stream: None }
    }

    /// Sends a request in the form of the lines that `meshlint trace` reads.
    pub(crate) fn send(&mut self, request: &Value, id: &str) -> Option<Response> {
        let raw = raw(request, id);
        let method = request["method"].as_str().unwrap();
        for _ in 0..2 {
            let is_fresh = self.stream.is_none();
            if is_fresh {
                let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                self.stream = Some(BufReader::new(stream));
            }
            let sent = self.stream.as_mut().unwrap().get_mut().write_all(raw.as_bytes());
            let response = sent.ok().and_then(|()| self.read(method));
            if response.is_some() || is_fresh {
                return response;
            }
            self.stream = None;
        }
        None
    }

    fn read(&mut self, method: &str) -> Option<Response> {
        let stream = self.stream.as_mut()?;
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let response = Response { headers };
        let length: usize = response.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        if method != "HEAD" && length > 0 {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).ok()?;
        }
        if response.header("connection") == Some("close") || method == "CONNECT" || status == 101 {
            self.stream = None;
        }
        Some(response)
    }
}

fn raw(request: &Value, id: &str) -> String {
    let text = |key: &str| request[key].as_str();
    let method = text("method").unwrap();
    let target = if method == "CONNECT" { text("authority") } else { text("path") };
    let mut raw = format!("{method} {} HTTP/1.1\r\nHost: {}\r\n", target.unwrap(), text("authority").unwrap());
    for pair in request["headers"].as_array().into_iter().flatten() {
        raw.push_str(&format!("{}: {}\r\n", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    }
    if let Some(scheme) = text("scheme") {
        raw.push_str(&format!("x-forwarded-proto: {scheme}\r\n"));
    }
    if let Some(value) = request["metadata"]["ns1"]["k"].as_str() {
        raw.push_str(&format!("x-md: {value}\r\n"));
    }
    if matches!(method, "POST" | "PUT") {
        raw.push_str("content-length: 0\r\n");
    }
    raw + &format!("x-id: {id}\r\n\r\n")
}
