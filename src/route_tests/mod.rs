//! Route tests: requests with what is expected of them, which make a unit test of a mesh.
//!
//! A file of them is read with our own reader, so that whatever is wrong with it is shown where it
//! stands, and so is an expectation that does not hold. What it may hold is told once, in [`keys`];
//! the schema and the hints follow.

mod coverage;
mod judge;
mod keys;
mod property;
mod read;
mod write;

use crate::document::{Node, Spanned};
use crate::envoy::Dump;
use crate::simulate::{EnvoyVersion, Line, Request, Url};

pub(crate) use coverage::Reached;
pub use coverage::{Coverage, Scope};
pub use judge::{Failure, Verdict, judge};
pub use keys::schema;
pub use property::Property;
pub use read::{parse, read};
pub use write::{all_tests, test_of};

/// How the names of files with route tests end, by which they are found in folders.
pub const ENDINGS: [&str; 2] = [".test.yaml", ".test.yml"];

/// A file of route tests.
#[derive(Debug, Default)]
pub struct RouteTests<'t> {
    /// The dumps that the tests are for, relative to the file.
    pub dumps: Vec<Spanned<'t, &'t str>>,
    /// Envoy's version, where the dump names none.
    pub envoy_version: Option<EnvoyVersion>,
    /// The tests.
    pub cases: Vec<Case<'t>>,
}

/// A request with what is expected of it.
#[derive(Debug)]
pub struct Case<'t> {
    /// What it is about.
    pub name: Spanned<'t, &'t str>,
    /// Where it is expected to end.
    pub expected: Expected<'t>,
    line: Line,
    url: Option<Url>,
    /// Whether the file says that the connection is not encrypted.
    is_plaintext: bool,
}

/// Where a request is expected to end.
#[derive(Debug)]
pub enum Expected<'t> {
    /// There, whatever chance and what the dump does not tell may decide.
    Always(Outcome<'t>),
    /// In each of these ways, and in no other.
    Branches(Vec<Outcome<'t>>),
}

/// What is expected of an end.
#[derive(Debug)]
pub struct Outcome<'t> {
    /// Where it is written.
    pub node: Node<'t>,
    /// What is said of it; nothing else is looked at.
    pub expectations: Vec<Expectation<'t>>,
}

/// What is expected of one property of an end.
#[derive(Debug)]
pub struct Expectation<'t> {
    /// The property.
    pub property: Property,
    /// Where it is written.
    pub node: Node<'t>,
    accepted: Accepted,
}

/// The values that meet an expectation.
#[derive(Debug)]
enum Accepted {
    /// One of these; nothing stands for that there is none.
    OneOf(Vec<Option<String>>),
    /// All of these together, in any order.
    All(Vec<String>),
}

impl<'t> Expected<'t> {
    /// The ends that are told of.
    fn outcomes(&self) -> &[Outcome<'t>] {
        match self {
            Self::Always(outcome) => std::slice::from_ref(outcome),
            Self::Branches(outcomes) => outcomes,
        }
    }
}

impl Case<'_> {
    /// The request as a client of this proxy sends it.
    pub fn request(&self, dump: &Dump<'_>) -> Request {
        let mut request = self.line.request.clone();
        if let Some(url) = &self.url {
            request.connection = request.connection.toward(url, dump, self.is_plaintext);
        }
        request
    }

    /// The request in a line.
    pub fn shown(&self) -> String {
        self.line.request.to_string()
    }
}
