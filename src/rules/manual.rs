//! The manual of a rule: a summary and sections, as its module documentation has them.

/// The documentation of a rule, in Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manual {
    /// The first paragraph.
    pub summary: String,
    /// The sections with their headings.
    pub sections: Vec<(String, String)>,
}

impl Manual {
    /// Reads the text of the doc comment.
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split("\n## ");
        let summary = parts.next().unwrap_or("").trim().to_owned();
        let sections = parts.map(|part| {
            let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
            (heading.trim().to_owned(), body.trim().to_owned())
        });
        Self { summary, sections: sections.collect() }
    }

    /// The text of a section.
    pub fn section(&self, heading: &str) -> Option<&str> {
        self.sections.iter().find(|(h, _)| h == heading).map(|(_, body)| body.as_str())
    }
}

/// The first sentence of a summary, on one line.
pub fn first_sentence(summary: &str) -> String {
    let paragraph = summary.split("\n\n").next().unwrap_or("").replace('\n', " ");
    match paragraph.find(". ") {
        Some(end) => paragraph[..=end].to_owned(),
        None => paragraph,
    }
}
