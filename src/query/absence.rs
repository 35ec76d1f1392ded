//! Whether a query takes something for proof that is not there.

use super::compare::Operator;
use super::{Condition, Operand, Query, Segment, Selector, Test};

impl Query {
    /// Whether something could be selected only because something else is missing, so that nothing
    /// follows from a text of which a part is lost.
    pub fn relies_on_absence(&self) -> bool {
        self.segments.iter().any(|segment| {
            let (Segment::Child(selectors) | Segment::Descendant(selectors)) = segment;
            selectors.iter().any(|selector| matches!(selector, Selector::Filter(test) if test.relies_on_absence()))
        })
    }
}

impl Condition {
    /// The same of a condition.
    pub fn relies_on_absence(&self) -> bool {
        self.0.relies_on_absence()
    }
}

impl Test {
    fn relies_on_absence(&self) -> bool {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().any(Self::relies_on_absence),
            Self::Not(_) | Self::Compare(Operator::Unequal, ..) => true,
            Self::Exists(query) => query.relies_on_absence(),
            Self::Compare(_, left, right) => left.counts() || right.counts() || left.is_query() && right.is_query(),
            Self::Matches(..) => false,
        }
    }
}

impl Operand {
    /// Fewer than there were may be left.
    fn counts(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Length(_))
    }

    /// Two queries are equal if both select nothing.
    fn is_query(&self) -> bool {
        matches!(self, Self::Node(_))
    }
}
