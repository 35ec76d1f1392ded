//! JSON pointers (RFC 6901): the address of a value within its document.

use super::Node;

impl<'d> Node<'d> {
    /// The keys and array indices that lead from the root to this value, as a JSON pointer.
    pub fn pointer(self) -> String {
        let mut pointer = String::new();
        for step in self.ancestry().windows(2) {
            let [parent, child] = step else { continue };
            pointer.push('/');
            match child.key() {
                Some(key) => pointer.push_str(&key.text.replace('~', "~0").replace('/', "~1")),
                None => {
                    let position = parent.items().position(|item| item == *child);
                    pointer.push_str(&position.unwrap_or(0).to_string());
                }
            }
        }
        pointer
    }

    /// The values from the root down to this one, both included.
    pub fn ancestry(self) -> Vec<Node<'d>> {
        let Some(mut node) = self.document().root_of(self) else {
            return vec![self];
        };
        let mut line = vec![node];
        while node != self {
            let holds = |child: &Node<'d>| child.index() <= self.index() && self.index() < child.end_index();
            let Some(child) = node.items().chain(node.values()).find(holds) else {
                break;
            };
            line.push(child);
            node = child;
        }
        line
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
