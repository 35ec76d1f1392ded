//! The labels that pods have besides those of their template: controllers give them, and the injector.
//!
//! - <https://kubernetes.io/docs/reference/labels-annotations-taints/>
//! - Istio: <https://istio.io/latest/docs/reference/config/labels/>

use super::PodTemplate;

/// Who gives a label, and with which value.
#[derive(Clone, Copy)]
enum Given {
    /// A controller of these kinds, with a value that nobody foresees: a hash, an identifier.
    ByKinds(&'static [&'static str]),
    /// A StatefulSet: the pod's own name.
    PodName,
    /// A StatefulSet: the pod's number.
    PodIndex,
    /// A Job: its name.
    JobName,
    /// The injector, with the application's name.
    CanonicalName,
    /// The injector, with the application's version.
    CanonicalRevision,
    /// The injector, with what depends on the installation.
    ByInjector,
}

const JOBS: &[&str] = &["Job", "CronJob"];

/// The labels, by their keys.
const GIVEN: [(&str, Given); 19] = [
    ("pod-template-hash", Given::ByKinds(&["Deployment", "ReplicaSet"])),
    ("rollouts-pod-template-hash", Given::ByKinds(&["Rollout"])),
    ("controller-revision-hash", Given::ByKinds(&["StatefulSet", "DaemonSet"])),
    ("pod-template-generation", Given::ByKinds(&["DaemonSet"])),
    ("deployment", Given::ByKinds(&["DeploymentConfig"])),
    ("deploymentconfig", Given::ByKinds(&["DeploymentConfig"])),
    ("statefulset.kubernetes.io/pod-name", Given::PodName),
    ("apps.kubernetes.io/pod-index", Given::PodIndex),
    ("job-name", Given::JobName),
    ("batch.kubernetes.io/job-name", Given::JobName),
    ("controller-uid", Given::ByKinds(JOBS)),
    ("batch.kubernetes.io/controller-uid", Given::ByKinds(JOBS)),
    ("job-completion-index", Given::ByKinds(JOBS)),
    ("batch.kubernetes.io/job-completion-index", Given::ByKinds(JOBS)),
    ("service.istio.io/canonical-name", Given::CanonicalName),
    ("service.istio.io/canonical-revision", Given::CanonicalRevision),
    ("security.istio.io/tlsMode", Given::ByInjector),
    ("istio.io/rev", Given::ByInjector),
    ("topology.istio.io/network", Given::ByInjector),
];

/// What endpoints have besides, wherever they are: DestinationRules tell clusters and zones apart by it.
const OF_PLACES: [&str; 6] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
    "topology.istio.io/cluster",
    "topology.istio.io/network",
    "kubernetes.io/hostname",
];

/// Whether a label may say where an endpoint is. Istiod adds what it knows of that, whatever the pod's
/// own labels.
pub fn is_of_place(key: &str, value: &str) -> bool {
    OF_PLACES.contains(&key) && !value.is_empty()
}

/// Whether pods may have a label that no template says.
pub fn is_given(key: &str) -> bool {
    given(key).is_some()
}

fn given(key: &str) -> Option<Given> {
    GIVEN.iter().find(|(known, _)| *known == key).map(|(_, given)| *given)
}

impl<'d> PodTemplate<'d> {
    /// Whether its pods may be given a label that the template does not say.
    pub fn may_be_given(self, key: &str, value: &str) -> bool {
        // A pod that runs has what it was given.
        let Some(given) = given(key).filter(|_| !self.is_running()) else { return false };
        let (kind, name) = (self.owner.kind(), self.owner.name());
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let after_name = || value.strip_prefix(name)?.strip_prefix('-');
        match given {
            Given::ByKinds(kinds) => kinds.contains(&kind),
            Given::PodName => kind == "StatefulSet" && after_name().is_some_and(is_number),
            Given::PodIndex => kind == "StatefulSet" && is_number(value),
            Given::JobName => value == name && kind == "Job" || kind == "CronJob" && after_name().is_some(),
            Given::CanonicalName => value == self.first_of(["app.kubernetes.io/name", "app"]).unwrap_or(name),
            Given::CanonicalRevision => {
                value == self.first_of(["app.kubernetes.io/version", "version"]).unwrap_or("latest")
            }
            Given::ByInjector => true,
        }
    }

    fn is_running(self) -> bool {
        self.owner.kind() == "Pod" && self.owner.node().get("status").is_some()
    }

    fn first_of(self, keys: [&str; 2]) -> Option<&'d str> {
        let labels = self.labels();
        keys.into_iter().find_map(|key| labels.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::input::Text;
    use crate::kube::objects;

    fn may_be_given(owner: &str, key: &str, value: &str) -> bool {
        let text =
            format!("{owner}\nmetadata: {{name: db}}\nspec: {{template: {{metadata: {{labels: {{app: shop}}}}}}}}\n");
        let document = Document::read("", Text::from(text.as_str()));
        let template = PodTemplate::of(objects(&document).0.remove(0));
        template.is_some_and(|template| template.may_be_given(key, value))
    }

    #[test]
    fn pods_have_what_their_controllers_give_them() {
        let [deployment, set] = ["Deployment", "StatefulSet"].map(|kind| format!("apiVersion: apps/v1\nkind: {kind}"));
        let job = "apiVersion: batch/v1\nkind: Job";
        for (owner, key, value) in [
            (&*deployment, "pod-template-hash", "5d4f"),
            (&deployment, "service.istio.io/canonical-name", "shop"),
            (&deployment, "service.istio.io/canonical-revision", "latest"),
            (&deployment, "security.istio.io/tlsMode", "istio"),
            (&set, "statefulset.kubernetes.io/pod-name", "db-0"),
            (&set, "apps.kubernetes.io/pod-index", "3"),
            (job, "batch.kubernetes.io/job-name", "db"),
        ] {
            assert!(may_be_given(owner, key, value), "{owner}: {key}: {value}");
        }
        for (owner, key, value) in [
            (&*deployment, "version", "v1"),
            (&deployment, "service.istio.io/canonical-name", "db"),
            (&deployment, "statefulset.kubernetes.io/pod-name", "db-0"),
            (&set, "statefulset.kubernetes.io/pod-name", "db-x"),
            (&set, "statefulset.kubernetes.io/pod-name", "cache-0"),
            (&set, "pod-template-hash", "5d4f"),
            (job, "job-name", "other"),
        ] {
            assert!(!may_be_given(owner, key, value), "{owner}: {key}: {value}");
        }
    }
}
