//! `proxy-status`: which proxies have what istiod has sent them, from istiod's own pages.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::document::{Document, Node};
use crate::inventory::is_meant;

use super::grid::Grid;
use super::look::Look;
use super::{Missing, Output, yaml};

const CLIENT_CONFIG: &str = "type.googleapis.com/envoy.service.status.v3.ClientConfig";

/// How to show it.
#[derive(Clone, Debug, Default)]
pub struct StatusOptions {
    /// Only proxies of this namespace.
    pub namespace: String,
    /// Only the proxy of this name: `POD` or `POD.NAMESPACE`.
    pub proxy: String,
    /// 1: a column for each type.
    pub verbosity: u8,
    /// The seconds since 1970 from which ages are counted.
    pub now: i64,
    /// How the table looks.
    pub look: Look,
}

/// What one istiod knows of its proxies.
#[derive(Clone, Debug)]
pub struct Istiod {
    /// The pod.
    pub name: String,
    /// Whether it stands for no istiod at all, with the proxies that none knows.
    is_none: bool,
    response: Option<Value>,
    proxies: Vec<Proxy>,
}

/// A proxy as an istiod sees it.
#[derive(Clone, Debug)]
struct Proxy {
    name: String,
    cluster: String,
    namespace: String,
    version: String,
    types: Vec<Subscription>,
}

/// A type of resource that a proxy has subscribed to.
#[derive(Clone, Debug)]
struct Subscription {
    url: String,
    status: String,
    updated: Option<i64>,
    error: Option<String>,
}

/// Reads an answer of istiod: `/debug/syncz`, or what `istioctl proxy-status -o json` prints.
/// `name` is the istiod, unless the answer names it.
pub fn read_status(document: &Document, name: &str) -> Option<Istiod> {
    let root = document.roots().next()?;
    if root.is_array() {
        let entries = root.items().filter(|item| item.field("proxy").is_some());
        let proxies: Vec<Proxy> = entries.map(Proxy::of_syncz).collect();
        return (!proxies.is_empty()).then(|| Istiod {
            name: name.to_owned(),
            is_none: false,
            response: None,
            proxies,
        });
    }
    let resources = root.get("resources").filter(|list| list.is_array())?;
    let identifier = root.field("control_plane").and_then(|c| c.text_at("identifier")).map_or("", |id| id.value);
    let identifier: Option<Value> = serde_json::from_str(identifier).ok();
    let named = identifier.as_ref().and_then(|id| id.get("ID")).and_then(Value::as_str);
    Some(Istiod {
        name: named.unwrap_or(name).to_owned(),
        is_none: false,
        response: serde_json::from_str(&root.to_json()).ok(),
        proxies: resources.items().map(Proxy::of_client_config).collect(),
    })
}

fn text(node: Node<'_>, name: &str) -> String {
    node.field(name).and_then(Node::text).unwrap_or_default().to_owned()
}

impl Proxy {
    fn of_client_config(node: Node<'_>) -> Self {
        let own = node.get("node");
        let metadata = |name: &str| {
            let value = own.and_then(|n| n.get("metadata")).and_then(|m| m.text_at(name));
            value.map(|v| v.value.to_owned()).unwrap_or_default()
        };
        let configs = node.field("generic_xds_configs").into_iter().flat_map(Node::items);
        let type_of = |config: Node<'_>| Subscription {
            url: text(config, "type_url"),
            status: text(config, "config_status"),
            updated: config.field("last_updated").and_then(Node::text).and_then(seconds),
            error: config.field("error_state").and_then(|e| e.text_at("details")).map(|d| d.value.to_owned()),
        };
        Self {
            name: own.map(|n| text(n, "id")).unwrap_or_default(),
            cluster: metadata("CLUSTER_ID"),
            namespace: metadata("NAMESPACE"),
            version: metadata("ISTIO_VERSION"),
            types: configs.map(type_of).collect(),
        }
    }

    /// An entry of `/debug/syncz`, by fields for each type or by type.
    fn of_syncz(node: Node<'_>) -> Self {
        let name = text(node, "proxy");
        let types = match node.get("resources") {
            Some(resources) => {
                resources.entries().map(|(key, value)| Subscription::of_resource(key.text, value)).collect()
            }
            None => FIELDS.iter().filter_map(|(field, url)| Subscription::of_fields(node, field, url)).collect(),
        };
        Self {
            namespace: name.rsplit_once('.').map_or(String::new(), |(_, namespace)| namespace.to_owned()),
            name,
            cluster: text(node, "cluster_id"),
            version: node
                .field("istio_version")
                .or_else(|| node.field("proxy_version"))
                .and_then(Node::text)
                .unwrap_or_default()
                .to_owned(),
            types,
        }
    }
}

/// The fields of old answers.
const FIELDS: [(&str, &str); 5] = [
    ("cluster", "type.googleapis.com/envoy.config.cluster.v3.Cluster"),
    ("listener", "type.googleapis.com/envoy.config.listener.v3.Listener"),
    ("route", "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"),
    ("endpoint", "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"),
    ("extensionconfig", "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"),
];

