//! `meshlint authz`: which policies a proxy applies, and what they decide.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::authz::policies::{self, Mesh, TrustDomains};
use crate::authz::{self, Decision, Evaluator, Filters, Request};
use crate::document::{Document, position};
use crate::istio::AuthorizationPolicy;

use super::Outcome;
use super::source::{read, say, write};

/// Arguments of `authz`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the policies that a proxy applies, as istioctl does, from its dump
    Check(Check),
    /// Decide requests by the RBAC filters of a dump, or by the policies of manifests
    Eval(Eval),
}

#[derive(Debug, Args)]
struct Check {
    /// The dump, also compressed; - for standard input
    #[arg(value_name = "FILE", required_unless_present = "file")]
    path: Option<PathBuf>,
    /// The same, as istioctl calls it
    #[arg(long, short, value_name = "FILE", conflicts_with = "path")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Eval {
    /// The dump of the workload's proxy, or with --workload the manifests of its policies
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The workload whose policies of the manifests are applied, as istiod translates them
    #[arg(long, value_name = "NAMESPACE/NAME")]
    workload: Option<String>,

    /// Namespace whose policies hold for the whole mesh
    #[arg(long, value_name = "NAMESPACE", default_value = "istio-system")]
    root_namespace: String,

    /// The trust domain of the mesh
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    trust_domain: String,

    /// Other names of the trust domain
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',')]
    trust_domain_aliases: Vec<String>,

    /// Requests, one JSON object in a line: principal, source_ip, remote_ip, method, host, path,
    /// port, headers, claims; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["port", "principal", "source_ip", "method", "host", "path"])]
    requests: Option<PathBuf>,

    /// How to print
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// The client's SPIFFE id; without it the request comes as plain text
    #[arg(long, value_name = "ID")]
    principal: Option<String>,
    /// The address of the peer
    #[arg(long, value_name = "IP")]
    source_ip: Option<String>,
    /// The address of the client, as trusted proxies tell it
    #[arg(long, value_name = "IP")]
    remote_ip: Option<String>,
    /// The method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// The host
    #[arg(long, value_name = "HOST", default_value = "")]
    host: String,
    /// The path
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// The port of the workload
    #[arg(long, value_name = "PORT", required_unless_present = "requests")]
    port: Option<u64>,
    /// A header: `NAME: VALUE`
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// The claims of the token, as JSON
    #[arg(long, value_name = "JSON")]
    claims: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// An object for each request
    Jsonl,
}

/// Runs `authz`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    match &arguments.command {
        Command::Check(check) => run_check(check),
        Command::Eval(eval) => run_eval(eval),
    }
}

fn run_check(arguments: &Check) -> Result<Outcome, String> {
    let path = arguments.path.as_ref().or(arguments.file.as_ref()).ok_or("no file is named")?;
    match read(path)? {
        Err(message) => say(&message, Outcome::Unreadable),
        Ok(document) => match authz::check(&document) {
            Ok(table) => write(&table),
            Err(message) => say(&message, Outcome::Nothing),
        },
    }
}

fn run_eval(arguments: &Eval) -> Result<Outcome, String> {
    let requests = requests(arguments)?;
    let mut documents: Vec<Document> = Vec::new();
    for path in &arguments.files {
        match read(path)? {
            Ok(document) => documents.push(document),
            Err(message) => return say(&message, Outcome::Unreadable),
        }
    }
    let Some(workload) = &arguments.workload else {
        let [document] = &documents[..] else {
            return Err("name one dump, or manifests and --workload NAMESPACE/NAME".to_owned());
        };
        return match Filters::of_dump(document) {
            Ok(filters) => write(&decide(&filters, &requests, arguments.format, &Sources::default())),
            Err(message) => say(&message, Outcome::Nothing),
        };
    };
    let applicable = match policies::applicable(&documents, workload, &arguments.root_namespace) {
        Ok(applicable) => applicable,
        Err(message) => return say(&message, Outcome::Nothing),
    };
    let trust_domains = TrustDomains::new(&arguments.trust_domain, arguments.trust_domain_aliases.iter().cloned());
    let mesh = Mesh { trust_domains, providers: None };
    let document = authz::generated(&applicable.policies, &mesh);
    let sources = sources(&applicable.policies);
    write(&decide(&Filters::of_generated(&document), &requests, arguments.format, &sources))
}

