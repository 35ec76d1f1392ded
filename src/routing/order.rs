//! Which earlier condition leaves nothing for a later one, without comparing each with each.
//!
//! Whatever covers a condition takes paths whose common start is a start of the other's. Conditions
//! are therefore kept by the text that all their paths start with, and only those whose text starts
//! the new one's are compared.

use super::{Condition, Starts};

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

    /// What is left for a condition behind all of these.
    pub fn leave(&self, condition: &Condition) -> Left {
        if self.conditions.is_empty() {
            return Left::Something;
        }
        let path = condition.sample_path();
        let candidates: Vec<&[usize]> = self.starts.of(path.as_deref().unwrap_or(condition.path.start())).collect();
        if candidates.is_empty() && path.is_some() {
            return Left::Something;
        }
        if let Some(first) = self.first_covering(condition, &candidates) {
            return Left::Nothing(first);
        }
        let Some(sample) = path.and_then(|path| condition.sample(path)) else { return Left::Perhaps };
        let request = sample.request();
        let may_take = |place: &usize| {
            // What takes only a share of requests leaves others.
            let earlier = self.conditions.get(*place).filter(|earlier| !earlier.is_partial);
            earlier.is_some_and(|earlier| earlier.takes(&request) != Some(false))
        };
        if candidates.iter().copied().flatten().any(may_take) { Left::Perhaps } else { Left::Something }
    }

    fn first_covering(&self, condition: &Condition, candidates: &[&[usize]]) -> Option<usize> {
        let covers = |place: &&usize| self.conditions.get(**place).is_some_and(|other| other.covers(condition));
        let mut first: Option<usize> = None;
        for places in candidates {
            let mut candidates = places.iter().take_while(|place| first.is_none_or(|f| **place < f));
            first = candidates.find(covers).copied().or(first);
        }
        first
    }
}

/// What conditions leave for one behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing: the first that alone takes all is at this place.
    Nothing(usize),
    /// Nothing, or something: several together take much of it.
    Perhaps,
    /// Something.
    Something,
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
                let left = earlier.leave(condition);
                let found = if let Left::Nothing(place) = left { Some(place) } else { None };
                assert_eq!(found, compared, "{condition:?}");
                earlier.push(condition);
            }
        }
    }
}
