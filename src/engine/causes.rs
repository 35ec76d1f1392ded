//! Ties what proxies show to the manifests that they were made of.

use rustc_hash::FxHashMap;

use crate::document::Node;
use crate::envoy::{self, ClusterName};
use crate::finding::{Cause, Draft, Excerpt, Family, Finding, Meta, Pinned, Place, Related, Symptom};
use crate::kube::Object;
use crate::mesh::{Service, Source};
use crate::rules::Context;

/// The place in the manifests that something was made of.
struct Origin<'d> {
    object: Object<'d>,
    /// What is pointed at.
    place: Node<'d>,
    /// What a finding must be about to be the cause: this, or something in it.
    within: Node<'d>,
    label: String,
}

type Found<'d> = (&'static Meta, Draft<'d>);

/// What ties a finding to the manifests, as it is noted in the finding.
struct Tie {
    cause: Cause,
    related: Related,
    excerpts: Vec<Excerpt>,
}

/// Gives the findings about proxies their causes, as far as this mesh holds them. `found` is what
/// the rules found in its manifests.
pub(super) fn attach<'d>(findings: &mut [&mut Finding], context: &Context<'_, 'd>, found: &[Found<'d>]) {
    let mut open: Vec<&mut Finding> =
        findings.iter_mut().map(|finding| &mut **finding).filter(|finding| finding.cause.is_none()).collect();
    let (kinds, numbers) = kinds(&open);
    let ties = ties(&kinds, context, found);
    for (finding, number) in open.iter_mut().zip(numbers) {
        if let Some(Some(tie)) = ties.get(number) {
            tie.note_in(finding);
        }
    }
}

/// What may have a cause: what a rule found of one symptom or of what was made of one object.
struct Kind {
    rule: &'static Meta,
    symptom: Option<Symptom>,
    origin: Option<envoy::Origin>,
}

/// The kinds of findings, each once, and which of them each finding is: many proxies show what one
/// object makes them do.
fn kinds(findings: &[&mut Finding]) -> (Vec<Kind>, Vec<usize>) {
    let mut known = FxHashMap::default();
    let mut kinds = Vec::new();
    let mut numbers = Vec::new();
    for Finding { rule, symptom, origin, .. } in findings.iter().map(|finding| &**finding) {
        let number = *known.entry((rule.id, symptom, origin)).or_insert_with(|| {
            kinds.push(Kind { rule, symptom: symptom.clone(), origin: origin.clone() });
            kinds.len() - 1
        });
        numbers.push(number);
    }
    (kinds, numbers)
}

fn ties<'d>(kinds: &[Kind], context: &Context<'_, 'd>, found: &[Found<'d>]) -> Vec<Option<Tie>> {
    let origins: Vec<_> = kinds.iter().map(|kind| origin_of(kind, context)).collect();
    let mut pinned = Pinned::all(origins.iter().flatten().map(|origin| origin.place.into())).into_iter();
    let tie = |(kind, origin): (&Kind, Option<Origin<'d>>)| Some(Tie::of(kind, &origin?, &pinned.next()?, found));
    kinds.iter().zip(origins).map(tie).collect()
}

impl Tie {
    fn of<'d>(kind: &Kind, origin: &Origin<'d>, pinned: &Pinned, found: &[Found<'d>]) -> Self {
        let worst = worst_within(origin.within, found, |meta| explains(meta, kind));
        let (related, excerpts) = pinned.related(&origin.label);
        let cause = Cause {
            object: origin.object.id().shown(),
            location: pinned.location.clone(),
            path: pinned.path.clone(),
            found_at: worst.map(|(_, draft)| draft.place().span),
            finding: worst.map(|(meta, draft)| (*meta, draft.severity_under(meta))),
        };
        Self { cause, related, excerpts }
    }

    fn note_in(&self, finding: &mut Finding) {
        finding.cause = Some(self.cause.clone());
        finding.related.push(self.related.clone());
        finding.excerpts.extend(self.excerpts.iter().cloned());
    }
}

fn origin_of<'d>(kind: &Kind, context: &Context<'_, 'd>) -> Option<Origin<'d>> {
    let by_symptom = match kind.symptom.as_ref() {
        Some(Symptom::EmptyCluster(name)) => emptiness(ClusterName::parse(name)?, context),
        Some(Symptom::MissingCluster(name)) => ClusterName::parse(name).and_then(|n| route(kind, n, context)),
        None => None,
    };
    by_symptom.or_else(|| {
        let object = named(kind, context)?;
        let label = format!("{} made this", object.id());
        Some(Origin { object, place: object.name_node(), within: object.node(), label })
    })
}

/// The object that istiod notes on the proxy's resource.
fn named<'d>(kind: &Kind, context: &Context<'_, 'd>) -> Option<Object<'d>> {
    let origin = kind.origin.as_ref()?;
    let written = origin.kind.replace('-', "");
    let is_kind = |object: &Object<'_>| object.kind().eq_ignore_ascii_case(&written);
    let all = context.mesh.objects.iter().copied();
    all.filter(is_kind).find(|object| object.name() == origin.name && object.namespace() == origin.namespace)
}

/// The destination of the VirtualService that leads to a cluster.
fn route<'d>(kind: &Kind, cluster: ClusterName<'_>, context: &Context<'_, 'd>) -> Option<Origin<'d>> {
    let object = named(kind, context)?;
    let service = context.mesh.virtual_services.iter().find(|s| s.view.object.node() == object.node())?;
    let subset = Some(cluster.subset).filter(|subset| !subset.is_empty());
    let leads_there = |use_: &&crate::mesh::DestinationUse<'_, 'd>| {
        use_.host == cluster.host && use_.destination.subset.map(|s| s.value) == subset
    };
    let uses = || context.effects(service).destinations.iter().filter(leads_there);
    let use_ = uses().find(|use_| use_.port == cluster.port).or_else(|| uses().next())?;
    let destination = use_.destination;
    Some(Origin {
        object,
        place: destination.subset.map_or(destination.host.node, |subset| subset.node),
        within: destination.node,
        label: format!("{} leads there", object.id()),
    })
}

