//! Host names of gateways, looked up off the call path.
//!
//! One task of the node asks for all names of the published snapshot, again before each answer runs
//! out, and publishes what it knows as an immutable [`AddressTable`]. Shards take it over at their
//! next turn, as they do a snapshot.

mod lookup;
mod schedule;
#[cfg(test)]
mod tests;

pub(crate) use lookup::{Dns, Reach};

use super::mailbox::Mailbox;
use super::wall;
use crate::config::DnsSettings;
use arc_swap::ArcSwap;
use lookup::Found;
use routing_engine::Snapshot;
use routing_engine::names::{AddressTable, LookupFailure, NameQuery, NameState};
use schedule::Schedule;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Between two tables, so that many answers at once make few of them.
const PUBLISH_EVERY: Duration = Duration::from_millis(20);

/// What shards and the API read, and what the task is told by.
#[derive(Debug, Default)]
pub(crate) struct Names {
    table: ArcSwap<AddressTable>,
    /// There is another snapshot.
    changed: Notify,
    pub(crate) resolved: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Names {
    /// The newest table.
    pub(crate) fn table(&self) -> Arc<AddressTable> {
        self.table.load_full()
    }

    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.table.load().number()
    }

    /// Another snapshot was published.
    pub(crate) fn follow(&self) {
        self.changed.notify_one();
    }
}

/// The task.
pub(crate) struct NameKeeper {
    dns: Arc<Dns>,
    names: Arc<Names>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    mailboxes: Vec<Mailbox>,
    schedule: Schedule,
    names_max: usize,
    lookups_max: usize,
    kept: HashMap<Arc<NameQuery>, Kept>,
    /// Whose turn is when.
    turns: BTreeMap<(Instant, u64), Arc<NameQuery>>,
    /// Turns given so far; tells those of one moment apart.
    given: u64,
    number: u64,
    is_unpublished: bool,
}

/// A name that is looked up.
#[derive(Default)]
struct Kept {
    state: Option<Arc<NameState>>,
    /// Its turn; `None` while it is looked up, and for one too many.
    turn: Option<(Instant, u64)>,
}

type Done = (Arc<NameQuery>, Result<Found, lookup::NotFound>);

impl NameKeeper {
    pub(crate) fn new(
        settings: &DnsSettings,
        dns: Dns,
        names: Arc<Names>,
        snapshot: Arc<ArcSwap<Snapshot>>,
        mailboxes: Vec<Mailbox>,
    ) -> Self {
        Self {
            dns: Arc::new(dns),
            names,
            snapshot,
            mailboxes,
            schedule: Schedule::new(settings),
            names_max: settings.names_max,
            lookups_max: settings.lookups_max,
            kept: HashMap::new(),
            turns: BTreeMap::new(),
            given: 0,
            number: 0,
            is_unpublished: false,
        }
    }

    pub(crate) async fn run(mut self) {
        let mut running = JoinSet::new();
        self.follow();
        loop {
            self.start_due(&mut running);
            let next = self.turns.keys().next().map(|(at, _)| *at);
            let is_full = running.len() >= self.lookups_max;
            tokio::select! {
                () = self.names.changed.notified() => self.follow(),
                Some(done) = running.join_next() => self.take(done.ok()),
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() && !is_full => {}
            }
            if self.is_unpublished {
                tokio::time::sleep(PUBLISH_EVERY).await;
                while let Some(done) = running.try_join_next() {
                    self.take(done.ok());
                }
                self.publish();
            }
        }
    }

    /// Takes the names of the newest snapshot over.
    fn follow(&mut self) {
        let snapshot = self.snapshot.load_full();
        let wanted: HashSet<&Arc<NameQuery>> = snapshot.names().collect();
        let before = self.kept.len();
        // Those that were too many may have room now.
        let is_kept = |kept: &Kept| {
            let failure = kept.state.as_ref().and_then(|state| state.failure);
            failure != Some(LookupFailure::TooManyNames)
        };
        self.kept
            .retain(|name, kept| wanted.contains(name) && is_kept(kept));
        let kept = &self.kept;
        self.turns.retain(|_, name| kept.contains_key(name));
        self.is_unpublished |= self.kept.len() != before;
        for name in wanted {
            if !self.kept.contains_key(name) {
                self.begin(name);
            }
        }
    }

