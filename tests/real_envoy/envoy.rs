//! A real Envoy on loopback, ended with the value.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) struct Envoy {
    child: Child,
    admin: String,
    folder: PathBuf,
}

impl Envoy {
    /// Starts Envoy; the reason why it refuses the configuration otherwise.
    pub(crate) fn start(binary: &Path, mut bootstrap: Value, number: usize) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("meshlint-envoy-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        bootstrap["admin"] = json!({"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}});
        let config = folder.join("bootstrap.json");
        std::fs::write(&config, bootstrap.to_string().replace("@LOG@", &folder.join("access.log").to_string_lossy()))
            .unwrap();
        let admin = folder.join("admin");
        let log = std::fs::File::create(folder.join("envoy.log")).unwrap();
        let child = Command::new(binary)
            .arg("-c")
            .arg(&config)
            .args(["--disable-hot-restart", "--concurrency", "1", "-l", "warning", "--file-flush-interval-msec", "20"])
            .args(["--drain-time-s", "1", "--parent-shutdown-time-s", "1", "--admin-address-path"])
            .arg(&admin)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut envoy = Self { child, admin: String::new(), folder };
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if envoy.child.try_wait().unwrap().is_some() {
                return Err(envoy.complaint());
            }
            if let Ok(address) = std::fs::read_to_string(&admin)
                && !address.is_empty()
            {
                envoy.admin = address.trim().to_owned();
                if envoy.get("/ready").is_some_and(|body| body.contains("LIVE")) {
                    return Ok(envoy);
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("Envoy does not become ready".to_owned())
    }

    fn complaint(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("envoy.log")).unwrap_or_default();
        let line = log.lines().find(|line| line.contains("[error]") || line.contains("[critical]"));
        line.unwrap_or("Envoy ended").chars().take(600).collect()
    }

    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.admin).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        // The admin interface answers in chunks; what is needed is taken out of the text.
        Some(answer)
    }

    /// The ports of all listeners by their names.
    pub(crate) fn ports(&self) -> HashMap<String, u16> {
        let text = self.get("/listeners").unwrap();
        let port = |line: &str| {
            let (name, address) = line.split_once("::")?;
            Some((name.to_owned(), address.trim().rsplit_once(':')?.1.parse().ok()?))
        };
        text.lines().filter_map(port).collect()
    }

    /// The lines of the access log, once `count` are there.
    pub(crate) fn log(&self, count: usize) -> Vec<Value> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let text = std::fs::read_to_string(self.folder.join("access.log")).unwrap_or_default();
            let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            if lines.len() >= count || Instant::now() > end {
                return lines;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The version that a binary says it has.
pub(crate) fn version(binary: &Path) -> String {
    let output = Command::new(binary).arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let build = text.split_once("version:").unwrap().1;
    build.split('/').nth(1).unwrap().to_owned()
}
