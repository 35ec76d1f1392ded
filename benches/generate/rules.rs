//! Twenty declarative rules on dumps, as somebody might write them.

use std::fs;
use std::io;
use std::path::Path;

/// What each looks at, finds, and asks of it.
const RULES: [(&str, &str, &str); 20] = [
    ("cluster", "$", "!$.connect_timeout"),
    ("cluster", "$.connect_timeout", "@ == '60s'"),
    ("cluster", "$.circuit_breakers.thresholds[?@.max_connections < 10]", "true == true"),
    ("cluster", "$.lb_policy", "@ == 'RANDOM'"),
    ("cluster", "$.load_assignment.endpoints[*].lb_endpoints[*]", "@.load_balancing_weight == 0"),
    ("cluster", "$.transport_socket_matches[*].name", "@ == 'plaintext'"),
    ("cluster", "$", "match($.name, 'BlackHole.*') && $.type == 'EDS'"),
    ("endpoints", "$.endpoints[*].lb_endpoints[?@.health_status == 'UNHEALTHY']", "!@.metadata"),
    ("listener", "$", "!$.traffic_direction"),
    ("listener", "$.address.socket_address[?@ == '::']", "$.name == 'none'"),
    ("filter-chain", "$.transport_socket.typed_config..tls_minimum_protocol_version", "@ == 'TLSv1_0'"),
    ("http-connection-manager", "$.http_filters[?search(@.name, 'lua')]", "!@.typed_config"),
    ("http-connection-manager", "$", "$.normalize_path == false"),
    ("route-configuration", "$", "count($.virtual_hosts[*]) == 0"),
    ("virtual-host", "$.domains[?@ == '*']", "!$.routes"),
    ("virtual-host", "$", "$.require_tls && !$.domains"),
    ("route", "$.route", "@.timeout == '0s' && @.retry_policy.num_retries > 10"),
    ("route", "$.route.weighted_clusters.clusters[?@.weight == 0]", "@.name"),
    ("route", "$.match.prefix", "match(@, '/admin.*') && $.direct_response"),
    ("route", "$.typed_per_filter_config..percentage", "@.numerator == 100"),
];

/// Writes them into a folder, and gives back their ids.
pub(crate) fn write(folder: &Path) -> io::Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    let mut ids = Vec::new();
    for (number, (kind, find, condition)) in RULES.iter().enumerate() {
        let id = format!("bench-{number}");
        let text = format!(
            "id: {id}\nfamily: proxy\nseverity: info\nkind: {kind}\nfind: \"{find}\"\nwhere: \"{condition}\"\n\
             message: \"{{kind}} {{name}} has {{value}}\"\nsummary: Found.\nbad: [x]\ngood: [x]\n"
        );
        fs::write(folder.join(format!("{id}.yaml")), text)?;
        ids.push(id);
    }
    Ok(ids)
}
