//! The command line: one file per subcommand.

mod authz;
mod bundle;
mod check;
mod complete;
mod config;
mod describe;
mod diff;
mod gate;
mod logs;
mod look;
mod output;
mod progress;
mod proxy_config;
mod proxy_status;
mod reach;
mod refusal;
mod rule;
mod shell;
mod source;
mod test;
mod trace;
mod ztunnel_config;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::CompleteEnv;

use refusal::Refusal;

/// Tells what is wrong with a service mesh, from files alone.
#[derive(Debug, Parser)]
#[command(name = "meshlint", version, about, long_about = None, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check manifests, Envoy config dumps and bug reports.
    Check(Box<check::Arguments>),
    /// Show what a bug report holds: versions, proxies, what is missing, secrets in clear.
    Bundle(bundle::Arguments),
    /// Show a proxy's clusters, listeners, routes, endpoints, … as istioctl does, from a file.
    #[command(visible_alias = "pc")]
    ProxyConfig(proxy_config::Arguments),
    /// Show which proxies have what istiod has sent them, from istiod's saved pages.
    #[command(visible_alias = "ps")]
    ProxyStatus(proxy_status::Arguments),
    /// Show the workloads, services, policies, certificates and connections of a ztunnel.
    #[command(visible_alias = "zc")]
    ZtunnelConfig(ztunnel_config::Arguments),
    /// List the authorization policies of a proxy, and decide requests by them.
    Authz(authz::Arguments),
    /// Tell what of Istio's configuration concerns a pod or a service, from manifests and dumps.
    Describe(describe::Arguments),
    /// Compare two dumps by meaning: two pods of a workload, or one before and after a change.
    Diff(diff::Arguments),
    /// Cut a log of Istio to a range of time.
    Logs(logs::Arguments),
    /// Say of every route which request reaches it, or why none can.
    Reach(reach::Arguments),
    /// Show the manual of a rule, or list the rules.
    Rule(rule::Arguments),
    /// Hold requests against what is expected of them: unit tests of a mesh.
    Test(test::Arguments),
    /// Walk a request through a proxy as Envoy does.
    Trace(trace::Arguments),
    /// Show the configuration of a repository, or its schema.
    Config(config::Arguments),
    /// Print completions for a shell.
    Completions(shell::CompletionArguments),
    /// Print the manual page.
    Man(shell::ManArguments),
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the process says with its exit code. The same for every output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing at or above the threshold.
    Clean,
    /// Findings at or above the threshold.
    Findings,
    /// Wrong usage or configuration.
    Usage,
    /// Nothing to analyse.
    Nothing,
    /// Some input cannot be read, and nothing worse.
    Unreadable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Clean => 0,
            Outcome::Findings => 1,
            Outcome::Usage => 2,
            Outcome::Nothing => 3,
            Outcome::Unreadable => 4,
        })
    }
}

/// Prints text for people. That whoever reads it has seen enough is no error.
pub(crate) fn print(text: &str) -> Result<(), String> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}")),
        _ => Ok(()),
    }
}

/// Runs the command line.
pub fn main() -> ExitCode {
    // The scripts of `completions` call the program itself, with COMPLETE in the environment.
    CompleteEnv::with_factory(Cli::command).complete();
    run(&Cli::parse().command).unwrap_or_else(Refusal::say).into()
}

fn run(command: &Command) -> Result<Outcome, Refusal> {
    match command {
        Command::Check(arguments) => Ok(check::run(arguments)?),
        Command::Bundle(arguments) => Ok(bundle::run(arguments)?),
        Command::ProxyConfig(arguments) => proxy_config::run(arguments),
        Command::ProxyStatus(arguments) => proxy_status::run(arguments),
        Command::ZtunnelConfig(arguments) => ztunnel_config::run(arguments),
        Command::Authz(arguments) => authz::run(arguments),
        Command::Describe(arguments) => describe::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Logs(arguments) => logs::run(arguments),
        Command::Reach(arguments) => reach::run(arguments),
        Command::Rule(arguments) => Ok(rule::run(arguments)?),
        Command::Test(arguments) => Ok(test::run(arguments)?),
        Command::Trace(arguments) => trace::run(arguments),
        Command::Config(arguments) => Ok(config::run(arguments)?),
        Command::Completions(arguments) => Ok(shell::completions(arguments)?),
        Command::Man(arguments) => Ok(shell::man(arguments)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_all_commands_go_together() {
        Cli::command().debug_assert();
    }
}
