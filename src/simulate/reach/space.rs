//! What is demanded of a request so far, dimension by dimension, and the request that meets it.

use std::collections::BTreeMap;

use super::super::request::{Certificate, Request, Tls};
use super::atom::{Atom, Dimension, Languages, Values};
use super::language::{Language, Shortest};

/// Values of dimensions; of headers there may be several.
pub(super) type Point = BTreeMap<Dimension, Vec<String>>;

/// Paths: the natural ones, and all.
pub(super) const PATHS: [&str; 2] = ["/(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*", "/[^?# ]*"];

/// Demands on requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
    demands: BTreeMap<Dimension, Demand>,
}

/// Demands on one dimension.
#[derive(Clone, Debug)]
struct Demand {
    may_be_absent: bool,
    may_be_present: bool,
    parts: Vec<(Language, bool)>,
}

/// A choice of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Values(Point),
    /// No request meets the demands.
    Nothing,
    Bound,
}

/// What the values of a host have to be: a pattern of the domains of its virtual host.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// A host that comes to the virtual host.
    pub(super) host: String,
    /// The same for CONNECT, which names a port.
    pub(super) connect_host: String,
    /// The header that stands in for the host, if one does.
    pub(super) host_header: Option<String>,
    /// An expression for every host that might.
    pub(super) hosts: Option<String>,
    /// Whether requests must come by https.
    pub(super) is_https: bool,
    /// Whether path parameters are cut before routes match.
    pub(super) strips_parameters: bool,
    /// Whether several values of a header are matched one by one.
    pub(super) individually: bool,
}

impl Frame {
    /// Where any request may come.
    pub(super) fn anywhere() -> Self {
        Self {
            host: "example.com".to_owned(),
            connect_host: "example.com:443".to_owned(),
            host_header: None,
            hosts: None,
            is_https: false,
            strips_parameters: false,
            individually: true,
        }
    }
}

impl Space {
    /// Adds a demand.
    pub(super) fn demand(&mut self, atom: &Atom) {
        let demand = self.demands.entry(atom.dimension.clone()).or_insert(Demand {
            may_be_absent: true,
            may_be_present: true,
            parts: Vec::new(),
        });
        demand.may_be_absent &= atom.absent;
        match &atom.present {
            Values::All => {}
            Values::None => demand.may_be_present = false,
            Values::In(language) => demand.parts.push((language.clone(), true)),
            Values::NotIn(language) => demand.parts.push((language.clone(), false)),
        }
    }

    /// Values for every dimension that something is demanded of.
    pub(super) fn choose(&self, frame: &Frame, languages: &Languages) -> Choice {
        let mut values = BTreeMap::new();
        for (dimension, demand) in &self.demands {
            if demand.may_be_absent && may_lack(dimension) {
                continue;
            }
            if !demand.may_be_present {
                return Choice::Nothing;
            }
            match demand.value(dimension, frame, languages) {
                Ok(found) => values.insert(dimension.clone(), found),
                Err(Shortest::Bound) => return Choice::Bound,
                Err(_) => return Choice::Nothing,
            };
        }
        Choice::Values(values)
    }
}

/// Whether a request can do without a dimension.
fn may_lack(dimension: &Dimension) -> bool {
    match dimension {
        Dimension::Header(name) => !matches!(&**name, ":method" | ":authority" | "x-forwarded-proto" | "x-request-id"),
        Dimension::Certificate => false,
        _ => true,
    }
}

impl Demand {
    fn value(&self, dimension: &Dimension, frame: &Frame, languages: &Languages) -> Result<Vec<String>, Shortest> {
        let base: Vec<Language> = match (dimension, &frame.hosts) {
            (Dimension::Header(name), Some(hosts)) if name == ":authority" => {
                languages.get(hosts).into_iter().collect()
            }
            _ => bases(dimension, frame).iter().filter_map(|base| languages.get(base)).collect(),
        };
        let mut last = Shortest::Bound;
        for base in base {
            let mut parts = vec![(base.clone(), true)];
            parts.extend(self.parts.iter().cloned());
            match languages.shortest(&parts) {
                Shortest::Word(word) => return Ok(vec![word]),
                other => last = other,
            }
            if last == Shortest::Nothing
                && let Some(values) = self.several(dimension, frame, &base, languages)?
            {
                return Ok(values);
            }
        }
        Err(last)
    }

