//! Prints what meshlint costs: `cargo bench`. Ratios count, not seconds: every row is compared with
//! a plain scan of the same file in the same run.
//!
//! `MESHLINT_BENCH_MB` sets the size of the large dump (200). Where `jq` and `valgrind` are
//! installed, they are compared with and asked, too.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    missing_docs
)]

mod generate;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use meshlint::input::Text;

const MESHLINT: &str = env!("CARGO_BIN_EXE_meshlint");
/// How often everything is done; the shortest time counts.
const ROUNDS: usize = 5;

fn main() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("figures");
    fs::create_dir_all(&folder).unwrap();
    let megabytes: u64 = std::env::var("MESHLINT_BENCH_MB").ok().and_then(|v| v.parse().ok()).unwrap_or(200);
    println!("| work | figure | against |");
    println!("|---|---|---|");
    large_dump(&folder, megabytes << 20);
    declarative_rules(&folder);
    many_dumps(&folder);
    manifests(&folder);
    many_routes(&folder);
    start_up(&folder);
    instructions(&folder);
}

fn row(work: &str, figure: &str, against: &str) {
    println!("| {work} | {figure} | {against} |");
}

fn fastest(mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(once).min().unwrap()
}

/// One run of meshlint; its output goes nowhere.
fn check(paths: &[&Path], threads: &str) -> Command {
    let mut command = Command::new(MESHLINT);
    command.args(["check", "--format", "concise", "--threads", threads]).args(paths);
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

fn run(mut command: Command) {
    command.status().unwrap();
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn large_dump(folder: &Path, bytes: u64) {
    let file = folder.join("dump.json");
    generate::dump(&file, bytes, 1).unwrap();
    let size = fs::metadata(&file).unwrap().len() as f64;
    let scan = fastest(|| scan(&file));
    let one = fastest(|| run(check(&[&file], "1")));
    let megabytes = size / 1e6;
    row(
        &format!("full check of a dump of {megabytes:.0} MB, one thread"),
        &milliseconds(one),
        &format!("{:.1}x a memchr scan ({})", one.as_secs_f64() / scan.as_secs_f64(), milliseconds(scan)),
    );
    let two = fastest(|| run(check(&[&file], "2")));
    row("the same, two threads", &milliseconds(two), &format!("{:.2}x one", one.as_secs_f64() / two.as_secs_f64()));
    if let Some(jq) = time_of("jq", &file) {
        row(
            "one thread",
            "",
            &format!("1/{:.0} of `jq .` ({:.1} s)", jq.as_secs_f64() / one.as_secs_f64(), jq.as_secs_f64()),
        );
    } else {
        row("one thread", "", "jq is not here");
    }
    let peak = peak_memory(check(&[&file], "1"));
    row("peak memory of that", &format!("{:.0} MB", peak / 1e6), &format!("{:.2}x the file", peak / size));
}

/// Maps a file and counts its lines: what looking at all of it costs at least.
fn scan(file: &Path) {
    let text = Text::open(&mut fs::File::open(file).unwrap()).unwrap();
    assert!(memchr::memchr_iter(b'\n', &text).count() > 0);
}

fn time_of(program: &str, file: &Path) -> Option<Duration> {
    let start = Instant::now();
    let status = Command::new(program).arg(".").arg(file).stdout(Stdio::null()).status().ok()?;
    status.success().then(|| start.elapsed())
}

/// The most memory that a process has at any time, as the system counts it; polled until it ends.
fn peak_memory(mut command: Command) -> f64 {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0.0) * 1024.0);
        std::thread::sleep(Duration::from_millis(1));
    }
    peak
}

