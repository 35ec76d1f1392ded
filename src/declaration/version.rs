//! The versions of Istio that a rule is for: `>=1.22`, `>=1.18, <1.24`.

use std::fmt;

/// A version of Istio: what its fixes change is no rule's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
}

/// A range of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VersionRange {
    bounds: Vec<(Bound, Version)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    From,
    Before,
}

impl Version {
    /// Reads `1.24`, `1.24.3`, `v1.24-alpha`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().trim_start_matches('v').split(['.', '-', '+']).map(|n| n.parse().ok());
        Some(Self { major: numbers.next()??, minor: numbers.next()?? })
    }
}

/// Whether a text is a version of Istio.
pub(crate) fn is_version(text: &str) -> bool {
    Version::parse(text).is_some()
}

impl VersionRange {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bounds: Option<Vec<_>> = text.split(',').map(|part| bound(part.trim())).collect();
        Some(Self { bounds: bounds? })
    }

    pub(super) fn holds(&self, version: Version) -> bool {
        self.bounds.iter().all(|(bound, limit)| match bound {
            Bound::From => version >= *limit,
            Bound::Before => version < *limit,
        })
    }
}

fn bound(text: &str) -> Option<(Bound, Version)> {
    let (bound, version) = match text.strip_prefix(">=") {
        Some(version) => (Bound::From, version),
        None => (Bound::Before, text.strip_prefix('<')?),
    };
    Some((bound, Version::parse(version)?))
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (bound, version)) in self.bounds.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { " and " })?;
            f.write_str(if *bound == Bound::From { "from " } else { "before " })?;
            write!(f, "{}.{}", version.major, version.minor)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let range = VersionRange::parse(">=1.18, <1.24").unwrap();
        for (version, holds) in [("1.17.9", false), ("1.18", true), ("v1.23.4-rc.1", true), ("1.24.0", false)] {
            assert_eq!(range.holds(Version::parse(version).unwrap()), holds, "{version}");
        }
        assert_eq!(range.to_string(), "from 1.18 and before 1.24");
        for none in ["1.18", ">1", "latest", ""] {
            assert_eq!(VersionRange::parse(none), None, "{none}");
        }
    }
}