    /// Several values of one header: each demand on a value may be met by another one.
    fn several(
        &self,
        dimension: &Dimension,
        frame: &Frame,
        base: &Language,
        languages: &Languages,
    ) -> Result<Option<Vec<String>>, Shortest> {
        let wanted: Vec<&(Language, bool)> = self.parts.iter().filter(|(_, wanted)| *wanted).collect();
        let Dimension::Header(name) = dimension else { return Ok(None) };
        if wanted.len() < 2 || !frame.individually || super::super::headers::Headers::is_kept_once(name) {
            return Ok(None);
        }
        let mut values = Vec::new();
        for one in wanted {
            let mut parts = vec![(base.clone(), true), one.clone()];
            parts.extend(self.parts.iter().filter(|(_, wanted)| !wanted).cloned());
            match languages.shortest(&parts) {
                Shortest::Word(word) => values.push(word),
                Shortest::Nothing => return Ok(None),
                Shortest::Bound => return Err(Shortest::Bound),
            }
        }
        Ok(Some(values))
    }
}

/// The values that a dimension can have: the natural ones first, then all.
fn bases(dimension: &Dimension, frame: &Frame) -> Vec<&'static str> {
    match dimension {
        Dimension::Path if frame.strips_parameters => {
            vec![PATHS[0], "/[^;?# ]*"]
        }
        Dimension::Path => PATHS.to_vec(),
        Dimension::Header(name) => match &**name {
            ":method" => vec!["GET|POST", "PUT|HEAD|DELETE|PATCH|OPTIONS", "[A-Z]+", "[A-Za-z0-9!#$%&'*+.^_`|~-]+"],
            "x-forwarded-proto" => vec!["https?", "[!-~]+"],
            ":authority" => vec!["[A-Za-z0-9.:-]+", "[!-~]+"],
            _ => vec!["(?:[!-~](?:[ -~]*[!-~])?)?"],
        },
        Dimension::Query(_) => vec!["[A-Za-z0-9._~%-]*", "[^&# ]*"],
        Dimension::Cookie(_) => vec!["[A-Za-z0-9._~-]*", "[!#-:<-~]*"],
        Dimension::Certificate => vec!["none", "none|untrusted|valid"],
        Dimension::Chance(_) | Dimension::Written(_) => vec![""],
    }
}

/// The request with these values.
pub(super) fn request(values: &Point, frame: &Frame, is_connect: bool) -> Request {
    let first = |dimension: Dimension| values.get(&dimension).and_then(|v| v.first()).cloned();
    let header = |name: &str| first(Dimension::Header(name.to_owned()));
    let own_host = if is_connect { &frame.connect_host } else { &frame.host };
    let host = header(":authority").unwrap_or_else(|| own_host.clone());
    let mut path = first(Dimension::Path).unwrap_or_else(|| "/".to_owned());
    let mut headers = Vec::new();
    let (mut separator, mut cookies) = ('?', Vec::new());
    for (dimension, found) in values {
        for value in found {
            match dimension {
                Dimension::Query(name) => {
                    path.push_str(&if value.is_empty() {
                        format!("{separator}{name}")
                    } else {
                        format!("{separator}{name}={value}")
                    });
                    separator = '&';
                }
                Dimension::Cookie(name) => cookies.push(format!("{name}={value}")),
                Dimension::Header(name) if !name.starts_with(':') && name != "x-forwarded-proto" => {
                    headers.push((name.clone(), value.clone()));
                }
                _ => {}
            }
        }
    }
    if let Some(name) = frame.host_header.as_ref().filter(|name| header(name).is_none()) {
        headers.push((name.clone(), frame.host.clone()));
    }
    if !cookies.is_empty() {
        headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    let mut request = Request::get(&host, &path);
    request.headers = headers;
    request.method = header(":method").unwrap_or_else(|| "GET".to_owned());
    if is_connect {
        "CONNECT".clone_into(&mut request.method);
        request.path = None;
    }
    let certificate = match first(Dimension::Certificate).as_deref() {
        None | Some("none") => None,
        Some(kind) => Some(Certificate { is_valid: kind == "valid", name: String::new() }),
    };
    let scheme = header("x-forwarded-proto");
    request.scheme = scheme.clone().filter(|scheme| scheme != "http");
    if frame.is_https || certificate.is_some() || scheme.as_deref() == Some("https") {
        request.connection.tls = Some(Tls { certificate, ..Tls::default() });
        request.scheme = Some("https".to_owned());
    }
    request
}
