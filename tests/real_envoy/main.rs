//! What a real Envoy does with random requests to random configurations, held against the simulator.
//!
//! `ENVOY_BIN` names the binary; without it the test is skipped. `ENVOY_REQUESTS` bounds the number
//! of requests and `ENVOY_SEED` starts another run.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::expect_used, missing_docs)]

mod access;
mod client;
mod compare;
mod envoy;
mod generator;
mod random;
mod replay;
mod rule;
mod scoped;
mod witnesses;

use std::path::{Path, PathBuf};

use meshlint::simulate::EnvoyVersion;

/// How many requests each configuration gets.
const REQUESTS: usize = 100;
/// How many configurations one Envoy runs.
const BATCH: usize = 20;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn binary() -> Option<PathBuf> {
    let binary = std::env::var_os("ENVOY_BIN").map(PathBuf::from).filter(|path| path.exists());
    if binary.is_none() {
        println!("skipped: ENVOY_BIN names no Envoy");
    }
    binary
}

#[test]
fn random_requests_go_where_a_real_envoy_sends_them() {
    let Some(binary) = binary() else { return };
    let version = EnvoyVersion::parse(&envoy::version(&binary)).unwrap();
    let wanted = number("ENVOY_REQUESTS", 20_000);
    let seed = number("ENVOY_SEED", 1) as u64 * 1_000_000;
    let mut total = compare::Outcome::default();
    let batches = wanted.div_ceil(REQUESTS * BATCH);
    for batch in 0..batches {
        let first = seed + (batch * BATCH) as u64;
        let seeds: Vec<u64> = (first..first + BATCH as u64).collect();
        run(&binary, version, &seeds, &mut total);
    }
    println!(
        "real Envoy {version}: {} requests to {} configurations ({} rejected by Envoy), {} disagreements",
        total.asked, total.configs, total.rejected, total.wrong
    );
    for (kind, count) in &total.kinds {
        println!("  {count:7} {kind}");
    }
    for (seed, wrong) in total.examples.iter().take(10) {
        println!("  seed {seed} {}", wrong.chars().take(2500).collect::<String>());
    }
    assert!(total.wrong == 0, "{} disagreements", total.wrong);
}

#[test]
fn witnesses_reach_their_routes_and_nothing_else_is_hit() {
    let Some(binary) = binary() else { return };
    let version = EnvoyVersion::parse(&envoy::version(&binary)).unwrap();
    let is_old = version < EnvoyVersion { major: 1, minor: 37, patch: 0 };
    let configs = number("ENVOY_REQUESTS", 20_000) / REQUESTS;
    let seed = number("ENVOY_SEED", 1) as u64 * 1_000_000 + 500_000;
    let mut total = witnesses::Outcome::default();
    let mut rejected = 0;
    for batch in 0..configs.div_ceil(BATCH) {
        let first = seed + (batch * BATCH) as u64;
        let seeds: Vec<u64> = (first..first + BATCH as u64).collect();
        let mut cases: Vec<generator::Case> = seeds.iter().map(|s| generator::case(*s, REQUESTS, is_old)).collect();
        for case in &mut cases {
            case.manager.as_object_mut().unwrap().remove("rbac");
        }
        match envoy::Envoy::start(&binary, compare::bootstrap(&cases), first as usize) {
            Ok(envoy) => witnesses::check(&envoy, version, &seeds, &cases, &mut total),
            Err(_) => rejected += BATCH,
        }
    }
    println!(
        "real Envoy {version}: {} reachable routes ({} witnesses replayed, {} need TLS, HTTP/2 or another client address), {} unreachable, unknown {:?}; \
         {} random requests; {rejected} configurations rejected; {} contradictions",
        total.reachable,
        total.replayed,
        total.not_sent,
        total.unreachable,
        total.unknown,
        total.random,
        total.wrong.len()
    );
    for wrong in total.wrong.iter().take(12) {
        println!("  {}", wrong.chars().take(900).collect::<String>());
    }
    assert!(total.wrong.is_empty(), "{} contradictions", total.wrong.len());
}

/// Needs no Envoy: `reach` is what is held against one.
#[test]
fn the_rule_reports_what_reach_proves() {
    let total = rule::check(3_000_000..3_000_400);
    println!(
        "{} routes of random configurations: {} unreachable, {} of them reported, and {} more that reach cannot decide; \
         {} reported and reached",
        total.routes,
        total.unreachable,
        total.reported,
        total.undecided,
        total.wrong.len()
    );
    assert!(total.wrong.is_empty(), "{}", total.wrong.join("\n"));
}

#[test]
fn scopes_choose_the_route_configurations_that_a_real_envoy_chooses() {
    let Some(binary) = binary() else { return };
    let version = EnvoyVersion::parse(&envoy::version(&binary)).unwrap();
    let total = scoped::check(&binary, version, number("ENVOY_SEED", 1) as u64, 60, 60);
    println!(
        "real Envoy {version}: {} requests to scoped routes, {} of them in no scope, {} disagreements",
        total.asked,
        total.without,
        total.wrong.len()
    );
    assert!(total.wrong.is_empty(), "{}", total.wrong.join("\n"));
}

