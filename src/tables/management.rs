//! The Istio resource that a piece of Envoy configuration was made of.

use crate::document::Node;

const NETWORKING: &str = "/apis/networking.istio.io/";

/// The cell of the resource that `metadata` points at: `NAME.NAMESPACE`.
pub(super) fn owner(message: Node<'_>) -> String {
    owner_of_metadata(message.get("metadata"))
}

/// The same for metadata itself.
pub(super) fn owner_of_metadata(metadata: Option<Node<'_>>) -> String {
    let Some(path) = config_path(metadata) else {
        return String::new();
    };
    if !path.starts_with(NETWORKING) {
        // Resources of other groups, such as extensions and the Gateway API.
        return "<unknown>".to_owned();
    }
    match path.split('/').collect::<Vec<_>>()[..] {
        [_, _, _, _, _, namespace, _, name] => format!("{name}.{namespace}"),
        _ => String::new(),
    }
}

/// `filter_metadata.istio.config`.
pub(super) fn config_path(metadata: Option<Node<'_>>) -> Option<&str> {
    metadata?.field("filter_metadata")?.get("istio")?.get("config")?.as_str()
}