    fn begin(&mut self, name: &Arc<NameQuery>) {
        let is_one_too_many = self.kept.len() >= self.names_max;
        self.kept.insert(Arc::clone(name), Kept::default());
        match is_one_too_many {
            true => {
                tracing::warn!(%name, "not looked up: there are more names than `dns.names_max`");
                let failure = LookupFailure::TooManyNames;
                self.learn(name, Err(lookup::NotFound::now(failure)));
            }
            false => self.arrange(name, Instant::now()),
        }
    }

    fn arrange(&mut self, name: &Arc<NameQuery>, at: Instant) {
        self.given += 1;
        let turn = (at, self.given);
        if let Some(kept) = self.kept.get_mut(name) {
            kept.turn = Some(turn);
            self.turns.insert(turn, Arc::clone(name));
        }
    }

    fn start_due(&mut self, running: &mut JoinSet<Done>) {
        let now = Instant::now();
        while running.len() < self.lookups_max
            && let Some(first) = self.turns.first_entry()
            && first.key().0 <= now
        {
            let name = first.remove();
            if let Some(kept) = self.kept.get_mut(&name) {
                kept.turn = None;
            }
            let dns = Arc::clone(&self.dns);
            running.spawn(async move {
                let found = dns.resolve(&name).await;
                (name, found)
            });
        }
    }

    /// A lookup is over.
    fn take(&mut self, done: Option<Done>) {
        let Some((name, found)) = done else {
            return;
        };
        let counter = match &found {
            Ok(_) => &self.names.resolved,
            Err(_) => &self.names.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        // It may have left the configuration meanwhile, and may have come back since.
        if self.kept.get(&name).is_some_and(|kept| kept.turn.is_none()) {
            let wait = self.learn(&name, found);
            self.arrange(&name, Instant::now() + wait);
        }
    }

    /// Notes what a lookup brought; gives the time until the next one.
    fn learn(&mut self, name: &Arc<NameQuery>, found: Result<Found, lookup::NotFound>) -> Duration {
        let Some(kept) = self.kept.get_mut(name) else {
            return Duration::ZERO;
        };
        let before = kept.state.take().unwrap_or_default();
        let (state, wait) = self.schedule.learn(&before, found, wall());
        tell(name, &before, &state);
        kept.state = Some(Arc::new(state));
        self.is_unpublished = true;
        wait
    }

    fn publish(&mut self) {
        self.is_unpublished = false;
        self.number += 1;
        let known = self.kept.iter();
        let known = known.filter_map(|(name, kept)| {
            let state = kept.state.as_ref()?;
            Some((Arc::clone(name), Arc::clone(state)))
        });
        let table = AddressTable::new(self.number, known.collect());
        self.names.table.store(Arc::new(table));
        self.mailboxes.iter().for_each(Mailbox::wake);
    }
}

/// Operators read of what changes, not of each lookup.
fn tell(name: &NameQuery, before: &NameState, after: &NameState) {
    if after.failure.is_some() && after.failure != before.failure {
        let failure = after.failure;
        let is_used = after.resolution.is_some();
        tracing::warn!(%name, ?failure, last_answer_is_used = is_used, "a name was not resolved");
    }
    if let Some(resolution) = &after.resolution
        && before.resolution.as_ref() != Some(resolution)
    {
        let addresses: Vec<_> = resolution.targets().map(|target| target.address).collect();
        let transport = resolution.transport();
        tracing::info!(%name, ?addresses, ?transport, is_cut = resolution.is_cut(), "a name was resolved");
    }
}
