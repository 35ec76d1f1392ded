//! Finds things by their hosts, also those that a wildcard stands for.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::host::is_wildcard;

/// The wildcards among some hosts. Finds those that hold a name without looking at the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Wildcards {
    by_suffix: FxHashMap<String, String>,
    /// How long their suffixes are, longest first.
    lengths: BTreeSet<Reverse<usize>>,
}

impl Wildcards {
    /// Adds `host` if it is a wildcard.
    pub(super) fn insert(&mut self, host: &str) {
        let Some(suffix) = host.strip_prefix('*') else { return };
        self.by_suffix.entry(suffix.to_owned()).or_insert_with(|| host.to_owned());
        self.lengths.insert(Reverse(suffix.len()));
    }

    /// The wildcards that hold `host`, the most specific first.
    pub(super) fn holding<'w>(&'w self, host: &'w str) -> impl Iterator<Item = &'w str> + 'w {
        let name = host.strip_prefix('*').unwrap_or(host);
        self.lengths.iter().filter_map(move |Reverse(length)| {
            let suffix = name.get(name.len().checked_sub(*length)?..)?;
            self.by_suffix.get(suffix).map(String::as_str)
        })
    }
}

/// A set of hosts.
#[derive(Debug, Default)]
pub(super) struct HostSet {
    exact: FxHashSet<String>,
    wildcards: Wildcards,
}

impl HostSet {
    pub(super) fn insert(&mut self, host: &str) {
        match is_wildcard(host) {
            true => self.wildcards.insert(host),
            false => _ = self.exact.insert(host.to_owned()),
        }
    }

    /// Whether one of the hosts stands for every name that `host` stands for.
    pub(super) fn holds(&self, host: &str) -> bool {
        self.exact.contains(host) || self.wildcards.holding(host).next().is_some()
    }
}

/// Places of things by host.
#[derive(Debug, Default)]
pub(super) struct HostIndex {
    by_host: FxHashMap<String, Vec<u32>>,
    /// Every host from its end, sorted, so that the names below a suffix are neighbours.
    backwards: Vec<(Vec<u8>, u32)>,
    /// The hosts that are wildcards.
    wildcards: Wildcards,
}

impl HostIndex {
    /// Indexes things by their hosts, each with its place. The same host may come several times.
    pub(super) fn of<'a>(hosts: impl Iterator<Item = (&'a str, u32)>) -> Self {
        let mut index = Self::default();
        for (host, place) in hosts {
            let places = index.by_host.entry(host.to_owned()).or_default();
            if places.last() == Some(&place) {
                continue;
            }
            places.push(place);
            index.backwards.push((host.bytes().rev().collect(), place));
            index.wildcards.insert(host);
        }
        index.backwards.sort_unstable();
        index
    }

    /// The things with exactly this host, in their order.
    pub(super) fn exactly(&self, host: &str) -> &[u32] {
        self.by_host.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// The things whose host is a wildcard that holds `host`, the most specific first.
    pub(super) fn holding<'i>(&'i self, host: &'i str) -> impl Iterator<Item = u32> + 'i {
        self.wildcards.holding(host).flat_map(|wildcard| self.exactly(wildcard).iter().copied())
    }

    /// The things whose host shares a name with `host`: it, what it stands for, and the wildcards
    /// that hold it.
    pub(super) fn sharing(&self, host: &str) -> Vec<u32> {
        if is_wildcard(host) {
            return self.overlapping(host);
        }
        self.exactly(host).iter().copied().chain(self.holding(host)).collect()
    }

    /// The things whose host shares a name with `pattern`, which is a wildcard, in their order.
    pub(super) fn overlapping(&self, pattern: &str) -> Vec<u32> {
        let suffix: Vec<u8> = pattern.trim_start_matches('*').bytes().rev().collect();
        let first = self.backwards.partition_point(|(host, _)| host < &suffix);
        let below = self.backwards.iter().skip(first).take_while(|(host, _)| host.starts_with(&suffix));
        let mut places: Vec<u32> = below.map(|(_, place)| *place).collect();
        places.extend(self.holding(pattern));
        places.sort_unstable();
        places.dedup();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::host::{is_subset_of, overlaps};

    #[test]
    fn wildcards_are_found_most_specific_first() {
        let hosts = ["*", "*.com", "*.foo.com", "b.foo.com", "*foo.com"];
        let mut wildcards = Wildcards::default();
        for host in hosts {
            wildcards.insert(host);
        }
        for name in ["a.foo.com", "foo.com", "*.foo.com", "*.com", "*", "a.org", "", "é.com"] {
            let mut compared: Vec<_> =
                hosts.into_iter().filter(|host| is_wildcard(host) && is_subset_of(name, host)).collect();
            compared.sort_by_key(|host| Reverse(host.len()));
            assert_eq!(wildcards.holding(name).collect::<Vec<_>>(), compared, "{name}");
        }
    }

    #[test]
    fn the_index_agrees_with_comparing_every_host() {
        let hosts = ["a.com", "*.com", "b.a.com", "*", "x.org", "*.a.com", "com", "acom"];
        let index = HostIndex::of(hosts.iter().zip(0..).map(|(host, place)| (*host, place)));
        for pattern in ["*", "*.com", "*.a.com", "*.b.a.com", "*.net", "*com"] {
            let compared = hosts.iter().zip(0..).filter(|(host, _)| overlaps(host, pattern));
            let expected: Vec<u32> = compared.map(|(_, place)| place).collect();
            assert_eq!(index.overlapping(pattern), expected, "{pattern}");
        }
        assert_eq!(index.exactly("*.com"), [1]);
    }
}
