//! Kubernetes resources as views on nodes: nothing is copied, every word keeps its place.

mod address;
mod given_labels;
mod kinds;
mod kustomize;
mod label_selector;
mod labels;
mod namespace;
mod object;
mod service;
mod workload;

pub use address::Address;
pub use given_labels::{is_given, is_of_place};
pub use kinds::{GATEWAY_API, KnownKind, Scope, kinds_of_group, known_group, known_kind, known_kinds};
pub use kustomize::{arrange, is_kustomization};
pub use label_selector::LabelSelector;
pub use labels::Labels;
pub use namespace::{is_open, may_be_same, open_namespace, shown};
pub use object::{Object, ObjectId, objects};
pub use service::{Service, ServicePort, TargetPort};
pub use workload::{ContainerPort, PodTemplate};
