//! Which routes tests reach, and which they could.

use rustc_hash::FxHashSet;

use crate::simulate::{Branch, HostReach, Reach, Simulator, reach_of};

/// Which virtual hosts count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Scope {
    /// Those that some test comes to.
    #[default]
    Hosts,
    /// All of the proxy.
    All,
}

/// The routes that can be reached, and those that tests reach.
#[derive(Debug, Default)]
pub struct Coverage<'d> {
    /// How many routes count: those that no proof says to be unreachable.
    pub routes: usize,
    /// How many of them tests reach.
    pub reached: usize,
    /// The virtual hosts that count, each with the places of the routes that no test reaches.
    pub missing: Vec<(HostReach<'d>, Vec<usize>)>,
}

/// The places of routes that tests came to: configuration, virtual host, route.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    hosts: FxHashSet<(u32, usize)>,
    routes: FxHashSet<(u32, usize, usize)>,
}

impl Reached {
    pub(crate) fn add(&mut self, branch: &Branch<'_>) {
        let answer = &branch.answer;
        let (Some(config), Some((host, _))) = (answer.route_config, answer.virtual_host) else { return };
        self.hosts.insert((config.node.index(), host));
        if let Some(route) = answer.route.and_then(|(place, _)| place) {
            self.routes.insert((config.node.index(), host, route));
        }
    }
}

impl<'d> Coverage<'d> {
    /// What tests reach of a proxy's routes.
    pub(crate) fn of(simulator: &Simulator<'d>, reached: &Reached, scope: Scope) -> Self {
        let counts = |config: u32, host: usize| scope == Scope::All || reached.hosts.contains(&(config, host));
        let mut coverage = Self::default();
        for host in reach_of(simulator, &|config, index| counts(config.node.index(), index)) {
            let key = |route| (host.config.node.index(), host.index, route);
            let is_dead = |verdict: &Reach| matches!(verdict, Reach::Covered(_) | Reach::Impossible(_));
            let alive = host.routes.iter().enumerate().filter(|(_, (_, verdict))| !is_dead(verdict));
            let places: Vec<usize> = alive.map(|(place, _)| place).collect();
            let missing: Vec<usize> =
                places.iter().copied().filter(|place| !reached.routes.contains(&key(*place))).collect();
            coverage.routes += places.len();
            coverage.reached += places.len() - missing.len();
            if !missing.is_empty() {
                coverage.missing.push((host, missing));
            }
        }
        coverage
    }

    /// How many of a hundred; all where there is nothing to reach.
    pub fn percent(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // counts of routes
        match self.routes {
            0 => 100.0,
            routes => self.reached as f64 * 100.0 / routes as f64,
        }
    }
}
