//! JUnit's XML: a test suite for each file and dump. It holds no times: same input, same output.

use std::io::{self, Write};

use crate::report::xml::{Xml, document, element, parent};

use super::results::{FileResults, Results, TestResult};

pub(super) fn write(out: &mut dyn Write, results: &Results) -> io::Result<()> {
    document(out, |xml| {
        let counts = [results.tests().to_string(), results.failed().to_string()];
        let attributes = [("name", "meshlint test"), ("tests", &*counts[0]), ("failures", &*counts[1])];
        parent(xml, "testsuites", &attributes, |xml| results.files.iter().try_for_each(|file| suite(xml, file)))
    })
}

fn suite(xml: &mut Xml<'_>, file: &FileResults) -> io::Result<()> {
    let failed = file.tests.iter().filter(|test| test.failure.is_some()).count();
    let name = format!("{} for {}", file.file, file.dump);
    let counts = [file.tests.len().to_string(), failed.to_string()];
    let attributes = [("name", &*name), ("tests", &*counts[0]), ("failures", &*counts[1])];
    parent(xml, "testsuite", &attributes, |xml| file.tests.iter().try_for_each(|test| case(xml, file, test)))
}

fn case(xml: &mut Xml<'_>, file: &FileResults, test: &TestResult) -> io::Result<()> {
    let line = test.line.to_string();
    let attributes = [("name", &*test.name), ("classname", &*file.file), ("file", &*file.file), ("line", &*line)];
    let Some(failure) = &test.failure else {
        return element(xml, "testcase", &attributes, "");
    };
    let mut text = failure.end.as_ref().map_or_else(String::new, |end| format!("{} ends in {end}\n", failure.request));
    for (line, column, actual) in failure.wrong() {
        text.push_str(&format!("{}:{line}:{column}: {actual}\n", file.file));
    }
    let message = [("message", &*failure.finding.message)];
    parent(xml, "testcase", &attributes, |xml| element(xml, "failure", &message, &text))
}
