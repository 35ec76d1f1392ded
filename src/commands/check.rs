//! `meshlint check`.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use terminal_size::{Width, terminal_size};

use crate::config::{Config, paths_matching};
use crate::declaration::is_version;
use crate::document::{Document, Node};
use crate::engine::{Analysis, Selection, Settings, relative, run as run_engine};
use crate::finding::Severity;
use crate::input::{Discovery, Text, discover};
use crate::mesh::{CompleteKind, Options};
use crate::report::{self, Format, Style, write_details, write_summary};
use crate::similar::similar;

use super::config::SourceArguments;
use super::gate::{Gate, GateArguments};
use super::output::{Output, OutputParser, to_stdout};
use super::progress::Progress;
use super::{ColorChoice, Outcome};

/// More threads would be started for longer than they have work.
const MOST_THREADS: u16 = 256;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files and folders: manifests, config dumps, bug reports (also archives), or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// How to print findings, and where to; may be given several times. One goes to standard output,
    /// and it is `full` if nothing is said
    #[arg(long, value_parser = OutputParser, value_name = "FORMAT[=FILE]")]
    format: Vec<Output>,

    /// Run only these rules: ids, families, or aliases such as IST0101
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    select: Vec<String>,

    /// Do not run these rules
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    ignore: Vec<String>,

    /// Leave out findings below this severity
    #[arg(long, value_enum, value_name = "SEVERITY")]
    min_severity: Option<Severity>,

    #[command(flatten)]
    gate: GateArguments,

    #[command(flatten)]
    config: SourceArguments,

    /// The inputs hold all of a kind: KIND, KIND:NAMESPACE, or all
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    complete: Vec<String>,

    /// Namespace of resources that name none; `default`, and another one for each folder where
    /// several are searched
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Istio's mesh configuration, as a file
    #[arg(long, value_name = "FILE")]
    mesh_config: Option<PathBuf>,

    /// Domain of Kubernetes service names; `cluster.local` if nothing is said
    #[arg(long, value_name = "DOMAIN")]
    cluster_domain: Option<String>,

    /// Namespace whose policies hold for the whole mesh
    #[arg(long, value_name = "NAMESPACE")]
    root_namespace: Option<String>,

    /// Version of Istio, where behaviour depends on it
    #[arg(long, value_name = "VERSION")]
    istio_version: Option<String>,

    /// Number of threads; as many as there are processors by default
    #[arg(long, value_name = "N")]
    threads: Option<u16>,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,

    /// Say nothing but findings
    #[arg(long, short)]
    quiet: bool,

    /// Say what was read, what was left out, and how long each stage took
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
}

/// Runs `check`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let progress = Progress::new(arguments.quiet);
    let config = arguments.config.read(&arguments.paths)?;
    let mut settings = settings(arguments, &config)?;
    settings.watch = progress.watch();
    let gate = Gate::new(&arguments.gate, &config, &arguments.paths)?;
    let on_stdout = to_stdout(&arguments.format)?;
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.min(MOST_THREADS).into());
        pool.build_global().map_err(|error| error.to_string())?;
    }
    let start = Instant::now();
    let mut analysis = run_engine(found(arguments, &config), &settings);
    gate.apply(&mut analysis)?;
    let least = arguments.min_severity.or(config.min_severity).unwrap_or(Severity::Info);
    analysis.findings.retain(|finding| finding.severity >= least);
    let elapsed = start.elapsed();
    progress.stage("report");
    arguments.format.iter().try_for_each(|output| output.write_file(&analysis))?;
    let printed = print(&analysis, on_stdout, arguments, elapsed);
    if arguments.verbose {
        let mut err = io::stderr().lock();
        let _ = write_details(&analysis, &mut err).and_then(|()| progress.write_times(&mut err));
    }
    match printed {
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(gate.outcome(&analysis)),
        Err(error) => Err(format!("cannot write the report: {error}")),
        Ok(()) => Ok(gate.outcome(&analysis)),
    }
}

/// The inputs, without the files in folders that the configuration excludes.
fn found(arguments: &Arguments, config: &Config) -> Discovery {
    let mut discovery = discover(&arguments.paths);
    if config.exclude.is_empty() {
        return discovery;
    }
    let excluded = paths_matching(&config.exclude);
    let before = discovery.candidates.len();
    discovery.candidates.retain(|file| file.is_named || !excluded.is_match(relative(&file.name, &config.root)));
    discovery.skipped += before - discovery.candidates.len();
    discovery
}

