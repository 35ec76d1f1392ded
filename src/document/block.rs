//! YAML block scalars (`|` and `>`): from what is written to what is meant.

/// Decodes a block scalar from its header on. Indentation is that of its first line with content,
/// as YAML 1.2 §8.1 detects it; scalars with an explicit indentation never come here.
pub(super) fn decode(raw: &str) -> String {
    let (header, body) = raw.split_once('\n').unwrap_or((raw, ""));
    let folded = header.starts_with('>');
    let lines: Vec<&str> = body.lines().collect();
    let indent = lines.iter().find_map(|line| indentation(line)).unwrap_or(0);
    let content: Vec<&str> = lines
        .iter()
        .map(
            |line| {
                if indentation(line).is_some() { line.get(indent..).unwrap_or("") } else { blank_rest(line, indent) }
            },
        )
        .collect();
    let last = content.iter().rposition(|line| !line.is_empty());
    let kept = last.map_or(&content[..0], |last| &content[..=last]);
    let mut text = if folded { fold(kept) } else { kept.join("\n") };
    chomp(&mut text, header, content.len() - kept.len(), body.ends_with('\n'));
    text
}

/// The number of leading spaces of a line that has more than spaces.
fn indentation(line: &str) -> Option<usize> {
    let content = line.trim_start_matches(' ');
    (!content.is_empty()).then(|| line.len() - content.len())
}

/// Spaces beyond the indentation are content even on a line that has nothing else.
fn blank_rest(line: &str, indent: usize) -> &str {
    line.get(indent..).unwrap_or("")
}

/// Joins lines as `>` does: a line break between two plain lines is a space, an empty line is a
/// break, lines that are indented further keep theirs.
fn fold(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut pending_breaks = 0;
    let mut previous_indented = false;
    let mut started = false;
    for line in lines {
        if line.is_empty() {
            pending_breaks += 1;
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        if started {
            match (pending_breaks, previous_indented || indented) {
                (0, false) => text.push(' '),
                (breaks, false) => text.extend(std::iter::repeat_n('\n', breaks)),
                (breaks, true) => text.extend(std::iter::repeat_n('\n', breaks + 1)),
            }
        } else {
            text.extend(std::iter::repeat_n('\n', pending_breaks));
        }
        text.push_str(line);
        pending_breaks = 0;
        previous_indented = indented;
        started = true;
    }
    text
}

fn chomp(text: &mut String, header: &str, empty_lines: usize, ends_with_break: bool) {
    let indicators = header.get(1..).unwrap_or("").split('#').next().unwrap_or("").trim();
    match indicators {
        "-" => {}
        "+" => {
            if !text.is_empty() && (empty_lines > 0 || ends_with_break) {
                text.push('\n');
            }
            text.extend(std::iter::repeat_n('\n', empty_lines));
        }
        _ if text.is_empty() => {}
        _ if ends_with_break || empty_lines > 0 => text.push('\n'),
        _ => {}
    }
}
