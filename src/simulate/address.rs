//! Addresses and their ranges
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/address.proto#config-core-v3-cidrrange>).

use std::net::IpAddr;

use crate::document::Node;

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    network: u128,
    is_v6: bool,
    /// How many leading bits count.
    pub(super) length: u8,
}

impl Range {
    /// Reads a `CidrRange`.
    pub(super) fn of(node: Node<'_>) -> Option<Self> {
        let address: IpAddr = node.field("address_prefix")?.text()?.parse().ok()?;
        let length = node.field("prefix_len").and_then(Node::as_u64).unwrap_or(0);
        let (bits, width) = bits_of(address);
        let length = u8::try_from(length).ok()?.min(width);
        Some(Self { network: masked(bits, length, width), is_v6: address.is_ipv6(), length })
    }

    /// Reads a list of ranges.
    pub(super) fn list(node: Node<'_>, field: &str) -> Vec<Self> {
        node.field(field).into_iter().flat_map(Node::items).filter_map(Self::of).collect()
    }

    /// Whether an address lies in it.
    pub(super) fn holds(self, address: IpAddr) -> bool {
        let (bits, width) = bits_of(address);
        address.is_ipv6() == self.is_v6 && masked(bits, self.length, width) == self.network
    }
}

fn bits_of(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

fn masked(bits: u128, length: u8, width: u8) -> u128 {
    let dropped = u32::from(width - length);
    bits.checked_shr(dropped).unwrap_or(0).checked_shl(dropped).unwrap_or(0)
}
