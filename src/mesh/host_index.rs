//! Finds things by their hosts, also those that a wildcard stands for.

use rustc_hash::FxHashMap;

use super::host::{is_subset_of, is_wildcard};

/// Places of things by host.
#[derive(Debug, Default)]
pub(super) struct HostIndex {
    by_host: FxHashMap<String, Vec<u32>>,
    /// Every host from its end, sorted, so that the names below a suffix are neighbours.
    backwards: Vec<(Vec<u8>, u32)>,
    /// The hosts that are wildcards.
    wildcards: Vec<(String, u32)>,
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
            if is_wildcard(host) {
                index.wildcards.push((host.to_owned(), place));
            }
        }
        index.backwards.sort_unstable();
        index
    }

    /// The things with exactly this host, in their order.
    pub(super) fn exactly(&self, host: &str) -> &[u32] {
        self.by_host.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// The things whose host shares a name with `pattern`, which is a wildcard, in their order.
    pub(super) fn overlapping(&self, pattern: &str) -> Vec<u32> {
        let suffix: Vec<u8> = pattern.trim_start_matches('*').bytes().rev().collect();
        let first = self.backwards.partition_point(|(host, _)| host < &suffix);
        let below = self.backwards.iter().skip(first).take_while(|(host, _)| host.starts_with(&suffix));
        let mut places: Vec<u32> = below.map(|(_, place)| *place).collect();
        places.extend(self.wildcards.iter().filter(|(host, _)| is_subset_of(pattern, host)).map(|(_, place)| *place));
        places.sort_unstable();
        places.dedup();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::host::overlaps;

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
