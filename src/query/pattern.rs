//! Regular expressions of `match` and `search`: I-Regexp
//! ([RFC 9485](https://www.rfc-editor.org/rfc/rfc9485)).

use regex::Regex;

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

/// A regular expression, to which all of a text must match or any part of it.
pub(super) fn compiled(pattern: &str, is_whole: bool) -> Result<Regex, String> {
    let pattern = with_dots(pattern);
    let pattern = if is_whole { format!(r"\A(?:{pattern})\z") } else { pattern };
    Regex::new(&pattern).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => last_line(&error.to_string()),
    })
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// A dot stands for every character but line feed and carriage return.
fn with_dots(pattern: &str) -> String {
    let mut said = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    let mut is_in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                said.push(letter);
                said.extend(letters.next());
                continue;
            }
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '.' if !is_in_class => {
                said.push_str(r"[^\n\r]");
                continue;
            }
            _ => {}
        }
        said.push(letter);
    }
    said
}
