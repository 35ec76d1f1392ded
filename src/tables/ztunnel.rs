//! `ztunnel-config`: the workloads, services, policies, certificates and connections of a ztunnel.

use std::borrow::Cow;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::document::{Document, Node};

use super::go_sort;
use super::grid::Grid;
use super::look::Look;
use super::{Missing, Output, yaml};

/// A part of a ztunnel's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZtunnelSection {
    /// Pods and other workloads.
    Workloads,
    /// Services.
    Services,
    /// Authorization policies.
    Policies,
    /// Certificates.
    Certificates,
    /// Open connections.
    Connections,
    /// All of these.
    All,
}

/// What to show. Empty text means any.
#[derive(Clone, Debug, Default)]
pub struct ZtunnelFilter {
    /// The namespace of the workload, service, policy or connection.
    pub namespace: String,
    /// The name of the workload.
    pub workload: String,
    /// The address of the workload.
    pub address: String,
    /// The node of the workload.
    pub node: String,
    /// Connections: inbound or outbound.
    pub direction: String,
    /// Connections: addresses and not names.
    pub raw: bool,
    /// Workloads: without waypoint and protocol.
    pub terse: bool,
    /// All: a heading above each section.
    pub with_headers: bool,
    /// The seconds since 1970 at which certificates are judged.
    pub now: i64,
    /// How tables look.
    pub look: Look,
}

/// The dump of a ztunnel, whatever its age.
struct Ztunnel<'d> {
    workloads: Vec<Node<'d>>,
    services: Vec<Node<'d>>,
    policies: Vec<Node<'d>>,
    certificates: Vec<Node<'d>>,
    states: Vec<Node<'d>>,
}

/// Prints a section of a ztunnel's dump.
///
/// # Errors
/// The document is none, or lacks the section.
pub fn print_ztunnel(
    document: &Document,
    section: ZtunnelSection,
    filter: &ZtunnelFilter,
    output: Output,
) -> Result<String, Missing> {
    let dump = Ztunnel::of(document);
    if dump.is_empty() {
        return Err(Missing(format!("{} is no dump of a ztunnel", document.name())));
    }
    if output == Output::Short {
        return Ok(dump.short(section, filter));
    }
    let nodes = match section {
        ZtunnelSection::Workloads => dump.workloads(filter),
        ZtunnelSection::Services => dump.services(filter),
        ZtunnelSection::Policies => dump.policies(filter),
        ZtunnelSection::Certificates => dump.certificates.clone(),
        ZtunnelSection::Connections => dump.states(filter),
        ZtunnelSection::All => document.roots().collect(),
    };
    let values: Vec<serde_json::Value> =
        nodes.iter().filter_map(|node| serde_json::from_str(&node.to_json()).ok()).collect();
    let mut values = serde_json::Value::from(values);
    if section == ZtunnelSection::All
        && let Some(first) = values.get_mut(0)
    {
        values = first.take();
    }
    Ok(if output == Output::Yaml { yaml::print(&values) } else { super::pretty(&values) + "\n" })
}

fn text<'d>(node: Node<'d>, name: &str) -> &'d str {
    node.field(name).and_then(Node::text).unwrap_or_default()
}

