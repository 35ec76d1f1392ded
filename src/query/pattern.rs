//! Regular expressions of `match` and `search`: I-Regexp
//! ([RFC 9485](https://www.rfc-editor.org/rfc/rfc9485)).

use regex::{Regex, RegexBuilder};

use super::Operand;

/// What a text is held against.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// It stands in the query.
    Fixed(Regex),
    /// It is among what is queried.
    Computed { text: Box<Operand>, is_whole: bool },
}

impl Pattern {
    /// # Errors
    /// Why it is none.
    pub(super) fn fixed(pattern: &str, is_whole: bool) -> Result<Self, String> {
        compiled(pattern, is_whole).map(Self::Fixed)
    }

    pub(super) fn computed(text: Operand, is_whole: bool) -> Self {
        Self::Computed { text: Box::new(text), is_whole }
    }
}

/// A regular expression, to which all of a text must match or any part of it. A dot stands for every
/// character but line feed and carriage return.
pub(super) fn compiled(pattern: &str, is_whole: bool) -> Result<Regex, String> {
    let anchored = is_whole.then(|| format!(r"\A(?:{pattern})\z"));
    let mut builder = RegexBuilder::new(anchored.as_deref().unwrap_or(pattern));
    builder.crlf(true).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => last_line(&error.to_string()),
    })
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_is_every_character_but_the_ends_of_lines() {
        let matches = |pattern, text: &str| compiled(pattern, true).is_ok_and(|regex| regex.is_match(text));
        assert!(matches("a.b", "a\u{e9}b"));
        assert!(matches("a.b", "a.b") && matches("a[.]b", "a.b") && matches(r"a\.b", "a.b"));
        assert!(!matches("a.b", "a\nb") && !matches("a.b", "a\rb") && !matches("a[.]b", "axb"));
    }
}