fn requests(arguments: &Eval) -> Result<Vec<Request>, String> {
    let Some(path) = &arguments.requests else {
        return Ok(vec![Request::of(&of_flags(arguments)?)?]);
    };
    let text = lines(path)?;
    let parse = |(number, line): (usize, &str)| {
        let json: Value = serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))?;
        Request::of(&json).map_err(|error| format!("line {}: {error}", number + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
}

fn lines(path: &Path) -> Result<String, String> {
    let read = match path.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin().lock()),
        false => std::fs::read_to_string(path),
    };
    read.map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn of_flags(arguments: &Eval) -> Result<Value, String> {
    let mut headers = serde_json::Map::new();
    for header in &arguments.headers {
        let (name, value) = header.split_once(':').ok_or_else(|| format!("`{header}` is no header"))?;
        headers.insert(name.trim().to_owned(), value.trim().into());
    }
    let claims = match &arguments.claims {
        Some(text) => serde_json::from_str(text).map_err(|error| format!("--claims: {error}"))?,
        None => Value::Null,
    };
    Ok(json!({
        "principal": arguments.principal, "source_ip": arguments.source_ip, "remote_ip": arguments.remote_ip,
        "method": arguments.method, "host": arguments.host, "path": arguments.path, "port": arguments.port,
        "headers": headers, "claims": claims,
    }))
}

/// Where the rules stand, by policy and number.
type Sources = FxHashMap<(String, String), String>;

fn sources(policies: &[AuthorizationPolicy<'_>]) -> Sources {
    let mut found = Sources::default();
    for policy in policies {
        let name = format!("{}/{}", policy.object.namespace(), policy.object.name());
        let document = policy.object.node().document();
        for (place, rule) in policy.rules().enumerate() {
            let line = position(document.bytes(), rule.span().start).line;
            found.insert((name.clone(), place.to_string()), format!("{}:{line}", document.name()));
        }
    }
    found
}

fn decide(filters: &Filters<'_>, requests: &[Request], format: Format, sources: &Sources) -> String {
    let evaluator = Evaluator::default();
    let mut out = String::new();
    for request in requests {
        let decided = filters.decide(request, &evaluator);
        let line = match format {
            Format::Jsonl => in_json(request, &decided, sources).to_string(),
            Format::Text => in_words(request, &decided, sources),
        };
        let _ = writeln!(out, "{line}");
    }
    out
}

fn in_json(request: &Request, decided: &Result<Decision, String>, sources: &Sources) -> Value {
    match decided {
        Ok(decision) => {
            let rule = decision.rule();
            json!({
                "id": request.id,
                "allowed": decision.is_allowed,
                "details": decision.details,
                "policy": rule.as_ref().map(|(policy, _)| policy),
                "rule": rule.as_ref().and_then(|(_, rule)| rule.parse::<u64>().ok()),
                "source": rule.as_ref().and_then(|rule| sources.get(rule)),
            })
        }
        Err(reason) => json!({ "id": request.id, "allowed": null, "reason": reason }),
    }
}

fn in_words(request: &Request, decided: &Result<Decision, String>, sources: &Sources) -> String {
    let header = |name: &str| request.headers.get(name).map_or("", String::as_str);
    let who = request.principal.as_deref().unwrap_or("plain text");
    let what = format!(
        "{} {}{} on port {} from {who}",
        header(":method"),
        header(":authority"),
        header(":path"),
        request.port
    );
    match decided {
        Err(reason) => format!("UNKNOWN  {what}: {reason}"),
        Ok(decision) => {
            let verdict = if decision.is_allowed { "ALLOWED" } else { "DENIED " };
            let why = match (decision.rule(), decision.is_allowed) {
                (Some((policy, rule)), true) => format!("allowed by {policy}, rule {rule}"),
                (Some((policy, rule)), false) => format!("denied by {policy}, rule {rule}"),
                (None, true) => "no policy is against it".to_owned(),
                (None, false) => "no policy allows it".to_owned(),
            };
            let source = decision.rule().and_then(|rule| sources.get(&rule).cloned());
            let source = source.map(|source| format!(" ({source})")).unwrap_or_default();
            format!("{verdict}  {what}: {why}{source}")
        }
    }
}
