//! Conditions on the path, as Envoy matches it: without query, byte by byte.

use super::text::{literal_start, matches_fully};

/// A condition on the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathCondition {
    /// What the path must be.
    pub kind: PathKind,
    /// Whether letters match in either case (ASCII; not for expressions).
    pub ignores_case: bool,
}

/// The kinds of [`PathCondition`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// It starts with this. The empty prefix and `/` take every path.
    Prefix(String),
    /// It is this.
    Exact(String),
    /// It is this, or goes on with a slash.
    SeparatedPrefix(String),
    /// All of it matches this expression.
    Regex(String),
    /// A CONNECT request, which has no path.
    Connect,
    /// Something else, known only by how it is written.
    Other(String),
}

impl PathCondition {
    /// Takes every path.
    pub fn any() -> Self {
        Self::new(PathKind::Prefix(String::new()))
    }

    /// A condition that heeds case.
    pub fn new(kind: PathKind) -> Self {
        Self { kind, ignores_case: false }
    }

    /// Whether this takes every request that has a path.
    pub fn takes_all(&self) -> bool {
        match &self.kind {
            PathKind::Prefix(prefix) => prefix.is_empty() || prefix == "/",
            PathKind::Regex(expression) => {
                matches!(expression.as_str(), ".*" | "/.*" | "^/.*$" | "^.*$" | "/.*?" | "(.*)" | "/(.*)")
            }
            _ => false,
        }
    }

    /// What all paths start with that this takes, up to the case of letters. If this covers another
    /// condition, it starts that one's start.
    pub(super) fn start(&self) -> &str {
        match &self.kind {
            _ if self.takes_all() => "",
            PathKind::Prefix(text) | PathKind::Exact(text) | PathKind::SeparatedPrefix(text) => text,
            PathKind::Regex(expression) => literal_start(expression),
            PathKind::Connect | PathKind::Other(_) => "",
        }
    }

    /// Whether every path that `other` takes is one that this takes.
    pub fn covers(&self, other: &Self) -> bool {
        use PathKind::*;

        if matches!(other.kind, PathKind::Connect) || matches!(self.kind, PathKind::Connect) {
            return self.kind == other.kind;
        }
        if self.takes_all() || self == other {
            return true;
        }
        if other.ignores_case && !self.ignores_case && other.has_letters() {
            return false; // it takes spellings that this does not
        }
        let fold = |text: &str| {
            if self.ignores_case { text.to_ascii_lowercase() } else { text.to_owned() }
        };
        match (&self.kind, &other.kind) {
            (Prefix(outer), Prefix(inner) | Exact(inner) | SeparatedPrefix(inner)) => {
                fold(inner).starts_with(&fold(outer))
            }
            (Exact(outer), Exact(inner)) => fold(outer) == fold(inner),
            (SeparatedPrefix(outer), Exact(inner) | SeparatedPrefix(inner)) => {
                goes_on_with_slash(&fold(inner), &fold(outer))
            }
            (SeparatedPrefix(outer), Prefix(inner)) => fold(inner).starts_with(&format!("{}/", fold(outer))),
            (Regex(expression), Exact(inner)) => matches_fully(expression, inner) == Some(true) && !other.ignores_case,
            _ => false,
        }
    }

    /// Whether the path of a request (without its query) meets the condition. Nothing if that
    /// cannot be told.
    pub fn takes(&self, path: &str) -> Option<bool> {
        let fold = |text: &str| {
            if self.ignores_case { text.to_ascii_lowercase() } else { text.to_owned() }
        };
        Some(match &self.kind {
            PathKind::Prefix(prefix) => fold(path).starts_with(&fold(prefix)),
            PathKind::Exact(text) => fold(path) == fold(text),
            PathKind::SeparatedPrefix(prefix) => goes_on_with_slash(&fold(path), &fold(prefix)),
            PathKind::Regex(expression) => return matches_fully(expression, path),
            PathKind::Connect => false,
            PathKind::Other(_) => return None,
        })
    }

    fn has_letters(&self) -> bool {
        let (PathKind::Prefix(text) | PathKind::Exact(text) | PathKind::SeparatedPrefix(text)) = &self.kind else {
            return false; // case does not matter to expressions
        };
        text.bytes().any(|b| b.is_ascii_alphabetic())
    }

    /// For people: `/api` and what lies below, as it is written.
    pub fn describe(&self) -> String {
        match &self.kind {
            PathKind::Prefix(text) if text.is_empty() => "any path".to_owned(),
            PathKind::Prefix(text) => format!("`{text}*`"),
            PathKind::Exact(text) | PathKind::SeparatedPrefix(text) | PathKind::Regex(text) | PathKind::Other(text) => {
                format!("`{text}`")
            }
            PathKind::Connect => "CONNECT".to_owned(),
        }
    }
}

fn goes_on_with_slash(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: fn(String) -> PathKind, text: &str) -> PathCondition {
        PathCondition::new(kind(text.to_owned()))
    }

    #[test]
    fn containment_follows_envoys_matching() {
        use PathKind::*;
        let covers = |a: &PathCondition, b: &PathCondition| a.covers(b);
        assert!(covers(&of(Prefix, "/"), &of(Regex, "/x.*")));
        assert!(covers(&of(Prefix, "/foo"), &of(Prefix, "/foobar")), "no segment boundary");
        assert!(covers(&of(Prefix, "/foo"), &of(SeparatedPrefix, "/foo")));
        assert!(!covers(&of(Prefix, "/foo/"), &of(SeparatedPrefix, "/foo")));
        assert!(covers(&of(SeparatedPrefix, "/foo"), &of(Exact, "/foo/bar")));
        assert!(!covers(&of(SeparatedPrefix, "/foo"), &of(Prefix, "/foo")));
        assert!(covers(&of(SeparatedPrefix, "/foo"), &of(Prefix, "/foo/")));
        assert!(!covers(&of(Exact, "/foo"), &of(Prefix, "/foo")));
        assert!(covers(&of(Regex, "/v[0-9]"), &of(Exact, "/v1")));
        assert!(!covers(&of(Prefix, "/"), &PathCondition::new(Connect)));
        let mut insensitive = of(Prefix, "/API");
        insensitive.ignores_case = true;
        assert!(covers(&insensitive, &of(Prefix, "/api/v1")));
        assert!(!covers(&of(Prefix, "/API"), &insensitive));
        assert!(covers(&of(Prefix, "/"), &insensitive));
    }

    #[test]
    fn paths_are_matched_as_envoy_matches_them() {
        use PathKind::*;
        assert_eq!(of(SeparatedPrefix, "/foo").takes("/foobar"), Some(false));
        assert_eq!(of(SeparatedPrefix, "/foo").takes("/foo/bar"), Some(true));
        assert_eq!(of(Regex, "/foo").takes("/foobar"), Some(false), "the whole path must match");
        assert_eq!(of(Exact, "/a").takes("/a/"), Some(false));
        assert_eq!(PathCondition::new(Other("x".to_owned())).takes("/"), None);
    }
}