/// Prints the report, if one goes to standard output, and the summary: behind it if both are for
/// people, else to standard error.
fn print(
    analysis: &Analysis,
    format: Option<Format>,
    arguments: &Arguments,
    elapsed: std::time::Duration,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    if let Some(format) = format {
        report::write(analysis, format, style(arguments.color), &mut out)?;
        out.flush()?;
    }
    if arguments.quiet {
        return Ok(());
    }
    if format != Some(Format::Full) {
        // The report is complete without it: nobody reading it changes nothing.
        let _ = write_summary(analysis, elapsed, &mut io::stderr().lock());
        return Ok(());
    }
    write_summary(analysis, elapsed, &mut out)?;
    out.flush()
}

pub(super) fn style(color: ColorChoice) -> Style {
    let terminal = io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let color = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => set("CLICOLOR_FORCE") || (terminal && !set("NO_COLOR") && !term_is_dumb()),
    };
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let width = columns.or_else(|| terminal_size().map(|(Width(width), _)| usize::from(width)).filter(|_| terminal));
    Style { color, hyperlinks: color && terminal && !set("CI"), width: width.unwrap_or(140) }
}

fn term_is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// What the command line says, and where it says nothing, the configuration.
fn settings(arguments: &Arguments, config: &Config) -> Result<Settings, String> {
    let or = |said: &Option<String>, configured: &Option<String>| said.clone().or_else(|| configured.clone());
    if let Some(version) = arguments.istio_version.as_ref().filter(|version| !is_version(version)) {
        return Err(format!("--istio-version {version} is no version; write 1.24 or 1.24.3"));
    }
    let mut mesh = Options { istio_version: or(&arguments.istio_version, &config.istio_version), ..Options::default() };
    if let Some(domain) = or(&arguments.cluster_domain, &config.cluster_domain) {
        mesh.cluster_domain = domain;
    }
    if let Some(path) = arguments.mesh_config.as_ref().or(config.mesh_config.as_ref()) {
        apply_mesh_config(path, &mut mesh)?;
    }
    if let Some(namespace) = or(&arguments.root_namespace, &config.root_namespace) {
        mesh.root_namespace = namespace;
    }
    for kind in config.complete.iter().chain(&arguments.complete) {
        mesh.complete.add(kind).map_err(|kind| unknown_kind(&kind))?;
    }
    let mut ignores = config.ignores.clone();
    let is_covered = config.is_covered_by(&arguments.paths);
    for directive in &mut ignores {
        directive.must_be_used = is_covered;
    }
    Ok(Settings {
        namespace: or(&arguments.namespace, &config.namespace),
        mesh,
        selection: selection(arguments, config)?,
        ignores,
        severities: config.severities.clone(),
        ..Settings::default()
    })
}

/// Rules that are asked for by name run even if the configuration has turned them off.
fn selection(arguments: &Arguments, config: &Config) -> Result<Selection, String> {
    if !arguments.select.is_empty() {
        return Selection::new(&arguments.select, &arguments.ignore);
    }
    let off = config.off.iter().map(|rule| (*rule).to_owned());
    let ignored: Vec<String> = off.chain(arguments.ignore.iter().cloned()).collect();
    Selection::new(&config.select, &ignored)
}

fn unknown_kind(kind: &str) -> String {
    if kind == "all" {
        return "--complete all takes no namespace; name the kinds, as in services:NAMESPACE".to_owned();
    }
    let names = CompleteKind::NAMES.map(|(name, _)| name);
    let known = names.join(", ");
    match similar(kind, names.into_iter()) {
        Some(near) => format!("--complete does not know `{kind}`; did you mean `{near}`?"),
        None => format!("--complete does not know `{kind}`; it knows all, {known}"),
    }
}

fn apply_mesh_config(path: &PathBuf, mesh: &mut Options) -> Result<(), String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let document = Document::read(shown.to_string(), Text::from(bytes));
    if let Some(problem) = document.problems().first() {
        let position = document.position(problem.span.start);
        return Err(format!("{shown}:{}:{}: {}", position.line, position.column, problem.kind));
    }
    let root = document.roots().next().filter(|root| root.is_object());
    let root = root.ok_or_else(|| format!("{shown} holds no mesh configuration"))?;
    // A ConfigMap or an IstioOperator holds the configuration; a plain file is it.
    let operator = root.at(["spec", "meshConfig"]);
    if let Some(object) = crate::kube::Object::of(root).filter(|_| operator.is_none()) {
        if mesh.apply_config_map(object) {
            return Ok(());
        }
        return Err(format!("{shown} holds no mesh configuration"));
    }
    mesh.apply_mesh_config(operator.unwrap_or(root));
    let _: Option<Node<'_>> = operator;
    Ok(())
}
