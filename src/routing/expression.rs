//! Regular expressions as RE2 reads them (<https://github.com/google/re2/wiki/Syntax>).
//!
//! The `regex` crate has the same matching, with a few differences in spelling: its classes such as
//! `\d` are those of Unicode, it nests classes, and it refuses braces that RE2 takes literally.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use regex_automata::meta::Regex;
use rustc_hash::FxHashMap;

/// How many expressions a thread keeps.
const KEPT: usize = 1000;

thread_local! {
    /// What was compiled: access control asks by the same expressions again and again.
    static KNOWN: RefCell<FxHashMap<String, Expression>> = RefCell::default();
}

/// The largest program that an expression may become, in bytes.
const LARGEST_PROGRAM: usize = 4 << 20;

/// An expression that has to match all of a text. It is compiled when it is first held against one.
#[derive(Clone, Debug)]
pub(crate) struct Expression(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    text: Box<str>,
    bytes: usize,
    compiled: OnceLock<Option<Regex>>,
}

impl Expression {
    /// An expression.
    pub(crate) fn new(expression: &str) -> Self {
        KNOWN.with_borrow_mut(|known| {
            if let Some(expression) = known.get(expression) {
                return expression.clone();
            }
            if known.len() >= KEPT {
                known.clear();
            }
            let new = Self::within(expression, LARGEST_PROGRAM);
            known.insert(expression.to_owned(), new.clone());
            new
        })
    }

    /// An expression whose program does not become larger than this.
    pub(crate) fn within(expression: &str, bytes: usize) -> Self {
        Self(Arc::new(Lazy { text: expression.into(), bytes, compiled: OnceLock::new() }))
    }

    /// Whether all of `text` matches. Nothing for an expression that cannot be read.
    pub(crate) fn matches(&self, text: &str) -> Option<bool> {
        let compiled = self.0.compiled.get_or_init(|| self.0.compile());
        compiled.as_ref().map(|regex| regex.is_match(text))
    }
}

impl Lazy {
    fn compile(&self) -> Option<Regex> {
        let anchored = format!("^(?:{})$", translate(&self.text));
        // Most expressions meet few texts, which is not worth a complete automaton.
        let config = Regex::config().dfa(false).onepass(false).nfa_size_limit(Some(self.bytes));
        Regex::builder().configure(config).build(&anchored).ok()
    }
}

/// An expression of RE2 in the spelling of the `regex` crate.
pub(crate) fn translate(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len() + 8);
    let mut characters = expression.char_indices().peekable();
    let mut in_class = false;
    while let Some((at, character)) = characters.next() {
        let rest = expression.get(at..).unwrap_or_default();
        match character {
            '\\' => {
                let Some((_, escaped)) = characters.next() else {
                    out.push('\\');
                    break;
                };
                if escaped == 'Q' && !in_class {
                    let quoted = rest.get(2..).unwrap_or_default();
                    let length = quoted.find("\\E").unwrap_or(quoted.len());
                    out.push_str(&regex::escape(quoted.get(..length).unwrap_or_default()));
                    let end = at + 2 + length + 2;
                    while characters.next_if(|(next, _)| *next < end).is_some() {}
                    continue;
                }
                escape(escaped, in_class, &mut out);
            }
            '[' if in_class && !is_posix_class(rest) => out.push_str("\\["),
            '[' if in_class => {
                let end = at + rest.find(":]").map_or(1, |length| length + 2);
                out.push_str(expression.get(at..end).unwrap_or_default());
                while characters.next_if(|(next, _)| *next < end).is_some() {}
            }
            '[' => {
                in_class = true;
                out.push('[');
                if characters.next_if(|(_, c)| *c == '^').is_some() {
                    out.push('^');
                }
                // A bracket right behind the opening one is literal.
                if characters.next_if(|(_, c)| *c == ']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(character);
            }
            // `--` would be the difference of two classes.
            '-' if in_class && (rest.starts_with("--") || out.ends_with('-')) => out.push_str("\\-"),
            '{' if !in_class && !is_repetition(rest) => out.push_str("\\{"),
            _ => out.push(character),
        }
    }
    out
}

fn is_posix_class(rest: &str) -> bool {
    rest.starts_with("[:") && rest.contains(":]")
}

/// Whether a brace starts a count, `{2}`, `{2,}` or `{2,3}`; any other is literal.
fn is_repetition(rest: &str) -> bool {
    let Some(inside) = rest.get(1..).and_then(|r| r.split_once('}')).map(|(inside, _)| inside) else {
        return false;
    };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

fn escape(character: char, in_class: bool, out: &mut String) {
    let class = match character {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\f\\r ",
        'D' => "^0-9",
        'W' => "^0-9A-Za-z_",
        'S' => "^\\t\\n\\f\\r ",
        'b' | 'B' if !in_class => {
            out.push_str(if character == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" });
            return;
        }
        // Word boundaries in the `regex` crate, and plain characters in RE2.
        '<' | '>' => {
            out.push(character);
            return;
        }
        _ => {
            out.push('\\');
            out.push(character);
            return;
        }
    };
    if in_class && !class.starts_with('^') {
        out.push_str(class);
        return;
    }
    out.push('[');
    out.push_str(class);
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn re2_spellings_are_read_as_re2_reads_them() {
        for (expression, text, matches) in [
            (r"^v\d+$", "v12", true),
            (r"\d", "\u{0663}", false),
            (r"[\w.]+", "a.b_1", true),
            (r"[^\d]", "x", true),
            (r"[[a]", "[", true),
            (r"[]a]", "]", true),
            (r"[[:alpha:]-]+", "ab-c", true),
            (r"/a{", "/a{", true),
            (r"/a{,2}", "/a{,2}", true),
            (r"/a{2}", "/aa", true),
            (r"\Qa.b\E.", "a.bc", true),
            (r"\Qa.b\E", "axb", false),
            (r"a|/b", "/b", true),
            (r"a|/b", "a/b", false),
            (r"[a&&b]+", "a&b", true),
            (r"/a.b", "/a\nb", false),
            (r"(?i)/login", "/LOGIN", true),
            (r"\<a\>", "<a>", true),
        ] {
            assert_eq!(Expression::new(expression).matches(text), Some(matches), "{expression} on {text:?}");
        }
        assert_eq!(Expression::new("(?=a)").matches("a"), None);
    }
}
