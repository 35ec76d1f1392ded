//! Which earlier condition leaves nothing for a later one, without comparing each with each.
//!
//! Whatever covers a condition takes paths whose common start is a start of the other's. Conditions
//! are therefore kept by the text that all their paths start with, and only those whose text starts
//! the new one's are compared.

use super::{Condition, Request, Starts};

/// Conditions in their order.
#[derive(Debug, Default)]
pub struct Earlier<'c> {
    conditions: Vec<&'c Condition>,
    starts: Starts,
}

impl<'c> Earlier<'c> {
    /// Adds a condition behind all others.
    pub fn push(&mut self, condition: &'c Condition) {
        self.starts.push(condition.path.start());
        self.conditions.push(condition);
    }

    /// The place of the first condition that takes every request that `condition` takes.
    pub fn first_covering(&self, condition: &Condition) -> Option<usize> {
        let covers = |place: &&usize| self.conditions.get(**place).is_some_and(|other| other.covers(condition));
        let mut first: Option<usize> = None;
        for places in self.starts.of(condition.path.start()) {
            let mut candidates = places.iter().take_while(|place| first.is_none_or(|f| **place < f));
            first = candidates.find(covers).copied().or(first);
        }
        first
    }

    /// Whether some condition takes a request, or may. Those that take only a share of requests are
    /// passed over: they leave others.
    pub fn may_take(&self, request: &Request<'_>) -> bool {
        let may = |place: &usize| {
            let condition = self.conditions.get(*place).filter(|condition| !condition.is_partial);
            condition.is_some_and(|condition| condition.takes(request) != Some(false))
        };
        self.starts.of(request.path).flatten().any(may)
    }

    /// Whether other conditions may leave nothing to `condition` together, by a guess that errs on
    /// this side.
    pub fn may_cover(&self, condition: &Condition) -> bool {
        if self.conditions.is_empty() {
            return false;
        }
        condition.sample().is_none_or(|sample| self.may_take(&sample.request()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::envoy::Dump;
    use crate::input::Text;

    #[test]
    fn the_index_agrees_with_comparing_all() {
        let matches = [
            r#"{"prefix": "/"}, "x": 1"#,
            r#"{"prefix": "/", "headers": [{"name": "a", "present_match": true}]}"#,
            r#"{"prefix": "/api/"}"#,
            r#"{"prefix": "/API/", "case_sensitive": false}"#,
            r#"{"path": "/api/users"}"#,
            r#"{"path": "/Api/Users", "case_sensitive": false}"#,
            r#"{"path_separated_prefix": "/api/users"}"#,
            r#"{"safe_regex": {"regex": "/api/users?"}}"#,
            r#"{"safe_regex": {"regex": "/api/[a-z]+"}}"#,
            r#"{"safe_regex": {"regex": ".*"}}"#,
            r#"{"connect_matcher": {}}"#,
            r#"{"prefix": "/é"}"#,
            r#"{"prefix": ""}"#,
        ];
        // Every order of a few: rotations are enough to have each before each.
        for shift in 0..matches.len() {
            let mut routes: Vec<String> =
                matches.iter().map(|m| format!(r#"{{"match": {m}, "route": {{"cluster": "c"}}}}"#)).collect();
            routes.rotate_left(shift);
            let text = format!(r#"{{"virtual_hosts": [{{"domains": ["*"], "routes": [{}]}}]}}"#, routes.join(","));
            let document = Document::read("", Text::from(text.as_str()));
            let roots: Vec<_> = document.roots().collect();
            let dump = Dump::of(&document, &roots);
            let hosts = dump.route_configurations().iter().flat_map(|config| config.virtual_hosts());
            let conditions: Vec<_> = hosts.flat_map(|host| host.routes().map(Condition::of_envoy)).collect();
            assert_eq!(conditions.len(), matches.len());
            let mut earlier = Earlier::default();
            for (place, condition) in conditions.iter().enumerate() {
                let compared = conditions.iter().take(place).position(|other| other.covers(condition));
                assert_eq!(earlier.first_covering(condition), compared, "{condition:?}");
                earlier.push(condition);
            }
        }
    }
}
