//! The conditions of a route, compiled, and what a request is held against.

use crate::document::Node;
use crate::envoy::{ConditionKind, Fraction, HeaderMatch, MetadataMatch, PathMatch, RouteMatch, ValueTest};

use super::headers::Headers;
use super::metadata;
use super::request::{Chance, Request, is_grpc_type};
use super::template;
use super::text::{TextTest, equal, starts_with};
use super::version::Rules;
use crate::routing::{Expression, literal_start};

/// A request as routes see it.
pub(super) struct Subject<'r> {
    pub(super) request: &'r Request,
    pub(super) headers: Headers<'r>,
    /// The path that routes match: without query, fragment and perhaps path parameters.
    pub(super) path: Option<String>,
}

/// Whether a request meets conditions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Met<'d> {
    /// It does.
    Yes,
    /// It does not, and this is the first that fails.
    No(Node<'d>),
    /// It depends on this, and the likelier case is told.
    Perhaps(Node<'d>, bool),
}

/// Compiled conditions.
#[derive(Clone, Debug)]
pub(super) struct Conditions<'d> {
    path: PathTest<'d>,
    path_node: Node<'d>,
    ignores_case: bool,
    tests: Vec<(Node<'d>, Test<'d>)>,
}

#[derive(Clone, Debug)]
enum PathTest<'d> {
    Prefix(&'d str),
    Exact(&'d str),
    SeparatedPrefix(&'d str),
    Regex(&'d str, Expression),
    Template(Expression),
    Connect,
    Unknown,
}

#[derive(Clone, Debug)]
enum Test<'d> {
    Fraction(Fraction<'d>),
    Grpc,
    Header(HeaderTest<'d>),
    Query(&'d str, Value<'d>),
    Cookie(&'d str, Value<'d>, bool),
    Tls(Option<bool>, Option<bool>),
    Metadata(MetadataMatch<'d>),
    Unknown,
}

/// A compiled condition on a value.
#[derive(Clone, Debug)]
enum Value<'d> {
    Present(bool),
    Any,
    Text(TextTest<'d>),
    Range(i64, i64),
    Unknown,
}

/// A compiled condition on a header.
#[derive(Clone, Debug)]
pub(super) struct HeaderTest<'d> {
    name: String,
    value: Value<'d>,
    is_inverted: bool,
    absent_is_empty: bool,
}

impl<'d> Conditions<'d> {
    /// Compiles `match` of a route.
    pub(super) fn of(node: Node<'d>) -> Self {
        let read = RouteMatch::of(node);
        let path = match read.path {
            PathMatch::Prefix(text) => PathTest::Prefix(text),
            PathMatch::Exact(text) => PathTest::Exact(text),
            PathMatch::SeparatedPrefix(text) => PathTest::SeparatedPrefix(text),
            PathMatch::Regex(text) => PathTest::Regex(text, Expression::new(text)),
            PathMatch::Template(text) => PathTest::Template(Expression::new(&template::expression(text))),
            PathMatch::Connect => PathTest::Connect,
            PathMatch::Other => PathTest::Unknown,
        };
        let tests = read.conditions.iter().map(|condition| (condition.node, Test::of(condition.kind))).collect();
        Self { path, path_node: read.path_node, ignores_case: read.ignores_case, tests }
    }

    /// What every path starts with that meets the condition on it, up to the case of letters.
    pub(super) fn path_start(&self) -> &'d str {
        match &self.path {
            PathTest::Prefix(text) | PathTest::Exact(text) | PathTest::SeparatedPrefix(text) => text,
            PathTest::Regex(text, _) => literal_start(text),
            PathTest::Template(_) | PathTest::Connect | PathTest::Unknown => "",
        }
    }

    /// Whether a request meets all conditions; conditions on the path are told of first.
    pub(super) fn met_by(&self, subject: &Subject<'_>, rules: &Rules<'_>) -> Met<'d> {
        let mut met = match self.path_met(subject) {
            Some(true) => Met::Yes,
            Some(false) => return Met::No(self.path_node),
            None => Met::Perhaps(self.path_node, false),
        };
        for (node, test) in &self.tests {
            let (is_met, is_sure) = test.met_by(subject, rules);
            match (is_sure, met) {
                (true, _) if is_met => {}
                (true, _) => return Met::No(*node),
                (false, Met::Perhaps(first, likely)) => met = Met::Perhaps(first, likely && is_met),
                (false, _) => met = Met::Perhaps(*node, is_met),
            }
        }
        met
    }

    fn path_met(&self, subject: &Subject<'_>) -> Option<bool> {
        if matches!(self.path, PathTest::Connect) {
            return Some(subject.request.is_connect());
        }
        // A request without a path is for routes of CONNECT alone.
        let Some(path) = subject.path.as_deref() else {
            return Some(false);
        };
        let fold = self.ignores_case;
        match &self.path {
            PathTest::Prefix(prefix) => Some(starts_with(path, prefix, fold)),
            PathTest::Exact(text) => Some(equal(path, text, fold)),
            PathTest::SeparatedPrefix(prefix) => {
                let next = path.as_bytes().get(prefix.len());
                Some(starts_with(path, prefix, fold) && next.is_none_or(|byte| *byte == b'/'))
            }
            PathTest::Regex(_, expression) => expression.matches(path),
            // Templates see path parameters too.
            PathTest::Template(expression) => expression.matches(subject.headers.path_only().unwrap_or_default()),
            PathTest::Connect | PathTest::Unknown => None,
        }
    }
}

impl<'d> Test<'d> {
    fn of(kind: ConditionKind<'d>) -> Self {
        match kind {
            ConditionKind::Fraction(fraction) => Self::Fraction(fraction),
            ConditionKind::Grpc => Self::Grpc,
            ConditionKind::Header(matcher) => Self::Header(HeaderTest::of(matcher)),
            ConditionKind::Query(name, test) => Self::Query(name, Value::of(test)),
            ConditionKind::Cookie(name, test, is_inverted) => Self::Cookie(name, Value::of(test), is_inverted),
            ConditionKind::Tls { presented, validated } => Self::Tls(presented, validated),
            ConditionKind::Metadata(matcher) => Self::Metadata(matcher),
            ConditionKind::Other(_) => Self::Unknown,
        }
    }

    /// Whether it is met, and whether that is sure.
    fn met_by(&self, subject: &Subject<'_>, rules: &Rules<'_>) -> (bool, bool) {
        let sure = |met: bool| (met, true);
        let perhaps = |met: Option<bool>| (met.unwrap_or(false), met.is_some());
        match self {
            Self::Fraction(fraction) => fraction_met(*fraction, &subject.request.chance, rules),
            Self::Grpc => {
                // A CONNECT has no path, and is no gRPC whatever its content type.
                let content_type = subject.headers.joined("content-type").filter(|_| subject.headers.path().is_some());
                sure(content_type.is_some_and(|value| is_grpc_type(&value)))
            }
            Self::Header(test) => perhaps(test.met_by(&subject.headers, rules.headers_individually)),
            Self::Query(name, value) => perhaps(query_met(subject.headers.path(), name, value)),
            Self::Cookie(name, value, is_inverted) => match cookie(&subject.headers, name) {
                None => sure(*is_inverted),
                Some(text) => perhaps(value.takes(&text).map(|met| met != *is_inverted)),
            },
            Self::Tls(presented, validated) => {
                let certificate = subject.request.connection.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
                let is_valid = certificate.is_some_and(|certificate| certificate.is_valid);
                let meets = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
                sure(meets(*presented, certificate.is_some()) && meets(*validated, is_valid))
            }
            Self::Metadata(matcher) => perhaps(metadata::met(*matcher, &subject.request.metadata)),
            Self::Unknown => (false, false),
        }
    }
}

/// Whether a request falls into a share, and whether that is sure.
fn fraction_met(fraction: Fraction<'_>, chance: &Chance, rules: &Rules<'_>) -> (bool, bool) {
    let fraction = overridden(fraction, rules);
    let holds = |number: u64| number % fraction.denominator < fraction.numerator;
    match chance {
        Chance::Number(number) => (holds(*number), true),
        Chance::Key(key, number) => (fraction.key == key && number % fraction.denominator <= fraction.numerator, true),
        _ if fraction.numerator == 0 => (false, true),
        _ if fraction.numerator >= fraction.denominator => (true, true),
        Chance::Likely | Chance::Decided(_) => (fraction.numerator * 2 >= fraction.denominator, false),
    }
}

/// A fraction as the runtime of the bootstrap has it.
pub(super) fn overridden<'d>(fraction: Fraction<'d>, rules: &Rules<'_>) -> Fraction<'d> {
    match rules.runtime.get(fraction.key).filter(|_| !fraction.key.is_empty()) {
        Some(value) if value.is_object() => {
            let read = Fraction::of(value);
            Fraction { numerator: read.numerator, denominator: read.denominator, ..fraction }
        }
        Some(value) => {
            let percent = value.as_u64();
            percent.map_or(fraction, |numerator| Fraction { numerator, denominator: 100, ..fraction })
        }
        None => fraction,
    }
}

fn query_met(path: Option<&str>, name: &str, test: &Value<'_>) -> Option<bool> {
    let value = path.and_then(|path| query_value(path, name));
    match (test, value) {
        (Value::Present(wanted), value) => Some(value.is_some() == *wanted),
        (_, None) => Some(false),
        (test, Some(value)) => test.takes(value),
    }
}

/// The first value of a query parameter, not decoded.
pub(super) fn query_value<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let (_, query) = path.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let mut pairs = query.split('&').filter(|_| !query.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The first value of a cookie.
fn cookie(headers: &Headers<'_>, name: &str) -> Option<String> {
    let parts = headers.values("cookie").flat_map(|value| value.split(';'));
    let mut pairs = parts.filter_map(|part| part.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    let unquoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    Some(unquoted.unwrap_or(value).to_owned())
}

impl<'d> Value<'d> {
    fn of(test: ValueTest<'d>) -> Self {
        match test {
            ValueTest::Present(present) => Self::Present(present),
            ValueTest::Any => Self::Any,
            ValueTest::Text(text) => Self::Text(TextTest::of(text)),
            ValueTest::Range(start, end) => Self::Range(start, end),
            ValueTest::Unknown(_) => Self::Unknown,
        }
    }

    /// Whether a value that is there meets it.
    fn takes(&self, value: &str) -> Option<bool> {
        match self {
            Self::Present(wanted) => Some(*wanted),
            Self::Any => Some(true),
            Self::Text(test) => test.takes(value),
            Self::Range(start, end) => Some(whole_number(value).is_some_and(|n| (*start..*end).contains(&n))),
            Self::Unknown => None,
        }
    }
}

/// A decimal number with an optional sign and blanks around it.
fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    text.parse().ok()
}

impl<'d> HeaderTest<'d> {
    /// Compiles a matcher.
    pub(super) fn of(matcher: HeaderMatch<'d>) -> Self {
        let name = matcher.name.to_ascii_lowercase();
        Self {
            name: if name == "host" { ":authority".to_owned() } else { name },
            value: Value::of(matcher.test),
            is_inverted: matcher.is_inverted,
            absent_is_empty: matcher.absent_is_empty,
        }
    }

    /// Whether headers meet it: `individually` value by value, or all values joined.
    pub(super) fn met_by(&self, headers: &Headers<'_>, individually: bool) -> Option<bool> {
        let is_there = headers.first(&self.name).is_some();
        if let Value::Present(wanted) = self.value {
            let present = is_there || self.absent_is_empty;
            return Some(if present { wanted != self.is_inverted } else { wanted == self.is_inverted });
        }
        let met = if !is_there {
            if !self.absent_is_empty {
                return Some(false); // an absent header meets no condition on a value, inverted or not
            }
            self.value.takes("")?
        } else if individually && !Headers::is_kept_once(&self.name) {
            let mut any = false;
            for value in headers.values(&self.name) {
                any |= self.value.takes(value)?;
            }
            any
        } else {
            self.value.takes(&headers.joined(&self.name)?)?
        };
        Some(met != self.is_inverted)
    }
}
