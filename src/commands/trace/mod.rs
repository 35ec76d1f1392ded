//! `meshlint trace`.

mod lines;
mod print;

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::document::Document;
use crate::envoy::{Dump, dumps};
use crate::input::Role;
use crate::simulate::{
    Certificate, Chance, Connection, Direction, Entry, EnvoyVersion, Request, Simulator, Tls, Url, explain,
};

use super::source::Source;
use super::{ColorChoice, Outcome, Refusal};

/// Arguments of `trace`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["to", "requests"])))]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,

    /// Where the request goes: http://reviews:9080/api?x=1
    #[arg(long, value_name = "URL")]
    to: Option<String>,

    /// Method
    #[arg(long, short = 'X', value_name = "METHOD", default_value = "GET", conflicts_with = "requests")]
    request: String,

    /// A header; may be given several times
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", conflicts_with = "requests")]
    headers: Vec<String>,

    /// Address of the client
    #[arg(long, value_name = "IP", conflicts_with = "requests")]
    from: Option<IpAddr>,

    /// From the workload or to it; from it for sidecars by default
    #[arg(long, value_enum, value_name = "DIRECTION", conflicts_with = "requests")]
    direction: Option<DirectionChoice>,

    /// Server name of TLS; the host for https by default
    #[arg(long, value_name = "NAME", conflicts_with = "requests")]
    sni: Option<String>,

    /// Protocols that TLS offers, in order
    #[arg(long, value_delimiter = ',', value_name = "PROTOCOL", conflicts_with = "requests")]
    alpn: Vec<String>,

    /// Connect with TLS; so it is for https by default
    #[arg(long, conflicts_with_all = ["plaintext", "requests"])]
    tls: bool,

    /// Connect without TLS
    #[arg(long, conflicts_with_all = ["requests", "sni", "alpn", "peer"])]
    plaintext: bool,

    /// Name in the client's certificate: spiffe://cluster.local/ns/default/sa/web
    #[arg(long, value_name = "NAME", conflicts_with = "requests")]
    peer: Option<String>,

    /// Enter at this listener
    #[arg(long, value_name = "NAME", conflicts_with = "requests")]
    listener: Option<String>,

    /// Use this route configuration
    #[arg(long, value_name = "NAME", conflicts_with = "requests")]
    route_config: Option<String>,

    /// Answer many requests: one JSON object per line; - for standard input
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,

    /// How to print answers: full for --to, jsonl for --requests by default
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,

    /// Envoy's version, where behaviour depends on it; the dump's own by default
    #[arg(long, value_name = "VERSION")]
    envoy_version: Option<String>,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Every hop, for people.
    Full,
    /// One JSON object per line.
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DirectionChoice {
    Outbound,
    Inbound,
}

/// Runs `trace`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let version = version(arguments.envoy_version.as_deref())?;
    let document = arguments.source.read(&[Role::Dump])?;
    let dumps = dumps(&document);
    let dump = dumps.first().ok_or_else(|| format!("{} holds no configuration of Envoy", document.name()))?;
    let simulator = Simulator::of(dump, version);
    if simulator.is_empty() {
        return Err(format!("{} holds no listeners and no routes", document.name()).into());
    }
    match (&arguments.requests, &arguments.to) {
        (Some(requests), _) if arguments.format == Some(Format::Full) => {
            Err(format!("--format full shows one request; {} may hold many", requests.display()).into())
        }
        (Some(requests), _) => Ok(lines::answer_all(&simulator, requests)?),
        (None, Some(url)) => Ok(one(arguments, &document, dump, &simulator, &Url::parse(url)?)?),
        (None, None) => Err("either --to or --requests is needed".into()),
    }
}

pub(super) fn version(text: Option<&str>) -> Result<Option<EnvoyVersion>, String> {
    let wrong = |text: &str| format!("`{text}` is no version of Envoy, such as 1.36 or 1.36.4");
    text.map(|text| EnvoyVersion::parse(text).ok_or_else(|| wrong(text))).transpose()
}

/// Walks one request and prints its way.
fn one<'d>(
    arguments: &Arguments,
    document: &'d Document,
    dump: &Dump<'d>,
    simulator: &Simulator<'d>,
    url: &Url,
) -> Result<Outcome, String> {
    known("listener", arguments.listener.as_deref(), simulator.listener_names())?;
    known("route configuration", arguments.route_config.as_deref(), simulator.route_config_names())?;
    let request = request(arguments, dump, url)?;
    let entry = Entry { listener: arguments.listener.as_deref(), route_config: arguments.route_config.as_deref() };
    let answer = simulator.answer(&request, entry);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if arguments.format == Some(Format::Jsonl) {
        writeln!(out, "{}", answer.to_json(&serde_json::Value::Null))
    } else {
        let scheme = if url.is_tls { "https" } else { "http" };
        let title = format!("{scheme}://{}{} through {}", url.authority, url.path, dump.proxy());
        let explanation = explain(simulator, dump, &request, &answer);
        let style = super::check::style(arguments.color);
        print::print(&mut out, style, document, (&request, &title), (&answer, &explanation))
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}")),
        _ => Ok(Outcome::Clean),
    }
}

fn known<'a>(what: &str, name: Option<&str>, names: impl Iterator<Item = &'a str> + Clone) -> Result<(), String> {
    let Some(name) = name else { return Ok(()) };
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    Err(match crate::similar::similar(name, names) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`"),
    })
}

fn request(arguments: &Arguments, dump: &Dump<'_>, url: &Url) -> Result<Request, String> {
    let mut headers = Vec::new();
    let mut authority = url.authority.clone();
    for header in &arguments.headers {
        let (name, value) =
            header.split_once(':').ok_or_else(|| format!("`{header}` is no header: write NAME: VALUE"))?;
        match name.trim().to_ascii_lowercase().as_str() {
            "host" | ":authority" => value.trim().clone_into(&mut authority),
            name => headers.push((name.to_owned(), value.trim().to_owned())),
        }
    }
    let method = arguments.request.clone();
    Ok(Request {
        path: (method != "CONNECT").then(|| url.path.clone()),
        method,
        authority: Some(authority),
        headers,
        scheme: None,
        connection: connection(arguments, dump, url),
        metadata: serde_json::Value::Null,
        chance: Chance::Likely,
    })
}

fn connection(arguments: &Arguments, dump: &Dump<'_>, url: &Url) -> Connection {
    let direction = arguments.direction.map(|direction| match direction {
        DirectionChoice::Inbound => Direction::Inbound,
        DirectionChoice::Outbound => Direction::Outbound,
    });
    let said = Connection {
        tls: tls(arguments),
        source: arguments.from,
        direction,
        plain_protocol: Some("http/1.1"),
        ..Connection::default()
    };
    said.toward(url, dump, arguments.plaintext)
}

/// What is said of TLS.
fn tls(arguments: &Arguments) -> Option<Tls> {
    let asks = arguments.tls || arguments.sni.is_some() || !arguments.alpn.is_empty() || arguments.peer.is_some();
    asks.then(|| Tls {
        sni: arguments.sni.clone(),
        alpn: arguments.alpn.clone(),
        certificate: arguments.peer.as_ref().map(|name| Certificate { is_valid: true, name: name.clone() }),
    })
}
