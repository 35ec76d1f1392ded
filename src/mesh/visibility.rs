//! `exportTo`: which namespaces see an object.

use crate::document::Node;

/// The namespaces that see an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility<'d> {
    /// Every namespace.
    pub is_public: bool,
    /// These namespaces, if not every one. `.` is replaced by the object's own.
    pub namespaces: Vec<&'d str>,
}

impl<'d> Visibility<'d> {
    /// What the entries of an `exportTo` list mean for an object of `namespace`; `default` if there
    /// are none. `*` outweighs everything; next to it, `~` hides the object from everybody.
    pub fn of(entries: impl Iterator<Item = &'d str>, namespace: &'d str, default: Default) -> Self {
        let entries: Vec<&str> = entries.filter(|e| !e.is_empty()).collect();
        if entries.is_empty() {
            return match default {
                Default::Public => Self::public(),
                Default::Private => Self::only(vec![namespace]),
            };
        }
        if entries.contains(&"*") {
            return Self::public();
        }
        if entries.contains(&"~") {
            return Self::only(Vec::new());
        }
        Self::only(entries.into_iter().map(|e| if e == "." { namespace } else { e }).collect())
    }

    /// As [`Visibility::of`], for a list of a manifest.
    pub fn of_list(list: Option<Node<'d>>, namespace: &'d str, default: Default) -> Self {
        let entries = list.into_iter().flat_map(Node::items).filter_map(Node::text);
        Self::of(entries, namespace, default)
    }

    /// Seen by every namespace.
    pub fn public() -> Self {
        Self { is_public: true, namespaces: Vec::new() }
    }

    fn only(namespaces: Vec<&'d str>) -> Self {
        Self { is_public: false, namespaces }
    }

    /// Whether objects of `namespace` see it.
    pub fn includes(&self, namespace: &str) -> bool {
        self.is_public || self.namespaces.contains(&namespace)
    }

    /// Whether nobody sees it (`~`).
    pub fn is_nobody(&self) -> bool {
        !self.is_public && self.namespaces.is_empty()
    }

    /// Where it stands in the order in which istiod lists objects for a namespace: those of the
    /// namespace's own, those exported to it by name, those exported to everybody.
    pub fn rank(&self, own_namespace: &str, namespace: &str) -> u8 {
        match self.is_public {
            true => 2,
            false if own_namespace == namespace => 0,
            false => 1,
        }
    }
}

/// What an absent `exportTo` means: `defaultServiceExportTo` and its like of the mesh config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, std::default::Default)]
pub enum Default {
    /// Every namespace.
    #[default]
    Public,
    /// The object's own.
    Private,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_mean_what_istiod_makes_of_them() {
        let of = |entries: &[&'static str]| Visibility::of(entries.iter().copied(), "shop", Default::Public);
        assert!(of(&[]).includes("x"));
        assert!(of(&[".", "*"]).includes("x"));
        assert!(of(&["."]).includes("shop") && !of(&["."]).includes("x"));
        assert!(of(&["x"]).includes("x") && !of(&["x"]).includes("shop"));
        assert!(!of(&["~", "shop"]).includes("shop"));
        let private = Visibility::of(std::iter::empty(), "shop", Default::Private);
        assert!(private.includes("shop") && !private.includes("x"));
    }
}