impl<'d> Ztunnel<'d> {
    fn of(document: &'d Document) -> Self {
        let root = document.roots().next();
        // A list today, a map by address before, and under other names before that.
        let list = |names: &[&str]| -> Vec<Node<'d>> {
            let found = names.iter().find_map(|name| root?.field(name));
            found.into_iter().flat_map(|node| node.items().chain(node.values())).filter(|n| n.is_object()).collect()
        };
        let bare = root.filter(|root| root.is_array()).into_iter().flat_map(Node::items);
        let bare_states: Vec<Node<'d>> = bare.filter(|item| item.get("connections").is_some()).collect();
        let mut states = list(&["workload_state"]);
        states.extend(bare_states);
        Self {
            workloads: list(&["workloads", "by_addr", "by_uid"]),
            services: list(&["services", "by_vip", "services_by_ip"]),
            policies: list(&["policies"]),
            certificates: list(&["certificates"]).into_iter().filter(|c| c.get("identity").is_some()).collect(),
            states,
        }
    }

    fn is_empty(&self) -> bool {
        let known = |node: &Node<'_>| node.get("namespace").is_some();
        !self.workloads.iter().any(known) && self.certificates.is_empty() && self.states.is_empty()
    }

    fn workloads(&self, filter: &ZtunnelFilter) -> Vec<Node<'d>> {
        let passes = |node: &Node<'d>| {
            let has_address = || addresses(*node, "workload_ips").any(|ip| ip == filter.address);
            super::filter::is(&filter.namespace, text(*node, "namespace"))
                && super::filter::is(&filter.node, text(*node, "node"))
                && super::filter::is(&filter.workload, text(*node, "name"))
                && (filter.address.is_empty() || has_address())
        };
        let mut rows: Vec<Node<'d>> = self.workloads.iter().copied().filter(passes).collect();
        let key = |node: &Node<'d>| (text(*node, "namespace"), text(*node, "name"), text(*node, "node"));
        go_sort::sort(&mut rows, |a, b| key(a) < key(b));
        rows
    }

    fn services(&self, filter: &ZtunnelFilter) -> Vec<Node<'d>> {
        let in_namespace = |node: &Node<'d>| super::filter::is(&filter.namespace, text(*node, "namespace"));
        let mut rows: Vec<Node<'d>> = self.services.iter().copied().filter(in_namespace).collect();
        let key = |node: &Node<'d>| (text(*node, "namespace"), text(*node, "name"), text(*node, "hostname"));
        go_sort::sort(&mut rows, |a, b| key(a) < key(b));
        rows
    }

    fn policies(&self, filter: &ZtunnelFilter) -> Vec<Node<'d>> {
        let in_namespace = |node: &Node<'d>| super::filter::is(&filter.namespace, text(*node, "namespace"));
        let mut rows: Vec<Node<'d>> = self.policies.iter().copied().filter(in_namespace).collect();
        let key = |node: &Node<'d>| (text(*node, "namespace"), text(*node, "name"));
        go_sort::sort(&mut rows, |a, b| key(a) < key(b));
        rows
    }

    fn states(&self, filter: &ZtunnelFilter) -> Vec<Node<'d>> {
        let passes = |node: &Node<'d>| {
            let info = |name: &str| node.get("info").map_or("", |info| text(info, name));
            super::filter::is(&filter.namespace, info("namespace")) && super::filter::is(&filter.workload, info("name"))
        };
        let mut rows: Vec<Node<'d>> = self.states.iter().copied().filter(passes).collect();
        let key = |node: &Node<'d>| {
            let info = |name: &str| node.get("info").map_or("", |info| text(info, name));
            (info("namespace"), info("name"))
        };
        go_sort::sort(&mut rows, |a, b| key(a) < key(b));
        rows
    }

    fn short(&self, section: ZtunnelSection, filter: &ZtunnelFilter) -> String {
        let mut out = String::new();
        match section {
            ZtunnelSection::Workloads => self.workload_table(filter).show(&filter.look, &mut out),
            ZtunnelSection::Services => self.service_table(filter).show(&filter.look, &mut out),
            ZtunnelSection::Policies => self.policy_table(filter).show(&filter.look, &mut out),
            ZtunnelSection::Certificates => self.certificate_table(filter).show(&filter.look, &mut out),
            ZtunnelSection::Connections => self.connection_table(filter).show(&filter.look, &mut out),
            ZtunnelSection::All => self.all(filter, &mut out),
        }
        out
    }

    fn all(&self, filter: &ZtunnelFilter, out: &mut String) {
        let tables = [
            ("WORKLOAD INFO", self.workload_table(filter)),
            ("SERVICE INFO", self.service_table(filter)),
            ("POLICY INFO", self.policy_table(filter)),
            ("SECRET INFO", self.certificate_table(filter)),
            ("CONNECTIONS INFO", self.connection_table(filter)),
        ];
        for (heading, table) in tables {
            out.push('\n');
            if filter.with_headers {
                out.push_str(&format!("------ {heading} ------\n\n"));
            }
            table.show(&filter.look, out);
        }
    }

    fn workload_table(&self, filter: &ZtunnelFilter) -> Grid<'d> {
        let mut grid = Grid::new(1);
        let headings = ["NAMESPACE", "POD NAME", "ADDRESS", "NODE", "WAYPOINT", "PROTOCOL"];
        let columns = if filter.terse { 4 } else { 6 };
        grid.heading(headings.get(..columns).unwrap_or_default());
        for row in self.workloads(filter) {
            let address = addresses(row, "workload_ips").next().unwrap_or_default();
            let mut cells: Vec<Cow<'d, str>> = vec![
                text(row, "namespace").into(),
                text(row, "name").into(),
                address.into(),
                text(row, "node").into(),
                self.waypoint(row).into(),
                text(row, "protocol").into(),
            ];
            cells.truncate(columns);
            grid.push(cells);
        }
        grid
    }

    /// The name of the service that a waypoint is reached by.
    fn waypoint(&self, node: Node<'d>) -> &'d str {
        let Some(waypoint) = node.get("waypoint").filter(|w| w.is_object()) else {
            return "None";
        };
        let destination = text(waypoint, "destination");
        let destination = if destination.is_empty() {
            waypoint.get("address").map_or("", |a| text(a, "address"))
        } else {
            destination
        };
        let ip = destination.rsplit('/').next().unwrap_or_default();
        let has_it = |service: &&Node<'d>| {
            let by_host = || destination.split('/').next_back() == Some(text(**service, "hostname"));
            addresses(**service, "vips").any(|vip| vip == ip) || by_host()
        };
        self.services.iter().find(has_it).map_or("NA", |service| text(*service, "name"))
    }

    fn service_table(&self, filter: &ZtunnelFilter) -> Grid<'d> {
        let mut grid = Grid::new(1);
        grid.heading(&["NAMESPACE", "SERVICE NAME", "SERVICE VIP", "WAYPOINT", "ENDPOINTS"]);
        for row in self.services(filter) {
            let vip = addresses(row, "vips").next().unwrap_or_default();
            let endpoints = row.get("endpoints").into_iter().flat_map(|e| e.values().chain(e.items()));
            let (mut healthy, mut total) = (0, 0);
            for endpoint in endpoints {
                total += 1;
                healthy += usize::from(matches!(text(endpoint, "status"), "" | "Healthy"));
            }
            grid.row([
                text(row, "namespace").into(),
                text(row, "name").into(),
                vip.into(),
                self.waypoint(row).into(),
                format!("{healthy}/{total}").into(),
            ]);
        }
        grid
    }

    fn policy_table(&self, filter: &ZtunnelFilter) -> Grid<'d> {
        let mut grid = Grid::new(1);
        grid.heading(&["NAMESPACE", "POLICY NAME", "ACTION", "SCOPE"]);
        for row in self.policies(filter) {
            grid.row(["namespace", "name", "action", "scope"].map(|name| text(row, name).into()));
        }
        grid
    }

    fn certificate_table(&self, filter: &ZtunnelFilter) -> Grid<'d> {
        let mut grid = Grid::new(5);
        grid.heading(&["CERTIFICATE NAME", "TYPE", "STATUS", "VALID CERT", "SERIAL NUMBER", "NOT AFTER", "NOT BEFORE"]);
        for row in &self.certificates {
            let name = text(*row, "identity");
            let state = text(*row, "state");
            let status = if state.starts_with("Unavailable") { "Unavailable" } else { state };
            let chain: Vec<Node<'d>> = row.field("cert_chain").into_iter().flat_map(Node::items).collect();
            if chain.is_empty() {
                let na = || Cow::Borrowed("NA");
                grid.row([name.into(), na(), status.into(), "false".into(), na(), na(), na()]);
            }
            for (place, certificate) in chain.iter().enumerate() {
                let kind = match place {
                    0 => "Leaf",
                    place if place + 1 == chain.len() => "Root",
                    _ => "Intermediate",
                };
                let (from, to) = (text(*certificate, "valid_from"), text(*certificate, "expiration_time"));
                let valid = is_within(from, to, filter.now).to_string();
                let serial = format!("{:0>32}", hexadecimal(text(*certificate, "serial_number")));
                grid.row([
                    name.into(),
                    kind.into(),
                    status.into(),
                    valid.into(),
                    serial.into(),
                    to.into(),
                    from.into(),
                ]);
            }
        }
        grid
    }

    fn connection_table(&self, filter: &ZtunnelFilter) -> Grid<'d> {
        let mut grid = Grid::new(1);
        grid.heading(&["WORKLOAD", "DIRECTION", "LOCAL", "REMOTE", "REMOTE TARGET", "PROTOCOL"]);
        for state in self.states(filter) {
            let info = |name: &str| state.get("info").map_or("", |info| text(info, name));
            let name = format!("{}.{}", info("name"), info("namespace"));
            let list =
                |name: &str| state.get("connections").and_then(|c| c.get(name)).into_iter().flat_map(Node::items);
            let named = |node: Node<'d>, field: &str| self.named(text(node, field), filter.raw);
            if filter.direction != "outbound" {
                for c in list("inbound") {
                    let local = if c.field("actual_dst").is_some() { named(c, "actual_dst") } else { named(c, "dst") };
                    let target = text(c, "original_dst").into();
                    let protocol = text(c, "protocol").into();
                    grid.row([name.clone().into(), "Inbound".into(), local, named(c, "src"), target, protocol]);
                }
            }
            if filter.direction != "inbound" {
                for c in list("outbound") {
                    let (local, remote) = (named(c, "src"), named(c, "actual_dst"));
                    let protocol = text(c, "protocol").into();
                    grid.row([
                        name.clone().into(),
                        "Outbound".into(),
                        local,
                        remote,
                        named(c, "original_dst"),
                        protocol,
                    ]);
                }
            }
        }
        grid
    }

    /// An address with the name of its service or workload in place of the IP.
    fn named(&self, address: &'d str, raw: bool) -> Cow<'d, str> {
        let Some((ip, port)) = address.rsplit_once(':').filter(|_| !raw) else {
            return address.into();
        };
        let ip = ip.trim_start_matches('[').trim_end_matches(']');
        if let Some(service) = self.services.iter().find(|s| addresses(**s, "vips").any(|vip| vip == ip)) {
            return format!("{}:{port}", text(*service, "hostname")).into();
        }
        let workload = self.workloads.iter().find(|w| addresses(**w, "workload_ips").any(|own| own == ip));
        workload.map_or(address.into(), |w| format!("{}.{}:{port}", text(*w, "name"), text(*w, "namespace")).into())
    }
}