impl Subscription {
    fn of_resource(url: &str, node: Node<'_>) -> Self {
        let error = node.field("last_error").and_then(Node::text).filter(|text| !text.is_empty());
        Self {
            url: if url.contains('/') { url.to_owned() } else { format!("type.googleapis.com/{url}") },
            status: status(&text(node, "sent"), &text(node, "acked"), error.is_some()).to_owned(),
            updated: node.field("sent_time").and_then(Node::text).and_then(seconds),
            error: error.map(str::to_owned),
        }
    }

    fn of_fields(node: Node<'_>, field: &str, url: &str) -> Option<Self> {
        let value = |name: &str| node.field(&format!("{field}_{name}")).and_then(Node::text).unwrap_or_default();
        let (sent, acked) = (value("sent"), value("acked"));
        // A type that is nowhere mentioned was never asked for.
        let is_known = !sent.is_empty() || !acked.is_empty() || field != "extensionconfig";
        is_known.then(|| Self {
            url: url.to_owned(),
            status: status(sent, acked, false).to_owned(),
            updated: None,
            error: None,
        })
    }

    fn is_known(&self) -> bool {
        !matches!(self.status.as_str(), "" | "UNKNOWN" | "0")
    }

    fn short_name(&self) -> &str {
        let name = self.url.rsplit('/').next().unwrap_or(&self.url);
        match name.rsplit('.').next().unwrap_or(name) {
            "Cluster" => "CDS",
            "Listener" => "LDS",
            "RouteConfiguration" => "RDS",
            "ClusterLoadAssignment" => "EDS",
            "Secret" => "SDS",
            "TypedExtensionConfig" => "ECDS",
            "NameTable" => "NDS",
            "ProxyConfig" => "PCDS",
            "Bootstrap" => "BDS",
            "Workload" | "Address" => "WDS",
            "Authorization" => "WADS",
            other => other,
        }
    }

    /// The order of the short table.
    fn rank(&self) -> (usize, &str) {
        let rank = ["CDS", "LDS", "EDS", "RDS"].iter().position(|name| *name == self.short_name());
        (rank.unwrap_or(4), &self.url)
    }

    fn cell(&self, now: i64) -> String {
        let name = self.status.replace('_', " ");
        let name = if self.status == "NOT_SENT" { name } else { self.status.clone() };
        match self.updated {
            Some(updated) => format!("{name} ({})", age(now - updated)),
            None => name,
        }
    }
}

/// How istiod judges a subscription.
fn status(sent: &str, acked: &str, has_error: bool) -> &'static str {
    match (has_error, sent.is_empty(), sent == acked) {
        (true, _, _) => "ERROR",
        (_, true, _) => "NOT_SENT",
        (_, _, true) => "SYNCED",
        _ => "STALE",
    }
}

