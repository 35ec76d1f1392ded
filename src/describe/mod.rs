//! `describe pod` and `describe service`: what of Istio's configuration concerns a workload, from
//! manifests and the dumps of its proxies, in istioctl's words.

mod destination_rule;
mod ingress;
mod peer;
mod pod;
mod proxy;
mod service;
mod virtual_service;
mod wanted;
mod world;

pub use pod::describe_pod;
pub use proxy::virtual_service_path;
pub use service::describe_service;
pub use wanted::{Subject, dumps_wanted};
pub use world::World;
