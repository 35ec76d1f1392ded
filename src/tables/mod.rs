//! The tables of `istioctl proxy-config`, made from files.
//!
//! One file for each section; [`print`] chooses. Cells, order and spaces are istioctl's own,
//! because people and scripts know them by heart.

mod address;
mod bootstrap;
mod classify;
mod clusters;
mod clusters_text;
mod compare;
mod control_plane;
mod ecds;
mod eds;
mod endpoints;
mod filter;
mod go_sort;
mod grid;
mod listeners;
mod log;
mod look;
mod management;
mod proto_json;
mod proxy_status;
mod redact;
mod route_match;
mod routes;
mod schema;
mod secrets;
mod sections;
mod waypoint;
mod yaml;
mod ztunnel;

use crate::document::Document;
use crate::input::Text;

pub use compare::compare;
pub use control_plane::ControlPlane;
pub use filter::Filter;
pub use grid::Grid;
pub use log::log_queries;
pub use look::{Hint, Look};
pub use proxy_status::{Istiod, StatusOptions, print_status, read_status};
pub use routes::describe_domain_names;
pub use sections::{Entry, List, Sections, State, proxies};
pub use ztunnel::{ZtunnelFilter, ZtunnelSection, print_ztunnel};

use proto_json::Typed;

/// A part of a proxy's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Clusters.
    Clusters,
    /// Listeners.
    Listeners,
    /// Tables of routes.
    Routes,
    /// Endpoints with their health, of `/clusters` or else of the dump.
    Endpoints,
    /// Endpoints of the dump.
    Eds,
    /// The bootstrap.
    Bootstrap,
    /// Certificates.
    Secrets,
    /// Filters that came by themselves.
    Ecds,
    /// All of these.
    All,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A table.
    Short,
    /// The messages, as protobuf's JSON.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Why there is nothing to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub String);

impl Section {
    fn noun(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Listeners => "listeners",
            Self::Routes => "routes",
            Self::Endpoints | Self::Eds => "endpoints",
            Self::Bootstrap => "bootstrap",
            Self::Secrets => "secrets",
            Self::Ecds => "filters of ECDS",
            Self::All => "proxy configuration",
        }
    }
}

/// Prints a section of a document.
///
/// # Errors
/// The document does not hold the section, or the section is empty.
pub fn print(document: &Document, section: Section, filter: &Filter, output: Output) -> Result<String, Missing> {
    if let Some(json) = clusters_text::to_json(document.bytes()) {
        let read = Document::read(document.name(), Text::from(json.into_bytes()));
        return print(&read, section, filter, output);
    }
    let proxies = proxies(document);
    if section == Section::All && output != Output::Short {
        let text = redact::text(document);
        return Ok(if output == Output::Yaml { to_yaml(&text) } else { text + "\n" });
    }
    let mut printed = Vec::new();
    let mut missing = None;
    for (name, sections) in &proxies {
        let of_one = match output {
            Output::Short => short(document, sections, section, filter),
            Output::Json | Output::Yaml => json(document, sections, section, filter),
        };
        match of_one {
            Ok(text) => printed.push((name.as_deref(), text)),
            Err(reason) => missing = missing.or(Some(reason)),
        }
    }
    match (printed.is_empty(), missing) {
        (true, Some(reason)) => Err(reason),
        _ => Ok(join(printed, output)),
    }
}

/// Several proxies have headings, or are members of one object.
fn join(printed: Vec<(Option<&str>, String)>, output: Output) -> String {
    let is_named = printed.iter().any(|(name, _)| name.is_some());
    let mut printed = printed;
    // Large outputs are not copied.
    if let (false, [(_, text)]) = (is_named, &mut printed[..]) {
        let text = std::mem::take(text);
        return match output {
            Output::Short => text,
            Output::Json => text + "\n",
            Output::Yaml => to_yaml(&text),
        };
    }
    let text = match (is_named, output) {
        (false, _) => printed.into_iter().map(|(_, text)| text).collect(),
        (true, Output::Short) => {
            let parts = printed.into_iter().map(|(name, text)| format!("{}:\n{text}", name.unwrap_or_default()));
            parts.collect::<Vec<_>>().join("\n")
        }
        (true, _) => {
            let member = |(name, text): (Option<&str>, String)| {
                format!("{}: {}", serde_json::Value::from(name.unwrap_or_default()), text.trim_end())
            };
            format!("{{\n{}\n}}", printed.into_iter().map(member).collect::<Vec<_>>().join(",\n"))
        }
    };
    match output {
        Output::Short => text,
        Output::Json => text + "\n",
        Output::Yaml => to_yaml(&text),
    }
}

