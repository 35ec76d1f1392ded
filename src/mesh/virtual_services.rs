//! VirtualServices as istiod prepares them: names completed, delegates merged in, sorted by age
//! (`mergeVirtualServicesIfNeeded` in `pilot/pkg/model/virtualservice.go`, istio/istio).

use rustc_hash::FxHashMap;

use crate::document::{Node, Spanned};
use crate::istio::{Destination, HttpMatch, HttpRoute, StringMatch, StringMatchKind, VirtualService};
use crate::kube::{Labels, Object};

use super::visibility::Visibility;
use super::{Mesh, Options, host};

/// The gateway name that stands for the sidecars of the mesh.
pub const MESH_GATEWAY: &str = "mesh";

/// A VirtualService with everything resolved.
#[derive(Clone, Debug)]
pub struct PreparedVirtualService<'d> {
    /// The VirtualService.
    pub view: VirtualService<'d>,
    /// Its namespace.
    pub namespace: &'d str,
    /// Who sees it.
    pub visibility: Visibility<'d>,
    /// Its hosts, completed.
    pub hosts: Vec<Spanned<'d, String>>,
    /// Its gateways as `namespace/name` or `mesh`; never empty.
    pub gateways: Vec<GatewayRef<'d>>,
    /// Its HTTP routes, those of delegates included.
    pub routes: Vec<PreparedRoute<'d>>,
    /// Its TLS and then its TCP routes.
    pub layer4: Vec<Layer4Route<'d>>,
}

impl<'d> PreparedVirtualService<'d> {
    /// Whether it names a gateway, by its full name.
    pub fn is_bound_to(&self, gateway: &str) -> bool {
        self.gateways.iter().any(|reference| reference.name == gateway)
    }

    /// Everything that its routes lead to, each with its HTTP route.
    pub fn destinations(&self) -> impl Iterator<Item = (Option<&PreparedRoute<'d>>, &PreparedDestination<'d>)> {
        let http = self.routes.iter().flat_map(|route| route.destinations.iter().map(move |d| (Some(route), d)));
        http.chain(self.layer4.iter().flat_map(|route| &route.destinations).map(|d| (None, d)))
    }
}

/// A gateway that a VirtualService names.
#[derive(Clone, Debug)]
pub struct GatewayRef<'d> {
    /// `namespace/name`, or `mesh`.
    pub name: String,
    /// Where it is named; nothing for the `mesh` that is meant when nothing is said.
    pub node: Option<Node<'d>>,
}

/// An HTTP route with the conditions that lead to it.
#[derive(Clone, Debug)]
pub struct PreparedRoute<'d> {
    /// The route that says what happens: the VirtualService's own, or its delegate's.
    pub route: HttpRoute<'d>,
    /// The namespace in which its short names are completed.
    pub namespace: &'d str,
    /// The route of the VirtualService that delegates to it.
    pub root: Option<HttpRoute<'d>>,
    /// Alternatives; none mean that everything matches.
    pub matches: Vec<RouteMatch<'d>>,
    /// Where it leads, and where it sends copies.
    pub destinations: Vec<PreparedDestination<'d>>,
}

/// A destination with its host completed.
#[derive(Clone, Debug)]
pub struct PreparedDestination<'d> {
    /// As written.
    pub written: Destination<'d>,
    /// The host, completed.
    pub host: String,
    /// The namespace of the VirtualService, be the destination its own or a delegate's.
    pub home: &'d str,
    /// Whether requests are only copied there.
    pub is_mirror: bool,
    /// Whether its weight gives it no request.
    pub is_idle: bool,
}

/// Which list a route of connections stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer4Kind {
    /// `tls`.
    Tls,
    /// `tcp`.
    Tcp,
}

/// A `match` entry of a `tls` or `tcp` entry.
#[derive(Clone, Debug)]
pub struct Layer4Match<'d> {
    /// The entry.
    pub node: Node<'d>,
    /// The port.
    pub port: Option<u64>,
    /// The gateways, completed.
    pub gateways: Vec<String>,
    /// `sniHosts`.
    pub names: Vec<&'d str>,
    /// `destinationSubnets`.
    pub subnets: Vec<&'d str>,
    /// Whether it asks where connections come from.
    pub asks_for_source: bool,
}

