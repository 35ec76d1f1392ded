//! Logs of Istio's components: lines of text or JSON with a time, cut to a range of it.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The part of a log between two times, both included. Lines without a time belong to the entry
/// above them.
pub fn cut(log: &str, since: Option<OffsetDateTime>, until: Option<OffsetDateTime>) -> String {
    if since.is_none() && until.is_none() {
        return log.to_owned();
    }
    let mut out = String::new();
    let mut is_within = false;
    for line in log.split_inclusive('\n') {
        if let Some(time) = time_of(line) {
            is_within = since.is_none_or(|since| since <= time) && until.is_none_or(|until| time <= until);
        }
        if is_within {
            out.push_str(line);
        }
    }
    out
}

/// When a line was written: its first word, or the field `time` of JSON.
fn time_of(line: &str) -> Option<OffsetDateTime> {
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    if line.starts_with('{') {
        let json: serde_json::Value = serde_json::from_str(line).ok()?;
        return parse(json.get("time")?.as_str()?);
    }
    parse(line.split_whitespace().next()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_time_belong_to_the_entry_above() {
        let log = "2026-01-01T00:00:00Z\tinfo\ta\n2026-01-01T00:00:01Z\tinfo\tb\nmore\n2026-01-01T00:00:02Z\tinfo\tc\n";
        let time = OffsetDateTime::parse("2026-01-01T00:00:01Z", &Rfc3339).unwrap();
        assert_eq!(cut(log, Some(time), Some(time)), "2026-01-01T00:00:01Z\tinfo\tb\nmore\n");
    }
}
