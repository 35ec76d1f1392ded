//! Findings with the source they point at.

use std::io::{self, Write};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::engine::Analysis;
use crate::finding::{Cause, Excerpt, Finding, Location, Severity, Subject};
use crate::rules::file_of;

use super::Style;
use super::printable::printable;
use super::remarks::manual_url;

/// Where the manuals of the rules are.
pub(super) const MANUALS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules");

pub(super) fn write(analysis: &Analysis, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let renderer = renderer(style);
    for finding in &analysis.findings {
        let report = [group(finding, style)];
        writeln!(out, "{}\n", renderer.render(&report))?;
    }
    Ok(())
}

fn group(finding: &Finding, style: Style) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut title = level.primary_title(printable(&finding.message)).id(finding.rule.id);
    if let Some(url) = manual_url(finding.rule.id).filter(|_| style.hyperlinks) {
        title = title.id_url(url);
    }
    let mut group = finding.excerpts.iter().fold(Group::with_title(title), shown);
    if let Some(place) = place_in_proxy(&finding.subject).filter(|_| finding.seen_in.is_empty()) {
        group = group.element(Level::NOTE.with_name("in").message(printable(&place).into_owned()));
    }
    for line in finding.seen_lines() {
        group = group.element(Level::NOTE.with_name("seen").message(printable(&line).into_owned()));
    }
    if let Some(cause) = &finding.cause {
        group = group.element(Level::NOTE.with_name("cause").message(printable(&cause_line(cause)).into_owned()));
    } else if let Some(origin) = &finding.origin {
        let text = format!("{} {}/{}", origin.kind, origin.namespace, origin.name);
        group = group.element(Level::NOTE.with_name("made of").message(printable(&text).into_owned()));
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(printable(note)));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    group.element(Level::NOTE.with_name("rule").message(about_rule(finding)))
}

/// Adds a piece of source.
pub(crate) fn shown<'a>(group: Group<'a>, excerpt: &'a Excerpt) -> Group<'a> {
    if !excerpt.is_clipped {
        return group.element(snippet(excerpt).path(printable(&excerpt.file)));
    }
    // The part of a line that is shown says nothing about where it is: that stands above.
    let place = Origin::path(printable(&excerpt.file)).line(excerpt.position.line as usize);
    group.element(place.char_column(excerpt.position.column as usize)).element(snippet(excerpt))
}

/// How excerpts are drawn.
pub(crate) fn renderer(style: Style) -> Renderer {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Unicode).term_width(style.width)
}

fn snippet(excerpt: &Excerpt) -> Snippet<'_, Annotation<'_>> {
    let marks = excerpt.marks.iter().map(|mark| {
        let kind = if mark.is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(mark.start..mark.end);
        if mark.label.is_empty() { annotation } else { annotation.label(printable(&mark.label)) }
    });
    Snippet::source(&*excerpt.text).line_start(excerpt.first_line as usize).annotations(marks)
}

pub(super) fn place_in_proxy(subject: &Subject) -> Option<String> {
    let Subject::Proxy { proxy, section, resource } = subject else {
        return None;
    };
    Some(match resource.is_empty() {
        true => format!("{proxy} › {section}"),
        false => format!("{proxy} › {section} › {resource}"),
    })
}

pub(super) fn cause_line(cause: &Cause) -> String {
    let Location { file, start, .. } = &cause.location;
    let place = format!("{}, {file}:{}:{}", cause.object, start.line, start.column);
    match &cause.finding {
        Some((rule, severity)) => format!("{place} ({severity}[{}])", rule.id),
        None => place,
    }
}

fn about_rule(finding: &Finding) -> String {
    let mut words: Vec<&str> = finding.rule.aliases.to_vec();
    words.retain(|alias| !alias.is_empty());
    let of_program = || format!("meshlint rule {}", finding.rule.id);
    let manual = file_of(finding.rule.id).map_or_else(of_program, |file| printable(file).into_owned());
    match words.is_empty() {
        true => manual,
        false => format!("{} · {manual}", words.join(", ")),
    }
}