/// A `tls` or `tcp` entry.
#[derive(Clone, Debug)]
pub struct Layer4Route<'d> {
    /// The entry.
    pub node: Node<'d>,
    /// Which list it stands in.
    pub kind: Layer4Kind,
    /// Alternatives.
    pub matches: Vec<Layer4Match<'d>>,
    /// Whether it leads anywhere at all: istiod passes over one that does not.
    pub has_route: bool,
    /// The port that some condition asks for.
    pub port: Option<u16>,
    /// Where it leads.
    pub destinations: Vec<PreparedDestination<'d>>,
}

/// One alternative: the conditions of one `match` entry, or of two that must both hold.
#[derive(Clone, Debug)]
pub struct RouteMatch<'d> {
    /// Of the delegating VirtualService's route.
    pub root: Option<HttpMatch<'d>>,
    /// Of the route itself.
    pub own: Option<HttpMatch<'d>>,
    /// What it asks of the client, if anything.
    pub source: Option<SourceCondition<'d>>,
    /// Whether it leaves nothing for later routes, by istiod's own test.
    pub takes_everything: bool,
}

/// What a condition asks of where a request comes from.
#[derive(Clone, Debug)]
pub struct SourceCondition<'d> {
    /// The port of the listener.
    pub port: Option<u64>,
    /// The gateways, completed. If there are any, istiod does not look at the other two.
    pub gateways: Vec<String>,
    /// Labels of the client.
    pub labels: Labels<'d>,
    /// Namespace of the client.
    pub namespace: Option<&'d str>,
}

impl<'d> RouteMatch<'d> {
    /// `homes` are the namespaces in which the two complete the names of gateways.
    fn new(root: Option<HttpMatch<'d>>, own: Option<HttpMatch<'d>>, homes: (&str, &str)) -> Self {
        let parts = [(root, homes.0), (own, homes.1)];
        let sources = parts.into_iter().filter_map(|(part, home)| Some(SourceCondition::of(part?, home)));
        let source = sources.reduce(SourceCondition::narrowed_by).filter(SourceCondition::asks_anything);
        let takes_everything = root.into_iter().chain(own).all(takes_everything);
        Self { root, own, source, takes_everything }
    }

    /// The entries whose conditions all must hold.
    pub fn parts(&self) -> impl Iterator<Item = HttpMatch<'d>> + use<'d> {
        self.root.into_iter().chain(self.own)
    }

    /// Where the conditions stand.
    pub fn node(&self) -> Option<Node<'d>> {
        self.own.or(self.root).map(|m| m.node)
    }
}

impl<'d> SourceCondition<'d> {
    fn of(part: HttpMatch<'d>, home: &str) -> Self {
        Self {
            port: part.port().map(|p| p.value),
            gateways: part.gateways().map(|gateway| resolve_gateway(gateway.value, home)).collect(),
            labels: part.source_labels(),
            namespace: part.source_namespace().map(|n| n.value),
        }
    }

    /// A delegate's condition under the one that delegates, as istiod merges the two: what only one
    /// of them asks is asked, and the delegate's word counts where both speak.
    fn narrowed_by(self, own: Self) -> Self {
        let inherited = self.labels.iter().filter(|(key, _)| own.labels.get(key).is_none());
        let labels = Labels::from_pairs(own.labels.iter().chain(inherited).collect::<Vec<_>>());
        Self {
            port: own.port.or(self.port),
            gateways: if own.gateways.is_empty() { self.gateways } else { own.gateways },
            labels,
            namespace: own.namespace.or(self.namespace),
        }
    }

    fn asks_anything(&self) -> bool {
        self.port.is_some() || !self.gateways.is_empty() || !self.labels.is_empty() || self.namespace.is_some()
    }
}

impl<'d> PreparedDestination<'d> {
    fn of_http(route: HttpRoute<'d>, namespace: &'d str, options: &Options) -> Vec<Self> {
        let is_only = route.destinations().nth(1).is_none();
        let direct = route.destinations().map(|written| {
            let is_idle = !is_only && written.weight == Some(0);
            Self::new(written, false, is_idle, namespace, options)
        });
        direct.chain(Self::mirrors_of(route, ["mirror", "mirrors"], namespace, options)).collect()
    }

