//! Handing what is in an input to whoever works on it: a file at once, the members of an archive
//! one by one, while the archive is still being inflated.
//!
//! The thread that reads an archive puts its members before the others, and works on one itself
//! when they have enough before them. So memory holds the members in flight, not the archive, and
//! one thread is as good as many.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rayon::{Scope, Yield};
use rustc_hash::FxHashSet;

use crate::input::{self, Candidate, Member, Place, Role, Sink, Text, member_name};

/// The most bytes of members that are read and not yet worked on, unless one member has more.
const BYTES_IN_FLIGHT: usize = 32 << 20;

/// A file, or a member of an archive.
#[derive(Debug)]
pub struct Piece {
    /// How it is called in findings: the path that the user gave, and `!` and the member's path.
    pub name: String,
    /// What its path says, if it belongs to a bundle.
    pub place: Option<Place>,
    /// Whether the user named it, and not just what holds it.
    pub is_named: bool,
    /// Its size, before inflating.
    pub size: u64,
    /// When it was written, in seconds since 1970; 0 where that is not known.
    pub modified: u64,
    /// Its text, if somebody wanted it.
    pub text: Option<Result<Text, String>>,
}

impl Piece {
    /// What its path says.
    pub fn role(&self) -> Role {
        self.place.as_ref().map_or(Role::Unknown, |place| place.role)
    }
}

/// What became of an input.
#[derive(Debug)]
pub struct Visited<T> {
    /// The results, by the names of the pieces, in the order of the input.
    pub results: Vec<(String, T)>,
    /// What could not be read.
    pub unreadable: Vec<(String, String)>,
    /// Members of an archive that are nothing by their names and first bytes.
    pub skipped: usize,
    /// Whether it is an archive, or a file of a bug report.
    pub is_bundle: bool,
}

/// Decides by a path and the first bytes whether a text is wanted.
pub type Wants<'w> = &'w (dyn Fn(Role, &str, &[u8]) -> bool + Sync);

/// Calls `work` for everything in a candidate.
pub fn visit<T: Send>(candidate: &Candidate, wants: Wants<'_>, work: &(dyn Fn(Piece) -> T + Sync)) -> Visited<T> {
    if candidate.is_stream() {
        return visit_stream(candidate, wants, work);
    }
    match input::archive_kind(&candidate.path).filter(|_| candidate.is_named) {
        Some(kind) => visit_archive(candidate, wants, work, |sink| input::read_archive(&candidate.path, kind, sink)),
        None => visit_file(candidate, wants, work),
    }
}

fn visit_stream<T: Send>(candidate: &Candidate, wants: Wants<'_>, work: &(dyn Fn(Piece) -> T + Sync)) -> Visited<T> {
    let text = input::read(candidate).map_err(|error| error.to_string());
    let archive = text.as_ref().ok().and_then(|text| Some((text, input::archive_kind_of(text)?)));
    if let Some((text, kind)) = archive {
        return visit_archive(candidate, wants, work, |sink| input::read_archive_text(text, kind, sink));
    }
    one(candidate, Some(text.and_then(input::inflated)), work)
}

fn visit_file<T>(candidate: &Candidate, wants: Wants<'_>, work: &(dyn Fn(Piece) -> T + Sync)) -> Visited<T> {
    let is_wanted = match candidate.place().map(|place| place.role) {
        None => true,
        Some(Role::Unknown) => wants(Role::Unknown, &candidate.name, &input::head(&candidate.path)),
        Some(role) => wants(role, &candidate.name, &[]),
    };
    one(candidate, is_wanted.then(|| input::open(candidate)), work)
}

fn one<T>(candidate: &Candidate, text: Option<Result<Text, String>>, work: &(dyn Fn(Piece) -> T + Sync)) -> Visited<T> {
    let place = candidate.place();
    if text.is_none() && place.as_ref().is_some_and(|place| place.role == Role::Unknown) {
        return Visited { results: Vec::new(), unreadable: Vec::new(), skipped: 1, is_bundle: true };
    }
    let piece = Piece {
        name: candidate.name.clone(),
        is_named: candidate.is_named,
        size: candidate.size,
        modified: candidate.modified(),
        place,
        text,
    };
    let results = vec![(candidate.name.clone(), work(piece))];
    Visited { results, unreadable: Vec::new(), skipped: 0, is_bundle: candidate.bundle.is_some() }
}

type Unread = Vec<(Option<String>, String)>;

