//! From the parser's tree to ours, with what the grammar cannot tell: which functions there are,
//! and what they are for (RFC 9535, section 2.4).

use jsonpath_rust::parser::model as parsed;
use jsonpath_rust::parser::parse_json_path;

use super::compare::Operator;
use super::error::FUNCTIONS;
use super::pattern::Pattern;
use super::{Base, Condition, Name, Operand, Query, QueryError, Segment, Selector, Test};

impl Query {
    /// Reads a query. It starts with `$`, or with `@` where something has been found already.
    ///
    /// # Errors
    /// That it is none, with the place.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let (base, as_absolute) = match text.strip_prefix('@') {
            Some(rest) => (Base::Current, format!("${rest}")),
            None => (Base::Root, text.to_owned()),
        };
        let compiler = Compiler { text: &as_absolute };
        let segments = compiler.segments(&compiler.parse()?)?;
        Ok(Self { base, segments })
    }
}

impl Condition {
    /// Reads a logical expression.
    ///
    /// # Errors
    /// That it is none, with the place.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        const BEFORE: &str = "$[?";
        let as_filter = format!("{BEFORE}{text}]");
        let compiler = Compiler { text: &as_filter };
        let segments = compiler.parse().and_then(|segments| compiler.segments(&segments));
        let segments = segments.map_err(|error| error.moved(BEFORE.len()))?;
        match segments.into_iter().next() {
            Some(Segment::Child(mut selectors)) if selectors.len() == 1 => match selectors.pop() {
                Some(Selector::Filter(test)) => Ok(Self(test)),
                _ => Err(QueryError::of_part("", "", "this is no condition")),
            },
            _ => Err(QueryError::of_part(text, ",", "this is more than one condition")),
        }
    }
}

/// The parser tries again and again what it finds in brackets, three times as often with each level.
const DEEPEST: usize = 10;

/// Where brackets lie too deep in each other.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

struct Compiler<'t> {
    text: &'t str,
}