    /// Where a route sends copies: what the given fields say.
    fn mirrors_of(
        route: HttpRoute<'d>,
        fields: impl IntoIterator<Item = &'static str>,
        namespace: &'d str,
        options: &Options,
    ) -> Vec<Self> {
        let mirrors = fields.into_iter().flat_map(|field| route.mirrors_of(field));
        // Istiod leaves out what would get no copy.
        mirrors.map(|(written, is_idle)| Self::new(written, true, is_idle, namespace, options)).collect()
    }

    fn new(written: Destination<'d>, is_mirror: bool, is_idle: bool, namespace: &'d str, options: &Options) -> Self {
        let host = host::resolve(written.host.value, namespace, &options.cluster_domain).into_owned();
        Self { written, host, home: namespace, is_mirror, is_idle }
    }
}

impl<'d> Layer4Match<'d> {
    fn of(node: Node<'d>, namespace: &str) -> Self {
        let asks = |name: &str| node.get(name).is_some();
        Self {
            node,
            port: node.number_at("port").map(|p| p.value).filter(|p| *p != 0),
            gateways: node.texts_at("gateways").map(|g| resolve_gateway(g.value, namespace)).collect(),
            names: node.texts_at("sniHosts").map(|name| name.value).collect(),
            subnets: node.texts_at("destinationSubnets").map(|subnet| subnet.value).collect(),
            asks_for_source: asks("sourceLabels") || asks("sourceNamespace") || asks("sourceSubnet"),
        }
    }
}

impl<'d> Layer4Route<'d> {
    fn of(entry: Node<'d>, kind: Layer4Kind, namespace: &'d str, options: &Options) -> Self {
        let conditions = || entry.get("match").into_iter().flat_map(Node::items);
        let port = conditions().filter_map(|m| m.number_at("port")).find_map(|p| u16::try_from(p.value).ok());
        let destinations = Destination::of_routes(entry);
        let prepare = |written| PreparedDestination::new(written, false, false, namespace, options);
        Self {
            node: entry,
            kind,
            matches: conditions().map(|condition| Layer4Match::of(condition, namespace)).collect(),
            has_route: entry.get("route").is_some_and(|route| route.items().next().is_some()),
            port,
            destinations: destinations.map(prepare).collect(),
        }
    }
}

/// Whether a condition takes every request, by istiod's own test: the prefix `/`, which no condition
/// on the path at all becomes too, or the expression `.*`, and nothing else about the request. What
/// it asks of the port, the gateway and the client is already answered where a route is made.
fn takes_everything(part: HttpMatch<'_>) -> bool {
    let any_path = part.uri().is_none_or(|uri| match uri.kind {
        StringMatchKind::Prefix => *uri.text == "/",
        StringMatchKind::Regex => matches!(*uri.text, "*" | ".*"),
        StringMatchKind::Exact => false,
    });
    any_path
        && ["headers", "withoutHeaders", "queryParams"].into_iter().all(|name| part.map(name).next().is_none())
        && ["scheme", "method", "authority"].into_iter().all(|name| part.string(name).is_none())
}

/// All VirtualServices, oldest first; delegates are only within the ones that use them, and apart.
pub(super) fn prepare<'d>(
    objects: &[Object<'d>],
    options: &'d Options,
) -> (Vec<PreparedVirtualService<'d>>, Delegates<'d>) {
    let views: Vec<_> = objects.iter().filter_map(|object| VirtualService::of(*object)).collect();
    let mut delegates = Delegates::default();
    for view in views.iter().filter(|view| is_delegate(**view)) {
        let namespace = view.object.namespace();
        delegates.entry((namespace, view.object.name())).or_insert(*view);
    }
    let roots = views.iter().filter(|view| !is_delegate(**view));
    (roots.map(|view| prepare_one(*view, &delegates, options)).collect(), delegates)
}

/// Without hosts, a VirtualService is never used by itself.
pub fn is_delegate(view: VirtualService<'_>) -> bool {
    view.hosts().next().is_none()
}

/// The VirtualServices without hosts, by namespace and name.
pub(super) type Delegates<'d> = FxHashMap<(&'d str, &'d str), VirtualService<'d>>;

