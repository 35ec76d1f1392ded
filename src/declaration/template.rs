//! Texts with words that stand for something: `port {port} of {name}`.

/// A text with words in braces. A brace by itself is written twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Word(Word),
}

/// What stands in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The kind of the resource.
    Kind,
    /// Its name.
    Name,
    /// Its namespace.
    Namespace,
    /// What was found, if it is a text, a number or a boolean.
    Value,
    /// Its key.
    Key,
    /// One of the rule's own, by its place among its `values`.
    Own(usize),
}

/// The words that every rule has.
pub(super) const WORDS: [(&str, Word); 5] = [
    ("kind", Word::Kind),
    ("name", Word::Name),
    ("namespace", Word::Namespace),
    ("value", Word::Value),
    ("key", Word::Key),
];

/// A template that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TemplateError {
    /// The byte at which it goes wrong.
    pub(super) at: usize,
    pub(super) message: String,
    /// The word that nobody knows.
    pub(super) unknown: Option<String>,
}

impl Template {
    /// Reads a template; `own` are the names of the rule's own words.
    pub(super) fn parse(text: &str, own: &[&str]) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find(['{', '}'])) {
            let brace = at + found;
            plain.push_str(text.get(at..brace).unwrap_or_default());
            let rest = text.get(brace..).unwrap_or_default();
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push_str(rest.get(..1).unwrap_or_default());
                at = brace + 2;
                continue;
            }
            let (word, length) = word(rest, own).map_err(|error| TemplateError { at: brace + error.at, ..error })?;
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Word(word));
            at = brace + length;
        }
        plain.push_str(text.get(at..).unwrap_or_default());
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self { parts })
    }

    /// The text, with what the words stand for.
    pub(super) fn fill(&self, mut value: impl FnMut(Word) -> String) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Word(word) => text.push_str(&value(*word)),
            }
        }
        text
    }
}

/// The word that `text` starts with, in its braces, and how long that is.
fn word(text: &str, own: &[&str]) -> Result<(Word, usize), TemplateError> {
    let error = |at, message: &str, unknown| Err(TemplateError { at, message: message.to_owned(), unknown });
    let Some(inner) = text.strip_prefix('{') else {
        return error(0, "this brace closes nothing; a brace by itself is written twice", None);
    };
    let Some(end) = inner.find('}') else {
        return error(0, "this brace is never closed; a brace by itself is written twice", None);
    };
    let name = inner.get(..end).unwrap_or_default();
    if let Some(place) = own.iter().position(|known| *known == name) {
        return Ok((Word::Own(place), end + 2));
    }
    match WORDS.iter().find(|(known, _)| *known == name) {
        Some((_, word)) => Ok((*word, end + 2)),
        None => error(1, &format!("`{name}` stands for nothing"), Some(name.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced_and_doubled_braces_are_one() {
        let template = Template::parse("{{x}} {name}: {port}", &["port"]).unwrap();
        let filled = template.fill(|word| format!("<{word:?}>"));
        assert_eq!(filled, "{x} <Name>: <Own(0)>");
        for (text, at) in [("a {nam}", 3), ("a {name", 2), ("a }", 2)] {
            assert_eq!(Template::parse(text, &[]).unwrap_err().at, at, "{text}");
        }
    }
}
