//! The search for a request that reaches a route, or for the proof that there is none.
//!
//! A request that meets the route's own conditions is simulated. If an earlier route takes it, one of
//! that route's conditions has to fail: each is tried in turn. Where all of them lead to demands that
//! no request can meet, the routes that were in the way cover the route.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::super::request::Request;
use super::atom::{Atoms, Languages};
use super::space::{Choice, Frame, Point, Space, request};

/// Where a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// At the route at this place.
    Route(usize),
    /// Somewhere else: at another virtual host, or at no route.
    Elsewhere,
}

/// What a search finds.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// This request reaches the route.
    Witness(Box<Request>),
    /// None does: these earlier routes take them all; no routes if nothing meets the route's own conditions.
    Covered(BTreeSet<usize>),
    /// Not told, and why.
    Unknown(&'static str),
}

/// The conditions of routes, read when they are needed.
pub(super) struct AllAtoms<'a> {
    read: &'a dyn Fn(usize) -> Atoms,
    known: Vec<OnceCell<Atoms>>,
}

impl<'a> AllAtoms<'a> {
    /// Those of so many routes.
    pub(super) fn new(count: usize, read: &'a dyn Fn(usize) -> Atoms) -> Self {
        Self { read, known: vec![OnceCell::new(); count] }
    }

    /// Those of the route at a place.
    pub(super) fn get(&self, place: usize) -> Option<&Atoms> {
        self.known.get(place).map(|known| known.get_or_init(|| (self.read)(place)))
    }
}

/// A search for one route.
pub(super) struct Search<'a> {
    pub(super) atoms: &'a AllAtoms<'a>,
    pub(super) target: usize,
    pub(super) frame: &'a Frame,
    pub(super) languages: &'a Languages,
    pub(super) land: &'a dyn Fn(&Point, &Request) -> Landing,
    /// The most requests that are tried.
    pub(super) tries: usize,
    pub(super) blockers: BTreeSet<usize>,
    pub(super) doubt: Option<&'static str>,
}

impl Search<'_> {
    /// Runs the search.
    pub(super) fn run(mut self) -> Found {
        let Some(own) = self.atoms.get(self.target) else {
            return Found::Unknown("there is no such route");
        };
        if own.is_never {
            return Found::Covered(BTreeSet::new());
        }
        let mut space = Space::default();
        own.list.iter().for_each(|atom| space.demand(atom));
        if own.is_opaque {
            self.doubt = Some("it has a condition that the configuration does not decide");
        }
        match self.solve(&space) {
            Some(witness) => Found::Witness(Box::new(witness)),
            None => self.doubt.map_or(Found::Covered(self.blockers), Found::Unknown),
        }
    }

    fn solve(&mut self, space: &Space) -> Option<Request> {
        let Some(left) = self.tries.checked_sub(1) else {
            self.doubt = Some("the bound of requests that are tried was hit");
            return None;
        };
        self.tries = left;
        let values = match space.choose(self.frame, self.languages) {
            Choice::Values(values) => values,
            Choice::Nothing => return None,
            Choice::Bound => {
                self.doubt = Some("an expression is too large");
                return None;
            }
        };
        let is_connect = self.atoms.get(self.target).is_some_and(Atoms::is_connect);
        let tried = request(&values, self.frame, is_connect);
        let blocker = match (self.land)(&values, &tried) {
            Landing::Route(place) if place == self.target => return Some(tried),
            Landing::Route(place) if place < self.target => place,
            _ => {
                self.doubt = self.doubt.or(Some("what the connection manager makes of requests is in the way"));
                return None;
            }
        };
        self.blockers.insert(blocker);
        let atoms = self.atoms.get(blocker)?;
        for atom in &atoms.list {
            let mut narrower = space.clone();
            narrower.demand(&atom.negated());
            if let Some(found) = self.solve(&narrower) {
                return Some(found);
            }
        }
        if atoms.is_opaque {
            self.doubt = self.doubt.or(Some("an earlier route has a condition that the configuration does not decide"));
        }
        None
    }
}

impl Atoms {
    /// Whether it is for CONNECT, which has no path.
    pub(super) fn is_connect(&self) -> bool {
        let paths = self.list.iter().filter(|atom| atom.dimension == super::atom::Dimension::Path);
        paths.into_iter().any(|atom| atom.absent)
    }
}
