//! `RouteMatch`: the one place where the conditions of a route are read
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routematch>).

use crate::document::Node;

use super::route::PathMatch;
use super::string_match::StringMatch;
use super::xds_any::{type_name, typed_config};

/// The conditions of a route, all of which must hold.
#[derive(Clone, Debug)]
pub struct RouteMatch<'d> {
    /// What the path must be, and where that is said.
    pub path: PathMatch<'d>,
    /// The node of the path specifier.
    pub path_node: Node<'d>,
    /// `case_sensitive: false`, which prefixes and whole paths heed.
    pub ignores_case: bool,
    /// Everything else, in the order in which it is written.
    pub conditions: Vec<RouteCondition<'d>>,
}

/// A condition other than the path.
#[derive(Clone, Copy, Debug)]
pub struct RouteCondition<'d> {
    /// Where it stands.
    pub node: Node<'d>,
    /// What it asks.
    pub kind: ConditionKind<'d>,
}

/// What a condition asks.
#[derive(Clone, Copy, Debug)]
pub enum ConditionKind<'d> {
    /// `runtime_fraction`.
    Fraction(Fraction<'d>),
    /// `grpc`: the content type is that of gRPC.
    Grpc,
    /// One of `headers`.
    Header(HeaderMatch<'d>),
    /// One of `query_parameters`.
    Query(&'d str, ValueTest<'d>),
    /// One of `cookies`.
    Cookie(&'d str, ValueTest<'d>, bool),
    /// `tls_context`.
    Tls {
        /// Whether the client shows a certificate.
        presented: Option<bool>,
        /// Whether that was found valid.
        validated: Option<bool>,
    },
    /// One of `dynamic_metadata`.
    Metadata(MetadataMatch<'d>),
    /// Something else, by its field: `filter_state`, ….
    Other(&'d str),
}

/// A share of requests.
#[derive(Clone, Copy, Debug)]
pub struct Fraction<'d> {
    /// The runtime key that overrides it.
    pub key: &'d str,
    /// Of `denominator` requests so many.
    pub numerator: u64,
    /// 100, 10,000 or 1,000,000.
    pub denominator: u64,
}

/// A condition on a header
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-headermatcher>).
#[derive(Clone, Copy, Debug)]
pub struct HeaderMatch<'d> {
    /// The header, as it is written.
    pub name: &'d str,
    /// What it must be.
    pub test: ValueTest<'d>,
    /// Whether it must not be that.
    pub is_inverted: bool,
    /// Whether an absent header counts as an empty one.
    pub absent_is_empty: bool,
}

/// A condition on a value.
#[derive(Clone, Copy, Debug)]
pub enum ValueTest<'d> {
    /// The value is there, or is not.
    Present(bool),
    /// Any value, but it has to be there (an empty `exact_match`).
    Any,
    /// A text.
    Text(StringMatch<'d>),
    /// A whole number from the first to before the second.
    Range(i64, i64),
    /// Something unknown.
    Unknown(Node<'d>),
}

/// A condition on dynamic metadata
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/metadata.proto>).
#[derive(Clone, Copy, Debug)]
pub struct MetadataMatch<'d> {
    /// The matcher.
    pub node: Node<'d>,
    /// The namespace: the filter that writes it.
    pub filter: &'d str,
    /// The matcher of the value.
    pub value: Option<Node<'d>>,
    /// Whether the value must not match.
    pub is_inverted: bool,
}