fn to_yaml(json: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(json).ok();
    // A dump that is no JSON is YAML already.
    value.map_or_else(|| json.to_owned(), |value| yaml::print(&value) + "\n")
}

/// JSON over several lines, four spaces deep.
fn pretty(value: &serde_json::Value) -> String {
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    // Writing a value into memory cannot fail.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    String::from_utf8(out).unwrap_or_default()
}

fn missing(document: &Document, sections: &Sections<'_>, section: Section) -> Missing {
    let held: Vec<&str> = sections.held().collect();
    let held = if held.is_empty() { "no configuration of Envoy".to_owned() } else { held.join(", ") };
    Missing(format!("{} holds no {}; it holds {held}", document.name(), section.noun()))
}

/// A section that is there and empty.
fn empty(section: Section) -> Missing {
    Missing(format!("no {} found", section.noun()))
}

fn short(document: &Document, sections: &Sections<'_>, section: Section, filter: &Filter) -> Result<String, Missing> {
    if section == Section::All {
        return all(document, sections, filter);
    }
    let mut out = String::new();
    write_table(document, sections, section, filter, false, &mut out)?;
    Ok(out)
}

fn write_table(
    document: &Document,
    sections: &Sections<'_>,
    section: Section,
    filter: &Filter,
    prefixed: bool,
    out: &mut String,
) -> Result<(), Missing> {
    let absent = || missing(document, sections, section);
    match section {
        Section::Clusters => {
            let entries = present(sections.clusters.as_deref().ok_or_else(absent)?, section)?;
            clusters::table(&clusters::select(entries, filter), prefixed).show(&filter.look, out);
        }
        Section::Listeners => {
            let entries = present(sections.listeners.as_deref().ok_or_else(absent)?, section)?;
            let mut rows = listeners::select(entries, filter);
            if filter.waypoint {
                waypoint::table(&rows).show(&filter.look, out);
            } else {
                listeners::table(&mut rows, filter, prefixed).show(&filter.look, out);
            }
        }
        Section::Routes => {
            let entries = present(sections.routes.as_deref().ok_or_else(absent)?, section)?;
            routes::table(&routes::select(entries, filter), filter, prefixed).show(&filter.look, out);
        }
        Section::Endpoints if sections.statuses.is_some() => {
            endpoints::table(sections.statuses.as_deref().unwrap_or_default(), filter).show(&filter.look, out);
        }
        Section::Endpoints => {
            let entries = sections.endpoints.as_deref().ok_or_else(absent)?;
            eds::as_endpoints(&eds::select(entries, filter)).show(&filter.look, out);
        }
        Section::Eds => {
            let entries = sections.endpoints.as_deref();
            let entries = if prefixed { entries.unwrap_or_default() } else { entries.ok_or_else(absent)? };
            eds::table(&eds::select(entries, filter), prefixed).show(&filter.look, out);
        }
        Section::Bootstrap => bootstrap::summary(sections.bootstrap.ok_or_else(absent)?).show(&filter.look, out),
        Section::Secrets => {
            let entries = secrets::shown(sections.secrets.as_deref().ok_or_else(absent)?);
            if entries.is_empty() {
                out.push_str("No active or warming secrets found.\n");
            } else {
                secrets::table(&entries, filter.now, prefixed).show(&filter.look, out);
            }
        }
        Section::Ecds => ecds::table(sections.filters.as_deref().ok_or_else(absent)?).show(&filter.look, out),
        Section::All => {}
    }
    Ok(())
}

/// The entries, if one of them is in use.
fn present<'a, 'd>(entries: &'a [Entry<'d>], section: Section) -> Result<&'a [Entry<'d>], Missing> {
    let in_use = |entry: &Entry<'_>| matches!(entry.state, State::Active | State::Static);
    if entries.iter().any(in_use) { Ok(entries) } else { Err(empty(section)) }
}

