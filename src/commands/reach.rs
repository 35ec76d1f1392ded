//! `meshlint reach`.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::document::{Document, Node};
use crate::envoy::dumps;
use crate::input::Role;
use crate::route_tests::all_tests;
use crate::simulate::{HostReach, Reach, Simulator, reach};

use super::source::Source;
use super::trace::version;
use super::{ColorChoice, Outcome, Refusal};

/// Arguments of `reach`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,

    /// How to print verdicts
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Show reachable routes too, each with a request that reaches it
    #[arg(long)]
    all: bool,

    /// Envoy's version, where behaviour depends on it; the dump's own by default
    #[arg(long, value_name = "VERSION")]
    envoy_version: Option<String>,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,
}

/// How verdicts are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Full,
    /// One JSON object per line: a virtual host or a route.
    Jsonl,
    /// A file for `meshlint test`: a test for each route that a request reaches.
    Tests,
}

/// Runs `reach`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Refusal> {
    let version = version(arguments.envoy_version.as_deref())?;
    let document = arguments.source.read(&[Role::Dump])?;
    let dumps = dumps(&document);
    let dump = dumps.first().ok_or_else(|| format!("{} holds no configuration of Envoy", document.name()))?;
    let simulator = Simulator::of(dump, version);
    if simulator.route_configs().next().is_none() {
        return Err(format!("{} holds no routes", document.name()).into());
    }
    if arguments.format == Format::Tests {
        let tests = all_tests(&simulator, document.name()).ok_or("no route is known to be reached")?;
        return super::source::write(&tests);
    }
    let verdicts = reach(&simulator);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match arguments.format {
        Format::Jsonl => write_lines(&mut out, &verdicts),
        Format::Full | Format::Tests => write_full(&mut out, &document, &verdicts, arguments),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}").into()),
        _ => Ok(Outcome::Clean),
    }
}

fn write_lines(out: &mut impl Write, verdicts: &[HostReach<'_>]) -> io::Result<()> {
    for host in verdicts {
        let domains: Vec<&str> = host.dead_domains.iter().map(|domain| domain.value).collect();
        let mut line = line(host, &host.verdict);
        line["dead_domains"] = json!(domains);
        writeln!(out, "{line}")?;
        for (place, (route, verdict)) in host.routes.iter().enumerate() {
            let mut line = self::line(host, verdict);
            line["route"] = json!(route.name());
            // As `trace` says it: only lists have places.
            line["route_index"] = json!(Some(place).filter(|_| !host.host.has_matcher()));
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn line(host: &HostReach<'_>, verdict: &Reach) -> Value {
    let mut line = json!({
        "route_config": host.config.name(),
        "virtual_host": host.host.name(),
        "virtual_host_index": host.index,
        "verdict": verdict.name(),
    });
    match verdict {
        Reach::Reachable(request) => line["witness"] = request.to_json(),
        Reach::Covered(by) => line["covered_by"] = json!(by),
        Reach::Impossible(why) | Reach::Unknown(why) => line["reason"] = json!(why),
    }
    line
}

fn write_full(
    out: &mut impl Write,
    document: &Document,
    verdicts: &[HostReach<'_>],
    arguments: &Arguments,
) -> io::Result<()> {
    let style = super::check::style(arguments.color);
    let rows: Vec<Row<'_>> = verdicts.iter().flat_map(rows).filter(|row| arguments.all || !row.is_good).collect();
    let offsets: Vec<u32> = rows.iter().map(|row| row.place.anchor().start).collect();
    for (row, position) in rows.iter().zip(document.positions(&offsets)) {
        let code = if row.is_good { "32" } else { "31" };
        let verdict =
            if style.color { format!("\x1b[{code}m{:11}\x1b[0m", row.verdict) } else { format!("{:11}", row.verdict) };
        writeln!(out, "{verdict} {}  {}:{}:{}", row.what, document.name(), position.line, position.column)?;
        writeln!(out, "            {}", row.why)?;
    }
    if !rows.is_empty() {
        writeln!(out)?;
    }
    let count = |name: &str| verdicts.iter().flat_map(|host| &host.routes).filter(|(_, v)| v.name() == name).count();
    let hosts = verdicts.iter().filter(|host| host.verdict.name() != "reachable").count();
    writeln!(
        out,
        "{} routes: {} reachable, {} unreachable, {} unknown; {} virtual hosts, {hosts} of them not reachable",
        verdicts.iter().map(|host| host.routes.len()).sum::<usize>(),
        count("reachable"),
        count("unreachable"),
        count("unknown"),
        verdicts.len(),
    )
}

struct Row<'d> {
    verdict: &'static str,
    is_good: bool,
    what: String,
    why: String,
    place: Node<'d>,
}

/// The verdict on a virtual host if nothing reaches it; on its routes otherwise.
fn rows<'d>(host: &HostReach<'d>) -> Vec<Row<'d>> {
    let row = |verdict: &Reach, what: String, place: Node<'d>| Row {
        verdict: verdict.name(),
        is_good: matches!(verdict, Reach::Reachable(_)),
        what,
        why: why(verdict),
        place,
    };
    let name = format!("{} {}", host.config.name(), host.host.name());
    if !matches!(host.verdict, Reach::Reachable(_)) {
        return vec![row(&host.verdict, name, host.host.node)];
    }
    let routes = host.routes.iter().enumerate();
    let rows =
        routes.map(|(place, (route, verdict))| row(verdict, format!("{name} #{place} {}", route.name()), route.node));
    rows.collect()
}

fn why(verdict: &Reach) -> String {
    match verdict {
        Reach::Reachable(request) => format!("by {request}"),
        Reach::Covered(by) => {
            let places: Vec<String> = by.iter().map(|place| format!("#{place}")).collect();
            format!("covered by {}", places.join(", "))
        }
        Reach::Impossible(why) | Reach::Unknown(why) => (*why).to_owned(),
    }
}
