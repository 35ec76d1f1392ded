//! meshlint reads what a service mesh left on disk and says what is wrong with it, where, and why.

pub mod document;
pub mod input;
pub mod istio;
pub mod kube;
pub mod mesh;