/// Why a cluster has no endpoints: the labels of its subset, or the service as a whole.
fn emptiness<'d>(cluster: ClusterName<'_>, context: &Context<'_, 'd>) -> Option<Origin<'d>> {
    let mesh = context.mesh;
    let service = mesh.services_of(cluster.host).next()?;
    let port = service.port(cluster.port)?;
    let is_empty = |subset| mesh.has_endpoints(service, port, subset) == Some(false);
    if cluster.subset.is_empty() || is_empty(None) {
        return Some(of_service(service, is_empty(None)));
    }
    let mut rules = mesh.destination_rules.covering(cluster.host);
    let (rule, subset) = rules.find_map(|rule| Some((rule.first(), *rule.subset(cluster.subset)?)))?;
    let labels = subset.node.get("labels").unwrap_or(subset.node);
    let label = match is_empty(Some(&subset)) {
        true => format!("no workload behind {} carries these labels", service.object().id()),
        false => "the subset's labels".to_owned(),
    };
    let place = labels.values().next().unwrap_or(labels);
    Some(Origin { object: rule.object, place, within: subset.node, label })
}

fn of_service<'d>(service: &Service<'d>, is_empty: bool) -> Origin<'d> {
    let object = service.object();
    let selector = match service.source {
        Source::Kubernetes(kubernetes) => kubernetes.selector(),
        Source::Entry(_) => None,
    };
    let first = selector.and_then(|selector| selector.values().next());
    let label = match (is_empty, first) {
        (true, Some(_)) => format!("{} selects no workload", object.id()),
        (true, None) => format!("{} has no endpoints", object.id()),
        (false, _) => format!("{} is behind it", object.id()),
    };
    Origin { object, place: first.unwrap_or(service.host_node), within: object.node(), label }
}

/// Whether what a rule finds in the manifests can be why a proxy shows this. An object may have more
/// faults than the one that is seen here.
fn explains(meta: &Meta, kind: &Kind) -> bool {
    match kind.symptom {
        Some(Symptom::MissingCluster(_)) => matches!(meta.family, Family::Reference | Family::Visibility),
        Some(Symptom::EmptyCluster(_)) => matches!(meta.family, Family::Reference | Family::Gateway),
        None => meta.id == kind.rule.id,
    }
}

/// The worst finding of some rules that is about `node` or about something in it.
fn worst_within<'f, 'd>(
    node: Node<'d>,
    found: &'f [Found<'d>],
    counts: impl Fn(&Meta) -> bool,
) -> Option<&'f Found<'d>> {
    let range = node.span();
    let is_within = |place: &Place<'_>| {
        std::ptr::eq(place.document, node.document()) && range.start <= place.span.start && place.span.end <= range.end
    };
    let about = found.iter().filter(|(meta, draft)| counts(meta) && is_within(draft.place()));
    about.max_by_key(|(meta, draft)| draft.severity_under(meta))
}
