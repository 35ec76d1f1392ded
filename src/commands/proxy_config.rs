//! `meshlint proxy-config`: istioctl's tables, from files.

use clap::{ArgAction, Args, Subcommand, ValueEnum};

use crate::input::Role;
use crate::tables::{self, Filter, Look, Missing, Output, Section};

use super::look::Looks;
use super::source::{Source, parse_time, today, write};
use super::{Outcome, Refusal};

/// Arguments of `proxy-config`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    section: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Clusters
    #[command(name = "clusters", visible_aliases = ["cluster", "c"])]
    Clusters(Clusters),
    /// Listeners
    #[command(name = "listeners", visible_aliases = ["listener", "l"])]
    Listeners(Listeners),
    /// Routes
    #[command(name = "routes", visible_aliases = ["route", "r"])]
    Routes(Routes),
    /// Endpoints with their health: from /clusters, as text or JSON, or else from a dump
    #[command(name = "endpoints", visible_aliases = ["endpoint", "ep"])]
    Endpoints(Endpoints),
    /// Endpoints of a dump that was taken with include_eds
    #[command(name = "eds")]
    Eds(Endpoints),
    /// The bootstrap, or with `-o short` the versions
    #[command(name = "bootstrap", visible_alias = "b")]
    Bootstrap(Bootstrap),
    /// Certificates
    #[command(name = "secret", visible_aliases = ["secrets", "s"])]
    Secret(Common),
    /// Filters that the control plane sends by themselves
    #[command(name = "ecds", visible_alias = "ec")]
    Ecds(Common),
    /// All sections
    #[command(name = "all", visible_alias = "a")]
    All(All),
    /// Levels of loggers, from a saved /logging page
    #[command(name = "log", visible_alias = "o")]
    Log(Log),
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    source: Source,

    /// How to print
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "short")]
    output: OutputName,

    /// Judge certificates at this time and not today: 2026-11-20T17:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<i64>,

    #[command(flatten)]
    looks: Looks,
}

#[derive(Debug, Args)]
struct Bootstrap {
    #[command(flatten)]
    source: Source,

    /// How to print
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "json")]
    output: OutputName,

    #[command(flatten)]
    looks: Looks,
}

/// Which clusters.
#[derive(Debug, Args)]
struct ClusterNames {
    /// Only clusters whose name has this in it
    #[arg(long, value_name = "TEXT", default_value = "")]
    fqdn: String,
    /// Only clusters of this direction
    #[arg(long, value_name = "DIRECTION", default_value = "")]
    direction: String,
    /// Only clusters of this subset
    #[arg(long, value_name = "SUBSET", default_value = "")]
    subset: String,
}

impl ClusterNames {
    fn filter(&self) -> Filter {
        Filter {
            fqdn: self.fqdn.clone(),
            direction: self.direction.clone(),
            subset: self.subset.clone(),
            ..Filter::default()
        }
    }
}

#[derive(Debug, Args)]
struct Clusters {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    names: ClusterNames,
    /// Only clusters of this port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u64,
}

#[derive(Debug, Args)]
struct Listeners {
    #[command(flatten)]
    common: Common,
    /// Only listeners of this address
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    address: String,
    /// Only listeners of this port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u64,
    /// Only listeners of this type: HTTP, TCP, HTTP+TCP, UNKNOWN
    #[arg(long = "type", value_name = "TYPE", default_value = "")]
    kind: String,
    /// A row for each filter chain
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", value_name = "BOOL")]
    verbose: bool,
    /// The chains of a waypoint
    #[arg(long)]
    waypoint: bool,
}

#[derive(Debug, Args)]
struct Routes {
    #[command(flatten)]
    common: Common,
    /// Only the table of this name
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,
    /// A row for each route
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", value_name = "BOOL")]
    verbose: bool,
}

#[derive(Debug, Args)]
struct Endpoints {
    #[command(flatten)]
    common: Common,
    /// Only endpoints of this address
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    address: String,
    /// Only endpoints of this port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u64,
    /// Only endpoints of this cluster
    #[arg(long, value_name = "CLUSTER", default_value = "")]
    cluster: String,
    /// Only endpoints of this health: HEALTHY, UNHEALTHY, DRAINING, …
    #[arg(long, value_name = "STATUS", default_value = "")]
    status: String,
}

