//! Why a command prints nothing.

use std::io::Write;

use super::Outcome;

/// Why there is nothing to print, in one line, and what the process says with its exit code.
#[derive(Debug)]
pub(super) struct Refusal {
    outcome: Outcome,
    message: String,
}

impl Refusal {
    /// What was asked for is not there.
    pub(super) fn nothing(message: String) -> Self {
        Self { outcome: Outcome::Nothing, message }
    }

    /// An input cannot be read.
    pub(super) fn unreadable(message: String) -> Self {
        Self { outcome: Outcome::Unreadable, message }
    }

    /// Says it on standard error.
    pub(super) fn say(self) -> Outcome {
        let speaker = if self.outcome == Outcome::Usage { "error" } else { "meshlint" };
        // Where standard error cannot be written to, the exit code still says it.
        let _ = writeln!(anstream::stderr(), "{speaker}: {}", self.message);
        self.outcome
    }
}

/// Wrong usage.
impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self { outcome: Outcome::Usage, message }
    }
}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Self::from(message.to_owned())
    }
}
