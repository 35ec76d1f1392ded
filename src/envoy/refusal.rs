//! Why Envoy refused an update: what its own texts mean, by the parts of them that stay the same
//! from version to version.

mod known;

use known::KNOWN;

/// Why an update was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, as the end of a sentence: `its port is in use`.
    pub reason: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// What RE2 says of a regular expression before it quotes the place
/// (<https://github.com/google/re2/blob/main/re2/re2.h>).
const REGEX_FAULTS: [&str; 13] = [
    "invalid escape sequence: ",
    "invalid character class: ",
    "invalid character class range: ",
    "missing ]: ",
    "missing ): ",
    "unexpected ): ",
    "trailing \\: ",
    "no argument for repetition operator: ",
    "invalid repetition size: ",
    "bad repetition operator: ",
    "invalid perl operator: ",
    "invalid named capture group: ",
    "invalid UTF-8",
];

impl Refusal {
    /// What the details of an `error_state` mean.
    pub fn of(details: &str) -> Self {
        if details.trim().is_empty() {
            return Self::new("no reason is given".to_owned(), "see Envoy's log at the time of the update");
        }
        if let Some(fault) = constraint(details) {
            let advice = "correct the field; in Istio, look for an EnvoyFilter that adds this configuration";
            return Self::new(fault, advice);
        }
        if REGEX_FAULTS.iter().any(|fault| details.starts_with(fault)) {
            let reason = format!("a regular expression is invalid ({})", brief(details));
            return Self::new(reason, "write it in RE2's syntax, which has no look-around and no back references");
        }
        let known = KNOWN.iter().find_map(|known| known.read(details));
        known.unwrap_or_else(|| Self::new(brief(details), "correct what the reason names"))
    }

    fn new(reason: String, advice: &'static str) -> Self {
        Self { reason, advice }
    }
}

/// The field that breaks a constraint of the API: its way, and what is wrong with it. Envoy tells
/// the way message by message, around a copy of the whole configuration.
fn constraint(details: &str) -> Option<String> {
    let (_, told) = details.split_once("Proto constraint validation failed (")?;
    // Newer versions print the configuration before, older ones behind.
    let end = told.find("): ").or_else(|| told.rfind(')')).unwrap_or(told.len());
    let told = told.get(..end)?;
    let (way, fault) = told.rsplit_once("| caused by ").unwrap_or(("", told));
    let fault = match fault.strip_prefix("field: \"").and_then(|fault| fault.split_once("\", reason: ")) {
        Some((field, reason)) => format!("{field} {reason}"),
        None => fault.replacen("ValidationError.", ".", 1),
    };
    let fault = brief(&fault);
    let fields = way.split("| caused by ").filter_map(|step| {
        let (_, field) = step.split_once("ValidationError.")?;
        field.split_once(": ").map(|(field, _)| field)
    });
    let way: Vec<&str> = fields.chain([fault.as_str()]).collect();
    Some(format!("a field is missing or out of range ({})", way.join(" › ")))
}

/// What stands between two parts of a text; from its start or up to its end where one is empty.
fn between<'a>(text: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    let rest = text.get(text.find(before)? + before.len()..)?;
    match behind {
        "" => Some(rest.trim()),
        _ => rest.split_once(behind).map(|(inside, _)| inside),
    }
}

/// One line of at most some hundred characters.
fn brief(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(details: &str) -> String {
        Refusal::of(details).reason
    }

    /// What an Envoy 1.40 said to listeners that were broken on purpose.
    #[test]
    fn texts_of_envoy_are_understood() {
        let cases = [
            (
                "Error: terminal filter named envoy.filters.http.router of type envoy.filters.http.router must be the last filter in a http filter chain.",
                "the filter envoy.filters.http.router ends its chain, and others stand behind it",
            ),
            (
                "Error: non-terminal filter named rbac of type envoy.filters.network.rbac is the last filter in a network filter chain.",
                "the filter rbac is the last of its chain, and cannot end one",
            ),
            ("missing ): /(a", "a regular expression is invalid (missing ): /(a)"),
            (
                "Failed to load private key from <inline>, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH",
                "its certificate and its private key do not belong together",
            ),
            (
                "error adding listener: 'two' has duplicate address '127.0.0.1:20990' as existing listener, to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port' is set to 'false' for the listener",
                "another listener has its address 127.0.0.1:20990 already",
            ),
            (
                "error adding listener '127.0.0.1:21056': filter chain 'b' has the same matching rules defined as 'a'. duplicate matcher is: {}",
                "the filter chains `b` and `a` match the same connections",
            ),
            (
                "Failed to initialize cipher suites NOPE. The following ciphers were rejected when tried individually: NOPE",
                "this Envoy does not know the cipher suites NOPE",
            ),
            ("Failed to create CIDR range: malformed IP address: 10.0.0.999", "`10.0.0.999` is no IP address"),
            (
                "unable to open file '/nope/dir/log': No such file or directory",
                "the file /nope/dir/log cannot be opened (No such file or directory)",
            ),
            (
                "response body size is 5000 bytes; maximum is 4096",
                "the body of a direct response has 5000 bytes, of 4096 that are possible",
            ),
            (
                "Original IP detection extension not found: 'envoy.http.original_ip_detection.none'",
                "this Envoy has no extension `envoy.http.original_ip_detection.none`",
            ),
            ("HTTP/3 codec configured on non-QUIC listener.", "HTTP/3 codec configured on non-QUIC listener."),
            ("", "no reason is given"),
        ];
        for (details, expected) in cases {
            assert_eq!(reason(details), expected, "{details}");
        }
    }

    #[test]
    fn the_field_that_breaks_a_constraint_is_named_with_its_way() {
        let details = "goo.gle/debugonly   \nstat_prefix: \"x\"\n: Proto constraint validation failed \
            (TcpProxyValidationError.WeightedClusters: embedded message failed validation | caused by \
            WeightedClusterValidationError.Clusters: value must contain at least 1 item(s))";
        let expected = "a field is missing or out of range (WeightedClusters › WeightedCluster.Clusters: value must contain at least 1 item(s))";
        assert_eq!(reason(details), expected);
        let details = "Proto constraint validation failed (LuaValidationError.DefaultSourceCode: embedded message \
            failed validation | caused by field: \"specifier\", reason: is required): default_source_code {\n}\n";
        assert_eq!(reason(details), "a field is missing or out of range (DefaultSourceCode › specifier is required)");
        let details = "Proto constraint validation failed (field: \"cluster_specifier\", reason: is required)";
        assert_eq!(reason(details), "a field is missing or out of range (cluster_specifier is required)");
    }
}
