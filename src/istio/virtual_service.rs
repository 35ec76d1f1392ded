//! `VirtualService`: <https://istio.io/latest/docs/reference/config/networking/virtual-service/>.

use super::StringMatch;
use crate::document::{Node, Spanned};
use crate::kube::{Labels, Object};

/// A `VirtualService`.
#[derive(Clone, Copy, Debug)]
pub struct VirtualService<'d> {
    /// The resource.
    pub object: Object<'d>,
}

/// An entry of `spec.http`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpRoute<'d> {
    /// The entry.
    pub node: Node<'d>,
}

/// An entry of a route's `match`: all of its conditions must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpMatch<'d> {
    /// The entry.
    pub node: Node<'d>,
}

/// A `destination`: where a route, a mirror, a TLS or a TCP route leads.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'d> {
    /// The `destination` (or `mirror`) itself.
    pub node: Node<'d>,
    /// `host`.
    pub host: Spanned<'d, &'d str>,
    /// `subset`.
    pub subset: Option<Spanned<'d, &'d str>>,
    /// `port.number`.
    pub port: Option<Spanned<'d, u64>>,
    /// `weight` of the route that it stands in.
    pub weight: Option<u64>,
}

impl<'d> VirtualService<'d> {
    /// The VirtualService that `object` is.
    pub fn of(object: Object<'d>) -> Option<Self> {
        object.is(super::NETWORKING, "VirtualService").then_some(Self { object })
    }

    fn spec(self) -> Option<Node<'d>> {
        self.object.spec()
    }

    /// `hosts`. None at all make this a delegate.
    pub fn hosts(self) -> impl Iterator<Item = Spanned<'d, &'d str>> + Clone {
        self.spec().into_iter().flat_map(|s| s.texts_at("hosts"))
    }

    /// `gateways`. None mean `mesh`.
    pub fn gateways(self) -> impl Iterator<Item = Spanned<'d, &'d str>> + Clone {
        self.spec().into_iter().flat_map(|s| s.texts_at("gateways"))
    }

    /// `exportTo`.
    pub fn export_to(self) -> Option<Node<'d>> {
        self.spec()?.get("exportTo")
    }

    /// `http`, in order.
    pub fn http(self) -> impl Iterator<Item = HttpRoute<'d>> {
        self.list("http").map(|node| HttpRoute { node })
    }

    /// The entries of `tls`, `tcp` or `http`.
    pub fn list(self, name: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
        self.spec().and_then(|s| s.get(name)).into_iter().flat_map(Node::items)
    }
}

impl<'d> HttpRoute<'d> {
    /// `name`.
    pub fn name(self) -> Option<Spanned<'d, &'d str>> {
        self.node.text_at("name")
    }

    /// `match`: any of these. None match everything.
    pub fn matches(self) -> impl Iterator<Item = HttpMatch<'d>> {
        let matches = self.node.get("match").into_iter().flat_map(Node::items);
        matches.map(|node| HttpMatch { node })
    }

    /// `route`, with weights.
    pub fn destinations(self) -> impl Iterator<Item = Destination<'d>> {
        Destination::of_routes(self.node)
    }

    /// `mirror` and `mirrors`.
    pub fn mirrors(self) -> impl Iterator<Item = Destination<'d>> {
        self.mirrors_of("mirror").chain(self.mirrors_of("mirrors")).map(|(destination, _)| destination)
    }

    /// The destinations of `mirror`, or those of `mirrors`, and whether none of the requests is
    /// copied there.
    pub fn mirrors_of(self, name: &str) -> impl Iterator<Item = (Destination<'d>, bool)> + use<'d> {
        let written = self.node.get(name);
        let (single, several) = if name == "mirror" { (written, None) } else { (None, written) };
        let is_none = |percentage: Option<Node<'d>>| {
            percentage.is_some_and(|p| p.get("value").is_none_or(|value| value.text().is_some_and(is_zero)))
        };
        let single = single.map(|node| (node, is_none(self.node.get("mirrorPercentage"))));
        let several = several.into_iter().flat_map(Node::items);
        let several = several.filter_map(move |m| Some((m.get("destination")?, is_none(m.get("percentage")))));
        single.into_iter().chain(several).filter_map(|(node, idle)| Some((Destination::of(node, None)?, idle)))
    }

    /// `delegate`.
    pub fn delegate(self) -> Option<Node<'d>> {
        self.node.get("delegate")
    }

    /// `redirect`.
    pub fn redirect(self) -> Option<Node<'d>> {
        self.node.get("redirect")
    }

    /// `directResponse`.
    pub fn direct_response(self) -> Option<Node<'d>> {
        self.node.get("directResponse")
    }
}

fn is_zero(number: &str) -> bool {
    number.parse() == Ok(0.0_f64)
}

impl<'d> Destination<'d> {
    /// The destination that `node` holds.
    pub fn of(node: Node<'d>, weight: Option<u64>) -> Option<Self> {
        Some(Self {
            node,
            host: node.text_at("host")?,
            subset: node.text_at("subset").filter(|s| !s.is_empty()),
            port: node.get("port").and_then(|p| p.number_at("number")).filter(|p| **p != 0),
            weight,
        })
    }

    /// The destinations in the `route` list of an `http`, `tls` or `tcp` entry.
    pub fn of_routes(entry: Node<'d>) -> impl Iterator<Item = Self> {
        let routes = entry.get("route").into_iter().flat_map(Node::items);
        routes.filter_map(|route| {
            let weight = route.get("weight").and_then(Node::as_u64);
            Self::of(route.get("destination")?, weight)
        })
    }
}

impl<'d> HttpMatch<'d> {
    /// `uri`.
    pub fn uri(self) -> Option<StringMatch<'d>> {
        self.string("uri")
    }

    /// `scheme`, `method` or `authority`.
    pub fn string(self, name: &str) -> Option<StringMatch<'d>> {
        StringMatch::of(self.node.get(name)?)
    }

    /// `headers`, `withoutHeaders` or `queryParams`: name and condition; no condition asks for
    /// presence.
    pub fn map(self, name: &str) -> impl Iterator<Item = (&'d str, Option<StringMatch<'d>>)> {
        let entries = self.node.get(name).into_iter().flat_map(Node::entries);
        entries.map(|(key, value)| (key.text, StringMatch::of(value)))
    }

    /// `port`.
    pub fn port(self) -> Option<Spanned<'d, u64>> {
        self.node.number_at("port").filter(|p| **p != 0)
    }

    /// `gateways`.
    pub fn gateways(self) -> impl Iterator<Item = Spanned<'d, &'d str>> + Clone {
        self.node.texts_at("gateways")
    }

    /// `sourceLabels`.
    pub fn source_labels(self) -> Labels<'d> {
        Labels::of(self.node.get("sourceLabels"))
    }

    /// `sourceNamespace`.
    pub fn source_namespace(self) -> Option<Spanned<'d, &'d str>> {
        self.node.text_at("sourceNamespace").filter(|n| !n.is_empty())
    }

    /// `ignoreUriCase`.
    pub fn ignores_uri_case(self) -> bool {
        self.node.get("ignoreUriCase").and_then(Node::as_bool) == Some(true)
    }
}