/// What twenty declarative rules add to reading a dump. The dump is that of `MESHLINT_BENCH_DUMP`,
/// if there is one.
fn declarative_rules(folder: &Path) {
    let generated = folder.join("dump-30.json");
    generate::dump(&generated, 30 << 20, 1).unwrap();
    let file = std::env::var_os("MESHLINT_BENCH_DUMP").map_or(generated, PathBuf::from);
    let rules = folder.join("rules");
    let ids = generate::rules::write(&rules).unwrap().join(",");
    let with = |selected: &str| {
        let mut command = check(&[&file], "1");
        command.arg("--rules").arg(&rules).args(["--select", selected]);
        command
    };
    // A rule that has nothing to do: what is left is reading.
    let read = fastest(|| run(with("unused-suppression")));
    let all = fastest(|| run(with(&ids)));
    let added = all.saturating_sub(read);
    row(
        &format!("twenty declarative rules on a dump of {:.0} MB", fs::metadata(&file).unwrap().len() as f64 / 1e6),
        &milliseconds(added),
        &format!("{:.2}x reading it ({})", added.as_secs_f64() / read.as_secs_f64(), milliseconds(read)),
    );
}

fn many_dumps(folder: &Path) {
    let dumps = folder.join("proxies");
    fs::create_dir_all(&dumps).unwrap();
    let mut size = 0;
    for proxy in 0..300 {
        let file = dumps.join(format!("proxy-{proxy}.json"));
        generate::dump(&file, 1_500_000, proxy).unwrap();
        size += fs::metadata(&file).unwrap().len();
    }
    let one = fastest(|| run(check(&[&dumps], "1")));
    let two = fastest(|| run(check(&[&dumps], "2")));
    row(
        &format!("300 dumps, {:.0} MB together, one thread", size as f64 / 1e6),
        &milliseconds(one),
        &format!("{:.2} GB/s", size as f64 / 1e9 / one.as_secs_f64()),
    );
    row("the same, two threads", &milliseconds(two), &format!("{:.2}x one", one.as_secs_f64() / two.as_secs_f64()));
}

fn manifests(folder: &Path) {
    let file = folder.join("mesh.yaml");
    generate::manifests(&file, 2400).unwrap();
    let size = fs::metadata(&file).unwrap().len() as f64;
    let one = fastest(|| run(check(&[&file], "1")));
    row(
        &format!("manifests of 2,400 services, {:.1} MB of YAML, one thread", size / 1e6),
        &milliseconds(one),
        &format!("{:.0} MB/s", size / 1e6 / one.as_secs_f64()),
    );
}

fn many_routes(folder: &Path) {
    let file = folder.join("routes.json");
    generate::routes(&file, 10_000).unwrap();
    let one = fastest(|| run(check(&[&file], "1")));
    row("check of 10,000 routes in one virtual host, one in ten a regex", &milliseconds(one), "one thread");
    let every = || {
        let mut command = Command::new(MESHLINT);
        command.args(["reach", "--format", "jsonl"]).arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        run(command);
    };
    row("a request that reaches it, for each of them (`reach`)", &milliseconds(fastest(every)), "one thread");
}

fn start_up(folder: &Path) {
    let file = folder.join("small.yaml");
    generate::manifests(&file, 1).unwrap();
    let time = fastest(|| run(check(&[&file], "2")));
    row("start-up: one small manifest", &milliseconds(time), "whole process");
}

fn instructions(folder: &Path) {
    let file = folder.join("one.json");
    generate::dump(&file, 4_000_000, 1).unwrap();
    let (Some(whole), Some(nothing)) =
        (counted(&check(&[&file], "1"), folder), counted(&Command::new(MESHLINT), folder))
    else {
        row("instructions per byte of a dump", "", "valgrind is not here");
        return;
    };
    let size = fs::metadata(&file).unwrap().len() as f64;
    row("instructions per byte of a dump of 4 MB", &format!("{:.1}", (whole - nothing) / size), "callgrind");
}

/// The instructions that a command takes, counted by valgrind.
fn counted(command: &Command, folder: &Path) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(folder)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find_map(|line| line.split("Collected :").nth(1))?;
    line.trim().parse().ok()
}
