//! Addresses of listeners and endpoints.

use crate::document::Node;

/// The IP address, or the path of a pipe; nothing for addresses within Envoy.
pub(super) fn address_of(address: Option<Node<'_>>) -> &str {
    let Some(address) = address else { return "" };
    let socket = address.field("socket_address").and_then(|socket| socket.get("address"));
    let text = socket.or_else(|| address.get("pipe").and_then(|pipe| pipe.get("path")));
    text.and_then(Node::text).unwrap_or_default()
}

/// The port; 0 where there is none.
pub(super) fn port_of(address: Option<Node<'_>>) -> u64 {
    let socket = address.and_then(|address| address.field("socket_address"));
    socket.and_then(|socket| socket.field("port_value")).and_then(Node::as_u64).unwrap_or(0)
}

/// `envoy://LISTENER/ENDPOINT` of an address within Envoy.
pub(super) fn internal(address: Node<'_>) -> Option<String> {
    let internal = address.field("envoy_internal_address")?;
    let text = |name: &str| internal.field(name).and_then(Node::text).unwrap_or_default();
    Some(format!("envoy://{}/{}", text("server_listener_name"), text("endpoint_id")))
}
