//! `meshlint ztunnel-config`: istioctl's tables of a ztunnel, from a file.

use clap::{ArgAction, Args, Subcommand};

use crate::input::Role;
use crate::tables::{Missing, ZtunnelFilter, ZtunnelSection, print_ztunnel};

use super::look::Looks;
use super::proxy_config::OutputName;
use super::source::{Source, parse_time, today, write};
use super::{Outcome, Refusal};

/// Arguments of `ztunnel-config`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    section: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Workloads
    #[command(name = "workloads", visible_aliases = ["workload", "w"])]
    Workloads(Flags),
    /// Services
    #[command(name = "services", visible_aliases = ["service", "svc", "s"])]
    Services(Flags),
    /// Authorization policies
    #[command(name = "policies", visible_aliases = ["policy", "p", "pol"])]
    Policies(Flags),
    /// Certificates
    #[command(name = "certificates", visible_aliases = ["certificate", "certs", "cert"])]
    Certificates(Flags),
    /// Open connections
    #[command(name = "connections", visible_alias = "connection")]
    Connections(Flags),
    /// All sections
    #[command(name = "all", visible_alias = "a")]
    All(Flags),
}

#[derive(Debug, Args)]
struct Flags {
    #[command(flatten)]
    source: Source,
    /// How to print
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "short")]
    output: OutputName,
    /// Only of this namespace
    #[arg(long = "workload-namespace", visible_aliases = ["service-namespace", "policy-namespace"], value_name = "NAMESPACE", default_value = "")]
    namespace: String,
    /// Only the workload of this name
    #[arg(long = "workload", value_name = "NAME", default_value = "")]
    workload: String,
    /// Only workloads of this address
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    address: String,
    /// Only workloads of this node
    #[arg(long, value_name = "NODE", default_value = "")]
    node: String,
    /// Only connections of this direction: inbound, outbound
    #[arg(long, value_name = "DIRECTION", default_value = "")]
    direction: String,
    /// Addresses and not names
    #[arg(long)]
    raw: bool,
    /// With waypoint and protocol
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", value_name = "BOOL")]
    verbose: bool,
    /// A heading above each section
    #[arg(long)]
    with_headers: bool,
    /// Judge certificates at this time and not today
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<i64>,

    #[command(flatten)]
    looks: Looks,
}

/// Runs `ztunnel-config`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let (section, flags) = match &arguments.section {
        Command::Workloads(flags) => (ZtunnelSection::Workloads, flags),
        Command::Services(flags) => (ZtunnelSection::Services, flags),
        Command::Policies(flags) => (ZtunnelSection::Policies, flags),
        Command::Certificates(flags) => (ZtunnelSection::Certificates, flags),
        Command::Connections(flags) => (ZtunnelSection::Connections, flags),
        Command::All(flags) => (ZtunnelSection::All, flags),
    };
    let document = flags.source.read(&[Role::Dump])?;
    let filter = ZtunnelFilter {
        namespace: flags.namespace.clone(),
        workload: flags.workload.clone(),
        address: flags.address.clone(),
        node: flags.node.clone(),
        direction: flags.direction.clone(),
        raw: flags.raw,
        terse: !flags.verbose,
        with_headers: flags.with_headers,
        now: flags.at.unwrap_or_else(today),
        look: flags.looks.of_terminal(),
    };
    match print_ztunnel(&document, section, &filter, flags.output.into()) {
        Ok(text) => write(&text),
        Err(Missing(message)) => Err(Refusal::nothing(message)),
    }
}
