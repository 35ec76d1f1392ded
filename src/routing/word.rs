//! One word of a regular expression, by a walk through it and no search.

use std::cell::RefCell;

use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;

use super::expression::translate;

/// The most expressions whose words a thread keeps.
const MOST_KEPT: usize = 1000;
/// The longest word that is made.
const LONGEST: usize = 1000;
/// The characters that are tried first for a class.
const CHARACTERS: &str = "a0A/-._~";

thread_local! {
    /// The same few expressions stand in hundreds of routes.
    static WORDS: RefCell<FxHashMap<Box<str>, Option<Box<str>>>> = RefCell::default();
}

/// A text that an expression most likely matches; nothing for one that cannot be read.
pub(super) fn word(expression: &str) -> Option<String> {
    WORDS.with_borrow_mut(|words| {
        if let Some(known) = words.get(expression) {
            return known.as_deref().map(str::to_owned);
        }
        if words.len() >= MOST_KEPT {
            words.clear();
        }
        let made = regex_syntax::parse(&translate(expression)).ok().and_then(|hir| {
            let mut word = String::new();
            add(&hir, &mut word).map(|()| word)
        });
        words.insert(expression.into(), made.as_deref().map(Into::into));
        made
    })
}

fn add(hir: &Hir, word: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => word.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => word.push(CHARACTERS.chars().chain('!'..='~').find(|c| has(class, *c))?),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                add(&repetition.sub, word)?;
                if word.len() > LONGEST {
                    return None;
                }
            }
        }
        HirKind::Capture(capture) => add(&capture.sub, word)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| add(part, word))?,
        HirKind::Alternation(parts) => add(parts.first()?, word)?,
    }
    Some(())
}

fn has(class: &Class, character: char) -> bool {
    match class {
        Class::Unicode(class) => class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&character)),
        Class::Bytes(class) => {
            let within = |byte| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&byte));
            u8::try_from(character).is_ok_and(within)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Expression;

    #[test]
    fn the_word_is_one_of_the_expressions() {
        for expression in ["/api/v[0-9]+", "/(a|b)/.*", "/[^/]+/x?", r"/\w{3}-\d", "(?i)/Login", "/a+b*", "^/x$"] {
            let word = word(expression).unwrap_or_default();
            assert_eq!(Expression::new(expression).matches(&word), Some(true), "{expression}: {word}");
        }
        assert_eq!(word("(?=a)"), None);
        assert_eq!(word("[^\\s\\S]"), None);
    }
}
