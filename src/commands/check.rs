//! `meshlint check`.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::document::{Document, Node};
use crate::engine::{Analysis, Selection, Settings, run as run_engine};
use crate::finding::Severity;
use crate::input::{Text, discover};
use crate::mesh::{CompleteKind, Options};
use crate::report::{self, Format, Style, write_summary};
use crate::similar::similar;

use super::{ColorChoice, Outcome};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files and folders: manifests, config dumps, bug reports (also archives), or - for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// How to print findings
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Run only these rules: ids, families, or aliases such as IST0101
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    select: Vec<String>,

    /// Do not run these rules
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    ignore: Vec<String>,

    /// Leave out findings below this severity
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "info")]
    min_severity: Severity,

    /// Exit with 1 if there are findings of at least this severity
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "error")]
    fail_on: Severity,

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

    /// Domain of Kubernetes service names
    #[arg(long, default_value = "cluster.local", value_name = "DOMAIN")]
    cluster_domain: String,

    /// Namespace whose policies hold for the whole mesh
    #[arg(long, value_name = "NAMESPACE")]
    root_namespace: Option<String>,

    /// Version of Istio, where behaviour depends on it
    #[arg(long, value_name = "VERSION")]
    istio_version: Option<String>,

    /// Number of threads; as many as there are processors by default
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,

    /// Say nothing but findings
    #[arg(long, short)]
    quiet: bool,
}

/// Runs `check`.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let settings = settings(arguments)?;
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(|error| error.to_string())?;
    }
    let start = Instant::now();
    let mut analysis = run_engine(discover(&arguments.paths), &settings);
    analysis.findings.retain(|finding| finding.severity >= arguments.min_severity);
    let elapsed = start.elapsed();
    let outcome = outcome(&analysis, arguments.fail_on);
    let printed = print(&analysis, arguments, elapsed);
    match printed {
        // Whoever reads the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(outcome),
        Err(error) => Err(format!("cannot write the report: {error}")),
        Ok(()) => Ok(outcome),
    }
}

fn outcome(analysis: &Analysis, fail_on: Severity) -> Outcome {
    if analysis.findings.iter().any(|finding| finding.severity >= fail_on) {
        Outcome::Findings
    } else if analysis.is_empty() && analysis.unreadable.is_empty() {
        Outcome::Nothing
    } else if !analysis.unreadable.is_empty() {
        Outcome::Unreadable
    } else {
        Outcome::Clean
    }
}

fn print(analysis: &Analysis, arguments: &Arguments, elapsed: std::time::Duration) -> io::Result<()> {
    let style = style(arguments.color);
    let mut out = io::BufWriter::new(io::stdout().lock());
    report::write(analysis, arguments.format, style, &mut out)?;
    out.flush()?;
    if arguments.quiet {
        return Ok(());
    }
    if arguments.format.is_for_programs() || arguments.format == Format::Concise {
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
    Style { color, hyperlinks: color && terminal && !set("CI"), width: columns.unwrap_or(140) }
}

fn term_is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn settings(arguments: &Arguments) -> Result<Settings, String> {
    let mut mesh = Options {
        cluster_domain: arguments.cluster_domain.clone(),
        istio_version: arguments.istio_version.clone(),
        ..Options::default()
    };
    if let Some(path) = &arguments.mesh_config {
        apply_mesh_config(path, &mut mesh)?;
    }
    if let Some(namespace) = &arguments.root_namespace {
        mesh.root_namespace.clone_from(namespace);
    }
    for kind in &arguments.complete {
        mesh.complete.add(kind).map_err(|kind| unknown_kind(&kind))?;
    }
    Ok(Settings {
        namespace: arguments.namespace.clone(),
        mesh,
        selection: Selection::new(&arguments.select, &arguments.ignore)?,
    })
}

fn unknown_kind(kind: &str) -> String {
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
        let position = crate::document::position(document.bytes(), problem.span.start);
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
