//! Looking for what a rule declares.

use crate::document::{Kind as NodeKind, Node};
use crate::envoy::{Dump, Origin};
use crate::finding::{Draft, Findings, Place, Redaction, Subject};
use crate::kube::{Object, shown};
use crate::mesh::Options;
use crate::query::{Condition, Scope};

use super::kind::ResourceKind;
use super::resources::{self, Resource};
use super::template::{Template, Word};
use super::version::Version;
use super::{Declaration, Home, Kind};

/// The most letters of a value that a message has.
const LONGEST_VALUE: usize = 80;
/// The most values that a message lists.
const MOST_VALUES: usize = 3;

/// What a rule is tried on.
#[derive(Clone, Copy)]
enum Target<'a, 'd> {
    Object(Object<'d>),
    Resource(Resource<'d>, &'a Dump<'d>),
}

impl<'d> Target<'_, 'd> {
    fn node(self) -> Node<'d> {
        match self {
            Self::Object(object) => object.node(),
            Self::Resource(resource, _) => resource.node,
        }
    }

    /// Where to point for it as a whole.
    fn place(self) -> Place<'d> {
        match self {
            Self::Object(object) => object.into(),
            Self::Resource(resource, _) => match resource.node.get("name").or_else(|| resource.node.values().next()) {
                Some(member) => member.into(),
                None => resource.node.into(),
            },
        }
    }

    fn subject(self) -> Option<Subject> {
        match self {
            Self::Object(_) => None,
            Self::Resource(resource, dump) => Some(resource.subject(dump)),
        }
    }

    fn origin(self) -> Option<Origin> {
        match self {
            Self::Object(_) => None,
            Self::Resource(resource, _) => resource.origin(),
        }
    }

    fn kind(self) -> String {
        match self {
            Self::Object(object) => object.kind().to_owned(),
            Self::Resource(resource, _) => resource.kind.name().replace('-', " "),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Object(object) => object.name().to_owned(),
            Self::Resource(resource, _) => resource.name(),
        }
    }

    fn namespace(self) -> String {
        match self {
            Self::Object(object) => shown(object.namespace()).into_owned(),
            Self::Resource(_, dump) => dump.namespace().unwrap_or_default().to_owned(),
        }
    }
}

impl Declaration {
    /// Judges the resources of manifests.
    pub fn check_objects<'d>(&self, objects: &[Object<'d>], options: &Options, findings: &mut Findings<'d>) {
        let version = options.istio_version.as_deref().and_then(Version::parse);
        let mut redaction = Redaction::default();
        for object in objects.iter().filter(|object| self.looks_at(**object, options)) {
            self.check(Target::Object(*object), version, &mut redaction, findings);
        }
    }

    pub(super) fn looks_at(&self, object: Object<'_>, options: &Options) -> bool {
        let is_kind = self.kinds.iter().any(|kind| match kind {
            Kind::Object { group, kind } => object.is(group, kind),
            Kind::Resource(_) => false,
        });
        let is_root = || object.namespace() == options.root_namespace;
        is_kind && self.home.is_none_or(|home| (home == Home::Root) == is_root())
    }

    /// Whether a dump holds anything that it looks at.
    pub(super) fn has_resources(&self, dump: &Dump<'_>) -> bool {
        let mut count = 0;
        for kind in &self.kinds {
            if let Kind::Resource(kind) = kind {
                resources::each(*kind, dump, &mut |_| count += 1);
            }
        }
        count > 0
    }

    /// Judges a proxy's configuration.
    pub fn check_dump<'d>(&self, dump: &Dump<'d>, findings: &mut Findings<'d>) {
        let kinds = self.kinds.iter().filter_map(|kind| match kind {
            Kind::Resource(kind) => Some(*kind),
            Kind::Object { .. } => None,
        });
        for kind in kinds {
            self.check_resources(kind, dump, findings);
        }
    }

    fn check_resources<'d>(&self, kind: ResourceKind, dump: &Dump<'d>, findings: &mut Findings<'d>) {
        let metadata = || dump.metadata()?.get("ISTIO_VERSION")?.text();
        let version = self.body().versions.as_ref().and_then(|_| Version::parse(metadata()?));
        let mut redaction = Redaction::default();
        resources::each(kind, dump, &mut |resource| {
            self.check(Target::Resource(resource, dump), version, &mut redaction, findings);
        });
    }

    fn check<'d>(
        &self,
        target: Target<'_, 'd>,
        version: Option<Version>,
        redaction: &mut Redaction,
        findings: &mut Findings<'d>,
    ) {
        let root = Scope::of(target.node());
        let body = self.body();
        body.find.each(root, &mut |current| {
            let scope = Scope { current, ..root };
            if body.condition.as_ref().is_none_or(|condition| condition.holds(scope)) {
                match self.is_for(version) {
                    Some(true) if self.is_lost_on(target) => skip_broken(target, findings),
                    Some(true) => findings.push(self.draft(target, scope, redaction)),
                    Some(false) => {}
                    None => self.skip(target, findings),
                }
            }
            true
        });
    }

    /// Whether it is for a version of Istio; nothing where that is not known.
    fn is_for(&self, version: Option<Version>) -> Option<bool> {
        match &self.body().versions {
            None => Some(true),
            Some(range) => version.map(|version| range.holds(version)),
        }
    }

    /// Whether what it misses may have stood in the part of the text that cannot be read.
    fn is_lost_on(&self, target: Target<'_, '_>) -> bool {
        let body = self.body();
        let of_condition = || body.condition.as_ref().is_some_and(Condition::relies_on_absence);
        let relies = || body.find.relies_on_absence() || of_condition();
        target.node().document().loses_content() && relies()
    }

    fn skip<'d>(&self, target: Target<'_, 'd>, findings: &mut Findings<'d>) {
        let range = self.body().versions.as_ref().map(ToString::to_string).unwrap_or_default();
        let (what, remedy) = match target {
            Target::Object(_) => ("resource", "say --istio-version"),
            Target::Resource(..) => ("resource", "pass the dump with its bootstrap"),
        };
        findings.skip(what, format!("that is wrong in Istio {range} (its version is not known)"), remedy);
    }

    fn draft<'d>(&self, target: Target<'_, 'd>, scope: Scope<'d>, redaction: &mut Redaction) -> Draft<'d> {
        let body = self.body();
        let mut writer = Writer { declaration: self, target, scope, redaction };
        let at = body.at.as_ref().and_then(|query| query.first(scope)).unwrap_or(scope.current);
        let place = if at == target.node() { target.place() } else { place_of(at) };
        let mut draft = Draft::new(place, writer.write(&body.message)).confidence(body.confidence);
        if let Some(label) = &body.label {
            draft = draft.label(writer.write(label));
        }
        for note in &body.notes {
            draft = draft.note(writer.write(note));
        }
        if let Some(help) = &body.help {
            draft = draft.help(writer.write(help));
        }
        for (query, label) in &body.related {
            if let Some(node) = query.first(scope) {
                draft = draft.related(place_of(node), writer.write(label));
            }
        }
        if let Some(subject) = target.subject() {
            draft = draft.subject(subject);
        }
        draft.origin(target.origin())
    }
}

