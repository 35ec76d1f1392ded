//! What came of all tests, without the documents.

use serde_json::{Value, json};

use crate::document::Document;
use crate::envoy::Dump;
use crate::finding::{Draft, Family, Finding, Meta, Severity, resolve};
use crate::route_tests::{Case, Coverage, Failure, Reached, RouteTests, Scope, judge, test_of};
use crate::simulate::{Branch, Simulator};

/// Gives failures their places; nobody sees it.
static ROUTE_TEST: Meta = Meta { id: "route-test", family: Family::Routing, severity: Severity::Error, aliases: &[] };

/// The results of all files.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) files: Vec<FileResults>,
    pub(super) min_coverage: Option<f64>,
}

/// The results of one file of tests for one dump.
#[derive(Debug)]
pub(super) struct FileResults {
    /// The file of tests.
    pub(super) file: String,
    /// The dump.
    pub(super) dump: String,
    pub(super) tests: Vec<TestResult>,
    pub(super) coverage: Option<CoverageResult>,
}

/// What came of a test.
#[derive(Debug)]
pub(super) struct TestResult {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) failure: Option<TestFailure>,
}

/// Why a test failed, with the source of it.
#[derive(Debug)]
pub(super) struct TestFailure {
    /// The places, with what is so instead.
    pub(super) finding: Finding,
    /// The request.
    pub(super) request: String,
    /// How it ended.
    pub(super) end: Option<String>,
    pub(super) provisos: Vec<String>,
    pub(super) answer: Value,
}

/// Which routes the tests reach.
#[derive(Debug)]
pub(super) struct CoverageResult {
    pub(super) routes: usize,
    pub(super) reached: usize,
    pub(super) percent: f64,
    pub(super) missing: Vec<MissingRoute>,
}

/// A route that no test reaches.
#[derive(Debug)]
pub(super) struct MissingRoute {
    pub(super) what: String,
    pub(super) line: u32,
    pub(super) column: u32,
    /// A test that reaches it, where a request is known that does.
    pub(super) test: Option<String>,
}

impl Results {
    pub(super) fn tests(&self) -> usize {
        self.files.iter().map(|file| file.tests.len()).sum()
    }

    pub(super) fn failed(&self) -> usize {
        self.files.iter().flat_map(|file| &file.tests).filter(|test| test.failure.is_some()).count()
    }

    /// Whether tests reach less than they have to.
    pub(super) fn lacks_coverage(&self) -> bool {
        let least = self.min_coverage.unwrap_or(0.0);
        self.files.iter().filter_map(|file| file.coverage.as_ref()).any(|coverage| coverage.percent < least)
    }

    pub(super) fn to_json(&self) -> Value {
        let files: Vec<Value> = self.files.iter().map(FileResults::to_json).collect();
        json!({"version": 1, "tests": self.tests(), "failed": self.failed(), "files": files})
    }
}

impl FileResults {
    pub(super) fn of<'d>(
        tests: &RouteTests<'_>,
        document: &Document,
        dump: &Dump<'d>,
        simulator: &Simulator<'d>,
        scope: Option<Scope>,
    ) -> Self {
        let mut reached = Reached::default();
        let mut results = Vec::new();
        for case in &tests.cases {
            let verdict = judge(case, dump, simulator);
            verdict.branches.iter().for_each(|branch| reached.add(branch));
            let line = document.position(case.name.span().start).line;
            let failure = verdict.failure.map(|failure| TestFailure::of(case, failure));
            results.push(TestResult { name: case.name.value.to_owned(), line, failure });
        }
        let coverage =
            scope.map(|scope| CoverageResult::of(dump, simulator, &Coverage::of(simulator, &reached, scope)));
        let (file, dump) = (document.name().to_owned(), dump.document.name().to_owned());
        Self { file, dump, tests: results, coverage }
    }

    fn to_json(&self) -> Value {
        let tests: Vec<Value> = self.tests.iter().map(TestResult::to_json).collect();
        let mut file = json!({"file": self.file, "dump": self.dump, "tests": tests});
        if let Some(coverage) = &self.coverage {
            let missing = coverage.missing.iter();
            let missing = missing.map(|m| json!({"route": m.what, "line": m.line, "column": m.column, "test": m.test}));
            file["coverage"] = json!({
                "routes": coverage.routes,
                "reached": coverage.reached,
                "percent": coverage.percent,
                "missing": missing.collect::<Vec<_>>(),
            });
        }
        file
    }
}

