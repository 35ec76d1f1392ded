//! Filters by their type, or by their name where they have none.

use crate::document::Node;
use crate::envoy::{type_name, typed_config};

/// The type of a filter's configuration.
pub(super) fn filter_type(filter: Node<'_>) -> Option<&str> {
    let config = filter.field("typed_config")?;
    match type_name(config) {
        Some("TypedStruct") => {
            config.field("type_url").and_then(Node::text).and_then(|url| url.rsplit(['.', '/']).next())
        }
        other => other,
    }
}

/// The configuration of a connection manager, if the filter is one.
pub(super) fn connection_manager_config(filter: Node<'_>) -> Option<Node<'_>> {
    let is_manager = match filter_type(filter) {
        Some(name) => name == "HttpConnectionManager",
        None => filter.get("name").and_then(Node::text).is_some_and(|name| name.ends_with("http_connection_manager")),
    };
    typed_config(filter).filter(|_| is_manager)
}
