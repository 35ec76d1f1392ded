//! `proxy-config bootstrap -o short`: the versions of a proxy.

use std::borrow::Cow;

use crate::document::Node;

use super::grid::Grid;

/// The bootstrap itself, out of its section.
pub(super) fn bootstrap(section: Node<'_>) -> Node<'_> {
    section.get("bootstrap").unwrap_or(section)
}

/// The summary.
pub(super) fn summary(section: Node<'_>) -> Grid<'_> {
    let node = bootstrap(section).get("node");
    let metadata = |name: &str| node?.get("metadata")?.text_at(name).map(|text| text.value);
    let mut grid = Grid::new(1);
    if let Some(version) = metadata("ISTIO_VERSION") {
        grid.row(["Istio Version:".into(), version.into()]);
    }
    if let Some(sha) = metadata("ISTIO_PROXY_SHA") {
        let sha = sha.split_once(':').map_or(sha, |(_, sha)| sha);
        grid.row(["Istio Proxy Version:".into(), sha.into()]);
    }
    grid.row(["Envoy Version:".into(), node.map_or_else(|| "0.0.0".into(), envoy_version)]);
    grid
}

fn envoy_version(node: Node<'_>) -> Cow<'_, str> {
    let Some(build) = node.field("user_agent_build_version") else {
        // Before Envoy 1.14: `SHA/1.12.0-dev/Clean/RELEASE/BoringSSL`.
        let old = node.field("build_version").and_then(Node::text);
        return old.and_then(|text| text.split_once('/')).map_or_else(|| "0.0.0".into(), |(_, version)| version.into());
    };
    let number = |name: &str| build.get("version").and_then(|v| v.field(name)).and_then(Node::as_u64).unwrap_or(0);
    let mut text = format!("{}.{}.{}", number("major_number"), number("minor_number"), number("patch"));
    let metadata = build.get("metadata");
    for (key, separator) in [("build.label", '-'), ("revision.status", '/'), ("build.type", '/'), ("ssl.version", '/')]
    {
        if let Some(part) = metadata.and_then(|m| m.text_at(key)) {
            text.push(separator);
            text.push_str(part.value);
        }
    }
    text.into()
}
