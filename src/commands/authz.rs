//! `meshlint authz`: which policies a proxy applies, and what they decide.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::ArgValueCompleter;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::authz::policies::{self, Mesh, TrustDomains};
use crate::authz::{self, Decision, Filters, Request};

use crate::input::Role;
use crate::istio::AuthorizationPolicy;

use super::complete::file_or_pod;
use super::source::{Source, dump, resources, write};
use super::{Outcome, Refusal};

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
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Args)]
struct Eval {
    /// The dump of the workload's proxy; with --workload the manifests of its policies: files, folders,
    /// bundles; with --bundle the pod: POD[.NAMESPACE]
    #[arg(value_name = "FILE|POD", required = true, add = ArgValueCompleter::new(file_or_pod))]
    names: Vec<PathBuf>,

    /// Take the dump of the pod from this bundle: a folder, .tar.gz, .tgz, .tar or .zip
    #[arg(long, value_name = "BUNDLE", conflicts_with = "workload")]
    bundle: Option<PathBuf>,

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
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    match &arguments.command {
        Command::Check(check) => run_check(check),
        Command::Eval(eval) => run_eval(eval),
    }
}

fn run_check(arguments: &Check) -> Result<Outcome, Refusal> {
    let document = arguments.source.read(&[Role::Dump])?;
    write(&authz::check(&document).map_err(Refusal::nothing)?)
}

fn run_eval(arguments: &Eval) -> Result<Outcome, Refusal> {
    let requests = requests(arguments)?;
    if let Some(workload) = &arguments.workload {
        return by_manifests(arguments, workload, &requests);
    }
    let [name] = &arguments.names[..] else {
        return Err("name one dump, or manifests and --workload NAMESPACE/NAME".into());
    };
    let document = dump(arguments.bundle.as_deref(), name)?;
    let filters = Filters::of_dump(&document).map_err(Refusal::nothing)?;
    write(&decide(&filters, &requests, arguments.format, &Sources::default()))
}

fn by_manifests(arguments: &Eval, workload: &str, requests: &[Request]) -> Result<Outcome, Refusal> {
    let documents = resources(&arguments.names)?;
    let applicable = policies::applicable(&documents, workload, &arguments.root_namespace).map_err(Refusal::nothing)?;
    let trust_domains = TrustDomains::new(&arguments.trust_domain, arguments.trust_domain_aliases.iter().cloned());
    let mesh = Mesh { trust_domains, providers: policies::providers(&documents) };
    let document = authz::generated(&applicable.policies, &mesh);
    let sources = sources(&applicable.policies);
    let outcome = write(&decide(&Filters::of_generated(&document), requests, arguments.format, &sources))?;
    remark(&applicable.policies, &mesh);
    Ok(outcome)
}

/// Says which external authorizers there are, and which istiod cannot use.
fn remark(policies: &[AuthorizationPolicy<'_>], mesh: &Mesh) {
    for name in policies::asked(policies) {
        let Some(declared) = &mesh.providers else {
            anstream::eprintln!(
                "meshlint: `{name}` is taken for declared: the mesh configuration is not among the files"
            );
            continue;
        };
        match declared
            .iter()
            .find(|provider| provider.name == name)
            .map(|provider| (&provider.address, &provider.fault))
        {
            None => {
                anstream::eprintln!(
                    "meshlint: extensionProviders declare no `{name}`: what it should decide is denied"
                );
            }
            Some((_, Some(fault))) => {
                anstream::eprintln!("meshlint: `{name}` cannot be used, {fault}: what it should decide is denied");
            }
            Some((address, None)) => anstream::eprintln!("meshlint: `{name}` is {address}"),
        }
    }
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
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for header in &arguments.headers {
        let (name, value) = header.split_once(':').ok_or_else(|| format!("`{header}` is no header"))?;
        headers.entry(name.trim().to_owned()).or_default().push(value.trim().to_owned());
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
            let line = document.position(rule.span().start).line;
            found.insert((name.clone(), place.to_string()), format!("{}:{line}", document.name()));
        }
    }
    found
}

fn decide(filters: &Filters<'_>, requests: &[Request], format: Format, sources: &Sources) -> String {
    let mut out = String::new();
    for request in requests {
        let decided = filters.decide(request);
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
    let who = request.principal.as_deref().unwrap_or("plain text");
    let target = request.target.as_ref();
    let what = target.map_or_else(String::new, |t| format!("{} {}{} ", t.method, t.host, t.path));
    let what = format!("{what}on port {} from {who}", request.port);
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