impl<'d> RouteMatch<'d> {
    /// Reads `match` of a route.
    pub fn of(node: Node<'d>) -> Self {
        // An empty prefix is a default value, which some printers leave out.
        let mut read =
            Self { path: PathMatch::Prefix(""), path_node: node, ignores_case: false, conditions: Vec::new() };
        for (key, value) in node.entries().filter(|(_, value)| !value.is_null()) {
            if let Some(path) = path_match(key.text, value) {
                (read.path, read.path_node) = (path, value);
                continue;
            }
            let list = || value.items();
            match key.text {
                "case_sensitive" | "caseSensitive" => read.ignores_case = value.as_bool() == Some(false),
                "headers" => read.extend(list(), |m| ConditionKind::Header(HeaderMatch::of(m))),
                "query_parameters" | "queryParameters" => read.extend(list(), query),
                "cookies" => read.extend(list(), cookie),
                "dynamic_metadata" | "dynamicMetadata" => {
                    read.extend(list(), |m| ConditionKind::Metadata(MetadataMatch::of(m)));
                }
                "filter_state" | "filterState" => read.extend(list(), |_| ConditionKind::Other("filter_state")),
                "runtime_fraction" | "runtimeFraction" | "runtime" => {
                    read.extend(std::iter::once(value), |m| ConditionKind::Fraction(Fraction::of_runtime(m)));
                }
                "grpc" => read.extend(std::iter::once(value), |_| ConditionKind::Grpc),
                "tls_context" | "tlsContext" => read.extend(std::iter::once(value), tls),
                other => read.conditions.push(RouteCondition { node: value, kind: ConditionKind::Other(other) }),
            }
        }
        read
    }

    fn extend(&mut self, nodes: impl Iterator<Item = Node<'d>>, kind: impl Fn(Node<'d>) -> ConditionKind<'d>) {
        self.conditions.extend(nodes.map(|node| RouteCondition { node, kind: kind(node) }));
    }
}

/// The condition on the path that a field of a `RouteMatch` states.
pub(super) fn path_match<'d>(field: &str, value: Node<'d>) -> Option<PathMatch<'d>> {
    let text = value.text().unwrap_or_default();
    Some(match field {
        "prefix" => PathMatch::Prefix(text),
        "path" => PathMatch::Exact(text),
        "path_separated_prefix" | "pathSeparatedPrefix" => PathMatch::SeparatedPrefix(text),
        "safe_regex" | "safeRegex" => PathMatch::Regex(value.get("regex").and_then(Node::text).unwrap_or_default()),
        "regex" => PathMatch::Regex(text),
        "connect_matcher" | "connectMatcher" => PathMatch::Connect,
        "path_match_policy" | "pathMatchPolicy" => path_policy(value),
        _ => return None,
    })
}

