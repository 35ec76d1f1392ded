//! URI templates as paths
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/path/match/uri_template/v3/uri_template_match.proto>).

/// The characters of one segment.
const SEGMENT: &str = r"[a-zA-Z0-9\-._~%!$&'()+,;:@=*]+";
/// The characters of any number of segments.
const REST: &str = r"[a-zA-Z0-9\-._~%!$&'()+,;:@=*/]*";

/// The expression that a path has to match in full.
pub(crate) fn expression(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(character) = rest.chars().next() {
        if let Some((variable, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            let pattern = variable.split_once('=').map_or("*", |(_, pattern)| pattern);
            out.push_str(&pattern.split('/').map(operator).collect::<Vec<_>>().join("/"));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            out.push_str(REST);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('*') {
            out.push_str(SEGMENT);
            rest = after;
        } else {
            out.push_str(&regex::escape(&character.to_string()));
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

fn operator(part: &str) -> String {
    match part {
        "**" => REST.to_owned(),
        "*" => SEGMENT.to_owned(),
        literal => regex::escape(literal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Expression;

    #[test]
    fn templates_match_whole_paths() {
        for (template, path, matches) in [
            ("/a/{x}", "/a/1", true),
            ("/a/{x}", "/a/1/b", false),
            ("/a/**", "/a/", true),
            ("/a/**", "/a", false),
            ("/{x=api/*}/users", "/api/7/users", true),
            ("/{x=**}.m3u8", "/x/y.m3u8", true),
            ("/a/*.y", "/a/z.y", true),
            ("/a{x}", "/a1", true),
        ] {
            let compiled = Expression::new(&expression(template));
            assert_eq!(compiled.matches(path), Some(matches), "{template} on {path}");
        }
    }
}