/// How many dumps are replayed, unless `ENVOY_DUMPS` says otherwise.
const DUMPS: usize = 12;

#[test]
fn verdicts_on_real_dumps_hold() {
    let Some(binary) = binary() else { return };
    let version = EnvoyVersion::parse(&envoy::version(&binary)).unwrap();
    let mut total = replay::Outcome::default();
    for dump in dumps().into_iter().take(number("ENVOY_DUMPS", DUMPS)) {
        replay::replay(&binary, version, &dump, 500, &mut total);
    }
    println!(
        "real Envoy {version}: {} dumps, {} route configurations as they are and turned round; {} reachable routes \
         ({} witnesses replayed, {} need TLS), {} unreachable, {} unknown; {} random requests; {} route configurations rejected by Envoy; {} contradictions",
        total.dumps,
        total.configs,
        total.reachable,
        total.replayed,
        total.not_sent,
        total.unreachable,
        total.unknown,
        total.random,
        total.rejected.len(),
        total.wrong.len()
    );
    for wrong in total.rejected.iter().take(3).chain(total.wrong.iter().take(12)) {
        println!("  {}", wrong.chars().take(900).collect::<String>());
    }
    assert!(total.wrong.is_empty(), "{} contradictions", total.wrong.len());
    assert!(total.replayed > 0);
}

/// Dumps: the project's own, then those beside it, the largest first; not those that no Envoy starts in a
/// second.
fn dumps() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut own = Vec::new();
    for folder in ["examples/shop", "testdata/rules/unreachable-route"] {
        json_files(&root.join(folder), &mut own);
    }
    own.sort();
    let mut others = Vec::new();
    for folder in ["corpus/envoy-dumps", "corpus/istiod", "corpus/dumps"] {
        json_files(&root.join("../shared").join(folder), &mut others);
    }
    if others.is_empty() {
        println!("skipped: the dumps of ../shared are not here");
    }
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |data| data.len());
    others.retain(|path| size(path) < 20_000_000 && !path.to_string_lossy().contains("no_eds"));
    others.sort_by_key(|path| (std::cmp::Reverse(size(path)), path.clone()));
    own.into_iter().chain(others).collect()
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    for path in entries.unwrap_or_else(|_| Vec::new()) {
        match path.is_dir() {
            true => json_files(&path, found),
            false if path.extension().is_some_and(|ending| ending == "json") => found.push(path),
            false => {}
        }
    }
}

/// A sample always; all of them with `ACCESS_REQUESTS=10000`.
#[test]
fn access_is_decided_as_a_real_envoy_decides_it() {
    const CLIENTS: usize = 20;
    const AT_ONCE: usize = 20;
    let Some(binary) = binary() else { return };
    let version = EnvoyVersion::parse(&envoy::version(&binary)).unwrap();
    let first = number("ENVOY_SEED", 1) as u64 * 1_000_000 + 700_000;
    let mut total = access::Outcome::default();
    for batch in 0..number("ACCESS_REQUESTS", 2_000).div_ceil(CLIENTS * AT_ONCE) {
        let from = first + (batch * AT_ONCE) as u64;
        let seeds: Vec<u64> = (from..from + AT_ONCE as u64).collect();
        access::run(&binary, version, &seeds, CLIENTS, &mut total);
    }
    println!(
        "{} requests of access control decided as by Envoy {version} ({} denied, {} over TLS, {} bare connections) in {} \
         configurations, {} rejected by Envoy; {} disagreements",
        total.asked,
        total.denied,
        total.over_tls,
        total.of_connections,
        total.cases,
        total.rejected.len(),
        total.wrong.len()
    );
    let features: Vec<String> = total.features.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!("  in configurations: {}", features.join(", "));
    total.rejected.iter().take(3).for_each(|rejected| println!("  rejected: {rejected}"));
    total
        .wrong
        .iter()
        .take(number("ACCESS_SHOWN", 8))
        .for_each(|wrong| println!("  {}", wrong.chars().take(4000).collect::<String>()));
    assert!(total.wrong.is_empty(), "{} disagreements", total.wrong.len());
}

/// Runs configurations in one Envoy; halves them while Envoy rejects one.
fn run(binary: &Path, version: EnvoyVersion, seeds: &[u64], total: &mut compare::Outcome) {
    let is_old = version < EnvoyVersion { major: 1, minor: 37, patch: 0 };
    let cases: Vec<generator::Case> = seeds.iter().map(|seed| generator::case(*seed, REQUESTS, is_old)).collect();
    match envoy::Envoy::start(binary, compare::bootstrap(&cases), seeds[0] as usize) {
        Ok(envoy) => compare::compare(&envoy, version, seeds, &cases, total),
        Err(reason) if seeds.len() == 1 => {
            total.rejected += 1;
            println!("  seed {} is rejected: {reason}", seeds[0]);
        }
        Err(_) => {
            let (left, right) = seeds.split_at(seeds.len() / 2);
            run(binary, version, left, total);
            run(binary, version, right, total);
        }
    }
}
