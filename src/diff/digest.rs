//! Resources as numbers: equal for those that [`Comparison`](super::compare::Comparison) finds
//! nothing different in. So whole bundles are compared while a few dumps are in memory.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::document::{Kind, Node};

use super::compare::{by_name, canonical, is_ordered, names_in_order, text};
use super::volatile::{Volatile, is_volatile};

/// Makes numbers of resources.
pub(super) struct Digester {
    pub(super) volatile: Volatile,
    pub(super) with_volatile: bool,
}

impl Digester {
    /// The number of a value that stands in the field `key`.
    pub(super) fn of(&self, key: &str, node: Node<'_>) -> u64 {
        match node.kind() {
            Kind::Object => self.object(node),
            Kind::Array => self.array(key, node),
            _ => hash(self.volatile.without(&text(node)).as_ref()),
        }
    }

    /// The order of members does not matter, so their numbers are added.
    fn object(&self, node: Node<'_>) -> u64 {
        let mut sum = 1u64;
        for (key, value) in node.entries().filter(|(_, value)| !value.is_null()) {
            let name = canonical(key.text);
            if name != "@type" && (self.with_volatile || !is_volatile(&name)) {
                sum = sum.wrapping_add(hash(&(name.as_ref(), self.of(&name, value))));
            }
        }
        sum
    }

    fn array(&self, key: &str, node: Node<'_>) -> u64 {
        let Some(names) = by_name(node) else {
            return hash(&node.items().map(|item| self.of("", item)).collect::<Vec<_>>());
        };
        let mut sum = 2u64;
        for (name, item) in &names {
            sum = sum.wrapping_add(hash(&(name, self.of("", item.node))));
        }
        if is_ordered(key) {
            sum = sum.wrapping_add(hash(&names_in_order(&names).collect::<Vec<_>>()));
        }
        sum
    }
}

/// A number for whatever it is.
pub(super) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
