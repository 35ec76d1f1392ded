//! Selectors of labels as Kubernetes has them
//! (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements>).

use crate::document::Node;

use super::Labels;

/// `matchLabels` and `matchExpressions`. It outlives what it was read from.
#[derive(Clone, Debug, Default)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Unknown,
}

impl LabelSelector {
    /// Reads a selector. One without conditions selects everything.
    pub fn of(node: Node<'_>) -> Self {
        let text = |node: Node<'_>| node.text().unwrap_or_default().to_owned();
        let equal = node.get("matchLabels").into_iter().flat_map(Node::entries).map(|(key, value)| Requirement {
            key: key.text.to_owned(),
            operator: Operator::In,
            values: vec![text(value)],
        });
        let expressions =
            node.get("matchExpressions").into_iter().flat_map(Node::items).map(|expression| Requirement {
                key: expression.get("key").map(text).unwrap_or_default(),
                operator: Operator::parse(expression.get("operator").and_then(Node::text).unwrap_or_default()),
                values: expression.get("values").into_iter().flat_map(Node::items).map(text).collect(),
            });
        Self { requirements: equal.chain(expressions).collect() }
    }

    /// Whether it selects what has these labels. A condition that nobody knows is taken to be met.
    pub fn selects(&self, labels: &Labels<'_>) -> bool {
        self.requirements.iter().all(|requirement| requirement.is_met_by(labels.get(&requirement.key)))
    }
}

impl Requirement {
    fn is_met_by(&self, value: Option<&str>) -> bool {
        let is_listed = value.is_some_and(|value| self.values.iter().any(|listed| listed == value));
        match self.operator {
            Operator::In => is_listed,
            Operator::NotIn => !is_listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Unknown => true,
        }
    }
}

impl Operator {
    fn parse(name: &str) -> Self {
        match name {
            "In" => Self::In,
            "NotIn" => Self::NotIn,
            "Exists" => Self::Exists,
            "DoesNotExist" => Self::DoesNotExist,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::input::Text;

    #[test]
    fn all_conditions_count() {
        let selects = |selector: &str, labels: &[(&'static str, &'static str)]| {
            let document = Document::read("", Text::from(selector));
            let labels = Labels::from_pairs(labels.iter().copied());
            document.roots().next().is_some_and(|root| LabelSelector::of(root).selects(&labels))
        };
        let both = "matchLabels: {mesh: on}\nmatchExpressions: [{key: stage, operator: In, values: [a, b]}]";
        assert!(selects(both, &[("mesh", "on"), ("stage", "b")]));
        assert!(!selects(both, &[("mesh", "on"), ("stage", "c")]));
        assert!(!selects(both, &[("stage", "a")]));
        let not = "matchExpressions: [{key: stage, operator: NotIn, values: [a]}, {key: off, operator: DoesNotExist}]";
        assert!(selects(not, &[]) && selects(not, &[("stage", "b")]));
        assert!(!selects(not, &[("stage", "a")]) && !selects(not, &[("off", "")]));
        assert!(selects("matchExpressions: [{key: x, operator: Exists}]", &[("x", "")]));
        assert!(!selects("matchExpressions: [{key: x, operator: Exists}]", &[]));
        assert!(selects("matchExpressions: [{key: x, operator: Near}]", &[]) && selects("{}", &[]));
    }
}
