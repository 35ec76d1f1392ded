//! Telling somebody how far a run is.

use std::fmt;
use std::sync::Arc;

/// What a run tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A stage begins.
    Stage {
        /// What is done in it: `read`, `judge`.
        name: &'static str,
        /// How many steps it has; 0 if that is not known.
        steps: usize,
    },
    /// One step of it is done.
    Step,
}

/// Who is told; nobody by default.
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<dyn Fn(Event) + Send + Sync>>);

impl Watch {
    /// Tells `listener`, from any thread.
    pub fn new(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(super) fn tell(&self, event: Event) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Watch(somebody)" } else { "Watch(nobody)" })
    }
}