/// The tables of all sections, an empty line between them. A section that is not there is named,
/// and the others are shown all the same.
fn all(document: &Document, sections: &Sections<'_>, filter: &Filter) -> Result<String, Missing> {
    const ORDER: [(Section, &str); 6] = [
        (Section::Bootstrap, "BOOTSTRAP INFO"),
        (Section::Clusters, "CLUSTER INFO"),
        (Section::Listeners, "LISTENER INFO"),
        (Section::Routes, "ROUTE INFO"),
        (Section::Secrets, "SECRET INFO"),
        (Section::Eds, "ENDPOINTS INFO"),
    ];
    if sections.held().next().is_none() {
        return Err(missing(document, sections, Section::All));
    }
    let mut parts = Vec::new();
    for (section, heading) in ORDER {
        let mut part = String::new();
        if filter.with_headers {
            part.push_str(&format!("------ {heading} ------\n\n"));
        }
        if let Err(Missing(reason)) = write_table(document, sections, section, filter, true, &mut part) {
            part.push_str(&reason);
            part.push('\n');
        }
        parts.push(part);
    }
    Ok(parts.join("\n"))
}

fn json(document: &Document, sections: &Sections<'_>, section: Section, filter: &Filter) -> Result<String, Missing> {
    let absent = || missing(document, sections, section);
    let list = |nodes: Vec<crate::document::Node<'_>>, type_name: &'static str| {
        proto_json::list(&nodes.into_iter().map(|node| Typed { node, type_name }).collect::<Vec<_>>())
    };
    Ok(match section {
        Section::Clusters => {
            let entries = present(sections.clusters.as_deref().ok_or_else(absent)?, section)?;
            let rows = clusters::select(entries, filter);
            list(rows.iter().map(|row| row.node).collect(), "envoy.config.cluster.v3.Cluster")
        }
        Section::Listeners => {
            let entries = present(sections.listeners.as_deref().ok_or_else(absent)?, section)?;
            let rows = listeners::select(entries, filter);
            list(rows.iter().map(|row| row.node).collect(), "envoy.config.listener.v3.Listener")
        }
        Section::Routes => {
            let entries = present(sections.routes.as_deref().ok_or_else(absent)?, section)?;
            list(routes::select(entries, filter), "envoy.config.route.v3.RouteConfiguration")
        }
        Section::Endpoints if sections.statuses.is_some() => {
            let statuses = sections.statuses.as_deref().unwrap_or_default();
            list(endpoints::select(statuses, filter), "envoy.admin.v3.ClusterStatus")
        }
        Section::Endpoints | Section::Eds => {
            let found = eds::select(sections.endpoints.as_deref().ok_or_else(absent)?, filter);
            let nodes = found.iter().map(|assignment| assignment.node).collect();
            list(nodes, "envoy.config.endpoint.v3.ClusterLoadAssignment")
        }
        Section::Bootstrap => {
            let node = sections.bootstrap.ok_or_else(absent)?;
            if node.get("bootstrap").is_some() {
                proto_json::one(Typed { node, type_name: "envoy.admin.v3.BootstrapConfigDump" })
            } else {
                proto_json::one(Typed { node, type_name: "envoy.config.bootstrap.v3.Bootstrap" })
            }
        }
        Section::Secrets => {
            if let Some(node) = sections.secret_section {
                return Ok(proto_json::one(Typed { node, type_name: "envoy.admin.v3.SecretsConfigDump" }));
            }
            let entries = sections.secrets.as_deref().ok_or_else(absent)?;
            let nodes = entries.iter().map(|entry| entry.node).collect();
            list(nodes, "envoy.extensions.transport_sockets.tls.v3.Secret")
        }
        Section::Ecds => {
            let entries = sections.filters.as_deref().ok_or_else(absent)?;
            let typed = |entry: &Entry<'_>| entry.node.field("ecds_filter").is_some();
            let type_name = match entries.iter().all(typed) {
                true => "envoy.admin.v3.EcdsConfigDump.EcdsFilterConfig",
                false => "envoy.config.core.v3.TypedExtensionConfig",
            };
            let nodes: Vec<_> = entries.iter().map(|entry| Typed { node: entry.node, type_name }).collect();
            proto_json::joined("ecdsFilters", &nodes)
        }
        Section::All => String::new(),
    })
}

impl Sections<'_> {
    /// What the file holds, in words.
    fn held(&self) -> impl Iterator<Item = &'static str> {
        let held = [
            (self.bootstrap.is_some(), "a bootstrap"),
            (self.clusters.is_some(), "clusters"),
            (self.listeners.is_some(), "listeners"),
            (self.routes.is_some(), "routes"),
            (self.endpoints.is_some(), "endpoints"),
            (self.statuses.is_some(), "the health of endpoints"),
            (self.secrets.is_some(), "secrets"),
            (self.filters.is_some(), "filters of ECDS"),
        ];
        held.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name)
    }
}