/// The IP addresses of a list, without the network before the slash.
fn addresses<'d>(node: Node<'d>, list: &str) -> impl Iterator<Item = &'d str> {
    let items = node.field(list).into_iter().flat_map(Node::items).filter_map(Node::text);
    items.map(|address| address.rsplit('/').next().unwrap_or(address))
}

fn is_within(from: &str, to: &str, now: i64) -> bool {
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).map(OffsetDateTime::unix_timestamp);
    matches!((parse(from), parse(to)), (Ok(from), Ok(to)) if from < now && now < to)
}

/// A decimal number of any length in hexadecimal digits.
fn hexadecimal(decimal: &str) -> String {
    if decimal.is_empty() || !decimal.bytes().all(|byte| byte.is_ascii_digit()) {
        return decimal.to_owned();
    }
    // Digits to the base 16, the least significant first.
    let mut digits: Vec<u32> = Vec::new();
    for byte in decimal.bytes() {
        let mut carry = u32::from(byte - b'0');
        for digit in &mut digits {
            let value = *digit * 10 + carry;
            *digit = value % 16;
            carry = value / 16;
        }
        while carry > 0 {
            digits.push(carry % 16);
            carry /= 16;
        }
    }
    digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::hexadecimal;

    #[test]
    fn long_serial_numbers_become_hexadecimal() {
        assert_eq!(hexadecimal("305554775863395697262503895661564044819"), "e5dfb59150b2ba7f108d93dcec5aa613");
    }
}
