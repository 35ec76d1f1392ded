//! What becomes of a request.

use crate::document::Node;
use crate::simulate::Ruling;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it goes through.
    pub is_allowed: bool,
    /// The policy that decided, by its name in the filter: `ns[…]-policy[…]-rule[…]`. Nothing if
    /// it was let through by no policy, or refused because none allows it.
    pub policy: Option<String>,
    /// Envoy's wording for a refusal.
    pub details: Option<String>,
}

impl Decision {
    /// What the filters decided.
    ///
    /// # Errors
    /// Why they cannot decide it from a file.
    pub(super) fn of(ruling: &Ruling<'_>) -> Result<Self, String> {
        let name = |policy: Option<Node<'_>>| policy.and_then(Node::key).map(|key| key.text.to_owned());
        match ruling {
            Ruling::Allowed(policy) => Ok(Self { is_allowed: true, policy: name(*policy), details: None }),
            Ruling::Denied(policy, details) => {
                Ok(Self { is_allowed: false, policy: name(*policy), details: Some(details.clone()) })
            }
            Ruling::Asked(policy) => Err(asked(&name(Some(*policy)).unwrap_or_default())),
            Ruling::Refused(details) => Err(format!("the connection manager turns it away: {details}")),
            Ruling::Unknown(node) => Err(match name(Some(*node)).unwrap_or_default().as_str() {
                "matcher" => "the filter decides by a tree of matchers".to_owned(),
                "condition" => "a policy has a condition in CEL".to_owned(),
                policy => format!("policy `{policy}` depends on what the configuration does not tell"),
            }),
        }
    }

    /// The policy as `NAMESPACE/NAME` and the number of its rule.
    pub fn rule(&self) -> Option<(String, String)> {
        let name = self.policy.as_deref()?;
        let part = |name: &str, key: &str| {
            let from = name.find(key)? + key.len();
            let rest = name.get(from..)?;
            Some(rest.get(..rest.find(']')?)?.to_owned())
        };
        let namespace = part(name, "ns[")?;
        Some((format!("{namespace}/{}", part(name, "-policy[")?), part(name, "-rule[")?))
    }
}

/// Who decides by `istio-ext-authz-PROVIDER-ns[…]-policy[…]-rule[…]`.
fn asked(policy: &str) -> String {
    let parts = policy.strip_prefix("istio-ext-authz-").and_then(|rest| Some(rest.split_at(rest.find("-ns[")?)));
    match parts {
        Some((provider, rule)) => {
            format!("the external authorizer `{provider}` decides, asked by {}", rule.trim_start_matches('-'))
        }
        None => format!("an external authorizer decides, asked by {policy}"),
    }
}