impl Compiler<'_> {
    fn parse(&self) -> Result<Vec<parsed::Segment>, QueryError> {
        if let Some(at) = too_deep(self.text) {
            let message = format!("brackets lie more than {DEEPEST} deep in each other here");
            return Err(QueryError { at: Some(at), message, help: None });
        }
        let query = parse_json_path(self.text).map_err(|error| QueryError::of_parser(self.text, &error))?;
        Ok(query.segments)
    }

    fn fault(&self, part: &str, message: impl Into<String>) -> QueryError {
        QueryError::of_part(self.text, part, message)
    }

    /// A literal as it is written here.
    fn quoted(&self, text: &str) -> String {
        let double = format!("\"{text}\"");
        if self.text.contains(&double) { double } else { format!("'{text}'") }
    }

    fn segments(&self, segments: &[parsed::Segment]) -> Result<Vec<Segment>, QueryError> {
        segments.iter().map(|segment| self.segment(segment)).collect()
    }

    fn segment(&self, segment: &parsed::Segment) -> Result<Segment, QueryError> {
        Ok(match segment {
            parsed::Segment::Selector(one) => Segment::Child(vec![self.selector(one)?]),
            parsed::Segment::Selectors(all) => Segment::Child(self.selectors(all)?),
            parsed::Segment::Descendant(inner) => match &**inner {
                parsed::Segment::Selector(one) => Segment::Descendant(vec![self.selector(one)?]),
                parsed::Segment::Selectors(all) => Segment::Descendant(self.selectors(all)?),
                parsed::Segment::Descendant(_) => return Err(self.fault("...", "this is no JSONPath")),
            },
        })
    }

    fn selectors(&self, selectors: &[parsed::Selector]) -> Result<Vec<Selector>, QueryError> {
        selectors.iter().map(|selector| self.selector(selector)).collect()
    }

    fn selector(&self, selector: &parsed::Selector) -> Result<Selector, QueryError> {
        Ok(match selector {
            parsed::Selector::Name(name) => Selector::Name(self.name(name)?),
            parsed::Selector::Wildcard => Selector::Wildcard,
            parsed::Selector::Index(index) => Selector::Index(*index),
            parsed::Selector::Slice(start, end, step) => {
                Selector::Slice { start: *start, end: *end, step: step.unwrap_or(1) }
            }
            parsed::Selector::Filter(filter) => Selector::Filter(self.filter(filter)?),
        })
    }

    /// The parser takes `.my name` for a name.
    fn name(&self, name: &str) -> Result<Name, QueryError> {
        match name.contains(char::is_whitespace) && !self.text.contains(&self.quoted(name)) {
            true => Err(self.fault(name, "a name with a blank stands in brackets and quotes: `['my name']`")),
            false => Ok(Name::of(name)),
        }
    }

    fn filter(&self, filter: &parsed::Filter) -> Result<Test, QueryError> {
        let all = |filters: &[parsed::Filter]| {
            filters.iter().map(|filter| self.filter(filter)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match filter {
            parsed::Filter::Or(filters) => Test::Any(all(filters)?),
            parsed::Filter::And(filters) => Test::All(all(filters)?),
            parsed::Filter::Atom(atom) => self.atom(atom)?,
        })
    }

    fn atom(&self, atom: &parsed::FilterAtom) -> Result<Test, QueryError> {
        let unless = |not: bool, test: Test| if not { Test::Not(Box::new(test)) } else { test };
        Ok(match atom {
            parsed::FilterAtom::Filter { expr, not } => unless(*not, self.filter(expr)?),
            parsed::FilterAtom::Test { expr, not } => unless(*not, self.test(expr)?),
            parsed::FilterAtom::Comparison(comparison) => self.comparison(comparison)?,
        })
    }

    fn test(&self, test: &parsed::Test) -> Result<Test, QueryError> {
        match test {
            parsed::Test::Function(function) => self.test_function(function),
            query => Ok(Test::Exists(self.query(query)?)),
        }
    }

    fn test_function(&self, function: &parsed::TestFunction) -> Result<Test, QueryError> {
        use parsed::TestFunction::{Count, Custom, Length, Match, Search, Value};
        let (value, pattern, is_whole) = match function {
            Match(value, pattern) => (value, pattern, true),
            Search(value, pattern) => (value, pattern, false),
            Custom(name, _) => return Err(self.unknown_function(name)),
            Length(_) => return Err(self.fault("length", "`length(…)` is a number: compare it with another one")),
            Count(_) => return Err(self.fault("count", "`count(…)` is a number: compare it with another one")),
            Value(_) => return Err(self.fault("value", "`value(…)` is a value: compare it with another one")),
        };
        let pattern = match self.operand_of(pattern)? {
            Operand::Text(text) => Pattern::fixed(&text, is_whole).map_err(|why| {
                let mut fault = self.fault(&self.quoted(&text), "this is no regular expression");
                fault.help = Some(why);
                fault
            })?,
            other => Pattern::computed(other, is_whole),
        };
        Ok(Test::Matches(self.operand_of(value)?, pattern))
    }

    fn unknown_function(&self, name: &str) -> QueryError {
        let mut fault = self.fault(name, format!("there is no function `{name}`"));
        fault.help = Some(FUNCTIONS.to_owned());
        fault
    }

    fn comparison(&self, comparison: &parsed::Comparison) -> Result<Test, QueryError> {
        let operator = match comparison {
            parsed::Comparison::Eq(..) => Operator::Equal,
            parsed::Comparison::Ne(..) => Operator::Unequal,
            parsed::Comparison::Gt(..) => Operator::Greater,
            parsed::Comparison::Gte(..) => Operator::GreaterOrEqual,
            parsed::Comparison::Lt(..) => Operator::Less,
            parsed::Comparison::Lte(..) => Operator::LessOrEqual,
        };
        let (left, right) = comparison.vals();
        Ok(Test::Compare(operator, self.comparable(left)?, self.comparable(right)?))
    }

    fn comparable(&self, comparable: &parsed::Comparable) -> Result<Operand, QueryError> {
        match comparable {
            parsed::Comparable::Literal(literal) => Ok(operand(literal)),
            parsed::Comparable::Function(function) => self.function(function),
            parsed::Comparable::SingularQuery(query) => Ok(Operand::Node(singular(query))),
        }
    }

    fn function(&self, function: &parsed::TestFunction) -> Result<Operand, QueryError> {
        use parsed::TestFunction::{Count, Custom, Length, Match, Search, Value};
        match function {
            Length(value) => Ok(Operand::Length(Box::new(self.operand_of(value)?))),
            Count(nodes) => Ok(Operand::Count(self.nodes_of(nodes, "count")?)),
            Value(nodes) => Ok(Operand::Node(self.nodes_of(nodes, "value")?)),
            Match(..) => Err(self.fault("match", "`match(…)` is true or false by itself: it is not compared")),
            Search(..) => Err(self.fault("search", "`search(…)` is true or false by itself: it is not compared")),
            Custom(name, _) => Err(self.unknown_function(name)),
        }
    }

    /// An argument that is one value.
    fn operand_of(&self, argument: &parsed::FnArg) -> Result<Operand, QueryError> {
        match argument {
            parsed::FnArg::Literal(literal) => Ok(operand(literal)),
            parsed::FnArg::Test(test) => match &**test {
                parsed::Test::Function(function) => self.function(function),
                query => {
                    let query = self.query(query)?;
                    match query.is_singular() {
                        true => Ok(Operand::Node(query)),
                        false => Err(self.fault("(", "this argument must select one value at most")),
                    }
                }
            },
            parsed::FnArg::Filter(_) => Err(self.fault("(", "a condition is no argument of a function")),
        }
    }

    /// An argument that is the nodes of a query.
    fn nodes_of(&self, argument: &parsed::FnArg, function: &str) -> Result<Query, QueryError> {
        match argument {
            parsed::FnArg::Test(test) if !matches!(**test, parsed::Test::Function(_)) => self.query(test),
            _ => Err(self.fault(function, format!("the argument of `{function}(…)` is a query"))),
        }
    }

    fn query(&self, test: &parsed::Test) -> Result<Query, QueryError> {
        match test {
            parsed::Test::RelQuery(segments) => Ok(Query { base: Base::Current, segments: self.segments(segments)? }),
            parsed::Test::AbsQuery(query) => Ok(Query { base: Base::Root, segments: self.segments(&query.segments)? }),
            parsed::Test::Function(_) => Err(self.fault("(", "a query is expected here")),
        }
    }
}

