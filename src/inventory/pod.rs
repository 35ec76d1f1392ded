//! One pod of a bundle by its name, without reading what was saved of the others.

use std::collections::BTreeSet;

use crate::document::Document;
use crate::envoy;
use crate::input::{Bundle, Place, Role, Taken, looks_like_ours};
use crate::similar::similar;

/// How many names are listed where one is needed.
const LISTED: usize = 5;

/// A pod that was found, with the files that were asked for.
#[derive(Debug)]
pub struct Pod {
    /// `POD.NAMESPACE`.
    pub name: String,
    files: Vec<Taken>,
}

/// Names of pods that a bundle's paths tell.
#[derive(Debug, Default)]
struct Known {
    /// Those of which a proxy's answers were saved.
    proxies: BTreeSet<String>,
    /// Those that were asked for, be it only by a log.
    named: BTreeSet<String>,
}

/// The pods of a bundle whose proxies were saved: `POD.NAMESPACE`, in order.
pub fn pods(bundle: &Bundle) -> BTreeSet<String> {
    let mut known = Known::default();
    bundle.take(&mut |place, _| {
        known.note(place, "");
        false
    });
    known.proxies
}

/// Finds a pod by `POD` or `POD.NAMESPACE`, and takes out its files of the roles asked for.
///
/// # Errors
/// One line: there is no such pod, there are several, or it has no such file.
pub fn find_pod(bundle: &Bundle, query: &str, wants: &dyn Fn(Role) -> bool) -> Result<Pod, String> {
    let mut known = Known::default();
    let (files, broken) = bundle.take(&mut |place, _| {
        known.note(place, query);
        wants(place.role) && place.proxy().is_some_and(|name| is_meant(&name, query))
    });
    let note = broken.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let mut named = known.named.iter();
    match (named.next(), named.next()) {
        (Some(name), None) if files.is_empty() => Err(format!("{} holds no such file of {name}{note}", bundle.name)),
        (Some(name), None) => Ok(Pod { name: name.clone(), files }),
        (Some(_), Some(_)) => Err(format!("`{query}` is in several namespaces: {}", list(&known.named))),
        (None, _) => by_content(bundle, query, wants)
            .ok_or_else(|| format!("{}{note}", no_such_pod(&bundle.name, query, &known.proxies))),
    }
}

/// Whether `POD.NAMESPACE` is what somebody means by a name.
pub fn is_meant(name: &str, query: &str) -> bool {
    name == query || name.rsplit_once('.').is_some_and(|(pod, _)| pod == query)
}

/// A pod of a folder or an archive whose paths say nothing of pods: its dump names it.
fn by_content(bundle: &Bundle, query: &str, wants: &dyn Fn(Role) -> bool) -> Option<Pod> {
    if !wants(Role::Dump) {
        return None;
    }
    let (files, _) = bundle.take(&mut |place, path| place.role == Role::Unknown && looks_like_ours(path, &[]));
    let (name, path) = files.into_iter().find_map(|file| {
        let document = Document::read(file.name, file.text.ok()?);
        let name = envoy::dumps(&document).first()?.proxy().to_owned();
        is_meant(&name, query).then_some((name, file.path))
    })?;
    let (mut files, _) = bundle.take(&mut |_, found| found == path);
    for file in &mut files {
        file.place.role = Role::Dump;
    }
    Some(Pod { name, files })
}

/// One line on a pod that is not among those of a bundle.
pub fn no_such_pod(bundle: &str, query: &str, proxies: &BTreeSet<String>) -> String {
    let start = format!("{bundle} holds no pod `{query}`");
    let alike: BTreeSet<String> = proxies.iter().filter(|name| name.starts_with(query)).cloned().collect();
    if !alike.is_empty() {
        return format!("{start}; it holds {}", list(&alike));
    }
    let without_namespace = proxies.iter().filter_map(|name| name.rsplit_once('.')).map(|(pod, _)| pod);
    let near = similar(query, proxies.iter().map(String::as_str).chain(without_namespace));
    match near {
        Some(near) => format!("{start}; did you mean `{near}`?"),
        None if proxies.is_empty() => format!("{start}, nor any other proxy"),
        None => format!("{start}; it holds {}", list(proxies)),
    }
}

fn list(names: &BTreeSet<String>) -> String {
    let listed: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    match names.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

impl Known {
    fn note(&mut self, place: &Place, query: &str) {
        let Some(name) = place.proxy() else { return };
        if is_meant(&name, query) {
            self.named.insert(name.clone());
        }
        if matches!(place.role, Role::Dump | Role::Proxy(_)) {
            self.proxies.insert(name);
        }
    }
}

impl Pod {
    /// The file of one of these roles, the first that there is; nothing if there is none. Of several
    /// dumps the one with endpoints is taken.
    ///
    /// # Errors
    /// One line: it cannot be read.
    pub fn take(&mut self, roles: &[Role]) -> Result<Option<Document>, String> {
        let best = roles.iter().find_map(|role| {
            let of_role = self.files.iter().enumerate().filter(|(_, file)| file.place.role == *role);
            of_role.max_by_key(|(_, file)| file.path.contains("include_eds")).map(|(place, _)| place)
        });
        let Some(best) = best else { return Ok(None) };
        let Taken { name, text, .. } = self.files.swap_remove(best);
        let mut document =
            Document::read(name.as_str(), text.map_err(|reason| format!("cannot read {name}: {reason}"))?);
        document.set_owner(&self.name);
        Ok(Some(document))
    }
}
