//! Host names as istiod compares and completes them (`pkg/config/host` and
//! `pilot/pkg/model/virtualservice.go` in istio/istio).

use std::borrow::Cow;
use std::net::IpAddr;

/// Whether a host is `*` or starts with a wildcard.
pub fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Whether every name that `inner` stands for is one that `outer` stands for.
pub fn is_subset_of(inner: &str, outer: &str) -> bool {
    match (outer.strip_prefix('*'), inner.strip_prefix('*')) {
        (None, None) => inner == outer,
        (None, Some(_)) => false,
        (Some(suffix), None) => inner.ends_with(suffix),
        (Some(suffix), Some(inner_suffix)) => inner_suffix.ends_with(suffix),
    }
}

/// Whether some name is one that both stand for.
pub fn overlaps(a: &str, b: &str) -> bool {
    is_subset_of(a, b) || is_subset_of(b, a)
}

/// The more specific of two hosts that overlap.
pub fn intersection<'a>(a: &'a str, b: &'a str) -> Option<&'a str> {
    if is_subset_of(a, b) {
        Some(a)
    } else if is_subset_of(b, a) {
        Some(b)
    } else {
        None
    }
}

/// Completes a short name: `reviews` in namespace `default` becomes
/// `reviews.default.svc.cluster.local`. A name with a dot, a wildcard and an address stay as they
/// are, which is why `reviews.default` names nothing.
pub fn resolve<'a>(host: &'a str, namespace: &str, domain: &str) -> Cow<'a, str> {
    let complete = host.is_empty() || host.contains('.') || is_wildcard(host) || host.parse::<IpAddr>().is_ok();
    if complete {
        return Cow::Borrowed(host);
    }
    Cow::Owned(fqdn(host, namespace, domain))
}

/// The host of a Kubernetes service.
pub fn fqdn(name: &str, namespace: &str, domain: &str) -> String {
    format!("{name}.{namespace}.svc.{domain}")
}

/// The name and namespace of a host that a Kubernetes service has by its form.
pub fn kubernetes_parts<'a>(host: &'a str, domain: &str) -> Option<(&'a str, &'a str)> {
    let rest = host.strip_suffix(domain)?.strip_suffix(".svc.")?;
    let (name, namespace) = rest.rsplit_once('.')?;
    (!name.is_empty() && !name.contains('.') && !namespace.is_empty()).then_some((name, namespace))
}

/// For people: `reviews.default.svc.cluster.local` is `reviews` to its own namespace, and
/// `reviews.default` elsewhere; other hosts stay whole.
pub fn brief<'a>(host: &'a str, domain: &str) -> Cow<'a, str> {
    match kubernetes_parts(host, domain) {
        Some((name, namespace)) => Cow::Owned(format!("{name}.{namespace}")),
        None => Cow::Borrowed(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_completed_and_others_are_not() {
        let resolved = |host| resolve(host, "shop", "cluster.local").into_owned();
        assert_eq!(resolved("cart"), "cart.shop.svc.cluster.local");
        for host in ["cart.shop", "*", "*.com", "10.0.0.1", "::1", ""] {
            assert_eq!(resolved(host), host);
        }
    }

    #[test]
    fn wildcards_hold_longer_names_only() {
        assert!(is_subset_of("a.foo.com", "*.foo.com"));
        assert!(is_subset_of("*.foo.com", "*.com"));
        assert!(is_subset_of("*.foo.com", "*"));
        assert!(!is_subset_of("foo.com", "*.foo.com"));
        assert!(!is_subset_of("*.com", "*.foo.com"));
        assert!(!is_subset_of("*.foo.com", "a.foo.com"));
        assert_eq!(intersection("*.foo.com", "a.foo.com"), Some("a.foo.com"));
        assert_eq!(intersection("*.foo.com", "*.bar.com"), None);
    }

    #[test]
    fn a_kubernetes_host_has_a_name_and_a_namespace() {
        assert_eq!(kubernetes_parts("a.b.svc.cluster.local", "cluster.local"), Some(("a", "b")));
        for host in ["a.b", "a.svc.cluster.local", "x.a.b.svc.cluster.local", "a.b.svc.example.org"] {
            assert_eq!(kubernetes_parts(host, "cluster.local"), None, "{host}");
        }
    }
}
