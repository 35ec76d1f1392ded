//! What is made of a document before it is applied.

/// What `kustomize build` does with a document, as far as that can be told without doing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The namespace of all its resources, whatever they name.
    pub namespace: Option<Box<str>>,
    /// It changes resources of other documents, and has none of its own.
    pub is_patch: bool,
    /// It is applied together with something that is not among the inputs, or that is not called there
    /// as it will be.
    pub is_partial: bool,
    /// Its pods get labels that are not written there.
    pub is_labelled: bool,
    /// The nodes of the resources that a patch changes.
    pub patched: Vec<u32>,
}