fn prepare_one<'d>(
    view: VirtualService<'d>,
    delegates: &Delegates<'d>,
    options: &'d Options,
) -> PreparedVirtualService<'d> {
    let namespace = view.object.namespace();
    let hosts = view.hosts().map(|written| Spanned {
        value: host::resolve(written.value, namespace, &options.cluster_domain).into_owned(),
        node: written.node,
    });
    let mut gateways: Vec<_> = view
        .gateways()
        .map(|written| GatewayRef { name: resolve_gateway(written.value, namespace), node: Some(written.node) })
        .collect();
    if gateways.is_empty() {
        gateways.push(GatewayRef { name: MESH_GATEWAY.to_owned(), node: None });
    }
    PreparedVirtualService {
        view,
        namespace,
        visibility: Visibility::of_list(view.export_to(), namespace, options.virtual_service_export),
        hosts: hosts.collect(),
        gateways,
        routes: view.http().flat_map(|route| prepare_route(route, namespace, delegates, options)).collect(),
        layer4: [("tls", Layer4Kind::Tls), ("tcp", Layer4Kind::Tcp)]
            .into_iter()
            .flat_map(|(list, kind)| view.list(list).map(move |entry| Layer4Route::of(entry, kind, namespace, options)))
            .collect(),
    }
}

fn prepare_route<'d>(
    route: HttpRoute<'d>,
    namespace: &'d str,
    delegates: &Delegates<'d>,
    options: &'d Options,
) -> Vec<PreparedRoute<'d>> {
    let Some(delegate) = route.delegate() else {
        let homes = (namespace, namespace);
        let matches = route.matches().map(|own| RouteMatch::new(None, Some(own), homes)).collect();
        let destinations = PreparedDestination::of_http(route, namespace, options);
        return vec![PreparedRoute { route, namespace, root: None, matches, destinations }];
    };
    // A delegate that does not exist, or that is not exported to here, leaves the route out.
    let Some(target) = find_delegate(delegate, namespace, delegates, options) else {
        return Vec::new();
    };
    let target_namespace = target.object.namespace();
    target
        .http()
        .filter(|inner| inner.delegate().is_none())
        .filter_map(|inner| merge(route, inner, (namespace, target_namespace), options))
        .collect()
}

fn find_delegate<'d>(
    reference: Node<'d>,
    namespace: &'d str,
    delegates: &Delegates<'d>,
    options: &Options,
) -> Option<VirtualService<'d>> {
    let home = reference.text_at("namespace").map(|n| n.value).filter(|n| !n.is_empty()).unwrap_or(namespace);
    let delegate = *delegates.get(&(home, reference.text_at("name")?.value))?;
    let visibility = Visibility::of_list(delegate.export_to(), home, options.virtual_service_export);
    visibility.includes(namespace).then_some(delegate)
}

impl<'d> Mesh<'d> {
    /// The VirtualService that a route of `namespace` delegates to, if it is there and visible.
    pub fn delegate(&self, reference: Node<'d>, namespace: &'d str) -> Option<VirtualService<'d>> {
        find_delegate(reference, namespace, &self.delegates, self.options)
    }
}

/// A delegate's route under the conditions of the route that delegates. Nothing if one of its own
/// conditions fits none of those: istiod then drops the whole route (`mergeHTTPRoute`).
fn merge<'d>(
    root: HttpRoute<'d>,
    inner: HttpRoute<'d>,
    homes: (&'d str, &'d str),
    options: &Options,
) -> Option<PreparedRoute<'d>> {
    let (home, namespace) = homes;
    let roots: Vec<_> = root.matches().collect();
    let owns: Vec<_> = inner.matches().collect();
    let matches: Vec<RouteMatch<'d>> = match (&roots[..], &owns[..]) {
        (roots, []) => roots.iter().map(|m| RouteMatch::new(Some(*m), None, homes)).collect(),
        ([], owns) => owns.iter().map(|m| RouteMatch::new(None, Some(*m), homes)).collect(),
        (roots, owns) => {
            let mut matches = Vec::new();
            for own in owns {
                let mut fitting = roots.iter().filter(|root| !conflict(**root, *own, homes)).peekable();
                fitting.peek()?;
                matches.extend(fitting.map(|root| RouteMatch::new(Some(*root), Some(*own), homes)));
            }
            matches
        }
    };
    let mut destinations = PreparedDestination::of_http(inner, namespace, options);
    // Copies of requests are the delegating route's affair where the delegate says nothing of them.
    let inherited = ["mirror", "mirrors"].into_iter().filter(|name| inner.node.get(name).is_none());
    destinations.extend(PreparedDestination::mirrors_of(root, inherited, home, options));
    for destination in &mut destinations {
        destination.home = home;
    }
    Some(PreparedRoute { route: inner, namespace, root: Some(root), matches, destinations })
}

