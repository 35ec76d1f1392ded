//! JSON pointers (RFC 6901): the address of a value within its document.

use super::Node;

/// The way from the root of a document to one of its values.
///
/// Whoever asks for many values in the order of the text keeps one trail for all: it goes on from
/// the last one, so that the thousands of siblings in a dump's lists are passed once.
#[derive(Debug, Default)]
pub struct Trail<'d> {
    steps: Vec<Step<'d>>,
}

#[derive(Clone, Copy, Debug)]
struct Step<'d> {
    node: Node<'d>,
    /// Its place among its siblings.
    position: usize,
}

impl<'d> Step<'d> {
    fn holds(&self, node: Node<'d>) -> bool {
        self.node.index() <= node.index() && node.index() < self.node.end_index()
    }

    fn first_child(&self) -> Self {
        Self { node: Node::new(self.node.document(), self.node.index() + 1), position: 0 }
    }

    fn next_sibling(&self) -> Self {
        Self { node: Node::new(self.node.document(), self.node.end_index()), position: self.position + 1 }
    }
}

impl<'d> Trail<'d> {
    /// Leads to `target`.
    pub fn lead_to(&mut self, target: Node<'d>) {
        if self.steps.first().is_some_and(|root| !std::ptr::eq(root.node.document(), target.document())) {
            self.steps.clear();
        }
        let mut left = None;
        while let Some(last) = self.steps.pop_if(|last| !last.holds(target)) {
            left = Some(last);
        }
        if self.steps.is_empty() {
            left = None;
            let root = target.document().root_of(target).unwrap_or(target);
            self.steps.push(Step { node: root, position: 0 });
        }
        while let Some(parent) = self.steps.last().copied().filter(|last| last.node != target) {
            let passed = left.take().filter(|child| child.node.index() < target.index());
            let mut child = passed.unwrap_or_else(|| parent.first_child());
            while !child.holds(target) {
                child = child.next_sibling();
            }
            self.steps.push(child);
        }
    }

    /// The values from the root down to the last target, both included.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node<'d>> {
        self.steps.iter().map(|step| step.node)
    }

    /// The keys and indices that lead from `start` to the last target, as a JSON pointer. `start`
    /// is on the way; else the pointer starts at the root.
    pub fn pointer_from(&self, start: Node<'d>) -> String {
        let skipped = self.nodes().position(|node| node == start).unwrap_or(0);
        let mut pointer = String::new();
        for step in self.steps.iter().skip(skipped + 1) {
            pointer.push('/');
            match step.node.key() {
                Some(key) => pointer.push_str(&key.text.replace('~', "~0").replace('/', "~1")),
                None => pointer.push_str(&step.position.to_string()),
            }
        }
        pointer
    }

    /// The keys and indices that lead from the root to the last target, as a JSON pointer.
    pub fn pointer(&self) -> String {
        self.steps.first().map(|root| self.pointer_from(root.node)).unwrap_or_default()
    }
}

impl<'d> Node<'d> {
    /// The way to this value.
    pub fn trail(self) -> Trail<'d> {
        let mut trail = Trail::default();
        trail.lead_to(self);
        trail
    }

    /// The keys and array indices that lead from the root to this value, as a JSON pointer.
    pub fn pointer(self) -> String {
        self.trail().pointer()
    }

    /// The value that a JSON pointer leads to from here.
    pub fn resolve(self, pointer: &str) -> Option<Node<'d>> {
        pointer.split('/').skip(1).try_fold(self, |node, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match node.is_array() {
                true => node.items().nth(step.parse().ok()?),
                false => node.values().find(|v| v.key().is_some_and(|k| k.text == step)),
            }
        })
    }
}
