//! Paths: templates, and what a connection manager makes of a path before filters see it.

/// The characters of a segment besides letters and digits.
const SEGMENT: &[u8] = b"-._~%!$&'()+,;:@=";

/// Whether a path is one of a template: `*` stands for a segment, `**` for any number of them.
pub(super) fn template_matches(template: &str, path: &str) -> bool {
    matches(template.as_bytes(), path.as_bytes())
}

fn matches(template: &[u8], path: &[u8]) -> bool {
    let is_segment = |byte: &u8| byte.is_ascii_alphanumeric() || SEGMENT.contains(byte);
    match template {
        [] => path.is_empty(),
        [b'*', b'*', rest @ ..] => {
            let longest = path.iter().take_while(|byte| is_segment(byte) || **byte == b'/').count();
            (0..=longest).rev().any(|length| matches(rest, path.get(length..).unwrap_or_default()))
        }
        [b'*', rest @ ..] => {
            let longest = path.iter().take_while(|byte| is_segment(byte)).count();
            (1..=longest).rev().any(|length| matches(rest, path.get(length..).unwrap_or_default()))
        }
        [first, rest @ ..] => path.first() == Some(first) && matches(rest, path.get(1..).unwrap_or_default()),
    }
}

/// How a connection manager changes paths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Normalization {
    pub(super) normalize: bool,
    pub(super) merge_slashes: bool,
    pub(super) unescape_slashes: bool,
}

impl Normalization {
    /// The path as filters see it.
    pub(super) fn apply(self, path: &str) -> String {
        let (own, query) = path.find(['?', '#']).map_or((path, ""), |at| path.split_at(at));
        let mut own = own.to_owned();
        if self.unescape_slashes {
            for (escaped, plain) in [("%2F", "/"), ("%2f", "/"), ("%5C", "\\"), ("%5c", "\\")] {
                own = own.replace(escaped, plain);
            }
        }
        if self.normalize {
            own = without_dots(&unescaped(&own.replace('\\', "/")));
        }
        if self.merge_slashes {
            while own.contains("//") {
                own = own.replace("//", "/");
            }
        }
        own + query
    }
}

/// Decodes what needs no escape.
fn unescaped(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = path.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if decoded.is_ascii_alphanumeric() || b"-._~".contains(&decoded) => {
                out.push(decoded);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

/// Takes `.` and `..` out of a path.
fn without_dots(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut kept: Vec<&str> = Vec::new();
    for (place, segment) in segments.iter().enumerate() {
        let is_last = place + 1 == segments.len();
        match *segment {
            "." => {}
            ".." => _ = kept.pop(),
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_match_by_segment() {
        assert!(template_matches("/api/*/users", "/api/v1/users"));
        assert!(!template_matches("/api/*/users", "/api//users"));
        assert!(template_matches("/api/**", "/api/"));
        assert!(!template_matches("/api/**", "/api"));
        assert!(template_matches("/**/b", "/a/a/b"));
    }

    #[test]
    fn paths_are_normalized() {
        let istio = Normalization { normalize: true, ..Normalization::default() };
        assert_eq!(istio.apply("/./admin"), "/admin");
        assert_eq!(istio.apply("//admin?a=/../b"), "//admin?a=/../b");
        assert_eq!(istio.apply("/a/../b/."), "/b/");
        assert_eq!(istio.apply("/a%2Fb%41"), "/a%2FbA");
    }
}