fn skip_broken(target: Target<'_, '_>, findings: &mut Findings<'_>) {
    let file = target.node().document().name();
    findings.skip(
        "resource",
        format!("in {file} (what it lacks may stand in the part that cannot be read)"),
        "mend it",
    );
}

/// A value by itself, an object or a list by its key: nobody wants to see all of it underlined.
fn place_of(node: Node<'_>) -> Place<'_> {
    if !matches!(node.kind(), NodeKind::Object | NodeKind::Array) {
        return node.into();
    }
    let first = || node.values().chain(node.items()).next();
    match (node.key(), first()) {
        (Some(_), _) => Place::of_key(node),
        (None, Some(first)) => Place { node: Some(node), ..place_of(first) },
        (None, None) => node.into(),
    }
}

/// Fills templates.
struct Writer<'a, 'd> {
    declaration: &'a Declaration,
    target: Target<'a, 'd>,
    scope: Scope<'d>,
    redaction: &'a mut Redaction,
}

impl Writer<'_, '_> {
    fn write(&mut self, template: &Template) -> String {
        template.fill(|word| self.value(word))
    }

    fn value(&mut self, word: Word) -> String {
        match word {
            Word::Kind => self.target.kind(),
            Word::Name => self.target.name(),
            Word::Namespace => self.target.namespace(),
            Word::Value => self.text_of(self.scope.current),
            Word::Key => self.scope.current.key().map(|key| key.text.to_owned()).unwrap_or_default(),
            Word::Own(place) => self.own(place),
        }
    }

    fn own(&mut self, place: usize) -> String {
        let query = self.declaration.body().values.get(place);
        let nodes = query.map(|query| query.select(self.scope)).unwrap_or_default();
        let mut texts: Vec<String> = nodes.into_iter().map(|node| self.text_of(node)).collect();
        texts.dedup();
        match texts.len() {
            0 => "(none)".to_owned(),
            1..=MOST_VALUES => texts.join(", "),
            all => {
                texts.truncate(MOST_VALUES - 1);
                format!("{} and {} more", texts.join(", "), all - texts.len())
            }
        }
    }

    fn text_of(&mut self, node: Node<'_>) -> String {
        let Some(text) = node.text() else { return node.kind().to_string() };
        if self.redaction.hides(node) {
            return "[redacted]".to_owned();
        }
        match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.to_owned(),
        }
    }
}
