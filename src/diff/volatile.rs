//! What differs between any two pods, and from one minute to the next.

use std::borrow::Cow;

use crate::document::Document;
use crate::envoy;

/// Fields that change without anybody changing the mesh.
const FIELDS: [&str; 5] = ["versionInfo", "lastUpdated", "node", "lastUpdateAttempt", "clientStatus"];

/// Whether a field is left out.
pub(super) fn is_volatile(field: &str) -> bool {
    FIELDS.contains(&field)
}

/// The words of a proxy that stand for itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Volatile(Vec<(String, &'static str)>);

impl Volatile {
    /// The address and the name of the pod, from its node id: `sidecar~IP~POD.NAMESPACE~DOMAIN`.
    pub(super) fn of(document: &Document) -> Self {
        let dumps = envoy::dumps(document);
        let id = dumps.first().and_then(envoy::Dump::node_id).unwrap_or_default();
        let mut words = Vec::new();
        if let [_, ip, pod, _] = id.split('~').collect::<Vec<_>>()[..] {
            words.push((ip.to_owned(), "(pod IP)"));
            let name = pod.rsplit_once('.').map_or(pod, |(name, _)| name);
            words.push((name.to_owned(), "(pod)"));
        }
        words.retain(|(word, _)| word.len() > 3);
        Self(words)
    }

    /// A text with these words replaced.
    pub(super) fn without<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, (word, stand_in)| match text.contains(word.as_str()) {
            true => Cow::Owned(text.replace(word.as_str(), stand_in)),
            false => text,
        })
    }
}
