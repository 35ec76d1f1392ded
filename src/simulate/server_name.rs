//! Server names of filter chains: exact ones, and `*.` for every name below.

/// A configured name in the form of [`keys`].
pub(super) fn normal(name: &str) -> String {
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    name.to_ascii_lowercase()
}

/// What a client's server name is looked up as: itself, then ever wider domains with a dot before.
pub(super) fn keys(sni: &str) -> impl Iterator<Item = &str> {
    let below = sni.char_indices().skip(1).filter(|(at, c)| *c == '.' && *at + 1 < sni.len());
    let wider = below.filter_map(|(at, _)| sni.get(at..));
    std::iter::once(sni).chain(wider).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_name_comes_first() {
        assert_eq!(
            keys("x.y.example.com").collect::<Vec<_>>(),
            ["x.y.example.com", ".y.example.com", ".example.com", ".com"]
        );
        assert_eq!(keys("").count(), 0);
        assert_eq!(normal("*.A.com"), ".a.com");
    }
}