impl TestResult {
    fn to_json(&self) -> Value {
        let mut test = json!({"name": self.name, "line": self.line, "passed": self.failure.is_none()});
        let Some(failure) = &self.failure else { return test };
        test["request"] = json!(failure.request);
        test["wrong"] = failure
            .wrong()
            .map(|(line, column, label)| json!({"line": line, "column": column, "actual": label}))
            .collect();
        test["answer"] = failure.answer.clone();
        test["provisos"] = json!(failure.provisos);
        test["help"] = json!(failure.finding.help);
        test
    }
}

impl TestFailure {
    fn of(case: &Case<'_>, failure: Failure<'_, '_>) -> Self {
        let mut wrong = failure.wrong.into_iter();
        let (place, label) = wrong.next().unwrap_or((case.name.node, String::new()));
        let mut draft = Draft::new(place, format!("failed: {}", case.name.value)).label(label);
        for (place, label) in wrong {
            draft = draft.related(place, label);
        }
        let explanation = failure.explanation;
        // Of the way of the request the last step with a place says what decided it.
        let ends_at_filter = failure.end.as_ref().is_some_and(|end| end.answer.is_answered_by_filter());
        let kinds: &[&str] = if ends_at_filter { &["filter"] } else { &DECIDING };
        let hops = explanation.iter().flat_map(|explanation| &explanation.hops);
        let deciding =
            hops.filter(|hop| kinds.contains(&hop.kind)).filter_map(|hop| Some((hop, hop.place?))).next_back();
        if let Some((hop, place)) = deciding {
            draft = draft.related(place, format!("{} {}", hop.kind, hop.text));
        }
        if let Some(advice) = explanation.iter().flat_map(|explanation| &explanation.advice).next() {
            draft = draft.help(format!("if the expectation is right: {advice}"));
        }
        let finding = resolve(vec![(&ROUTE_TEST, draft)]).pop();
        let end = failure.end;
        Self {
            finding: finding.unwrap_or_else(|| unreachable!("a draft becomes a finding")),
            request: case.shown(),
            end: end.as_ref().map(end_of),
            provisos: end.as_ref().map(|end| end.provisos.clone()).unwrap_or_default(),
            answer: end.as_ref().map(|end| end.answer.to_json(&Value::Null)).unwrap_or_default(),
        }
    }

    /// Line, column and what is so instead, of each expectation that does not hold.
    pub(super) fn wrong(&self) -> impl Iterator<Item = (u32, u32, &str)> {
        let first = std::iter::once((&self.finding.location, &self.finding.label));
        let related = self.finding.related.iter().map(|related| (&related.location, &related.label));
        let in_file = first.chain(related).filter(|(location, _)| location.file == self.finding.location.file);
        in_file.map(|(location, label)| (location.start.line, location.start.column, &**label))
    }
}

/// The hops that decide where a request ends, in their order.
const DECIDING: [&str; 4] = ["listener", "filter chain", "virtual host", "route"];

/// An end in a line: `503 NC cluster_not_found`.
fn end_of(end: &Branch<'_>) -> String {
    let answer = &end.answer;
    let flags = if answer.flags == "-" { String::new() } else { format!(" {}", answer.flags) };
    match answer.status {
        Some(status) => format!("{status}{flags} {}", answer.details),
        None if answer.is_tcp && answer.details == "tcp_proxy" => "a TCP proxy".to_owned(),
        None => format!("a closed connection:{flags} {}", answer.details),
    }
}

impl CoverageResult {
    fn of<'d>(dump: &Dump<'d>, simulator: &Simulator<'d>, coverage: &Coverage<'d>) -> Self {
        let mut missing = Vec::new();
        for (host, places) in &coverage.missing {
            for place in places {
                let Some((route, _)) = host.routes.get(*place) else { continue };
                let what = format!("{} {} #{place} {}", host.config.name(), host.host.name(), route.name());
                let test = test_of(simulator, host, *place);
                missing.push((what.trim_end().to_owned(), route.node.anchor().start, test));
            }
        }
        let offsets: Vec<u32> = missing.iter().map(|(_, offset, _)| *offset).collect();
        let positions = dump.document.positions(&offsets);
        let missing = missing.into_iter().zip(positions).map(|((what, _, test), position)| MissingRoute {
            what,
            line: position.line,
            column: position.column,
            test,
        });
        Self {
            routes: coverage.routes,
            reached: coverage.reached,
            percent: coverage.percent(),
            missing: missing.collect(),
        }
    }
}
