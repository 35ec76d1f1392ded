//! What istiod notes about where a resource comes from: `metadata.filter_metadata.istio`.

use crate::document::Node;

/// The manifest object that a proxy's resource was made of, by istiod's own note.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Kind in the form that istiod notes: `virtual-service`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// The note on a route or a cluster.
#[derive(Clone, Copy, Debug)]
pub struct IstioMetadata<'d> {
    node: Node<'d>,
}

impl<'d> IstioMetadata<'d> {
    /// The note on `resource`, if there is one.
    pub fn of(resource: Node<'d>) -> Option<Self> {
        let node = resource.get("metadata")?.field("filter_metadata")?.get("istio")?;
        Some(Self { node })
    }

    /// The VirtualService or DestinationRule it was made of.
    pub fn origin(self) -> Option<Origin> {
        origin_of_path(self.node.get("config")?.text()?)
    }

    /// The subset of a cluster.
    pub fn subset(self) -> Option<&'d str> {
        self.node.get("subset")?.text()
    }
}

/// Reads `/apis/networking.istio.io/v1/namespaces/NS/virtual-service/NAME`.
pub fn origin_of_path(path: &str) -> Option<Origin> {
    let mut parts = path.split('/').skip_while(|part| *part != "namespaces").skip(1);
    let namespace = parts.next()?.to_owned();
    let kind = parts.next()?.to_owned();
    let name = parts.next()?.to_owned();
    Some(Origin { kind, namespace, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_all_ages_are_read() {
        for path in [
            "/apis/networking.istio.io/v1/namespaces/shop/virtual-service/cart",
            "/apis/networking/v1alpha3/namespaces/shop/virtual-service/cart",
        ] {
            let origin = origin_of_path(path);
            assert_eq!(origin.as_ref().map(|o| o.namespace.as_str()), Some("shop"));
            assert_eq!(origin.as_ref().map(|o| o.kind.as_str()), Some("virtual-service"));
            assert_eq!(origin.as_ref().map(|o| o.name.as_str()), Some("cart"));
        }
        assert_eq!(origin_of_path("/x"), None);
    }
}
