//! How far a run is, and how long its stages took.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::{Event, Watch};

/// Work that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(400);
const TEMPLATE: &str = "{msg} {bar:30} {pos}/{len} inputs";

/// Follows a run.
#[derive(Clone)]
pub(super) struct Progress(Arc<Mutex<State>>);

struct State {
    stages: Vec<(&'static str, Instant)>,
    is_visible: bool,
    steps: usize,
    done: usize,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts the clock. A bar is shown on a terminal only.
    pub(super) fn new(is_quiet: bool) -> Self {
        let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        let is_visible = !is_quiet && !is_ci && std::io::stderr().is_terminal();
        let stages = vec![("find", Instant::now())];
        Self(Arc::new(Mutex::new(State { stages, is_visible, steps: 0, done: 0, bar: None })))
    }

    /// Who is to be told.
    pub(super) fn watch(&self) -> Watch {
        let state = self.clone();
        Watch::new(move |event| state.with(|state| state.follow(event)))
    }

    /// A stage that is not the engine's.
    pub(super) fn stage(&self, name: &'static str) {
        self.with(|state| state.follow(Event::Stage { name, steps: 0 }));
    }

    /// How long each stage took: `find 1 ms · read 8 ms`.
    pub(super) fn write_times(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let stages = self.with(|state| state.stages.clone());
        let ends = stages.iter().skip(1).map(|(_, start)| *start).chain([Instant::now()]);
        let times = stages.iter().zip(ends).map(|((name, start), end)| {
            format!("{name} {:.1} ms", end.saturating_duration_since(*start).as_secs_f64() * 1e3)
        });
        writeln!(out, "{}", times.collect::<Vec<_>>().join(" · "))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn follow(&mut self, event: Event) {
        match event {
            Event::Stage { name, steps } => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                self.stages.push((name, Instant::now()));
                (self.steps, self.done) = (steps, 0);
            }
            Event::Step => self.step(),
        }
    }

    fn step(&mut self) {
        self.done += 1;
        let Some((name, start)) = self.stages.last().copied().filter(|_| self.is_visible) else { return };
        if self.bar.is_none() && start.elapsed() > PATIENCE && self.done < self.steps {
            let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::with_draw_target(Some(self.steps as u64), ProgressDrawTarget::stderr());
            self.bar = Some(bar.with_style(style).with_message(name));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
        }
    }
}
