//! JSONPath ([RFC 9535](https://www.rfc-editor.org/rfc/rfc9535)) over documents: what a query
//! selects are nodes, so that their places are known.
//!
//! Queries are parsed by the crate `jsonpath-rust` and evaluated here. Its own evaluation works on
//! types that hand out references to their children and can be built of any value (`Queryable`
//! asks for `Default` and `From<Vec<Self>>`), which nodes on a tape cannot; and it writes down the
//! normalized path of everything it passes, which costs more than reading the document does.
//!
//! Two things are as protobuf has them, because that is what is queried: a member that is null is
//! as if it were not there, and a name finds a field in snake_case and in camelCase.

mod absence;
mod compare;
mod compile;
mod error;
mod evaluate;
mod pattern;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]
mod tests;

pub use error::QueryError;
pub use evaluate::Scope;

use compare::Operator;
use pattern::Pattern;

/// A query.
#[derive(Clone, Debug)]
pub struct Query {
    base: Base,
    segments: Vec<Segment>,
}

/// A logical expression, as it stands in the brackets of a filter.
#[derive(Clone, Debug)]
pub struct Condition(Test);

/// What a query starts at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// `$`
    Root,
    /// `@`
    Current,
}

#[derive(Clone, Debug)]
enum Segment {
    /// Of the children.
    Child(Vec<Selector>),
    /// Of the node, its children, their children, and so on.
    Descendant(Vec<Selector>),
}

#[derive(Clone, Debug)]
enum Selector {
    Name(Name),
    Wildcard,
    Index(i64),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Test),
}

/// The name of a member.
#[derive(Clone, Debug)]
enum Name {
    /// It has one spelling.
    Exact(Box<str>),
    /// It has two; this is the one in snake_case.
    Field(Box<str>),
}

#[derive(Clone, Debug)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Exists(Query),
    Compare(Operator, Operand, Operand),
    Matches(Operand, Pattern),
}

/// What is compared.
#[derive(Clone, Debug)]
enum Operand {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    /// The one value that a query selects, if it does.
    Node(Query),
    /// `length(…)`
    Length(Box<Operand>),
    /// `count(…)`
    Count(Query),
}