fn seconds(time: &str) -> Option<i64> {
    OffsetDateTime::parse(time, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// A duration as Kubernetes' tools print it.
fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |large: i64, unit: &str, small: i64, name: &str| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{name}") }
    };
    match seconds {
        ..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10800 => format!("{minutes}m"),
        10800..28800 => two(hours, "h", minutes % 60, "m"),
        28800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// Prints what the istiods know.
///
/// # Errors
/// There is no istiod.
pub fn print_status(istiods: &[Istiod], options: &StatusOptions, output: Output) -> Result<String, Missing> {
    if istiods.is_empty() {
        return Err(Missing("no answer of an istiod is among the files".to_owned()));
    }
    match output {
        Output::Short => Ok(table(istiods, options)),
        Output::Json => Ok(super::pretty(&responses(istiods, options)) + "\n"),
        Output::Yaml => Ok(yaml::print(&responses(istiods, options)) + "\n"),
    }
}

fn rows<'i>(istiods: &'i [Istiod], options: &StatusOptions) -> Vec<(&'i Istiod, &'i Proxy)> {
    let all = istiods.iter().flat_map(|istiod| istiod.proxies.iter().map(move |proxy| (istiod, proxy)));
    let mut rows: Vec<_> = all.filter(|(_, proxy)| options.wants(proxy)).collect();
    rows.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    rows
}

fn table(istiods: &[Istiod], options: &StatusOptions) -> String {
    let rows = rows(istiods, options);
    let mut out = String::new();
    if options.verbosity == 0 {
        let mut grid = Grid::new(5);
        grid.heading(&["NAME", "CLUSTER", "ISTIOD", "VERSION", "SUBSCRIBED TYPES"]);
        for (istiod, proxy) in rows {
            if istiod.is_none {
                grid.push(proxy.row(["(none)", "", "not connected"]));
                continue;
            }
            let mut known: Vec<&Subscription> = proxy.types.iter().filter(|t| t.is_known()).collect();
            known.sort_by(|a, b| a.rank().cmp(&b.rank()));
            let names: Vec<&str> = known.iter().map(|t| t.short_name()).collect();
            let types =
                if names.is_empty() { "0".to_owned() } else { format!("{} ({})", names.len(), names.join(",")) };
            let mut cells = proxy.row([&istiod.name, &proxy.version]);
            cells.push(types.into());
            grid.push(cells);
        }
        grid.show(&options.look, &mut out);
        return out;
    }
    let urls: BTreeMap<&str, &str> =
        rows.iter().flat_map(|(_, p)| &p.types).map(|t| (t.url.as_str(), t.short_name())).collect();
    let mut grid = Grid::new(5);
    let mut headings = vec!["NAME", "CLUSTER"];
    headings.extend(urls.values());
    headings.extend(["ISTIOD", "VERSION"]);
    grid.push(headings.into_iter().map(Into::into).collect());
    for (istiod, proxy) in rows {
        let mut cells = proxy.row([]);
        for url in urls.keys() {
            let known = proxy.types.iter().find(|t| t.url == *url && t.is_known());
            let unknown = if istiod.is_none { "-" } else { "IGNORED" };
            cells.push(known.map_or_else(|| unknown.into(), |t| t.cell(options.now).into()));
        }
        let name = if istiod.is_none { "(none)" } else { &istiod.name };
        cells.extend([name.into(), proxy.version.as_str().into()]);
        grid.push(cells);
    }
    grid.show(&options.look, &mut out);
    out
}

/// The answers as istioctl prints them.
fn responses(istiods: &[Istiod], options: &StatusOptions) -> Value {
    let known = istiods.iter().filter(|istiod| !istiod.is_none);
    let mut responses: Vec<Value> = known.map(|istiod| istiod.response(options)).collect();
    if responses.len() == 1 { responses.remove(0) } else { Value::from(responses) }
}

impl Istiod {
    fn response(&self, options: &StatusOptions) -> Value {
        let is_wanted = |proxy: &Proxy| options.wants(proxy);
        if let Some(response) = &self.response {
            let mut response = response.clone();
            if let Some(Value::Array(resources)) = response.get_mut("resources") {
                let mut keep = self.proxies.iter().map(is_wanted);
                resources.retain(|_| keep.next().unwrap_or(true));
            }
            return response;
        }
        let resources: Vec<Value> = self.proxies.iter().filter(|p| is_wanted(p)).map(Proxy::to_json).collect();
        json!({
            "versionInfo": "",
            "resources": resources,
            "typeUrl": CLIENT_CONFIG,
            "controlPlane": { "identifier": json!({ "Component": "istiod", "ID": self.name }).to_string() },
        })
    }

    /// No istiod: what stands for it knows the proxies that no other does.
    pub(super) fn none(proxies: &[&str]) -> Self {
        let proxy = |name: &&str| Proxy {
            name: (*name).to_owned(),
            namespace: name.rsplit_once('.').map_or("", |(_, namespace)| namespace).to_owned(),
            cluster: String::new(),
            version: String::new(),
            types: Vec::new(),
        };
        Self { name: String::new(), is_none: true, response: None, proxies: proxies.iter().map(proxy).collect() }
    }

    /// What is wrong with the proxies that are shown: refused updates with their reasons, and those
    /// that were never confirmed.
    pub fn remarks(&self, options: &StatusOptions) -> Vec<String> {
        let mut remarks = Vec::new();
        for proxy in self.proxies.iter().filter(|proxy| options.wants(proxy)) {
            for subscription in proxy.types.iter().filter(|t| t.status == "ERROR") {
                let error = subscription.error.as_deref().unwrap_or("no reason given");
                remarks.push(format!("{}: {} was refused: {error}", proxy.name, subscription.short_name()));
            }
            let stale: Vec<&str> =
                proxy.types.iter().filter(|t| t.status == "STALE").map(Subscription::short_name).collect();
            if !stale.is_empty() {
                remarks.push(format!("{}: has not confirmed the last {}", proxy.name, stale.join(", ")));
            }
        }
        remarks
    }

    /// The proxies that this istiod serves, with their versions.
    pub fn proxies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.proxies.iter().map(|proxy| (proxy.name.as_str(), proxy.version.as_str()))
    }
}

impl StatusOptions {
    fn wants(&self, proxy: &Proxy) -> bool {
        let is_named = self.proxy.is_empty() || is_meant(&proxy.name, &self.proxy);
        is_named && (self.namespace.is_empty() || proxy.namespace == self.namespace)
    }
}

impl Proxy {
    /// The first cells of a row: name and cluster, and more.
    fn row<'r, const N: usize>(&'r self, more: [&'r str; N]) -> Vec<std::borrow::Cow<'r, str>> {
        [self.name.as_str(), &self.cluster].into_iter().chain(more).map(Into::into).collect()
    }

    fn to_json(&self) -> Value {
        let config = |t: &Subscription| {
            let mut json = json!({ "typeUrl": t.url, "configStatus": t.status });
            if let (Some(error), Some(object)) = (&t.error, json.as_object_mut()) {
                object.insert("errorState".to_owned(), json!({ "details": error }));
            }
            json
        };
        json!({
            "@type": CLIENT_CONFIG,
            "node": { "id": self.name, "metadata": {
                "CLUSTER_ID": self.cluster, "ISTIO_VERSION": self.version, "NAMESPACE": self.namespace } },
            "genericXdsConfigs": self.types.iter().map(config).collect::<Vec<_>>(),
        })
    }
}
