//! `--format FORMAT[=FILE]`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command};

use crate::engine::Analysis;
use crate::report::{self, Format, Style};

/// The file that stands for standard output.
const STDOUT: &str = "-";

/// One report: how, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    /// How it looks.
    pub(super) format: Format,
    /// The file; standard output if there is none.
    pub(super) file: Option<PathBuf>,
}

impl Output {
    /// Writes the report to its file, if it has one.
    pub(super) fn write_file(&self, analysis: &Analysis) -> Result<(), String> {
        let Some(path) = &self.file else { return Ok(()) };
        let style = Style { color: false, hyperlinks: false, width: 140 };
        let write = || -> io::Result<()> {
            let mut out = io::BufWriter::new(File::create(path)?);
            report::write(analysis, self.format, style, &mut out)?;
            out.flush()
        };
        write().map_err(|error| format!("cannot write the report {}: {error}", path.display()))
    }
}

/// Which format goes to standard output. Without any `--format` it is the full one.
///
/// # Errors
/// Two reports have one destination: the second would replace the first.
pub(super) fn to_stdout(outputs: &[Output]) -> Result<Option<Format>, String> {
    let files = || outputs.iter().filter_map(|output| output.file.as_ref());
    if let Some((_, twice)) = files().enumerate().find(|(place, file)| files().take(*place).any(|other| other == *file))
    {
        return Err(format!("two reports would be written to {}: give each a file of its own", twice.display()));
    }
    if outputs.is_empty() {
        return Ok(Some(Format::default()));
    }
    let mut on_stdout = outputs.iter().filter(|output| output.file.is_none());
    let first = on_stdout.next().map(|output| output.format);
    match on_stdout.next() {
        Some(second) => Err(format!(
            "only one report can go to standard output: write the other one to a file, --format {}=FILE",
            name(second.format)
        )),
        None => Ok(first),
    }
}

fn name(format: Format) -> String {
    use clap::ValueEnum;
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Reads `FORMAT[=FILE]`, with the hints that clap gives for names.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Output, clap::Error> {
        let text = value.to_string_lossy();
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (&*text, None),
        };
        let format = EnumValueParser::<Format>::new().parse_ref(command, argument, OsStr::new(format))?;
        if file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
            let message = format!("--format {text} names no file\n");
            return Err(command.clone().error(clap::error::ErrorKind::InvalidValue, message));
        }
        Ok(Output { format, file: file.filter(|file| file.as_os_str() != STDOUT) })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        use clap::ValueEnum;
        Some(Box::new(Format::value_variants().iter().filter_map(Format::to_possible_value)))
    }
}
