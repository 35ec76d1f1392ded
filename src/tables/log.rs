//! `proxy-config log`: the levels of a proxy's loggers, from a saved `/logging` page.

/// The levels that Envoy knows.
const LEVELS: [&str; 8] = ["trace", "debug", "info", "warning", "warn", "error", "critical", "off"];

/// The names of the loggers: `  NAME: LEVEL` lines below `active loggers:`.
fn loggers(page: &str) -> Vec<&str> {
    let lines = page.lines().skip_while(|line| !line.starts_with("active loggers:")).skip(1);
    lines.map_while(|line| line.strip_prefix("  ")?.split_once(": ")).map(|(name, _)| name).collect()
}

/// The queries that set levels: a level for all loggers, or `LOGGER:LEVEL` by comma.
///
/// # Errors
/// What is wrong with it, in istioctl's words.
pub fn log_queries(wanted: &str, page: &str) -> Result<Vec<String>, String> {
    let loggers = loggers(page);
    let mut queries = Vec::new();
    for part in wanted.split(',') {
        let split = part.rsplit_once([':', '=']);
        let (logger, level) = split.map_or(("level", part), |(logger, level)| (logger, level));
        let logger = logger.rsplit("::").next().unwrap_or(logger);
        if split.is_some() && !loggers.contains(&logger) {
            return Err(format!("unrecognized logger name: {logger}"));
        }
        if !LEVELS.contains(&level) {
            return Err(format!("unrecognized logging level: {level}"));
        }
        queries.push(format!("{logger}={}", if level == "warn" { "warning" } else { level }));
    }
    Ok(queries)
}