fn path_policy(policy: Node<'_>) -> PathMatch<'_> {
    let config = typed_config(policy);
    let template = config.and_then(|c| c.field("path_template")).and_then(Node::text);
    template.map_or(PathMatch::Other, PathMatch::Template)
}

fn query(matcher: Node<'_>) -> ConditionKind<'_> {
    let name = matcher.get("name").and_then(Node::text).unwrap_or_default();
    ConditionKind::Query(name, ValueTest::of(matcher))
}

fn cookie(matcher: Node<'_>) -> ConditionKind<'_> {
    let name = matcher.get("name").and_then(Node::text).unwrap_or_default();
    ConditionKind::Cookie(name, ValueTest::of(matcher), flag(matcher, "invert_match"))
}

fn tls(context: Node<'_>) -> ConditionKind<'_> {
    let side = |name| context.get(name).and_then(Node::as_bool);
    ConditionKind::Tls { presented: side("presented"), validated: side("validated") }
}

fn flag(node: Node<'_>, field: &str) -> bool {
    node.field(field).and_then(Node::as_bool) == Some(true)
}

impl<'d> Fraction<'d> {
    /// Reads a `RuntimeFractionalPercent`, or `RuntimeUInt32` (a percentage) before v2's end.
    pub fn of_runtime(node: Node<'d>) -> Self {
        let key = node.field("runtime_key").and_then(Node::text).unwrap_or_default();
        match node.field("default_value") {
            Some(value) if value.is_object() => Self { key, ..Self::of(value) },
            Some(value) => Self { key, numerator: value.as_u64().unwrap_or(0), denominator: 100 },
            None => Self { key, numerator: 0, denominator: 100 },
        }
    }

    /// Reads a `FractionalPercent`.
    pub fn of(node: Node<'d>) -> Self {
        let denominator = match node.get("denominator").and_then(Node::text) {
            Some("TEN_THOUSAND" | "1") => 10_000,
            Some("MILLION" | "2") => 1_000_000,
            _ => 100,
        };
        Self { key: "", numerator: node.get("numerator").and_then(Node::as_u64).unwrap_or(0), denominator }
    }

    /// In percent.
    pub fn percent(self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // for people
        let share = self.numerator as f64 / self.denominator as f64;
        (share * 100.0).min(100.0)
    }
}

impl<'d> HeaderMatch<'d> {
    /// Reads a `HeaderMatcher`.
    pub fn of(matcher: Node<'d>) -> Self {
        Self {
            name: matcher.get("name").and_then(Node::text).unwrap_or_default(),
            test: ValueTest::of(matcher),
            is_inverted: flag(matcher, "invert_match"),
            absent_is_empty: flag(matcher, "treat_missing_header_as_empty"),
        }
    }
}

/// The fields of a matcher that say nothing about the value.
const NO_TESTS: [&str; 6] =
    ["name", "invert_match", "invertMatch", "treat_missing_header_as_empty", "treatMissingHeaderAsEmpty", "regex"];

impl<'d> ValueTest<'d> {
    /// Reads the condition of a matcher of a header, a query parameter or a cookie, in today's or
    /// yesterday's spelling.
    fn of(matcher: Node<'d>) -> Self {
        for (key, value) in matcher.entries().filter(|(_, value)| !value.is_null()) {
            let text = value.text().unwrap_or_default();
            return match key.text {
                "present_match" | "presentMatch" => Self::Present(value.as_bool() != Some(false)),
                "string_match" | "stringMatch" => StringMatch::of(value).map_or(Self::Unknown(value), Self::Text),
                "exact_match" | "exactMatch" | "value" if text.is_empty() => Self::Any,
                "value" if matcher.get("regex").and_then(Node::as_bool) == Some(true) => {
                    Self::Text(StringMatch::regex(text))
                }
                "exact_match" | "exactMatch" | "value" => Self::Text(StringMatch::exact(text)),
                "prefix_match" | "prefixMatch" => Self::Text(StringMatch::prefix(text)),
                "suffix_match" | "suffixMatch" => Self::Text(StringMatch::suffix(text)),
                "contains_match" | "containsMatch" => Self::Text(StringMatch::contains(text)),
                "safe_regex_match" | "safeRegexMatch" => {
                    let expression = value.get("regex").and_then(Node::text).unwrap_or_default();
                    Self::Text(StringMatch::regex(expression))
                }
                "regex_match" | "regexMatch" => Self::Text(StringMatch::regex(text)),
                "range_match" | "rangeMatch" => {
                    let bound = |name| value.get(name).and_then(Node::as_i64).unwrap_or(0);
                    Self::Range(bound("start"), bound("end"))
                }
                _ if !NO_TESTS.contains(&key.text) => Self::Unknown(value),
                _ => continue,
            };
        }
        Self::Present(true)
    }
}

impl<'d> MetadataMatch<'d> {
    /// Reads a `MetadataMatcher`.
    pub fn of(node: Node<'d>) -> Self {
        Self {
            node,
            filter: node.get("filter").and_then(Node::text).unwrap_or_default(),
            value: node.get("value"),
            is_inverted: node.get("invert").and_then(Node::as_bool) == Some(true),
        }
    }

    /// The keys that lead to the value.
    pub fn path(self) -> impl Iterator<Item = &'d str> {
        let steps = self.node.get("path").into_iter().flat_map(Node::items);
        steps.filter_map(|step| step.get("key").and_then(Node::text))
    }
}

/// The header that a matcher of requests looks at
/// (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/http_inputs.proto>).
pub fn header_input(input: Node<'_>) -> Option<&str> {
    let config = typed_config(input)?;
    (type_name(config) == Some("HttpRequestHeaderMatchInput")).then_some(())?;
    config.field("header_name")?.text()
}