fn operand(literal: &parsed::Literal) -> Operand {
    match literal {
        #[allow(clippy::cast_precision_loss)] // the grammar has no integers beyond 2^53
        parsed::Literal::Int(number) => Operand::Number(*number as f64),
        parsed::Literal::Float(number) => Operand::Number(*number),
        parsed::Literal::String(text) => Operand::Text(text.as_str().into()),
        parsed::Literal::Bool(value) => Operand::Bool(*value),
        parsed::Literal::Null => Operand::Null,
    }
}

fn singular(query: &parsed::SingularQuery) -> Query {
    let (base, segments) = match query {
        parsed::SingularQuery::Current(segments) => (Base::Current, segments),
        parsed::SingularQuery::Root(segments) => (Base::Root, segments),
    };
    let segment = |segment: &parsed::SingularQuerySegment| match segment {
        parsed::SingularQuerySegment::Index(index) => Segment::Child(vec![Selector::Index(*index)]),
        parsed::SingularQuerySegment::Name(name) => Segment::Child(vec![Selector::Name(Name::of(name))]),
    };
    Query { base, segments: segments.iter().map(segment).collect() }
}

impl Name {
    /// Words in camelCase or snake_case are fields, which have both spellings.
    fn of(name: &str) -> Self {
        let is_word = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let has_upper = name.bytes().any(|b| b.is_ascii_uppercase());
        let has_underscore = name.contains('_');
        if !is_word || has_upper == has_underscore {
            return Self::Exact(name.into());
        }
        let mut snake = String::with_capacity(name.len() + 4);
        for letter in name.chars() {
            if letter.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
        }
        Self::Field(snake.into())
    }
}
