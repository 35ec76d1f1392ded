//! Label sets and the selectors that ask for them.

use crate::document::Node;

/// A set of labels, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Labels<'d> {
    pairs: Vec<(&'d str, &'d str)>,
}

impl<'d> Labels<'d> {
    /// The labels of a mapping; none if there is no such node. Unquoted values count by their text.
    pub fn of(node: Option<Node<'d>>) -> Self {
        let entries = node.into_iter().flat_map(Node::entries);
        let pairs = entries.filter_map(|(key, value)| Some((key.text, value.text()?))).collect();
        Self { pairs }
    }

    /// A set of the given pairs.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (&'d str, &'d str)>) -> Self {
        Self { pairs: pairs.into_iter().collect() }
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&'d str> {
        self.pairs.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    /// Whether there is no label. As a selector this asks for nothing and so selects everything.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&'d str, &'d str)> + '_ {
        self.pairs.iter().copied()
    }

    /// Whether `labels` has every pair of this set: whether this, as a selector, selects it.
    pub fn is_subset_of(&self, labels: &Labels<'_>) -> bool {
        self.may_be_in(labels, |_, _| false)
    }

    /// The same where what `labels` does not say may be there all the same.
    pub fn may_be_in(&self, labels: &Labels<'_>, may_have: impl Fn(&str, &str) -> bool) -> bool {
        self.pairs.iter().all(|(key, value)| labels.get(key).map_or_else(|| may_have(key, value), |own| own == *value))
    }

    /// Whether both have the same pairs.
    pub fn is_same_as(&self, other: &Labels<'_>) -> bool {
        self.is_subset_of(other) && other.is_subset_of(self)
    }
}

impl std::fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (key, value)) in self.pairs.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}
