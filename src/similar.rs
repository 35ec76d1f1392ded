//! "Did you mean …?"

/// The candidate that is spelt most like `name`, if one is near enough to be meant: at most a third
/// of the letters differ, and the first of several equally near.
pub fn similar<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let allowed = (length / 3).min(4);
    // As many letters differ at least as one is longer than the other.
    let may_be_near = |candidate: &&str| candidate.chars().count().abs_diff(length) <= allowed;
    let others = candidates.filter(|candidate| *candidate != name).filter(may_be_near);
    let scored = others.map(|candidate| (distance(name, candidate), candidate));
    let near = scored.filter(|(distance, candidate)| *distance <= allowed && candidate.chars().count() > *distance);
    near.min().map(|(_, candidate)| candidate)
}

/// How many letters differ, whatever their case. Names of one mesh are often the same at both ends,
/// which counts for nothing and takes long to compare.
fn distance(one: &str, other: &str) -> usize {
    let start = length_in_common(one.bytes(), other.bytes());
    let (one, other) = (one.get(start..).unwrap_or_default(), other.get(start..).unwrap_or_default());
    let end = length_in_common(one.bytes().rev(), other.bytes().rev());
    let without_end = |text: &str| text.get(..text.len() - end).unwrap_or_default().to_lowercase();
    strsim::osa_distance(&without_end(one), &without_end(other))
}

/// How many letters two texts have in common before they differ.
fn length_in_common(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(a, b)| a.is_ascii() && a.eq_ignore_ascii_case(b)).count()
}

/// Whether `written` is `meant` with a slip of the pen: a letter left out or put in, or two swapped.
/// Names that differ in a letter at one place or in a digit (`team-a`, `team-b`, `prod2`) are as a
/// rule two names.
pub fn is_slip(written: &str, meant: &str) -> bool {
    let (written, meant): (Vec<char>, Vec<char>) = (written.chars().collect(), meant.chars().collect());
    let start = written.iter().zip(&meant).take_while(|(a, b)| a == b).count();
    let rest = written.len().min(meant.len()) - start;
    let end = written.iter().rev().zip(meant.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let written = written.get(start..written.len() - end).unwrap_or_default();
    let meant = meant.get(start..meant.len() - end).unwrap_or_default();
    start + end >= 2
        && match (written, meant) {
            ([letter], []) | ([], [letter]) => letter.is_alphabetic(),
            ([a, b], [c, d]) => (a, b) == (d, c),
            _ => false,
        }
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

    #[test]
    fn what_is_the_same_at_both_ends_does_not_change_the_distance() {
        let texts = ["", "a", "ab", "ba", "aab", "aba", "bab", "abab", "baab", "Äb", "äB", "aÄ", "b-äa", "Aba"];
        for one in texts {
            for other in texts {
                let whole = strsim::osa_distance(&one.to_lowercase(), &other.to_lowercase());
                assert_eq!(distance(one, other), whole, "{one} {other}");
            }
        }
    }

    #[test]
    fn a_slip_is_no_other_name() {
        for written in ["shpo", "shp", "shhop", "hsop", "shopp", "shoop"] {
            assert!(is_slip(written, "shop"), "{written}");
        }
        for written in ["shop", "shop2", "shot", "shop-a", "posh", ""] {
            assert!(!is_slip(written, "shop"), "{written}");
        }
        assert!(!is_slip("team-a", "team-b"));
        assert!(!is_slip("us-east", "us-west"));
        assert!(!is_slip("a", "ab"), "too short to tell");
    }
}
