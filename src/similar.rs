//! "Did you mean …?"

/// The candidate that is spelt most like `name`, if one is near enough to be meant: at most a third
/// of the letters differ, and the first of several equally near.
pub fn similar<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let allowed = (length / 3).min(4);
    let lower = name.to_lowercase();
    let scored = candidates.filter(|candidate| *candidate != name).map(|candidate| {
        let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
        (distance, candidate)
    });
    let near = scored.filter(|(distance, candidate)| *distance <= allowed && candidate.chars().count() > *distance);
    near.min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_others_are_not() {
        let known = ["unknown-host", "unknown-port", "reviews", "v1", "v2"];
        assert_eq!(similar("unknown-hots", known.into_iter()), Some("unknown-host"));
        assert_eq!(similar("Reviws", known.into_iter()), Some("reviews"));
        assert_eq!(similar("v3", known.into_iter()), None, "as near to v1 as to v2");
        assert_eq!(similar("payments", known.into_iter()), None);
        assert_eq!(similar("x", ["y"].into_iter()), None);
    }
}
