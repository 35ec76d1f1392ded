//! Versions and times in the texts that tools print.

use std::collections::BTreeMap;

/// The versions of istioctl and of the control plane, by revision, in `versions`.
pub(super) fn istio_versions(text: &str) -> (Option<String>, BTreeMap<String, String>) {
    let (of_client, of_control_plane) = text.split_once("control plane").unwrap_or((text, ""));
    let client = quoted(of_client, "Version:\"");
    let of_control_plane = of_control_plane.split("proxy revisions").next().unwrap_or_default();
    let revisions = of_control_plane.split("\nRevision ").skip(1).filter_map(|part| {
        let (revision, rest) = part.split_once(':')?;
        Some((revision.trim().to_owned(), quoted(rest, "BuildInfo{Version:\"")?))
    });
    (client, revisions.collect())
}

/// The versions of the control plane, by revision, in what `istioctl bug-report` noted as `versions`.
pub fn control_plane_versions(text: &str) -> BTreeMap<String, String> {
    istio_versions(text).1
}

/// What stands between `before` and the next quotation mark.
fn quoted(text: &str, before: &str) -> Option<String> {
    let rest = text.split_once(before)?.1;
    Some(rest.split('"').next()?.to_owned())
}

/// The versions of client and server that `kubectl version` prints, now and before 1.28.
pub(super) fn kubectl_versions(text: &str) -> (Option<String>, Option<String>) {
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        let old = || quoted(line, "GitVersion:\"");
        let new = || line.split_once(": ").map(|(_, version)| version.trim().to_owned());
        old().or_else(new)
    };
    (of("Client Version"), of("Server Version"))
}

/// The version of Envoy in `/server_info`.
pub(super) fn envoy_version(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text.get(..512).unwrap_or(text)).ok()?;
    let build = text.split_once("\"version\"")?.1.split('"').nth(1)?;
    version_of_build(build)
}

/// `1.32.2` of `a1b2c3/1.32.2-dev/Clean/RELEASE/BoringSSL`.
pub(super) fn version_of_build(build: &str) -> Option<String> {
    let version = build.split('/').find(|part| part.contains('.') && part.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(version.trim_end_matches("-dev").to_owned())
}

/// The time of the first line of a log.
pub(super) fn first_time(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let is_time = word.len() >= 20 && word.as_bytes().get(10) == Some(&b'T') && word.starts_with("20");
    is_time.then(|| word.to_owned())
}

/// Seconds since 1970 as a time in UTC.
pub(super) fn time(seconds: u64) -> Option<String> {
    let time = time::OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
    let (date, clock) = (time.date(), time.time());
    let (month, day) = (u8::from(date.month()), date.day());
    Some(format!(
        "{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        clock.hour(),
        clock.minute(),
        clock.second()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_tools_are_read() {
        let text = "CLI version:\nversion.BuildInfo{Version:\"1.24.1\", GitTag:\"x\"}\n\n✅ The following Istio control plane \
                    revisions/versions were found in the cluster:\nRevision default:\n&version.MeshInfo{version.ServerInfo{Info:\
                    version.BuildInfo{Version:\"1.24.0\"}}}\nRevision canary:\nerror: timeout\n\nThe following proxy \
                    revisions/versions were found in the cluster:\nRevision default: Versions {1.23.2}\n";
        let (client, control_plane) = istio_versions(text);
        assert_eq!(client.as_deref(), Some("1.24.1"));
        assert_eq!(control_plane.into_iter().collect::<Vec<_>>(), [("default".to_owned(), "1.24.0".to_owned())]);
        let both = |text| kubectl_versions(text);
        let known = (Some("v1.29.3".to_owned()), Some("v1.29.1".to_owned()));
        assert_eq!(both("Client Version: v1.29.3\nKustomize Version: v5\nServer Version: v1.29.1\n"), known);
        let old = "Client Version: version.Info{Major:\"1\", GitVersion:\"v1.29.3\"}\nServer Version: version.Info{GitVersion:\"v1.29.1\"}";
        assert_eq!(both(old), known);
        assert_eq!(version_of_build("a1/1.12.0-dev/Clean/RELEASE/BoringSSL").as_deref(), Some("1.12.0"));
        assert_eq!(envoy_version(b"{\n \"version\": \"a1/1.32.2/Clean\",").as_deref(), Some("1.32.2"));
        assert_eq!(time(1_714_557_600).as_deref(), Some("2024-05-01T10:00:00Z"));
        assert_eq!(first_time("2024-05-01T10:00:00.000000Z\tinfo\tx").as_deref(), Some("2024-05-01T10:00:00.000000Z"));
        assert_eq!(first_time("no time"), None);
    }
}
