//! What the documentation prints under a command is what the command prints. Its inputs are files of
//! this repository or of `../shared`; a name that several files have stands for any of them.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use support::{everything_in, meshlint, run_with};

/// Pages with commands whose inputs are at hand. The others make theirs on the way.
const PAGES: [&str; 2] = ["docs/istioctl.md", "docs/trace.md"];
/// More files of one name than that are not tried.
const MOST_TRIES: usize = 400;

/// How the names of files end.
const ENDINGS: [&str; 6] = [".json", ".jsonl", ".yaml", ".txt", ".gz", ".zip"];

/// What pages call a file for short, and its name.
const ALIASES: [(&str, &str); 3] = [
    ("productpage.json", "default.productpage-v1.json"),
    ("frontend.json", "shop.frontend.json"),
    ("authz.json", "alpha.web-v1.json.gz"),
];

struct Example {
    place: String,
    command: Vec<String>,
    output: Vec<String>,
}

/// The commands of a page with what stands under them.
fn examples(page: &str, text: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let (mut within, mut continued) = (false, false);
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            within = line == "```console";
            continued = false;
        }
        if !within || line.starts_with("```") {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            continued = command.ends_with('\\');
            let words = words(command.trim_end_matches('\\'));
            found.push(Example { place: format!("{page}:{}", number + 1), command: words, output: Vec::new() });
        } else if let Some(example) = found.last_mut() {
            match continued {
                true => example.command.extend(words(line.trim_end_matches('\\'))),
                false => example.output.push(line.trim_end().to_owned()),
            }
            continued = continued && line.ends_with('\\');
        }
    }
    found.retain(|example| !example.output.is_empty());
    found
}

/// The words of a command as a shell cuts them.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for letter in command.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The ways to read a command: each file that it names is one of those with the name. None if there
/// is none with one of the names.
fn readings(command: &[String], known: &BTreeMap<String, Vec<PathBuf>>) -> Vec<Vec<(String, PathBuf)>> {
    let mut readings: Vec<Vec<(String, PathBuf)>> = vec![Vec::new()];
    let mut named: Vec<&str> = command.iter().map(|word| word.rsplit('=').next().unwrap()).collect();
    named.sort_unstable();
    named.dedup();
    for name in named {
        // Members of bundles are called `clusters` and the like, as commands are.
        if !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let Some(files) = known.get(name) else { return Vec::new() };
        let with = |reading: &Vec<(String, PathBuf)>| {
            let one = |file: &PathBuf| [&reading[..], &[(name.to_owned(), file.clone())]].concat();
            files.iter().map(one).collect::<Vec<_>>()
        };
        readings = readings.iter().flat_map(with).collect();
    }
    // Files of one folder belong together.
    let strangers = |reading: &Vec<(String, PathBuf)>| {
        let mut folders: Vec<_> = reading.iter().map(|(_, file)| file.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        folders.len()
    };
    readings.sort_by_key(strangers);
    readings.truncate(MOST_TRIES);
    readings
}

/// What a command prints, with the names that the page uses.
fn printed(example: &Example, reading: &[(String, PathBuf)]) -> Vec<String> {
    let real = |word: &String| {
        let file = reading.iter().find(|(name, _)| word == name || word.ends_with(&format!("={name}")));
        file.map_or_else(|| word.clone(), |(name, file)| word.replace(name.as_str(), &file.display().to_string()))
    };
    let mut command = meshlint();
    command.args(example.command.iter().skip(1).map(real));
    let ran = run_with(command, b"");
    let text =
        reading.iter().fold(ran.out + &ran.err, |text, (name, file)| text.replace(&file.display().to_string(), name));
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether lines are as expected, where `…` stands for any of them.
fn is_as_expected(lines: &[String], expected: &[String]) -> bool {
    match expected {
        [] => lines.is_empty(),
        [dots, rest @ ..] if dots.trim() == "…" => {
            (0..=lines.len()).any(|skipped| is_as_expected(&lines[skipped..], rest))
        }
        [first, rest @ ..] => {
            lines.first().is_some_and(|line| is_line(line, first)) && is_as_expected(&lines[1..], rest)
        }
    }
}

/// Whether a line is as expected, which may be cut where the page ends.
fn is_line(line: &str, expected: &str) -> bool {
    line == expected || expected.strip_suffix('…').is_some_and(|start| line.starts_with(start))
}

#[test]
fn documented_commands_print_what_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(shared) = support::shared("corpus") else { return };
    let mut known: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in [shared.as_path(), &shared.join("../conformance"), &root.join("examples")].map(everything_in).concat() {
        known.entry(file.file_name().unwrap().to_string_lossy().into_owned()).or_default().push(file);
    }
    for (short, name) in ALIASES {
        let files = known.get(name).cloned();
        known.insert(short.to_owned(), files.unwrap_or_default());
    }
    let (mut right, mut wrong, mut unknown) = (0, Vec::new(), Vec::new());
    for page in PAGES {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        for example in examples(page, &text) {
            match example.command[0].as_str() {
                "meshlint" => {}
                "cat" => {
                    let name = &example.command[1];
                    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documented_commands").join(name);
                    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                    std::fs::write(&file, example.output.join("\n")).unwrap();
                    known.insert(name.clone(), vec![file]);
                    continue;
                }
                _ => continue,
            }
            let readings = readings(&example.command, &known);
            if readings.is_empty() {
                unknown.push(format!("{} {}", example.place, example.command.join(" ")));
                continue;
            }
            match readings.iter().any(|reading| is_as_expected(&printed(&example, reading), &example.output)) {
                true => right += 1,
                false => wrong.push(format!("{} {}", example.place, example.command.join(" "))),
            }
        }
    }
    println!("{right} commands print what is documented; inputs not at hand: {unknown:#?}; wrong: {wrong:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
