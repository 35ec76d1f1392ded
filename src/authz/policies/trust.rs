//! Trust domains: an identity of the mesh holds in each of its names.

/// The name that stands for the mesh's own domain.
const LOCAL: &str = "cluster.local";

/// The trust domain of a mesh and its aliases.
#[derive(Clone, Debug)]
pub struct TrustDomains(Vec<String>);

impl Default for TrustDomains {
    fn default() -> Self {
        Self(vec![LOCAL.to_owned()])
    }
}

impl TrustDomains {
    /// The domain and its aliases.
    pub fn new(domain: &str, aliases: impl IntoIterator<Item = String>) -> Self {
        Self(std::iter::once(domain.to_owned()).chain(aliases).collect())
    }

    /// A principal of a policy in each domain that it holds in.
    pub(super) fn expand(&self, principal: &str) -> Vec<String> {
        let keep = || vec![principal.to_owned()];
        let parts: Vec<&str> = principal.split('/').collect();
        let [domain, rest @ ..] = &parts[..] else { return keep() };
        if rest.len() != 4 || *domain == "*" {
            return keep();
        }
        if *domain != LOCAL && !self.0.iter().any(|own| matches(own, domain)) {
            return keep();
        }
        let mut expanded: Vec<String> = Vec::new();
        for own in &self.0 {
            let renamed = match domain.starts_with('*') && matches(own, domain) {
                true => principal.to_owned(),
                false => format!("{own}/{}", rest.join("/")),
            };
            if !expanded.contains(&renamed) {
                expanded.push(renamed);
            }
        }
        expanded
    }

    /// A trust domain with its aliases, if it is the mesh's own.
    pub(super) fn aliases(&self, domain: &str) -> Vec<String> {
        if self.0.iter().any(|own| own == domain) { self.0.clone() } else { vec![domain.to_owned()] }
    }
}

/// Whether a domain is one that a policy means, which may start or end with `*`.
fn matches(own: &str, wanted: &str) -> bool {
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(suffix), _) => own.ends_with(suffix),
        (_, Some(prefix)) => own.starts_with(prefix),
        _ => own == wanted,
    }
}
