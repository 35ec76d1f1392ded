//! The way of one request, for people.

use std::io::{self, Write};

use crate::document::{Document, Node};
use crate::report::Style;
use crate::simulate::{Answer, Explanation, Request};

/// How much room the names of hops take.
const NAMES: usize = 14;
/// How much room texts take before places, where they are not longer.
const TEXT: usize = 64;

/// Prints the way of a request.
pub(super) fn print(
    out: &mut impl Write,
    style: Style,
    document: &Document,
    (request, title): (&Request, &str),
    (answer, explanation): (&Answer<'_>, &Explanation<'_>),
) -> io::Result<()> {
    let paint = Paint { color: style.color };
    let places = Places::of(document, explanation);
    writeln!(out, "{} {title}\n", paint.bold(&request.method))?;
    let mut next = 0;
    for hop in &explanation.hops {
        let width = if hop.place.is_some() { TEXT } else { 0 };
        write!(out, "  {:NAMES$}{:width$}", hop.kind, hop.text)?;
        places.write(out, &paint, &mut next, (hop.place, true))?;
        for (text, place) in &hop.asides {
            let width = if place.is_some() { TEXT } else { 0 };
            write!(out, "  {:NAMES$}{}", "", paint.dim(&format!("{text:width$}")))?;
            places.write(out, &paint, &mut next, (*place, false))?;
        }
    }
    writeln!(out, "\n  {:NAMES$}{}", paint.pad("end", NAMES), end(answer, &paint))?;
    for proviso in &explanation.provisos {
        writeln!(out, "  {:NAMES$}{proviso}", "")?;
    }
    for advice in &explanation.advice {
        writeln!(out, "  {:NAMES$}{advice}", paint.pad("to change", NAMES))?;
    }
    Ok(())
}

fn end(answer: &Answer<'_>, paint: &Paint) -> String {
    let details = &answer.details;
    match (answer.status, answer.flags) {
        (None, _) if answer.is_tcp && details == "tcp_proxy" => paint.good("the connection goes on as TCP"),
        (None, "-") => paint.bad(&format!("the connection is closed: {details}")),
        (None, flags) => paint.bad(&format!("the connection is closed: {flags} {details}")),
        (Some(200), "-") if details == "via_upstream" => paint.good("200 via_upstream, if the upstream answers so"),
        (Some(status), "-") => match status {
            200..400 => paint.good(&format!("{status} {details}")),
            _ => paint.bad(&format!("{status} {details}")),
        },
        (Some(status), flags) => paint.bad(&format!("{status} {flags} {details}")),
    }
}

/// The places of all hops, found in one pass over the text.
struct Places {
    name: String,
    found: Vec<crate::document::Position>,
}

impl Places {
    fn of(document: &Document, explanation: &Explanation<'_>) -> Self {
        let hops = explanation.hops.iter();
        let nodes = hops.flat_map(|hop| std::iter::once(hop.place).chain(hop.asides.iter().map(|(_, place)| *place)));
        let offsets: Vec<u32> = nodes.flatten().map(|node| node.anchor().start).collect();
        Self { name: document.name().to_owned(), found: document.positions(&offsets) }
    }

    /// Writes a place: with the name of the file for a hop, without for what stands beside it.
    fn write(
        &self,
        out: &mut impl Write,
        paint: &Paint,
        next: &mut usize,
        (node, is_hop): (Option<Node<'_>>, bool),
    ) -> io::Result<()> {
        let position = node.and_then(|_| self.found.get(*next));
        *next += usize::from(node.is_some());
        match position {
            Some(position) => {
                let name = if is_hop { &*self.name } else { "" };
                let place = format!("{name}:{}:{}", position.line, position.column);
                writeln!(out, "  {}", paint.place(&place))
            }
            None => writeln!(out),
        }
    }
}

struct Paint {
    color: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn place(&self, text: &str) -> String {
        self.with("36", text)
    }

    fn good(&self, text: &str) -> String {
        self.with("1;32", text)
    }

    fn bad(&self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// Bold, and as wide as the column.
    fn pad(&self, text: &str, width: usize) -> String {
        self.bold(&format!("{text:width$}"))
    }
}
