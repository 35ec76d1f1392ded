//! How bad, how sure, what about.

use std::fmt;

use serde::Serialize;

/// What a finding means for traffic. The same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; may be meant.
    Info,
    /// Something configured has no effect, or fails for some clients or requests only.
    Warning,
    /// Requests fail, or configuration is refused.
    Error,
}

/// How sure a finding is, apart from how bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// True unless something that is usually among the inputs lies elsewhere.
    Medium,
    /// The inputs prove it.
    High,
}

/// What a rule is about. Families can be selected as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Texts that cannot be read as they were meant.
    Input,
    /// Names that name nothing.
    Reference,
    /// Where requests go.
    Routing,
    /// Several objects that want the same.
    Conflict,
    /// What enters through gateways.
    Gateway,
    /// Who sees what.
    Visibility,
    /// TLS and certificates.
    Tls,
    /// Who may call whom.
    Authorization,
    /// The state of a proxy.
    Proxy,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 9] = [
        Self::Input,
        Self::Reference,
        Self::Routing,
        Self::Conflict,
        Self::Gateway,
        Self::Visibility,
        Self::Tls,
        Self::Authorization,
        Self::Proxy,
    ];

    /// The name on the command line, which is also that of the folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Reference => "reference",
            Self::Routing => "routing",
            Self::Conflict => "conflict",
            Self::Gateway => "gateway",
            Self::Visibility => "visibility",
            Self::Tls => "tls",
            Self::Authorization => "authorization",
            Self::Proxy => "proxy",
        }
    }

    /// What it is about, for overviews.
    pub fn description(self) -> &'static str {
        match self {
            Self::Input => "texts that cannot be read as they were meant",
            Self::Reference => "names that name nothing",
            Self::Routing => "where requests go",
            Self::Conflict => "several objects that want the same",
            Self::Gateway => "what enters through gateways",
            Self::Visibility => "who sees what",
            Self::Tls => "TLS and certificates",
            Self::Authorization => "who may call whom",
            Self::Proxy => "the state of a proxy",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What identifies a rule and says what its findings mean.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Kebab-case name of the bad pattern. Unique for ever.
    pub id: &'static str,
    /// What it is about.
    pub family: Family,
    /// How bad its findings are, unless one says otherwise.
    pub severity: Severity,
    /// What other tools call it: `IST0101`, `KIA1107`.
    pub aliases: &'static [&'static str],
}

impl PartialEq for Meta {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Meta {}