/// Whether a delegate's condition contradicts the delegating one: it may narrow a prefix, and must
/// repeat everything else (`hasConflict` in istio/istio).
fn conflict(root: HttpMatch<'_>, own: HttpMatch<'_>, (home, namespace): (&str, &str)) -> bool {
    let differs = |name: &str| texts_conflict(root.node.get(name), own.node.get(name));
    let maps_differ = |name: &str| {
        let entries = own.node.get(name).into_iter().flat_map(Node::entries);
        let outer = |key: &str| root.node.get(name).and_then(|map| map.get(key));
        entries.into_iter().any(|(key, inner)| texts_conflict(outer(key.text), Some(inner)))
    };
    let ports = (root.port().map(|p| p.value), own.port().map(|p| p.value));
    let namespaces = (root.source_namespace().map(|n| n.value), own.source_namespace().map(|n| n.value));
    let labels = own.source_labels();
    let gateways = |part: HttpMatch<'_>, home: &str| -> Vec<String> {
        part.gateways().map(|gateway| resolve_gateway(gateway.value, home)).collect()
    };
    let (outer, inner) = (gateways(root, home), gateways(own, namespace));
    ["uri", "scheme", "method", "authority"].into_iter().any(differs)
        || ["headers", "withoutHeaders", "queryParams"].into_iter().any(maps_differ)
        || root.ignores_uri_case() != own.ignores_uri_case()
        || matches!(ports, (Some(a), Some(b)) if a != b)
        || (namespaces.0.is_some() && namespaces.0 != namespaces.1)
        || root.source_labels().iter().any(|(key, value)| labels.get(key).is_some_and(|own| own != value))
        || !(outer.is_empty() || inner.iter().all(|gateway| outer.contains(gateway)))
}

/// Whether a delegate's condition on a text is not within the delegating one (`stringMatchConflict`):
/// only prefixes can be narrowed, and an expression next to another condition is never within it.
fn texts_conflict(root: Option<Node<'_>>, own: Option<Node<'_>>) -> bool {
    use StringMatchKind::{Exact, Prefix};
    let (Some(root), Some(own)) = (root, own) else {
        return false;
    };
    let (Some(outer), Some(inner)) = (StringMatch::of(root), StringMatch::of(own)) else {
        return true;
    };
    match (outer.kind, inner.kind) {
        (Prefix, Exact | Prefix) => !inner.text.starts_with(outer.text.value),
        (Exact, Exact) => inner.text.value != outer.text.value,
        _ => true,
    }
}

/// Completes a gateway's name: `gw`, `./gw`, `ns/gw`, and the old `gw.ns.svc.cluster.local`.
pub fn resolve_gateway(name: &str, namespace: &str) -> String {
    if name == MESH_GATEWAY {
        return name.to_owned();
    }
    if let Some((home, rest)) = name.split_once('/') {
        let home = if home == "." { namespace } else { home };
        return format!("{home}/{rest}");
    }
    match name.split_once('.') {
        None => format!("{namespace}/{name}"),
        Some((short, rest)) => {
            let home = rest.split('.').next().unwrap_or(rest);
            format!("{home}/{short}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_names_are_completed() {
        for (name, full) in [
            ("mesh", "mesh"),
            ("gw", "shop/gw"),
            ("./gw", "shop/gw"),
            ("edge/gw", "edge/gw"),
            ("gw.edge.svc.cluster.local", "edge/gw"),
            ("gw.edge", "edge/gw"),
        ] {
            assert_eq!(resolve_gateway(name, "shop"), full);
        }
    }
}