#[derive(Debug, Args)]
struct All {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    names: ClusterNames,
    /// Only what has this port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u64,
    /// Only what has this address
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    address: String,
    /// Only listeners of this type
    #[arg(long = "type", value_name = "TYPE", default_value = "")]
    kind: String,
    /// Only the table of routes of this name
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,
    /// A row for each filter chain and each route
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", value_name = "BOOL")]
    verbose: bool,
    /// A heading above each section
    #[arg(long)]
    with_headers: bool,
}

#[derive(Debug, Args)]
struct Log {
    #[command(flatten)]
    source: Source,
    /// The request that sets these levels: LEVEL, or LOGGER:LEVEL by comma
    #[arg(long, value_name = "LEVELS")]
    level: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputName {
    /// A table
    Short,
    /// Messages as JSON
    Json,
    /// Messages as YAML
    Yaml,
}

impl From<OutputName> for Output {
    fn from(name: OutputName) -> Self {
        match name {
            OutputName::Short => Self::Short,
            OutputName::Json => Self::Json,
            OutputName::Yaml => Self::Yaml,
        }
    }
}

/// Runs `proxy-config`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let (section, common, filter) = match &arguments.section {
        Command::Clusters(a) => (Section::Clusters, &a.common, Filter { port: a.port, ..a.names.filter() }),
        Command::Listeners(a) => (Section::Listeners, &a.common, of_listeners(a)),
        Command::Routes(a) => {
            let filter = Filter { name: a.name.clone(), verbose: a.verbose, ..Filter::default() };
            (Section::Routes, &a.common, filter)
        }
        Command::Endpoints(a) => (Section::Endpoints, &a.common, of_endpoints(a)),
        Command::Eds(a) => (Section::Eds, &a.common, of_endpoints(a)),
        Command::Secret(common) => (Section::Secrets, common, Filter::default()),
        Command::Ecds(common) => (Section::Ecds, common, Filter::default()),
        Command::All(a) => (Section::All, &a.common, of_all(a)),
        Command::Bootstrap(a) => {
            return print(&a.source, Section::Bootstrap, Filter::default(), a.output, &a.looks);
        }
        Command::Log(log) => return run_log(log),
    };
    let filter = Filter { now: common.at.unwrap_or_else(today), ..filter };
    print(&common.source, section, filter, common.output, &common.looks)
}

fn of_listeners(a: &Listeners) -> Filter {
    Filter {
        address: a.address.clone(),
        port: a.port,
        kind: a.kind.clone(),
        verbose: a.verbose,
        waypoint: a.waypoint,
        ..Filter::default()
    }
}

fn of_endpoints(a: &Endpoints) -> Filter {
    Filter {
        address: a.address.clone(),
        port: a.port,
        cluster: a.cluster.clone(),
        status: a.status.clone(),
        ..Filter::default()
    }
}

fn of_all(a: &All) -> Filter {
    Filter {
        port: a.port,
        address: a.address.clone(),
        kind: a.kind.clone(),
        name: a.name.clone(),
        verbose: a.verbose,
        with_headers: a.with_headers,
        ..a.names.filter()
    }
}

fn print(
    source: &Source,
    section: Section,
    filter: Filter,
    output: OutputName,
    looks: &Looks,
) -> Result<Outcome, Refusal> {
    let roles: &[Role] = match section {
        Section::Endpoints => &[Role::Proxy("clusters"), Role::Dump],
        _ => &[Role::Dump],
    };
    let document = source.read(roles)?;
    let look = if output == OutputName::Short { looks.of(&document) } else { Look::default() };
    match tables::print(&document, section, &Filter { look, ..filter }, output.into()) {
        Ok(text) => write(&text),
        Err(Missing(message)) => Err(Refusal::nothing(message)),
    }
}

/// Prints the page, or says how the levels would be set: a file is no running proxy.
fn run_log(log: &Log) -> Result<Outcome, Refusal> {
    let document = log.source.read(&[Role::Proxy("logging")])?;
    let page = String::from_utf8_lossy(document.bytes());
    if !page.contains("active loggers:") {
        return Err(Refusal::nothing(format!("{} is no page of /logging", document.name())));
    }
    let Some(levels) = &log.level else {
        return write(&format!("{}:\n{page}", document.name()));
    };
    let queries = tables::log_queries(levels, &page)?;
    let lines: Vec<String> =
        queries.iter().map(|query| format!("curl -X POST 'http://localhost:15000/logging?{query}'\n")).collect();
    write(&lines.concat())
}
