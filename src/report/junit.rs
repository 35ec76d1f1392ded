//! JUnit's XML: a test suite for each input, a test case for each finding. Errors and warnings are
//! failures, notes are said by tests that pass. It holds no times: same input, same output.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::engine::{Analysis, InputKind};
use crate::finding::{Finding, Severity};

use super::remarks::{paragraph, subject};
use super::xml::{Xml, document, element, parent};

/// What is said of one file.
#[derive(Default)]
struct Suite<'a> {
    findings: Vec<&'a Finding>,
    /// Why it cannot be read.
    unread: Option<&'a str>,
}

impl Suite<'_> {
    fn failures(&self) -> usize {
        self.findings.iter().filter(|finding| is_failure(finding)).count()
    }

    /// A file without findings is one test that passes.
    fn tests(&self) -> usize {
        self.findings.len().max(1)
    }
}

fn is_failure(finding: &Finding) -> bool {
    finding.severity >= Severity::Warning
}

pub(super) fn write(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let suites = suites(analysis);
    let sum = |number: &dyn Fn(&Suite<'_>) -> usize| suites.values().map(number).sum::<usize>().to_string();
    document(out, |xml| {
        let attributes = [
            ("name", "meshlint"),
            ("tests", &*sum(&|suite| suite.tests())),
            ("failures", &*sum(&|suite| suite.failures())),
            ("errors", &*sum(&|suite| usize::from(suite.unread.is_some()))),
        ];
        parent(xml, "testsuites", &attributes, |xml| {
            suites.iter().try_for_each(|(name, suite)| write_suite(xml, name, suite))
        })
    })
}

fn suites(analysis: &Analysis) -> BTreeMap<&str, Suite<'_>> {
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for input in analysis.inputs.iter().filter(|input| input.kind != InputKind::Other) {
        suites.entry(&input.name).or_default();
    }
    for finding in &analysis.findings {
        suites.entry(&finding.location.file).or_default().findings.push(finding);
    }
    for (name, reason) in &analysis.unreadable {
        suites.entry(name).or_default().unread = Some(reason);
    }
    suites
}

fn write_suite(xml: &mut Xml<'_>, name: &str, suite: &Suite<'_>) -> io::Result<()> {
    let attributes = [
        ("name", name),
        ("tests", &*suite.tests().to_string()),
        ("failures", &*suite.failures().to_string()),
        ("errors", &*usize::from(suite.unread.is_some()).to_string()),
    ];
    parent(xml, "testsuite", &attributes, |xml| {
        if suite.findings.is_empty() {
            return write_file_case(xml, name, suite.unread);
        }
        suite.findings.iter().try_for_each(|finding| write_case(xml, name, finding))
    })
}

fn write_file_case(xml: &mut Xml<'_>, name: &str, unread: Option<&str>) -> io::Result<()> {
    let attributes = [("name", "meshlint"), ("classname", name)];
    let Some(reason) = unread else {
        return element(xml, "testcase", &attributes, "");
    };
    let error = [("type", "unreadable"), ("message", reason)];
    parent(xml, "testcase", &attributes, |xml| element(xml, "error", &error, ""))
}

fn write_case(xml: &mut Xml<'_>, file: &str, finding: &Finding) -> io::Result<()> {
    let start = finding.location.start;
    let name = format!("{}: {} ({}:{})", finding.rule.id, subject(finding), start.line, start.column);
    parent(xml, "testcase", &[("name", &name), ("classname", file)], |xml| {
        let text = format!("{file}:{}:{}\n{}", start.line, start.column, paragraph(finding));
        if !is_failure(finding) {
            return element(xml, "system-out", &[], &text);
        }
        let message = format!("{}: {}", finding.severity, finding.message);
        element(xml, "failure", &[("type", finding.rule.id), ("message", &message)], &text)
    })
}
