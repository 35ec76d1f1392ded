//! Which dumps a description looks at, so that no others need to be read.

use crate::kube::PodTemplate;

use super::ingress::is_gateway;
use super::world::World;

/// What is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A pod.
    Pod,
    /// A service.
    Service,
}

/// The pods whose dumps a description looks at: the pod itself, or the first that the service
/// selects and that there is a dump of; and the ingress gateways.
pub fn dumps_wanted(world: &World<'_>, subject: Subject, name: &str, has_dump: &dyn Fn(&str) -> bool) -> Vec<String> {
    let (name, namespace) = name.split_once('.').unwrap_or((name, &world.namespace));
    let called = |pod: &PodTemplate<'_>| format!("{}.{}", pod.owner.name(), pod.owner.namespace());
    let own = match subject {
        Subject::Pod => Some(format!("{name}.{namespace}")),
        Subject::Service => {
            let service = world.object("Service", namespace, name);
            let pods = service.map(|service| world.pods_of(service)).unwrap_or_default();
            pods.iter().map(called).find(|name| has_dump(name))
        }
    };
    own.into_iter().chain(world.pods(is_gateway).iter().map(called)).collect()
}