fn visit_archive<T: Send>(
    candidate: &Candidate,
    wants: Wants<'_>,
    work: &(dyn Fn(Piece) -> T + Sync),
    read: impl FnOnce(&mut dyn Sink) -> Unread + Send,
) -> Visited<T> {
    let shared = Shared { work, state: Mutex::default(), done: Condvar::new() };
    let (unread, skipped) = rayon::scope(|scope| {
        let mut feed = Feed { scope, shared: &shared, wants, archive: &candidate.name, next: 0, skipped: 0 };
        (read(&mut feed), feed.skipped)
    });
    let state = shared.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let member = |path: &str| member_name(&candidate.name, path);
    let unreadable = unread.into_iter().map(|(path, reason)| match path {
        Some(path) => (member(&path), reason),
        None => (candidate.name.clone(), reason),
    });
    let results = last_of_each(state.results.into_iter().flatten().collect());
    Visited { results, unreadable: unreadable.collect(), skipped, is_bundle: true }
}

/// Of members with one path the last counts, as when they are unpacked.
fn last_of_each<T>(mut results: Vec<(String, T)>) -> Vec<(String, T)> {
    let mut seen = FxHashSet::default();
    let are_last: Vec<bool> = results.iter().rev().map(|(name, _)| seen.insert(name.as_str())).collect();
    let mut are_last = are_last.into_iter().rev();
    results.retain(|_| are_last.next() == Some(true));
    results
}

/// What the threads share that work on one archive.
struct Shared<'w, T> {
    work: &'w (dyn Fn(Piece) -> T + Sync),
    state: Mutex<State<T>>,
    done: Condvar,
}

struct State<T> {
    members: usize,
    bytes: usize,
    /// The results by their places in the archive; none where there is none yet.
    results: Vec<Option<(String, T)>>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { members: 0, bytes: 0, results: Vec::new() }
    }
}

impl<T> Shared<'_, T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets room aside for a member, if there is some.
    fn reserve(&self, size: usize) -> bool {
        let mut state = self.state();
        // One for each thread, and one that waits. What waits longer is no longer in the processor's cache.
        let is_full = state.members > rayon::current_num_threads();
        if state.members > 0 && (is_full || state.bytes + size > BYTES_IN_FLIGHT) {
            return false;
        }
        state.members += 1;
        state.bytes += size;
        true
    }

    fn finish(&self, place: usize, piece: Piece) {
        let name = piece.name.clone();
        let result = (self.work)(piece);
        let mut state = self.state();
        let results = &mut state.results;
        if results.len() <= place {
            results.resize_with(place + 1, || None);
        }
        if let Some(free) = results.get_mut(place) {
            *free = Some((name, result));
        }
    }

    fn release(&self, size: usize) {
        let mut state = self.state();
        state.members -= 1;
        state.bytes -= size;
        drop(state);
        self.done.notify_one();
    }

    /// Waits until some member is done, but not for long.
    fn wait(&self) {
        let (state, _) =
            self.done.wait_timeout(self.state(), Duration::from_millis(1)).unwrap_or_else(PoisonError::into_inner);
        drop(state);
    }
}

/// The thread that reads.
struct Feed<'f, 'scope, T> {
    scope: &'f Scope<'scope>,
    shared: &'scope Shared<'scope, T>,
    wants: Wants<'f>,
    archive: &'f str,
    next: usize,
    skipped: usize,
}

impl<T: Send> Feed<'_, '_, T> {
    fn piece(&mut self, path: &str, size: u64, modified: u64) -> (usize, Piece) {
        let place = self.next;
        self.next += 1;
        let name = member_name(self.archive, path);
        (place, Piece { name, place: Some(Place::of(path)), is_named: false, size, modified, text: None })
    }
}

impl<T: Send> Sink for Feed<'_, '_, T> {
    fn wants(&mut self, path: &str, head: &[u8]) -> bool {
        (self.wants)(Place::of(path).role, path, head)
    }

    fn take(&mut self, member: Member) {
        let size = member.bytes.len();
        let (place, piece) = self.piece(&member.path, size as u64, member.modified);
        let run = move |shared: &Shared<'_, T>| {
            let text = Some(input::inflated(Text::from(member.bytes)));
            shared.finish(place, Piece { text, ..piece });
        };
        let shared = self.shared;
        if rayon::current_num_threads() == 1 {
            return run(shared);
        }
        while !shared.reserve(size) {
            if rayon::yield_now() != Some(Yield::Executed) {
                shared.wait();
            }
        }
        self.scope.spawn(move |_| {
            run(shared);
            shared.release(size);
        });
    }

    fn list(&mut self, path: &str, size: u64, modified: u64) {
        if Place::of(path).role == Role::Unknown {
            self.skipped += 1;
            return;
        }
        let (place, piece) = self.piece(path, size, modified);
        self.shared.finish(place, piece);
    }
}
