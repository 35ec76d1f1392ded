//! Envoy's texts that are understood.

use super::{Refusal, between, brief};

/// A text of Envoy's that is understood.
pub(super) struct Known {
    /// What it contains, all of it.
    has: &'static [&'static str],
    /// The names in it: what stands between two parts. Nothing behind: up to the end.
    names: &'static [(&'static str, &'static str)],
    /// What it means, with `{}` for each of the names.
    reason: &'static str,
    advice: &'static str,
}

impl Known {
    /// What such a text means, if this is one.
    pub(super) fn read(&self, details: &str) -> Option<Refusal> {
        if !self.has.iter().all(|part| details.contains(part)) {
            return None;
        }
        let mut reason = self.reason.to_owned();
        for (before, behind) in self.names {
            let name = between(details, before, behind).filter(|name| !name.is_empty())?;
            reason = reason.replacen("{}", &brief(name), 1);
        }
        Some(Refusal::new(reason, self.advice))
    }
}

const fn known(
    has: &'static [&'static str],
    names: &'static [(&'static str, &'static str)],
    reason: &'static str,
    advice: &'static str,
) -> Known {
    Known { has, names, reason, advice }
}

/// The first that fits counts.
pub(super) const KNOWN: &[Known] = &[
    // Filter chains and addresses.
    known(
        &["has the same matching rules defined as"],
        &[("filter chain '", "'"), ("defined as '", "'")],
        "the filter chains `{}` and `{}` match the same connections",
        "give them different matches, or remove one",
    ),
    known(
        &["has the same matching rules defined as"],
        &[],
        "two filter chains match the same connections",
        "give them different matches, or remove one",
    ),
    known(
        &["overlapping matching rules"],
        &[],
        "two filter chains match some of the same connections",
        "split them so that no server name or port is in both",
    ),
    known(&["no filter chains specified"], &[], "it has no filter chain", "give it a filter chain"),
    known(
        &["partial wildcards are not supported in \"server_names\""],
        &[],
        "a server name has a wildcard that is not its whole first label",
        "write `*.example.com`; `*w.example.com` and `*` are not possible",
    ),
    known(
        &["has duplicate address"],
        &[("has duplicate address '", "'")],
        "another listener has its address {} already",
        "give one of the two listeners another port or address",
    ),
    known(
        &["Address already in use"],
        &[],
        "its port is in use",
        "another listener or process has the port; use another one",
    ),
    known(
        &["Cannot assign requested address"],
        &[("cannot bind '", "'")],
        "the machine has no such address as {}",
        "bind to an address of the pod, or to 0.0.0.0 or [::]",
    ),
    known(
        &["Permission denied", "bind"],
        &[],
        "it may not bind its port",
        "ports below 1024 need a capability; use a higher target port",
    ),
    known(
        &["malformed IP address"],
        &[("malformed IP address: ", "")],
        "`{}` is no IP address",
        "write an address; host names need a cluster with DNS",
    ),
    // Filters.
    known(
        &["terminal filter named ", "must be the last filter"],
        &[("terminal filter named ", " ")],
        "the filter {} ends its chain, and others stand behind it",
        "move it to the end of the chain; in an EnvoyFilter, insert before it",
    ),
    known(
        &["non-terminal filter named "],
        &[("non-terminal filter named ", " ")],
        "the filter {} is the last of its chain, and cannot end one",
        "end an HTTP chain with the router, a network chain with a proxy or connection manager",
    ),
    known(
        &["Didn't find a registered implementation for '"],
        &[("Didn't find a registered implementation for '", "'")],
        "this Envoy has no extension `{}`",
        "use an extension that this version has, with its `@type`; names changed over time",
    ),
    known(
        &["Didn't find a registered implementation for name: '"],
        &[("Didn't find a registered implementation for name: '", "'")],
        "this Envoy has no extension `{}`",
        "use an extension that this version has, with its `@type`; names changed over time",
    ),
    known(
        &["extension not found: '"],
        &[("extension not found: '", "'")],
        "this Envoy has no extension `{}`",
        "use an extension that this version has, with its `@type`; names changed over time",
    ),
    known(
        &["script load error"],
        &[("script load error: ", "")],
        "its Lua script does not load ({})",
        "correct the script",
    ),
    known(
        &["Unable to create Wasm"],
        &[("Unable to create Wasm plugin ", "")],
        "the Wasm plugin {} does not start",
        "look in Envoy's log for the module, its runtime and its configuration",
    ),
    known(
        &["has invalid local jwks"],
        &[("Provider '", "'"), ("invalid local jwks: ", "")],
        "the keys of the JWT provider `{}` cannot be read ({})",
        "give it a key set: `{\"keys\": […]}`",
    ),
    known(
        &["Required provider ['", "is not configured"],
        &[("Required provider ['", "'")],
        "a rule asks for the JWT provider `{}`, which there is not",
        "declare the provider, or name another one",
    ),
    known(
        &["fill timer must be >= 50ms"],
        &[],
        "the token bucket of a local rate limit fills more often than every 50 ms",
        "give it more tokens at a time, less often",
    ),
    known(
        &["multiple upgrade configs with the same name"],
        &[("same name: '", "'")],
        "the upgrade `{}` is configured twice",
        "remove one",
    ),
    // Routes.
    known(
        &["Only unique values for domains are permitted"],
        &[("Duplicate entry of domain ", " ")],
        "{} is in two virtual hosts",
        "leave the domain to one of them",
    ),
    known(
        &["Only a single wildcard domain is permitted"],
        &[],
        "two virtual hosts have the domain `*`",
        "leave `*` to one of them",
    ),
    known(
        &["unknown cluster '"],
        &[("unknown cluster '", "'")],
        "it refers to the cluster `{}`, which does not exist",
        "declare the cluster first",
    ),
    known(
        &["unknown weighted cluster '"],
        &[("unknown weighted cluster '", "'")],
        "it refers to the cluster `{}`, which does not exist",
        "declare the cluster first",
    ),
    known(
        &["Sum of weights in the weighted_cluster must be greater than 0"],
        &[],
        "the weights of a route add up to nothing",
        "give one of its clusters a weight",
    ),
    known(
        &["headers may not be modified"],
        &[],
        "it adds or removes `host` or a header that starts with a colon",
        "rewrite host and path by the route's own fields",
    ),
    known(
        &["Specify only one of prefix_rewrite"],
        &[],
        "a route rewrites the path in two ways",
        "keep one of prefix, regular expression and policy",
    ),
    known(
        &["response body size is "],
        &[("response body size is ", " "), ("maximum is ", "")],
        "the body of a direct response has {} bytes, of {} that are possible",
        "shorten it, or serve it by a backend",
    ),
    known(
        &["path_match_policy.path_template"],
        &[("path_template ", " is invalid"), ("is invalid: ", "")],
        "the path template `{}` is invalid ({})",
        "write each variable as `{name}` between two slashes",
    ),
    known(
        &["RE2 program size"],
        &[("regex '", "'")],
        "the regular expression `{}` is too complex for the limit that is set",
        "simplify it; large repetitions of groups grow fastest",
    ),
    known(
        &["Not supported field in StreamInfo"],
        &[("Not supported field in StreamInfo: ", "")],
        "a format has `%{}%`, which this Envoy does not know",
        "use an operator that access logs and added headers have; write `%%` for a percent sign",
    ),
    // TLS.
    known(
        &["KEY_VALUES_MISMATCH"],
        &[],
        "its certificate and its private key do not belong together",
        "put both of one pair into the secret",
    ),
    known(&["BAD_PASSWORD_READ"], &[], "its private key is encrypted", "give the password, or a key without one"),
    known(
        &["only RSA certificates with 2048-bit or larger keys are supported"],
        &[],
        "its certificate has an RSA key of less than 2048 bits",
        "issue it anew with a larger key, or with an elliptic curve",
    ),
    known(
        &["Failed to load incomplete private key"],
        &[],
        "its private key is missing or cannot be read",
        "check the file or the secret: the certificate needs its key beside it",
    ),
    known(
        &["Failed to load private key"],
        &[],
        "its private key cannot be read",
        "give it a key in PEM that belongs to the certificate",
    ),
    known(
        &["Failed to load certificate chain"],
        &[],
        "its certificate cannot be read",
        "give it certificates in PEM, its own first",
    ),
    known(
        &["Failed to load trusted CA certificates"],
        &[],
        "its certificates of authorities cannot be read",
        "give it certificates in PEM",
    ),
    known(
        &["No TLS certificates found"],
        &[],
        "it takes TLS and has no certificate",
        "give it a certificate with its key, or a secret that has them",
    ),
    known(
        &["SDS and non-SDS TLS certificates may not be mixed"],
        &[],
        "it has certificates of its own and some by secret discovery",
        "keep one of the two",
    ),
    known(
        &["Unknown static secret: "],
        &[("Unknown static secret: ", "")],
        "the secret `{}` is not among the static ones, and no server is named that has it",
        "name the source of the secret (`sds_config`), or add it to the bootstrap",
    ),
    known(
        &["Failed to initialize cipher suites"],
        &[("ciphers were rejected when tried individually: ", "")],
        "this Envoy does not know the cipher suites {}",
        "use names of BoringSSL: `ECDHE-RSA-AES128-GCM-SHA256`",
    ),
    known(
        &["Failed to initialize ECDH curves"],
        &[("Failed to initialize ECDH curves ", "")],
        "this Envoy does not know all of the curves {}",
        "use `X25519` and `P-256`",
    ),
    known(
        &["certificate"],
        &[("", "")],
        "its certificate cannot be used ({})",
        "check that certificate and key belong together",
    ),
    // Files and fields.
    known(
        &["file ", " does not exist"],
        &[("file ", " does not exist")],
        "there is no file {}",
        "mount the file into the proxy's container, or correct the path",
    ),
    known(
        &["Invalid path: "],
        &[("Invalid path: ", "")],
        "the file {} is not there or cannot be read",
        "mount the file into the proxy's container, or correct the path",
    ),
    known(
        &["unable to open file '"],
        &[("unable to open file '", "'"), ("': ", "")],
        "the file {} cannot be opened ({})",
        "mount its directory into the proxy's container, or correct the path",
    ),
    known(
        &["no such field"],
        &[("", "")],
        "it has a field that this Envoy does not know ({})",
        "use the fields of this version of the API",
    ),
    known(
        &["Cannot find field"],
        &[("", "")],
        "it has a field that this Envoy does not know ({})",
        "use the fields of this version of the API",
    ),
    known(
        &["has unknown fields"],
        &[("", "")],
        "it has a field that this Envoy does not know ({})",
        "use the fields of this version of the API",
    ),
];
