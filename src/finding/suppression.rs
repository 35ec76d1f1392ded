//! What somebody wrote down so that a finding is not reported.

use super::Pinned;

/// One rule that is not to be reported, for some part of the inputs.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The rule as it is named: an id, an alias, a family, `all`.
    pub name: String,
    /// The rules that this stands for, or why it stands for none.
    pub rules: Result<Vec<&'static str>, String>,
    /// Why.
    pub reason: Option<String>,
    /// Where it says so.
    pub place: Option<Pinned>,
}
